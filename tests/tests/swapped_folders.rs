//! A local process swaps a folder and a link while commands run: what a command
//! acts on is what the gate has judged, so that nothing of a denied folder is
//! read, made, removed or renamed, whenever the swap comes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use gantry_tests::full;
use gantry_tests::prelude::*;
use gantry_tests::server::own;
use rustix::fs::{CWD, RenameFlags, renameat_with};

const SECRET: &[u8] = b"secret";

/// Exchanges two names for as long as it lives.
struct Swapper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Swapper {
    fn start(one: PathBuf, other: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let swap = move || {
            let mut swaps = 0;
            while !stopped.load(Ordering::Relaxed) {
                renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).expect("two names can be exchanged");
                swaps += 1;
            }
            swaps
        };
        Self { stop, thread: Some(thread::spawn(swap)) }
    }

    /// Ends it; how often it has swapped.
    fn stop(&mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map_or(0, |thread| thread.join().expect("it goes on until it is stopped"))
    }
}

impl Drop for Swapper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// `way`, which is now a folder of the user's and now a link to `denied`.
struct Crossing {
    server: Server,
    /// The folder, whatever its name is at the moment.
    folder: PathBuf,
    _handle: fs::File,
}

impl Crossing {
    fn new(server: Server) -> Self {
        let home = server.home();
        for name in ["way", "denied", "denied/sub"] {
            server.make_folder(name);
        }
        server.put("denied/file", SECRET);
        symlink("denied", home.join("link")).unwrap();
        let handle = fs::File::open(home.join("way")).unwrap();
        let folder = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&handle));
        Self { server, folder: folder.into(), _handle: handle }
    }

    fn denied(&self) -> PathBuf {
        self.server.home().join("denied")
    }

    /// What there is in the denied folder that was not there before, or is gone.
    #[track_caller]
    fn assert_untouched(&self, after: &str) {
        let mut names: Vec<_> = fs::read_dir(self.denied())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names.retain(|name| name != ".ftpaccess");
        assert_eq!(names, ["file", "sub"], "after {after}");
        assert_eq!(fs::read(self.denied().join("file")).unwrap(), SECRET, "after {after}");
    }

    /// Makes what a round needs in the folder.
    fn furnish(&self) {
        let file = self.folder.join("file");
        fs::write(&file, "open").unwrap();
        own(&file);
        let sub = self.folder.join("sub");
        if !sub.exists() {
            fs::create_dir(&sub).unwrap();
            own(&sub);
        }
    }
}

fn swap_while_commands_run(crossing: &Crossing) {
    let (server, home) = (&crossing.server, crossing.server.home());
    server.put("mine", "mine");
    let mut swapper = Swapper::start(home.join("way"), home.join("link"));
    let mut wire = server.login();
    let mut done = [0; 7];
    for round in 0..full::or(250, 5_000) {
        crossing.furnish();
        let mut ask = |command: usize, line: String| {
            let code = wire.ask(&line).code;
            done[command] += usize::from(code < 400);
            crossing.assert_untouched(&line);
            code
        };
        ask(0, format!("MKD way/made{round}"));
        ask(1, "RMD way/sub".to_owned());
        if ask(2, "RNFR way/file".to_owned()) == 350 {
            ask(2, format!("RNTO away{}", round % 2));
        }
        crossing.furnish();
        ask(3, "DELE way/file".to_owned());
        if ask(4, "RNFR mine".to_owned()) == 350 && ask(4, format!("RNTO way/in{round}")) == 250 {
            server.put("mine", "mine");
        }
        done[5] += usize::from(wire.store(&format!("way/stored{round}")) == 150);
        crossing.assert_untouched("STOR");
        crossing.furnish();
        let mut stream = wire.passive();
        if wire.ask("RETR way/file").code == 150 {
            done[6] += 1;
            assert_eq!(gantry_tests::wire::read_all(&mut stream), b"open", "RETR");
            wire.reply();
        }
    }
    let swaps = swapper.stop();
    // Else the test would show nothing.
    assert!(done.iter().all(|done| *done > 0), "{done:?} of the commands were done during {swaps} swaps");
}

fn a_swap_leads_into_no_denied_directory(layout: Layout) {
    let server = Server::with(layout, |config| {
        let denied = config.home().join("denied");
        config.set("AllowOverwrite", "on").block(deny_all(&denied));
    });
    swap_while_commands_run(&Crossing::new(server));
}

fn a_swap_leads_past_no_ftpaccess_file(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("AllowOverride", "on");
    });
    let crossing = Crossing::new(server);
    fs::write(crossing.denied().join(".ftpaccess"), "<Limit ALL>\n  DenyAll\n</Limit>\n").unwrap();
    swap_while_commands_run(&crossing);
}

fn deny_all(folder: &Path) -> String {
    format!("<Directory {}>\n  <Limit ALL>\n    DenyAll\n  </Limit>\n</Directory>", folder.display())
}

both_layouts!(a_swap_leads_into_no_denied_directory, a_swap_leads_past_no_ftpaccess_file);
