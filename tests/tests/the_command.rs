//! gantryd as a command: its options, its exit codes, and how it behaves under
//! the name proftpd; gantry under the name ftpasswd.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gantry_tests::prelude::*;
use gantry_tests::process::{Done, run};
use gantry_tests::server::Trial;
use gantry_tests::wait;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A folder with a configuration, and a link to the daemon.
struct Home {
    folder: TempDir,
    link: PathBuf,
}

impl Home {
    fn new(layout: Layout, name: &str, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Everybody may write its logs and find its files.
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("var")).unwrap();
        let mut config = Config::new(folder.path());
        config.without_sql().remove("AuthUserFile").remove("AuthOrder");
        change(&mut config);
        fs::write(folder.path().join("gantryd.conf"), config.text()).unwrap();
        let link = folder.path().join(name);
        symlink(layout.gantryd(), &link).unwrap();
        Self { folder, link }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.link);
        command.arg("-c").arg(self.path("gantryd.conf")).args(arguments).current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Done {
        run(&mut self.command(arguments), "")
    }

    /// Starts it in the foreground.
    fn spawn(&self, arguments: &[&str]) -> Foreground {
        Foreground(self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("var/system.log")).unwrap_or_default()
    }

    /// Where it listens, once it does.
    fn address(&self) -> String {
        let found = wait::until(wait::PATIENCE, || {
            let log = self.log();
            log.lines().rev().find_map(|line| Some(line.split_once("listening on ")?.1.to_owned()))
        });
        found.unwrap_or_else(|| panic!("it does not listen:\n{}", self.log()))
    }

    /// The daemon that the PidFile names.
    fn pid(&self) -> Pid {
        let text = fs::read_to_string(self.path("var/gantryd.pid")).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }

    /// Ends that daemon.
    fn end(&self) {
        let pid = self.pid();
        kill_process(pid, Signal::TERM).unwrap();
        wait::for_condition("the daemon ends", || !is_alive(pid));
        assert!(!self.path("var/gantryd.pid").exists(), "the PidFile is left");
    }
}

/// A child that does not outlive its test.
struct Foreground(Child);

impl Foreground {
    fn code(&mut self) -> Option<i32> {
        let ended = wait::until(Duration::from_secs(30), || self.0.try_wait().unwrap());
        ended.expect("it ends").code()
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_alive(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
    // One that nobody has waited for yet has ended all the same.
    !status.is_empty() && !status.contains(") Z ")
}

fn daemon(layout: Layout, arguments: &[&str]) -> Done {
    run(Command::new(layout.gantryd()).args(arguments), "")
}

fn exit_codes_are_stable(layout: Layout) {
    let code = |arguments: &[&str], change: fn(&mut Config)| {
        Trial::run(&layout.gantryd(), arguments, change).done.status.code()
    };
    let faulty = |config: &mut Config| {
        config.add("NoSuchDirective", "on");
    };
    assert_eq!(code(&["-t"], |_| {}), Some(0));
    assert_eq!(code(&["-t"], faulty), Some(1));
    assert_eq!(code(&["-n"], faulty), Some(1));
    let unbound = |config: &mut Config| {
        config.set("DefaultAddress", "192.0.2.1");
    };
    assert_eq!(code(&["-n"], unbound), Some(1));
    for wrong in [&["--nonsense"][..], &["-d", "11"], &["-p", "2"], &["-S", "nowhere"], &["--set", "Port"]] {
        assert_eq!(daemon(layout, wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(daemon(layout, &["--compat", "/etc/passwd"]).status.code(), Some(2), "without -t");
    let help = daemon(layout, &["--help"]).ok().out;
    assert!(help.contains("Exit codes: 0 ") && help.contains("Examples:"), "{help}");
}

fn what_proftpd_takes_is_taken(layout: Layout) {
    let options = ["-N", "-6", "-p", "0", "-d5", "-q", "-n", "-D", "X", "-S", "127.0.0.1"];
    let trial = Trial::run(&layout.gantryd(), &[&options[..], &["-t"]].concat(), |config| {
        config.block("<IfDefine !X>\nNoSuchDirective on\n</IfDefine>");
        config.add("ScoreboardFile", "/run/s").add("ScoreboardMutex", "/run/s.lck");
        config.add("ScoreboardOptions", "AllowMissingDirectory").add("ScoreboardScrub", "300");
    });
    let text = trial.done.ok().text();
    for name in ["ScoreboardFile", "ScoreboardMutex", "ScoreboardOptions", "ScoreboardScrub"] {
        assert!(text.contains(&format!("{name} has no effect: ")), "{text}");
    }
}

fn set_puts_a_directive_in_place_of_the_files(layout: Layout) {
    let home = Home::new(layout, "gantryd", |_| {});
    let mut running = home.spawn(&["--set", "ServerIdent=on \"from the command line\"", "--set", "Port=any"]);
    let wire = Wire::connect(home.address().parse().unwrap());
    assert!(wire.greeting().text().contains("from the command line"), "{:?}", wire.greeting());
    drop(wire);
    home.end();
    assert_eq!(running.code(), Some(0));
    let wrong = home.run(&["-t", "--set", "Port=seventy"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(wrong.err.contains("Port") && wrong.err.contains("on the command line"), "{}", wrong.err);
}

fn big_s_is_the_main_servers_address(layout: Layout) {
    let home = Home::new(layout, "gantryd", |config| {
        config.set("DefaultAddress", "192.0.2.1");
    });
    let _running = home.spawn(&["-S", "127.0.0.2"]);
    assert!(home.address().starts_with("127.0.0.2:"), "{}", home.address());
    home.end();
}

fn four_listens_by_ipv4_alone(layout: Layout) {
    let home = Home::new(layout, "gantryd", |config| {
        // Of both families, on most machines.
        config.set("DefaultAddress", "localhost");
    });
    let _running = home.spawn(&["-4"]);
    assert!(home.address().starts_with("127.0.0.1:"), "{}", home.log());
    assert!(!home.log().contains("listening on [::1]"), "{}", home.log());
    home.end();
    let trial = Trial::run(&layout.gantryd(), &["-4", "-t"], |config| {
        config.set("DefaultAddress", "::1");
    });
    assert!(trial.fatal().contains("'::1' has no IPv4 address"), "{}", trial.fatal());
    assert_eq!(daemon(layout, &["-4", "-6"]).status.code(), Some(2));
}

fn big_x_ends_with_the_first_session(layout: Layout) {
    let home = Home::new(layout, "proftpd", |_| {});
    let mut running = home.spawn(&["-X"]);
    let mut wire = Wire::connect(home.address().parse().unwrap());
    wire.expect("QUIT", 221);
    drop(wire);
    assert_eq!(running.code(), Some(0));
}

fn compat_tells_what_a_file_of_proftpds_means(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proftpd.conf");
    let compat = || daemon(layout, &["-t", "--compat", file.to_str().unwrap()]);
    fs::write(&file, "Umask 022\nPort 21\nDisplayQuit /bye\nUseFtpUsers off\n").unwrap();
    let done = compat();
    assert!(done.out.contains("supported") && done.out.contains("missing"), "{}", done.text());
    assert!(done.out.contains("Umask on line 1 of"), "{}", done.out);
    fs::write(&file, "WrapEngine on\n").unwrap();
    let missing = compat();
    assert_eq!(missing.status.code(), Some(1));
    assert!(missing.out.contains("known to ProFTPD's mod_wrap2; not supported"), "{}", missing.out);
    // Whoever relies on it must hear of it.
    fs::write(&file, "<IfModule mod_wrap2.c>\n  WrapEngine on\n</IfModule>\nUmask 022\n").unwrap();
    let passed_over = compat();
    assert_eq!(passed_over.status.code(), Some(1));
    let words = "WrapEngine on line 2 of";
    assert!(passed_over.out.contains("1 missing") && passed_over.out.contains(words), "{}", passed_over.out);
    fs::write(&file, "Umask 022\n").unwrap();
    assert_eq!(compat().status.code(), Some(0));
    fs::remove_file(&file).unwrap();
    assert_eq!(compat().status.code(), Some(1));
}

fn a_second_start_is_refused(layout: Layout) {
    let home = Home::new(layout, "gantryd", |_| {});
    let mut first = home.spawn(&[]);
    home.address();
    let second = home.run(&[]);
    assert_eq!(second.status.code(), Some(3), "{}", second.text());
    let expected = format!("already running: process {} holds ", home.pid().as_raw_pid());
    assert!(second.err.contains(&expected), "{}", second.err);
    // One that was killed leaves a file that the next one takes.
    first.0.kill().unwrap();
    first.code();
    assert!(home.path("var/gantryd.pid").exists());
    fs::remove_file(home.path("var/system.log")).unwrap();
    let mut next = home.spawn(&[]);
    home.address();
    home.end();
    assert_eq!(next.code(), Some(0));
}

fn under_proftpds_name_it_goes_to_the_background(layout: Layout) {
    let home = Home::new(layout, "proftpd", |_| {});
    home.run(&[]).ok();
    // The command has ended, so clients can come at once.
    let pid = home.pid();
    let address = home.address().parse().unwrap();
    assert!(Wire::connect(address).greeting().text().contains("Gantry under test"));
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let [session, terminal] = [fields[3], fields[4]];
    assert_ne!(session, pid.as_raw_pid().to_string(), "it leads no session");
    assert_eq!(terminal, "0", "it has no terminal");
    for stream in 0..3 {
        let leads = fs::read_link(format!("/proc/{}/fd/{stream}", pid.as_raw_pid())).unwrap();
        assert_eq!(leads, Path::new("/dev/null"));
    }
    let second = home.run(&[]);
    assert_eq!(second.status.code(), Some(3), "{}", second.text());
    home.end();
}

fn under_proftpds_name_no_fault_is_lost(layout: Layout) {
    let start = |change: fn(&mut Config)| {
        let home = Home::new(layout, "proftpd", change);
        let done = home.run(&[]);
        assert_eq!(done.status.code(), Some(1), "{}", done.text());
        assert!(!home.path("var/gantryd.pid").exists(), "a PidFile is left");
        (done.err, home.folder.path().display().to_string())
    };
    let (fault, _) = start(|config| {
        config.add("NoSuchDirective", "on");
    });
    assert!(fault.contains("Fatal: unknown configuration directive 'NoSuchDirective' on line"), "{fault}");
    let (fault, _) = start(|config| {
        config.set("DefaultAddress", "192.0.2.1");
    });
    assert!(fault.contains("Fatal: cannot listen on 192.0.2.1"), "{fault}");
    let (fault, folder) = start(|config| {
        let nowhere = config.path("none/system.log");
        config.set("SystemLog", nowhere);
    });
    assert!(fault.contains("Fatal: SystemLog: unable to open"), "{fault}");
    // The daemon has spoken, and ends.
    wait::for_condition("nothing is left running", || {
        let lines =
            fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
        lines.filter(|line| String::from_utf8_lossy(line).contains(&folder)).count() == 0
    });
}

fn under_proftpds_name_the_pid_file_is_the_installations(layout: Layout) {
    let home = Home::new(layout, "proftpd", |config| {
        config.remove("PidFile");
    });
    home.run(&[]).ok();
    let file = layout.prefix().join("var/proftpd.pid");
    let pid = Pid::from_raw(fs::read_to_string(&file).unwrap().trim().parse().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    wait::for_condition("the daemon ends", || !is_alive(pid));
    assert!(!file.exists(), "the PidFile is left");
}

fn under_proftpds_name_n_stays_in_the_foreground(layout: Layout) {
    let home = Home::new(layout, "proftpd", |_| {});
    let mut running = home.spawn(&["-n"]);
    home.address();
    assert_eq!(home.pid().as_raw_pid().to_string(), running.0.id().to_string());
    home.end();
    assert_eq!(running.code(), Some(0));
}

fn it_tells_of_itself_in_proftpds_forms(layout: Layout) {
    let home = Home::new(layout, "proftpd", |_| {});
    let version = concat!("Gantry Version ", env!("CARGO_PKG_VERSION"), " (ProFTPD-compatible)\n");
    assert_eq!(home.run(&["-v"]).ok().out, version);
    let status = home.run(&["-vv"]).ok().out;
    assert!(status.starts_with("Gantry Version: ") && status.contains("\nLoaded modules:\n  mod_"), "{status}");
    assert!(status.contains(concat!("  mod_core/", env!("CARGO_PKG_VERSION"), "\n")), "{status}");
    let list = home.run(&["-l"]).ok().out;
    assert!(list.starts_with("Compiled-in modules:\n") && list.contains("\n  mod_core.c\n"), "{list}");
    let settings = home.run(&["-V"]).ok().out;
    let pid_file = format!("    Pid File:\n      {}\n", layout.prefix().join("var/proftpd.pid").display());
    for part in ["Compile-time Settings:\n", "    + DSO support\n", "    Configuration File:\n      /", &pid_file] {
        assert!(settings.contains(part), "{part}: {settings}");
    }
}

fn systemd_is_told_of_the_start_of_each_reload_and_of_the_end(layout: Layout) {
    let home = Home::new(layout, "gantryd", |_| {});
    let socket = UnixDatagram::bind(home.path("notify")).unwrap();
    // The daemon becomes User before it speaks.
    fs::set_permissions(home.path("notify"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    socket.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    let mut command = home.command(&[]);
    command.env("NOTIFY_SOCKET", home.path("notify")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Foreground(command.spawn().unwrap());
    let told = || {
        let mut word = [0; 64];
        let length = socket.recv(&mut word).unwrap();
        String::from_utf8_lossy(&word[..length]).into_owned()
    };
    assert_eq!(told(), "READY=1\n");
    Wire::connect(home.address().parse().unwrap());
    // Whatever becomes of it, a reload has an end.
    for fault in [None, Some("NoSuchDirective on\n")] {
        let file = home.path("gantryd.conf");
        fs::write(&file, fs::read_to_string(&file).unwrap() + fault.unwrap_or_default()).unwrap();
        kill_process(home.pid(), Signal::HUP).unwrap();
        assert!(told().starts_with("RELOADING=1\nMONOTONIC_USEC="));
        assert_eq!(told(), "READY=1\n");
    }
    home.end();
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(running.code(), Some(0));
}

fn gantry_is_ftpasswd_under_its_name(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("ftpasswd");
    symlink(layout.prefix().join("bin/gantry"), &link).unwrap();
    let ftpasswd =
        |line: &str, input: &str| run(Command::new(&link).args(line.split(' ')).current_dir(folder.path()), input);
    let users = || fs::read_to_string(folder.path().join("ftpd.passwd")).unwrap();
    ftpasswd("--passwd --name=bob --uid=1001 --home=/home/bob --shell=/bin/false --stdin", "one\n").ok();
    assert!(users().starts_with("bob:$y$") && users().ends_with(":1001:1001::/home/bob:/bin/false\n"), "{}", users());
    let change = "--passwd --name=bob --change-password --sha512 --stdin";
    assert_eq!(ftpasswd(change, "one\n").status.code(), Some(2), "the present password");
    ftpasswd(change, "two\n").ok();
    assert!(users().starts_with("bob:$6$"), "{}", users());
    ftpasswd("--passwd --name=bob --lock", "").ok();
    assert!(users().starts_with("bob:!$6$"), "{}", users());
    ftpasswd("--passwd --name=bob --unlock", "").ok();
    ftpasswd("--passwd --name=bob --change-home --home=/srv/bob", "").ok();
    assert!(users().starts_with("bob:$6$") && users().ends_with(":/srv/bob:/bin/false\n"), "{}", users());
    assert_eq!(ftpasswd("--passwd --name=bob --change-home --home=bob", "").status.code(), Some(8));
    assert_eq!(ftpasswd("--passwd --name=ann --lock", "").status.code(), Some(1));
    ftpasswd("--passwd --name=bob --delete-user", "").ok();
    assert_eq!(users(), "");
    ftpasswd("--group --name=staff --gid=50 --member=ann --member=bob", "").ok();
    ftpasswd("--group --name=staff --add-member=eve", "").ok();
    assert_eq!(fs::read_to_string(folder.path().join("ftpd.group")).unwrap(), "staff:x:50:ann,bob,eve\n");
    let hash = ftpasswd("--hash --sha256 --stdin", "x\n").ok().out;
    assert!(hash.starts_with("ftpasswd: $5$"), "{hash}");
    let refused = ftpasswd("--hash --md5 --stdin", "x\n");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.err.contains("--md5 is not supported"), "{}", refused.err);
    assert_eq!(ftpasswd("--nonsense", "").status.code(), Some(1));
}

both_layouts!(
    exit_codes_are_stable,
    what_proftpd_takes_is_taken,
    set_puts_a_directive_in_place_of_the_files,
    big_s_is_the_main_servers_address,
    four_listens_by_ipv4_alone,
    big_x_ends_with_the_first_session,
    compat_tells_what_a_file_of_proftpds_means,
    a_second_start_is_refused,
    under_proftpds_name_it_goes_to_the_background,
    under_proftpds_name_no_fault_is_lost,
    under_proftpds_name_the_pid_file_is_the_installations,
    under_proftpds_name_n_stays_in_the_foreground,
    it_tells_of_itself_in_proftpds_forms,
    systemd_is_told_of_the_start_of_each_reload_and_of_the_end,
    gantry_is_ftpasswd_under_its_name,
);
