//! The two servers, with one configuration.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::SystemTime;

use crate::beside::case::Case;
use crate::beside::play::{Event, play};
use crate::beside::same::Sameness;
use crate::beside::stage::Stage;
use crate::layout::feature_set;
use crate::proftpd::ProFtpd;
use crate::server::Server;
use crate::wait;

/// ProFTPD and Gantry, with the same configuration, each with a folder of its own.
pub struct Pair {
    proftpd: (ProFtpd, Stage),
    gantry: (Server, Stage),
}

/// What one server did in a case.
pub type Transcript = Vec<Event>;

impl Pair {
    /// Starts both; `None` if ProFTPD is not installed. Gantry has the modules that are always
    /// linked in, like ProFTPD, so one layout is enough.
    pub fn start(config: &str) -> Option<Self> {
        let began = SystemTime::now();
        let (one, other) = (Stage::new(began), Stage::new(began));
        let proftpd = ProFtpd::start(&configuration(config, one.path()))?;
        let gantry = Server::of_file(&feature_set("default").join("sbin/gantryd"), |folder| {
            let own = format!(
                "ServerName x\nServerType standalone\nDefaultServer on\nDefaultAddress 127.0.0.1\nPort any\n\
                 User nobody\nGroup nogroup\nUseReverseDNS off\nPidFile {0}/pid\nSystemLog {1}/var/system.log\n",
                other.path().join("var").display(),
                folder.display(),
            );
            let file = folder.join("conf");
            fs::write(&file, own + &configuration(config, other.path())).expect("a configuration can be written");
            file
        });
        Some(Self { proftpd: (proftpd, one), gantry: (gantry, other) })
    }

    /// Plays a case against both at the same time: ProFTPD's transcript, then Gantry's.
    ///
    /// # Panics
    /// When a script cannot be played.
    pub fn play(&self, case: &Case) -> (Transcript, Transcript) {
        let one = |address: SocketAddr, stage: &Stage| {
            stage.reset();
            let sameness = Sameness::new(stage.path());
            (play(case, address, stage, &sameness), sameness)
        };
        let ((mut proftpd, of_one), (mut gantry, of_other)) = std::thread::scope(|scope| {
            let other = scope.spawn(|| one(self.proftpd.0.address(), &self.proftpd.1));
            let gantry = one(self.gantry.0.address(), &self.gantry.1);
            (other.join().expect("a script can be played"), gantry)
        });
        let wanted = logs(&self.proftpd.1, &of_one);
        // Gantry's sessions wait for no log.
        let same = wait::until(std::time::Duration::from_secs(2), || {
            let found = logs(&self.gantry.1, &of_other);
            (found == wanted).then_some(found)
        });
        gantry.extend(same.unwrap_or_else(|| logs(&self.gantry.1, &of_other)));
        proftpd.extend(wanted);
        (proftpd, gantry)
    }
}

/// The logs that the configuration has.
fn logs(stage: &Stage, sameness: &Sameness) -> Transcript {
    let folder = stage.path().join("logs");
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder can be read").flatten().collect();
    files.sort_by_key(fs::DirEntry::file_name);
    let event = |entry: fs::DirEntry| Event {
        step: format!("log {}", entry.file_name().display()),
        text: sameness.of(&fs::read(entry.path()).unwrap_or_default()),
    };
    files.into_iter().map(event).collect()
}

/// The usual lines that a case's own ones do not replace, and those. `$LOGS`, `$HOME` and `$VAR` are the server's folders.
fn configuration(own: &str, stage: &Path) -> String {
    const USUAL: &str = "DefaultRoot ~\nAllowOverwrite on\nAllowStoreRestart on\nUmask 022\nRequireValidShell off\n\
        UseFtpUsers off\nAuthOrder mod_auth_file.c mod_auth_unix.c\nAuthUserFile $VAR/passwd\nAuthGroupFile $VAR/group\n\
        TransferLog none\nPassivePorts 10000 32000\n";
    // `-Directive` only removes.
    let names: Vec<&str> = own.lines().filter_map(|line| line.trim_start_matches('-').split(' ').next()).collect();
    let usual = USUAL.lines().filter(|line| !names.iter().any(|name| line.split(' ').next() == Some(name)));
    let own = own.lines().filter(|line| !line.starts_with('-'));
    let text: String = usual.chain(own).map(|line| format!("{}\n", line.trim_start())).collect();
    ["logs", "home", "var"].iter().fold(text, |text, name| {
        text.replace(&format!("${}", name.to_uppercase()), &stage.join(name).display().to_string())
    })
}
