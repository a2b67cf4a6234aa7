//! SQLKeepAlive: runs a statement every so many seconds, so that what is between the daemon and its databases sees that
//! their connections are used.

use std::sync::Arc;
use std::time::Duration;

use gantry_api::runtime::Runtime;
use gantry_api::service::SqlStatement;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::journal::Journal;
use crate::link::Link;
use crate::settings::Settings;
use crate::template::Template;
use crate::variables::Arguments;

/// What a server keeps alive.
pub struct KeepAlive {
    every: Duration,
    statement: SqlStatement,
    links: Vec<Link>,
    journal: Arc<Journal>,
}

impl KeepAlive {
    /// The configured statement, if there is one, for these databases.
    pub fn new(settings: &Settings, links: Vec<Link>, journal: Arc<Journal>) -> Option<Self> {
        let configured = settings.keep_alive.as_ref().filter(|configured| configured.interval > 0)?;
        // The parser has compiled it, and it has no arguments.
        let statement = Template::compile(&configured.statement).ok()?.fill(&Arguments(&[])).ok()?;
        Some(Self { every: Duration::from_secs(configured.interval), statement, links, journal })
    }

    /// Runs until `stopped` changes, or nobody can change it any more.
    pub fn start(self, runtime: &dyn Runtime, mut stopped: watch::Receiver<()>) {
        runtime.spawn(Box::pin(async move {
            loop {
                tokio::select! {
                    () = sleep(self.every) => {}
                    _ = stopped.changed() => return,
                }
                for link in &self.links {
                    let shown = self.journal.show(&self.statement);
                    // It does not have to succeed: its way to the database is what counts.
                    let answer = link.run(&self.statement).await;
                    self.journal.answer(None, "SQLKeepAlive", shown, &answer);
                }
            }
        }));
    }
}
