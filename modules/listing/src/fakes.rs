//! What listings show of owners and permissions instead of the truth: DirFakeUser, DirFakeGroup, DirFakeMode.

use std::sync::Arc;

use gantry_api::files::{Kind, Metadata};
use gantry_api::prelude::*;
use gantry_api::{Account, ParseError, parse};

use crate::names::SessionNames;

settings! {
    /// The fakes of one scope.
    #[derive(Debug)]
    pub struct Fakes {
        /// The owner's name; `~` for the user that is logged in.
        user: Option<String> = DirFakeUser;
        /// The group's name; `~` for the primary group of the user that is logged in.
        group: Option<String> = DirFakeGroup;
        /// The permission bits.
        mode: Option<u32> = DirFakeMode;
    }
}

impl Fakes {
    /// The name shown for an owner's id.
    pub fn owner(&self, names: SessionNames<'_>, account: &Account, uid: u32) -> Arc<str> {
        match self.user.as_deref() {
            None => names.owner(account, uid),
            Some("~") => account.name.as_str().into(),
            Some(name) => name.into(),
        }
    }

    /// The name shown for a group's id.
    pub fn group(&self, names: SessionNames<'_>, account: &Account, gid: u32) -> Arc<str> {
        match self.group.as_deref() {
            None => names.group(account, gid),
            Some("~") => names.group(account, account.gid),
            Some(name) => name.into(),
        }
    }

    /// The numbers shown for an owner and a group: with `~`, those of the user that is logged in.
    pub fn numbers(&self, account: &Account, uid: u32, gid: u32) -> (u32, u32) {
        let own = |fake: &Option<String>| fake.as_deref() == Some("~");
        (if own(&self.user) { account.uid } else { uid }, if own(&self.group) { account.gid } else { gid })
    }

    /// The permission bits shown of a file.
    pub fn mode(&self, found: &Metadata) -> u32 {
        self.mode.unwrap_or(found.mode)
    }

    /// The permission bits shown of a file in listings for people, where folders that may be read may also be entered.
    pub fn list_mode(&self, found: &Metadata) -> u32 {
        match self.mode {
            None => found.mode,
            Some(mode) if found.kind == Kind::Directory => mode | (mode & 0o444) >> 2,
            Some(mode) => mode,
        }
    }
}

/// Parses `off|on [name]`; the name is `ftp` unless given.
pub fn parse_fake_name(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let (word, name) = match words {
        [word] => (word, "ftp"),
        [word, name] => (word, *name),
        _ => return Err("wrong number of parameters".into()),
    };
    match parse::switch(word) {
        Some(true) => Ok(Value::from(name)),
        Some(false) => Ok(Value::None),
        None => Err(format!("expected Boolean parameter, found '{word}'").into()),
    }
}
