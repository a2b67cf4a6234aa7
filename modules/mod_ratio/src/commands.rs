//! The commands that count, those that show the ratio, and SITE RATIO.

use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use gantry_api::files::{Kind, Links};
use gantry_api::prelude::*;

use crate::Ratio;
use crate::credit::{Counts, KILO, Refusal};
use crate::file;
use crate::settings::Settings;

command! {
    /// Shows your ratio, and what you may still download.
    SITE_RATIO "", class: INFO, wait: show;
}

hook! {
    pre [RETR], at_once: applies, wait: judge;
    post [PASS, USER], at_once: is_logged_in, wait: greet;
    post [LIST, RETR, STOR], at_once: applies, wait: count;
    post_error [RETR], at_once: applies, wait: count;
    post [CWD, XCWD], at_once: enter;
    exit, at_once: leave;
}

/// A session's part.
#[derive(Default)]
struct Seat {
    /// What is in no file: all of the session's, or what is no whole Kb yet or could not be written.
    own: Counts,
    /// The download under way, where others have to know of it.
    under_way: Option<((PathBuf, String), Counts)>,
    /// The second line of a refusal.
    refused: Option<String>,
}

fn applies(at: &mut Moment<'_>) -> Result<Step> {
    Ok(if at.settings::<Settings>().engine { Step::Wait } else { Step::Next })
}

fn is_logged_in(at: &mut Moment<'_>) -> Result<Step> {
    Ok(if at.session.account.is_some() && at.settings::<Settings>().engine { Step::Wait } else { Step::Next })
}

/// Refuses a download that has not been earned. What other sessions of the user download counts already.
async fn judge(ratio: &Ratio, at: &mut Moment<'_>) -> Result<Step> {
    let settings = at.settings::<Settings>();
    let rate = settings.rate(at.session);
    if rate.files == 0 && rate.bytes == 0 {
        return Ok(Step::Next);
    }
    let path = at.path();
    let Ok(found) = at.files.metadata(&path, Links::Follow).await else { return Ok(Step::Next) };
    let size = match found.kind {
        Kind::File => i64::try_from(found.size.saturating_sub(at.dialogue.restart)).unwrap_or(i64::MAX),
        _ => 0,
    };
    // From the look at the file on, no other download of the user ends: it is in the file, or under way.
    let turn = ratio.turn.lock().await;
    let Ok(counts) = ratio.counts(at, &turn).await else {
        return refuse(451, "RETR denied: the ratio cannot be checked at the moment");
    };
    let begun = Counts { files_down: 1, bytes_down: size, ..Counts::default() };
    let key = saved(at).map(|(path, _)| path).zip(at.session.account.as_ref().map(|account| account.name.clone()));
    let refusal = {
        let mut under_way = ratio.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let others = key.as_ref().and_then(|key| under_way.get(key)).copied().unwrap_or_default();
        let refusal = counts.plus(others).refusal(&rate, size);
        if let (None, Some(key)) = (refusal, &key) {
            under_way.insert(key.clone(), others.plus(begun));
        }
        refusal
    };
    drop(turn);
    let Some(refusal) = refusal else {
        at.state.of::<Seat>().under_way = key.map(|key| (key, begun));
        return Ok(Step::Next);
    };
    let name = String::from_utf8_lossy(&at.command.argument).into_owned();
    let message = match refusal {
        Refusal::Files => settings.few_files.as_str(),
        Refusal::Bytes => settings.few_bytes.as_str(),
    };
    at.state.of::<Seat>().refused = Some(counts.refused(refusal, &rate, &name));
    refuse(550, message)
}

/// Counts a transfer, and shows the ratio.
async fn count(ratio: &Ratio, at: &mut Moment<'_>) -> Result<Step> {
    if let Some(line) = at.state.of::<Seat>().refused.take() {
        at.say(line);
        return Ok(Step::Next);
    }
    let is_complete = at.phase == Phase::Post;
    if let Some(transfer) = &at.session.transfer {
        let (bytes, file) = (i64::try_from(transfer.bytes).unwrap_or(i64::MAX), i64::from(is_complete));
        let change = match at.command.verb {
            Verb::RETR => Counts { files_down: file, bytes_down: bytes, ..Counts::default() },
            Verb::STOR => Counts { files_up: file, bytes_up: bytes, ..Counts::default() },
            _ => Counts::default(),
        };
        let seat = at.state.of::<Seat>();
        seat.own = seat.own.plus(change);
        let turn = ratio.turn.lock().await;
        ratio.save(at, &turn).await;
        leave(ratio, at)?;
    }
    leave(ratio, at)?;
    if is_complete && let Ok(counts) = ratio.counts(at, &ratio.turn.lock().await).await {
        let settings = at.settings::<Settings>();
        at.say(counts.line(&settings.rate(at.session), &settings.leech));
    }
    Ok(Step::Next)
}

/// Shows the ratio after a login, before the other lines.
async fn greet(ratio: &Ratio, at: &mut Moment<'_>) -> Result<Step> {
    let Ok(counts) = ratio.counts(at, &ratio.turn.lock().await).await else { return Ok(Step::Next) };
    let settings = at.settings::<Settings>();
    put_first(at, counts.line(&settings.rate(at.session), &settings.leech));
    Ok(Step::Next)
}

fn enter(at: &mut Moment<'_>) -> Result<Step> {
    let settings = at.settings::<Settings>();
    if let Some(message) = settings.entering.as_ref().filter(|_| settings.engine) {
        put_first(at, message.clone());
    }
    Ok(Step::Next)
}

fn put_first(at: &mut Moment<'_>, line: String) {
    if let Some(reply) = &mut at.dialogue.reply {
        reply.lines.insert(0, line.into_bytes());
    }
}

/// Ends the session's download for others.
fn leave(ratio: &Ratio, at: &mut Moment<'_>) -> Result<Step> {
    if let Some((key, begun)) = at.state.of::<Seat>().under_way.take() {
        let mut under_way = ratio.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = under_way.remove(&key).unwrap_or_default().minus(begun);
        if rest != Counts::default() {
            under_way.insert(key, rest);
        }
    }
    Ok(Step::Next)
}

async fn show(ratio: &Ratio, at: &mut Moment<'_>) -> Result<Step> {
    let settings = at.settings::<Settings>();
    let rate = if settings.engine { settings.rate(at.session) } else { Default::default() };
    let Ok(counts) = ratio.counts(at, &ratio.turn.lock().await).await else {
        return refuse(451, "The ratio cannot be read at the moment");
    };
    for (number, line) in counts.shown(&rate).iter().enumerate() {
        match number {
            0 => at.respond(214, line),
            _ => at.say(line),
        }
    }
    Ok(Step::Done)
}

/// The file of ratios and its temporary one, where counts outlive the session.
fn saved(at: &Moment<'_>) -> Option<(PathBuf, PathBuf)> {
    let settings = at.settings::<Settings>();
    let path = settings.file.clone().filter(|_| settings.saves && settings.engine)?;
    let temporary = settings.temporary.clone().unwrap_or_else(|| {
        let mut name = path.clone().into_os_string();
        name.push(".tmp");
        name.into()
    });
    Some((path, temporary))
}

/// Leave to work on files of ratios.
type Turn<'t> = tokio::sync::MutexGuard<'t, ()>;

impl Ratio {
    /// What counts for the session's ratio.
    async fn counts(&self, at: &mut Moment<'_>, turn: &Turn<'_>) -> Result<Counts> {
        let own = at.state.of::<Seat>().own;
        let Some((path, _)) = saved(at) else { return Ok(own) };
        let user = at.session.account()?.name.clone();
        Ok(self.work(turn, path, move |path| file::read(path, &user)).await?.plus(own))
    }

    /// Writes what is whole Kb. What cannot be written stays the session's.
    async fn save(&self, at: &mut Moment<'_>, turn: &Turn<'_>) {
        let Some((path, temporary)) = saved(at) else { return };
        let Ok(user) = at.session.account().map(|account| account.name.clone()) else { return };
        let own = at.state.of::<Seat>().own;
        let whole = |bytes: i64| bytes / KILO * KILO;
        let change = Counts { bytes_up: whole(own.bytes_up), bytes_down: whole(own.bytes_down), ..own };
        let added = self.work(turn, path, move |path| file::add(path, &temporary, &user, change)).await;
        if added.is_ok() {
            let seat = at.state.of::<Seat>();
            seat.own = seat.own.minus(change);
        }
    }

    /// Works on the file on a thread that may wait. What goes wrong is reported once.
    async fn work<T: Send + 'static>(
        &self,
        _turn: &Turn<'_>,
        path: PathBuf,
        work: impl FnOnce(&std::path::Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let shown = path.display().to_string();
        let done = tokio::task::spawn_blocking(move || work(&path)).await;
        let done = done.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        match &done {
            Ok(_) if self.fails.swap(false, Ordering::Relaxed) => log!(Info, "RatioFile {shown} can be used again"),
            Err(error) if !self.fails.swap(true, Ordering::Relaxed) => {
                log!(Error, "RatioFile {shown}: {error}; until it can be used again, downloads are refused");
            }
            _ => {}
        }
        Ok(done?)
    }
}
