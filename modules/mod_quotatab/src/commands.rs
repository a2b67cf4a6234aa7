//! The commands that count: judged before, counted after.

use std::sync::Arc;

use gantry_api::files::Links;
use gantry_api::prelude::*;
use gantry_api::quota::{QuotaNumbers, QuotaStrictness};

use crate::Quotatab;
use crate::denial::{Column, columns};
use crate::held::Held;
use crate::limits::Quota;
use crate::meter::{DownloadMeter, UploadMeter};
use crate::seat::{self, Command, Seat};
use crate::settings::{Settings, excludes};
use crate::sizes::{Counted, Counting, Measure, Window};
use crate::variables;

hook! {
    pre [APPE, DELE, MKD, RETR, RMD, RNTO, STOR, STOU, XMKD, XRMD], at_once: may_count, wait: begin;
    post [APPE, DELE, MKD, RETR, RMD, RNTO, STOR, STOU, XMKD, XRMD], at_once: has_begun, wait: end;
    post_error [APPE, DELE, MKD, RETR, RMD, RNTO, STOR, STOU, XMKD, XRMD], at_once: has_begun, wait: end;
    exit, at_once: has_begun, wait: end;
}

fn may_count(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Step> {
    Ok(if quotatab.server(at.session).is_some() { Step::Wait } else { Step::Next })
}

fn has_begun(_: &Quotatab, at: &mut Moment<'_>) -> Result<Step> {
    Ok(if at.state.of::<Seat>().command.is_some() { Step::Wait } else { Step::Next })
}

/// Refuses a command that would go beyond the limit, and takes note of the files that it may change.
async fn begin(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Step> {
    let (verb, settings) = (at.command.verb, at.settings::<Settings>());
    let is_limited = !columns(verb, settings.directories).is_empty();
    let found = match seat::quota(quotatab, at).await {
        Ok(Some(quota)) => quota.ledger.refresh().await.map(|()| Some(quota)),
        other => other,
    };
    let quota = match found {
        Ok(Some(quota)) => quota,
        Ok(None) => return Ok(Step::Next),
        // The table has been reported. What only gives room back goes on.
        Err(_) if is_limited => {
            return refuse(451, format!("{verb} denied: the quota cannot be checked at the moment"));
        }
        Err(_) => match seat::known(at) {
            Some(quota) => quota,
            None => return Ok(Step::Next),
        },
    };
    let windows = windows(quotatab, at);
    let is_excluded = windows.is_empty() && verb != Verb::STOU && verb != Verb::RETR;
    if is_excluded || verb == Verb::RETR && excludes(at, &at.path()) {
        return Ok(Step::Next);
    }
    let mut measures = Vec::new();
    for window in &windows {
        measures.push(window.begin(at.files).await);
    }
    let before = measures.first().copied().unwrap_or_default();
    let held = Arc::new(Held::new(quota.ledger.clone()));
    let part = part(verb, before);
    if let Some(column) = reached(&quota, &held, verb, settings.directories, part) {
        let (column, used) = column;
        let text = format!("{verb} denied: quota exceeded: {}", column.words(&quota.limit, &used, settings.units));
        quota.server.note(at.session, &text);
        at.state.of::<Seat>().command = Some(Command { verb, quota, windows: Vec::new(), held });
        return refuse(if verb == Verb::RETR { 451 } else { 552 }, text);
    }
    let limit = quota.limit;
    match verb {
        Verb::APPE | Verb::STOR | Verb::STOU => {
            let start = match verb {
                Verb::APPE => before.bytes,
                Verb::STOR => i64::try_from(at.dialogue.restart).unwrap_or(i64::MAX),
                _ => 0,
            };
            let free = before.bytes.saturating_sub(start);
            at.meter(UploadMeter { held: held.clone(), limit, free, files: part, moved: 0 });
        }
        Verb::RETR => at.meter(DownloadMeter { held: held.clone(), files: part, moved: 0 }),
        _ => {}
    }
    at.state.of::<Seat>().command = Some(Command { verb, quota, windows, held });
    Ok(Step::Next)
}

/// The files that a command may change, but for those that do not count.
fn windows(quotatab: &Quotatab, at: &Moment<'_>) -> Vec<Window> {
    let verb = at.command.verb;
    let directories = at.settings::<Settings>().directories;
    let paths = match verb {
        // STOU makes up the name.
        Verb::RETR | Verb::STOU => Vec::new(),
        Verb::MKD | Verb::XMKD | Verb::RMD | Verb::XRMD if !directories => Vec::new(),
        Verb::RNTO => at.dialogue.rename_from.clone().into_iter().chain([at.path()]).collect(),
        _ => vec![at.path()],
    };
    let links = match verb {
        Verb::APPE | Verb::STOR => Links::Follow,
        _ => Links::Keep,
    };
    let counting = Counting { links, directories };
    let counted = paths.into_iter().filter(|path| !excludes(at, path));
    let mut windows: Vec<Window> =
        counted.map(|path| quotatab.sizes.window(at.session, at.files, path, counting)).collect();
    windows.sort_by(|one, other| one.order().cmp(other.order()));
    windows.dedup_by(|again, first| again.order() == first.order());
    windows
}

/// The files that a command adds if it succeeds.
fn part(verb: Verb, before: Measure) -> QuotaNumbers {
    let new = 1_i64.saturating_sub(before.files).max(0);
    match verb {
        Verb::APPE | Verb::MKD | Verb::XMKD => QuotaNumbers { files_in: new, ..QuotaNumbers::default() },
        Verb::STOR | Verb::STOU => QuotaNumbers { files_in: new, files_xfer: 1, ..QuotaNumbers::default() },
        Verb::RETR => QuotaNumbers { files_out: 1, files_xfer: 1, ..QuotaNumbers::default() },
        _ => QuotaNumbers::default(),
    }
}

/// The first of the command's numbers that has reached its limit, with what is used; else takes the command's part.
fn reached(
    quota: &Quota,
    held: &Held,
    verb: Verb,
    directories: bool,
    part: QuotaNumbers,
) -> Option<(Column, QuotaNumbers)> {
    let limit = &quota.limit;
    let counted = quota.ledger.used();
    held.set(|used| {
        // An upload that stays within a hard limit is cut by its meter, so that what others hold is not spent yet.
        let bytes = if limit.strictness == QuotaStrictness::Hard { counted } else { used };
        let used = QuotaNumbers { bytes_in: bytes.bytes_in, bytes_xfer: bytes.bytes_xfer, ..used };
        let also = if verb == Verb::APPE && part.files_in > 0 { &[Column::FilesIn][..] } else { &[] };
        let mut all = columns(verb, directories).iter().chain(also);
        match all.find(|column| column.is_reached(limit, &used)) {
            Some(column) => (QuotaNumbers::default(), Some((*column, used))),
            None => (part, None),
        }
    })
}

/// Counts what a command did, and tells the client which limits it has reached.
async fn end(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Step> {
    let Some(mut command) = at.state.of::<Seat>().command.take() else { return Ok(Step::Next) };
    let settings = at.settings::<Settings>();
    let moved = moved(at, &command);
    if command.verb == Verb::STOU
        && let Some(transfer) = &at.session.transfer
        && !excludes(at, &transfer.path)
    {
        let counting = Counting { links: Links::Keep, directories: settings.directories };
        command.windows.push(quotatab.sizes.window(at.session, at.files, transfer.path.clone(), counting));
    }
    let removed = command.count(at, moved).await;
    command.quota.write().await;
    variables::leave(at, &command.quota);
    if at.phase != Phase::Command {
        command.tell(at, removed);
    }
    Ok(Step::Next)
}

/// What a command moved, which counts whatever became of the file. What a limit cut does not count.
fn moved(at: &Moment<'_>, command: &Command) -> QuotaNumbers {
    let none = QuotaNumbers::default();
    let Some(transfer) = at.session.transfer.as_ref().filter(|_| !command.held.is_cut()) else { return none };
    let bytes = i64::try_from(transfer.bytes).unwrap_or(i64::MAX);
    let file = i64::from(at.phase == Phase::Post);
    match command.verb {
        Verb::APPE => QuotaNumbers { bytes_xfer: bytes, ..none },
        Verb::STOR | Verb::STOU => QuotaNumbers { bytes_xfer: bytes, files_xfer: file, ..none },
        Verb::RETR => QuotaNumbers { bytes_out: bytes, bytes_xfer: bytes, files_out: file, files_xfer: file, ..none },
        _ => none,
    }
}

impl Command {
    /// Counts, and says whether a file that was there, or was being made, is there no more.
    async fn count(&self, at: &mut Moment<'_>, moved: QuotaNumbers) -> bool {
        let mut counted: Vec<(Counted, Measure)> = Vec::new();
        for window in &self.windows {
            let file = window.hold().await;
            let now = match window.measure(at.files).await {
                Some(now) => now,
                None => unseen(at, file.before),
            };
            counted.push((file, now));
        }
        if let (Verb::MKD | Verb::XMKD, [(file, now)], [window]) = (self.verb, &mut counted[..], &self.windows[..])
            && self.is_too_much(file.before, *now)
        {
            self.refuse_directory(at, window, file.before, now).await;
        }
        let change = counted.iter().fold(moved, |sum, (file, now)| {
            let files_in = now.files.saturating_sub(file.before.files);
            let bytes_in = now.bytes.saturating_sub(file.before.bytes);
            sum.plus(QuotaNumbers { files_in, bytes_in, ..QuotaNumbers::default() })
        });
        let is_gone = counted.iter().all(|(_, now)| now.files == 0) && !counted.is_empty();
        // At once: what is counted is no longer held, and no other session counts these files in between.
        self.quota.count(change);
        self.held.give_back();
        counted.into_iter().for_each(|(file, now)| file.count(now));
        is_gone
    }

    /// Whether a new directory goes beyond a hard limit.
    fn is_too_much(&self, before: Measure, now: Measure) -> bool {
        let limit = &self.quota.limit;
        let more = now.bytes.saturating_sub(before.bytes);
        let most = limit.most.bytes_in;
        let used = self.quota.ledger.used().bytes_in;
        limit.strictness == QuotaStrictness::Hard && most > 0 && more > 0 && used.saturating_add(more) > most
    }

    /// Removes a directory again. ProFTPD does so as well, but says that all is well.
    async fn refuse_directory(&self, at: &mut Moment<'_>, window: &Window, before: Measure, now: &mut Measure) {
        let more = now.bytes.saturating_sub(before.bytes);
        if let Err(error) = at.files.remove_directory(window.path()).await {
            return log!(Warn, "cannot remove a directory beyond the quota: {error}");
        }
        *now = before;
        let mut used = self.quota.ledger.used();
        used.bytes_in = used.bytes_in.saturating_add(more);
        let words = Column::BytesIn.words(&self.quota.limit, &used, at.settings::<Settings>().units);
        let text = format!("{}: notice: quota reached: {words}", self.verb);
        self.quota.server.note(at.session, &text);
        at.respond(552, text);
        let name = String::from_utf8_lossy(&at.command.argument).into_owned();
        at.say(format!("{}: notice: quota reached: '{name}' removed", self.verb));
    }

    /// Adds to the reply which limits are reached, in ProFTPD's words.
    fn tell(&self, at: &mut Moment<'_>, removed: bool) {
        let settings = at.settings::<Settings>();
        let (limit, used, verb) = (&self.quota.limit, self.quota.ledger.used(), self.verb);
        let mut lines = Vec::new();
        let all = columns(verb, settings.directories).iter();
        if self.held.is_cut() {
            let is_cut = |column: &&Column| !column.is_of_files() && column.most(limit) > 0;
            if let Some(column) = all.clone().find(is_cut) {
                lines.push(column.words_at_limit(limit, settings.units));
            }
            if removed {
                let name = String::from_utf8_lossy(&at.command.argument).into_owned();
                lines.push(format!("'{name}' removed"));
            }
        }
        let is_success = at.phase == Phase::Post;
        let tells = |column: &&Column| {
            let also = column.is_of_files() && verb != Verb::RETR;
            (is_success || also) && column.is_reached(limit, &used)
        };
        lines.extend(all.filter(tells).map(|column| column.words(limit, &used, settings.units)));
        for line in lines {
            self.quota.server.note(at.session, &format!("{verb}: quota reached: {line}"));
            at.say(format!("{verb}: notice: quota reached: {line}"));
        }
    }
}

/// What a file counts as that cannot be seen: what was sent there is there.
fn unseen(at: &Moment<'_>, before: Measure) -> Measure {
    let Some(transfer) = &at.session.transfer else { return before };
    let end = i64::try_from(transfer.offset.saturating_add(transfer.bytes)).unwrap_or(i64::MAX);
    Measure { files: 1, bytes: before.bytes.max(end) }
}
