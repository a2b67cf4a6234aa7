//! Shared by the modules that show files to clients (ProFTPD's Display directives): finds the
//! file, and writes its lines with their variables. This is not a module and has no commands.

mod facts;
mod file;
mod text;
mod values;

pub use facts::Facts;

use std::time::SystemTime;

use gantry_api::prelude::*;

use file::ReadFile;
use values::Values;

/// The lines of the file that a directive names; none if it cannot be read, which is no error.
///
/// An absolute path is first one of the host, then one inside the session's root. A relative one
/// is looked for in the working directory. Hooks and handlers of commands call this in `wait`.
pub async fn lines(at: &mut Moment<'_>, path: &str, facts: &Facts) -> Option<Vec<Vec<u8>>> {
    let file = file::read(at, path).await?;
    Some(expanded(at, file, facts).await)
}

async fn expanded(at: &mut Moment<'_>, file: ReadFile, facts: &Facts) -> Vec<Vec<u8>> {
    let name = match text::names_host(&file.bytes) {
        true => values::host_name(at.session.local.ip()).await,
        false => String::new(),
    };
    let subject = at.subject(SystemTime::now());
    let values = Values { subject, facts, available: file.available, host: &name };
    text::lines(&file.bytes, &values)
}

/// Shows a file before the reply that the command has.
pub async fn show(at: &mut Moment<'_>, path: &str, facts: &Facts) {
    if let Some(lines) = lines(at, path, facts).await {
        put_before(at, lines);
    }
}

/// The same, where an absolute path is one inside the session's root and nothing else.
pub async fn show_inside(at: &mut Moment<'_>, path: &str, facts: &Facts) {
    if let Some(file) = file::read_inside(at, path).await {
        let lines = expanded(at, file, facts).await;
        put_before(at, lines);
    }
}

fn put_before(at: &mut Moment<'_>, mut lines: Vec<Vec<u8>>) {
    if let Some(reply) = &mut at.dialogue.reply {
        lines.append(&mut reply.lines);
        reply.lines = lines;
    }
}

/// The place of a file in a session's root.
pub fn place(session: &Session, path: &str) -> VirtualPath {
    session.resolve(path.as_bytes())
}
