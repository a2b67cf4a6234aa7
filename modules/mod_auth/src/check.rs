//! Whether anybody can log in, by AuthOrder and the authenticators that will exist.

use std::collections::{HashMap, HashSet};

use gantry_api::prelude::*;
use gantry_api::{ScopeKind, ServerId};

use crate::order::Entry;
use crate::settings::Settings;

/// A module that ProFTPD on Linux always has, so files never load it.
const PAM: &str = "mod_auth_pam";

/// Notices for names in AuthOrder that are not modules, and for servers that nobody can log in to.
pub(crate) fn check(check: &mut Check<'_>) {
    let scopes = check.scopes();
    let sections = scopes.all::<Settings>().filter(|scope| matches!(scope.kind, ScopeKind::Anonymous { .. }));
    let with_sections: HashSet<ServerId> = sections.map(|scope| scope.server).collect();
    let authenticators = authenticators(check);
    let names: HashSet<&str> = authenticators.values().flatten().copied().collect();
    for scope in scopes.servers::<Settings>() {
        let Settings { order, port, .. } = scope.settings;
        let line = scope.line("AuthOrder");
        let has_section = with_sections.contains(&scope.server);
        for entry in order {
            // An <Anonymous> can find its user among the system's.
            let is_known = check.modules().any(|module| entry.is(module)) || has_section && entry.is_system();
            if !is_known {
                let text = format!("there is no module '{}'", entry.module());
                let finding = check.notice(line.clone().at(entry.module()), text);
                match entry.is(PAM) {
                    true => finding.help("load it: LoadModule mod_auth_pam.c"),
                    false => finding.suggest(entry.module(), names.iter().copied()),
                };
            }
        }
        let knowing = authenticators.get(&scope.server).map(Vec::as_slice).unwrap_or_default();
        let is_off = port.as_deref() == Some("0");
        let is_there = |entry: &&Entry| check.modules().any(|module| entry.is(module));
        let reached = order.iter().position(|entry| entry.is_final() && !is_there(&entry)).unwrap_or(order.len());
        let asked = |module: &&str| order.is_empty() || is_named(module, order.get(..reached).unwrap_or_default());
        if !is_off && !has_section && !knowing.iter().any(asked) {
            check.notice(line, nobody(order));
        }
    }
}

/// The modules that have users for each server.
fn authenticators<'a>(check: &Check<'a>) -> HashMap<ServerId, Vec<&'a str>> {
    let mut found: HashMap<ServerId, Vec<&str>> = HashMap::new();
    for (module, offer) in check.offers() {
        if let Offer::Authenticator(server) = offer {
            found.entry(*server).or_default().push(module);
        }
    }
    found
}

fn is_named(module: &str, order: &[Entry]) -> bool {
    order.iter().any(|entry| entry.is(module))
}

fn nobody(order: &[Entry]) -> &'static str {
    match order.is_empty() {
        true => "nobody can log in to this server: no module has users for it",
        false => "nobody can log in to this server: none of these modules has users for it",
    }
}
