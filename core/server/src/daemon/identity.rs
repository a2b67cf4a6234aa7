//! The process's identity: User and Group, and the limit on open files. Everything is set before
//! any thread starts.

use std::io;

use gantry_api::log::Level;
use gantry_sys::users::{Group, User};
use gantry_sys::{Credentials, Keep, become_user, give_up_powers_of_writing, hide_memory};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::daemon::error::StartError;
use crate::identity::Identity;
use crate::log::say;
use crate::settings::Settings;

/// Becomes User and Group when started as root.
pub fn take(settings: &Settings) -> Result<Identity, StartError> {
    let system = |what: &str, error| StartError::System(what.to_owned(), error);
    // Each scope's Umask decides the modes of its files.
    rustix::process::umask(rustix::fs::Mode::empty());
    hide_memory().map_err(|error| system("cannot hide the process's memory", error))?;
    let own = Credentials::current().map_err(|error| system("cannot read the process's identity", error))?;
    if own.uid != 0 {
        return Ok(Identity::new(own, false));
    }
    let Some(name) = settings.user.as_deref() else {
        say(Level::Warn, format_args!("started as root without a User directive: staying root between operations"));
        give_up_powers_of_writing().map_err(|error| system("cannot give up capabilities", error))?;
        return Ok(Identity::new(own, true));
    };
    let user = find_user(name)?;
    let mut wanted = user.credentials().map_err(|error| system("User", error))?;
    if let Some(group) = settings.group.as_deref() {
        wanted.gid = find_group(group)?;
    }
    become_user(&wanted, Keep::SwitchUsers).map_err(|error| system(&format!("cannot become User {name}"), error))?;
    // The process's own, which may name fewer groups.
    let own = Credentials::current().map_err(|error| system("cannot read the process's identity", error))?;
    Ok(Identity::new(own, true))
}

fn find_user(name: &str) -> Result<User, StartError> {
    let found = match name.parse() {
        Ok(uid) => User::by_uid(uid),
        Err(_) => User::by_name(name),
    };
    let found = found.map_err(|error| StartError::System(format!("User {name}"), error))?;
    found.ok_or_else(|| StartError::Wanted(format!("User: unknown user '{name}'")))
}

fn find_group(name: &str) -> Result<u32, StartError> {
    if let Ok(gid) = name.parse() {
        return Ok(gid);
    }
    let found = Group::by_name(name).map_err(|error| StartError::System(format!("Group {name}"), error))?;
    found.map(|group| group.gid).ok_or_else(|| StartError::Wanted(format!("Group: unknown group '{name}'")))
}

/// How many files the process should be able to open, if root starts it.
const FILES: u64 = 65_536;

/// Raises the limit on open files to the maximum, and as root to 65536: each session needs some.
pub fn raise_file_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|maximum| maximum < FILES)
        && setrlimit(Resource::Nofile, Rlimit { current: Some(FILES), maximum: Some(FILES) }).is_ok()
    {
        return Ok(());
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// How many files the process may have open; `None` for no limit.
pub fn file_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}
