//! mod_log: TransferLog, in the format of xferlog(5).

mod file;
mod settings;
mod xferlog;

use std::collections::HashMap;
use std::time::SystemTime;

use gantry_api::prelude::*;
use gantry_api::transfer::{Outcome, Transfer};
use gantry_api::{ANONYMOUS_PASSWORD, ServerId};
use jiff::tz::TimeZone;

use file::LogFile;
use settings::Settings;
use xferlog::{Action, Line, User};

/// The module.
#[derive(Default)]
pub struct Log {
    transfers: HashMap<ServerId, LogFile>,
    /// The host's zone; asked for once, when there is something to log.
    zone: Option<TimeZone>,
}

module! { Log, settings: Settings, after: ["mod_core", "mod_auth", "mod_xfer"] }

/// The classes of the commands that transfer files, and leave a line whether they succeed or not.
const TRANSFERS: CommandClasses = CommandClasses::READ.union(CommandClasses::WRITE);

#[async_trait]
impl Module for Log {
    fn hooks(&self) -> Vec<Hook> {
        if self.transfers.is_empty() {
            return Vec::new();
        }
        let transfers = [Phase::Log, Phase::LogError].map(|phase| Hook::classes(TRANSFERS, phase));
        transfers.into_iter().chain([Hook::log(Verb::DELE)]).collect()
    }

    fn check(check: &mut Check<'_>) {
        for scope in check.scopes().servers::<Settings>() {
            let Some(path) = &scope.settings.transfers else { continue };
            if let Err(reason) = file::check(path) {
                check.fault(scope.line("TransferLog").at(&path.to_string_lossy()), reason);
            }
        }
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        for (server, settings) in start.servers::<Settings>() {
            let Some(path) = &settings.transfers else { continue };
            let file = LogFile::open(path).map_err(|error| Error::configuration(format!("TransferLog: {error}")))?;
            self.transfers.insert(server, file);
        }
        if !self.transfers.is_empty() {
            self.zone = Some(TimeZone::system());
        }
        Ok(())
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        let (Some(file), Some(zone)) = (self.transfers.get(&at.session.server), &self.zone) else {
            return Ok(Step::Next);
        };
        let line = match (&at.session.transfer, at.command.verb) {
            (None, Verb::DELE) if at.phase == Phase::Log => deleted(at),
            (Some(transfer), _) => transferred(at, transfer),
            // Not a transfer, or one that was refused before anything was opened.
            (None, _) => return Ok(Step::Next),
        };
        file.write(&line.written(zone));
        Ok(Step::Next)
    }
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
        took: std::time::Duration::ZERO,
        host: &at.session.remote_host,
        bytes: 0,
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
