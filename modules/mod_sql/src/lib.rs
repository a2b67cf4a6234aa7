//! mod_sql: users, groups and logs in an SQL database (doc/contrib/mod_sql of
//! ProFTPD's manual). The database itself is reached through a service that a
//! back end's module publishes; no SQL of any one database stands here.

mod check;
mod directives;
mod events;
mod groups;
mod id_names;
mod journal;
mod keep_alive;
mod keys;
mod link;
mod lookup;
mod message;
mod named;
mod names;
mod passwords;
mod queries;
mod record;
mod server;
mod services;
mod settings;
mod template;
mod users;
mod variables;

use std::sync::Arc;

use gantry_api::ScopeKind;
use gantry_api::prelude::*;
use gantry_api::service::SqlValue;
use tokio::sync::watch;

use crate::link::{Links, Writes};
use crate::message::{Message, Piece};
use crate::passwords::Passwords;
use crate::record::{Failure, Record};
use crate::server::Server;
use crate::services::{NamedQueries, Servers, SqlUsers};
use crate::settings::{Engine, Settings};

/// What AuthOrder calls it.
const NAME: &str = env!("CARGO_PKG_NAME");

/// The module; empty until its start.
#[derive(Default)]
struct Sql {
    servers: Arc<Servers>,
    links: Links,
    writes: Option<Arc<Writes>>,
    /// Ends SQLKeepAlive when it is dropped.
    stop: Option<watch::Sender<()>>,
}

gantry_api::module! { Sql, settings: Settings, runtime: gantry_runtime::start }

#[async_trait]
impl Module for Sql {
    fn hooks(&self) -> Vec<Hook> {
        let servers = || self.servers.servers.iter().flatten();
        let logs = servers().flat_map(|server| &server.records).flat_map(|record| record.commands.hooks());
        let shows = servers().flat_map(|server| &server.shows).flat_map(|show| show.commands.hooks());
        let keys = servers().filter(|server| !server.keys.is_empty()).flat_map(|_| KEYED.map(Hook::post));
        let events = servers().filter(|server| !server.events.is_empty()).flat_map(|_| events::hooks());
        gantry_format::distinct(logs.chain(shows).chain(keys).chain(events))
    }

    fn offers(scopes: &Scopes<'_>) -> Vec<Offer> {
        let users = scopes.servers::<Settings>().filter(|scope| users::let_in(scope.settings));
        let users = users.map(|scope| Offer::Authenticator(scope.server));
        let queries = scopes.servers::<Settings>().filter(|scope| scope.settings.database().is_some());
        let queries = queries.flat_map(|scope| {
            scope.settings.queries.iter().map(move |query| Offer::SqlQuery(scope.server, query.name.clone()))
        });
        users.chain(queries).collect()
    }

    fn check(check: &mut Check<'_>) {
        check::check(check);
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let mut servers = Servers::default();
        for (id, kind, settings) in start.scopes::<Settings>() {
            if let ScopeKind::Anonymous { section, .. } = kind
                && !settings.engine.authenticates()
            {
                servers.barred.insert((id, *section));
            }
        }
        for (id, settings) in start.servers::<Settings>() {
            match Server::start(id, settings, start.services(), &mut self.links).await {
                Ok(server) => servers.insert(id, server),
                Err(error) => {
                    self.links.close().await;
                    return Err(error);
                }
            }
        }
        let (stop, stopped) = watch::channel(());
        if let Some(runtime) = start.runtime() {
            let kept = servers.servers.iter_mut().flatten().filter_map(|server| server.keep_alive.take());
            kept.for_each(|kept| kept.start(&*runtime, stopped.clone()));
        }
        self.stop = Some(stop);
        let writes = Arc::new(Writes::new(start.runtime()));
        self.servers = Arc::new(servers);
        self.writes = Some(writes.clone());
        start
            .publish()
            .authenticator(NAME, SqlUsers { servers: self.servers.clone(), passwords: Passwords::default() });
        start.publish().sql_queries(NAME, NamedQueries { servers: self.servers.clone(), writes });
        Ok(())
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        let Some(server) = self.servers.server(at.session.server) else { return Ok(Step::Next) };
        let (verb, phase) = (at.command.verb, at.phase);
        let wanted = match phase {
            Phase::Post | Phase::PostError => {
                finds_keys(server, verb, phase) || server.shows_at(verb, phase).next().is_some()
            }
            _ => {
                let events = !server.events.is_empty() && events::are_new(at);
                events || server.records_at(verb, phase).next().is_some()
            }
        };
        // An <Anonymous> section may have switched it off.
        let engine = at.settings::<Settings>().engine;
        let works = if is_show(phase) { engine != Engine::Off } else { engine.logs() };
        Ok(if wanted && works { Step::Wait } else { Step::Next })
    }

    async fn wait(&self, at: &mut Moment<'_>) -> Result<Step> {
        let Some(server) = self.servers.server(at.session.server) else { return Ok(Step::Next) };
        let (verb, phase) = (at.command.verb, at.phase);
        if is_show(phase) {
            if finds_keys(server, verb, phase) {
                server.keys.look_up(at).await;
            }
            for show in server.shows_at(verb, phase) {
                let text = message(&show.message, server, at).await;
                if at.dialogue.reply.is_none() {
                    at.respond(show.code, text);
                } else {
                    at.say(text);
                }
            }
        } else {
            if !server.events.is_empty() {
                for event in events::take(at) {
                    for line in server.events.iter().filter(|line| line.event == event) {
                        self.write(&line.record, at).await;
                    }
                }
            }
            for record in server.records_at(verb, phase) {
                self.write(record, at).await;
            }
        }
        Ok(Step::Next)
    }

    async fn stop(&self) {
        if let Some(stop) = &self.stop {
            let _ = stop.send(());
        }
        if let Some(writes) = &self.writes {
            writes.finish().await;
        }
        self.links.close().await;
    }
}

impl Sql {
    /// Writes one SQLLog line. The client has its reply already: a failure ends
    /// the session, or is a line in the log.
    async fn write(&self, record: &Record, at: &mut Moment<'_>) {
        let statement = record.query.fill(&variables::subject(at));
        let done = match (&self.writes, statement) {
            (Some(writes), Ok(statement)) => record.query.write(writes, Some(at.session.id), statement).await.map(drop),
            (None, _) => Err(Error::system("not started")),
            (_, Err(error)) => Err(error),
        };
        // The log says what happened.
        if done.is_ok() {
            return;
        }
        if record.failure == Failure::EndsSession {
            at.session.end(format!("SQLLog {} failed", at.command.verb));
        }
    }
}

/// The commands that log in: USER does where something else than a password vouches for the client.
const KEYED: [Verb; 2] = [Verb::PASS, Verb::USER];

fn finds_keys(server: &Server, verb: Verb, phase: Phase) -> bool {
    phase == Phase::Post && KEYED.contains(&verb) && !server.keys.is_empty()
}

fn is_show(phase: Phase) -> bool {
    matches!(phase, Phase::Post | Phase::PostError)
}

/// The line that SQLShowInfo shows.
async fn message(message: &Message, server: &Server, at: &mut Moment<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    for part in &message.parts {
        match part {
            Piece::Text(text) => text.render(&variables::subject(at), &mut line),
            Piece::Query(name) => line.extend_from_slice(first_value(name, server, at).await.as_bytes()),
        }
    }
    line
}

/// The first value of a named query's first row.
async fn first_value(name: &str, server: &Server, at: &mut Moment<'_>) -> String {
    let Some((_, query)) = server.queries.named(name).filter(|(kind, _)| kind.reads()) else {
        return message::NOTHING.to_owned();
    };
    let Ok(statement) = query.fill(&variables::subject(at)) else { return message::NOTHING.to_owned() };
    // The log says what fails.
    let rows = query.run(at.session.id, &statement).await.map(|answer| answer.rows).unwrap_or_default();
    let first = rows.into_iter().next().and_then(|row| row.into_iter().next());
    first.and_then(SqlValue::into_text).unwrap_or_else(|| message::NOTHING.to_owned())
}
