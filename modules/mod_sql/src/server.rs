//! One server's part of the configuration, compiled, with its databases open.

use std::collections::HashMap;

use gantry_api::service::Services;
use gantry_api::{Error, Phase, Result, ServerId, Verb};
use gantry_format::CommandSet;

use crate::groups::Groups;
use crate::link::Links;
use crate::lookup::Query;
use crate::message::Message;
use crate::passwords::{self, Scheme};
use crate::queries::Queries;
use crate::settings::{LogLine, Settings, ShowLine, SqlOption};
use crate::users::Users;

/// A server that has a database.
pub struct Server {
    /// How users are found, where they are.
    pub users: Option<Users>,
    /// How groups are found, where they are.
    pub groups: Option<Groups>,
    /// How passwords are stored.
    pub schemes: Vec<Scheme>,
    /// The named queries.
    pub queries: Queries,
    /// SQLLog.
    pub records: Vec<Record>,
    /// SQLShowInfo.
    pub shows: Vec<Show>,
}

/// A SQLLog line.
pub struct Record {
    /// When.
    pub commands: CommandSet,
    /// What.
    pub query: Query,
    /// What follows a failure.
    pub failure: Failure,
}

/// What a failed SQLLog does to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It goes on, and the log has an error.
    GoesOn,
    /// It ends.
    EndsSession,
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
        let link = links.link(services, settings.backend.as_deref(), connect, "SQLConnectInfo").await?;
        let mut named = HashMap::new();
        for other in &settings.named_connects {
            let line = format!("SQLNamedConnectInfo {}", other.name);
            named.insert(other.name.clone(), links.link(services, Some(&other.backend), &other.connect, &line).await?);
        }
        let queries = Queries::compile(settings, services, link.clone(), &named)?;
        let users = match settings.looks_up_users() {
            true => Users::compile(settings, &queries)?,
            false => None,
        };
        let groups = match settings.looks_up_groups() {
            true => Some(Groups::compile(settings, &queries)?),
            false => None,
        };
        let records = match settings.engine.logs() {
            true => records(settings, &queries)?,
            false => Vec::new(),
        };
        let shows = shows(settings, services)?;
        let schemes = match &users {
            Some(_) => passwords::schemes(id, &settings.auth_types, services, &link, &queries).await?,
            None => Vec::new(),
        };
        let server = Self { users, groups, schemes, queries, records, shows };
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
        self.queries.probe().await;
        Ok(())
    }

    /// The SQLLog lines that a moment calls for.
    pub fn records_at(&self, verb: Verb, phase: Phase) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.commands.matches(verb, phase))
    }

    /// The SQLShowInfo lines that a moment calls for.
    pub fn shows_at(&self, verb: Verb, phase: Phase) -> impl Iterator<Item = &Show> {
        self.shows.iter().filter(move |show| show.commands.matches(verb, phase))
    }
}

fn records(settings: &Settings, queries: &Queries) -> Result<Vec<Record>> {
    let stays = settings.options.contains(&SqlOption::NoDisconnectOnError);
    let record = |line: &LogLine| {
        let fault = |what: String| Error::configuration(format!("SQLLog {} {}: {what}", line.commands, line.query));
        let commands = CommandSet::log(&line.commands).map_err(|error| fault(error.to_string()))?;
        let (kind, query) =
            queries.named(&line.query).ok_or_else(|| fault("no SQLNamedQuery has this name".to_owned()))?;
        kind.fits_log(&query.template).map_err(|error| fault(error.to_string()))?;
        let failure = if stays || line.ignore_errors { Failure::GoesOn } else { Failure::EndsSession };
        Ok(Record { commands, query: query.clone(), failure })
    };
    settings.logs.iter().map(record).collect()
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
