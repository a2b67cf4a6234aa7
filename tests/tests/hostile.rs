//! Noise on the control connection: whatever comes, the server answers the next
//! client and nothing panics (which each test's end checks).

use std::time::Duration;

use gantry_tests::prelude::*;
use gantry_tests::sample::Noise;
use gantry_tests::wait::PATIENCE;
use gantry_tests::{full, sample};

const WORDS: [&str; 40] = [
    "USER",
    "PASS",
    "CWD",
    "RETR",
    "STOR",
    "APPE",
    "REST",
    "LIST",
    "NLST",
    "MLSD",
    "MLST",
    "SIZE",
    "MDTM",
    "MFMT",
    "PASV",
    "EPSV",
    "PORT",
    "EPRT",
    "TYPE",
    "ABOR",
    "OPTS",
    "FEAT",
    "RNFR",
    "RNTO",
    "SITE",
    "STAT",
    "HELP",
    "QUIT",
    "alice",
    "wonderland",
    "..",
    "/",
    "-la",
    "99999999999999999999",
    "\u{0}",
    "%s%n",
    "\u{ff}\u{f4}",
    "日本語",
    "*?[",
    "|1|127.0.0.1|1|",
];

/// A line of words that mean something, in an order that means nothing.
fn line(noise: &mut Noise) -> Vec<u8> {
    let mut line = Vec::new();
    for _ in 0..noise.below(5) {
        line.extend_from_slice(WORDS[noise.below(WORDS.len())].as_bytes());
        line.push(b' ');
    }
    match noise.below(8) {
        0 => line.extend_from_slice(&sample::bytes(noise.below(2_000), noise.word())),
        1 => line.extend(std::iter::repeat_n(b'a', noise.below(20_000))),
        _ => {}
    }
    line.extend_from_slice([&b"\r\n"[..], b"\n", b"\r"][noise.below(3)]);
    line
}

fn noise_is_survived(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.set("MaxLoginAttempts", "1000");
    });
    server.put("file", "content");
    for seed in 0..full::or(30, 3_000) {
        let mut noise = Noise::new(seed + 1);
        let mut wire = if seed % 2 == 0 { server.connect() } else { server.login() };
        for _ in 0..100 {
            if wire.send_raw(&line(&mut noise)).is_err() {
                break;
            }
        }
        // All of it is read and answered, but for what stands behind a command
        // that waits for a data connection.
        let _ = wire.hang_up(Duration::from_secs(1));
    }
    server.put("last", "content");
    assert_eq!(server.login().fetch("RETR last"), b"content");
}

fn half_a_line_and_a_closed_connection_are_survived(layout: Layout) {
    let server = Server::start(layout);
    for part in [&b""[..], b"USER", b"USER al", b"\xff\xf4\xff", b"\r", b"\n\n\n", b"\0\0\0\0"] {
        for _ in 0..20 {
            let mut wire = server.connect();
            wire.send_raw(part).unwrap();
            wire.hang_up(PATIENCE).unwrap();
        }
    }
    server.login().expect("NOOP", 200);
}

both_layouts!(noise_is_survived, half_a_line_and_a_closed_connection_are_survived);
