//! mod_quotatab_ldap: limits in an LDAP directory (doc/contrib/mod_quotatab_ldap in ProFTPD's manual), for
//! `QuotaLimitTable ldap:`. mod_ldap reads them from the attribute ftpQuota; mod_quotatab applies them. A directory keeps
//! no tallies.

use std::sync::Arc;

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaSource, QuotaSubject, QuotaTable};

/// The module.
#[derive(Default)]
struct QuotatabLdap;

// mod_ldap is only needed where a table is its.
module! { QuotatabLdap, settings: Settings, after: ["mod_ldap"], before: ["mod_quotatab"] }

settings! {
    /// mod_quotatab's settings.
    struct Settings {
        limits: Option<String> = QuotaLimitTable;
        tallies: Option<String> = QuotaTallyTable;
    }
}

/// What stands before the colon.
const NAME: &str = "ldap";
/// Who reads the directory, and the name of its service.
const READER: &str = "mod_ldap";

#[async_trait]
impl Module for QuotatabLdap {
    fn offers(_: &Scopes<'_>) -> Vec<Offer> {
        vec![Offer::QuotaSource(NAME.to_owned())]
    }

    fn check(check: &mut Check<'_>) {
        let has_reader = check.modules().any(|module| module == READER);
        for scope in check.scopes().servers::<Settings>() {
            if is_of_ldap(scope.settings.tallies.as_deref()) {
                let text = "a directory keeps no tallies: they change too often";
                check.fault(scope.line("QuotaTallyTable").at(NAME), text).help("write: QuotaTallyTable file:/path");
            }
            if !is_of_ldap(scope.settings.limits.as_deref()) || !check.has_all("LoadModule") {
                continue;
            }
            let knows_users = |(module, offer): (&str, &Offer)| {
                module == READER && matches!(offer, Offer::Authenticator(server) if *server == scope.server)
            };
            let line = scope.line("QuotaLimitTable");
            if !has_reader {
                check.fault(line, "tables of kind ldap need mod_ldap").help("LoadModule mod_ldap.c loads it");
            } else if check.has_all("LDAPUsers") && !check.offers().any(knows_users) {
                check.fault(line, "tables of kind ldap need LDAPUsers, which says where users are");
            }
        }
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let reader = start.services().quota_source(READER).cloned();
        start.publish().quota_source(NAME, Limits { reader });
        Ok(())
    }
}

fn is_of_ldap(table: Option<&str>) -> bool {
    table.and_then(|table| table.split_once(':')).is_some_and(|(kind, _)| kind == NAME)
}

/// mod_ldap's limits, as a table.
struct Limits {
    reader: Option<Arc<dyn QuotaSource>>,
}

#[async_trait]
impl QuotaSource for Limits {
    async fn limit(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaLimit>> {
        match &self.reader {
            Some(reader) => reader.limit(table, subject).await,
            None => Err(Error::configuration("tables of kind ldap need mod_ldap and LDAPUsers")),
        }
    }

    async fn tally(&self, _: &QuotaTable, _: &QuotaSubject) -> Result<Option<QuotaNumbers>> {
        no_tallies()
    }

    async fn create_tally(&self, _: &QuotaTable, _: &QuotaSubject) -> Result<()> {
        no_tallies()
    }

    async fn add(&self, _: &QuotaTable, _: &QuotaSubject, _: &QuotaNumbers) -> Result<()> {
        no_tallies()
    }
}

fn no_tallies<T>() -> Result<T> {
    Err(Error::configuration("a directory keeps no tallies"))
}
