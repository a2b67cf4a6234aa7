//! TLSPassPhraseProvider: a program that prints the pass phrase of an encrypted key.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long the program may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of output that are read.
const MOST: u64 = 4096;

/// A pass phrase: shown to nobody.
pub(crate) struct Phrase(String);

impl Phrase {
    /// The words.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// Who asks the program, and for which server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provider {
    /// The program; none where the configuration names none.
    pub(crate) program: Option<PathBuf>,
    /// The server's name and port, as the program gets them.
    pub(crate) server: String,
}

impl Provider {
    /// The pass phrase of a key of a kind: what the program prints, without the line's end.
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
