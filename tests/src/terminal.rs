//! A program at a terminal: reads what it shows, and types keys.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::wait;

/// A terminal with a program.
pub struct Terminal {
    keys: File,
    inner: File,
    shown: Arc<Mutex<Vec<u8>>>,
    child: Child,
}

impl Terminal {
    /// Starts a program at a terminal of this size.
    ///
    /// # Panics
    /// If there is no terminal, or the program does not start.
    pub fn start(command: &mut Command, columns: u16, rows: u16) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC);
        let ours = ours.expect("there is a terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("the terminal is ours");
        let name = ptsname(&ours, Vec::new()).expect("the terminal has a name");
        let inner = open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty());
        let inner = File::from(inner.expect("the terminal can be opened"));
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&inner, size).expect("a terminal has a size");
        let end = || inner.try_clone().expect("a file can be shared with a child");
        command.stdin(end()).stdout(end()).stderr(end()).env("TERM", "xterm");
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let keys = File::from(ours);
        let mut screen = keys.try_clone().expect("a file can be shared");
        let shown = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&shown);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                told.lock().expect("nobody panics with it").extend_from_slice(&bytes[..read]);
            }
        });
        Self { keys, inner, shown, child }
    }

    /// Types keys.
    ///
    /// # Panics
    /// If the terminal is gone.
    pub fn key(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys can be typed");
    }

    /// Waits until a text is shown. Returns everything shown since the previous wait, up to the end
    /// of the text.
    ///
    /// # Panics
    /// If it is not shown in time.
    pub fn wait_for(&mut self, text: &str) -> String {
        let found = wait::until(wait::PATIENCE, || {
            let mut shown = self.shown.lock().expect("nobody panics with it");
            let end = shown.windows(text.len()).position(|window| window == text.as_bytes())? + text.len();
            Some(shown.drain(..end).collect::<Vec<u8>>())
        });
        let found = found.unwrap_or_else(|| panic!("{text:?} is not shown: {:?}", self.shown()));
        String::from_utf8_lossy(&found).into_owned()
    }

    /// Whether it passes on each key at once, without echo.
    pub fn is_raw(&self) -> bool {
        let modes = tcgetattr(&self.inner).expect("a terminal has modes").local_modes;
        !modes.intersects(LocalModes::ECHO | LocalModes::ICANON)
    }

    /// Sends the program a signal.
    ///
    /// # Panics
    /// If it has ended.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a process id");
        kill_process(pid, signal).expect("a child can be sent signals");
    }

    /// Waits until the program has ended.
    ///
    /// # Panics
    /// If it does not end.
    pub fn ended(&mut self) -> ExitStatus {
        let ended = wait::until(wait::PATIENCE, || self.child.try_wait().expect("a child can be waited for"));
        ended.unwrap_or_else(|| panic!("it does not end: {:?}", self.shown()))
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("nobody panics with it")).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
