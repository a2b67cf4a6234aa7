//! STOR and APPE (RFC 959): what the client sends, into a file.

use std::ops::RangeInclusive;

use gantry_api::Fault;
use gantry_api::files::{Created, File, Kind, Links, Metadata, Open, OpenFile, Target};
use gantry_api::prelude::*;
use gantry_api::transfer::{Direction, Transfer};

use crate::hidden::{Affixes, Hidden};
use crate::range::RangeMeter;
use crate::retrieve::leads_nowhere;
use crate::settings::Settings;
use crate::shown::shown;

command! {
    /// Stores what the client sends as a file.
    STOR "<sp> pathname", class: WRITE, path: Whole, does: [RETR, RNFR, RNTO, DELE], wait: store;
    /// Appends what the client sends to a file.
    APPE "<sp> pathname", class: WRITE, path: Whole, does: [STOR, RETR], wait: store;
}

/// Where in a file an upload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Into a file that does not exist yet.
    New,
    /// Over what is there, which has this size.
    Over(u64),
    /// From an offset on into a file of this size.
    From { offset: u64, size: u64 },
    /// Behind the end, which was here when the file was opened.
    Behind(u64),
}

impl Place {
    fn offset(self) -> u64 {
        match self {
            Self::New | Self::Over(_) => 0,
            Self::From { offset, .. } | Self::Behind(offset) => offset,
        }
    }

    /// The size of the file that is there already.
    fn size_before(self) -> Option<u64> {
        match self {
            Self::New => None,
            Self::Over(size) | Self::From { size, .. } | Self::Behind(size) => Some(size),
        }
    }
}

async fn store(at: &mut Moment<'_>) -> Result<Step> {
    let range = at.dialogue.range.take();
    let rest = std::mem::take(&mut at.dialogue.restart);
    let offset = range.map_or(rest, |(first, _)| first);
    if at.command.argument.is_empty() {
        return refuse(500, format!("'{}' not understood", at.command.verb));
    }
    if range.is_some() && at.command.verb == Verb::APPE {
        return refuse(550, "APPE incompatible with RANG");
    }
    let places = at.settings::<Settings>().transfers.take(at)?;
    if let Some((first, last)) = range {
        at.meter(RangeMeter { left: last.saturating_sub(first).saturating_add(1) });
    }
    let done = store_at(at, offset, range).await;
    places.give_back(at);
    done
}

async fn store_at(at: &mut Moment<'_>, offset: u64, range: Option<(u64, u64)>) -> Result<Step> {
    let path = at.path();
    if at.command.verb == Verb::STOR
        && let Some(affixes) = &at.settings::<Settings>().hidden
    {
        if range.is_some() {
            return refuse(501, "RANG not compatible with server configuration");
        }
        return store_hidden(at, path, affixes, offset).await;
    }
    let (file, place) = file(at, &path, offset).await?;
    let mut transfer = transfer(at, path, place);
    if let Some((first, last)) = range {
        transfer = transfer.expecting(last.saturating_sub(first).saturating_add(1));
    }
    let opening = transfer.opening(&at.command.argument);
    receive(at, transfer, &Upload { file: &*file, place, hidden: None }, opening).await
}

/// The same under another name until all of it is there.
async fn store_hidden(at: &mut Moment<'_>, path: VirtualPath, affixes: &Affixes, offset: u64) -> Result<Step> {
    if offset > 0 {
        return refuse(501, "REST not compatible with server configuration");
    }
    let found = at.files.metadata(&path, Links::Follow).await.ok();
    let before = place(at, found, 0)?;
    let target = if at.settings::<Settings>().overwrite { Target::Replace } else { Target::Keep };
    let (hidden, file) = affixes.begin(at, &path, target).await?;
    let transfer = Transfer { size_before: before.size_before(), ..transfer(at, path, Place::New) };
    let opening = transfer.opening(&at.command.argument);
    receive(at, transfer, &Upload { file: &*file, place: Place::New, hidden: Some(hidden) }, opening).await
}

/// A file that is open for an upload.
struct Upload<'f> {
    file: &'f dyn File,
    /// Where in it the upload is written.
    place: Place,
    /// The name that it has until it is complete.
    hidden: Option<Hidden>,
}

/// STOU's part: into a file that has just been made.
pub(crate) async fn into_new(at: &mut Moment<'_>, path: VirtualPath, file: &dyn File, opening: Reply) -> Result<Step> {
    let transfer = transfer(at, path, Place::New);
    receive(at, transfer, &Upload { file, place: Place::New, hidden: None }, opening).await
}

fn transfer(at: &Moment<'_>, path: VirtualPath, place: Place) -> Transfer {
    let kind = at.settings::<Settings>().kind(at.dialogue.kind);
    let transfer = Transfer::new(path, Direction::In, kind).from(place.offset());
    Transfer { size_before: place.size_before(), ..transfer }
}

/// Opens the file and tells where in it the upload is written, or why it is refused.
async fn file(at: &mut Moment<'_>, path: &VirtualPath, offset: u64) -> Result<(Box<dyn File>, Place)> {
    let appends = at.command.verb == Verb::APPE;
    if appends && offset > 0 {
        // Two places are named, and neither RFC says which counts.
        return refuse(501, "REST: not allowed before APPE");
    }
    let found = if appends || offset > 0 {
        Ok(at.files.metadata(path, Links::Follow).await.ok())
    } else {
        match at.files.create(path).await {
            Ok(Created::New(new)) => return Ok((new.file, Place::New)),
            Ok(Created::Exists(found)) => Ok(Some(found)),
            Err(error) => Err(error),
        }
    };
    if !matches!(found, Ok(Some(_))) && leads_nowhere(at.files, path).await {
        return refuse(550, format!("{}: Not a regular file", shown(at.command)));
    }
    let found = found?;
    let place = place(at, found, offset)?;
    open(at, path, place).await
}

/// Where the upload is written into what was found.
fn place(at: &Moment<'_>, found: Option<Metadata>, offset: u64) -> Result<Place> {
    let settings = at.settings::<Settings>();
    let appends = at.command.verb == Verb::APPE;
    let resumes = appends || offset > 0;
    match found {
        Some(_) if !appends && !settings.overwrite => {
            refuse(550, format!("{}: Overwrite permission denied", shown(at.command)))
        }
        Some(_) if resumes && !settings.store_restart => {
            refuse(451, format!("{}: Append/Restart not permitted, try again", shown(at.command)))
        }
        Some(found) if found.kind != Kind::File => refuse(550, format!("{}: Not a regular file", shown(at.command))),
        Some(found) if offset > found.size => refuse(554, format!("REST: invalid {} argument", shown(at.command))),
        Some(found) if appends => Ok(Place::Behind(found.size)),
        Some(found) if offset > 0 => Ok(Place::From { offset, size: found.size }),
        Some(found) => Ok(Place::Over(found.size)),
        None if offset > 0 => refuse(554, format!("REST: invalid {} argument", shown(at.command))),
        // Opening it tells what is wrong, if it is more than that there is no such file yet.
        None => Ok(Place::New),
    }
}

/// Opens the file; one that exists keeps its contents until the data connection stands.
async fn open(at: &mut Moment<'_>, path: &VirtualPath, place: Place) -> Result<(Box<dyn File>, Place)> {
    let purpose = match place {
        Place::New => return append_to_new(at, path).await,
        Place::Over(_) | Place::From { .. } => Open::Update,
        Place::Behind(_) => {
            return Ok(behind(at.files.open(path, Open::Append).await?));
        }
    };
    Ok((at.files.open(path, purpose).await?.file, place))
}

fn behind(opened: OpenFile) -> (Box<dyn File>, Place) {
    (opened.file, Place::Behind(opened.metadata.size))
}

/// Makes the file, so that it is known whose it is, and opens it for appending: others may append to it already.
async fn append_to_new(at: &mut Moment<'_>, path: &VirtualPath) -> Result<(Box<dyn File>, Place)> {
    let made = at.files.open(path, Open::Create).await;
    let appended = at.files.open(path, Open::Append).await;
    match (made, appended) {
        (Ok(_), Ok(opened)) => Ok((opened.file, Place::New)),
        // The Umask lets nobody open it once more: so nobody else appends either.
        (Ok(created), Err(_)) => Ok((created.file, Place::New)),
        // Somebody else was quicker.
        (Err(_), Ok(opened)) => Ok(behind(opened)),
        (Err(error), Err(_)) => Err(error),
    }
}

async fn receive(at: &mut Moment<'_>, transfer: Transfer, upload: &Upload<'_>, opening: Reply) -> Result<Step> {
    let Upload { file, place, hidden } = upload;
    let (file, place) = (*file, *place);
    let path = hidden.as_ref().map_or(&transfer.path, |hidden| &hidden.path).clone();
    at.settings::<Settings>().sizes.bound_upload(at, transfer.offset);
    at.settings::<Settings>().rates.slow(at);
    let mut link = match at.begin(transfer, opening).await {
        Ok(link) => link,
        Err(error) => {
            if place == Place::New {
                remove(at, &path, file, 0..=0).await;
            }
            return Err(error);
        }
    };
    let received = async {
        if matches!(place, Place::Over(_)) {
            file.truncate(0).await?;
        }
        link.receive_file(file).await?;
        file.finish().await
    };
    let received = received.await;
    let wrote = link.moved();
    let result = match received {
        Ok(()) => link.finish().await,
        Err(error) => Err(error),
    };
    let result = match (result, hidden) {
        (Ok(()), Some(hidden)) => hidden.finish(at).await,
        (result, _) => result,
    };
    let whole = matches!(place, Place::New | Place::Over(_));
    let deletes = at.settings::<Settings>().delete_aborted.unwrap_or(hidden.is_some());
    let is_over_quota = result.as_ref().is_err_and(is_over_quota);
    if result.is_err() && whole && (deletes || is_over_quota) {
        remove(at, &path, file, wrote).await;
    } else if is_over_quota {
        cut_back(at, &path, file, place, wrote).await;
    }
    result?;
    at.session.files.0 = at.session.files.0.saturating_add(1);
    at.respond(226, "Transfer complete");
    Ok(Step::Done)
}

/// Whether a module's quota cut the upload, so that nothing of it may stay. The file system's quota is another.
fn is_over_quota(error: &Error) -> bool {
    error.kind() == ErrorKind::Quota && error.fault() == Fault::Client
}

/// Takes off what an upload has added to a file, but not what others have.
async fn cut_back(at: &mut Moment<'_>, path: &VirtualPath, file: &dyn File, place: Place, wrote: RangeInclusive<u64>) {
    let (offset, size) = (place.offset(), place.size_before().unwrap_or_default());
    let ends = offset.saturating_add(*wrote.start())..=offset.saturating_add(*wrote.end());
    if *ends.end() <= size {
        return;
    }
    let cut = match is_own(at, path, file, *ends.start().max(&size)..=*ends.end()).await {
        Ok(true) => file.truncate(size).await,
        Ok(false) => return log!(Info, "what was added to {path} stays: others have written to it, or replaced it"),
        Err(error) => Err(error),
    };
    if let Err(error) = cut {
        log!(Info, "cannot take off what was added to {path}: {error}");
    }
}

/// Removes what should not stay of an upload that wrote so many bytes; the reply tells of the transfer alone.
async fn remove(at: &mut Moment<'_>, path: &VirtualPath, file: &dyn File, wrote: RangeInclusive<u64>) {
    let removed = match is_own(at, path, file, wrote).await {
        Ok(true) => at.files.remove_file(path).await,
        Ok(false) => return log!(Info, "the incomplete {path} stays: others have written to it, or replaced it"),
        Err(error) => Err(error),
    };
    if let Err(error) = removed {
        log!(Info, "cannot remove the incomplete {path}: {error}");
    }
}

/// Whether a name still stands for this upload's file, and that holds what the upload wrote and no more: another
/// session may have stored its own by that name meanwhile.
async fn is_own(at: &mut Moment<'_>, path: &VirtualPath, file: &dyn File, wrote: RangeInclusive<u64>) -> Result<bool> {
    let own = file.metadata().await?;
    let named = at.files.metadata(path, Links::Keep).await?;
    Ok((own.device, own.inode) == (named.device, named.inode) && wrote.contains(&named.size))
}
