//! The whole terminal, for a table that refreshes itself. Keys are read one by one,
//! and the terminal is restored at the end.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::flag;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter, digit or other character.
    Letter(char),
    /// The return key.
    Enter,
    /// Backspace or delete.
    Erase,
    /// Escape.
    Escape,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// The end: ^C, ^D, a lost terminal, SIGTERM or SIGHUP.
    End,
}

/// The terminal while we control it.
pub struct Screen {
    before: Termios,
    typed: VecDeque<Key>,
    told_to_end: Arc<AtomicBool>,
}

impl Screen {
    /// Whether input and output are terminals.
    pub fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes control of the terminal.
    ///
    /// # Errors
    /// There is no terminal.
    pub fn enter() -> io::Result<Self> {
        let told_to_end = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP] {
            // A second signal ends the process if it cannot react to the first.
            flag::register_conditional_default(signal, Arc::clone(&told_to_end))?;
            flag::register(signal, Arc::clone(&told_to_end))?;
        }
        let before = tcgetattr(io::stdin())?;
        let mut ours = before.clone();
        // ^C is read as a key, so that the terminal is always restored.
        ours.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        ours.special_codes[SpecialCodeIndex::VMIN] = 1;
        ours.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &ours)?;
        let screen = Self { before, typed: VecDeque::new(), told_to_end };
        // Alternate buffer, no cursor.
        super::print("\x1b[?1049h\x1b[?25l")?;
        Ok(screen)
    }

    /// Columns and lines.
    pub fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(io::stdout()).ok();
        let known = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        known.map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row)))
    }

    /// Shows as many lines as fit, from the top.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn show(&self, lines: &[String]) -> io::Result<()> {
        let (_, rows) = self.size();
        let mut text = String::from("\x1b[H");
        for (at, line) in lines.iter().take(rows).enumerate() {
            // Only the rest of each line is cleared, so nothing flickers.
            let start = if at == 0 { "" } else { "\r\n" };
            write!(text, "{start}{line}\x1b[K").expect("a String takes text");
        }
        super::print(&(text + "\x1b[J"))
    }

    /// The next key that is pressed before `end`.
    ///
    /// # Errors
    /// The terminal cannot be read.
    pub fn key(&mut self, end: Instant) -> io::Result<Option<Key>> {
        loop {
            if self.told_to_end.load(Ordering::Relaxed) {
                return Ok(Some(Key::End));
            }
            if let Some(key) = self.typed.pop_front() {
                return Ok(Some(key));
            }
            match wait(end.saturating_duration_since(Instant::now())) {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(Errno::INTR) if self.told_to_end.load(Ordering::Relaxed) => continue,
                // The window was resized, for example: draw again.
                Err(Errno::INTR) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
            // Not through std, whose buffer would hide keys from poll.
            let mut bytes = [0; 64];
            let read = rustix::io::read(io::stdin(), &mut bytes)?;
            self.typed.extend(keys(&bytes[..read]));
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

/// The keys in bytes that came together; no bytes mean the end.
fn keys(bytes: &[u8]) -> Vec<Key> {
    let (mut keys, mut left) = (Vec::new(), bytes);
    if bytes.is_empty() {
        keys.push(Key::End);
    }
    while let Some((first, rest)) = left.split_first() {
        left = rest;
        match first {
            3 | 4 => keys.push(Key::End),
            b'\x1b' => {
                let Some((b'[' | b'O', sequence)) = rest.split_first() else {
                    keys.push(Key::Escape);
                    continue;
                };
                // A sequence ends with its first byte from '@' up.
                let end = sequence.iter().position(|byte| (b'@'..=b'~').contains(byte)).unwrap_or(sequence.len());
                match sequence.get(end) {
                    Some(b'A') => keys.push(Key::Up),
                    Some(b'B') => keys.push(Key::Down),
                    _ => {}
                }
                left = sequence.get(end + 1..).unwrap_or_default();
            }
            b'\r' | b'\n' => keys.push(Key::Enter),
            8 | 127 => keys.push(Key::Erase),
            b' '..=b'~' => keys.push(Key::Letter(char::from(*first))),
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_keys() {
        for (bytes, expected) in [
            (&b"q"[..], &[Key::Letter('q')][..]),
            (b"\x03", &[Key::End]),
            (b"", &[Key::End]),
            (b"\x1b[A\x1b[1;5Bj", &[Key::Up, Key::Down, Key::Letter('j')]),
            (b"\x1bOB", &[Key::Down]),
            (b"\x1b", &[Key::Escape]),
            (b"\x1b\x1b[", &[Key::Escape]),
            (b"\x1b[5~x", &[Key::Letter('x')]),
            (b"d15\r", &[Key::Letter('d'), Key::Letter('1'), Key::Letter('5'), Key::Enter]),
            (b"\x7f", &[Key::Erase]),
            ("é".as_bytes(), &[]),
        ] {
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }
}
