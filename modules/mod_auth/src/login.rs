//! Checks a password: asks the authenticators in order. An unknown user takes as long as a wrong password.

use std::sync::{Mutex, PoisonError};

use gantry_api::Account;
use gantry_api::prelude::*;
use gantry_api::service::{LoginRequest, Services, Verdict};

use crate::answers::NO_SUCH_USER;
use crate::attempt::Refusal;
use crate::order::{self, Entry, Finality, Judge, Who};
use crate::system::SystemUsers;
use crate::troubles::Troubles;

const INCORRECT: &str = "Incorrect password";
/// A dummy hash, used until a real one has been seen.
const NOBODYS: &str =
    "$6$gantry.nobody$0000000000000000000000000000000000000000000000000000000000000000000000000000000000000";

/// Checks logins. It remembers the last account that was found. The password of an unknown user is checked against
/// that account and then refused, so that it takes as long as this site's hashes take.
#[derive(Default)]
pub(crate) struct Logins {
    pattern: Mutex<Option<(String, Account)>>,
    troubles: Troubles,
}

/// A password that is to be checked.
#[derive(Clone, Copy)]
struct Credentials<'a> {
    request: &'a LoginRequest,
    password: &'a [u8],
}

impl Logins {
    /// The account with this password; the error is for the log, never for the client.
    pub(crate) async fn verify(
        &self,
        services: &Services,
        order: &[Entry],
        request: &LoginRequest,
        password: &[u8],
    ) -> std::result::Result<Account, Refusal> {
        let all = order::asked(order, services);
        let given = Credentials { request, password };
        let mut known = KnownAccounts::new(&self.troubles);
        let (mut is_known, mut is_rejected) = (false, false);
        for (at, asked) in all.iter().enumerate() {
            let account = match asked.who {
                Who::Knows(_) => known.by(&all, at, request).await,
                Who::Judges(_) => known.by_any(&all, request).await,
            };
            let verdict = match &account {
                Some(account) => match self.ask(asked, given, account).await {
                    Ok(verdict) => Some(verdict),
                    Err(error) => {
                        known.fails(asked.name, format!("{} cannot check a password: {error}", asked.name));
                        None
                    }
                },
                None => Some(Verdict::Unknown),
            };
            is_known |= account.is_some();
            is_rejected |= verdict == Some(Verdict::Rejected);
            match (verdict, account) {
                (Some(Verdict::Accepted), Some(account)) => {
                    known.pass_over();
                    return Ok(account);
                }
                (Some(Verdict::Rejected), Some(account)) if matches!(asked.who, Who::Knows(_)) => {
                    known.pass_over();
                    if is_locked(&account) {
                        self.spend_a_hash(&all, given).await;
                    }
                    return Err(INCORRECT.to_owned().into());
                }
                // A judge that does not know the service leaves the decision to others. A judge
                // that fails decides.
                (Some(Verdict::Unknown), Some(_)) if matches!(asked.who, Who::Judges(_)) => continue,
                _ => {}
            }
            if asked.finality == Finality::Final {
                break;
            }
        }
        if is_rejected {
            known.pass_over();
        }
        if let Some((name, reason)) = known.failed {
            return Err(Refusal::Trouble { reason, news: self.troubles.failed(&name) });
        }
        if is_known {
            return Err(INCORRECT.to_owned().into());
        }
        self.spend_the_same(&all, given).await;
        Err(NO_SUCH_USER.to_owned().into())
    }

    /// The account of a name that needs no password: of the first authenticator that knows it, or
    /// else the system's, unless AuthOrder leaves the system's users out.
    pub(crate) async fn look_up(
        &self,
        services: &Services,
        order: &[Entry],
        system: &SystemUsers,
        request: &LoginRequest,
    ) -> Option<Account> {
        let all = order::asked(order, services);
        let mut known = KnownAccounts::new(&self.troubles);
        let account = known.by_any(&all, request).await;
        known.pass_over();
        if account.is_some() {
            return account;
        }
        let knows_all = |asked: &Judge<'_>| matches!(asked.who, Who::Knows(_)) && asked.finality == Finality::Final;
        let asks_system = order::asks_system(order) && !all.iter().any(knows_all);
        asks_system.then(|| system.account(&request.user).cloned()).flatten()
    }

    /// Takes as long as a failed login.
    pub(crate) async fn fail(&self, services: &Services, order: &[Entry], request: &LoginRequest, password: &[u8]) {
        self.spend_the_same(&order::asked(order, services), Credentials { request, password }).await;
    }

    async fn ask(&self, asked: &Judge<'_>, given: Credentials<'_>, account: &Account) -> Result<Verdict> {
        let Credentials { request, password } = given;
        match asked.who {
            Who::Knows(authenticator) => {
                if !is_locked(account) {
                    let seen = (asked.name.to_owned(), account.clone());
                    *self.pattern.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
                }
                authenticator.verify(request, account, password).await
            }
            Who::Judges(judge) => {
                // The hash is only for its own authenticator.
                judge.judge(request, &Account { secret: None, ..account.clone() }, password).await
            }
        }
    }

    /// Lets all of them refuse the password, each taking its usual time.
    async fn spend_the_same(&self, all: &[Judge<'_>], given: Credentials<'_>) {
        for asked in all {
            if let Who::Judges(judge) = asked.who {
                let _ = judge.refuse(given.request, given.password).await;
                if asked.finality == Finality::Final {
                    return;
                }
            }
        }
        self.spend_a_hash(all, given).await;
    }

    /// Checks the password only to spend the time; ignores the verdict.
    async fn spend_a_hash(&self, all: &[Judge<'_>], given: Credentials<'_>) {
        let pattern = self.pattern.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (name, account) = pattern.unwrap_or_else(|| (String::new(), nobody()));
        let knowing = |asked: &Judge<'_>| match asked.who {
            Who::Knows(authenticator) => Some((asked.name == name, authenticator.clone())),
            Who::Judges(_) => None,
        };
        let all: Vec<_> = all.iter().filter_map(knowing).collect();
        let Some((_, authenticator)) = all.iter().find(|(is_its, _)| *is_its).or(all.first()) else { return };
        let _ = authenticator.verify(given.request, &account, given.password).await;
    }
}

/// The answers of the authenticators about a user so far, by index: each is asked once.
struct KnownAccounts<'t> {
    accounts: Vec<(usize, Option<Account>)>,
    /// One that could not tell, and what it said.
    failed: Option<(String, String)>,
    troubles: &'t Troubles,
}

impl<'t> KnownAccounts<'t> {
    fn new(troubles: &'t Troubles) -> Self {
        Self { accounts: Vec::new(), failed: None, troubles }
    }

    /// Remembers the last one that failed.
    fn fails(&mut self, name: &str, reason: String) {
        self.pass_over();
        self.failed = Some((name.to_owned(), reason));
    }

    /// What failed decides nothing: the log has it, and it is forgotten.
    fn pass_over(&mut self) {
        if let Some((name, reason)) = self.failed.take() {
            self.troubles.passed_over(&name, &reason);
        }
    }

    /// The answer of one of them.
    async fn by(&mut self, all: &[Judge<'_>], at: usize, request: &LoginRequest) -> Option<Account> {
        if let Some((_, known)) = self.accounts.iter().find(|(place, _)| *place == at) {
            return known.clone();
        }
        let Some(Judge { name, who: Who::Knows(authenticator), .. }) = all.get(at) else { return None };
        let account = match authenticator.account(request).await {
            Ok(account) => {
                self.troubles.worked(name);
                account
            }
            Err(error) => {
                self.fails(name, format!("{name} cannot look up a user: {error}"));
                None
            }
        };
        self.accounts.push((at, account.clone()));
        account
    }

    /// The answer of the first that knows the user. After one with a final answer, no other is
    /// asked.
    async fn by_any(&mut self, all: &[Judge<'_>], request: &LoginRequest) -> Option<Account> {
        for (at, asked) in all.iter().enumerate() {
            if let Who::Judges(_) = asked.who {
                continue;
            }
            if let Some(account) = self.by(all, at, request).await {
                return Some(account);
            }
            if asked.finality == Finality::Final {
                return None;
            }
        }
        None
    }
}

/// Whether the stored hash can never match, so that checking it takes no time.
fn is_locked(account: &Account) -> bool {
    account.secret.as_deref().is_some_and(|hash| hash.is_empty() || hash.starts_with(['*', '!']))
}

fn nobody() -> Account {
    Account {
        name: String::new(),
        uid: u32::MAX,
        gid: u32::MAX,
        groups: Vec::new(),
        home: "/".into(),
        shell: String::new(),
        secret: Some(NOBODYS.to_owned()),
    }
}
