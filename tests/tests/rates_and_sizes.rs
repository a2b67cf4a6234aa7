//! TransferRate, MaxStoreFileSize and MaxRetrieveFileSize.

use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use gantry_tests::prelude::*;
use gantry_tests::wait::PATIENCE;
use gantry_tests::wire::read_all;

/// How long something takes.
fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// Seconds of processor time that the server has used.
fn processor(server: &Server) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // User and system time, in hundredths of a second.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn files_move_as_fast_as_transfer_rate_says(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("TransferRate", "RETR,STOR 100").add("TransferRate", "APPE 100:100000");
    });
    // A second's bytes.
    let file = vec![7; 102_400];
    server.put("file", &file);
    let mut wire = server.login();
    let check = |what: &str, seconds: f64, took: Duration| {
        let took = took.as_secs_f64();
        // A machine that is busy with other things may be late.
        assert!(took > seconds * 0.95 && took < seconds + 1.0, "{what} took {took} s, not {seconds}");
    };
    check("RETR", 1.0, time(|| assert_eq!(wire.fetch("RETR file"), file)));
    check("STOR", 1.0, time(|| wire.give("STOR up", &file)));
    assert_eq!(server.read("up"), file);
    check("APPE", 0.0, time(|| wire.give("APPE up", &[7; 100_000])));
    check("APPE", 0.5, time(|| wire.give("APPE up", &[7; 151_200])));
    check("TYPE A", 0.0, time(|| drop(wire.expect("TYPE A", 200))));
    check("RETR in TYPE A", 1.0, time(|| assert_eq!(wire.fetch("RETR file"), file)));
    check("STOR in TYPE A", 1.0, time(|| wire.give("STOR up", &file)));
    assert_eq!(server.read("up"), file);
    check("LIST", 0.0, time(|| drop(wire.fetch("LIST"))));
}

fn the_first_line_that_is_about_the_client_counts(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("TransferRate", "STOR 0.001").add("TransferRate", "RETR 0.001 user bob,carol");
        config.add("TransferRate", "RETR 0.001 class far").add("TransferRate", "RETR 0.001 group staff");
        config.add("TransferRate", "RETR 0 user !bob").add("TransferRate", "RETR 0.001");
        config.add("MaxStoreFileSize", "1 B class far").add("MaxStoreFileSize", "2 Kb class near");
        config.add("MaxStoreFileSize", "1 B").block("<Class near>\nFrom 127.0.0.0/8\n</Class>");
    });
    server.put("file", vec![7; 20_000]);
    let mut wire = server.login();
    let took = time(|| assert_eq!(wire.fetch("RETR file").len(), 20_000));
    assert!(took < PATIENCE, "{took:?}");
    wire.give("APPE file2", &[7; 2048]);
}

fn a_slow_transfer_hears_stat_and_abor_at_once(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("TransferRate", "RETR,STOR 0.001").set("TimeoutStalled", "1");
    });
    server.put("file", vec![7; 20_000]);
    let mut wire = server.login();
    for command in ["RETR file", "STOR up"] {
        let mut stream = wire.passive();
        wire.expect(command, 150);
        if command.starts_with("RETR") {
            // About one byte comes each second: more than TimeoutStalled sees.
            stream.read_exact(&mut [0; 2]).unwrap();
        } else {
            stream.write_all(&[7; 20_000]).unwrap();
        }
        let took = time(|| {
            wire.expect("STAT", 213);
            wire.expect("ABOR", 426);
            assert_eq!(wire.reply().code, 226);
        });
        assert!(took < PATIENCE / 2, "{took:?}");
        wire.expect("NOOP", 200);
    }
}

fn slow_transfers_take_no_processor_time(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("TransferRate", "RETR 100");
    });
    server.put("file", vec![7; 150_000]);
    let mut wires: Vec<_> = (0..8).map(|_| server.login()).collect();
    let before = processor(&server);
    let mut streams: Vec<_> = wires
        .iter_mut()
        .map(|wire| {
            let stream = wire.passive();
            wire.expect("RETR file", 150);
            stream
        })
        .collect();
    for (stream, wire) in streams.iter_mut().zip(&mut wires) {
        assert_eq!(read_all(stream).len(), 150_000);
        assert_eq!(wire.reply().code, 226);
    }
    // Each slept about thirty times a second for a second and a half.
    let used = processor(&server) - before;
    assert!(used < 0.7, "{used} s of processor time");
}

/// As ProFTPD 1.3.8 does it: an inner section's lines come first, and where none of
/// them is about the client, the outer ones count.
fn an_inner_sections_lines_count_first(layout: Layout) {
    let server = Server::with(layout, |config| {
        let home = config.home();
        let inner =
            |name: &str, lines: &str| format!("<Directory {}>\n{lines}\n</Directory>", home.join(name).display());
        config.set("AllowOverride", "on");
        config.add("MaxStoreFileSize", "10 Kb user alice").add("MaxStoreFileSize", "1 B");
        config.add("TransferRate", "RETR 0.001");
        config.block(inner("larger", "MaxStoreFileSize 20 Kb\nTransferRate RETR 0"));
        config.block(inner("any", "MaxStoreFileSize *"));
        config.block(inner("others", "MaxStoreFileSize 20 Kb user bob\nTransferRate STOR 0.001 user bob"));
        config.block(inner("any/smaller", "MaxStoreFileSize 5 Kb user alice"));
    });
    for folder in ["larger", "any", "others", "any/smaller", "file"] {
        server.make_folder(folder);
    }
    server.put("file/.ftpaccess", "MaxStoreFileSize 2 Kb\nMaxRetrieveFileSize 1 Kb\n");
    let mut wire = server.login();
    for (folder, most) in [
        (".", Some(10_240)),
        ("larger", Some(20_480)),
        ("any", None),
        ("any/smaller", Some(5120)),
        ("others", Some(10_240)),
        ("file", Some(2048)),
    ] {
        match most {
            Some(most) => {
                wire.give(format!("STOR {folder}/x"), &vec![7; most]);
                let reply = refused(&mut wire, &format!("STOR {folder}/x"), most + 1);
                assert_eq!(reply, "552 Transfer aborted. File too large", "{folder}");
            }
            None => wire.give(format!("STOR {folder}/x"), &[7; 100_000]),
        }
    }
    assert_eq!(wire.fetch("RETR larger/x").len(), 20_480);
    let mut stream = wire.passive();
    wire.expect("RETR file/x", 150);
    assert!(read_all(&mut stream).is_empty());
    assert_eq!(wire.reply().code, 426);
}

fn an_upload_ends_at_max_store_file_size(layout: Layout) {
    for delete in ["off", "on"] {
        let server = Server::with(layout, |config| {
            config.add("MaxStoreFileSize", "10 Kb").set("DeleteAbortedStores", delete);
        });
        let mut wire = server.login();
        wire.give("STOR exact", &[7; 10_240]);
        assert_eq!(server.read("exact").len(), 10_240);
        for (kind, name, bytes) in [("I", "one", 10_241), ("I", "many", 500_000), ("A", "text", 10_241)] {
            wire.expect(format!("TYPE {kind}"), 200);
            assert_eq!(refused(&mut wire, &format!("STOR {name}"), bytes), "552 Transfer aborted. File too large");
            let left = fs::read(server.home().join(name)).ok().map(|file| file.len());
            assert_eq!(left, (delete == "off").then_some(10_240), "{name}");
        }
        wire.expect("TYPE I", 200);
        // What is there already counts.
        assert_eq!(refused(&mut wire, "APPE exact", 1), "552 Transfer aborted. File too large");
        assert_eq!(server.read("exact").len(), 10_240);
        wire.expect("REST 10000", 350);
        wire.give("STOR exact", &[7; 240]);
        wire.expect("REST 10000", 350);
        assert_eq!(refused(&mut wire, "STOR exact", 241), "552 Transfer aborted. File too large");
        wire.expect("NOOP", 200);
    }
}

fn a_download_larger_than_max_retrieve_file_size_is_refused(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("MaxRetrieveFileSize", "10 Kb");
    });
    server.put("exact", vec![7; 10_240]);
    server.put("large", vec![7; 10_241]);
    let mut wire = server.login();
    assert_eq!(wire.fetch("RETR exact").len(), 10_240);
    for rest in ["0", "10000"] {
        wire.expect(format!("REST {rest}"), 350);
        let mut stream = wire.passive();
        wire.expect("RETR large", 150);
        assert!(read_all(&mut stream).is_empty());
        assert_eq!(wire.reply().text(), "426 Transfer aborted. Operation not permitted");
    }
    assert_eq!(wire.fetch("RETR exact").len(), 10_240);
}

/// The reply to an upload that is cut.
fn refused(wire: &mut Wire, command: &str, bytes: usize) -> String {
    let mut stream = wire.passive();
    wire.expect(command, 150);
    // The server may close before all is sent.
    let _ = stream.write_all(&vec![b'x'; bytes]);
    wire.reply().text()
}

both_layouts!(
    files_move_as_fast_as_transfer_rate_says,
    the_first_line_that_is_about_the_client_counts,
    a_slow_transfer_hears_stat_and_abor_at_once,
    slow_transfers_take_no_processor_time,
    an_inner_sections_lines_count_first,
    an_upload_ends_at_max_store_file_size,
    a_download_larger_than_max_retrieve_file_size_is_refused,
);
