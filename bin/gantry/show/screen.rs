//! The whole terminal, for a table that refreshes itself: keys come one by one,
//! and leaving puts all back as it was.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter, digit or sign.
    Letter(char),
    /// The return key.
    Enter,
    /// The one that takes a letter away.
    Erase,
    /// Escape.
    Escape,
    /// To the line above.
    Up,
    /// To the line below.
    Down,
    /// The end: ^C, ^D, or a terminal that is gone.
    End,
}

/// The terminal while it is ours.
pub struct Screen {
    before: Termios,
}

impl Screen {
    /// Whether there is a person at both ends.
    pub fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal.
    ///
    /// # Errors
    /// It is none.
    pub fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut ours = before.clone();
        // ^C comes as a key, so that the terminal is always put back.
        ours.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        ours.special_codes[SpecialCodeIndex::VMIN] = 1;
        ours.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &ours)?;
        let screen = Self { before };
        // The other buffer, no cursor.
        super::print("\x1b[?1049h\x1b[?25l")?;
        Ok(screen)
    }

    /// Columns and lines.
    pub fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(io::stdout()).ok();
        let known = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        known.map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row)))
    }

    /// Shows lines from the top on, as many as there is room for.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn show(&self, lines: &[String]) -> io::Result<()> {
        let (_, rows) = self.size();
        let mut text = String::from("\x1b[H");
        for (at, line) in lines.iter().take(rows).enumerate() {
            // The rest of each line is cleared, not the whole screen: nothing flickers.
            let start = if at == 0 { "" } else { "\r\n" };
            write!(text, "{start}{line}\x1b[K").expect("a String takes text");
        }
        super::print(&(text + "\x1b[J"))
    }

    /// The next key that is pressed before `end`.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub fn key(&self, end: Instant) -> io::Result<Option<Key>> {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match wait(left) {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                // A resized window, say: what is shown is drawn anew.
                Err(Errno::INTR) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            let mut bytes = [0; 16];
            let read = io::stdin().lock().read(&mut bytes)?;
            if let Some(key) = key(&bytes[..read]) {
                return Ok(Some(key));
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = super::print("\x1b[?25h\x1b[?1049l");
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// Goes to the top of the terminal and clears it.
///
/// # Errors
/// The terminal is gone.
pub fn clear() -> io::Result<()> {
    io::stdout().lock().write_all(b"\x1b[H\x1b[2J")
}

fn wait(left: Duration) -> Result<bool, Errno> {
    let stdin = io::stdin();
    let mut ends = [PollFd::new(&stdin, PollFlags::IN)];
    let limit = Timespec::try_from(left).ok();
    poll(&mut ends, limit.as_ref()).map(|ready| ready > 0)
}

/// The first key among the bytes that came together.
fn key(bytes: &[u8]) -> Option<Key> {
    match bytes {
        [] | [3 | 4, ..] => Some(Key::End),
        [b'\x1b', b'[' | b'O', b'A', ..] => Some(Key::Up),
        [b'\x1b', b'[' | b'O', b'B', ..] => Some(Key::Down),
        [b'\x1b'] => Some(Key::Escape),
        [b'\r' | b'\n', ..] => Some(Key::Enter),
        [8 | 127, ..] => Some(Key::Erase),
        [byte @ b' '..=b'~', ..] => Some(Key::Letter(char::from(*byte))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_keys() {
        for (bytes, expected) in [
            (&b"q"[..], Some(Key::Letter('q'))),
            (b"\x03", Some(Key::End)),
            (b"", Some(Key::End)),
            (b"\x1b[A", Some(Key::Up)),
            (b"\x1bOB", Some(Key::Down)),
            (b"\x1b", Some(Key::Escape)),
            (b"\x1b[5~", None),
            (b"\r", Some(Key::Enter)),
            (b"\x7f", Some(Key::Erase)),
            ("é".as_bytes(), None),
        ] {
            assert_eq!(key(bytes), expected, "{bytes:?}");
        }
    }
}
