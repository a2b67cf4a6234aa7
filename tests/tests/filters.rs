//! AllowFilter, DenyFilter, PathAllowFilter and PathDenyFilter.

use gantry_tests::prelude::*;

fn a_deny_filter_refuses_arguments(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("DenyFilter", r"\*.*/");
    });
    let mut wire = server.connect();
    assert_eq!(wire.expect("USER a*b/c", 550).text(), "550 a*b/c: Forbidden command argument");
    wire.login(USER, PASSWORD);
    for (line, shown) in
        [("MKD a*b/c", "a*b/c"), ("CWD x*y/z", "x*y/z"), ("NOOP a*/", "a*/"), ("SITE CHMOD 644 a*/", "CHMOD 644 a*/")]
    {
        assert_eq!(wire.expect(line, 550).text(), format!("550 {shown}: Forbidden command argument"));
    }
    assert_eq!(wire.expect("CWD a*b", 550).text(), "550 a*b: No such file or directory");
    server.wait_for_log(&["'MKD a*b/c' denied by DenyFilter"]);
}

fn a_password_is_not_filtered(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("AllowFilter", "^[a-h]*$");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 550);
    let server = Server::with(layout, |config| {
        config.add("AllowFilter", "\"^[aceil ]*$\" [NC]");
    });
    let mut wire = server.connect();
    wire.login(USER, PASSWORD);
    wire.expect("TYPE I", 200);
    wire.expect("TYPE A", 200);
    wire.expect("TYPE L 8", 550);
}

fn filters_of_paths_concern_what_changes_something(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("PathDenyFilter", r#""(\\.ftpaccess|\\.htaccess)$""#);
    });
    server.put(".htaccess", "x");
    server.make_folder("folder");
    let mut wire = server.login();
    for line in [
        "MKD .ftpaccess",
        "RNFR .htaccess",
        "DELE .htaccess",
        "MFMT 20200101000000 .htaccess",
        "SITE CHMOD 600 .htaccess",
    ] {
        assert!(wire.expect(line, 550).text().ends_with(": Forbidden filename"), "{line}");
    }
    assert_eq!(wire.store("folder/.ftpaccess"), 550);
    assert_eq!(wire.fetch("RETR .htaccess"), b"x");
    wire.expect("RNFR folder", 350);
    wire.expect("RNTO .ftpaccess", 550);
    wire.expect("MKD htaccess.d", 257);
}

fn uploads_are_filtered_by_the_path_from_the_root(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("PathAllowFilter", r"^/in/.*\.jpg$").block("<Directory ~/free>\n  PathAllowFilter .\n</Directory>");
    });
    for folder in ["in", "free"] {
        server.make_folder(folder);
    }
    let mut wire = server.login();
    wire.expect("CWD in", 250);
    assert_eq!((wire.store("a.jpg"), wire.store("a.exe"), wire.store("../a.jpg")), (150, 550, 550));
    assert_eq!(wire.store("../free/a.exe"), 150);
    wire.expect("DELE a.jpg", 550);
}

fn a_filter_in_a_limit_concerns_its_commands(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("<Limit STOR>\n  AllowFilter \\.txt$\n  DenyFilter secret\n</Limit>");
    });
    let mut wire = server.login();
    assert_eq!((wire.store("a.txt"), wire.store("a.exe"), wire.store("secret.txt")), (150, 550, 550));
    wire.expect("MKD secret", 257);
}

fn ftpaccess_files_filter_too(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("AllowOverride", "on");
    });
    server.make_folder("folder");
    server.put("folder/.ftpaccess", "PathDenyFilter \\.exe$\nDenyFilter z\n");
    let mut wire = server.login();
    assert_eq!((wire.store("a.exe"), wire.store("folder/a.exe"), wire.store("folder/a.txt")), (150, 550, 150));
    wire.expect("MKD folder/z", 550);
}

fn what_is_no_pattern_is_a_fault(layout: Layout) {
    for (line, said) in [
        ("DenyFilter (a", "failed regex compilation: unclosed group"),
        ("PathAllowFilter (?=a)b", "look-around, including look-ahead and look-behind, is not supported"),
        ("AllowFilter a b", "AllowFilter: badly formatted flags parameter: 'b'"),
    ] {
        let trial = gantry_tests::server::Trial::run(&layout.gantryd(), &["-t"], |config| {
            config.block(line);
        });
        let text = trial.done.text();
        assert!(text.contains(said) && text.contains("on line"), "{text}");
    }
}

both_layouts!(
    a_deny_filter_refuses_arguments,
    a_password_is_not_filtered,
    filters_of_paths_concern_what_changes_something,
    uploads_are_filtered_by_the_path_from_the_root,
    a_filter_in_a_limit_concerns_its_commands,
    ftpaccess_files_filter_too,
    what_is_no_pattern_is_a_fault,
);
