//! STOR and APPE (RFC 959): what the client sends, into a file.

use gantry_api::files::{File, Kind, Links, Open};
use gantry_api::prelude::*;
use gantry_api::session::Direction;

use crate::copy::{self, Progress};
use crate::outcome::{begin, end, opening, shown};
use crate::settings::Settings;

/// Where in a file an upload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Into a file that does not exist yet.
    New,
    /// Over what is there.
    Over,
    /// From an offset on.
    From(u64),
    /// Behind the end.
    Behind,
}

/// STOR and APPE.
pub(crate) async fn store(at: &mut Moment<'_>) -> Result<Step> {
    let offset = std::mem::take(&mut at.session.restart);
    if at.command.argument.is_empty() {
        return refuse(500, format!("'{}' not understood", at.command.verb));
    }
    let path = at.path();
    let place = place(at, &path, offset).await?;
    let file = open(at, &path, place).await?;
    let opening = opening(at.session.kind, &at.command.argument, None);
    receive(at, path, &*file, place, opening).await
}

/// STOU's part: into a file that has just been made.
pub(crate) async fn into_new(at: &mut Moment<'_>, path: VirtualPath, file: &dyn File, opening: Reply) -> Result<Step> {
    receive(at, path, file, Place::New, opening).await
}

/// Where the upload is written, or why it is refused.
async fn place(at: &mut Moment<'_>, path: &VirtualPath, offset: u64) -> Result<Place> {
    let settings = at.settings::<Settings>();
    let appends = at.command.verb == Verb::APPE;
    if appends && offset > 0 {
        // Two places are named, and neither RFC says which counts.
        return refuse(501, "REST: not allowed before APPE");
    }
    let found = at.session.files.metadata(path, Links::Follow).await;
    let resumes = appends || offset > 0;
    match found {
        Ok(_) if !appends && !settings.overwrite => {
            refuse(550, format!("{}: Overwrite permission denied", shown(at.command)))
        }
        Ok(_) if resumes && !settings.store_restart => {
            refuse(451, format!("{}: Append/Restart not permitted, try again", shown(at.command)))
        }
        Ok(found) if found.kind != Kind::File => refuse(550, format!("{}: Not a regular file", shown(at.command))),
        Ok(found) if offset > found.size => refuse(554, format!("REST: invalid {} argument", shown(at.command))),
        Ok(_) if appends => Ok(Place::Behind),
        Ok(_) if offset > 0 => Ok(Place::From(offset)),
        Ok(_) => Ok(Place::Over),
        Err(_) if offset > 0 => refuse(554, format!("REST: invalid {} argument", shown(at.command))),
        // Opening it tells what is wrong, if it is more than that there is no such file yet.
        Err(_) => Ok(Place::New),
    }
}

/// Opens the file; one that exists keeps its contents until the data connection stands.
async fn open(at: &mut Moment<'_>, path: &VirtualPath, place: Place) -> Result<Box<dyn File>> {
    let purpose = match place {
        Place::New => Open::Create,
        Place::Over | Place::From(_) => Open::Update,
        Place::Behind => Open::Append,
    };
    at.session.files.open(path, purpose).await
}

async fn receive(
    at: &mut Moment<'_>,
    path: VirtualPath,
    file: &dyn File,
    place: Place,
    opening: Reply,
) -> Result<Step> {
    let mut link = match at.session.data.open().await {
        Ok(link) => link,
        Err(error) => {
            if place == Place::New {
                remove(at, &path).await;
            }
            return Err(error);
        }
    };
    begin(at.session, path.clone(), Direction::In);
    let mut progress = Progress::new(at.session.kind, 0);
    let result = async {
        progress.offset = match place {
            Place::From(offset) => offset,
            Place::Behind => file.metadata().await?.size,
            Place::New => 0,
            Place::Over => file.truncate(0).await.map(|()| 0)?,
        };
        at.session.control.send(opening).await?;
        copy::receive(&mut *link, file, &mut progress).await?;
        link.finish().await
    };
    let result = result.await;
    end(at.session, &progress, &result);
    if result.is_err() && at.settings::<Settings>().delete_aborted {
        remove(at, &path).await;
    }
    result?;
    at.session.respond(226, "Transfer complete");
    Ok(Step::Done)
}

/// Removes what should not stay; the reply tells of the transfer alone.
async fn remove(at: &mut Moment<'_>, path: &VirtualPath) {
    if let Err(error) = at.session.files.remove_file(path).await {
        log!(Info, "cannot remove the incomplete {path}: {error}");
    }
}
