//! mod_ratio: downloads in proportion to uploads. The words are those of Debian's ProFTPD 1.3.8.

use std::fs;
use std::path::Path;
use std::thread;

use gantry_tests::prelude::*;
use gantry_tests::server::own;
use gantry_tests::wire::read_all;

fn server(layout: Layout, lines: &[&str]) -> Server {
    let server = Server::with(layout, |config| {
        let ratios = config.path("ratios");
        let lines: Vec<String> = lines.iter().map(|line| line.replace("FILE", &ratios)).collect();
        config.add("LoadModule", "mod_ratio.c").block(format!("Ratios on\n{}", lines.join("\n")));
    });
    for name in ["d1", "d2", "d3"] {
        server.put(name, [7; 1000]);
    }
    server.put("big", [7; 100_000]);
    server
}

/// Fetches a file, and returns the last reply.
fn get(wire: &mut Wire, name: &str) -> String {
    let mut stream = wire.passive();
    let answer = wire.ask(format!("RETR {name}"));
    if answer.code != 150 {
        return answer.text();
    }
    read_all(&mut stream);
    wire.reply().text()
}

fn put(wire: &mut Wire, name: &str, bytes: usize) -> String {
    let mut stream = wire.passive();
    wire.expect(format!("STOR {name}"), 150);
    std::io::Write::write_all(&mut stream, &vec![7; bytes]).unwrap();
    drop(stream);
    wire.reply().text()
}

fn uploads_earn_files_in_proftpds_words(layout: Layout) {
    let server =
        server(layout, &["UserRatio alice 2 1 2 1500", "GroupRatio * 9 9 9 9", "CwdRatioMsg \"Please upload\""]);
    server.make_folder("sub");
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    let welcome = wire.expect(format!("PASS {PASSWORD}"), 230).text();
    assert!(
        welcome.starts_with("230-Down: 0 Files (0mb)  Up: 0 Files (0mb)   1:2F CR: 1   1:2B CR: 1\n230 "),
        "{welcome}"
    );
    wire.expect("TYPE I", 200);
    let shown = "214-Current Ratio: ( -0/0 +0/0 (2 1 2 1500) = 1/1 [LO B] )\n Files: 1:2F  Down: 0  Up: 0  CR: 1 file\n\
                 214 Bytes: 1:2B  Down: 0mb  Up: 0mb  CR: 1 Mbytes";
    assert_eq!(wire.ask("SITE RATIO").text(), shown);
    assert_eq!(wire.ask("CWD sub").text(), "250-Please upload\n250 CWD command successful");
    wire.expect("CDUP", 250);
    let after = "226-Transfer complete\n226 Down: 1 Files (0mb)  Up: 0 Files (0mb)   1:2F CR: 0   1:2B CR: 1";
    assert_eq!(get(&mut wire, "d1"), after);
    let refused = "550-Too few files uploaded to earn file -- please upload more.\n550 d2: FILE RATIO: 1:2F  Down: 1  Up: only 0!";
    assert_eq!(get(&mut wire, "d2"), refused);
    let earned = "226-Transfer complete\n226 Down: 1 Files (0mb)  Up: 1 Files (0mb)   1:2F CR: 2   1:2B CR: 1";
    assert_eq!(put(&mut wire, "up", 1500), earned);
    assert!(get(&mut wire, "d2").starts_with("226-"));
    wire.expect("RETR nothing", 550);
}

fn uploads_earn_bytes(layout: Layout) {
    let server = server(layout, &["UserRatio * 0 0 2 5", "FileRatioErrMsg \"no\"", "ByteRatioErrMsg \"upload first\""]);
    let mut wire = server.login();
    assert!(get(&mut wire, "d1").starts_with("226-"));
    assert_eq!(get(&mut wire, "big"), "550-upload first\n550 big: BYTE RATIO: 1:2B  Down: 0mb  Up: only 0mb!");
    put(&mut wire, "up", 60_000);
    assert!(get(&mut wire, "big").starts_with("226-"));
    // An aborted download has moved bytes.
    assert!(get(&mut wire, "big").starts_with("550-upload first"));
}

fn the_most_special_ratio_counts_where_the_file_is(layout: Layout) {
    let lines = ["HostRatio 127.0.0.* 1 7 0 0", "UserRatio alice 1 8 0 0", "LeechRatioMsg \"leech\""];
    let of_host = server(layout, &lines);
    assert!(of_host.login().ask("SITE RATIO").text().contains("(1 7 0 0) = 7/0"));
    let of_nobody = server(layout, &["HostRatio 10.* 1 7 0 0", "UserRatio bob 1 8 0 0", "LeechRatioMsg \"leech\""]);
    let mut wire = of_nobody.login();
    assert_eq!(wire.ask("SITE RATIO").text(), "214 Current Ratio: ( -0/0 +0/0 (0 0 0 0) = 0/0 )");
    assert!(get(&mut wire, "big").ends_with("226 Down: 1 Files (0mb)  Up: 0 Files (0mb)  leech"));
    let inner = Server::with(layout, |config| {
        let home = config.home();
        config.add("LoadModule", "mod_ratio.c");
        config.block(format!(
            "Ratios on\n<Directory {}/free>\nRatios off\n</Directory>\nUserRatio * 1 0 0 0",
            home.display()
        ));
    });
    inner.make_folder("free");
    inner.put("free/a", "x");
    inner.put("b", "x");
    let mut wire = inner.login();
    assert!(get(&mut wire, "b").starts_with("550-Too few files"));
    assert_eq!(get(&mut wire, "free/a"), "226 Transfer complete");
}

fn counts_outlive_sessions_and_are_exact(layout: Layout) {
    let server = server(layout, &["UserRatio * 1 10 0 0", "SaveRatios on", "RatioFile FILE"]);
    let path = server.var("ratios");
    fs::write(&path, "bob|1|2|3|4\n").unwrap();
    own(Path::new(&path));
    let done: usize = thread::scope(|scope| {
        let sessions: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    let mut wire = server.login();
                    (0..3).filter(|_| get(&mut wire, "d1").starts_with("226")).count()
                })
            })
            .collect();
        sessions.into_iter().map(|session| session.join().unwrap()).sum()
    });
    assert_eq!(done, 10, "the credit of all sessions together");
    let mut wire = server.login();
    assert!(wire.ask("SITE RATIO").text().contains("-10/0 +0/0 (1 10 0 0) = 0/0 [NO F]"));
    put(&mut wire, "up", 5000);
    assert!(get(&mut wire, "d2").starts_with("226"));
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0] == "bob|1|2|3|4" && lines[1].starts_with("alice|1|4|11|") && lines.len() == 2, "{text}");
    fs::write(&path, "alice|much\n").unwrap();
    assert_eq!(get(&mut wire, "d1"), "451 RETR denied: the ratio cannot be checked at the moment");
    server.wait_for_log(&["RatioFile", "four numbers"]);
}

both_layouts!(
    counts_outlive_sessions_and_are_exact,
    the_most_special_ratio_counts_where_the_file_is,
    uploads_earn_bytes,
    uploads_earn_files_in_proftpds_words,
);
