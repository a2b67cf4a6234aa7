//! gantry, the operator's tool: passwords that gantryd takes, and what it says of
//! modules' files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use gantry_tests::fixture::{Build, build};
use gantry_tests::layout::shared_objects;
use gantry_tests::prelude::*;
use gantry_tests::process::{Done, run};

fn gantry(layout: Layout, arguments: &[&str], input: &str) -> Done {
    run(Command::new(layout.prefix().join("bin/gantry")).args(arguments), input)
}

fn passwd(layout: Layout, file: &Path, arguments: &[&str], password: &str) -> Done {
    let first = ["passwd", "--file", file.to_str().unwrap()];
    gantry(layout, &[&first, arguments].concat(), &format!("{password}\n"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn a_password_that_it_sets_logs_in(layout: Layout) {
    let server = Server::start(layout);
    let (file, home) = (server.scratch().join("users"), server.home());
    let owner = fs::metadata(&home).unwrap();
    let (uid, gid) = (owner.uid().to_string(), owner.gid().to_string());
    let new = ["--stdin", "dora", "--uid", &uid, "--gid", &gid, "--home", home.to_str().unwrap()];
    passwd(layout, &file, &new, "first").ok();
    let other = Server::with(layout, |config| {
        config.set("AuthUserFile", file.display().to_string());
        config.set("AuthOrder", "mod_auth_file.c").set("RequireValidShell", "off");
    });
    let login = |password: &str, code: u16| {
        let mut wire = other.connect();
        wire.expect("USER dora", 331);
        wire.expect(format!("PASS {password}"), code);
    };
    login("first", 230);
    passwd(layout, &file, &["--stdin", "dora"], "second").ok();
    login("first", 530);
    login("second", 230);
    passwd(layout, &file, &["--delete", "dora"], "").ok();
    login("second", 530);
}

fn a_file_of_users_is_nobody_elses(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    passwd(layout, &file, &["--stdin", "eve", "--uid", "7", "--home", "/eve"], "x").ok();
    assert_eq!(mode(&file), 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("eve:$y$") && text.ends_with(":7:7::/eve:/bin/false\n"), "{text}");
    fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
    passwd(layout, &file, &["--stdin", "eve", "--shell", "/bin/sh"], "y").ok();
    assert_eq!(mode(&file), 0o640);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.ends_with(":7:7::/eve:/bin/sh\n"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

fn what_would_spoil_the_file_is_refused(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    for (arguments, password, code) in [
        (&["--stdin", "a:b", "--uid", "1", "--home", "/"][..], "x", 1),
        (&["--stdin", "a\nb", "--uid", "1", "--home", "/"], "x", 1),
        (&["--stdin", "ann", "--uid", "1", "--home", "/a:b"], "x", 1),
        (&["--stdin", "ann", "--uid", "1", "--home", "relative"], "x", 1),
        (&["--stdin", "ann", "--uid", "1", "--home", "/"], "", 1),
        (&["--stdin", "ann"], "x", 1),
        (&["--delete", "ann"], "", 1),
        (&["--stdin", "ann", "--uid", "4294967295", "--home", "/"], "x", 2),
    ] {
        let done = passwd(layout, &file, arguments, password);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {}", done.text());
        assert!(!file.exists(), "{arguments:?}");
    }
}

fn it_tells_which_modules_fit(layout: Layout) {
    let check = |path: &Path| gantry(layout, &["module", "check", path.to_str().unwrap()], "");
    let fits = check(&shared_objects().join("mod_sql.so")).ok().out;
    assert!(fits.contains("mod_sql 0.1.0") && fits.contains("SQLConnectInfo") && fits.contains("  matches "), "{fits}");
    let refused = check(&build("mod_mark", Build::OtherCfg));
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.out.contains("refused: flags differs: the file has '--cfg=other'"), "{}", refused.out);
    let junk = check(Path::new("/etc/passwd"));
    assert_eq!(junk.status.code(), Some(1));
    assert!(junk.out.contains("ELF"), "{}", junk.out);
}

both_layouts!(
    a_password_that_it_sets_logs_in,
    a_file_of_users_is_nobody_elses,
    what_would_spoil_the_file_is_refused,
    it_tells_which_modules_fit,
);
