//! PAM as a judge of passwords, and the sessions that it has opened.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gantry_api::prelude::*;
use gantry_api::proto::text::Escaped;
use gantry_api::service::{LoginRequest, PasswordJudge, Verdict};
use gantry_api::system::{PamLogin, PamOutcome, PamSession, System};
use gantry_api::{Account, ServerId};

use crate::settings::Terms;

/// The PAM sessions of clients, by the numbers of their sessions.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<u64, Box<dyn PamSession>>>>);

/// Checks passwords with PAM.
pub(crate) struct Judge {
    system: Arc<dyn System>,
    servers: HashMap<ServerId, Terms>,
    sessions: Sessions,
}

impl Sessions {
    /// Closes the session of a client, if there is one.
    pub(crate) fn end(&self, id: u64) {
        let session = self.lock().remove(&id);
        drop(session);
    }

    fn keep(&self, id: u64, session: Box<dyn PamSession>) {
        let former = self.lock().insert(id, session);
        drop(former);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Box<dyn PamSession>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Judge {
    /// For the servers where PAM is on.
    pub(crate) fn new(
        system: Arc<dyn System>,
        servers: impl IntoIterator<Item = (ServerId, Terms)>,
        sessions: Sessions,
    ) -> Self {
        Self { system, servers: servers.into_iter().collect(), sessions }
    }

    async fn ask(
        &self,
        request: &LoginRequest,
        terms: &Terms,
        login: (&str, &[u8]),
        session: bool,
    ) -> Result<PamOutcome> {
        // A name from the client's own name server could do harm, so it must be a valid host name.
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:%".contains(&byte));
        let address = request.address.to_string();
        let host =
            Some(request.host.as_str()).filter(|name| is_plain(name) && !name.starts_with('-') && !name.is_empty());
        let terminal = terms.terminal.then(|| format!("/dev/ftpd{}", request.session));
        let (user, password) = login;
        let login = PamLogin {
            service: &terms.service,
            user,
            password,
            host: host.unwrap_or(&address),
            terminal: terminal.as_deref(),
            session,
            limit: terms.limit,
        };
        let outcome = self.system.pam(&login).await?;
        for message in &outcome.messages {
            log!(Info, "PAM says to {}: {}", Escaped(user.as_bytes()), Escaped(message.as_bytes()));
        }
        Ok(outcome)
    }
}

#[async_trait]
impl PasswordJudge for Judge {
    async fn judge(&self, request: &LoginRequest, account: &Account, password: &[u8]) -> Result<Verdict> {
        let Some(terms) = self.servers.get(&request.server) else { return Ok(Verdict::Unknown) };
        let outcome = self.ask(request, terms, (&account.name, password), terms.session).await?;
        if let Some(refusal) = outcome.refusal {
            let user = Escaped(account.name.as_bytes());
            log!(Info, "PAM ({}) refuses {user}: {refusal}", terms.service);
            return Ok(Verdict::Rejected);
        }
        if let Some(session) = outcome.session {
            self.sessions.keep(request.session, session);
        }
        Ok(Verdict::Accepted)
    }

    async fn refuse(&self, request: &LoginRequest, password: &[u8]) -> Result<()> {
        let Some(terms) = self.servers.get(&request.server) else { return Ok(()) };
        // PAM delays the refusal as it does for users that it knows. No session is opened, because nobody is let in.
        self.ask(request, terms, (&request.user, password), false).await.map(drop)
    }
}
