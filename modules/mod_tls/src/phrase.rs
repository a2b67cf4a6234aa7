//! TLSPassPhraseProvider: a program that prints the pass phrase of an encrypted key.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The time limit of the program.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of its output.
const MOST: u64 = 4096;

/// A pass phrase. It is never shown.
pub(crate) struct Phrase(String);

impl Phrase {
    /// The text.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// The program, and the server for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provider {
    /// The program, if one is configured.
    pub(crate) program: Option<PathBuf>,
    /// The server's name and port, as the program gets them.
    pub(crate) server: String,
}

impl Provider {
    /// The pass phrase for a kind of key: the program's output without the end of the line.
    pub(crate) fn phrase(&self, kind: &str) -> Result<Phrase, String> {
        let program = self.program.as_ref().ok_or("it is encrypted, and TLSPassPhraseProvider names no program")?;
        let failed = |error: &dyn std::fmt::Display| format!("TLSPassPhraseProvider {}: {error}", program.display());
        let mut child = Command::new(program)
            .args([self.server.as_str(), kind])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(&error))?;
        let began = Instant::now();
        let status = loop {
            match child.try_wait().map_err(|error| failed(&error))? {
                Some(status) => break status,
                None if began.elapsed() > PATIENCE => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(failed(&"it does not end"));
                }
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        if !status.success() {
            return Err(failed(&status));
        }
        let mut text = String::new();
        let read = child.stdout.take().map_or(Ok(0), |out| out.take(MOST).read_to_string(&mut text));
        read.map_err(|error| failed(&error))?;
        Ok(Phrase(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}
