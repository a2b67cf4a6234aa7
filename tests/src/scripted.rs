//! A control socket at which no daemon listens, but a script: for answers that a
//! sound gantryd never gives, and for sessions that are always the same.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

/// Answers each request by a text of the test's own, and hangs up.
pub struct Scripted {
    folder: TempDir,
    requests: JoinHandle<Vec<String>>,
}

impl Scripted {
    /// One that is asked once for each answer.
    ///
    /// # Panics
    /// When there is no folder for its socket.
    pub fn answering(answers: Vec<Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let listener = UnixListener::bind(folder.path().join("sock")).expect("a socket can be made");
        let requests = thread::spawn(move || answers.into_iter().map(|answer| answered(&listener, &answer)).collect());
        Self { folder, requests }
    }

    /// One that is asked once.
    pub fn one(answer: impl AsRef<[u8]>) -> Self {
        Self::answering(vec![answer.as_ref().to_vec()])
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    /// The requests, once there has been one for each answer.
    ///
    /// # Panics
    /// When one of them could not be read.
    pub fn asked(self) -> Vec<String> {
        self.requests.join().expect("requests can be read")
    }
}

fn answered(listener: &UnixListener, answer: &[u8]) -> String {
    let (mut stream, _) = listener.accept().expect("a client can be accepted");
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).expect("a request can be read");
    // Who has read enough may hang up first.
    let _ = stream.write_all(answer);
    line
}
