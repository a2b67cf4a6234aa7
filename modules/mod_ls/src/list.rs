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
    let (options, path) = settings.options.of(at.command);
    let subject = subject(at.session, at.files, path, &options, settings).await;
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
    let (mut options, path) = settings.options.of(at.command);
    // Of these, a list of names for programs has nothing.
    (options.long, options.recursive) = (false, false);
    let subject = match subject(at.session, at.files, path, &options, settings).await {
        Ok(Subject::Names(found)) if found.is_empty() => {
            return absent(at, settings, path, nothing_there("No files found")).await;
        }
        Ok(subject) => subject,
        Err(error) => return absent(at, settings, path, error).await,
    };
    let form = if path.is_empty() { Form::Name } else { Form::Path };
    let output = open(at, path).await?;
    let names = ls.names.of(at.session, &at.world.services);
    let result = write((at.session, at.files), names, settings, options, form, subject, output).await;
    finish(at, settings, result)
}

/// What a path or pattern stands for; 450 when there is nothing.
pub(crate) async fn subject(
    session: &Session,
    files: &dyn Files,
    path: &[u8],
    options: &ListOptions,
    settings: &Settings,
) -> Result<Subject> {
    let is_single = |metadata: &Metadata| metadata.kind != Kind::Directory || options.directory;
    match files.metadata(&session.resolve(path), Links::Follow).await {
        Ok(metadata) if is_single(&metadata) => {
            // A link that is named itself is shown as a link.
            let own = files.metadata(&session.resolve(path), Links::Keep).await;
            let own = own.ok().filter(|_| !options.follow).unwrap_or(metadata);
            let name = if path.is_empty() { b"." } else { path };
            Ok(Subject::Names(vec![(name.to_vec(), own)]))
        }
        Ok(_) => Ok(Subject::Folder(path.to_vec())),
        // A name that is there counts before a pattern: names may have brackets.
        Err(_) if settings.patterns && glob::is_pattern(path) => matching(session, files, path).await,
        Err(error) => match files.metadata(&session.resolve(path), Links::Keep).await {
            Ok(link) => Ok(Subject::Names(vec![(path.to_vec(), link)])),
            Err(_) => Err(nothing_there(&format!("{}: {}", String::from_utf8_lossy(path), error.text()))),
        },
    }
}

/// What is said where there is nothing, as ProFTPD says it.
fn nothing_there(text: &str) -> Error {
    Error::client(450, text).with_kind(ErrorKind::NotFound)
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
    let result = open(at, path).await?.finish().await;
    finish(at, settings, result)
}

fn finish(at: &mut Moment<'_>, settings: &Settings, result: Result<()>) -> Result<Step> {
    match result {
        Err(error) if settings.options.silent && error.kind() == ErrorKind::NotFound => {}
        result => result?,
    }
    at.respond(226, "Transfer complete");
    Ok(Step::Done)
}
