//! mod_cksum, an example module: it links a C library. `SITE CKSUM pathname` replies
//! with the checksum and the size that cksum(1) prints.

mod library;

use gantry_api::files::{Open, OpenFile};
use gantry_api::prelude::*;

use library::Sum;

#[derive(Default)]
struct Cksum;

module! { Cksum, settings: Settings }

settings! {
    /// The settings of one scope.
    struct Settings {
        /// The maximum size of a file for SITE CKSUM, in bytes.
        largest: u64 = CksumMaxSize "bytes" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, default: "1073741824", parse: parse::number;
    }
}

command! {
    /// Replies with the checksum and the size that cksum(1) prints.
    SITE_CKSUM "<sp> pathname", class: READ, path: Whole, at_once: check, wait: sum;
}

#[async_trait]
impl Module for Cksum {
    async fn start(&mut self, _: &mut Start<'_>) -> Result<()> {
        log!(Info, "libcksum {}", library::version());
        Ok(())
    }
}

fn check(at: &mut Moment<'_>) -> Result<Step> {
    // Reading a file takes time, so wait for it.
    if at.command.argument.is_empty() { refuse(501, "SITE CKSUM needs a pathname") } else { Ok(Step::Wait) }
}

async fn sum(at: &mut Moment<'_>) -> Result<Step> {
    let largest = at.settings::<Settings>().largest;
    let path = at.path();
    // The session's files enforce the root, <Limit> and the user's rights.
    let OpenFile { file, metadata } = at.files.open(&path, Open::Read).await?;
    if metadata.size > largest {
        return refuse(550, format!("{path}: larger than {largest} bytes"));
    }
    let mut sum = Sum::new().ok_or_else(|| Error::system("there is no memory for a checksum"))?;
    let mut read = 0;
    // Only up to the size it had, because it may be growing.
    while read < metadata.size {
        let most = usize::try_from(metadata.size - read).unwrap_or(usize::MAX).min(PIECE);
        let bytes = file.read_at(read, most).await?;
        if bytes.is_empty() {
            break;
        }
        sum.update(&bytes);
        read += bytes.len() as u64;
    }
    at.respond(213, format!("{} {read} {path}", sum.value()));
    Ok(Step::Done)
}

const PIECE: usize = 64 * 1024;
