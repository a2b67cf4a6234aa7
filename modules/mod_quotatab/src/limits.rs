//! Finding the one limit that applies to a session, and its tally.

use std::sync::Arc;

use gantry_api::prelude::*;
use gantry_api::quota::{QuotaLimit, QuotaNumbers, QuotaSubject, QuotaType};

use crate::ledger::Ledger;
use crate::server::Server;

/// The limit of a session, and the tally that counts against it.
pub(crate) struct Quota {
    pub(crate) server: Arc<Server>,
    pub(crate) limit: QuotaLimit,
    pub(crate) ledger: Arc<Ledger>,
}

impl Quota {
    /// Counts what a command did, as far as it is limited: what is not limited is not counted.
    pub(crate) fn count(&self, change: QuotaNumbers) {
        self.ledger.count(change.with(self.limit.most, |change, most| if most > 0 { change } else { 0 }));
    }

    /// Writes what was counted.
    pub(crate) async fn write(&self) {
        self.server.write(&self.ledger).await;
    }
}

/// Finds a session's quota: the first of its user's, its groups', its class's, and that for all.
///
/// # Errors
/// A table cannot be used.
pub(crate) async fn find(server: &Arc<Server>, session: &Session) -> Result<Option<Quota>> {
    let Some((subject, limit)) = limit(server, session).await? else {
        server.note(session, "no quota entry found");
        return Ok(None);
    };
    let ledger = match limit.per_session {
        true => Arc::new(Ledger::new(subject, None)),
        false => server.ledger(&subject),
    };
    ledger.refresh().await?;
    Ok(Some(Quota { server: server.clone(), limit, ledger }))
}

async fn limit(server: &Server, session: &Session) -> Result<Option<(QuotaSubject, QuotaLimit)>> {
    for kind in QuotaType::ORDER {
        for name in names(session, kind)? {
            let subject = QuotaSubject { kind, name };
            let found = match &server.limits {
                Some(table) => table.limit(&subject).await?,
                None => None,
            };
            if let Some(limit) = found {
                server.note(session, &format!("found limit entry for {} '{}'", kind.word(), subject.name));
                return Ok(Some((subject, limit)));
            }
        }
    }
    let Some(default) = &server.default else { return Ok(None) };
    let Some(kind) = default.kind() else { return Ok(None) };
    let Some(name) = names(session, kind)?.into_iter().next() else { return Ok(None) };
    server.note(session, &format!("using default {} limit from QuotaDefault directive", kind.word()));
    Ok(Some((QuotaSubject { kind, name }, default.limit())))
}

/// The names under which a session may have a record; a user's primary group comes first.
fn names(session: &Session, kind: QuotaType) -> Result<Vec<String>> {
    let account = session.account()?;
    Ok(match kind {
        QuotaType::User => vec![account.name.clone()],
        QuotaType::Group => {
            let is_first = |is: bool| account.groups.iter().filter(move |group| (group.gid == account.gid) == is);
            is_first(true).chain(is_first(false)).map(|group| group.name.clone()).collect()
        }
        QuotaType::Class => session.class.iter().map(|class| class.to_string()).collect(),
        QuotaType::All => vec![String::new()],
    })
}
