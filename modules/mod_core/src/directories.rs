//! PWD, CWD, CDUP, MKD and RMD with their X forms (RFC 959, RFC 1123).

use gantry_api::files::Links;
use gantry_api::prelude::*;
use gantry_api::proto::reply::quoted_path;

use crate::parameters::{done, none, path, shown};
use crate::settings::Settings;

command! {
    /// Names the working directory.
    PWD | XPWD "(returns current working directory)", class: INFO | DIRS, at_once: print;
    /// Changes the working directory.
    CWD | XCWD "<sp> pathname", class: DIRS, path: Whole, does: [RETR], wait: change;
    /// Changes to the directory above the working one.
    CDUP | XCUP "(up one directory)", class: DIRS, path: Parent, does: [CWD, RETR], wait: up;
    /// Makes a directory.
    MKD | XMKD "<sp> pathname", class: DIRS | WRITE, limit: WRITE, path: Whole, wait: make;
    /// Removes an empty directory.
    RMD | XRMD "<sp> pathname", class: DIRS | WRITE, limit: WRITE, path: Whole, wait: remove;
}

fn print(at: &mut Moment<'_>) -> Result<Step> {
    none(at)?;
    let mut text = quoted_path(at.session.cwd.as_bytes());
    text.extend_from_slice(b" is the current directory");
    done(at, 257, text)
}

async fn change(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    let settings = at.settings::<Settings>();
    if settings.search.is_empty() || at.command.argument.starts_with(b"/") {
        return enter(at, path).await;
    }
    let first = at.files.enter(&path).await;
    if first.is_ok() {
        return enter(at, path).await;
    }
    for folder in &settings.search {
        let found = VirtualPath::root().join(folder.as_bytes()).join(&at.command.argument);
        if at.files.enter(&found).await.is_ok() {
            return enter(at, found).await;
        }
    }
    enter(at, path).await
}

async fn up(at: &mut Moment<'_>) -> Result<Step> {
    none(at)?;
    let parent = at.session.cwd.parent();
    enter(at, parent).await
}

async fn make(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    if at.command.argument.contains(&b'*') {
        return refuse(550, format!("{}: Invalid directory name", shown(&at.command.argument)));
    }
    match at.files.create_directory(&path).await {
        // The root: the system has no name for it.
        Err(error) if error.kind() == ErrorKind::Busy => return Err(Error::of(ErrorKind::Exists)),
        made => made?,
    }
    let mut text = quoted_path(path.as_bytes());
    text.extend_from_slice(b" - Directory successfully created");
    done(at, 257, text)
}

async fn remove(at: &mut Moment<'_>) -> Result<Step> {
    let path = path(at)?;
    at.files.remove_directory(&path).await?;
    done(at, 250, format!("{} command successful", at.command.verb))
}

async fn enter(at: &mut Moment<'_>, path: VirtualPath) -> Result<Step> {
    match at.files.enter(&path).await {
        Ok(real) => at.session.cwd = real,
        Err(error) => {
            // As ProFTPD, which says of what it cannot look at that it does not exist.
            let exists = at.files.metadata(&path, Links::Follow).await.is_ok();
            return Err(if exists { error } else { Error::of(ErrorKind::NotFound) });
        }
    }
    done(at, 250, format!("{} command successful", at.command.verb))
}
