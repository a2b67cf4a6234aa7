//! The configuration of a test's server: the same text for both layouts, with a test's own lines in
//! place of or after the usual ones.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{layout, process};

/// The user that every database has.
pub const USER: &str = "alice";
/// Its password.
pub const PASSWORD: &str = "wonderland";
/// The password as a SHA-512 crypt hash, for SQLAuthTypes Crypt and AuthUserFile.
pub const PASSWORD_CRYPT: &str =
    "$6$gantrytests$2IsnpcxA2BmcIgUMTF1F0PDONwEHjxqRlwUJ95GpoIu/l8cFNgxgtx8cZ0Bqif5Lo/A/FutffGrt.BHGXazcS1";

/// A configuration file under construction.
#[derive(Debug, Clone)]
pub struct Config {
    folder: PathBuf,
    lines: Vec<(String, String)>,
    blocks: Vec<String>,
}

impl Config {
    /// The usual configuration of a test server, in its own folder.
    pub fn new(folder: &Path) -> Self {
        let mut config = Self { folder: folder.to_owned(), lines: Vec::new(), blocks: Vec::new() };
        for (name, value) in [
            ("ServerName", "\"Gantry under test\"".to_owned()),
            ("ServerType", "standalone".to_owned()),
            ("DefaultServer", "on".to_owned()),
            ("DefaultAddress", "127.0.0.1".to_owned()),
            ("Port", "any".to_owned()),
            // Outside the kernel's own range: each data connection leaves its port in TIME_WAIT for
            // a minute, so trees of thousands of files would leave no ports for other servers.
            ("PassivePorts", "10000 32000".to_owned()),
            ("UseReverseDNS", "off".to_owned()),
            ("PidFile", config.path("gantryd.pid")),
            ("SystemLog", config.path("system.log")),
            ("TransferLog", config.path("transfer.log")),
            ("Umask", "022".to_owned()),
            ("RequireValidShell", "off".to_owned()),
            ("UseFtpUsers", "off".to_owned()),
            ("DefaultRoot", "~".to_owned()),
            ("AllowOverwrite", "on".to_owned()),
            ("AllowStoreRestart", "on".to_owned()),
            ("AuthOrder", "mod_sql.c".to_owned()),
            ("ModulePath", layout::shared_objects().display().to_string()),
            ("LoadModule", "mod_sql.c".to_owned()),
            ("LoadModule", "mod_sql_sqlite.c".to_owned()),
            ("SQLBackend", "sqlite3".to_owned()),
            ("SQLConnectInfo", config.path("users.db")),
            ("SQLAuthenticate", "users".to_owned()),
            ("SQLAuthTypes", "Crypt Plaintext".to_owned()),
            ("SQLUserInfo", "users userid passwd uid gid homedir shell".to_owned()),
            ("SQLMinID", "1".to_owned()),
        ] {
            config.add(name, value);
        }
        if let Some(account) = Account::to_drop_to() {
            config.add("User", &account.user);
            config.add("Group", &account.group);
        }
        config
    }

    /// Replaces all lines of a directive with one.
    pub fn set(&mut self, directive: &str, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        match self.lines.iter().position(|(name, _)| name == directive) {
            None => self.add(directive, value),
            Some(at) => {
                self.lines[at].1 = value;
                let mut place = 0;
                self.lines.retain(|(name, _)| {
                    place += 1;
                    name != directive || place - 1 == at
                });
                self
            }
        }
    }

    /// Adds a line.
    pub fn add(&mut self, directive: &str, value: impl Into<String>) -> &mut Self {
        self.lines.push((directive.to_owned(), value.into()));
        self
    }

    /// Replaces the value of the line of a directive that has this one, at its place.
    ///
    /// # Panics
    /// If there is none.
    pub fn exchange(&mut self, directive: &str, old: &str, new: impl Into<String>) -> &mut Self {
        let found = self.lines.iter_mut().find(|(name, value)| name == directive && value == old);
        found.unwrap_or_else(|| panic!("there is no line {directive} {old}")).1 = new.into();
        self
    }

    /// Removes all lines of a directive.
    pub fn remove(&mut self, directive: &str) -> &mut Self {
        self.lines.retain(|(name, _)| name != directive);
        self
    }

    /// Removes everything about SQL; users are then in an AuthUserFile.
    pub fn without_sql(&mut self) -> &mut Self {
        self.lines.retain(|(name, value)| !name.starts_with("SQL") && !value.starts_with("mod_sql"));
        let file = self.path("passwd");
        self.set("AuthOrder", "mod_auth_file.c").set("AuthUserFile", file)
    }

    /// Adds lines at the end unchanged, mainly sections.
    pub fn block(&mut self, text: impl Into<String>) -> &mut Self {
        self.blocks.push(text.into());
        self
    }

    /// Removes the lines that [`Config::block`] added.
    pub fn without_blocks(&mut self) -> &mut Self {
        self.blocks.clear();
        self
    }

    /// The folder of this server's own files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the folder that the daemon may write to, as a directive's value.
    pub fn path(&self, name: &str) -> String {
        self.folder.join("var").join(name).display().to_string()
    }

    /// Gives the server its own module folder, with the shared objects that the configuration of
    /// both layouts names.
    ///
    /// # Panics
    /// When they cannot be copied.
    pub fn own_modules(&mut self) -> PathBuf {
        let folder = self.folder.join("modules");
        fs::create_dir(&folder).expect("a folder can be made");
        for entry in fs::read_dir(layout::shared_objects()).expect("the shared layout has a module folder") {
            let path = entry.expect("a folder can be read").path();
            fs::copy(&path, folder.join(path.file_name().expect("an entry has a name")))
                .expect("a module can be copied");
        }
        self.set("ModulePath", folder.display().to_string());
        folder
    }

    /// The files of [`USER`].
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.lines {
            writeln!(text, "{name} {value}").expect("a String takes text");
        }
        for block in &self.blocks {
            writeln!(text, "{}", block.trim_end()).expect("a String takes text");
        }
        text
    }

    /// The number of the first line that contains a text, from 1.
    ///
    /// # Panics
    /// If no line contains it.
    pub fn line_of(&self, what: &str) -> usize {
        1 + self.text().lines().position(|line| line.contains(what)).expect("the configuration contains the text")
    }
}

/// The account under which the files are served.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its name.
    pub user: String,
    /// Its group's name.
    pub group: String,
    /// Its number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
}

impl Account {
    /// `nobody` if the tests run as root.
    pub fn to_drop_to() -> Option<&'static Self> {
        static NOBODY: OnceLock<Option<Account>> = OnceLock::new();
        NOBODY.get_or_init(|| rustix::process::getuid().is_root().then(Self::nobody)).as_ref()
    }

    fn nobody() -> Self {
        let id = |option: &str| {
            let done = process::run(Command::new("id").args([option, "nobody"]), "").ok();
            done.out.trim().to_owned()
        };
        let number = |option: &str| id(option).parse().expect("id prints a number");
        let group = process::run(Command::new("id").args(["-gn", "nobody"]), "").ok().out.trim().to_owned();
        Self { user: "nobody".to_owned(), group, uid: number("-u"), gid: number("-g") }
    }

    /// The user and group ids of the owner of the files.
    pub fn ids() -> (u32, u32) {
        let own = || (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        Self::to_drop_to().map_or_else(own, |account| (account.uid, account.gid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_replaces_every_line_of_a_directive() {
        let mut config = Config { folder: PathBuf::from("/f"), lines: Vec::new(), blocks: Vec::new() };
        config.add("Port", "1").add("User", "u").add("Port", "2").set("Port", "3").block("<Global>\n</Global>\n");
        assert_eq!(config.text(), "Port 3\nUser u\n<Global>\n</Global>\n");
        assert_eq!(config.line_of("User"), 2);
    }
}
