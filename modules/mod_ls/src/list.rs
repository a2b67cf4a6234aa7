//! LIST and NLST (RFC 959), on a data connection. Both are always in ASCII, whatever TYPE said.

use gantry_api::files::{Files, Kind, Links, Metadata};
use gantry_api::prelude::*;
use gantry_api::proto::glob;
use gantry_api::proto::listing::ListOptions;
use gantry_api::transfer::{Direction, Transfer};
use gantry_listing::SessionNames;

use crate::Ls;
use crate::expand::expand;
use crate::output::Output;
use crate::settings::Settings;
use crate::walk::{Form, Walk};

command! {
    /// Lists a directory for people, on a data connection.
    LIST "[<sp> pathname]", class: DIRS, path: AfterOptions, wait: list;
    /// Lists the names in a directory, on a data connection.
    NLST "[<sp> (pathname)]", class: DIRS, path: AfterOptions, does: [LIST], wait: names;
}

/// The options and the path. As in ProFTPD, what names a file is no option.
async fn options<'a>(
    command: &'a Command,
    session: &Session,
    files: &dyn Files,
    settings: &Settings,
) -> (ListOptions, &'a [u8]) {
    let argument = command.argument.as_slice();
    let path = session.resolve(argument);
    let is_name = argument.starts_with(b"-") && files.metadata(&path, Links::Keep).await.is_ok();
    let (options, path) = settings.options.of(command);
    if is_name { (ListOptions::default(), argument) } else { (options, path) }
}

/// A path as NLST shows it before the names in it: without `.` and what `..` takes back.
fn plain(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
        match parts.last() {
            Some(last) if part == b".." && *last != b".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let root: &[u8] = if path.starts_with(b"/") { b"/" } else { b"" };
    [root, &parts.join(&b'/')[..]].concat()
}

/// What is to be listed.
#[derive(Debug)]
pub(crate) enum Subject {
    /// A folder's contents.
    Folder(Vec<u8>),
    /// Names by themselves.
    Names(Vec<(Vec<u8>, Metadata)>),
}

async fn list(ls: &Ls, at: &mut Moment<'_>) -> Result<Step> {
    let settings = at.settings::<Settings>();
    let (options, path) = options(at.command, at.session, at.files, settings).await;
    let patterns = if settings.patterns { Patterns::Yes } else { Patterns::No };
    let mut options = options;
    options.recursive &= !options.names_only;
    let subject = match subject(at.session, at.files, path, &options, settings, patterns).await {
        // As ProFTPD: what could have been a pattern stands for nothing.
        Err(_) if !settings.patterns && glob::is_pattern(path) => Ok(Subject::Names(Vec::new())),
        subject => subject,
    };
    // As ProFTPD: what cannot be listed is told when the connection stands.
    let output = open(at, path).await?;
    let result = match subject {
        // The working directory is no more.
        Err(error) if path.is_empty() && error.kind() == ErrorKind::NotFound => output.finish().await,
        Ok(subject) => {
            let names = ls.names.of(at.session, &at.world.services);
            write((at.session, at.files), names, settings, options, Form::Long, subject, output).await
        }
        Err(error) => output.finish().await.and(Err(error)),
    };
    finish(at, settings, result)
}

async fn names(ls: &Ls, at: &mut Moment<'_>) -> Result<Step> {
    let settings = at.settings::<Settings>();
    let (mut options, path) = options(at.command, at.session, at.files, settings).await;
    // Of these, a list of names for programs has nothing.
    (options.long, options.recursive, options.directory, options.columns) = (false, false, false, false);
    let patterns = if settings.patterns { Patterns::Yes } else { Patterns::No };
    let subject = match subject(at.session, at.files, path, &options, settings, patterns).await {
        Ok(Subject::Names(found)) if found.is_empty() => {
            return absent(at, settings, path, nothing_there("No files found")).await;
        }
        Ok(Subject::Folder(path)) => Subject::Folder(plain(&path)),
        Ok(Subject::Names(found)) => {
            let shown = found.into_iter().map(|(path, found)| {
                // A pattern's folders keep their slash.
                let is_folder = found.kind == Kind::Directory && path.ends_with(b"/");
                (if is_folder { path } else { plain(&path) }, found)
            });
            Subject::Names(shown.collect())
        }
        Err(error) => return absent(at, settings, path, error).await,
    };
    let form = if path.is_empty() || options.names_only { Form::Name } else { Form::Path };
    let output = open(at, path).await?;
    let names = ls.names.of(at.session, &at.world.services);
    let result = write((at.session, at.files), names, settings, options, form, subject, output).await;
    finish(at, settings, result)
}

/// Whether a path may be a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patterns {
    Yes,
    No,
}

/// What a path or pattern stands for; 450 when there is nothing.
pub(crate) async fn subject(
    session: &Session,
    files: &dyn Files,
    path: &[u8],
    options: &ListOptions,
    settings: &Settings,
    patterns: Patterns,
) -> Result<Subject> {
    let is_single = |metadata: &Metadata| metadata.kind != Kind::Directory || options.directory;
    match files.metadata(&session.resolve(path), Links::Follow).await {
        Ok(metadata) if is_single(&metadata) => {
            // A link that is named itself is shown as a link.
            let own = files.metadata(&session.resolve(path), Links::Keep).await;
            let own = own.ok().filter(|_| !options.follow && settings.links).unwrap_or(metadata);
            let name = if path.is_empty() { b"." } else { path };
            Ok(Subject::Names(vec![(name.to_vec(), own)]))
        }
        Ok(_) => Ok(Subject::Folder(path.to_vec())),
        // A name that is there counts before a pattern: names may have brackets.
        Err(_) if patterns == Patterns::Yes && glob::is_pattern(path) => matching(session, files, path).await,
        Err(error) => Err(nothing_there([path, b": ", error.text().as_bytes()].concat())),
    }
}

/// What is said where there is nothing, as ProFTPD says it.
fn nothing_there(text: impl AsRef<[u8]>) -> Error {
    Error::client(450, String::from_utf8_lossy(text.as_ref())).with_kind(ErrorKind::NotFound)
}

/// The lines.
async fn write(
    (session, files): (&Session, &dyn Files),
    names: SessionNames<'_>,
    settings: &Settings,
    options: ListOptions,
    form: Form,
    subject: Subject,
    output: Output,
) -> Result<()> {
    let mut walk = Walk::new((session, files), names, settings, options, form, output)?;
    match subject {
        Subject::Folder(path) => walk.folder(&path).await?,
        Subject::Names(found) => {
            for (name, metadata) in found {
                walk.single(&name, metadata).await?;
            }
        }
    }
    walk.into_output().finish().await
}

async fn matching(session: &Session, files: &dyn Files, pattern: &[u8]) -> Result<Subject> {
    let mut found = Vec::new();
    for path in expand(session, files, pattern).await? {
        if let Ok(metadata) = files.metadata(&session.resolve(&path), Links::Keep).await {
            found.push((path, metadata));
        }
    }
    Ok(Subject::Names(found))
}

/// The data connection, after its 150.
async fn open(at: &mut Moment<'_>, path: &[u8]) -> Result<Output> {
    let transfer = Transfer::new(at.session.resolve(path), Direction::Out, at.dialogue.kind);
    let opening = transfer.opening(b"file list");
    Ok(Output::data(at.begin(transfer, opening).await?))
}

/// NLST's end where there is nothing: an error, or an empty list where NoErrorIfAbsent says so.
async fn absent(at: &mut Moment<'_>, settings: &Settings, path: &[u8], error: Error) -> Result<Step> {
    if !settings.options.silent {
        return Err(error);
    }
    open(at, path).await?.finish().await?;
    // As ProFTPD, which says so twice.
    at.dialogue.reply = Some(Reply::new(226, "Transfer complete").line("Transfer complete"));
    Ok(Step::Done)
}

fn finish(at: &mut Moment<'_>, settings: &Settings, result: Result<()>) -> Result<Step> {
    match result {
        Err(error) if settings.options.silent && error.kind() == ErrorKind::NotFound => {}
        result => result?,
    }
    at.respond(226, "Transfer complete");
    Ok(Step::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_plain() {
        for (path, shown) in [
            (&b"./a"[..], &b"a"[..]),
            (b"a/../b/.", b"b"),
            (b"../a/", b"../a"),
            (b"../../x", b"../../x"),
            (b"/a//b", b"/a/b"),
            (b".", b""),
            (b"/", b"/"),
        ] {
            assert_eq!(plain(path), shown);
        }
    }
}
