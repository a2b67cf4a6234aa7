//! mod_auth: USER and PASS (RFC 959): who logs in, and where the session begins. Authenticators of
//! other modules know users and passwords; the server checks `<Limit LOGIN>`.

mod anonymous;
mod answers;
mod attempt;
mod check;
mod ftpusers;
mod groups;
mod homes;
mod idle;
mod limits;
mod login;
mod order;
mod roots;
mod sections;
mod settings;
mod shells;
mod start;
mod system;
mod troubles;

use gantry_api::prelude::*;
use gantry_api::service::LoginRequest;
use gantry_api::{ANONYMOUS_PASSWORD, Account, Admission, Fault};

use anonymous::Anonymity;
use answers::{LIMITED, NO_SUCH_USER, deny, no_service, turn_away, unable, welcome};
use attempt::{Attempt, Refusal};
use login::Logins;
use sections::Sections;
use settings::Settings;
use system::SystemUsers;
use troubles::News;

/// The module.
#[derive(Default)]
pub struct Auth {
    logins: Logins,
    sections: Sections,
    system: SystemUsers,
}

module! { Auth, settings: Settings, after: ["mod_core"] }

command! {
    /// Sends the user name.
    USER "<sp> username", class: AUTH, login: no, does: [CWD], at_once: user, wait: vouched;
    /// Sends the password for the user name.
    PASS "<sp> password", class: AUTH, login: no, does: [CWD, RETR], at_once: pass, wait: log_in;
}

/// The module's state in a session.
#[derive(Default)]
struct LoginState {
    /// Whether USER is being handled, and not PASS.
    for_password: bool,
}

#[async_trait]
impl Module for Auth {
    fn check(check: &mut Check<'_>) {
        check::check(check);
    }

    async fn start(&mut self, start: &mut Start<'_>) -> Result<()> {
        for (_, settings) in start.servers::<Settings>() {
            if let Some(what) = settings.whole_host() {
                log!(Warn, "{what}");
            }
        }
        self.sections = Sections::new(start);
        self.system = SystemUsers::look_up(start, self.sections.names(), self.sections.groups()).await?;
        Ok(())
    }

    fn hooks(&self) -> Vec<Hook> {
        vec![Hook::connect()]
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        at.settings::<Settings>().limits.connect(at)?;
        Ok(Step::Next)
    }
}

fn user(auth: &Auth, at: &mut Moment<'_>) -> Result<Step> {
    let name = &at.command.argument;
    if name.is_empty() {
        return refuse(500, "USER: command requires a parameter");
    }
    if let Some(known) = &at.session.user
        && at.session.account.is_some()
    {
        if known.as_bytes() != name {
            return refuse(501, "Reauthentication not supported");
        }
        at.respond(230, [b"User ", name.as_slice(), b" logged in"].concat());
        return Ok(Step::Done);
    }
    let user = String::from_utf8_lossy(name).into_owned();
    let section = auth.sections.of(at.session.server, &user).section;
    let needs_none = section.is_some_and(|section| !section.requires_password);
    at.session.section = section.map(|section| section.id);
    at.session.user = Some(user);
    at.state.of::<LoginState>().for_password = true;
    match needs_none {
        true => at.respond(331, answers::INVITATION),
        false => at.respond(331, [b"Password required for ", name.as_slice()].concat()),
    }
    let is_asked = at.session.voucher.is_some() && at.session.section.is_none() && at.session.lets_in().is_ok();
    Ok(if is_asked { Step::Wait } else { Step::Done })
}

/// Logs the client in if something vouches for it besides a password, such as its certificate (RFC 4217 section 5.1). If
/// not, USER's reply stays, which asks for a password.
async fn vouched(auth: &Auth, at: &mut Moment<'_>) -> Result<Step> {
    let (settings, user) = (at.settings::<Settings>(), at.session.user.clone().unwrap_or_default());
    let Some(voucher) = at.session.voucher.take() else { return Ok(Step::Done) };
    let client = LoginRequest::new(at.session, user.as_str());
    let attempt = Attempt { services: &at.world.services, client, settings, password: &[] };
    let account = auth.account(&attempt).await;
    let vouches = match &account {
        Some(account) => voucher.vouches_for(&user, account).await,
        None => Ok(false),
    };
    at.session.voucher = Some(voucher);
    let vouches = vouches.unwrap_or_else(|error| {
        log!(Warn, "cannot tell whether a client needs a password: {error}");
        false
    });
    let Some(account) = account.filter(|_| vouches) else { return Ok(Step::Done) };
    at.state.of::<LoginState>().for_password = false;
    let account = match settings.admits_vouched(account) {
        Ok(account) => account,
        Err(reason) => return deny(at, settings, &reason),
    };
    let root = settings.root_of(&account);
    let beginnings = settings.beginnings(&account, &root);
    let step = enter(auth, at, settings, Admission { account, root, section: None, beginnings }).await?;
    if let Some(reply) = at.dialogue.reply.as_mut().filter(|reply| reply.code == 230) {
        reply.code = 232;
    }
    Ok(step)
}

fn pass(at: &mut Moment<'_>) -> Result<Step> {
    if at.session.account.is_some() {
        return refuse(503, "You are already logged in");
    }
    // Each password needs its own USER, even after a wrong one.
    match std::mem::take(&mut at.state.of::<LoginState>().for_password) && at.session.user.is_some() {
        true => match at.session.lets_in() {
            Ok(()) => Ok(Step::Wait),
            Err(error) => deny(at, at.settings::<Settings>(), &format!("{LIMITED}: {error}")),
        },
        false => refuse(503, "Login with USER first"),
    }
}

async fn log_in(auth: &Auth, at: &mut Moment<'_>) -> Result<Step> {
    let (settings, user) = (at.settings::<Settings>(), at.session.user.clone().unwrap_or_default());
    let attempt = Attempt {
        services: &at.world.services,
        client: LoginRequest::new(at.session, user.as_str()),
        settings,
        password: &at.command.argument,
    };
    let found = auth.found(&attempt).await;
    at.session.events.announce("mod_auth.authentication-code");
    let admission = match found {
        Ok(admission) => admission,
        Err(Refusal::Login(reason)) => return deny(at, settings, &reason),
        Err(Refusal::Trouble { reason, news }) => return no_service(at, &reason, news),
        Err(Refusal::Root(reason)) => return Ok(unable(at, settings, &reason)),
    };
    let anonymous =
        auth.sections.of(at.session.server, &user).section.is_some_and(|section| !section.requires_password);
    let given = anonymous.then(|| String::from_utf8_lossy(&at.command.argument).into_owned());
    let step = enter(auth, at, settings, admission).await?;
    if let Some(given) = given.filter(|_| at.session.account.is_some()) {
        at.session.notes.set(ANONYMOUS_PASSWORD, given);
    }
    Ok(step)
}

/// Completes a login: takes its places among the clients, and admits the session.
async fn enter(auth: &Auth, at: &mut Moment<'_>, settings: &Settings, admission: Admission) -> Result<Step> {
    let counted = admission.section.and_then(|section| auth.sections.key(at.session.server, section));
    let places = match settings.limits.enter(at.session, &admission.account, counted.as_deref()) {
        Ok(places) => places,
        Err(full) => return turn_away(at, full),
    };
    let (root, section) = (admission.root.clone(), admission.section);
    let Err(error) = at.session.admit(admission).await else {
        let step = welcome(at, settings);
        if let Some(path) = &settings.display {
            gantry_display::show(at, path, &settings.facts).await;
        }
        return Ok(step);
    };
    places.give_back(at.session);
    match section {
        // Refused (<Limit LOGIN>); another user may be admitted.
        _ if error.fault() == Fault::Client => deny(at, settings, &format!("{LIMITED}: {error}")),
        Some(_) => Ok(unable(at, settings, &format!("{}: {error}", root.display()))),
        None => {
            at.session.end(error.to_string());
            deny(at, settings, &error.to_string())
        }
    }
}

impl Auth {
    /// The account of a user with this password: that of UserPassword, or the user's own.
    async fn verified(&self, attempt: &Attempt<'_>, request: &LoginRequest) -> std::result::Result<Account, Refusal> {
        let Attempt { services, settings, password, .. } = *attempt;
        let Some(hash) = settings.own_hash(&request.user) else {
            return self.logins.verify(services, &settings.order, request, password).await;
        };
        let found = self.logins.look_up(services, &settings.order, &self.system, request).await;
        let account = found.ok_or_else(|| NO_SUCH_USER.to_owned())?;
        // Check this before hashing, which takes long.
        settings.takes(password)?;
        let (password, hash) = (password.to_vec(), hash.to_owned());
        let trouble = |error: &dyn std::fmt::Display| Refusal::Trouble {
            reason: format!("UserPassword: {error}"),
            news: News::ALWAYS,
        };
        let verified = tokio::task::spawn_blocking(move || gantry_sys::crypt::verify(&password, &hash)).await;
        match verified {
            Ok(Ok(true)) => Ok(account),
            Ok(Ok(false)) => Err("Incorrect password".to_owned().into()),
            Ok(Err(error)) => Err(trouble(&error)),
            Err(error) => Err(trouble(&error)),
        }
    }

    /// The account of a user of the server itself, not of an `<Anonymous>` section.
    async fn account(&self, attempt: &Attempt<'_>) -> Option<Account> {
        let belonging = self.sections.of(attempt.client.server, &attempt.client.user);
        if belonging.ignored || belonging.section.is_some() {
            return None;
        }
        let request = attempt.request(belonging.name);
        self.logins.look_up(attempt.services, &attempt.settings.order, &self.system, &request).await
    }

    /// The account for the client's name and password.
    async fn found(&self, attempt: &Attempt<'_>) -> std::result::Result<Admission, Refusal> {
        let Attempt { services, settings, password, .. } = *attempt;
        let user = attempt.client.user.as_str();
        let belonging = self.sections.of(attempt.client.server, user);
        if belonging.ignored {
            self.logins.fail(services, &settings.order, &attempt.request(user), password).await;
            return Err("Not a UserAlias (AuthAliasOnly)".to_owned().into());
        }
        let Some(section) = belonging.section else {
            let request = attempt.request(belonging.name);
            let account = self.verified(attempt, &request).await?;
            let account = settings.admits(account, password)?;
            let root = settings.root_of(&account);
            let beginnings = settings.beginnings(&account, &root);
            return Ok(Admission { account, root, section: None, beginnings });
        };
        let own = section.requires_password && section.uses_alias;
        let request = attempt.request(if own { user } else { belonging.name });
        let account = match section.requires_password {
            true => {
                let verified = self.verified(attempt, &request).await?;
                settings.admits(verified, password)?
            }
            false => {
                if settings.rejects(password) {
                    return Err("AnonRejectPasswords denies login".to_owned().into());
                }
                let found = self.logins.look_up(services, &settings.order, &self.system, &request).await;
                settings.admits_anonymous(found.ok_or_else(|| NO_SUCH_USER.to_owned())?, password)?
            }
        };
        Anonymity { logins: &self.logins, system: &self.system }.admission(attempt, section, account).await
    }
}
