//! What clients read: the greeting and ProFTPD's Display files with their variables.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;

use gantry_tests::prelude::*;

fn files_are_shown_with_their_variables(layout: Layout) {
    let server = Server::with(layout, |config| {
        let text = |name: &str, text: &str| {
            let path = config.folder().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let connect = text("connect.msg", "Hello %R at %V: %C %U %u %x %q %{nothing} %{time:%Y} 100%\r\n\nsecond\n");
        let login = text("login.msg", "%U in %C, %N of %M, %i %o %t %K %k %{total_files_xfer}");
        let quit =
            text("quit.msg", "Bye %U\n%i in, %o out, %{total_bytes_in} %{total_bytes_out} %{total_bytes_xfer}\n");
        config.set("ServerIdent", "on \"%v on %L, %% %x\"").add("MaxClients", "7").add("ServerAdmin", "a@example.org");
        config.add("DisplayConnect", connect).add("DisplayLogin", login).add("DisplayQuit", quit);
        config.add("DisplayFileTransfer", "/xfer.msg").add("DisplayChdir", ".message");
    });
    server.put("xfer.msg", "%E: %i up %o down");
    server.make_folder("folder");
    server.put("folder/.message", "in %C\nand %F %f\n");
    let mut wire = server.connect();
    let greeting = wire.greeting().lines.clone();
    assert!(
        greeting[0].starts_with("220-Hello 127.0.0.1 at Gantry under test: (none)  UNKNOWN (unknown) %q (none) 20"),
        "{greeting:?}"
    );
    assert!(greeting[0].ends_with(" 100%"), "{greeting:?}");
    assert_eq!(greeting[1..], [" ", " second", "220 Gantry under test on 127.0.0.1, %% %x"]);
    wire.expect(format!("USER {USER}"), 331);
    let login = wire.expect(format!("PASS {PASSWORD}"), 230).lines;
    assert_eq!(login, ["230-alice in /, 1 of 7, 0 0 0 0 0B 0", "230 User alice logged in"]);
    wire.expect("TYPE I", 200);
    let entered = wire.expect("CWD folder", 250).lines;
    assert_eq!((entered[0].as_str(), entered[2].as_str()), ("250-in /folder", "250 CWD command successful"));
    let room: Vec<&str> = entered[1].trim_start_matches(" and ").split(' ').collect();
    assert!(room[0].parse::<u64>().unwrap() > 0 && room[1].ends_with('B'), "{entered:?}");
    let mut stream = wire.passive();
    wire.expect("STOR new", 150);
    std::io::Write::write_all(&mut stream, b"12345").unwrap();
    drop(stream);
    assert_eq!(wire.reply().lines, ["226-a@example.org: 1 up 0 down", "226 Transfer complete"]);
    assert_eq!(wire.expect("CDUP", 250).lines.len(), 1, "no file there");
    assert_eq!(wire.expect("QUIT", 221).lines, ["221-Bye alice", "221 1 in, 0 out, 5 0 5"]);
}

fn a_folders_file_is_shown_once_and_when_it_has_changed(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("DisplayChdir", ".message on");
    });
    server.make_folder("folder");
    server.put("folder/.message", "first");
    let mut wire = server.login();
    for shown in [true, false, false] {
        assert_eq!(wire.expect("CWD folder", 250).lines.len() > 1, shown);
        wire.expect("CWD /", 250);
    }
    let path = server.home().join("folder/.message");
    let later = fs::metadata(&path).unwrap().modified().unwrap() + std::time::Duration::from_secs(10);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    assert_eq!(wire.expect("CWD folder", 250).lines[0], "250-first");
}

fn a_sections_file_is_shown_by_every_way_into_its_folder(layout: Layout) {
    let server = Server::with(layout, |config| {
        let folder = config.home().join("folder").display().to_string();
        config.block(format!("<Directory {folder}>\n  DisplayChdir .message\n</Directory>"));
    });
    for folder in ["folder", "folder/deep"] {
        server.make_folder(folder);
    }
    server.put("folder/.message", "welcome");
    let mut wire = server.login();
    for (line, shown) in [
        ("CWD folder", true),
        ("CWD deep", false),
        ("CDUP", true),
        ("CWD deep", false),
        ("XCUP", true),
        ("CDUP", false),
    ] {
        assert_eq!(wire.expect(line, 250).lines[0] == "250-welcome", shown, "{line}");
    }
}

fn no_file_is_no_error_and_nothing_outside_the_root_is_shown(layout: Layout) {
    let server = Server::with(layout, |config| {
        let secret = config.folder().join("secret");
        fs::write(&secret, "secret\n").unwrap();
        config.add("DisplayConnect", "/no/such/file").add("DisplayLogin", "none.msg");
        config.add("DisplayChdir", secret.display().to_string()).add("DisplayQuit", "link.msg");
    });
    symlink(server.folder().join("secret"), server.home().join("link.msg")).unwrap();
    server.make_folder("folder");
    let mut wire = server.connect();
    assert_eq!(wire.greeting().lines.len(), 1);
    wire.expect(format!("USER {USER}"), 331);
    assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 230).lines.len(), 1);
    assert_eq!(wire.expect("CWD folder", 250).lines.len(), 1);
    wire.expect("CWD /", 250);
    assert_eq!(wire.expect("QUIT", 221).lines, ["221 Goodbye."]);
}

fn files_are_shown_where_nothing_may_be_read(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("DisplayLogin", "welcome.msg").block("<Limit READ>\n  DenyAll\n</Limit>");
    });
    server.put("welcome.msg", "upload here");
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 230).lines[0], "230-upload here");
    let _stream = wire.passive();
    wire.expect("RETR welcome.msg", 550);
}

fn variables_of_the_environment_may_be_set(layout: Layout) {
    let server = Server::with(layout, |config| {
        let path = config.folder().join("connect.msg");
        fs::write(&path, "%{env:SITE} %{env:HOME} %{env:NOTHING}\n").unwrap();
        config.remove("ServerIdent").block(format!(
            "SetEnv SITE example\nUnsetEnv HOME\nServerIdent on \"at %{{env:SITE}}%{{env:HOME}}\"\nDisplayConnect {}",
            path.display()
        ));
    });
    assert_eq!(server.connect().greeting().lines, ["220-example (none) (none)", "220 at example"]);
}

fn a_greeting_may_say_little(layout: Layout) {
    let deferred = Server::with(layout, |config| {
        config.remove("ServerIdent").add("DeferWelcome", "on");
    });
    assert_eq!(deferred.connect().greeting().text(), "220 Gantry Server ready.");
    let off = Server::with(layout, |config| {
        config.set("ServerIdent", "off");
    });
    assert_eq!(off.connect().greeting().text(), "220 127.0.0.1 FTP server ready");
}

fn the_clients_host_is_asked_for_its_user(layout: Layout) {
    // The service's port is fixed, so each layout has an address of its own.
    let local = if layout == Layout::Static { [127, 0, 113, 1] } else { [127, 0, 113, 2] };
    let service = match TcpListener::bind((std::net::Ipv4Addr::from(local), 113)) {
        // Only root may have it.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return,
        service => service.unwrap(),
    };
    let server = Server::with(layout, |config| {
        let path = config.folder().join("connect.msg");
        fs::write(&path, "you are %u\n").unwrap();
        config.add("IdentLookups", "on").add("DisplayConnect", path.display().to_string());
    });
    let address = server.address();
    let client = std::thread::spawn(move || Wire::open_from(local.into(), address).unwrap());
    let (stream, _) = service.accept().unwrap();
    answer(stream, address);
    assert_eq!(client.join().unwrap().greeting().lines[0], "220-you are ann b");
}

/// Answers one question of RFC 1413.
fn answer(mut stream: TcpStream, server: SocketAddr) {
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(&stream), &mut line).unwrap();
    let (client, asked) = line.trim().split_once(", ").unwrap();
    assert_eq!(asked, server.port().to_string());
    std::io::Write::write_all(&mut stream, format!("{client} , {asked} : USERID : UNIX : ann\x07 b\r\n").as_bytes())
        .unwrap();
}

both_layouts!(
    files_are_shown_with_their_variables,
    a_folders_file_is_shown_once_and_when_it_has_changed,
    a_sections_file_is_shown_by_every_way_into_its_folder,
    no_file_is_no_error_and_nothing_outside_the_root_is_shown,
    files_are_shown_where_nothing_may_be_read,
    variables_of_the_environment_may_be_set,
    a_greeting_may_say_little,
    the_clients_host_is_asked_for_its_user,
);
