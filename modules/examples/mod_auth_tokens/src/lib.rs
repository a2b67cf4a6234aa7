//! mod_auth_tokens, an example module: it authenticates users by tokens, whose digests
//! are in its own file. mod_auth asks it in the order of AuthOrder.

mod tokens;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use gantry_api::prelude::*;
use gantry_api::service::{Authenticator, LoginRequest, Verdict};
use gantry_api::{Account, ServerId};

use tokens::Tokens;

#[derive(Default)]
struct AuthTokens;

module! { AuthTokens, settings: Settings }

settings! {
    /// The settings of one server.
    struct Settings {
        /// The file of users who log in with a token, one per line: user:digest:uid:gid:home. The digest is the SHA-256
        /// of the token in hexadecimal (printf %s TOKEN | sha256sum). Tokens must be random and long; for passwords use
        /// AuthUserFile. Only the daemon's user may have access to the file. It is read at start and on SIGHUP.
        file: Option<PathBuf> = TokenFile "path" in SERVER | VHOST | GLOBAL, inherits: replace, parse: parse::path;
    }
}

#[async_trait]
impl Module for AuthTokens {
    fn offers(scopes: &Scopes<'_>) -> Vec<Offer> {
        let servers = scopes.servers::<Settings>().filter(|scope| scope.settings.file.is_some());
        servers.map(|scope| Offer::Authenticator(scope.server)).collect()
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        let mut files: HashMap<PathBuf, Arc<Tokens>> = HashMap::new();
        let mut servers = HashMap::new();
        let named: Vec<_> = start.servers::<Settings>().collect();
        for (server, settings) in named {
            let Some(file) = &settings.file else { continue };
            if !files.contains_key(file) {
                let tokens = Tokens::read(file).map_err(|error| Error::configuration(format!("TokenFile: {error}")))?;
                log!(Debug, "{}: {} users", file.display(), tokens.len());
                files.insert(file.clone(), Arc::new(tokens));
            }
            servers.insert(server, Arc::clone(&files[file]));
        }
        if !servers.is_empty() {
            start.publish().authenticator("mod_auth_tokens", Service { servers });
        }
        Ok(())
    }
}

/// The authenticator for mod_auth.
struct Service {
    servers: HashMap<ServerId, Arc<Tokens>>,
}

#[async_trait]
impl Authenticator for Service {
    async fn account(&self, request: &LoginRequest) -> Result<Option<Account>> {
        let user = self.servers.get(&request.server).and_then(|tokens| tokens.user(&request.user));
        Ok(user.map(|user| Account {
            name: request.user.clone(),
            uid: user.uid,
            gid: user.gid,
            groups: Vec::new(),
            home: user.home.clone(),
            shell: String::new(),
            secret: None,
        }))
    }

    async fn verify(&self, request: &LoginRequest, _: &Account, password: &[u8]) -> Result<Verdict> {
        // By the name in the request, because the account's may have been rewritten.
        let user = self.servers.get(&request.server).and_then(|tokens| tokens.user(&request.user));
        Ok(match user {
            None => Verdict::Unknown,
            Some(user) if user.has(password) => Verdict::Accepted,
            Some(_) => Verdict::Rejected,
        })
    }
}
