//! DELE, RNFR, RNTO (RFC 959), SIZE and MDTM (RFC 3659).

use gantry_api::Type;
use gantry_api::files::{Kind, Links, Target};
use gantry_api::prelude::*;
use gantry_api::proto::time;

use crate::parameters::{done, path, shown};
use crate::settings::Settings;

command! {
    /// Removes a file.
    DELE "<sp> pathname", class: WRITE, path: Whole, wait: delete;
    /// Names what RNTO renames.
    RNFR "<sp> pathname", class: WRITE | MISC, path: Whole, wait: rename_from;
    /// Renames what RNFR named.
    RNTO "<sp> pathname", class: WRITE | MISC, path: Whole, does: [RNFR], wait: rename_to;
    /// Returns the size of a file in bytes.
    SIZE "<sp> pathname", class: INFO, limit: READ, path: Whole, feature: "SIZE", wait: size;
    /// Returns when a file was last modified.
    MDTM "<sp> pathname", class: INFO | DIRS, path: Whole, feature: "MDTM", wait: modified;
}

/// The module's state in a session. RNFR's path is kept in the session, for the logs of RNTO (%w).
#[derive(Debug, Default)]
struct Pending {
    /// Whether RNTO may follow.
    rename: bool,
}

hook! {
    post_error [RNTO], at_once: forget;
}

/// Whatever refused RNTO, RNFR comes first again.
fn forget(at: &mut Moment<'_>) -> Result<Step> {
    at.state.of::<Pending>().rename = false;
    Ok(Step::Next)
}

async fn delete(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    // Only for the logs: the removal itself reports whether it is possible.
    let size = at.files.metadata(&path, Links::Keep).await.ok().map(|found| found.size);
    match at.files.remove_file(&path).await {
        // The root: the system has no name for it.
        Err(error) if error.kind() == ErrorKind::Busy => return Err(Error::of(ErrorKind::IsDirectory)),
        removed => removed?,
    }
    at.session.deleted = size;
    done(at, 250, "DELE command successful")
}

async fn rename_from(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    if at.state.of::<Pending>().rename {
        return refuse(501, "Bad sequence of commands");
    }
    at.files.metadata(&path, Links::Keep).await?;
    at.dialogue.rename_from = Some(path);
    at.state.of::<Pending>().rename = true;
    done(at, 350, "File or directory exists, ready for destination name")
}

/// RNTO. If AllowOverwrite is off, the system itself protects an existing target, so that no file
/// can appear between check and rename.
async fn rename_to(at: &mut Moment<'_>) -> Result<Step> {
    let to = path(at)?;
    let pending = std::mem::take(&mut at.state.of::<Pending>().rename);
    let Some(from) = at.dialogue.rename_from.clone().filter(|_| pending) else {
        return refuse(503, "Bad sequence of commands");
    };
    let target = match at.settings::<Settings>().allow_overwrite {
        Some(true) => Target::Replace,
        _ => Target::Keep,
    };
    let renamed = at.files.rename(&from, &to, target).await;
    let is_kept = renamed.is_err() && target == Target::Keep && from != to;
    if is_kept && at.files.metadata(&to, Links::Keep).await.is_ok() {
        return refuse(550, format!("{}: Rename permission denied", shown(&at.command.argument)));
    }
    match renamed {
        // In ProFTPD's words.
        Err(error) if error.kind() == ErrorKind::IsDirectory => {
            refuse(550, format!("{}: Operation not permitted", shown(&at.command.argument)))
        }
        renamed => {
            renamed?;
            done(at, 250, "Rename successful")
        }
    }
}

/// SIZE. For ASCII the server would have to read the whole file.
async fn size(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    if at.dialogue.kind == Type::Ascii {
        return refuse(550, "SIZE not allowed in ASCII mode");
    }
    let metadata = at.files.metadata(&path, Links::Follow).await.map_err(absent)?;
    if metadata.kind != Kind::File {
        return refuse(550, format!("{}: not a regular file", shown(&at.command.argument)));
    }
    done(at, 213, metadata.size.to_string())
}

async fn modified(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    let metadata = at.files.metadata(&path, Links::Follow).await.map_err(absent)?;
    if metadata.kind != Kind::File {
        return refuse(550, format!("{}: not a plain file", shown(&at.command.argument)));
    }
    done(at, 213, time::format(metadata.modified))
}

/// As ProFTPD: what is below a file does not exist.
fn absent(error: Error) -> Error {
    if error.kind() == ErrorKind::NotDirectory { Error::of(ErrorKind::NotFound) } else { error }
}
