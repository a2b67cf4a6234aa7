//! Folders and names: CWD, CDUP, PWD, MKD, RMD, DELE, RNFR and RNTO (RFC 959
//! section 4.1).

use gantry_tests::prelude::*;

fn folders_are_made_entered_and_removed(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    assert!(wire.expect("PWD", 257).text().starts_with("257 \"/\""));
    assert!(wire.expect("MKD a b", 257).text().contains("\"/a b\""));
    wire.expect("CWD a b", 250);
    wire.expect("MKD c", 257);
    wire.expect("CWD c", 250);
    assert!(wire.expect("PWD", 257).text().starts_with("257 \"/a b/c\""));
    wire.expect("CDUP", 250);
    assert!(wire.expect("PWD", 257).text().starts_with("257 \"/a b\""));
    wire.expect("RMD c", 250);
    wire.expect("CWD /", 250);
    wire.expect("RMD a b", 250);
    assert!(!server.home().join("a b").exists());
}

fn a_quotation_mark_in_a_path_is_doubled(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    let made = wire.expect("MKD say \"hello\"", 257).text();
    assert!(made.contains("\"/say \"\"hello\"\"\""), "{made}");
    wire.expect("CWD say \"hello\"", 250);
    let here = wire.expect("PWD", 257).text();
    assert!(here.starts_with("257 \"/say \"\"hello\"\"\""), "{here}");
    assert!(server.home().join("say \"hello\"").is_dir());
}

fn what_cannot_be_entered_made_or_removed_is_refused(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "x");
    server.make_folder("full");
    server.put("full/inner", "x");
    let mut wire = server.login();
    for line in [
        "CWD missing",
        "CWD file",
        "MKD full",
        "MKD missing/inner",
        "RMD full",
        "RMD missing",
        "RMD file",
        "DELE missing",
        "DELE full",
    ] {
        wire.expect(line, 550);
    }
    assert!(server.home().join("full/inner").exists());
}

fn a_name_with_spaces_at_its_ends_stays_itself(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    wire.give("STOR  two before and one behind ", b"x");
    assert_eq!(server.read(" two before and one behind "), b"x");
    assert_eq!(wire.fetch("RETR  two before and one behind "), b"x");
}

fn bytes_that_are_not_utf8_stay_what_they_are(layout: Layout) {
    use std::os::unix::ffi::OsStrExt;
    let server = Server::start(layout);
    server.login().give(b"STOR caf\xe9", b"x");
    assert!(server.home().join(std::ffi::OsStr::from_bytes(b"caf\xe9")).is_file());
}

fn files_are_renamed_and_deleted(layout: Layout) {
    let server = Server::start(layout);
    server.put("old name", "x");
    server.make_folder("sub");
    let mut wire = server.login();
    wire.expect("RNFR old name", 350);
    wire.expect("RNTO sub/日本語", 250);
    assert_eq!(server.read("sub/日本語"), b"x");
    assert!(!server.home().join("old name").exists());
    wire.expect("DELE sub/日本語", 250);
    assert!(!server.home().join("sub/日本語").exists());
}

fn a_folder_is_renamed_with_what_it_holds(layout: Layout) {
    let server = Server::start(layout);
    server.make_folder("before");
    server.put("before/inner", "x");
    let mut wire = server.login();
    wire.expect("RNFR before", 350);
    wire.expect("RNTO after", 250);
    assert_eq!(server.read("after/inner"), b"x");
}

fn rnto_follows_rnfr_alone(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "x");
    let mut wire = server.login();
    wire.expect("RNTO other", 503);
    wire.expect("RNFR missing", 550);
    wire.expect("RNTO other", 503);
    wire.expect("RNFR file", 350);
    wire.expect("RNTO other", 250);
    wire.expect("RNTO third", 503);
    assert_eq!(server.read("other"), b"x");
}

both_layouts!(
    folders_are_made_entered_and_removed,
    a_quotation_mark_in_a_path_is_doubled,
    what_cannot_be_entered_made_or_removed_is_refused,
    a_name_with_spaces_at_its_ends_stays_itself,
    bytes_that_are_not_utf8_stay_what_they_are,
    files_are_renamed_and_deleted,
    a_folder_is_renamed_with_what_it_holds,
    rnto_follows_rnfr_alone,
);
