//! Quotas: mod_quotatab with its tables in ProFTPD's files and in SQLite. Replies and tallies are ProFTPD's.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

use gantry_tests::database::{Database, Kind, name_of};
use gantry_tests::layout::{feature_set, workspace};
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::server::own;
use gantry_tests::wait;

/// A limit: per session, hard, bytes and files, each in, out and both.
#[derive(Clone, Copy)]
struct Limit {
    kind: i32,
    name: &'static str,
    per_session: bool,
    hard: bool,
    bytes: [f64; 3],
    files: [u32; 3],
}

const USERS: i32 = 20;
const GROUPS: i32 = 30;
const CLASSES: i32 = 40;
const ALL: i32 = 10;

const ALICE: Limit = Limit { kind: USERS, name: USER, per_session: false, hard: true, bytes: [0.0; 3], files: [0; 3] };

fn uploads(bytes: u32) -> Limit {
    Limit { bytes: [bytes.into(), 0.0, 0.0], ..ALICE }
}

/// The bytes of a limit's record.
fn record(limit: &Limit) -> Vec<u8> {
    let mut out = limit.name.as_bytes().to_vec();
    out.resize(81, 0);
    out.extend(limit.kind.to_ne_bytes());
    out.push(limit.per_session.into());
    out.extend((if limit.hard { 1_i32 } else { 2 }).to_ne_bytes());
    limit.bytes.iter().for_each(|number| out.extend(number.to_ne_bytes()));
    limit.files.iter().for_each(|number| out.extend(number.to_ne_bytes()));
    out
}

fn limits(records: &[Limit]) -> Vec<u8> {
    [0x7626_u32.to_ne_bytes().to_vec(), records.iter().flat_map(record).collect()].concat()
}

/// What a tally of uploads is: bytes and files, each in, out and both.
type Tally = ([f64; 3], [u32; 3]);

/// The tallies of a file, with their types and names.
fn tallies(path: &Path) -> Vec<(i32, String, Tally)> {
    let file = fs::read(path).unwrap();
    assert_eq!(file[..4], 0x7644_u32.to_ne_bytes());
    let records = file[4..].chunks(121).map(|record| {
        let name = String::from_utf8(record[..81].split(|byte| *byte == 0).next().unwrap().to_vec()).unwrap();
        let bytes = [0, 1, 2].map(|at| f64::from_ne_bytes(record[85 + at * 8..][..8].try_into().unwrap()));
        let files = [0, 1, 2].map(|at| u32::from_ne_bytes(record[109 + at * 4..][..4].try_into().unwrap()));
        (i32::from_ne_bytes(record[81..85].try_into().unwrap()), name, (bytes, files))
    });
    records.collect()
}

/// Loads the modules, in any layout.
fn load(config: &mut Config) {
    for module in ["mod_quotatab", "mod_quotatab_file", "mod_quotatab_sql"] {
        config.add("LoadModule", format!("{module}.c"));
    }
    config.add("QuotaEngine", "on").set("ServerAdmin", "ann@x");
    let log = config.path("quota.log");
    config.add("QuotaLog", log);
}

/// Two files with these limits and no tally.
fn with_files(config: &mut Config, records: &[Limit]) {
    load(config);
    for (directive, name, bytes) in [
        ("QuotaLimitTable", "limit.tab", limits(records)),
        ("QuotaTallyTable", "tally.tab", 0x7644_u32.to_ne_bytes().to_vec()),
    ] {
        let path = config.path(name);
        fs::write(&path, bytes).unwrap();
        own(Path::new(&path));
        config.add(directive, format!("file:{path}"));
    }
}

fn server(layout: Layout, records: &[Limit], lines: &[(&str, &str)]) -> Server {
    Server::with(layout, |config| {
        with_files(config, records);
        for (directive, value) in lines {
            config.add(directive, *value);
        }
    })
}

/// The only tally.
fn tally(server: &Server) -> Tally {
    let all = tallies(&server.var("tally.tab"));
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].2
}

/// The tally of uploads.
fn uploaded(server: &Server) -> (f64, u32) {
    let (bytes, files) = tally(server);
    (bytes[0], files[0])
}

/// The bytes and number of the user's files.
fn on_disk(server: &Server) -> (f64, u32) {
    let sizes: Vec<u64> =
        fs::read_dir(server.home()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).collect();
    (sizes.iter().sum::<u64>() as f64, u32::try_from(sizes.len()).unwrap())
}

/// Sends bytes, as far as the server takes them, and returns the last reply.
fn send(wire: &mut Wire, command: &str, bytes: &[u8]) -> String {
    let mut stream = wire.passive();
    let answer = wire.ask(command);
    if answer.code != 150 {
        return answer.text();
    }
    // What a limit cuts, the server does not read.
    let _ = stream.write_all(bytes);
    drop(stream);
    wire.reply().text()
}

fn proftpds_files_are_read_and_written_byte_for_byte(layout: Layout) {
    let fixture = |name: &str| fs::read(workspace().join("tests/data/quota").join(name)).unwrap();
    let server = Server::with(layout, |config| {
        load(config);
        for (directive, name) in [("QuotaLimitTable", "limit.tab"), ("QuotaTallyTable", "tally.tab")] {
            let path = config.path(name);
            fs::write(&path, fixture(name)).unwrap();
            own(Path::new(&path));
            config.add(directive, format!("file:{path}"));
        }
    });
    let mut wire = server.login();
    let lines = [
        "200-The current quota for this session are [current/limit]:",
        " Name: alice",
        " Quota Type: User",
        " Per Session: False",
        " Limit Type: Hard",
        "   Uploaded bytes:\t300.00/100000.00",
        "   Downloaded bytes:\tunlimited",
        "   Transferred bytes:\tunlimited",
        "   Uploaded files:\t2/5",
        "   Downloaded files:\t1/3",
        "   Transferred files:\tunlimited",
        "200 Please contact ann@x if these entries are inaccurate",
    ];
    assert_eq!(wire.expect("SITE QUOTA", 200).text(), lines.join("\n"));
    wire.give("STOR a", &[7; 1000]);
    assert_eq!(wire.fetch("RETR a").len(), 1000);
    let mut wanted = fixture("tally.tab");
    // The second record's numbers.
    let at = 4 + 121 + 85;
    wanted[at..at + 8].copy_from_slice(&1300_f64.to_ne_bytes());
    wanted[at + 24..at + 32].copy_from_slice(&[3_u32.to_ne_bytes(), 2_u32.to_ne_bytes()].concat());
    assert_eq!(fs::read(server.var("tally.tab")).unwrap(), wanted);
    assert_eq!(fs::read(server.var("limit.tab")).unwrap(), fixture("limit.tab"));
}

fn a_hard_limit_cuts_an_upload_at_the_byte(layout: Layout) {
    let server = server(layout, &[uploads(200_000)], &[]);
    let (mut wire, large) = (server.login(), vec![7; 1_000_000]);
    wire.give("STOR keep", &[1; 10_000]);
    let cut = |name: &str| {
        format!(
            "552-Transfer aborted. Disk quota exceeded\n STOR: notice: quota reached: used 200000.00 of 200000.00 upload bytes\n\
             552 STOR: notice: quota reached: '{name}' removed"
        )
    };
    assert_eq!(send(&mut wire, "STOR large", &large), cut("large"));
    assert_eq!((on_disk(&server), uploaded(&server)), ((10_000.0, 1), (10_000.0, 0)));
    // What was there before an append or a resumed upload stays.
    let appended = "552-Transfer aborted. Disk quota exceeded\n552 APPE: notice: quota reached: used 200000.00 of 200000.00 upload bytes";
    assert_eq!(send(&mut wire, "APPE keep", &large), appended);
    assert_eq!(server.read("keep"), [1; 10_000]);
    wire.expect("REST 10000", 350);
    assert!(send(&mut wire, "STOR keep", &large).starts_with("552-Transfer aborted. Disk quota exceeded\n"));
    assert_eq!(server.read("keep"), [1; 10_000]);
    assert_eq!(uploaded(&server).0, 10_000.0);
    // A file that is overwritten is gone.
    assert_eq!(send(&mut wire, "STOR keep", &large), cut("keep"));
    assert_eq!((on_disk(&server), uploaded(&server).0), ((0.0, 0), 0.0));
    // What just fits is no byte too much.
    assert_eq!(send(&mut wire, "STOR all", &[7; 200_000]), reached("STOR", "used 200000.00 of 200000.00 upload bytes"));
    assert_eq!(uploaded(&server).0, 200_000.0);
    let denied = "552 STOR denied: quota exceeded: used 200000.00 of 200000.00 upload bytes";
    assert_eq!(send(&mut wire, "STOR more", b"x"), denied);
    wire.expect("DELE all", 250);
    assert_eq!(uploaded(&server).0, 0.0);
    server.wait_for_line(&server.var("quota.log"), &["STOR: quota reached: 'large' removed"]);
}

fn reached(verb: &str, words: &str) -> String {
    format!("226-Transfer complete\n226 {verb}: notice: quota reached: {words}")
}

fn a_soft_limit_and_downloads_are_exceeded_by_one_file(layout: Layout) {
    let soft = Limit { hard: false, bytes: [1000.0, 1000.0, 0.0], ..ALICE };
    let server = server(layout, &[soft], &[("QuotaDisplayUnits", "Kb")]);
    let mut wire = server.login();
    wire.give("STOR a", &[7; 900]);
    assert_eq!(send(&mut wire, "STOR b", &[7; 900]), reached("STOR", "used 1.76 of 0.98 upload Kb"));
    assert_eq!(send(&mut wire, "APPE a", b"x"), "552 APPE denied: quota exceeded: used 1.76 of 0.98 upload Kb");
    assert_eq!(wire.fetch("RETR a").len(), 900);
    let mut stream = wire.passive();
    wire.expect("RETR b", 150);
    assert_eq!(gantry_tests::wire::read_all(&mut stream).len(), 900);
    assert_eq!(wire.reply().text(), reached("RETR", "used 1.76 of 0.98 download Kb"));
    drop(wire.passive());
    assert_eq!(wire.ask("RETR a").text(), "451 RETR denied: quota exceeded: used 1.76 of 0.98 download Kb");
    wire.expect("DELE b", 250);
    wire.give("APPE a", b"x");
    assert_eq!(tally(&server), ([901.0, 1800.0, 0.0], [0; 3]));
}

fn files_and_transfers_are_limited(layout: Layout) {
    let limit = Limit { bytes: [0.0, 0.0, 5000.0], files: [2, 0, 5], ..ALICE };
    let server = server(layout, &[limit], &[]);
    let mut wire = server.login();
    wire.give("STOR a", &[7; 1000]);
    assert_eq!(send(&mut wire, "STOR b", &[7; 1000]), reached("STOR", "used 2 of 2 upload files"));
    let denied = "552-STOR denied: quota exceeded: used 2 of 2 upload files\n552 STOR: notice: quota reached: used 2 of 2 upload files";
    assert_eq!(send(&mut wire, "STOR c", b"x"), denied);
    assert!(send(&mut wire, "STOU", b"x").starts_with("552-STOU denied: "));
    assert_eq!(send(&mut wire, "APPE c", b"x"), "552 APPE denied: quota exceeded: used 2 of 2 upload files");
    wire.give("APPE a", &[7; 500]);
    // A deletion gives back no transfer.
    wire.expect("DELE b", 250);
    assert_eq!(wire.fetch("RETR a").len(), 1500);
    assert_eq!(tally(&server), ([0.0, 0.0, 4000.0], [1, 0, 3]));
    let cut = "552-Transfer aborted. Disk quota exceeded\n STOR: notice: quota reached: used 5000.00 of 5000.00 transfer bytes\n552 STOR: notice: quota reached: 'd' removed";
    assert_eq!(send(&mut wire, "STOR d", &[7; 100_000]), cut);
    assert_eq!(tally(&server), ([0.0, 0.0, 4000.0], [1, 0, 3]));
}

fn tallies_follow_what_becomes_of_files(layout: Layout) {
    let limit = Limit { bytes: [1e9, 0.0, 0.0], files: [100, 0, 0], ..ALICE };
    let server = server(layout, &[limit], &[("QuotaExcludeFilter", "\\.log$"), ("QuotaDirectoryTally", "on")]);
    let mut wire = server.login();
    let check = |what: &str, bytes: f64, files| assert_eq!(uploaded(&server), (bytes, files), "{what}");
    wire.give("STOR a", &[7; 300]);
    wire.give("STOR a", &[7; 200]);
    check("overwritten by less", 200.0, 1);
    wire.give("APPE a", &[7; 100]);
    wire.give("APPE new", &[7; 10]);
    check("appended", 310.0, 2);
    wire.expect("REST 290", 350);
    wire.give("STOR a", &[7; 20]);
    check("resumed", 320.0, 2);
    wire.expect("RNFR new", 350);
    wire.expect("RNTO a", 250);
    check("renamed over another", 10.0, 1);
    wire.expect("RNFR a", 350);
    wire.expect("RNTO a", 250);
    check("renamed to itself", 10.0, 1);
    wire.give("STOR x.log", &[7; 1000]);
    check("excluded", 10.0, 1);
    wire.give("STOU", &[7; 5]);
    check("unique", 15.0, 2);
    wire.expect("TYPE A", 200);
    wire.give("STOR text", b"1\r\n2\r\n");
    wire.expect("TYPE I", 200);
    check("text", 19.0, 3);
    wire.expect("DELE text", 250);
    wire.expect("DELE nothing", 550);
    check("deleted", 15.0, 2);
    wire.expect("MKD d", 257);
    let (bytes, files) = uploaded(&server);
    assert_eq!((bytes - 15.0, files), (fs::metadata(server.home().join("d")).unwrap().len() as f64, 3));
    wire.expect("RMD d", 250);
    check("directory", 15.0, 2);
    // The control connection ends in the middle of an upload.
    let mut stream = wire.passive();
    wire.expect("STOR part", 150);
    stream.write_all(&[7; 50]).unwrap();
    wait::for_condition("the bytes are there", || {
        fs::metadata(server.home().join("part")).is_ok_and(|found| found.len() == 50)
    });
    drop(wire);
    drop(stream);
    wait::for_condition("the part is counted", || uploaded(&server) == (65.0, 3));
    let mut wire = server.login();
    let mut stream = wire.passive();
    wire.expect("STOR part", 150);
    stream.write_all(&[7; 20]).unwrap();
    wait::for_condition("the bytes are there", || {
        fs::metadata(server.home().join("part")).is_ok_and(|found| found.len() == 20)
    });
    wire.expect("ABOR", 426);
    assert_eq!(wire.reply().code, 226);
    check("aborted", 35.0, 3);
    // More is deleted than was ever counted.
    server.put("foreign", [7; 1000]);
    wire.expect("DELE foreign", 250);
    check("below zero", 0.0, 2);
}

fn a_hundred_sessions_of_one_user_are_counted_exactly(layout: Layout) {
    let limit = Limit { bytes: [3_000_000.0, 0.0, 0.0], files: [60, 0, 0], ..ALICE };
    let server = server(layout, &[limit], &[("DeleteAbortedStores", "off"), ("MaxInstances", "none")]);
    let sessions = 100;
    let barrier = Arc::new(Barrier::new(sessions));
    thread::scope(|scope| {
        for number in 0..sessions {
            let (server, barrier) = (&server, barrier.clone());
            scope.spawn(move || {
                let mut wire = server.login();
                barrier.wait();
                for round in 0..6 {
                    act(&mut wire, server, number, round);
                }
            });
        }
    });
    wait::for_condition("all sessions have ended", || uploaded(&server) == on_disk(&server));
    let (bytes, files) = uploaded(&server);
    assert!(bytes <= 3_000_000.0 && files <= 60, "{bytes} {files}");
    assert!(bytes > 0.0, "nothing was stored");
}

/// One of many things that sessions do to the same few files.
fn act(wire: &mut Wire, server: &Server, number: usize, round: usize) {
    let (shared, own) = (format!("f{}", (number + round) % 7), format!("own{number}"));
    let bytes = vec![7; 1000 + (number * 977 + round * 4801) % 150_000];
    match (number + 3 * round) % 8 {
        0 | 1 => drop(send(wire, &format!("STOR {shared}"), &bytes)),
        2 => drop(send(wire, &format!("APPE {shared}"), &bytes)),
        3 => drop(send(wire, &format!("STOR {own}"), &bytes)),
        4 => drop(wire.ask(format!("DELE {shared}"))),
        5 => {
            wire.ask(format!("RNFR {own}"));
            wire.ask(format!("RNTO {shared}"));
        }
        6 => drop(send(wire, "STOU", &bytes)),
        _ => {
            // The client goes in the middle.
            let mut stream = wire.passive();
            if wire.ask(format!("STOR {shared}")).code == 150 {
                let _ = stream.write_all(&bytes[..bytes.len() / 2]);
                drop(std::mem::replace(wire, server.login()));
            }
        }
    }
}

fn a_hard_limit_holds_for_all_sessions_together(layout: Layout) {
    let server = server(layout, &[Limit { files: [0, 5, 0], ..uploads(100_000) }], &[]);
    let mut wires: Vec<Wire> = (0..20).map(|_| server.login()).collect();
    let streams: Vec<TcpStream> = wires
        .iter_mut()
        .enumerate()
        .map(|(number, wire)| {
            let stream = wire.passive();
            wire.expect(format!("STOR f{number}"), 150);
            stream
        })
        .collect();
    let senders: Vec<_> =
        streams.into_iter().map(|mut stream| thread::spawn(move || drop(stream.write_all(&[7; 9000])))).collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    let codes: Vec<u16> = wires.iter_mut().map(|wire| wire.reply().code).collect();
    let stored = codes.iter().filter(|code| **code == 226).count();
    assert!((1..=11).contains(&stored) && codes.iter().all(|code| [226, 552].contains(code)), "{codes:?}");
    assert_eq!(on_disk(&server).0, stored as f64 * 9000.0);
    wait::for_condition("all is counted", || uploaded(&server).0 == stored as f64 * 9000.0);
    server.put("file", [7; 1000]);
    // Downloads under way count for others.
    let mut streams = Vec::new();
    let mut codes = Vec::new();
    for wire in &mut wires {
        streams.push(wire.passive());
        codes.push(wire.ask("RETR file").code);
    }
    assert_eq!(codes.iter().filter(|code| **code == 150).count(), 5, "{codes:?}");
}

fn the_first_limit_that_fits_counts(layout: Layout) {
    let all = Limit { kind: ALL, name: "", bytes: [4000.0, 0.0, 0.0], ..ALICE };
    let class = Limit { kind: CLASSES, name: "near", bytes: [3000.0, 0.0, 0.0], ..ALICE };
    let group = Limit { kind: GROUPS, name: "writers", bytes: [2000.0, 0.0, 0.0], per_session: true, ..ALICE };
    let block = "<Class near>\nFrom 127.0.0.0/8\n</Class>";
    let of = |records: &[Limit], lines: &[(&str, &str)], found: &str, tally: &[(i32, &str)]| {
        let server = Server::with(layout, |config| {
            with_files(config, records);
            let groups = config.path("group");
            let (_, gid) = gantry_tests::config::Account::ids();
            fs::write(&groups, format!("writers:x:{gid}:\n")).unwrap();
            fs::set_permissions(&groups, fs::Permissions::from_mode(0o600)).unwrap();
            own(Path::new(&groups));
            config.without_sql().add("AuthGroupFile", groups).block(block);
            for (directive, value) in lines {
                config.add(directive, *value);
            }
        });
        let mut wire = server.login();
        wire.give("STOR a", &[7; 1000]);
        let shown = wire.ask("SITE QUOTA").text();
        assert!(shown.contains(found), "{shown}");
        let tallied = tallies(&server.var("tally.tab"));
        let tallied: Vec<_> = tallied.iter().map(|(kind, name, (bytes, _))| (*kind, name.as_str(), bytes[0])).collect();
        assert_eq!(tallied, tally.iter().map(|(kind, name)| (*kind, *name, 1000.0)).collect::<Vec<_>>());
        // A limit per session begins anew.
        let mut again = server.login();
        let shown = again.ask("SITE QUOTA").text();
        assert_eq!(shown.contains("0.00/2000.00"), tally.is_empty() && found.contains("2000"), "{shown}");
    };
    of(&[all, class, group, uploads(1500)], &[], "1000.00/1500.00", &[(USERS, USER)]);
    of(
        &[all, class, group],
        &[],
        "Name: writers\n Quota Type: Group\n Per Session: True\n Limit Type: Hard\n   Uploaded bytes:\t1000.00/2000.00",
        &[],
    );
    of(&[all, class], &[], "Name: near\n Quota Type: Class", &[(CLASSES, "near")]);
    of(&[all], &[], "Name: \n Quota Type: All", &[(ALL, "")]);
    let default = [("QuotaDefault", "group false soft 5000 0 0 0 0 0")];
    of(
        &[],
        &default,
        "Name: writers\n Quota Type: Group\n Per Session: False\n Limit Type: Soft",
        &[(GROUPS, "writers")],
    );
}

fn nobody_has_a_quota_without_a_limit(layout: Layout) {
    let server = server(layout, &[], &[]);
    let mut wire = server.login();
    assert_eq!(wire.ask("SITE QUOTA").text(), "202 No quotas in effect");
    wire.give("STOR a", &[7; 1000]);
    assert!(tallies(&server.var("tally.tab")).is_empty());
    let off = self::server(layout, &[uploads(1)], &[("QuotaShowQuotas", "off")]);
    assert_eq!(off.login().ask("SITE QUOTA").text(), "500 'SITE QUOTA' not understood");
}

fn files_for_clients_show_the_quota(layout: Layout) {
    let server = server(layout, &[uploads(1000)], &[("DisplayChdir", "shown"), ("QuotaDisplayUnits", "Kb")]);
    server.put(
        "shown",
        "%{mod_quotatab.tally.bytes_in} of %{mod_quotatab.limit.bytes_in}, %{mod_quotatab.limit.files_in}\n",
    );
    let mut wire = server.login();
    wire.give("STOR a", &[7; 500]);
    let shown = wire.ask("CWD /").text();
    assert!(shown.starts_with("250-0.49 KB of 0.98 KB, (unlimited)\n"), "{shown}");
}

/// ProFTPD turns its quotas off then.
fn a_table_that_cannot_be_used_refuses_uploads(layout: Layout) {
    for name in ["tally.tab", "limit.tab"] {
        let server = server(layout, &[uploads(100_000)], &[]);
        let mut wire = server.login();
        wire.give("STOR before", b"x");
        let (path, aside) = (server.var(name), server.var("aside"));
        let mut fresh = server.connect();
        fs::rename(&path, &aside).unwrap();
        fs::write(&path, b"rubbish").unwrap();
        fresh.login(USER, PASSWORD);
        let refused = "451 STOR denied: the quota cannot be checked at the moment";
        for _ in 0..3 {
            assert_eq!(send(&mut fresh, "STOR a", b"x"), refused);
        }
        assert_eq!(fresh.ask("SITE QUOTA").code, 451);
        assert!(!server.home().join("a").exists());
        if name == "tally.tab" {
            assert_eq!(send(&mut wire, "STOR a", b"x"), refused);
            wire.expect("DELE before", 250);
        }
        server.wait_for_log(&[name, "mismatched table header"]);
        fs::rename(&aside, &path).unwrap();
        wire.give("STOR a", b"12345");
        fresh.give("STOR b", b"12345");
        // What could not be written then is written now.
        assert_eq!(uploaded(&server).0, if name == "tally.tab" { 10.0 } else { 11.0 });
        let lines = server.log().lines().filter(|line| line.contains("mismatched table header")).count();
        assert_eq!(lines, 1);
    }
}

/// The page's schema and lines.
fn page_on_sql() -> (String, String) {
    let page = fs::read_to_string(workspace().join("docs/quotas.md")).unwrap();
    let block = |heading: &str, start: &str| {
        let (_, part) = page.split_once(heading).unwrap_or_else(|| panic!("the page has {heading}"));
        let (_, rest) = part.split_once(start).unwrap_or_else(|| panic!("the part has {start}"));
        rest.split_once("```").unwrap().0.to_owned()
    };
    (block("## SQL", "```sql\n"), block("With the `SQLConnectInfo`", "```\n"))
}

fn mariadb_and_postgresql_hold_the_same_tables(layout: Layout) {
    let (schema, lines) = page_on_sql();
    for kind in Kind::ALL {
        let Some(database) = Database::shared(kind) else { continue };
        let name = &name_of(layout, "quotas");
        let server = Server::with(layout, |config| {
            database.serve(config, name, "");
            database.sql(name, &schema);
            config.block(&lines);
        });
        let insert = "INSERT INTO quotalimits VALUES ('alice', 'user', 'false', 'hard', 10000, 0, 0, 0, 2, 0)";
        database.sql(name, insert);
        let mut wire = server.login();
        wire.give("STOR a", &[7; 300]);
        wire.give("STOR a", &[7; 200]);
        assert_eq!(wire.fetch("RETR a").len(), 200);
        assert!(wire.ask("SITE QUOTA").text().contains("Uploaded bytes:\t200.00/10000.00"));
        assert!(send(&mut wire, "STOR b", &[7; 100_000]).starts_with("552-Transfer aborted. Disk quota exceeded"));
        let is_right = "SELECT count(*) FROM quotatallies WHERE name = 'alice' AND quota_type = 'user' \
                        AND bytes_in_used = 200 AND files_out_used = 1";
        assert_eq!(database.sql(name, is_right).trim(), "1", "{kind:?}");
    }
}

/// The manual's example of SQL tables, with the schema of the page on quotas.
fn sql_tables_are_read_and_written(layout: Layout) {
    let (schema, lines) = page_on_sql();
    let server = Server::with(layout, |config| {
        let database = PathBuf::from(config.path("users.db"));
        gantry_tests::server::sqlite(&database, schema.trim_end().trim_end_matches(';'));
        let lock = config.path("lock");
        config.block(lines).block(format!("QuotaLock {lock}"));
    });
    let insert = "INSERT INTO quotalimits VALUES ('alice', 'user', 'false', 'hard', 10000, 0, 0, 0, 2, 0)";
    server.sql(insert);
    let mut wire = server.login();
    wire.give("STOR a", &[7; 300]);
    wire.give("STOR a", &[7; 200]);
    assert_eq!(wire.fetch("RETR a").len(), 200);
    assert!(wire.ask("SITE QUOTA").text().contains("Uploaded bytes:\t200.00/10000.00"));
    assert!(send(&mut wire, "STOR b", &[7; 100_000]).starts_with("552-Transfer aborted. Disk quota exceeded"));
    let row = "SELECT name, quota_type, bytes_in_used, files_out_used FROM quotatallies";
    assert_eq!(server.sql(row), "alice|user|200.0|1");
    // Another server has counted.
    server.sql("UPDATE quotatallies SET bytes_in_used = 10000");
    assert_eq!(
        send(&mut wire, "STOR b", b"x"),
        "552 STOR denied: quota exceeded: used 10000.00 of 10000.00 upload bytes"
    );
    server.sql("DELETE FROM quotatallies");
    wire.give("STOR b", &[7; 50]);
    assert_eq!(server.sql(row), "alice|user|50.0|0");
    server.sql("ALTER TABLE quotatallies RENAME TO elsewhere");
    assert_eq!(send(&mut wire, "STOR c", b"x"), "451 STOR denied: the quota cannot be checked at the moment");
    wire.expect("DELE b", 250);
    server.sql("ALTER TABLE elsewhere RENAME TO quotatallies");
    wire.give("STOR c", &[7; 5]);
    assert_eq!(server.sql(row), "alice|user|5.0|0");
    // A limit that makes no sense is not none.
    server.sql("UPDATE quotalimits SET limit_type = 'firm'");
    assert_eq!(send(&mut server.login(), "STOR d", b"x"), "451 STOR denied: the quota cannot be checked at the moment");
}

fn a_running_server_gets_quotas(layout: Layout) {
    if layout == Layout::Static {
        // There all are linked in.
        return;
    }
    let server = Server::with(layout, |config| {
        let_operators_in(config);
        for (name, bytes) in [("limit.tab", limits(&[uploads(10)])), ("tally.tab", 0x7644_u32.to_ne_bytes().to_vec())] {
            let path = config.path(name);
            fs::write(&path, bytes).unwrap();
            own(Path::new(&path));
        }
    });
    let mut before = server.login();
    let mut operator = Operator::of(&server);
    operator.does("insmod mod_quotatab_file");
    let table = |name: &str| server.var(name).display().to_string();
    let lines = format!(
        "QuotaEngine on\nQuotaLimitTable file:{}\nQuotaTallyTable file:{}\n",
        table("limit.tab"),
        table("tally.tab")
    );
    operator.ask_with("insmod mod_quotatab", &lines).unwrap();
    let mut after = server.login();
    assert!(send(&mut after, "STOR a", &[7; 1000]).starts_with("552-Transfer aborted. Disk quota exceeded"));
    before.give("STOR a", &[7; 1000]);
}

/// The front end is linked in, the files' module is loaded.
#[test]
fn a_mixture_of_linked_and_loaded_works() {
    let mixed = feature_set("mixed");
    let server = Server::of(&mixed.join("sbin/gantryd"), |config| {
        with_files(config, &[uploads(10)]);
        config.set("ModulePath", mixed.join("libexec").display().to_string());
    });
    let mut wire = server.login();
    wire.give("STOR a", &[7; 9]);
    assert!(send(&mut wire, "STOR b", &[7; 1000]).starts_with("552-Transfer aborted. Disk quota exceeded"));
    assert_eq!(uploaded(&server).0, 9.0);
}

/// Each line of the fixtures' page makes the same bytes.
fn gantry_is_ftpquota_under_its_name(layout: Layout) {
    let data = workspace().join("tests/data/quota");
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("ftpquota");
    symlink(layout.prefix().join("bin/gantry"), &link).unwrap();
    let ftpquota = |line: &str| run(Command::new(&link).args(line.split(' ')).current_dir(folder.path()), "");
    let page = fs::read_to_string(data.join("README.md")).unwrap();
    let lines: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("ftpquota ")).collect();
    assert_eq!(lines.len(), 8, "{page}");
    for line in lines {
        ftpquota(line).ok();
    }
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("ftpquota.limittab"), fs::read(data.join("limit.tab")).unwrap());
    assert_eq!(read("ftpquota.tallytab"), fs::read(data.join("tally.tab")).unwrap());
    let shown = ftpquota("-type=limit --show-records --units Kb").ok().out;
    assert!(shown.contains("  Name: staff\n  Quota Type: Group\n  Per Session: True\n  Limit Type: Soft\n"), "{shown}");
    assert!(shown.contains("    Downloaded Kb:\t2097152.00\n"), "{shown}");
    ftpquota("--update-record --type=tally -Q user -N alice --Fu 7").ok();
    ftpquota("--delete-record --type=tally -Q user -N bob").ok();
    assert_eq!(tallies(&folder.path().join("ftpquota.tallytab")), [(USERS, "alice".to_owned(), ([0.0; 3], [7, 0, 0]))]);
    for (line, words) in [
        ("--create-table --type=limit", "cannot create existing table"),
        ("--add-record --type=limit -Q user -N alice", "matching record already exists"),
        ("--update-record --type=limit -Q user -N nobody", "unable to update record: no match found"),
        ("--delete-record --type=limit -Q class -N alice", "unable to delete record: no match found"),
        ("--add-record --type=limit --name=x", "--add-record requires --quota-type option"),
        ("--add-record --type=limit --quota-type=user", "quota type \"user\" requires --name option"),
        ("--show-records --type=tally --table-path=ftpquota.limittab", "mismatched table header"),
        ("--show-records --type=tally --table-path=nothing", "nothing: No such file"),
    ] {
        let done = ftpquota(line);
        assert!(done.status.code() == Some(1) && done.err.contains(words), "{line}: {}", done.err);
    }
    let long = "x".repeat(81);
    let done = ftpquota(&format!("--add-record --type=limit -Q user -N {long}"));
    assert!(done.err.contains("name is too long"), "{}", done.err);
    // The same by gantry's own name.
    let gantry = layout.prefix().join("bin/gantry");
    let own =
        run(Command::new(gantry).args(["quota", "--show-records", "--type=tally"]).current_dir(folder.path()), "");
    assert!(own.ok().out.contains("    Uploaded files:\t7\n"));
}

both_layouts!(
    a_hard_limit_cuts_an_upload_at_the_byte,
    a_hard_limit_holds_for_all_sessions_together,
    a_hundred_sessions_of_one_user_are_counted_exactly,
    a_running_server_gets_quotas,
    a_soft_limit_and_downloads_are_exceeded_by_one_file,
    a_table_that_cannot_be_used_refuses_uploads,
    files_and_transfers_are_limited,
    files_for_clients_show_the_quota,
    gantry_is_ftpquota_under_its_name,
    mariadb_and_postgresql_hold_the_same_tables,
    nobody_has_a_quota_without_a_limit,
    proftpds_files_are_read_and_written_byte_for_byte,
    sql_tables_are_read_and_written,
    tallies_follow_what_becomes_of_files,
    the_first_limit_that_fits_counts,
);
