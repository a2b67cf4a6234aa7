//! STAT of a path (RFC 959): a listing on the control connection.

use gantry_api::files::{Kind, Links};
use gantry_api::prelude::*;
use gantry_api::proto::listing::ListOptions;
use gantry_api::proto::listing::options::HiddenNames;

use crate::Ls;
use crate::list::{Patterns, Subject, subject};
use crate::output::Output;
use crate::settings::Settings;
use crate::walk::{Form, Walk};

/// The most lines of a reply, which is built in memory before it is sent.
const MOST: u64 = 10_000;

hook! {
    command [STAT], at_once: with_path, wait: stat;
}

/// Without a path, another module shows the state of the session.
fn with_path(at: &mut Moment<'_>) -> Result<Step> {
    Ok(if at.command.argument.is_empty() { Step::Next } else { Step::Wait })
}

/// STAT of a path: 212 for a folder, 213 for a file.
async fn stat(ls: &Ls, at: &mut Moment<'_>) -> Result<Step> {
    let settings = at.settings::<Settings>();
    // As ProFTPD, which reads no option here and lets one word of options pass.
    let argument = at.command.argument.trim_ascii_start();
    let path = match argument.strip_prefix(b"-") {
        Some(rest) => rest.splitn(2, |byte| *byte == b' ').nth(1).unwrap_or_default(),
        None => argument,
    };
    let path = if path.is_empty() { b"." } else { path };
    let options = ListOptions { hidden: HiddenNames::All, ..ListOptions::default() };
    let subject = subject(at.session, at.files, path, &options, settings, Patterns::No).await?;
    let is_link =
        at.files.metadata(&at.session.resolve(path), Links::Keep).await.is_ok_and(|found| found.kind == Kind::Link);
    let names = ls.names.of(at.session, &at.world.services);
    let mut walk = Walk::new((at.session, at.files), names, settings, options, Form::Long, Output::Reply(Vec::new()))?;
    walk.limit(MOST);
    let code = match subject {
        Subject::Folder(path) => {
            walk.folder(&path).await?;
            // As ProFTPD, to which a link is no folder.
            if is_link { 213 } else { 212 }
        }
        Subject::Names(found) => {
            for (name, metadata) in found {
                walk.single(&name, metadata).await?;
            }
            213
        }
    };
    let mut output = walk.into_output();
    let lines = std::mem::take(output.lines());
    let mut reply = Reply::new(code, [b"Status of ", path, b":"].concat());
    let lines = lines.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.is_empty()).for_each(|line| reply.push(line));
    at.dialogue.reply = Some(reply.line("End of status"));
    Ok(Step::Done)
}
