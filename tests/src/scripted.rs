//! A control socket with a script instead of a daemon: for answers that a working gantryd never
//! gives, and for sessions that never change.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

/// Answers each request with a text from the test, and closes the connection.
pub struct Scripted {
    folder: TempDir,
    requests: JoinHandle<Vec<String>>,
}

impl Scripted {
    /// Expects one request per answer.
    ///
    /// # Panics
    /// If there is no folder for its socket.
    pub fn answering(answers: Vec<Vec<u8>>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let listener = UnixListener::bind(folder.path().join("sock")).expect("a socket can be made");
        let requests = thread::spawn(move || answers.into_iter().map(|answer| answered(&listener, &answer)).collect());
        Self { folder, requests }
    }

    /// Expects one request.
    pub fn one(answer: impl AsRef<[u8]>) -> Self {
        Self::answering(vec![answer.as_ref().to_vec()])
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    /// Waits until there has been one request per answer, and returns the requests.
    ///
    /// # Panics
    /// If one of them could not be read.
    pub fn asked(self) -> Vec<String> {
        self.requests.join().expect("requests can be read")
    }
}

fn answered(listener: &UnixListener, answer: &[u8]) -> String {
    let (mut stream, _) = listener.accept().expect("a client can be accepted");
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).expect("a request can be read");
    // A client that has read enough may close first.
    let _ = stream.write_all(answer);
    line
}
