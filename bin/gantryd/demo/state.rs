//! The folder of the demonstration: configuration, password, files, and the
//! users' database or file.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use gantry_server::{Images, StartError};
use gantry_sys::crypt::{Scheme, hash};

const FOLDER: &str = "gantry-data";
const USER: &str = "demo";
const PASSWORD_LENGTH: usize = 16;
/// The uid and gid of Debian's `nobody`, for a demonstration run by root.
const NOBODY: u32 = 65534;

/// Where the users are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Users {
    /// In an SQLite database.
    Database,
    /// In an AuthUserFile.
    File,
}

/// The state.
pub struct State {
    folder: PathBuf,
    /// The lines for TLS, if there is a module for it.
    tls: String,
    /// Set while the state is incomplete: where to store its users.
    pub missing: Option<Users>,
    /// The name to log in with.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl State {
    /// Opens the existing state, or starts to create it.
    pub fn open(images: &Images) -> Result<Self, StartError> {
        Self::open_in(Path::new("."), images).map_err(failed)
    }

    fn open_in(parent: &Path, images: &Images) -> io::Result<Self> {
        let folder = fs::canonicalize(parent)?.join(FOLDER);
        check_owner(&folder)?;
        let tls = String::new();
        let mut state = Self { folder, tls, missing: None, user: USER.to_owned(), password: String::new() };
        if state.configuration().is_file() {
            state.password = fs::read_to_string(state.path("password"))?.trim().to_owned();
            return Ok(state);
        }
        state.password = generate()?;
        let sql = images.offers("mod_sql") && images.offers("mod_sql_sqlite");
        state.missing = Some(if sql { Users::Database } else { Users::File });
        state.begin()?;
        if images.offers("mod_tls") {
            state.tls = state.certificate().map_err(io::Error::other)?;
        }
        Ok(state)
    }

    /// Writes the configuration last: if it exists, the state is complete.
    pub fn complete(&self, users: Users) -> Result<(), StartError> {
        let write = || {
            write_secret(&self.path("gantry.conf.new"), &self.text(users, self.ids().0))?;
            fs::rename(self.path("gantry.conf.new"), self.configuration())
        };
        write().map_err(failed)
    }

    /// The configuration file.
    pub fn configuration(&self) -> PathBuf {
        self.path("gantry.conf")
    }

    /// A configuration that only loads the module for the database.
    pub fn first_configuration(&self) -> PathBuf {
        self.path("first.conf")
    }

    /// The user's files.
    pub fn files(&self) -> PathBuf {
        self.path("files")
    }

    /// The control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.path("gantryd.sock")
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path("gantry.db")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The uid and gid for the user's files: those of whoever starts the server, or,
    /// for root, those of `nobody` if that user can reach the folder.
    pub fn ids(&self) -> (u32, u32) {
        let own = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let reached = || {
            self.folder
                .ancestors()
                .skip(1)
                .all(|folder| fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 != 0))
        };
        if own.0 == 0 && reached() { (NOBODY, NOBODY) } else { own }
    }

    fn begin(&self) -> io::Result<()> {
        let (uid, gid) = self.ids();
        let mut make = fs::DirBuilder::new();
        make.recursive(true).mode(0o711).create(&self.folder)?;
        make.mode(0o755).create(self.files())?;
        std::os::unix::fs::chown(self.files(), Some(uid), Some(gid))?;
        fs::write(self.files().join("welcome.txt"), "This file comes from Gantry's demonstration.\n")?;
        write_secret(&self.path("password"), &format!("{}\n", self.password))?;
        match self.missing {
            // An empty file is an empty database.
            Some(Users::Database) => {
                write_secret(&self.database(), "")?;
                write_secret(&self.first_configuration(), "DefaultRoot ~\nLoadModule mod_sql_sqlite.c\n")
            }
            _ => write_secret(&self.path("passwd"), &self.passwd_line(uid, gid)?),
        }
    }

    /// Makes a certificate; the lines that name it.
    #[cfg(any(feature = "static-mod_tls", feature = "shared-mod_tls"))]
    fn certificate(&self) -> Result<String, String> {
        let made = gantry_certificate::make(&self.folder, &["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        let text = TLS.replace("{certificate}", &made.certificate.to_string_lossy());
        Ok(text.replace("{key}", &made.key.to_string_lossy()))
    }

    /// Nothing of the kind was built.
    #[cfg(not(any(feature = "static-mod_tls", feature = "shared-mod_tls")))]
    fn certificate(&self) -> Result<String, String> {
        Ok(String::new())
    }

    fn passwd_line(&self, uid: u32, gid: u32) -> io::Result<String> {
        let secret = self.secret()?;
        Ok(format!("{}:{secret}:{uid}:{gid}:Demonstration:{}:/bin/false\n", self.user, self.files().display()))
    }

    /// The password's hash.
    pub fn secret(&self) -> io::Result<String> {
        hash(self.password.as_bytes(), Scheme::Sha512).map_err(io::Error::other)
    }

    fn text(&self, users: Users, uid: u32) -> String {
        let users = match users {
            Users::Database => SQL.replace("{database}", &self.database().to_string_lossy()),
            Users::File => FILE.replace("{passwd}", &self.path("passwd").to_string_lossy()),
        };
        // By default, accounts below 999 are refused.
        let low = if uid == 0 { "RootLogin           on\n" } else { "" };
        let sql_low = if uid < 999 && users.contains("SQLBackend") { "SQLMinID            0\n" } else { "" };
        let socket = self.control_socket();
        let operator = rustix::process::geteuid().as_raw().to_string();
        TEXT.replace("{users}", &format!("{users}{}", self.tls))
            .replace("{low}", &format!("{low}{sql_low}"))
            .replace("{socket}", &socket.to_string_lossy())
            .replace("{uid}", &operator)
    }
}

const TEXT: &str = r#"# The demonstration's configuration: read it, change it, and send gantryd a
# SIGHUP (or restart it). It works with both layouts: LoadModule does nothing if
# the module is linked in.

ServerName          "Gantry's demonstration"
ServerType          standalone
DefaultServer       on

# Only this machine can connect.
DefaultAddress      127.0.0.1
Port                2121

Umask               022
MaxInstances        100
MaxLoginAttempts    3

# Users see their home as the root of all files.
DefaultRoot         ~
RequireValidShell   off
{low}
AllowOverwrite      on
AllowStoreRestart   on

# The user who started this may use `gantry lsmod`, `gantry who`, `gantry reload`.
<IfModule mod_ctrls.c>
  ControlsEngine      on
  ControlsSocket      "{socket}"
  ControlsACLs        all allow user {uid}
</IfModule>
<IfModule mod_dso.c>
  ModuleControlsACLs  all allow user {uid}
</IfModule>
<IfModule mod_ctrls_admin.c>
  AdminControlsACLs   all allow user {uid}
</IfModule>

{users}"#;

const SQL: &str = r#"# Users are in an SQLite database.
LoadModule          mod_sql.c
LoadModule          mod_sql_sqlite.c

SQLBackend          sqlite3
SQLConnectInfo      "{database}"
SQLAuthenticate     users groups
SQLAuthTypes        Crypt
SQLUserInfo         users userid passwd uid gid homedir shell
SQLGroupInfo        groups groupname gid members
AuthOrder           mod_sql.c

# Each upload adds a row.
SQLNamedQuery       upload INSERT "'%u', '%f', %b" uploads
SQLLog              STOR upload
"#;

#[cfg(any(feature = "static-mod_tls", feature = "shared-mod_tls"))]
const TLS: &str = r#"
# Clients may protect their connections (FTPS). Nobody vouches for this certificate,
# so they warn of it, or refuse it.
LoadModule          mod_tls.c
TLSEngine           on
TLSECCertificateFile    "{certificate}"
TLSECCertificateKeyFile "{key}"
"#;

const FILE: &str = r#"# Users are in a file like /etc/passwd. If built with the feature static-sql or
# shared-sql, a new demonstration keeps them in an SQLite database.
AuthUserFile        "{passwd}"
AuthOrder           mod_auth_file.c
"#;

/// Somebody else's configuration would run as whoever starts the demonstration.
fn check_owner(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let own = rustix::process::geteuid().as_raw();
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() && found.uid() == own => Ok(()),
        Ok(_) => Err(io::Error::other(format!(
            "{} does not belong to you: start the demonstration in another folder",
            folder.display()
        ))),
    }
}

fn failed(error: io::Error) -> StartError {
    StartError::System(format!("cannot create the demonstration's folder ./{FOLDER}"), error)
}

/// Writes a file that only its owner can read.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// A password that is hard to guess and easy to type.
fn generate() -> io::Result<String> {
    // 32 letters, so that each random byte gives one without bias; no two look alike.
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; PASSWORD_LENGTH];
    rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}
