//! mod_cksum, an example of a module: it links a C library. `SITE CKSUM pathname`
//! answers with the checksum and the size that cksum(1) prints.

mod library;

use gantry_api::files::{Open, OpenFile};
use gantry_api::prelude::*;

use library::Sum;

#[derive(Default)]
struct Cksum;

module! { Cksum, settings: Settings }

settings! {
    /// What the configuration says, for one scope.
    struct Settings {
        /// The largest file, in bytes, of which SITE CKSUM makes a sum.
        largest: u64 = CksumMaxSize "bytes" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, default: "1073741824", parse: parse::number;
    }
}

command! {
    /// Tells the checksum and the size that cksum(1) prints.
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
    // Reading a file is something to wait for.
    if at.command.argument.is_empty() { refuse(501, "SITE CKSUM needs a pathname") } else { Ok(Step::Wait) }
}

async fn sum(at: &mut Moment<'_>) -> Result<Step> {
    let largest = at.settings::<Settings>().largest;
    let path = at.path();
    // Root, <Limit> and the user's rights are seen to by the session's files.
    let OpenFile { file, metadata } = at.files.open(&path, Open::Read).await?;
    if metadata.size > largest {
        return refuse(550, format!("{path}: larger than {largest} bytes"));
    }
    let mut sum = Sum::new().ok_or_else(|| Error::system("there is no memory for a checksum"))?;
    let mut read = 0;
    // No further than it was long: it may be growing.
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
