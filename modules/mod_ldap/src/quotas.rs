//! The attribute ftpQuota and LDAPDefaultQuota, which mod_quotatab_ldap serves as a table of limits.

use std::collections::HashMap;
use std::sync::Arc;

use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaSource, QuotaSubject, QuotaTable, QuotaType};
use gantry_api::{Error, Result, ServerId, async_trait};

use crate::quota_text::parse;
use crate::users::Users;

/// The limits of the directories' users.
pub(crate) struct LdapQuotas {
    pub(crate) servers: Arc<HashMap<ServerId, Users>>,
}

#[async_trait]
impl QuotaSource for LdapQuotas {
    async fn limit(&self, table: &QuotaTable, subject: &QuotaSubject) -> Result<Option<QuotaLimit>> {
        if subject.kind != QuotaType::User {
            return Ok(None);
        }
        let Some(users) = self.servers.get(&table.server) else {
            return Err(Error::configuration("LDAPUsers is not set: no user's ftpQuota can be looked up"));
        };
        let Some(text) = users.quota(&subject.name).await? else { return Ok(None) };
        let limit = parse(&text);
        limit.map(Some).ok_or_else(|| Error::system(format!("the quota '{}' cannot be read", text.escape_debug())))
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
