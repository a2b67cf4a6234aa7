//! What mod_sql's lines mean together, judged before anything starts: whether back ends,
//! databases and named queries that lines refer to exist, and can be used there.

use std::collections::HashMap;

use gantry_api::check::{CheckedScope, Line, SqlBackendOffer};
use gantry_api::prelude::*;

use crate::events;
use crate::link;
use crate::message::{Message, Piece};
use crate::named::{Judge, Kind};
use crate::settings::{AuthType, Connect, GroupInfo, Key, Settings, UserInfo};
use crate::template::Template;
use crate::users;

/// Checks all servers that have a database.
pub fn check(check: &mut Check<'_>) {
    let backends: Vec<&SqlBackendOffer> = check.offers().filter_map(|(_, offer)| offer.backend()).collect();
    for scope in check.scopes().servers::<Settings>() {
        if scope.settings.database().is_some() {
            Server { scope: &scope, backends: &backends, queries: HashMap::new() }.check(check);
        }
    }
    if check.scopes().servers::<Settings>().all(|scope| scope.settings.connect.is_none()) {
        without_database(check);
    }
}

/// Lines that have no effect, because no server has a database.
fn without_database(check: &mut Check<'_>) {
    if !check.has_all("SQLConnectInfo") {
        return;
    }
    const TEXT: &str = "it has no effect, because there is no SQLConnectInfo";
    for scope in check.scopes().servers::<Settings>() {
        let settings = scope.settings;
        let lines = [
            ("SQLNamedConnectInfo", !settings.named_connects.is_empty()),
            ("SQLLog", !settings.logs.is_empty()),
            ("SQLLogOnEvent", !settings.events.is_empty()),
            ("SQLShowInfo", !settings.shows.is_empty()),
            ("SQLAuthTypes", !settings.auth_types.is_empty()),
        ];
        for (directive, _) in lines.into_iter().filter(|(_, is_there)| *is_there) {
            check.notice(scope.line(directive), TEXT);
        }
    }
}

/// A server that has a database.
struct Server<'a> {
    scope: &'a CheckedScope<'a, Settings>,
    backends: &'a [&'a SqlBackendOffer],
    /// The named queries; without a template if it is faulty itself.
    queries: HashMap<&'a str, Option<(Kind, Template)>>,
}

impl<'a> Server<'a> {
    fn check(mut self, check: &mut Check<'_>) {
        self.databases(check);
        self.named(check);
        self.lookups(check);
        self.keys(check);
        let settings = self.scope.settings;
        if settings.engine.logs() {
            for (number, line) in settings.logs.iter().enumerate() {
                self.query(check, self.scope.nth_line("SQLLog", number), &line.query, Kind::fits_log);
            }
        }
        if settings.engine.logs() {
            for (number, line) in settings.events.iter().enumerate() {
                let at = self.scope.nth_line("SQLLogOnEvent", number);
                self.query(check, at.clone(), &line.query, Kind::fits_log);
                if !events::KNOWN.contains(&line.event.as_str()) {
                    let text = format!("nothing announces the event '{}'", line.event);
                    check.notice(at.at(&line.event), text).suggest(&line.event, events::KNOWN);
                }
            }
        }
        for (number, line) in settings.shows.iter().enumerate() {
            self.message(check, self.scope.nth_line("SQLShowInfo", number), &line.text);
        }
        if let Some(Err(error)) = settings.log_target().as_ref().map(log::check) {
            check.fault(self.scope.line("SQLLogFile"), error.message());
        }
    }

    /// The databases and their back ends.
    fn databases(&self, check: &mut Check<'_>) {
        let settings = self.scope.settings;
        let connect = self.scope.line("SQLConnectInfo");
        let named = if settings.backend.is_some() { self.scope.line("SQLBackend") } else { connect.clone() };
        let backend = self.backend(check, named, settings.backend.as_deref());
        if settings.backend.is_none()
            && let [first, _, ..] = self.backends
        {
            let text = format!("SQLBackend is not set: the first of several back ends is used, '{}'", first.name);
            let others: Vec<&str> = self.backends.iter().map(|backend| backend.name.as_str()).collect();
            check.notice(connect.clone(), text).help(format!("available: {}", others.join(", ")));
        }
        self.database(check, backend, connect, settings.database());
        let names: Vec<&str> = settings.named_connects.iter().map(|other| other.name.as_str()).collect();
        for (number, other) in settings.named_connects.iter().enumerate() {
            let line = self.scope.nth_line("SQLNamedConnectInfo", number);
            if names.iter().skip(number + 1).any(|name| *name == other.name) {
                let text = format!("a later line has the name '{}', too: that one counts", other.name);
                check.notice(line.clone().at(&other.name), text);
            }
            let backend = self.backend(check, line.clone(), Some(&other.backend));
            self.database(check, backend, line, Some(&other.connect));
        }
    }

    /// The back end of a name, or the first one.
    fn backend(&self, check: &mut Check<'_>, line: Line, wanted: Option<&str>) -> Option<&'a SqlBackendOffer> {
        let mut there = self.backends.iter().copied();
        let found = there.find(|backend| wanted.is_none_or(|wanted| link::is_backend(&backend.name, wanted)));
        if found.is_some() || !check.has_all("LoadModule") {
            return found;
        }
        let names: Vec<&str> = self.backends.iter().map(|backend| backend.name.as_str()).collect();
        let help = match names.as_slice() {
            [] => "no module provides one; use LoadModule for your database's module".to_owned(),
            names => format!("available: {}", names.join(", ")),
        };
        let finding = match wanted {
            Some(wanted) => check.fault(line.at(wanted), format!("no such back end: '{wanted}'")),
            None => check.fault(line, "there is no back end for it"),
        };
        finding.help(help);
        None
    }

    fn database(
        &self,
        check: &mut Check<'_>,
        backend: Option<&SqlBackendOffer>,
        line: Line,
        connect: Option<&Connect>,
    ) {
        let (Some(backend), Some(connect)) = (backend, connect) else { return };
        if let Some(policy) = connect.policy.as_deref().filter(|policy| !link::is_policy(policy)) {
            let text = format!("unknown connection policy '{policy}'; it is read as PERSESSION");
            check.notice(line.clone().at(policy), text);
        }
        match backend.judge(&connect.into()) {
            Err(error) => {
                check.fault(line.at(&connect.database), error.message());
            }
            Ok(notices) => {
                for notice in notices {
                    check.notice(line.clone(), notice);
                }
            }
        }
    }

    fn named(&mut self, check: &mut Check<'_>) {
        let settings = self.scope.settings;
        for (number, query) in settings.queries.iter().enumerate() {
            let line = self.scope.nth_line("SQLNamedQuery", number);
            if let Some(word) = query.doubled_word() {
                let text =
                    format!("'{}': the word {word} is added before the query, and should not be in it", query.name);
                check.notice(line.clone().at(query.query.trim()), text);
            }
            let mut compiled = query.compile().ok();
            if let Some(template) = &mut compiled
                && let Err(error) = template.resolve(check.variables())
            {
                if check.has_all("LoadModule") {
                    check.fault(line.clone().at(&error.word), error.to_string());
                }
                compiled = None;
            }
            let connections = || settings.named_connects.iter().map(|other| other.name.as_str());
            if let Some(name) = &query.connection
                && check.has_all("SQLNamedConnectInfo")
                && connections().all(|there| there != name)
            {
                let text = format!("no SQLNamedConnectInfo has the name '{name}'");
                check.fault(line.at(name), text).suggest(name, connections());
            }
            self.queries.insert(&query.name, compiled.map(|template| (query.kind, template)));
        }
    }

    /// SQLUserInfo and SQLGroupInfo.
    fn lookups(&self, check: &mut Check<'_>) {
        let settings = self.scope.settings;
        if settings.looks_up_users() {
            let line = self.scope.line("SQLUserInfo");
            if let UserInfo::Custom(names) = &settings.users {
                for name in std::iter::once(&names.by_name).chain(&names.by_id) {
                    self.query(check, line.clone(), name, Kind::fits_lookup);
                }
                self.sets(check, &line, &names.sets);
                if settings.user_where.is_some() {
                    check.notice(self.scope.line("SQLUserWhereClause"), NOT_ADDED);
                }
            }
            if !users::have_homes(settings) {
                let text =
                    "it names no column for home folders, and SQLDefaultHomedir is not set: SQL users cannot log in";
                check.notice(line, text);
            }
            self.auth_types(check);
            if settings.auth_types.is_empty() && check.has_all("SQLAuthTypes") {
                check.notice(self.scope.line("SQLAuthTypes"), "it is not set: SQL users cannot log in");
            }
        }
        if settings.looks_up_groups()
            && let GroupInfo::Custom(names) = &settings.groups
        {
            let line = self.scope.line("SQLGroupInfo");
            for name in [&names.by_name, &names.by_id, &names.by_member] {
                self.query(check, line.clone(), name, Kind::fits_lookup);
            }
            self.sets(check, &line, &names.sets);
            if settings.group_where.is_some() {
                check.notice(self.scope.line("SQLGroupWhereClause"), NOT_ADDED);
            }
        }
    }

    /// Queries that would list all users or groups: nothing asks for them.
    fn sets(&self, check: &mut Check<'_>, line: &Line, names: &[String]) {
        for name in names.iter().filter(|name| !self.queries.contains_key(name.as_str())) {
            if check.has_all("SQLNamedQuery") {
                let line = line.clone().at(name);
                check.notice(line, not_there(name)).suggest(name, self.queries.keys().copied());
            }
        }
    }

    /// SQLUserPrimaryKey and SQLGroupPrimaryKey.
    fn keys(&self, check: &mut Check<'_>) {
        let Settings { user_key, group_key, .. } = self.scope.settings;
        for (directive, key) in [("SQLUserPrimaryKey", user_key), ("SQLGroupPrimaryKey", group_key)] {
            if let Some(Key::Custom(name)) = key {
                self.query(check, self.scope.line(directive), name, Kind::fits_key);
            }
        }
    }

    /// The types that other modules judge.
    fn auth_types(&self, check: &mut Check<'_>) {
        for kind in &self.scope.settings.auth_types {
            let AuthType::Other(name) = kind else { continue };
            let is_there = check.offers().any(|(_, offer)| match offer {
                Offer::SqlPasswords(server, there) => *server == self.scope.server && there.eq_ignore_ascii_case(name),
                _ => false,
            });
            if !is_there && check.has_all("LoadModule") {
                let line = self.scope.line("SQLAuthTypes").at(name);
                let help = "mod_sql has Backend, Crypt, Empty, OpenSSL and Plaintext; mod_sql_passwd has more";
                check.fault(line, format!("no module has the type '{name}'")).help(help);
            }
        }
    }

    /// A query that a line refers to.
    fn query(&self, check: &mut Check<'_>, line: Line, name: &str, judge: Judge) {
        let line = line.at(name);
        match self.queries.get(name) {
            Some(Some((kind, template))) => {
                if let Err(reason) = judge(*kind, template) {
                    check.fault(line, format!("'{name}': {reason}"));
                }
            }
            None if check.has_all("SQLNamedQuery") => {
                check.fault(line, not_there(name)).suggest(name, self.queries.keys().copied());
            }
            Some(None) | None => {}
        }
    }

    /// A text; a query that does not exist is shown as `{null}`.
    fn message(&self, check: &mut Check<'_>, line: Line, text: &str) {
        let Ok(mut message) = Message::compile(text) else { return };
        if let Err(error) = message.resolve(check.variables())
            && check.has_all("LoadModule")
        {
            check.fault(line.clone().at(&error.word), error.to_string());
        }
        for part in &message.parts {
            if let Piece::Query(name) = part
                && !self.queries.contains_key(name.as_str())
            {
                let line = line.clone().at(&format!("%{{{name}}}"));
                check.notice(line, not_there(name)).suggest(name, self.queries.keys().copied());
            }
        }
    }
}

/// Why a where clause has no effect.
const NOT_ADDED: &str = "it has no effect on custom queries";

fn not_there(name: &str) -> String {
    format!("no SQLNamedQuery has the name '{name}'")
}
