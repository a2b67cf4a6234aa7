//! The files as an authenticator. Reading and hashing block, so they run on threads for blocking work. Only a few
//! passwords are hashed at a time, so that many logins cannot take all processors.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use gantry_api::prelude::*;
use gantry_api::service::{Authenticator, LoginRequest, Verdict};
use gantry_api::{Account, Group, ServerId, log};
use gantry_sys::crypt;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::entries::{self, User};
use crate::settings::Settings;
use crate::source::Source;

/// The files of all servers.
pub(crate) struct Files {
    servers: HashMap<ServerId, Arc<Server>>,
    hashing: Arc<Semaphore>,
}

/// The files of one server.
struct Server {
    users: Source<HashMap<String, User>>,
    groups: Option<Source<Vec<entries::Group>>>,
}

impl Files {
    /// Opens the files; an error names the file that cannot be used.
    pub(crate) fn open(settings: impl IntoIterator<Item = (ServerId, Settings)>) -> Result<Self> {
        let mut servers = HashMap::new();
        for (server, settings) in settings {
            let files = Server::open(&settings).map_err(Error::configuration)?;
            servers.extend(files.map(|files| (server, Arc::new(files))));
        }
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { servers, hashing: Arc::new(Semaphore::new(processors)) })
    }

    /// Whether no server has a user file.
    pub(crate) fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }
}

#[async_trait]
impl Authenticator for Files {
    async fn account(&self, request: &LoginRequest) -> Result<Option<Account>> {
        let Some(server) = self.servers.get(&request.server) else { return Ok(None) };
        if let Some(account) = server.account_at_once(&request.user) {
            return Ok(account);
        }
        let (server, user) = (server.clone(), request.user.clone());
        blocking(move || server.account(&user)).await
    }

    async fn verify(&self, _: &LoginRequest, account: &Account, password: &[u8]) -> Result<Verdict> {
        let Ok(turn) = self.hashing.clone().acquire_owned().await else {
            return Err(Error::system("the module has stopped hashing passwords"));
        };
        let hash = account.secret.clone().unwrap_or_default();
        let password = password.to_vec();
        let verified = blocking(move || {
            // Held until the hash is done, even if the client does not wait.
            let _turn = turn;
            crypt::verify(&password, &hash)
        });
        Ok(match verified.await? {
            Ok(true) => Verdict::Accepted,
            Ok(false) => Verdict::Rejected,
            Err(error) => {
                log!(Info, "cannot check the password of '{}': {error}", account.name);
                Verdict::Rejected
            }
        })
    }

    async fn user_name(&self, request: &LoginRequest, uid: u32) -> Result<Option<String>> {
        let Some(server) = self.servers.get(&request.server).cloned() else { return Ok(None) };
        blocking(move || server.user_name(uid)).await
    }

    async fn group_name(&self, request: &LoginRequest, gid: u32) -> Result<Option<String>> {
        let Some(server) = self.servers.get(&request.server).cloned() else { return Ok(None) };
        blocking(move || server.group_name(gid)).await
    }
}

impl Server {
    fn open(settings: &Settings) -> std::result::Result<Option<Self>, String> {
        let Some(users) = settings.users.clone() else { return Ok(None) };
        let readers = settings.readers();
        let users = Source::open(users, readers, entries::users).map_err(|error| format!("AuthUserFile: {error}"))?;
        let groups = |path: PathBuf| {
            Source::open(path, readers, entries::groups).map_err(|error| format!("AuthGroupFile: {error}"))
        };
        Ok(Some(Self { users, groups: settings.groups.clone().map(groups).transpose()? }))
    }

    fn account(&self, name: &str) -> Option<Account> {
        let groups = self.groups.as_ref().map(Source::contents);
        account(&self.users.contents(), groups.as_deref(), name)
    }

    /// The same, if neither file has to be waited for.
    fn account_at_once(&self, name: &str) -> Option<Option<Account>> {
        let groups = match &self.groups {
            Some(groups) => Some(groups.contents_at_once()?),
            None => None,
        };
        Some(account(&*self.users.contents_at_once()?, groups.as_deref(), name))
    }

    /// The name of a user; where several have the id, the same one each time.
    fn user_name(&self, uid: u32) -> Option<String> {
        let users = self.users.contents();
        users.iter().filter(|(_, user)| user.uid == uid).map(|(name, _)| name.clone()).min()
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        let groups = self.groups.as_ref()?.contents();
        groups.iter().find(|group| group.gid == gid).map(|group| group.name.clone())
    }
}

fn account(users: &HashMap<String, User>, groups: Option<&Vec<entries::Group>>, name: &str) -> Option<Account> {
    let user = users.get(name)?;
    Some(Account {
        name: name.to_owned(),
        uid: user.uid,
        gid: user.gid,
        groups: groups.map_or_else(Vec::new, |groups| groups_of(groups, name, user.gid)),
        home: user.home.clone().into(),
        shell: user.shell.clone(),
        secret: Some(user.hash.clone()),
    })
}

/// The groups of a user, including the primary one if the file names it.
fn groups_of(groups: &[entries::Group], name: &str, gid: u32) -> Vec<Group> {
    let is_in = |group: &&entries::Group| group.gid == gid || group.members.iter().any(|member| member == name);
    groups.iter().filter(is_in).map(|group| Group { name: group.name.clone(), gid: group.gid }).collect()
}

/// Runs blocking work on a thread for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|error| Error::system(format!("cannot run this now: {error}")))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use gantry_api::Notes;

    use super::*;

    fn write(path: &Path, text: &str) -> PathBuf {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        path.to_owned()
    }

    #[tokio::test]
    async fn accounts_have_their_groups_and_passwords_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let hash = crypt::hash(b"secret", crypt::Scheme::Sha512).unwrap();
        let users = format!("ann:{hash}:1000:50::/home/ann:/bin/sh\nempty::1:1::/:\n");
        let settings = Settings {
            users: Some(write(&dir.path().join("users"), &users)),
            groups: Some(write(&dir.path().join("groups"), "staff:x:50:\nweb:x:60:bob,ann\nno:x:70:bob\n")),
            options: Vec::new(),
        };
        let files = Files::open([(ServerId(0), settings)]).unwrap();
        let request = |server, user: &str| LoginRequest {
            session: 1,
            server: ServerId(server),
            user: user.into(),
            address: Ipv4Addr::LOCALHOST.into(),
            host: "localhost".to_owned(),
            section: None,
            class: None,
            port: 1024,
            local: (Ipv4Addr::LOCALHOST, 21).into(),
            server_name: "test".into(),
            notes: Notes::default(),
        };

        let ann = files.account(&request(0, "ann")).await.unwrap().unwrap();
        let groups: Vec<_> = ann.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!((ann.uid, ann.gid, groups), (1000, 50, vec!["staff", "web"]));
        let verdict = |account: Account, password: &'static [u8]| {
            let files = &files;
            async move { files.verify(&request(0, "x"), &account, password).await.unwrap() }
        };
        assert_eq!(verdict(ann.clone(), b"secret").await, Verdict::Accepted);
        assert_eq!(verdict(ann.clone(), b"wrong").await, Verdict::Rejected);
        assert_eq!(verdict(ann, b"sec\0ret").await, Verdict::Rejected);

        assert_eq!(files.user_name(&request(0, "x"), 1000).await.unwrap().as_deref(), Some("ann"));
        assert_eq!(files.group_name(&request(0, "x"), 60).await.unwrap().as_deref(), Some("web"));
        assert_eq!(files.user_name(&request(1, "x"), 1000).await.unwrap(), None);

        let empty = files.account(&request(0, "empty")).await.unwrap().unwrap();
        assert_eq!(verdict(empty, b"").await, Verdict::Rejected);
        assert!(files.account(&request(0, "bob")).await.unwrap().is_none());
        assert!(files.account(&request(1, "ann")).await.unwrap().is_none());
    }
}
