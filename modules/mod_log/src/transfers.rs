//! TransferLog: the open files, and when a line is written to them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use gantry_api::prelude::*;
use gantry_api::transfer::{Outcome, Transfer};
use gantry_api::{ANONYMOUS_PASSWORD, LogOutput};
use jiff::tz::TimeZone;

use crate::settings::Settings;
use crate::xferlog::{Action, Line, User};

/// The transfer logs of all scopes.
#[derive(Default)]
pub(crate) struct TransferLogs {
    open: HashMap<PathBuf, LogOutput>,
    /// The host's time zone, read once if there is a log.
    zone: Option<TimeZone>,
}

/// The classes of commands that transfer files. They cause a line whether they succeed or not.
const TRANSFERS: CommandClasses = CommandClasses::READ.union(CommandClasses::WRITE);

impl TransferLogs {
    /// Opens the log of a scope.
    ///
    /// # Errors
    /// The configuration's: it cannot be used.
    pub(crate) fn open(&mut self, settings: &Settings) -> Result<()> {
        let (Some(path), Some(target)) = (&settings.transfers, settings.transfer_target()) else { return Ok(()) };
        if !self.open.contains_key(path) {
            let output = log::open(&target).map_err(|error| error.context("TransferLog"))?;
            self.open.insert(path.clone(), output);
            self.zone.get_or_insert_with(TimeZone::system);
        }
        Ok(())
    }

    /// The hooks that the logs need.
    pub(crate) fn hooks(&self) -> Vec<Hook> {
        if self.open.is_empty() {
            return Vec::new();
        }
        let transfers = [Phase::Log, Phase::LogError].map(|phase| Hook::classes(TRANSFERS, phase));
        transfers.into_iter().chain([Hook::log(Verb::DELE)]).collect()
    }

    /// Writes the line of a transfer or a deletion.
    pub(crate) fn write(&self, at: &Moment<'_>) {
        let Some(path) = &at.settings::<Settings>().transfers else { return };
        let (Some(output), Some(zone)) = (self.open.get(path), &self.zone) else { return };
        let line = match (&at.session.transfer, at.command.verb) {
            (None, Verb::DELE) if at.phase == Phase::Log => deleted(at),
            (Some(transfer), verb) if is_of_file(at, verb) => transferred(at, transfer),
            // Not a transfer, or one that was refused before anything was opened.
            _ => return,
        };
        output.write(&line.written(zone));
    }
}

/// Whether a command transfers a file; listings cause no line.
fn is_of_file(at: &Moment<'_>, verb: Verb) -> bool {
    at.world.command(verb).is_some_and(|info| info.classes.intersects(TRANSFERS))
}

fn transferred<'a>(at: &'a Moment<'_>, transfer: &'a Transfer) -> Line<'a> {
    Line {
        ended: transfer.ended,
        took: transfer.ended.duration_since(transfer.began).unwrap_or_default(),
        host: &at.session.remote_host,
        bytes: transfer.bytes,
        path: at.files.shown(&transfer.path),
        kind: transfer.kind,
        action: Action::Transfer(transfer.direction),
        user: user(at),
        outcome: transfer.outcome,
    }
}

fn deleted<'a>(at: &'a Moment<'_>) -> Line<'a> {
    Line {
        ended: SystemTime::now(),
        took: Duration::ZERO,
        host: &at.session.remote_host,
        bytes: at.session.deleted.unwrap_or_default(),
        path: at.files.shown(&at.path()),
        kind: at.dialogue.kind,
        action: Action::Deletion,
        user: user(at),
        outcome: Outcome::Complete,
    }
}

fn user<'a>(at: &'a Moment<'_>) -> User<'a> {
    let name = || at.session.account.as_ref().map_or("-", |account| account.name.as_str());
    match at.session.notes.get(ANONYMOUS_PASSWORD) {
        Some(Value::Text(given)) => User::Anonymous(given),
        _ => User::Real(name()),
    }
}
