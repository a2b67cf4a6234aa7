//! Clients that never stop sending: others are served all the same, timeouts
//! hold, and the daemon ends when it is asked to.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use gantry_tests::prelude::*;
use gantry_tests::wait::{self, PATIENCE};
use tempfile::TempDir;

/// A client that sends NOOP and reads what is answered until the server closes.
struct Flooder {
    stream: TcpStream,
    reader: JoinHandle<(usize, Vec<u8>)>,
    writer: JoinHandle<()>,
}

impl Flooder {
    /// One that has logged in: of others the server takes so many commands and no more.
    fn of(server: &Server) -> Self {
        Self::on(server.login().stream())
    }

    fn stranger(server: &Server) -> Self {
        Self::on(TcpStream::connect(server.address()).unwrap())
    }

    fn on(stream: TcpStream) -> Self {
        let (mut from, mut to) = (stream.try_clone().unwrap(), stream.try_clone().unwrap());
        let reader = thread::spawn(move || {
            let (mut count, mut last, mut buffer) = (0, Vec::new(), vec![0; 1 << 16]);
            while let Ok(read @ 1..) = from.read(&mut buffer) {
                count += read;
                last.extend_from_slice(&buffer[..read]);
                last.drain(..last.len().saturating_sub(200));
            }
            (count, last)
        });
        let writer = thread::spawn(move || {
            let commands = b"NOOP\r\n".repeat(10_000);
            while to.write_all(&commands).is_ok() {}
        });
        Self { stream, reader, writer }
    }

    /// How many bytes it got, and the last of them, once the server has closed.
    fn end(self) -> (usize, String) {
        let (count, last) = self.reader.join().unwrap();
        let _ = self.stream.shutdown(Shutdown::Both);
        self.writer.join().unwrap();
        (count, String::from_utf8_lossy(&last).into_owned())
    }
}

/// A server with so many threads for its sessions.
fn server(layout: Layout, workers: usize, change: impl FnOnce(&mut Config)) -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("gantryd");
    let gantryd = layout.gantryd().display().to_string();
    fs::write(&script, format!("#!/bin/sh\nTOKIO_WORKER_THREADS={workers} exec '{gantryd}' \"$@\"\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    (Server::of(&script, change), folder)
}

fn a_flood_freezes_nobody(layout: Layout, workers: usize) {
    let (mut server, _folder) = server(layout, workers, |_| {});
    server.put("file", "content");
    let floods: Vec<_> = (0..workers).map(|_| Flooder::of(&server)).collect();
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(server.login().fetch("RETR file"), b"content");
        assert!(began.elapsed() < PATIENCE / 2, "served after {:?}", began.elapsed());
    }
    let ended = server.terminate();
    assert!(ended.success(), "{ended}");
    for flood in floods {
        let (count, last) = flood.end();
        assert!(count > 1000 && last.contains("421"), "{count}: {last}");
    }
}

fn a_flood_freezes_nobody_with_one_worker(layout: Layout) {
    a_flood_freezes_nobody(layout, 1);
}

fn a_flood_freezes_nobody_with_eight_workers(layout: Layout) {
    a_flood_freezes_nobody(layout, 8);
}

fn a_flood_does_not_outlive_a_timeout(layout: Layout) {
    for workers in [1, 8] {
        let (server, _folder) = server(layout, workers, |config| {
            config.set("TimeoutNoTransfer", "1");
        });
        let flood = Flooder::of(&server);
        wait::for_condition("the flood is ended", || flood.reader.is_finished());
        let (_, last) = flood.end();
        assert!(last.contains("421 No transfer timeout (1 seconds)"), "{last}");
    }
}

fn without_a_login_commands_are_bounded(layout: Layout) {
    let server = Server::start(layout);
    let flood = Flooder::stranger(&server);
    wait::for_condition("the flood is ended", || flood.reader.is_finished());
    let (count, last) = flood.end();
    assert!(last.contains("421 Too many commands without a login"), "{last}");
    assert!(count < 500 * 100, "{count}");
    server.login().expect("NOOP", 200);
}

fn a_fast_download_leaves_time_for_others(layout: Layout) {
    let (server, _folder) = server(layout, 1, |_| {});
    server.put("large", vec![7; 64 << 20]);
    let mut wire = server.login();
    let mut stream = wire.passive();
    wire.expect("RETR large", 150);
    let reader = thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()).unwrap());
    server.login().expect("NOOP", 200);
    assert_eq!(reader.join().unwrap(), 64 << 20);
    assert_eq!(wire.reply().code, 226);
}

both_layouts!(
    a_flood_freezes_nobody_with_one_worker,
    a_flood_freezes_nobody_with_eight_workers,
    a_flood_does_not_outlive_a_timeout,
    without_a_login_commands_are_bounded,
    a_fast_download_leaves_time_for_others,
);
