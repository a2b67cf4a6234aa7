//! What clients read about logins, and what the log says.

use gantry_api::prelude::*;
use gantry_api::proto::text::Escaped;

use crate::limits::Full;
use crate::settings::Settings;
use crate::troubles::News;

/// The reply to USER if no password is required.
pub(crate) const INVITATION: &str = "Anonymous login ok, send your complete email address as your password";
/// The reason for the log if no authenticator knows the user.
pub(crate) const NO_SUCH_USER: &str = "no such user found";
/// The reason for the log if `<Limit LOGIN>` refuses.
pub(crate) const LIMITED: &str = "Limit access denies login";
/// The text of the 230 of an `<Anonymous>` without AccessGrantMsg.
const GRANTED: &str = "Anonymous access granted, restrictions apply";

/// Sets the reply to a successful login.
pub(crate) fn welcome(at: &mut Moment<'_>, settings: &Settings) -> Step {
    let user = at.session.user.clone().unwrap_or_default();
    let granted = match at.session.section {
        Some(_) => GRANTED.to_owned(),
        None => format!("User {user} logged in"),
    };
    log::event(format_args!("{} {}: Login successful.", kind(at), Escaped(user.as_bytes())));
    let text = settings.grant.as_ref().map_or(granted, |text| text.replace("%u", &user));
    at.respond(230, text);
    Step::Done
}

/// Refuses a login, with the same text for an unknown user, a wrong password, and an account that
/// may not log in.
pub(crate) fn deny(at: &mut Moment<'_>, settings: &Settings, reason: &str) -> Result<Step> {
    refuse(530, failed(at, settings, reason))
}

/// Refuses a valid login because too many clients are logged in; the session ends.
pub(crate) fn turn_away(at: &mut Moment<'_>, full: Full) -> Result<Step> {
    let user = at.session.user.clone().unwrap_or_default();
    let kind = kind(at);
    log!(
        Info,
        "{kind} {} ({}): Login refused: {} reached",
        Escaped(user.as_bytes()),
        at.session.remote.ip(),
        full.limit
    );
    at.session.end(format!("{} reached", full.limit));
    refuse(530, full.message)
}

/// Refuses a login because the password could not be checked. It does not count as a failed login,
/// and the client may try again.
pub(crate) fn no_service(at: &mut Moment<'_>, reason: &str, news: News) -> Result<Step> {
    let user = at.session.user.clone().unwrap_or_default();
    let kind = kind(at);
    let address = at.session.remote.ip();
    let text = format!("{kind} {} ({address}): Login not possible: {reason}", Escaped(user.as_bytes()));
    match news.line(&text) {
        Some(line) => log!(Error, "{line}"),
        None => log!(Debug, "{text}"),
    }
    at.session.end("logins cannot be checked");
    refuse(421, "Logins cannot be checked at the moment: try again later")
}

/// The log's word for a login.
fn kind(at: &Moment<'_>) -> &'static str {
    if at.session.section.is_some() { "ANON" } else { "USER" }
}

/// Counts a failed login, and sets the reply. The log has ProFTPD's words, which fail2ban and
/// logwatch look for.
fn failed(at: &mut Moment<'_>, settings: &Settings, reason: &str) -> String {
    let user = at.session.user.clone().unwrap_or_default();
    let (kind, shown) = (kind(at), Escaped(user.as_bytes()));
    match reason {
        NO_SUCH_USER => {
            let Session { remote_host, remote, local, .. } = &*at.session;
            let ip = remote.ip();
            log::event(format_args!("{kind} {shown}: {reason} from {remote_host} [{ip}] to {local}"));
        }
        reason => log::event(format_args!("{kind} {shown} (Login failed): {reason}")),
    }
    at.session.attempts = at.session.attempts.saturating_add(1);
    if let Some(most) = settings.attempts.filter(|most| at.session.attempts >= *most) {
        log::event(format_args!("Maximum login attempts ({most}) exceeded, connection refused"));
        at.session.events.announce("mod_auth.max-login-attempts");
        at.session.end("Maximum login attempts exceeded");
    }
    settings.deny.replace("%u", &user)
}

/// Refuses a login whose root cannot be opened, in ProFTPD's words. Another login may succeed.
pub(crate) fn unable(at: &mut Moment<'_>, settings: &Settings, reason: &str) -> Step {
    let text = failed(at, settings, reason);
    at.respond(530, "Unable to set anonymous privileges.");
    at.say(text);
    Step::Done
}
