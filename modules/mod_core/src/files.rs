//! DELE, RNFR, RNTO (RFC 959), SIZE and MDTM (RFC 3659).

use gantry_api::files::{Kind, Links, Target};
use gantry_api::prelude::*;
use gantry_api::proto::time;
use gantry_api::session::Type;

use crate::Settings;
use crate::parameters::{done, path, shown};

command! {
    DELE "<sp> pathname";
    RNFR "<sp> pathname";
    RNTO "<sp> pathname";
    SIZE "<sp> pathname", feature: "SIZE";
    MDTM "<sp> pathname", feature: "MDTM";
}

/// DELE.
pub(crate) async fn delete(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    at.session.files.remove_file(&path).await?;
    done(at, 250, "DELE command successful")
}

/// RNFR.
pub(crate) async fn rename_from(at: &mut Moment<'_>) -> Result<Step> {
    at.session.rename_from = None;
    let path = path(at)?;
    at.session.files.metadata(&path, Links::Keep).await?;
    at.session.rename_from = Some(path);
    done(at, 350, "File or directory exists, ready for destination name")
}

/// RNTO. Where AllowOverwrite is off the system itself keeps the target, so that none can slip in between check and
/// rename.
pub(crate) async fn rename_to(at: &mut Moment<'_>) -> Result<Step> {
    let to = path(at)?;
    let Some(from) = at.session.rename_from.clone() else {
        return refuse(503, "Bad sequence of commands");
    };
    let target = match at.settings::<Settings>().allow_overwrite {
        true => Target::Replace,
        false => Target::Keep,
    };
    let renamed = at.session.files.rename(&from, &to, target).await;
    if renamed.is_err() && target == Target::Keep && from != to && at.session.files.metadata(&to, Links::Keep).await.is_ok() {
        at.session.rename_from = None;
        return refuse(550, format!("{}: Rename permission denied", shown(&at.command.argument)));
    }
    // What RNFR named is of no further use, but logs of this command show it (%w).
    if renamed.is_err() {
        at.session.rename_from = None;
    }
    renamed?;
    done(at, 250, "Rename successful")
}

/// SIZE: in ASCII the size on the wire could be told only by reading the file.
pub(crate) async fn size(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    if at.session.kind == Type::Ascii {
        return refuse(550, "SIZE not allowed in ASCII mode");
    }
    let metadata = at.session.files.metadata(&path, Links::Follow).await?;
    if metadata.kind != Kind::File {
        return refuse(550, format!("{}: not a regular file", shown(&at.command.argument)));
    }
    done(at, 213, metadata.size.to_string())
}

/// MDTM.
pub(crate) async fn modified(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    let metadata = at.session.files.metadata(&path, Links::Follow).await?;
    if metadata.kind != Kind::File {
        return refuse(550, format!("{}: not a plain file", shown(&at.command.argument)));
    }
    done(at, 213, time::format(metadata.modified))
}
