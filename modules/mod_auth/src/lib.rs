//! mod_auth: USER and PASS (RFC 959): who logs in, and where the session begins. Users and passwords are known to
//! authenticators, which other modules publish; whether `<Limit LOGIN>` lets somebody in is the server's to judge.

mod groups;
mod limits;
mod login;
mod order;
mod settings;
mod shells;
mod start;

use std::sync::Arc;

use gantry_api::prelude::*;
use gantry_api::proto::text::Escaped;
use gantry_api::service::LoginRequest;
use gantry_api::{Account, Fault};

use limits::Full;
use login::Logins;
use settings::Settings;

/// The module.
#[derive(Default)]
pub struct Auth {
    logins: Logins,
}

module! { Auth, settings: Settings, after: ["mod_core"] }

command! {
    /// Names who logs in.
    USER "<sp> username", class: AUTH, login: no, at_once: user;
    /// Gives the password of the user named before.
    PASS "<sp> password", class: AUTH, login: no, does: [CWD], at_once: pass, wait: log_in;
}

/// What this module keeps with a session.
#[derive(Default)]
struct Asked {
    /// Whether USER was the last of USER and PASS.
    for_password: bool,
}

impl Module for Auth {
    fn hooks(&self) -> Vec<Hook> {
        vec![Hook::connect()]
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        at.settings::<Settings>().limits.connect(at)?;
        Ok(Step::Next)
    }
}

fn user(at: &mut Moment<'_>) -> Result<Step> {
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
    at.session.user = Some(String::from_utf8_lossy(name).into_owned());
    at.state.of::<Asked>().for_password = true;
    at.respond(331, [b"Password required for ", name.as_slice()].concat());
    Ok(Step::Done)
}

fn pass(at: &mut Moment<'_>) -> Result<Step> {
    if at.session.account.is_some() {
        return refuse(503, "You are already logged in");
    }
    // Each password needs a USER of its own, also when the last one was wrong.
    match std::mem::take(&mut at.state.of::<Asked>().for_password) {
        true => Ok(Step::Wait),
        false => refuse(503, "Login with USER first"),
    }
}

async fn log_in(auth: &Auth, at: &mut Moment<'_>) -> Result<Step> {
    let user = at.session.user.clone().unwrap_or_default();
    let request = LoginRequest::new(at.session, user);
    let settings = at.settings::<Settings>();
    let verified = auth.logins.verify(&at.world.services, &settings.order, &request, &at.command.argument).await;
    let account = match verified.and_then(|account| settings.admits(account, &at.command.argument)) {
        Ok(account) => account,
        Err(reason) => return deny(at, settings, &reason),
    };
    let places = match settings.limits.enter(at.session, &account) {
        Ok(places) => places,
        Err(full) => return turn_away(at, full),
    };
    match begin(at, account, settings).await {
        Ok(()) => Ok(welcome(at, settings)),
        Err(reason) => {
            places.give_back(at.session);
            deny(at, settings, &reason)
        }
    }
}

/// Begins the session's work as this account; the error is for the log.
async fn begin(at: &mut Moment<'_>, mut account: Account, settings: &Settings) -> std::result::Result<(), String> {
    // Nobody needs the hash any more.
    account.secret = None;
    let account = Arc::new(account);
    let root = settings.root_of(&account);
    let admitted = at.session.admit(account.clone(), &root).await;
    match admitted {
        Ok(()) => {}
        // Not let in (<Limit LOGIN>): another user may be.
        Err(error) if error.fault() == Fault::Client => return Err(format!("not let in: {error}")),
        Err(error) => {
            at.session.end(format!("cannot enter {}", root.display()));
            return Err(format!("cannot enter {}: {error}", root.display()));
        }
    }
    for path in settings.beginnings(&account, &root) {
        if at.files.enter(&path).await.is_ok() {
            at.session.cwd = path;
            at.session.account = Some(account);
            return Ok(());
        }
    }
    at.session.end(format!("cannot enter {}", account.home.display()));
    Err(format!("cannot enter {}", account.home.display()))
}

fn welcome(at: &mut Moment<'_>, settings: &Settings) -> Step {
    let user = at.session.user.clone().unwrap_or_default();
    log!(Info, "USER {}: Login successful.", Escaped(user.as_bytes()));
    let text = match &settings.grant {
        Some(text) => text.replace("%u", &user),
        None => format!("User {user} logged in"),
    };
    at.respond(230, text);
    Step::Done
}

/// The client may log in, but a limit is reached: its session ends.
fn turn_away(at: &mut Moment<'_>, full: Full) -> Result<Step> {
    let user = at.session.user.clone().unwrap_or_default();
    log!(Info, "USER {} ({}): Login refused: {} reached", Escaped(user.as_bytes()), at.session.remote.ip(), full.limit);
    at.session.end(format!("{} reached", full.limit));
    refuse(530, full.message)
}

/// The same words for an unknown user, a wrong password, and an account that may not log in.
fn deny(at: &mut Moment<'_>, settings: &Settings, reason: &str) -> Result<Step> {
    let user = at.session.user.clone().unwrap_or_default();
    log!(Info, "USER {} ({}): Login failed: {reason}", Escaped(user.as_bytes()), at.session.remote.ip());
    at.session.attempts = at.session.attempts.saturating_add(1);
    if settings.attempts.is_some_and(|most| at.session.attempts >= most) {
        at.session.end("Maximum login attempts exceeded");
    }
    refuse(530, settings.deny.replace("%u", &user))
}
