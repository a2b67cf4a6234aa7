//! Whatever comes over a control connection, in whatever pieces: lines are bounded,
//! and what is made of them does not depend on the pieces.

#![no_main]

use gantry_api::proto::{Command, Lines};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    let Some((step, bytes)) = bytes.split_first() else { return };
    let at_once = read(bytes.chunks(LIMIT / 2));
    let in_pieces = read(bytes.chunks(usize::from(step % 16) + 1));
    assert_eq!(at_once, in_pieces);
    for line in at_once.into_iter().flatten() {
        assert!(line.len() <= LIMIT && !line.contains(&b'\n'));
        if let Ok(command) = Command::parse(&line) {
            assert!(!command.verb.name().is_empty());
        }
    }
});

/// The lines of some pieces; none for one that is too long.
fn read<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> Vec<Option<Vec<u8>>> {
    let mut lines = Lines::new(LIMIT);
    let mut found = Vec::new();
    for piece in pieces {
        lines.push(piece);
        while let Some(line) = lines.next_line() {
            found.push(line.ok());
        }
    }
    found
}
