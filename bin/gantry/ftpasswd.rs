//! gantry under the name `ftpasswd`: that command's options (doc/utils/ftpasswd.html
//! in ProFTPD's manual) for the files of `gantry passwd`. Options without an
//! implementation are refused by name. `groups` changes lines of an AuthGroupFile.

mod groups;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{ArgGroup, Parser};
use gantry_sys::crypt::{Scheme, verify};

use self::groups::{GroupError, Members};
use crate::passwd::error::PasswdError;
use crate::passwd::file::UserFile;
use crate::passwd::lines::{self, Change, Fields, LineError};
use crate::passwd::{Input, hashed, password};

/// Creates and edits AuthUserFiles and AuthGroupFiles, and hashes passwords.
#[derive(Debug, Parser)]
#[command(name = "ftpasswd", infer_long_args = true, after_help = NOTES)]
#[command(disable_version_flag = true, group = ArgGroup::new("mode").required(true))]
struct Ftpasswd {
    /// Work on an AuthUserFile [default: ./ftpd.passwd]
    #[arg(long, group = "mode")]
    passwd: bool,
    /// Work on an AuthGroupFile [default: ./ftpd.group]
    #[arg(long, group = "mode")]
    group: bool,
    /// Print a password's hash
    #[arg(long, group = "mode")]
    hash: bool,
    /// Print the version
    #[arg(long, group = "mode")]
    version: bool,

    /// The file; created if it does not exist
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Start a new file instead of the existing one
    #[arg(short = 'F', long)]
    force: bool,
    /// The user's or group's name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Read the password from the standard input
    #[arg(long)]
    stdin: bool,

    /// Change only the password of an existing user
    #[arg(long, group = "action")]
    change_password: bool,
    /// Change only the home folder of an existing user
    #[arg(long, group = "action", requires = "home")]
    change_home: bool,
    /// Remove the user
    #[arg(long, group = "action")]
    delete_user: bool,
    /// Lock the user's password
    #[arg(short, long, group = "action")]
    lock: bool,
    /// Unlock the user's password
    #[arg(short, long, group = "action")]
    unlock: bool,
    /// Refuse the user's current password as the new one
    #[arg(long)]
    not_previous_password: bool,

    /// A member of the group, replacing its current members; may be repeated
    #[arg(short = 'm', long, value_name = "USER")]
    member: Vec<String>,
    /// Add a member to an existing group
    #[arg(long, value_name = "USER", group = "action")]
    add_member: Option<String>,
    /// Remove the group
    #[arg(long, group = "action")]
    delete_group: bool,

    /// Hash with SHA-256-crypt instead of yescrypt
    #[arg(long, conflicts_with = "sha512")]
    sha256: bool,
    /// Hash with SHA-512-crypt instead of yescrypt
    #[arg(long)]
    sha512: bool,

    #[arg(long, hide = true)]
    des: bool,
    #[arg(long, hide = true)]
    md5: bool,
    #[arg(long, hide = true)]
    not_system_password: bool,
    #[arg(long, hide = true, num_args = 0..=1, value_name = "PATH")]
    use_cracklib: Option<Option<PathBuf>>,
    #[arg(long, hide = true)]
    enable_group_passwd: bool,
}

const NOTES: &str = "\
Examples:
  ftpasswd --passwd --file=/etc/gantry.passwd --name=bob --uid=1001 --home=/home/bob --shell=/bin/false
  ftpasswd --passwd --file=/etc/gantry.passwd --name=bob --change-password
  ftpasswd --group --file=/etc/gantry.group --name=staff --gid=50 --member=bob

This is gantry under another name; `gantry passwd` does the same.
--des, --md5, --not-system-password, --use-cracklib and --enable-group-passwd are
refused.
Exit codes: 0 success, 1 failed and nothing was changed, 2 the new password is the
current one, 8 the home folder is not an absolute path.";

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
enum FtpasswdError {
    #[error(transparent)]
    Passwd(#[from] PasswdError),
    #[error(transparent)]
    Group(#[from] GroupError),
    #[error("--name is missing")]
    NoName,
    #[error("{0} is not supported: {1}")]
    Refused(&'static str, &'static str),
    #[error("relative path given for home directory")]
    Relative,
    #[error("password matches current password")]
    Same,
}

impl From<LineError> for FtpasswdError {
    fn from(error: LineError) -> Self {
        Self::Passwd(error.into())
    }
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let arguments = match Ftpasswd::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // 2 means something else here.
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let Err(error) = arguments.act() else { return ExitCode::SUCCESS };
    eprintln!("ftpasswd: error: {error}");
    ExitCode::from(match error {
        FtpasswdError::Same => 2,
        FtpasswdError::Relative => 8,
        _ => 1,
    })
}

impl Ftpasswd {
    fn act(&self) -> Result<(), FtpasswdError> {
        if let Some((option, why)) = self.refused() {
            return Err(FtpasswdError::Refused(option, why));
        }
        if self.version {
            println!("{}", env!("CARGO_PKG_VERSION"));
            return Ok(());
        }
        if self.hash {
            println!("ftpasswd: {}", self.new_secret("the hash", None)?);
            return Ok(());
        }
        let name = self.name.as_deref().ok_or(FtpasswdError::NoName)?;
        if self.group { self.change_group(name) } else { self.change_user(name) }
    }

    /// The first option that is not supported, and why.
    fn refused(&self) -> Option<(&'static str, &'static str)> {
        let weak = "such hashes are too easy to crack; without the option passwords are hashed with yescrypt";
        let foreign = if self.group { "use it with --passwd" } else { "use it with --group" };
        let of_users = self.change_password || self.change_home || self.delete_user || self.lock || self.unlock;
        let of_groups = self.delete_group || self.add_member.is_some() || !self.member.is_empty();
        [
            (self.des, "--des", weak),
            (self.md5, "--md5", weak),
            (self.not_system_password, "--not-system-password", "Gantry does not read the system's passwords"),
            (self.use_cracklib.is_some(), "--use-cracklib", "Gantry does not check passwords against dictionaries"),
            (self.enable_group_passwd, "--enable-group-passwd", "group passwords are not used for logins"),
            (self.group && of_users, "this change", foreign),
            (self.passwd && of_groups, "this change", foreign),
        ]
        .into_iter()
        .find_map(|(given, option, why)| given.then_some((option, why)))
    }

    fn change_user(&self, name: &str) -> Result<(), FtpasswdError> {
        lines::check_name(name)?;
        if self.fields.home.as_ref().is_some_and(|home| !home.has_root()) {
            return Err(FtpasswdError::Relative);
        }
        self.fields.check()?;
        let mut file = self.open("./ftpd.passwd")?;
        let text = if self.force { Vec::new() } else { file.text().to_vec() };
        let none = Fields::default();
        let (text, done) = match () {
            () if self.delete_user => (lines::without(&text, name)?, "deleted"),
            () if self.lock => {
                let secret = lines::secret(&text, name)?;
                let locked = if secret.starts_with('!') { secret } else { format!("!{secret}") };
                told(lines::with(&text, name, &locked, &none)?)
            }
            () if self.unlock => {
                let secret = lines::secret(&text, name)?;
                told(lines::with(&text, name, secret.strip_prefix('!').unwrap_or(&secret), &none)?)
            }
            () if self.change_home => {
                let home = Fields { home: self.fields.home.clone(), ..none };
                told(lines::with(&text, name, &lines::secret(&text, name)?, &home)?)
            }
            () if self.change_password => {
                let old = lines::secret(&text, name)?;
                told(lines::with(&text, name, &self.new_secret(name, Some(&old))?, &none)?)
            }
            () => {
                // Before anybody types a password for nothing.
                lines::with(&text, name, "", &self.fields)?;
                let old = lines::secret(&text, name).ok().filter(|_| self.not_previous_password);
                told(lines::with(&text, name, &self.new_secret(name, old.as_deref())?, &self.fields)?)
            }
        };
        file.replace(&text)?;
        println!("ftpasswd: entry {done}");
        Ok(())
    }

    fn change_group(&self, name: &str) -> Result<(), FtpasswdError> {
        let mut file = self.open("./ftpd.group")?;
        let text = if self.force { Vec::new() } else { file.text().to_vec() };
        let (text, done) = if self.delete_group {
            (groups::without(&text, name)?, "deleted")
        } else {
            let members = match &self.add_member {
                Some(member) => Members::Add(member),
                None if self.member.is_empty() => Members::Keep,
                None => Members::Set(&self.member),
            };
            told(groups::with(&text, name, self.fields.gid, members)?)
        };
        file.replace(&text)?;
        println!("ftpasswd: entry {done}");
        Ok(())
    }

    fn open(&self, default: &str) -> Result<UserFile, PasswdError> {
        UserFile::open(self.file.as_deref().unwrap_or(Path::new(default)))
    }

    /// The hash of a new password that is not the old one.
    fn new_secret(&self, name: &str, old: Option<&str>) -> Result<String, FtpasswdError> {
        let password = password(name, if self.stdin { Input::Standard } else { Input::Terminal })?;
        if old.is_some_and(|old| verify(&password, old.trim_start_matches('!')) == Ok(true)) {
            return Err(FtpasswdError::Same);
        }
        let scheme = match (self.sha256, self.sha512) {
            (true, _) => Scheme::Sha256,
            (_, true) => Scheme::Sha512,
            _ => Scheme::Yescrypt,
        };
        Ok(hashed(&password, scheme).map_err(PasswdError::from)?)
    }
}

fn told((text, change): (Vec<u8>, Change)) -> (Vec<u8>, &'static str) {
    let done = match change {
        Change::Added => "created",
        Change::Changed => "updated",
    };
    (text, done)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_the_manuals() {
        Ftpasswd::command().debug_assert();
        let parsed = |line: &str| Ftpasswd::try_parse_from(line.split(' '));
        let made = parsed("ftpasswd --passwd --name=bob --uid=1001 --home=/home/bob --shell=/bin/false").unwrap();
        assert_eq!((made.fields.uid, made.name.as_deref()), (Some(1001), Some("bob")));
        let group = parsed("ftpasswd --group --name=g --gid=5 -m a --member=b -F").unwrap();
        assert_eq!(group.member, ["a", "b"]);
        assert!(parsed("ftpasswd --name=bob").is_err());
        assert!(parsed("ftpasswd --passwd --hash").is_err());
        assert!(parsed("ftpasswd --passwd --name=bob --lock --unlock").is_err());
        for line in ["--hash --md5", "--passwd --use-cracklib=/x", "--passwd --delete-group", "--group --lock"] {
            assert!(parsed(&format!("ftpasswd {line}")).unwrap().refused().is_some(), "{line}");
        }
    }
}
