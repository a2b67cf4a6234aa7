//! OpenLDAP's server in a folder of its own, on an address of its own and a socket: a directory for a test.

use std::fmt::Write;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::config::{Account, Config};
use crate::process::run;
use crate::server::own;
use crate::tls::{Authority, Kind};
use crate::{host, wait};

/// The suffix of the directory.
pub const SUFFIX: &str = "dc=example,dc=com";
/// Who may read passwords.
pub const READER: &str = "cn=reader,dc=example,dc=com";
/// The reader's password.
pub const READER_PASSWORD: &str = "may read";
/// The password of the users.
pub const SECRET: &str = "open sesame";
/// Who may do everything.
const ADMIN: &str = "cn=admin,dc=example,dc=com";
const ADMIN_PASSWORD: &str = "may write";
const PORT: u16 = 3890;
const TLS_PORT: u16 = 6360;

/// A directory server.
pub struct Slapd {
    child: Option<Child>,
    address: Ipv4Addr,
    authority: Authority,
    folder: TempDir,
}

impl Slapd {
    /// One with the users `ann` and `bob`, the groups `staff` and `web`, and more entries in LDIF.
    ///
    /// # Panics
    /// When OpenLDAP's server is not installed, or refuses the entries.
    pub fn start(more: &str) -> Self {
        let folder =
            tempfile::Builder::new().prefix("gantry-slapd-").tempdir().expect("a temporary folder can be made");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("its mode can be set");
        for name in ["db", "homes"] {
            fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        }
        let address = host::own_address();
        let authority = Authority::new(folder.path());
        authority.sign("server", Kind::Ec, &[&address.to_string(), "ldap.example.com"]);
        let mut slapd = Self { child: None, address, authority, folder };
        fs::write(slapd.file("slapd.conf"), slapd.configuration()).expect("a file can be written");
        let mut entries = base();
        for (name, password) in [("ann", SECRET), ("bob", "plain as day")] {
            write!(entries, "\n{}", slapd.user(name, password)).expect("a String takes text");
        }
        write!(entries, "\n{}", more.trim_start()).expect("a String takes text");
        slapd.add_offline(&entries);
        slapd.run();
        slapd
    }

    /// The same with other entries, in LDIF.
    ///
    /// # Panics
    /// When the server refuses the entries.
    #[must_use]
    pub fn with_entries(mut self, entries: &str) -> Self {
        self.stop();
        let database = self.file("db");
        fs::remove_dir_all(&database).and_then(|()| fs::create_dir(&database)).expect("a folder can be emptied");
        self.add_offline(entries);
        self.run();
        self
    }

    /// The entry of a user, in LDIF, with a home folder that this makes.
    ///
    /// # Panics
    /// When the folder cannot be made.
    pub fn user(&self, name: &str, password: &str) -> String {
        let (uid, gid) = Account::ids();
        let home = self.home(name);
        format!(
            "dn: uid={name},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: {name}\ncn: {name}\n\
             uidNumber: {uid}\ngidNumber: {gid}\nhomeDirectory: {}\nloginShell: /bin/sh\nuserPassword: {password}\n",
            home.display()
        )
    }

    /// The home folder of a user, which this makes.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn home(&self, name: &str) -> PathBuf {
        let home = self.homes().join(name);
        fs::create_dir_all(&home).expect("a folder can be made");
        own(&home);
        home
    }

    /// The folder of the home folders.
    pub fn homes(&self) -> PathBuf {
        self.file("homes")
    }

    /// host:port
    pub fn host(&self) -> String {
        format!("{}:{PORT}", self.address)
    }

    /// A URL, for searches below the base.
    pub fn url(&self) -> String {
        format!("ldap://{}/??sub", self.host())
    }

    /// The same with TLS from the beginning.
    pub fn tls_url(&self) -> String {
        format!("ldaps://{}:{TLS_PORT}/??sub", self.address)
    }

    /// The same for its socket.
    pub fn socket_url(&self) -> String {
        format!("ldapi://{}/??sub", self.socket())
    }

    /// Who has signed its certificate.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Ends it.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&mut self) {
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        if let Some(mut child) = self.child.take() {
            wait::for_condition("slapd ends", || child.try_wait().expect("a child can be waited for").is_some());
        }
    }

    /// Ends it at once, with its connections.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().and_then(|()| child.wait()).expect("a child can be killed");
        }
    }

    /// Starts it, where it has ended.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run(&mut self) {
        let log = File::options().create(true).append(true).open(self.file("log")).expect("a log can be opened");
        let urls = format!("ldap://{} ldaps://{}:{TLS_PORT} ldapi://{}", self.host(), self.address, self.socket());
        let mut command = slapd();
        command.args(["-h", &urls, "-d", "stats", "-f"]).arg(self.file("slapd.conf"));
        let log_too = log.try_clone().expect("a file can be shared with a child");
        let child = command.stdout(log).stderr(log_too).spawn().expect("slapd is installed: tests/run installs it");
        let child = self.child.insert(child);
        let socket = self.folder.path().join("socket");
        wait::for_condition("slapd listens", || {
            let ended = child.try_wait().expect("a child can be waited for");
            assert!(
                ended.is_none(),
                "slapd has ended: {}",
                fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            UnixStream::connect(&socket).is_ok()
        });
    }

    /// Makes it answer nothing, and take connections.
    ///
    /// # Panics
    /// When it does not run.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        let tasks = format!("/proc/{}/task", self.child.as_ref().expect("slapd runs").id());
        let is_stopped = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
        };
        wait::for_condition("all threads of slapd have stopped", || {
            fs::read_dir(&tasks).expect("a process has tasks").all(|task| task.is_ok_and(is_stopped))
        });
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Changes entries, in LDIF with `changetype`.
    ///
    /// # Panics
    /// When it refuses that.
    pub fn modify(&self, changes: &str) {
        let socket = format!("ldapi://{}", self.socket());
        let mut command = Command::new("ldapmodify");
        command.args(["-x", "-H", &socket, "-D", ADMIN, "-w", ADMIN_PASSWORD]);
        run(&mut command, changes).ok();
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.file("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The directory for a server of a test: its users log in by binds.
    pub fn configure(&self, config: &mut Config) {
        without_users(config).add("LDAPServer", self.url()).add("LDAPUsers", format!("ou=people,{SUFFIX}"));
    }

    fn add_offline(&self, entries: &str) {
        let ldif = self.file("entries.ldif");
        fs::write(&ldif, entries).expect("a file can be written");
        // The same program as slapd, which is told by its name.
        let mut command = slapd();
        command.args(["-T", "add", "-q", "-f"]).arg(self.file("slapd.conf")).arg("-l").arg(&ldif);
        run(&mut command, "").ok();
    }

    fn configuration(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "include /etc/ldap/schema/core.schema\n\
             include /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/nis.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n\
             modulepath /usr/lib/ldap\n\
             moduleload back_mdb\n\
             pidfile {folder}/pid\n\
             TLSCACertificateFile {folder}/ca.pem\n\
             TLSCertificateFile {folder}/server.crt\n\
             TLSCertificateKeyFile {folder}/server.key\n\
             TLSVerifyClient try\n\
             authz-regexp gidNumber=.*,cn=peercred,cn=external,cn=auth {READER}\n\
             authz-regexp cn=reader {READER}\n\
             database mdb\n\
             suffix {SUFFIX}\n\
             rootdn {ADMIN}\n\
             rootpw \"{ADMIN_PASSWORD}\"\n\
             directory {folder}/db\n\
             maxsize 16777216\n\
             access to attrs=userPassword by dn.exact={READER} read by anonymous auth by * none\n\
             access to * by * read\n"
        )
    }

    /// The path of its socket, as URLs have it.
    fn socket(&self) -> String {
        self.file("socket").display().to_string().replace('/', "%2f")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().and_then(|child| i32::try_from(child.id()).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, signal).expect("a child can be signalled");
        }
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Takes users from neither SQL nor a file, and loads mod_ldap.
pub fn without_users(config: &mut Config) -> &mut Config {
    config.without_sql().remove("AuthUserFile").set("AuthOrder", "mod_ldap.c").add("LoadModule", "mod_ldap.c")
}

fn base() -> String {
    format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
         dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n\
         userPassword: {READER_PASSWORD}\n\n\
         dn: ou=people,{SUFFIX}\nobjectClass: organizationalUnit\nou: people\n\n\
         dn: ou=groups,{SUFFIX}\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: cn=staff,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: staff\ngidNumber: 50000\nmemberUid: ann\n\n\
         dn: cn=web,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: web\ngidNumber: 50001\nmemberUid: ann\nmemberUid: bob\n"
    )
}

/// Debian has it where only root looks.
fn slapd() -> Command {
    let usual = Path::new("/usr/sbin/slapd");
    Command::new(if usual.is_file() { usual } else { Path::new("slapd") })
}
