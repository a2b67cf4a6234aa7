//! Asks for a password at the terminal, without echo. Keys are read one by one, ^C
//! too, so that the echo is always restored.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::error::PasswdError;

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: u8 = 8;
const ERASE_LINE: u8 = 21;
const DELETE: u8 = 127;

/// A new password for a user, typed twice.
pub fn new_password(user: &str) -> Result<Vec<u8>, PasswdError> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut terminal = terminal.map_err(|error| {
        PasswdError::Input(io::Error::new(error.kind(), format!("no terminal ({error}): use --stdin")))
    })?;
    let mut ask = |prompt: String| ask(&mut terminal, &prompt).map_err(PasswdError::Input);
    let first = ask(format!("New password for {user}: "))?;
    let second = ask("Repeat the password: ".to_owned())?;
    if first == second { Ok(first) } else { Err(PasswdError::Differ) }
}

fn ask(terminal: &mut File, prompt: &str) -> io::Result<Vec<u8>> {
    let _quiet = Quiet::new(terminal)?;
    terminal.write_all(prompt.as_bytes())?;
    let line = line(&mut *terminal);
    terminal.write_all(b"\n")?;
    line
}

/// The keys up to the end of the line.
fn line(keys: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut key = [0];
    loop {
        keys.read_exact(&mut key)?;
        match key[0] {
            b'\r' | b'\n' | END => return Ok(line),
            INTERRUPT => return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted")),
            ERASE_LINE => line.clear(),
            BACKSPACE | DELETE => erase(&mut line),
            byte => line.push(byte),
        }
    }
}

/// Removes the last character with all its bytes.
fn erase(line: &mut Vec<u8>) {
    while let Some(byte) = line.pop() {
        if byte & 0xc0 != 0x80 {
            return;
        }
    }
}

/// Restores the terminal when it is dropped.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new(terminal: &File) -> io::Result<Self> {
        let terminal = terminal.try_clone()?;
        let before = tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_make_a_line() {
        let typed = |mut keys: &[u8]| line(&mut keys).map_err(|error| error.kind());
        assert_eq!(typed(b"secret\rmore"), Ok(b"secret".to_vec()));
        assert_eq!(typed("aé\u{7f}b\n".as_bytes()), Ok(b"ab".to_vec()));
        assert_eq!(typed(b"\x7fwrong\x15right\n"), Ok(b"right".to_vec()));
        assert_eq!(typed(b"ab\x03"), Err(io::ErrorKind::Interrupted));
        assert_eq!(typed(b"ab"), Err(io::ErrorKind::UnexpectedEof));
    }
}
