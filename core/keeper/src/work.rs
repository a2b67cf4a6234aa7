//! What a worker does: one comparison or one conversation, and for a session the wait for its end; or one thing that root
//! alone may do to files.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime};

use gantry_sys::crypt::{self, CryptError, Scheme};
use gantry_sys::home::{self, NewHome};
use gantry_sys::pam::{Conversation, Library, Login, Refusal};
use gantry_sys::shadow::{self, Shadow};
use gantry_sys::signals;
use gantry_sys::{FileType, handle};
use rustix::process::{geteuid, set_parent_process_death_signal};
use zeroize::Zeroizing;

use crate::name::{is_host, is_service, is_user};
use crate::packets::{receive, speak};
use crate::protocol::{Answer, Check, Outcome, PamAnswer, PamRequest, Standing, Task};

const DAY: u64 = 24 * 60 * 60;

/// Does the work and answers. It returns when there is nothing more to do.
pub(crate) fn run(keeper: &OwnedFd, id: u64, task: Task, descriptor: Option<OwnedFd>) {
    let say = |outcome| drop(speak(keeper, &Answer { id, outcome }));
    match task {
        Task::Check(request) => say(check(&request)),
        Task::Pam(request) => converse(keeper, request, say),
        Task::Home(wanted) => say(done(make(&wanted))),
        Task::Give { user, group } => say(done(give(descriptor, user, group))),
        // The keeper's own.
        Task::Bind(_) | Task::Close => {}
    }
}

/// Makes a home directory; never one of root's, with files that others chose.
fn make(home: &NewHome) -> io::Result<()> {
    if geteuid().is_root() && home.owners.is_none_or(|owners| owners.user == 0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no home directory is made for root"));
    }
    home::create(home).map(drop)
}

/// Gives a file or a directory away.
fn give(thing: Option<OwnedFd>, user: Option<u32>, group: Option<u32>) -> io::Result<()> {
    let refused = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    let thing = thing.ok_or_else(|| refused("no file came with the request"))?;
    let kind = FileType::from_raw_mode(handle::stat(thing.as_fd())?.st_mode);
    if !matches!(kind, FileType::RegularFile | FileType::Directory) {
        return Err(refused("neither a file nor a directory"));
    }
    // -1 would leave it as it is.
    if group == Some(0) || [user, group].contains(&Some(u32::MAX)) {
        return Err(refused("not to this group"));
    }
    handle::set_owner(thing.as_fd(), user, group)
}

fn done(result: io::Result<()>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Compares a user's password. This takes about as long for users that do not exist.
fn check(Check { user, password }: &Check) -> Outcome {
    let found = if is_user(user.as_bytes()) { entry(user) } else { Ok(None) };
    let entry = match found {
        Ok(entry) => entry,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Outcome::Failed("only root can read the passwords of system users".to_owned());
        }
        Err(error) => return Outcome::Failed(format!("the name service: {error}")),
    };
    let Some(entry) = entry else {
        spend_the_same(password);
        return Outcome::Checked(Standing::Wrong);
    };
    if entry.hash.is_empty() || entry.hash.starts_with(['*', '!']) {
        spend_the_same(password);
        return Outcome::Checked(Standing::Locked);
    }
    match crypt::verify(password, &entry.hash) {
        Ok(true) => Outcome::Checked(age(&entry, today())),
        Ok(false) | Err(CryptError::NulByte | CryptError::TooLong) => Outcome::Checked(Standing::Wrong),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// The shadow entry; where the system has none, the passwd entry's own hash.
fn entry(user: &str) -> io::Result<Option<Shadow>> {
    if let Some(entry) = Shadow::by_name(user)? {
        return Ok(Some(entry));
    }
    let Some(hash) = shadow::passwd_hash(user)? else { return Ok(None) };
    match hash.as_str() {
        // Not every name service reports that it refuses.
        "x" if !geteuid().is_root() => Err(io::ErrorKind::PermissionDenied.into()),
        "x" => Ok(None),
        _ => Ok(Some(Shadow { hash, changed: None, max_days: None, expires: None })),
    }
}

fn spend_the_same(password: &[u8]) {
    let _ = match shadow::any_hash() {
        Some(hash) => crypt::verify(password, &hash).map(drop),
        None => crypt::hash(password, Scheme::Yescrypt).map(drop),
    };
}

fn today() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs() / DAY).unwrap_or(i64::MAX)
}

/// The result of a right password on a day (shadow(5)).
fn age(entry: &Shadow, today: i64) -> Standing {
    if entry.expires.is_some_and(|day| today >= day) {
        return Standing::Expired;
    }
    match (entry.changed, entry.max_days) {
        (Some(0), _) => Standing::Aged,
        (Some(changed), Some(most)) if today.saturating_sub(changed) > most => Standing::Aged,
        _ => Standing::Good,
    }
}

fn converse(keeper: &OwnedFd, request: PamRequest, say: impl Fn(Outcome)) {
    let failed = |why: &str| say(Outcome::Failed(why.to_owned()));
    if !is_service(request.service.as_bytes()) {
        return failed("not a valid name for a PAM service");
    }
    if !is_user(request.user.as_bytes()) {
        return failed("not a valid user name");
    }
    if !is_host(request.host.as_bytes()) {
        return failed("not a valid host name");
    }
    let text = |text: &str| CString::new(text).unwrap_or_default();
    let terminal = request.terminal.as_deref().map(text);
    let (service, user, host, session) =
        (text(&request.service), text(&request.user), text(&request.host), request.session);
    let library = match Library::open() {
        Ok(library) => library,
        Err(why) => return failed(&format!("PAM cannot be used: {why}")),
    };
    let Some(password) = with_nul(&request.password) else {
        let refusal = Some("the password has a NUL byte".to_owned());
        return say(Outcome::Pam(PamAnswer { refusal, messages: Vec::new(), delay: Duration::ZERO, session: false }));
    };
    drop(request);
    let Ok(login_password) = std::ffi::CStr::from_bytes_with_nul(&password) else { return failed("not a password") };
    let login =
        Login { service: &service, user: &user, password: login_password, host: &host, terminal: terminal.as_deref() };
    let mut conversation = match library.begin(&login) {
        Ok(conversation) => conversation,
        Err(refusal) => return failed(&refusal.words),
    };
    drop(password);
    let done = log_in(&mut conversation, session);
    let outcome = PamAnswer {
        session: session && done.is_ok(),
        messages: conversation.messages(),
        delay: conversation.delay(),
        refusal: done.err().map(|refusal| refusal.words),
    };
    if !outcome.session {
        // PAM's modules clean up now: the answer is the worker's end.
        drop(conversation);
        return say(Outcome::Pam(outcome));
    }
    conversation.forget_password();
    say(Outcome::Pam(outcome));
    // The end of the daemon, and of all its service's processes, is no reason not to close the session.
    signals::ignore_endings();
    let _ = receive(keeper);
    signals::restore();
}

fn log_in(conversation: &mut Conversation<'_>, session: bool) -> Result<(), Refusal> {
    conversation.authenticate()?;
    if session {
        // From here on there is something to clean up, also when the keeper is killed.
        let _ = set_parent_process_death_signal(None);
        conversation.open_session()?;
    }
    Ok(())
}

/// The password with a NUL at its end; none if it has one within.
fn with_nul(password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if password.contains(&0) {
        return None;
    }
    // Allocated at its full size, because growing would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    bytes.extend_from_slice(password);
    bytes.push(0);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_judged_as_shadow_says() {
        let entry =
            |changed, max_days, expires| Shadow { hash: String::new(), changed: Some(changed), max_days, expires };
        for (entry, standing) in [
            (entry(100, None, None), Standing::Good),
            (entry(100, Some(10), None), Standing::Good),
            (entry(99, Some(10), None), Standing::Aged),
            (entry(0, None, None), Standing::Aged),
            (entry(200, Some(10), None), Standing::Good),
            (entry(100, None, Some(111)), Standing::Good),
            (entry(100, None, Some(110)), Standing::Expired),
            (entry(100, None, Some(0)), Standing::Expired),
        ] {
            assert_eq!(age(&entry, 110), standing, "{:?}", (entry.changed, entry.max_days, entry.expires));
        }
    }

    #[test]
    fn only_files_and_directories_are_given_away_and_nothing_to_roots_group() {
        let refused = |thing, group| give(thing, Some(1), group).unwrap_err().to_string();
        let directory = || rustix::fs::open("/tmp", rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).ok();
        let device = rustix::fs::open("/dev/null", rustix::fs::OFlags::PATH, rustix::fs::Mode::empty()).ok();
        assert!(refused(None, None).contains("no file"));
        assert!(refused(device, None).contains("neither"));
        assert!(refused(directory(), Some(0)).contains("not to this"));
        assert!(refused(directory(), Some(u32::MAX)).contains("not to this"));
    }

    #[test]
    fn a_password_with_a_nul_is_no_shorter_one() {
        assert_eq!(with_nul(b"a\0b"), None);
        assert_eq!(with_nul(b"ab").unwrap()[..], *b"ab\0");
    }
}
