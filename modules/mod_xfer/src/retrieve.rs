//! RETR (RFC 959): a file, from an offset on, to the client.

use gantry_api::files::{File, Files, Kind, Links, Open, OpenFile};
use gantry_api::prelude::*;
use gantry_api::transfer::{Direction, Transfer};

use crate::range::Until;
use crate::settings::Settings;
use crate::shown::shown;

command! {
    /// Sends a file to the client.
    RETR "<sp> pathname", class: READ, path: Whole, wait: retrieve;
}

async fn retrieve(at: &mut Moment<'_>) -> Result<Step> {
    let offset = std::mem::take(&mut at.dialogue.restart);
    let range = at.dialogue.range.take();
    if at.command.argument.is_empty() {
        return refuse(500, "'RETR' not understood");
    }
    let places = at.settings::<Settings>().transfers.take(at)?;
    let done = send(at, offset, range).await;
    places.give_back(at);
    done
}

async fn send(at: &mut Moment<'_>, offset: u64, range: Option<(u64, u64)>) -> Result<Step> {
    let path = at.path();
    let opened = at.files.open(&path, Open::Read).await;
    if opened.is_err() && leads_nowhere(at.files, &path).await {
        return refuse(550, format!("{}: Not a regular file", shown(at.command)));
    }
    let OpenFile { file, metadata } = opened?;
    let (file, offset, remaining) = match range {
        None => (file, offset, check(at, offset, metadata.size)?),
        Some((first, _)) if first >= metadata.size => {
            return refuse(554, format!("RANG: invalid {} argument", shown(at.command)));
        }
        Some((first, last)) => {
            let end = last.saturating_add(1).min(metadata.size);
            (Box::new(Until { file, end }) as Box<dyn File>, first, end.saturating_sub(first))
        }
    };
    let kind = at.settings::<Settings>().kind(at.dialogue.kind);
    let transfer = Transfer::new(path, Direction::Out, kind).from(offset).expecting(remaining);
    let opening = transfer.opening(&at.command.argument);
    at.settings::<Settings>().sizes.bound_download(at, metadata.size);
    at.settings::<Settings>().rates.slow(at);
    let mut link = at.begin(transfer, opening).await?;
    link.send_file(&*file).await?;
    link.finish().await?;
    at.session.files.1 = at.session.files.1.saturating_add(1);
    at.respond(226, "Transfer complete");
    Ok(Step::Done)
}

/// Whether a path is a link that leads to nothing: to ProFTPD that is no regular file.
pub(crate) async fn leads_nowhere(files: &dyn Files, path: &VirtualPath) -> bool {
    let found = files.metadata(path, Links::Keep).await;
    found.is_ok_and(|found| found.kind == Kind::Link) && files.metadata(path, Links::Follow).await.is_err()
}

/// How many bytes are left behind the offset.
fn check(at: &Moment<'_>, offset: u64, size: u64) -> Result<u64> {
    if offset > 0 && !at.settings::<Settings>().retrieve_restart {
        return refuse(451, format!("{}: Restart not permitted, try again", shown(at.command)));
    }
    match size.checked_sub(offset) {
        Some(remaining) => Ok(remaining),
        None => refuse(554, format!("REST: invalid {} argument", shown(at.command))),
    }
}
