//! HiddenStores: uploads have another name until they are complete.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::Command;

use gantry_tests::host::may_make_users;
use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::server::own;
use gantry_tests::wait;
use rustix::net::sockopt::set_socket_linger;

/// A server with HiddenStores and a file that has content.
fn server(layout: Layout, lines: &str) -> Server {
    let server = Server::with(layout, |config| {
        config.block(format!("HiddenStores on\n{lines}"));
    });
    server.put("file", "old");
    server
}

/// An upload that has sent something, which the server has written by another name.
fn begun(server: &Server, wire: &mut Wire, name: &str, hidden: &str) -> TcpStream {
    let mut data = wire.passive();
    wire.expect(format!("STOR {name}"), 150);
    data.write_all(b"new content").unwrap();
    wait::for_condition("the upload is written", || {
        fs::read(server.home().join(hidden)).is_ok_and(|bytes| bytes == b"new content")
    });
    data
}

fn names(server: &Server) -> Vec<String> {
    let names = fs::read_dir(server.home()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn an_upload_appears_when_it_is_complete(layout: Layout) {
    let server = server(layout, "<Limit RNFR RNTO DELE>\n  DenyAll\n</Limit>");
    let mut wire = server.login();
    for name in ["file", "other"] {
        let data = begun(&server, &mut wire, name, &format!(".in.{name}."));
        assert_eq!(server.read("file"), b"old", "{name}");
        assert!(!server.home().join("other").exists());
        drop(data);
        assert_eq!(wire.reply().code, 226);
        assert_eq!(server.read(name), b"new content");
        server.put("file", "old");
    }
    assert_eq!(names(&server), ["file", "other"]);
    // As in ProFTPD, for STOR alone.
    wire.give("APPE file", b" and more");
    assert_eq!(server.read("file"), b"old and more");
    wire.expect("REST 1", 350);
    let _data = wire.passive();
    assert_eq!(wire.expect("STOR file", 501).text(), "501 REST not compatible with server configuration");
    let log = fs::read_to_string(server.var("transfer.log")).unwrap();
    assert!(log.contains("/file b") && !log.contains(".in."), "{log}");
}

fn what_is_not_complete_never_appears(layout: Layout) {
    let server = server(layout, "");
    let mut wire = server.login();
    let data = begun(&server, &mut wire, "file", ".in.file.");
    wire.send("ABOR");
    assert_eq!([wire.reply().code, wire.reply().code], [426, 226]);
    drop(data);
    assert_eq!((names(&server), server.read("file")), (vec!["file".to_owned()], b"old".to_vec()));
    // A data connection that is cut.
    let data = begun(&server, &mut wire, "file", ".in.file.");
    set_socket_linger(&data, Some(std::time::Duration::ZERO)).unwrap();
    drop(data);
    assert_eq!(wire.reply().code, 426);
    assert_eq!((names(&server), server.read("file")), (vec!["file".to_owned()], b"old".to_vec()));
    // A data connection that never comes.
    wire.expect("STOR file", 425);
    assert_eq!(names(&server), ["file"]);
}

fn delete_aborted_stores_may_keep_the_part(layout: Layout) {
    let server = server(layout, "DeleteAbortedStores off");
    let mut wire = server.login();
    let data = begun(&server, &mut wire, "file", ".in.file.");
    wire.send("ABOR");
    assert_eq!([wire.reply().code, wire.reply().code], [426, 226]);
    drop(data);
    assert_eq!((names(&server), server.read("file")), (vec![".in.file.".into(), "file".to_owned()], b"old".to_vec()));
    // Which keeps others from uploading, until somebody removes it.
    let _data = wire.passive();
    let refused = wire.expect("STOR file", 550).text();
    assert_eq!(refused, "550 file: Temporary hidden file .in.file. already exists");
    wire.expect("DELE .in.file.", 250);
    wire.give("STOR file", b"whole");
    assert_eq!(server.read("file"), b"whole");
}

fn names_and_places_are_as_the_configuration_says(layout: Layout) {
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block("HiddenStores in- .part");
        config.block(format!("<Directory {home}/open>\n  HiddenStores off\n</Directory>"));
        config.block(format!("<Directory {home}/kept>\n  HiddenStores \"\" .lock\n  AllowOverwrite off\n</Directory>"));
    });
    for folder in ["open", "kept"] {
        server.make_folder(folder);
    }
    let mut wire = server.login();
    for (name, hidden) in [("file", "in-file.part"), ("open/file", "open/file"), ("kept/file", "kept/file.lock")] {
        drop(begun(&server, &mut wire, name, hidden));
        assert_eq!(wire.reply().code, 226);
        assert_eq!(server.read(name), b"new content");
    }
    let _data = wire.passive();
    wire.expect("STOR kept/file", 550);
    // Somebody else was quicker.
    let data = begun(&server, &mut wire, "kept/new", "kept/new.lock");
    server.put("kept/new", "another's");
    drop(data);
    assert_eq!(wire.reply().code, 550);
    assert_eq!(server.read("kept/new"), b"another's");
    assert!(!server.home().join("kept/new.lock").exists());
}

fn an_upload_through_a_link_replaces_the_file(layout: Layout) {
    let server = server(layout, "");
    server.make_folder("folder");
    server.put("folder/real", "old");
    symlink("folder/real", server.home().join("link")).unwrap();
    let mut wire = server.login();
    drop(begun(&server, &mut wire, "link", "folder/.in.real."));
    assert_eq!(wire.reply().code, 226);
    assert_eq!(server.read("folder/real"), b"new content");
    assert!(fs::symlink_metadata(server.home().join("link")).unwrap().is_symlink());
}

fn the_old_file_outlives_a_server_that_is_killed(layout: Layout) {
    let mut server = server(layout, "");
    let before = fs::metadata(server.home().join("file")).unwrap();
    let mut wire = server.login();
    let data = begun(&server, &mut wire, "file", ".in.file.");
    server.kill();
    drop(data);
    assert_eq!(server.read("file"), b"old");
    assert_eq!(fs::metadata(server.home().join("file")).unwrap().modified().unwrap(), before.modified().unwrap());
    assert_eq!(names(&server), [".in.file.", "file"]);
}

fn the_old_file_outlives_a_full_disk(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let server = server(layout, "");
    let small = server.home().join("small");
    fs::create_dir(&small).unwrap();
    let mounted = run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&small), "");
    if !mounted.status.success() {
        return eprintln!("left out: no file system can be mounted here");
    }
    own(&small);
    let mut wire = server.login();
    wire.give("STOR small/file", b"old");
    let mut data = wire.passive();
    wire.expect("STOR small/file", 150);
    // The server may close it before all is sent.
    let _ = data.write_all(&vec![7; 1 << 20]);
    drop(data);
    let reply = wire.reply();
    assert!(reply.code >= 400, "{}", reply.text());
    let left = fs::read_dir(&small).unwrap().count();
    let old = fs::read(small.join("file")).unwrap();
    wire.give("STOR small/file", b"whole");
    wire.expect("QUIT", 221);
    drop(server);
    run(Command::new("umount").arg(&small), "");
    assert_eq!((old.as_slice(), left), (&b"old"[..], 1));
}

both_layouts!(
    an_upload_appears_when_it_is_complete,
    what_is_not_complete_never_appears,
    delete_aborted_stores_may_keep_the_part,
    names_and_places_are_as_the_configuration_says,
    an_upload_through_a_link_replaces_the_file,
    the_old_file_outlives_a_server_that_is_killed,
    the_old_file_outlives_a_full_disk,
);
