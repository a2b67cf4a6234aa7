//! The variables of every server: those of LogFormat and SQLNamedQuery in ProFTPD's manual, except
//! the forms that [`crate::Dialect`] parses. docs/variables.md is the list for administrators.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime};

use gantry_api::transfer::{Direction, Outcome, Transfer, Type};
use gantry_api::variable::{Kind, Out, Subject, Variable};
use gantry_api::{ANONYMOUS_PASSWORD, CommandClasses, IDENT_USER, PathArgument, Reply, Verb, VirtualPath};

/// `%t`, as in the Common Log Format.
pub const LOCAL_TIME: &str = "[%d/%b/%Y:%H:%M:%S %z]";

/// Names for strftime formats.
pub const TIMES: &[(&str, &str)] = &[("iso8601", "%Y-%m-%d %H:%M:%S,%3f"), ("microsecs", "%6f"), ("millisecs", "%3f")];

macro_rules! table {
    ($($name:literal $kind:ident $help:literal = $write:expr;)+) => {
        &[$(Variable {
            module: env!("CARGO_PKG_NAME"),
            name: $name,
            kind: Kind::$kind,
            help: $help,
            write: $write,
        }),+]
    };
}

/// The differences in SQLNamedQuery.
pub const SQL: &[Variable] = table! {
    "d" Text "the working directory" = |at, out| out.text(at.session.cwd.as_bytes());
};

/// LogFormat's variables.
pub const LOG: &[Variable] = table! {
    "a" Text "the client's address" = |at, out| out.show(at.session.remote.ip());
    "A" Text "the password of an anonymous client, or UNKNOWN" = anonymous_password;
    "b" Int "the number of bytes transferred, or of the deleted file" = bytes;
    "c" Text "the client's class" = |at, out| if let Some(class) = &at.session.class { out.text(class.as_bytes()) };
    "d" Text "the directory that the command is about, or else the working directory" = directory_name;
    "D" Text "the path on the host of the directory that the command is about" = directory_path;
    "E" Text "at EXIT, why the session ended" =
        |at, out| if let Some(ending) = &at.session.ending { out.text(&ending.0) };
    "f" Text "the file's path on the host" = |at, out| if let Some(path) = path(at) { on_host(at, &path, out) };
    "F" Text "the file's path as the client sees it" =
        |at, out| if let Some(path) = path(at) { out.text(path.as_bytes()) };
    "g" Text "the name of the user's primary group" = group;
    "h" Text "the client's name, or its address" = |at, out| out.text(&at.session.remote_host);
    "H" Text "the server's address" = |at, out| out.show(at.session.local.ip());
    "I" Int "the number of bytes that the session's transfers have received" = |at, out| out.int(at.session.bytes.0);
    "J" Text "the command's argument" = argument;
    "l" Text "the client's user as its host says (RFC 1413), or UNKNOWN" = ident_user;
    "L" Text "the address that the client connected to" = |at, out| out.show(at.session.local.ip());
    "m" Text "the command's name" = |at, out| name(at.command.verb, out);
    "O" Int "the number of bytes that the session's transfers have sent" = |at, out| out.int(at.session.bytes.1);
    "p" Int "the port that the client connected to" = |at, out| out.int(at.session.local.port());
    "P" Int "the daemon's process id" = |_, out| out.int(std::process::id());
    "r" Text "the whole command" = line;
    "R" Int "milliseconds since the command arrived" = response_time;
    "s" Int "the reply's code" = |at, out| if let Some(reply) = reply(at) { out.int(reply.code) };
    "S" Text "the reply's last line" = |at, out| if let Some(reply) = reply(at) { out.text(reply.last_line()) };
    "T" Text "the duration of the transfer in seconds" =
        |at, out| if let Some(transfer) = moved(at) { out.show(format_args!("{:.3}", took(transfer).as_secs_f64())) };
    "u" Text "the logged-in user" =
        |at, out| if let Some(account) = &at.session.account { out.text(&account.name) };
    "U" Text "the name in the USER command" = |at, out| if let Some(user) = &at.session.user { out.text(user) };
    "v" Text "the server's ServerName" = |at, out| out.text(&*at.session.server_name);
    "V" Text "the server's address" = |at, out| out.show(at.session.local.ip());
    "w" Text "the path on the host in the RNFR command" =
        |at, out| if let Some(path) = &at.dialogue.rename_from { on_host(at, path, out) };
    "basename" Text "the last part of %f" = |at, out| if let Some(path) = path(at) { last_part(&path, out) };
    "epoch" Time "seconds since 1970" = epoch;
    "file-modified" Text "true or false: whether an upload changed an existing file" =
        |at, out| out.show(moved(at).is_some_and(|transfer| transfer.size_before.is_some()));
    "file-size" Int "the file's size after the transfer" = file_size;
    "gid" Int "the user's primary group id" =
        |at, out| if let Some(account) = &at.session.account { out.int(account.gid) };
    "protocol" Text "ftp" = |_, out| out.text("ftp");
    "remote-port" Int "the client's port" = |at, out| out.int(at.session.remote.port());
    "transfer-failure" Text "the reply to the failed transfer" = failure;
    "transfer-millisecs" Int "the duration of the transfer in milliseconds" =
        |at, out| if let Some(transfer) = moved(at) { out.int(took(transfer).as_millis()) };
    "transfer-port" Int "the port of the data connection: the server's if it was passive, else the client's" =
        |at, out| if let Some(transfer) = moved(at).filter(|transfer| transfer.port > 0) { out.int(transfer.port) };
    "transfer-speed" Text "the transfer's speed in KB/s" = speed;
    "transfer-status" Text "success, failed, cancelled or timeout" = status;
    "transfer-type" Text "binary or ASCII" = |at, out| if let Some(transfer) = moved(at) { kind(transfer, out) };
    "uid" Int "the user's id" = |at, out| if let Some(account) = &at.session.account { out.int(account.uid) };
    "version" Text "Gantry and its version" = |_, out| out.text(concat!("Gantry ", env!("CARGO_PKG_VERSION")));
};

/// The command's transfer. At the session's end the last command's is still there.
fn moved<'a>(at: &Subject<'a>) -> Option<&'a Transfer> {
    at.session.transfer.as_ref().filter(|_| !at.command.verb.is_event())
}

/// The command's reply. At the session's end the last command's is still there.
fn reply<'a>(at: &Subject<'a>) -> Option<&'a Reply> {
    at.dialogue.reply.as_ref().filter(|_| !at.command.verb.is_event())
}

fn anonymous_password(at: &Subject<'_>, out: &mut Out<'_>) {
    match at.session.notes.get(ANONYMOUS_PASSWORD) {
        None => out.text("UNKNOWN"),
        password => out.value(password),
    }
}

fn ident_user(at: &Subject<'_>, out: &mut Out<'_>) {
    match at.session.notes.get(IDENT_USER) {
        None => out.text("UNKNOWN"),
        user => out.value(user),
    }
}

/// The file or directory that the command is about.
fn path(at: &Subject<'_>) -> Option<VirtualPath> {
    if let Some(transfer) = moved(at) {
        return Some(transfer.path.clone());
    }
    let verb = at.command.verb;
    let done = at.dialogue.reply.as_ref().is_some_and(|reply| reply.is_positive());
    match verb {
        // The working directory has already changed.
        Verb::CWD | Verb::XCWD | Verb::CDUP | Verb::XCUP if done => return Some(at.session.cwd.clone()),
        Verb::CDUP | Verb::XCUP => return Some(at.session.cwd.parent()),
        _ => {}
    }
    let which = at.info.map_or(PathArgument::None, |info| info.path);
    let argument = which.of(&at.command.argument);
    // A listing without an argument shows the working directory.
    let given = !argument.is_empty() || names_directory(at);
    (which != PathArgument::None && given).then(|| at.session.resolve(argument))
}

/// Whether the command acts on a directory, instead of only asking for information.
fn names_directory(at: &Subject<'_>) -> bool {
    let is = |class| at.info.is_some_and(|info| info.classes.intersects(class));
    is(CommandClasses::DIRS) && !is(CommandClasses::INFO) && at.command.verb != Verb::MLST
}

fn directory_name(at: &Subject<'_>, out: &mut Out<'_>) {
    match path(at).filter(|_| names_directory(at)) {
        Some(path) => last_part(&path, out),
        None => out.text(at.session.cwd.as_bytes()),
    }
}

fn directory_path(at: &Subject<'_>, out: &mut Out<'_>) {
    if let Some(path) = path(at).filter(|_| names_directory(at)) {
        on_host(at, &path, out);
    }
}

fn last_part(path: &VirtualPath, out: &mut Out<'_>) {
    out.text(if path.is_root() { path.as_bytes() } else { path.name() });
}

/// A path as the host's administrator sees it.
fn on_host(at: &Subject<'_>, path: &VirtualPath, out: &mut Out<'_>) {
    out.text(at.files.shown(path));
}

fn group(at: &Subject<'_>, out: &mut Out<'_>) {
    let Some(account) = &at.session.account else { return };
    if let Some(group) = account.groups.iter().find(|group| group.gid == account.gid) {
        out.text(&group.name);
    }
}

/// A command's name as the client sent it: SITE CHMOD.
fn name(verb: Verb, out: &mut Out<'_>) {
    if verb.is_site() {
        out.text("SITE ");
    }
    sub_name(verb, out);
}

/// A command's name, without SITE.
fn sub_name(verb: Verb, out: &mut Out<'_>) {
    let begin = if verb.is_site() { "SITE_".len() } else { 0 };
    out.show(Tail(verb, begin));
}

/// A verb without its first bytes.
struct Tail(Verb, usize);

impl fmt::Display for Tail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Skip { out, skip: self.1 }, "{}", self.0)
    }
}

/// Passes text on, except for the first bytes.
struct Skip<'o, 'f> {
    out: &'o mut fmt::Formatter<'f>,
    skip: usize,
}

impl Write for Skip<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let rest = text.get(self.skip..).unwrap_or_default();
        self.skip = self.skip.saturating_sub(text.len());
        self.out.write_str(rest)
    }
}

fn argument(at: &Subject<'_>, out: &mut Out<'_>) {
    let command = at.command;
    if command.is_secret() {
        return out.text("(hidden)");
    }
    if command.verb.is_site() {
        sub_name(command.verb, out);
        out.text(if command.argument.is_empty() { "" } else { " " });
    }
    out.text(&command.argument);
}

fn line(at: &Subject<'_>, out: &mut Out<'_>) {
    let command = at.command;
    if command.verb.is_event() {
        return out.text("");
    }
    name(command.verb, out);
    match command.argument.is_empty() {
        true => {}
        false if command.is_secret() => out.text(" (hidden)"),
        false => {
            out.text(" ");
            out.text(&command.argument);
        }
    }
}

fn response_time(at: &Subject<'_>, out: &mut Out<'_>) {
    if !at.command.verb.is_event() {
        out.int(at.now.duration_since(at.session.command_began).unwrap_or_default().as_millis());
    }
}

fn epoch(at: &Subject<'_>, out: &mut Out<'_>) {
    out.int(at.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs());
}

fn took(transfer: &Transfer) -> Duration {
    transfer.ended.duration_since(transfer.began).unwrap_or_default()
}

fn bytes(at: &Subject<'_>, out: &mut Out<'_>) {
    match (moved(at), at.session.deleted) {
        (Some(transfer), _) => out.int(transfer.bytes),
        (None, Some(size)) if !at.command.verb.is_event() => out.int(size),
        (None, _) => {}
    }
}

fn file_size(at: &Subject<'_>, out: &mut Out<'_>) {
    let Some(transfer) = moved(at).filter(|transfer| transfer.outcome == Outcome::Complete) else { return };
    let size = match transfer.direction {
        Direction::Out => transfer.expected.and_then(|expected| transfer.offset.checked_add(expected)),
        Direction::In if transfer.offset == 0 => Some(transfer.bytes),
        Direction::In => {
            let end = transfer.offset.checked_add(transfer.bytes);
            end.map(|end| end.max(transfer.size_before.unwrap_or_default()))
        }
    };
    if let Some(size) = size {
        out.int(size);
    }
}

/// Whether a command that transfers did not come to a transfer.
fn is_refused(at: &Subject<'_>) -> bool {
    let transfers = [Verb::RETR, Verb::STOR, Verb::APPE, Verb::STOU, Verb::LIST, Verb::NLST, Verb::MLSD];
    moved(at).is_none() && transfers.contains(&at.command.verb) && reply(at).is_some_and(Reply::is_negative)
}

fn failure(at: &Subject<'_>, out: &mut Out<'_>) {
    let failed = is_refused(at) || moved(at).is_some_and(|transfer| transfer.outcome != Outcome::Complete);
    if let Some(reply) = reply(at).filter(|reply| failed && reply.is_negative()) {
        out.text(reply.last_line());
    }
}

fn speed(at: &Subject<'_>, out: &mut Out<'_>) {
    let Some(transfer) = moved(at) else { return };
    let seconds = took(transfer).as_secs_f64();
    if seconds > 0.0 {
        out.show(format_args!("{:.3}", transfer.bytes as f64 / 1024.0 / seconds));
    }
}

fn status(at: &Subject<'_>, out: &mut Out<'_>) {
    match moved(at) {
        Some(transfer) => out.text(match transfer.outcome {
            Outcome::Complete => "success",
            Outcome::Incomplete => "failed",
            Outcome::Cancelled => "cancelled",
            Outcome::TimedOut => "timeout",
        }),
        None if is_refused(at) => out.text("failed"),
        None => {}
    }
}

fn kind(transfer: &Transfer, out: &mut Out<'_>) {
    out.text(match transfer.kind {
        Type::Ascii => "ASCII",
        Type::Image => "binary",
    });
}
