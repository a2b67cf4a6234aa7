//! `gantry passwd`: edits the users of an AuthUserFile. `lines` changes the text,
//! `file` replaces the file, `prompt` asks for a password.

pub mod error;
pub mod file;
pub mod lines;
mod prompt;

use std::io::{self, BufRead};
use std::path::PathBuf;

use gantry_sys::crypt::{CryptError, Scheme, hash};

use self::error::PasswdError;
use self::file::UserFile;
use self::lines::Fields;

/// Sets a user's password in an AuthUserFile; adds the user if it does not exist.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Passwd {
    /// The AuthUserFile; created if it does not exist
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// The user's name
    user: String,
    /// Read the password from the standard input
    #[arg(long)]
    stdin: bool,
    /// Remove the user
    #[arg(long, conflicts_with_all = ["stdin", "uid", "gid", "gecos", "home", "shell"])]
    delete: bool,
    #[command(flatten)]
    fields: Fields,
}

const EXAMPLES: &str = "\
Examples:
  gantry passwd --file /etc/gantry.passwd alice --uid 2001 --home /srv/ftp/alice
  gantry passwd --file /etc/gantry.passwd alice           change only the password
  pwgen -s 20 1 | gantry passwd --file /etc/gantry.passwd --stdin alice
  gantry passwd --file /etc/gantry.passwd --delete alice

The command asks for the password at the terminal and hashes it with yescrypt. A new
file gets mode 0600. An existing file keeps its owner, its group and the group's read
permission; all permissions of others are removed. gantryd notices the change by
itself; if it was not started as root, make sure that it can read the file.
Exit codes: 0 success, 1 failed and nothing was changed, 2 wrong command line.";

impl Passwd {
    /// Runs it.
    pub fn run(&self) -> Result<(), PasswdError> {
        lines::check_name(&self.user)?;
        self.fields.check()?;
        let mut file = UserFile::open(&self.file)?;
        if self.delete {
            file.replace(&lines::without(file.text(), &self.user)?)?;
            println!("{}: {} removed", self.file.display(), self.user);
            return Ok(());
        }
        // Before anybody types a password for nothing.
        lines::with(file.text(), &self.user, "", &self.fields)?;
        let input = if self.stdin { Input::Standard } else { Input::Terminal };
        let secret = hashed(&password(&self.user, input)?, Scheme::Yescrypt)?;
        let (text, change) = lines::with(file.text(), &self.user, &secret, &self.fields)?;
        file.replace(&text)?;
        println!("{}: {} {change}", self.file.display(), self.user);
        Ok(())
    }
}

/// Where a new password comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The terminal, where it is typed twice.
    Terminal,
    /// The first line of the standard input.
    Standard,
}

/// A user's new password; never empty.
pub fn password(user: &str, input: Input) -> Result<Vec<u8>, PasswdError> {
    let password = match input {
        Input::Standard => first_line(),
        Input::Terminal => prompt::new_password(user),
    }?;
    if password.is_empty() { Err(PasswdError::Empty) } else { Ok(password) }
}

/// The hash by a scheme; SHA-512-crypt if the system's libcrypt is too old for
/// yescrypt.
pub fn hashed(password: &[u8], scheme: Scheme) -> Result<String, CryptError> {
    match hash(password, scheme) {
        Err(CryptError::NoSalt | CryptError::UnknownScheme) if scheme == Scheme::Yescrypt => {
            hash(password, Scheme::Sha512)
        }
        done => done,
    }
}

/// The first line of the standard input, without its end.
fn first_line() -> Result<Vec<u8>, PasswdError> {
    let mut line = Vec::new();
    io::stdin().lock().read_until(b'\n', &mut line).map_err(PasswdError::Input)?;
    while line.ends_with(b"\n") || line.ends_with(b"\r") {
        line.pop();
    }
    Ok(line)
}
