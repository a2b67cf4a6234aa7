//! STOU (RFC 959): an upload to a file whose name the server chooses.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use gantry_api::files::{File, Open};
use gantry_api::prelude::*;

use crate::settings::Settings;
use crate::store;

command! {
    /// Stores what the client sends under a name that the server chooses.
    STOU "(store unique filename)", class: WRITE, path: Whole, does: [STOR, RETR], wait: store;
}

/// How many names to try.
const TRIES: u32 = 100;

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// STOU: always in the working directory; the argument is ignored. The name is in the 150, as RFC
/// 1123 section 4.1.2.9 requires.
async fn store(at: &mut Moment<'_>) -> Result<Step> {
    if at.command.argument.trim_ascii().contains(&b' ') {
        return refuse(500, format!("'STOU {}' not understood", String::from_utf8_lossy(&at.command.argument)));
    }
    if at.dialogue.range.take().is_some() {
        return refuse(550, "STOU incompatible with RANG");
    }
    if std::mem::take(&mut at.dialogue.restart) > 0 {
        return refuse(550, "STOU incompatible with REST");
    }
    let places = at.settings::<Settings>().transfers.take(at)?;
    let done = store_new(at).await;
    places.give_back(at);
    done
}

async fn store_new(at: &mut Moment<'_>) -> Result<Step> {
    let (path, file) = create(at).await?;
    let opening = Reply::new(150, [b"FILE: ", path.name()].concat());
    store::into_new(at, path, &*file, opening).await
}

async fn create(at: &mut Moment<'_>) -> Result<(VirtualPath, Box<dyn File>)> {
    let mut tries = 0;
    loop {
        let prefix = at.settings::<Settings>().prefix.as_bytes();
        let path = at.session.cwd.join(&name(prefix, RandomState::new().build_hasher().finish()));
        tries += 1;
        match at.files.open(&path, Open::Create).await {
            Ok(opened) => return Ok((path, opened.file)),
            Err(error) if tries >= TRIES || error.kind() != ErrorKind::Exists => {
                return Err(error.of_file(path.as_bytes()));
            }
            Err(_) => {}
        }
    }
}

/// A prefix and six letters or digits.
fn name(prefix: &[u8], mut random: u64) -> Vec<u8> {
    let mut name = prefix.to_vec();
    for _ in 0..6 {
        name.extend(LETTERS.get((random % 62) as usize));
        random /= 62;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_nine_plain_bytes() {
        for random in [0, 61, 62, u64::MAX, 1 << 40] {
            let name = name(b"ftp", random);
            assert!(name.len() == 9 && name.starts_with(b"ftp") && name.iter().all(u8::is_ascii_alphanumeric));
        }
        assert_ne!(name(b"", 1), name(b"", 2));
    }
}
