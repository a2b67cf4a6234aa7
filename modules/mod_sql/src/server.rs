//! One server's part of the configuration, compiled, with its databases open.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_api::service::Services;
use gantry_api::{Error, Phase, Result, ServerId, Verb};
use gantry_format::CommandSet;

use crate::events::EventRecord;
use crate::groups::Groups;
use crate::journal::Journal;
use crate::keep_alive::KeepAlive;
use crate::keys::Keys;
use crate::link::Links;
use crate::message::Message;
use crate::passwords::{self, Scheme};
use crate::queries::Queries;
use crate::record::{Failure, Record};
use crate::settings::{EventLine, LogLine, Settings, ShowLine, SqlOption};
use crate::users::Users;

/// A server that has a database.
pub struct Server {
    /// How users are found, where they are.
    pub users: Option<Users>,
    /// How groups are found, where they are.
    pub groups: Option<Groups>,
    /// How passwords are stored.
    pub schemes: Vec<Scheme>,
    /// How keys of users and groups are found.
    pub keys: Keys,
    /// What keeps its connections alive, until that has begun.
    pub keep_alive: Option<KeepAlive>,
    /// The named queries.
    pub queries: Queries,
    /// SQLLog.
    pub records: Vec<CommandRecord>,
    /// SQLLogOnEvent.
    pub events: Vec<EventRecord>,
    /// SQLShowInfo.
    pub shows: Vec<Show>,
}

/// A SQLLog line.
pub struct CommandRecord {
    /// When.
    pub commands: CommandSet,
    /// What.
    pub record: Record,
}

/// A SQLShowInfo line.
pub struct Show {
    /// When.
    pub commands: CommandSet,
    /// The reply code, where there is no reply yet.
    pub code: u16,
    /// What.
    pub message: Message,
}

impl Server {
    /// Opens the databases and compiles every statement of a server; none
    /// where it has no database or mod_sql is off.
    pub async fn start(
        id: ServerId,
        settings: &Settings,
        services: &Services,
        links: &mut Links,
    ) -> Result<Option<Self>> {
        let Some(connect) = settings.database() else { return Ok(None) };
        let journal = Arc::new(Journal::open(settings.log_target().as_ref())?);
        let link = links.link(services, settings.backend.as_deref(), connect, "SQLConnectInfo").await?;
        let mut named = HashMap::new();
        for other in &settings.named_connects {
            let line = format!("SQLNamedConnectInfo {}", other.name);
            named.insert(other.name.clone(), links.link(services, Some(&other.backend), &other.connect, &line).await?);
        }
        let links = std::iter::once(&link).chain(named.values()).cloned().collect();
        let keep_alive = KeepAlive::new(settings, links, journal.clone());
        let queries = Queries::compile(settings, services, link.clone(), &named, journal)?;
        let users = match settings.looks_up_users() {
            true => Users::compile(settings, &queries)?,
            false => None,
        };
        let groups = match settings.looks_up_groups() {
            true => Some(Groups::compile(settings, &queries)?),
            false => None,
        };
        let (records, events) = match settings.engine.logs() {
            true => (records(settings, &queries)?, events(settings, &queries)?),
            false => (Vec::new(), Vec::new()),
        };
        let shows = shows(settings, services)?;
        let schemes = match &users {
            Some(_) => passwords::schemes(id, &settings.auth_types, services, &link, &queries).await?,
            None => Vec::new(),
        };
        let keys = Keys::compile(settings, &queries)?;
        let server = Self { users, groups, schemes, keys, keep_alive, queries, records, events, shows };
        server.probe().await?;
        Ok(Some(server))
    }

    /// What the databases refuse for logins is an error.
    async fn probe(&self) -> Result<()> {
        if let Some(users) = &self.users {
            users.probe().await?;
        }
        if let Some(groups) = &self.groups {
            groups.probe().await?;
        }
        self.keys.probe().await?;
        self.queries.probe().await;
        Ok(())
    }

    /// The SQLLog lines that a moment calls for.
    pub fn records_at(&self, verb: Verb, phase: Phase) -> impl Iterator<Item = &Record> {
        let records = self.records.iter().filter(move |record| record.commands.matches(verb, phase));
        records.map(|record| &record.record)
    }

    /// The SQLShowInfo lines that a moment calls for.
    pub fn shows_at(&self, verb: Verb, phase: Phase) -> impl Iterator<Item = &Show> {
        self.shows.iter().filter(move |show| show.commands.matches(verb, phase))
    }
}

fn records(settings: &Settings, queries: &Queries) -> Result<Vec<CommandRecord>> {
    let record = |line: &LogLine| {
        let origin = format!("SQLLog {} {}", line.commands, line.query);
        let commands = CommandSet::log(&line.commands);
        let commands = commands.map_err(|error| Error::configuration(format!("{origin}: {error}")))?;
        Ok(CommandRecord { commands, record: record(settings, queries, &origin, &line.query, line.ignore_errors)? })
    };
    settings.logs.iter().map(record).collect()
}

fn events(settings: &Settings, queries: &Queries) -> Result<Vec<EventRecord>> {
    let record = |line: &EventLine| {
        let origin = format!("SQLLogOnEvent {} {}", line.event, line.query);
        let record = record(settings, queries, &origin, &line.query, line.ignore_errors)?;
        Ok(EventRecord { event: line.event.clone(), record })
    };
    settings.events.iter().map(record).collect()
}

fn record(settings: &Settings, queries: &Queries, origin: &str, query: &str, ignore_errors: bool) -> Result<Record> {
    let fault = |what: String| Error::configuration(format!("{origin}: {what}"));
    let (kind, query) = queries.named(query).ok_or_else(|| fault("no SQLNamedQuery has this name".to_owned()))?;
    kind.fits_log(&query.template).map_err(|error| fault(error.to_string()))?;
    let stays = ignore_errors || settings.options.contains(&SqlOption::NoDisconnectOnError);
    Ok(Record { query: query.clone(), failure: if stays { Failure::GoesOn } else { Failure::EndsSession } })
}

fn shows(settings: &Settings, services: &Services) -> Result<Vec<Show>> {
    let show = |line: &ShowLine| {
        let fault = |what: String| Error::configuration(format!("SQLShowInfo {}: {what}", line.commands));
        let commands = CommandSet::show(&line.commands).map_err(|error| fault(error.to_string()))?;
        let mut message = Message::compile(&line.text).map_err(|error| fault(error.to_string()))?;
        message.resolve(services.variables()).map_err(|error| fault(error.to_string()))?;
        Ok(Show { commands, code: line.code, message })
    };
    settings.shows.iter().map(show).collect()
}
