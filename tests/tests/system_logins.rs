//! The system's own users: mod_auth_unix by their shadow entries, mod_auth_pam by a PAM service, and the keeper, the one
//! process that is root for both.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use gantry_tests::host::{PamService, SystemGroup, SystemUser, children, may_make_users};
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::{process, wait};
use rustix::fs::{CWD, Mode, OFlags, mkfifoat, openat};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

const UNIX: &str = "mod_auth_unix.c";
const PAM_FIRST: &str = "mod_auth_pam.c* mod_auth_unix.c";

/// A server for users of the system; `order` is its AuthOrder.
fn server(layout: Layout, order: &str, change: impl FnOnce(&mut Config)) -> Server {
    Server::with(layout, |config| {
        config.without_sql().remove("AuthUserFile").set("AuthOrder", order);
        change(config);
    })
}

/// One where PAM has the last word, by a service.
fn server_with_pam(layout: Layout, service: &PamService, change: impl FnOnce(&mut Config)) -> Server {
    server(layout, PAM_FIRST, |config| {
        config.add("LoadModule", "mod_auth_pam.c").add("AuthPAMConfig", &service.name);
        change(config);
    })
}

/// What PASS is answered.
fn answer(server: &Server, user: &str, password: &str) -> u16 {
    let mut wire = server.connect();
    wire.expect(format!("USER {user}"), 331);
    wire.send(format!("PASS {password}"));
    wire.reply().code
}

/// PAM asks this script, which finds PAM's items in its environment.
fn script(server_folder: &Path, text: &str) -> PathBuf {
    let path = server_folder.join("script");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

fn system_users_log_in_with_their_own_passwords(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let user = SystemUser::new();
    let server = server(layout, UNIX, |_| {});
    assert_eq!(answer(&server, &user.name, "wrong"), 530);
    assert_eq!(answer(&server, &user.name, ""), 530);
    assert_eq!(answer(&server, "no-such-user", PASSWORD), 530);
    let mut wire = server.connect();
    wire.login(&user.name, PASSWORD);
    wire.give("STOR file", b"content");
    let made = fs::metadata(user.home.join("file")).unwrap();
    assert_eq!((made.uid(), made.gid()), (user.uid, user.gid));
    assert!(!server.log().contains(PASSWORD), "a password in the log");
}

fn they_reach_what_their_groups_reach(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let group = SystemGroup::new();
    let (inside, outside) = (SystemUser::with(&["--groups", &group.name]), SystemUser::new());
    let server = server(layout, UNIX, |config| {
        config.set("DefaultRoot", config.folder().display().to_string());
        config.block(format!("<Limit MKD>\nDenyAll\nAllowGroup {}\n</Limit>", group.name));
    });
    let shared = server.folder().join("shared");
    fs::create_dir(&shared).unwrap();
    process::run(Command::new("chgrp").arg(&group.name).arg(&shared), "").ok();
    fs::set_permissions(&shared, Permissions::from_mode(0o770)).unwrap();
    let mut wire = server.connect();
    wire.login(&inside.name, PASSWORD);
    wire.expect("CWD /shared", 250);
    wire.expect("MKD folder", 257);
    let mut wire = server.connect();
    wire.login(&outside.name, PASSWORD);
    wire.expect("CWD /shared", 550);
    wire.expect("MKD /folder", 550);
}

fn accounts_that_are_locked_or_expired_do_not_log_in(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let server = server(layout, UNIX, |_| {});
    let refused = |user: &SystemUser, why: &str| {
        assert_eq!(answer(&server, &user.name, PASSWORD), 530, "{why}");
        server.wait_for_log(&[&user.name, why]);
    };
    let user = SystemUser::new();
    assert_eq!(answer(&server, &user.name, PASSWORD), 230);
    user.modify(&["--lock"]);
    refused(&user, "locked");
    user.modify(&["--unlock"]);
    assert_eq!(answer(&server, &user.name, PASSWORD), 230);
    user.age(&["--lastday", "2020-01-01", "--maxdays", "10"]);
    refused(&user, "must be changed");
    user.age(&["--lastday", "2020-01-01", "--maxdays", "99999"]);
    assert_eq!(answer(&server, &user.name, PASSWORD), 230);
    user.age(&["--expiredate", "2020-01-01"]);
    refused(&user, "expired");
    let forced = SystemUser::new();
    forced.age(&["--lastday", "0"]);
    refused(&forced, "must be changed");
    let without = SystemUser::with(&["--password", ""]);
    for password in ["", PASSWORD] {
        assert_eq!(answer(&server, &without.name, password), 530);
    }
}

fn shells_and_root_are_judged(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let server = server(layout, UNIX, |config| {
        config.set("RequireValidShell", "on");
    });
    let (user, shellless) = (SystemUser::new(), SystemUser::with(&["--shell", "/bin/false"]));
    assert_eq!(answer(&server, &user.name, PASSWORD), 230);
    assert_eq!(answer(&server, &shellless.name, PASSWORD), 530);
    server.wait_for_log(&[&shellless.name, "Invalid shell: '/bin/false'"]);
    let root = SystemUser::with(&["--non-unique", "--uid", "0"]);
    assert_eq!(answer(&server, &root.name, PASSWORD), 530);
    server.wait_for_log(&["SECURITY VIOLATION: Root login attempted"]);
}

/// A line in /etc/ftpusers, while it lives.
struct FtpUser<'a>(&'a str);

static FTPUSERS: Mutex<()> = Mutex::new(());

impl<'a> FtpUser<'a> {
    const FILE: &'static str = "/etc/ftpusers";

    fn new(name: &'a str) -> Self {
        let before = fs::read_to_string(Self::FILE).unwrap_or_default();
        fs::write(Self::FILE, format!("{before}{name} # a test's\n")).unwrap();
        Self(name)
    }
}

impl Drop for FtpUser<'_> {
    fn drop(&mut self) {
        let text = fs::read_to_string(Self::FILE).unwrap_or_default();
        let line = format!("{} # a test's\n", self.0);
        let left = text.replace(&line, "");
        let _ = if left.is_empty() { fs::remove_file(Self::FILE) } else { fs::write(Self::FILE, left) };
    }
}

fn users_named_in_ftpusers_do_not_log_in(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let _alone = FTPUSERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let user = SystemUser::new();
    let strict = server(layout, UNIX, |config| {
        config.remove("UseFtpUsers");
    });
    let lax = server(layout, UNIX, |config| {
        config.set("UseFtpUsers", "off");
    });
    let named = FtpUser::new(&user.name);
    assert_eq!((answer(&strict, &user.name, PASSWORD), answer(&lax, &user.name, PASSWORD)), (530, 230));
    strict.wait_for_log(&[&user.name, "/etc/ftpusers"]);
    drop(named);
    assert_eq!(answer(&strict, &user.name, PASSWORD), 230);
}

fn pam_judges_passwords_and_accounts(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let service =
        PamService::new("auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_permit.so\n");
    let server = server_with_pam(layout, &service, |_| {});
    let user = SystemUser::new();
    assert_eq!(answer(&server, &user.name, "wrong"), 530);
    server.wait_for_log(&["PAM", &user.name, "Authentication failure"]);
    let mut wire = server.connect();
    wire.login(&user.name, PASSWORD);
    wire.give("STOR file", b"content");
    assert_eq!(fs::metadata(user.home.join("file")).unwrap().uid(), user.uid);
    user.age(&["--expiredate", "2020-01-01"]);
    assert_eq!(answer(&server, &user.name, PASSWORD), 530);
    assert!(!server.log().contains(PASSWORD), "a password in the log");
}

fn a_star_gives_pam_the_last_word(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let service = PamService::new("auth required pam_deny.so\naccount required pam_permit.so\n");
    let user = SystemUser::new();
    for (order, code) in [(PAM_FIRST, 530), ("mod_auth_pam.c mod_auth_unix.c", 230), (UNIX, 230)] {
        let server = server_with_pam(layout, &service, |config| {
            config.set("AuthOrder", order);
        });
        assert_eq!(answer(&server, &user.name, PASSWORD), code, "{order}");
    }
    let server = server_with_pam(layout, &service, |config| {
        config.add("AuthPAM", "off");
    });
    assert_eq!(answer(&server, &user.name, PASSWORD), 230, "as in ProFTPD: who is off has no word");
}

fn what_the_lines_say_of_pam_is_checked(layout: Layout) {
    let said = |service: &str, order: &str| {
        let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
            config.without_sql().remove("AuthUserFile").set("AuthOrder", order);
            config.add("LoadModule", "mod_auth_pam.c").add("AuthPAMConfig", service);
        });
        trial.done.text()
    };
    let missing = said("no-such-service", "mod_auth_pam.c mod_auth_unix.c");
    for text in ["there is no /etc/pam.d/no-such-service: PAM uses its", "PAM the last word on line"] {
        assert!(missing.contains(text), "{missing}");
    }
    let left_out = said("no-such-service", UNIX);
    assert!(!left_out.contains("/etc/pam.d"), "{left_out}");
    let path = said("../su", PAM_FIRST);
    assert!(path.contains("Fatal: AuthPAMConfig: not the name of a PAM service"), "{path}");
}

fn pam_knows_the_client_and_its_session_ends_with_the_clients(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let items = format!("echo $PAM_TYPE $PAM_SERVICE $PAM_USER $PAM_RHOST $PAM_TTY >>{}", log.display());
    let script = script(folder.path(), &items);
    let line = |kind: &str| format!("{kind} required pam_exec.so quiet {}\n", script.display());
    let service = PamService::new(&format!(
        "auth required pam_unix.so\n{}account required pam_permit.so\n{}",
        line("auth"),
        line("session")
    ));
    let server = server_with_pam(layout, &service, |config| {
        config.set("RequireValidShell", "on");
    });
    let lines = || fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    let user = SystemUser::new();
    let mut wire = server.connect();
    wire.login(&user.name, PASSWORD);
    let items = format!("{} {} 127.0.0.1 /dev/ftpd", service.name, user.name);
    let seen = lines();
    assert!(seen[0].starts_with(&format!("auth {items}")), "{seen:?}");
    assert!(seen[1].starts_with(&format!("open_session {items}")), "{seen:?}");
    assert_eq!(seen.len(), 2, "the session is open while the client is there");
    // Not the end of the session, though a PASS that fails.
    wire.expect("PASS again", 503);
    wire.expect("NOOP", 200);
    assert_eq!(lines().len(), 2);
    wire.expect("QUIT", 221);
    wait::for_condition("the session is closed", || {
        lines().last().is_some_and(|last| last.starts_with(&format!("close_session {items}")))
    });
    // Somebody whom PAM lets in, and the shell does not.
    user.modify(&["--shell", "/bin/false"]);
    assert_eq!(answer(&server, &user.name, PASSWORD), 530);
    wait::for_condition("the session of nobody is closed", || {
        lines().iter().filter(|line| line.starts_with("close_session")).count() == 2
    });
}

fn sessions_are_closed_when_the_daemon_ends(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = script(folder.path(), &format!("echo $PAM_TYPE >>{}", log.display()));
    let service = PamService::new(&format!(
        "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_exec.so quiet {}\n",
        script.display()
    ));
    let user = SystemUser::new();
    let mut server = server_with_pam(layout, &service, |_| {});
    let mut wire = server.connect();
    wire.login(&user.name, PASSWORD);
    let keeper = keeper_of(&server);
    assert!(server.terminate().success());
    wait::for_condition("the session is closed", || {
        fs::read_to_string(&log).is_ok_and(|text| text == "open_session\nclose_session\n")
    });
    wait::for_condition("the keeper has ended", || test_kill_process(pid(keeper)).is_err());
}

fn a_session_that_closes_as_the_daemon_ends_is_closed(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (log, gate) = (folder.path().join("log"), folder.path().join("gate"));
    mkfifoat(CWD, &gate, Mode::RUSR | Mode::WUSR).unwrap();
    // The first part of the end waits at the gate; only a process that is still there comes to the second.
    let text = format!(
        "[ $PAM_TYPE = close_session ] || exit 0\necho $1 >>{}\n[ $1 = second ] || read word <{}",
        log.display(),
        gate.display()
    );
    let script = script(folder.path(), &text);
    let part = |name: &str| format!("session required pam_exec.so quiet {} {name}\n", script.display());
    let service = PamService::new(&format!(
        "auth required pam_permit.so\naccount required pam_permit.so\n{}{}",
        part("first"),
        part("second")
    ));
    let user = SystemUser::new();
    let mut server = server_with_pam(layout, &service, |_| {});
    let mut wire = server.connect();
    wire.login(&user.name, PASSWORD);
    let keeper = keeper_of(&server);
    wire.expect("QUIT", 221);
    let is_log = |text: &str| fs::read_to_string(&log).is_ok_and(|found| found == text);
    wait::for_condition("the session closes", || is_log("first\n"));
    assert!(server.terminate().success());
    // A pipe that nobody reads any more cannot be opened like this.
    let write = OFlags::WRONLY | OFlags::NONBLOCK;
    let gate = wait::until(wait::PATIENCE, || openat(CWD, &gate, write, Mode::empty()).ok());
    fs::File::from(gate.expect("the session still closes")).write_all(b"go on\n").unwrap();
    wait::for_condition("the session is closed", || is_log("first\nsecond\n"));
    wait::for_condition("the keeper has ended", || test_kill_process(pid(keeper)).is_err());
}

fn a_hanging_pam_module_costs_one_login(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (hanging, other) = (SystemUser::new(), SystemUser::new());
    let mark = folder.path().join("pid");
    let text = format!("[ $PAM_USER = {} ] || exit 0\necho $$ >{}\nexec sleep 1000", hanging.name, mark.display());
    let script = script(folder.path(), &text);
    let service = PamService::new(&format!(
        "auth required pam_exec.so quiet {}\nauth required pam_unix.so\naccount required pam_unix.so\n",
        script.display()
    ));
    let server = server_with_pam(layout, &service, |config| {
        config.add("AuthPAMTimeout", "3");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {}", hanging.name), 331);
    wire.send(format!("PASS {PASSWORD}"));
    let sleeping = || fs::read_to_string(&mark).ok()?.trim().parse::<u32>().ok();
    let sleeping = wait::until(wait::PATIENCE, sleeping).expect("the module hangs");
    assert_eq!(answer(&server, &other.name, PASSWORD), 230, "others log in meanwhile");
    assert_eq!(wire.reply().code, 421);
    server.wait_for_log(&["mod_auth_pam", "it took too long"]);
    wait::for_condition("what hung is ended", || test_kill_process(pid(sleeping)).is_err());
}

fn without_the_keeper_logins_are_refused_and_the_log_says_so(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let user = SystemUser::new();
    let server = server(layout, &format!("{UNIX} mod_auth_file.c"), |config| {
        config.set("AuthUserFile", config.path("passwd"));
    });
    assert_eq!(answer(&server, &user.name, PASSWORD), 230);
    let keeper = keeper_of(&server);
    kill_process(pid(keeper), Signal::KILL).unwrap();
    server.wait_for_log(&[
        &format!("the keeper (process {keeper}) has ended"),
        "signal: 9",
        "until gantryd is restarted",
    ]);
    assert_eq!(answer(&server, &user.name, PASSWORD), 421);
    server.wait_for_log(&["mod_auth_unix cannot check a password", "restart gantryd"]);
    server.login().expect("NOOP", 200);
}

fn many_log_in_at_once(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let service =
        PamService::new("auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_permit.so\n");
    let server = server_with_pam(layout, &service, |config| {
        config.set("AuthOrder", "mod_auth_pam.c* mod_auth_unix.c");
    });
    let user = SystemUser::new();
    thread::scope(|scope| {
        for client in 0..60 {
            let (server, user) = (&server, &user);
            scope.spawn(move || {
                let (password, code) = if client % 6 == 0 { ("wrong", 530) } else { (PASSWORD, 230) };
                assert_eq!(answer(server, &user.name, password), code, "client {client}");
            });
        }
    });
    let keeper = keeper_of(&server);
    wait::for_condition("no worker is left", || children(keeper).is_empty());
}

fn the_keeper_stays_root_and_the_daemon_does_not(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let server = server(layout, UNIX, |_| {});
    let uid = |pid: u32| fs::metadata(format!("/proc/{pid}")).unwrap().uid();
    let status = |pid: u32, name: &str| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        text.lines().find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned())).unwrap()
    };
    let keeper = keeper_of(&server);
    assert_eq!(uid(keeper), 0);
    assert_eq!(status(keeper, "Threads:"), "1");
    assert!(!status(server.pid(), "Uid:").split_whitespace().any(|uid| uid == "0"));
    let environment = fs::read(format!("/proc/{keeper}/environ")).unwrap();
    assert_eq!(environment.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).count(), 1, "PATH alone");
    let open: Vec<PathBuf> = fs::read_dir(format!("/proc/{keeper}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter(|path| path != Path::new("/dev/null"))
        .collect();
    assert!(open.len() == 1 && open[0].to_string_lossy().starts_with("socket:"), "{open:?}");
}

fn started_by_others_it_says_that_root_is_needed(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let user = SystemUser::new();
    // Started by root without being root: as a user that may read nothing of the shadow file.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let (file, output) = (folder.path().join("conf"), folder.path().join("log"));
    fs::write(&file, "Port any\nDefaultAddress 127.0.0.1\nAuthOrder mod_auth_unix.c\nRequireValidShell off\n").unwrap();
    let log = fs::File::create(&output).unwrap();
    let mut daemon = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"])
        .arg(layout.gantryd())
        .arg("-c")
        .arg(&file)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let text = || fs::read_to_string(&output).unwrap_or_default();
    let address = wait::until(wait::PATIENCE, || {
        let text = text();
        let word = text.split_whitespace().find(|word| word.trim_end_matches(',').starts_with("127.0.0.1:"))?;
        word.trim_end_matches(',').parse::<std::net::SocketAddr>().ok()
    });
    let mut wire = Wire::connect(address.unwrap_or_else(|| panic!("no address in {}", text())));
    wire.expect(format!("USER {}", user.name), 331);
    wire.expect(format!("PASS {PASSWORD}"), 421);
    let said = wait::until(wait::PATIENCE, || text().contains("only root can read").then_some(()));
    kill_process(pid(daemon.id()), Signal::TERM).unwrap();
    assert!(daemon.wait().unwrap().success());
    assert!(said.is_some(), "{}", text());
}

fn keeper_of(server: &Server) -> u32 {
    let found = wait::until(wait::PATIENCE, || {
        children(server.pid()).into_iter().find(|(_, name)| name.starts_with("gantryd-keeper"))
    });
    found.expect("the daemon has a keeper").0
}

fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a process id")
}

both_layouts!(
    system_users_log_in_with_their_own_passwords,
    they_reach_what_their_groups_reach,
    accounts_that_are_locked_or_expired_do_not_log_in,
    shells_and_root_are_judged,
    users_named_in_ftpusers_do_not_log_in,
    pam_judges_passwords_and_accounts,
    a_star_gives_pam_the_last_word,
    what_the_lines_say_of_pam_is_checked,
    pam_knows_the_client_and_its_session_ends_with_the_clients,
    sessions_are_closed_when_the_daemon_ends,
    a_session_that_closes_as_the_daemon_ends_is_closed,
    a_hanging_pam_module_costs_one_login,
    without_the_keeper_logins_are_refused_and_the_log_says_so,
    many_log_in_at_once,
    the_keeper_stays_root_and_the_daemon_does_not,
    started_by_others_it_says_that_root_is_needed,
);
