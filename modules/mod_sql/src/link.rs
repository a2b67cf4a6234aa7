//! The connections to the databases: one pool per database, even if several servers use
//! it, and writes that outlive their session.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::runtime::Runtime;
use gantry_api::service::{Services, SqlBackend, SqlConnect, SqlPool, SqlRows, SqlStatement, Verdict};
use gantry_api::{Error, Result, log};
use tokio::sync::{Semaphore, oneshot};

use crate::settings::Connect;

/// An open pool and its back end.
#[derive(Clone)]
pub struct Link {
    backend: Arc<dyn SqlBackend>,
    pool: SqlPool,
}

impl Link {
    /// Runs a statement.
    pub async fn run(&self, statement: &SqlStatement) -> Result<SqlRows> {
        self.backend.run(self.pool, statement).await
    }

    /// Has the database compile a statement.
    pub async fn check(&self, statement: &SqlStatement) -> Result<()> {
        self.backend.check(self.pool, statement).await
    }

    /// Judges a password in the database's own scheme.
    pub async fn verify(&self, user: &str, stored: &str, password: &[u8]) -> Result<Verdict> {
        self.backend.verify(user, stored, password).await
    }
}

/// The open pools.
#[derive(Default)]
pub struct Links {
    open: Vec<(String, SqlConnect, Link)>,
}

impl Links {
    /// The pool of a database, opened on first use. `line` names the directive in errors;
    /// they never contain the password.
    pub async fn link(
        &mut self,
        services: &Services,
        backend: Option<&str>,
        connect: &Connect,
        line: &str,
    ) -> Result<Link> {
        let name = backend_name(services, backend)?;
        let connect = SqlConnect::from(connect);
        if let Some((.., link)) = self.open.iter().find(|(found, there, _)| *found == name && *there == connect) {
            return Ok(link.clone());
        }
        // The name comes from the list of services.
        let backend = services.sql_backend(&name).ok_or_else(|| Error::system("an SQL back end has disappeared"))?;
        let pool =
            backend.open(&connect).await.map_err(|error| error.context(format_args!("{line} {}", connect.database)))?;
        let link = Link { backend, pool };
        self.open.push((name, connect, link.clone()));
        Ok(link)
    }

    /// Closes all pools.
    pub async fn close(&self) {
        for (name, connect, link) in &self.open {
            if let Err(error) = link.backend.close(link.pool).await {
                log!(Warn, "{name} {}: {error}", connect.database);
            }
        }
    }
}

/// The back end that SQLBackend names, or the first one.
fn backend_name(services: &Services, wanted: Option<&str>) -> Result<String> {
    let there: Vec<&str> = services.sql_backend_names().collect();
    let found = match wanted {
        Some(wanted) => there.iter().find(|name| is_backend(name, wanted)),
        None => there.first(),
    };
    if let Some(found) = found {
        return Ok((*found).to_owned());
    }
    let there = if there.is_empty() {
        "no module provides one; use LoadModule for your database's module".to_owned()
    } else {
        format!("available: {}", there.join(", "))
    };
    Err(Error::configuration(format!("SQLBackend {}: no such back end; {there}", wanted.unwrap_or("(none)"))))
}

/// Whether a back end is the one that SQLBackend names.
pub fn is_backend(name: &str, wanted: &str) -> bool {
    /// Other names for back ends.
    const ALIASES: [(&str, &str); 2] = [("sqlite", "sqlite3"), ("postgresql", "postgres")];
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(wanted));
    name.eq_ignore_ascii_case(alias.map_or(wanted, |(_, name)| *name))
}

/// Whether a word is a connection policy. ProFTPD reads any other one as PERSESSION.
pub fn is_policy(word: &str) -> bool {
    const POLICIES: [&str; 3] = ["PERSESSION", "PERCONNECTION", "PERCALL"];
    POLICIES.iter().any(|policy| policy.eq_ignore_ascii_case(word)) || word.parse::<i64>().is_ok()
}

/// Statements of one instance that must not be lost. Each is a separate task, so it is
/// finished even if its session ends.
pub struct Writes {
    slots: Arc<Semaphore>,
    runtime: Option<Arc<dyn Runtime>>,
}

/// The most statements running at once; further ones wait.
const SLOTS: u32 = 1024;
/// How long a stopping instance waits for them.
const PATIENCE: Duration = Duration::from_secs(120);

impl Writes {
    /// No statements yet.
    pub fn new(runtime: Option<Arc<dyn Runtime>>) -> Self {
        Self { slots: Arc::new(Semaphore::new(SLOTS as usize)), runtime }
    }

    /// Runs a statement to completion.
    pub async fn run(&self, link: &Link, statement: SqlStatement) -> Result<SqlRows> {
        let stopped = |_| Error::system("the module has stopped");
        let slot = self.slots.clone().acquire_owned().await.map_err(stopped)?;
        let Some(runtime) = &self.runtime else { return link.run(&statement).await };
        let (send, receive) = oneshot::channel();
        let link = link.clone();
        runtime.spawn(Box::pin(async move {
            let answer = link.run(&statement).await;
            drop(slot);
            // The receiver may be gone.
            let _ = send.send(answer);
        }));
        receive.await.unwrap_or_else(|_| Err(Error::system("the statement's task ended early")))
    }

    /// Waits for all running statements, then accepts no more.
    pub async fn finish(&self) {
        if tokio::time::timeout(PATIENCE, self.slots.acquire_many(SLOTS)).await.is_err() {
            log!(
                Error,
                "some statements are still running after {} seconds; not waiting any longer",
                PATIENCE.as_secs()
            );
        }
        self.slots.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_ends_have_aliases_and_policies_are_words_or_seconds() {
        assert!(
            is_backend("sqlite3", "SQLite") && is_backend("mysql", "MySQL") && is_backend("postgres", "postgresql")
        );
        assert!(!is_backend("sqlite3", "mysql") && !is_backend("sqlite3", ""));
        assert!(["persession", "PERCALL", "PERCONNECTION", "30", "0", "-5"].into_iter().all(is_policy));
        assert!(!is_policy("30s") && !is_policy(""));
    }
}
