//! PWD, CWD, CDUP, MKD and RMD with their X forms (RFC 959, RFC 1123).

use gantry_api::prelude::*;
use gantry_api::proto::reply::quoted_path;

use crate::parameters::{done, none, path};

command! {
    PWD "(returns current working directory)";
    XPWD "(returns current working directory)";
    CWD "<sp> pathname";
    XCWD "<sp> pathname";
    CDUP "(up one directory)";
    XCUP "(up one directory)";
    MKD "<sp> pathname";
    XMKD "<sp> pathname";
    RMD "<sp> pathname";
    XRMD "<sp> pathname";
}

/// PWD.
pub(crate) fn print(at: &mut Moment<'_>) -> Result<Step> {
    none(at)?;
    let mut text = quoted_path(at.session.cwd.as_bytes());
    text.extend_from_slice(b" is the current directory");
    done(at, 257, text)
}

/// CWD.
pub(crate) async fn change(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    enter(at, path).await
}

/// CDUP.
pub(crate) async fn up(at: &mut Moment<'_>) -> Result<Step> {
    none(at)?;
    let parent = at.session.cwd.parent();
    enter(at, parent).await
}

/// MKD.
pub(crate) async fn make(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    at.session.files.create_directory(&path).await?;
    let mut text = quoted_path(path.as_bytes());
    text.extend_from_slice(b" - Directory successfully created");
    done(at, 257, text)
}

/// RMD.
pub(crate) async fn remove(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    at.session.files.remove_directory(&path).await?;
    done(at, 250, format!("{} command successful", at.command.verb))
}

async fn enter(at: &mut Moment<'_>, path: VirtualPath) -> Result<Step> {
    at.session.files.enter(&path).await?;
    at.session.cwd = path;
    done(at, 250, format!("{} command successful", at.command.verb))
}
