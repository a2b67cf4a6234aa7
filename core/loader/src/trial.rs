//! Loads a file in a separate process before it is loaded in this one. Problems that the
//! checks cannot see (a damaged relocation, a constructor that crashes, ends the process
//! or hangs) only hit that process, and this one refuses the file.
//!
//! The child is this executable with a hidden first argument ([`Trial::answer`]). Its
//! standard input is the copy that would be mapped here, its other streams are a pipe,
//! and all other descriptors are closed on exec, so nothing of the daemon leaks. It is
//! started with `posix_spawn`, which is safe in a process with threads.

mod child;
mod terms;

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use gantry_api::log::{Host, Level, Record};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use self::terms::{LIBRARY, MODULE, REFUSED, SOUND};
use crate::failure::{Ending, Failure};
use crate::map::Copy;

/// The time limit of a trial. Loading takes milliseconds; the rest is for a very busy
/// machine.
const LIMIT: Duration = Duration::from_secs(10);

/// Where the loader looks for libraries.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// The part of the child's output that is kept, in bytes.
const OUTPUT_KEPT: usize = 4096;

/// The most reads in a row; together more than a pipe holds.
const MOST_READS: usize = 32;

/// How to try files.
pub struct Trial {
    program: PathBuf,
    arguments: Vec<OsString>,
    limit: Duration,
    host: &'static dyn Host,
}

impl Trial {
    /// Uses this executable, whose `main` must start with [`Trial::answer`]. Tells
    /// `host` when no trial can be run.
    pub fn of_this_executable(host: &'static dyn Host) -> Self {
        // Not its path, which may lead to another build by now.
        Self::new("/proc/self/exe".into(), Vec::new(), LIMIT, host)
    }

    /// Uses any program, with `arguments` before those of `of_this_executable`.
    pub fn new(program: PathBuf, arguments: Vec<OsString>, limit: Duration, host: &'static dyn Host) -> Self {
        Self { program, arguments, limit, host }
    }

    /// Does the child's work if this process is a child, and returns its exit code.
    /// Call this before anything else in `main`.
    pub fn answer() -> Option<ExitCode> {
        child::answer()
    }

    /// Tries a module's copy with the entry function `symbol`, after the loaded
    /// libraries.
    pub(crate) fn of_module(
        &self,
        file: &Path,
        copy: &Copy,
        symbol: &str,
        libraries: &[PathBuf],
    ) -> Result<(), Failure> {
        self.run(file, copy.handle().map(Stdio::from), &[MODULE.as_ref(), symbol.as_ref()], libraries)
    }

    /// Tries a library by its resolved path, after the loaded libraries.
    pub(crate) fn of_library(&self, file: &Path, real_path: &Path, libraries: &[PathBuf]) -> Result<(), Failure> {
        self.run(file, Ok(Stdio::null()), &[LIBRARY.as_ref(), real_path.as_os_str()], libraries)
    }

    fn run(
        &self,
        file: &Path,
        input: io::Result<Stdio>,
        what: &[&OsStr; 2],
        libraries: &[PathBuf],
    ) -> Result<(), Failure> {
        let token = token();
        let (status, output) = match input.and_then(|input| self.outcome(input, what, &token, libraries)) {
            Ok(found) => found,
            // Without /proc, for example, or at the limit on processes. The other
            // checks must then be enough.
            Err(error) => {
                let path = file.display();
                self.warn(&format!("{path}: loaded without a trial load: {error}"));
                return Ok(());
            }
        };
        let ending = match status.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) if output.spoken && [SOUND, REFUSED].map(i32::from).contains(&code) => return Ok(()),
            Some((Some(code), _)) => Ending::Code(code),
            Some((None, signal)) => Ending::Signal(signal.unwrap_or(0)),
            None => Ending::Never(self.limit),
        };
        Err(Failure { ending, last_words: last_line(&output.kept) })
    }

    /// How the child ended (`None` if not in time), and its output.
    fn outcome(
        &self,
        input: Stdio,
        what: &[&OsStr; 2],
        token: &str,
        libraries: &[PathBuf],
    ) -> io::Result<(Option<ExitStatus>, Output)> {
        let (output, theirs) = io::pipe()?;
        ioctl_fionbio(&output, true)?;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .args(what)
            .arg(token)
            .args(libraries)
            .arg0("gantryd")
            // Secrets of the daemon's environment are none of its business; libraries are looked for as
            // the daemon does.
            .env_clear()
            .envs(std::env::var_os(LIBRARIES).map(|folders| (LIBRARIES, folders)))
            .stdin(input)
            .stdout(theirs.try_clone()?)
            .stderr(theirs)
            // So that all processes it starts can be killed with it.
            .process_group(0)
            .spawn()?;
        let mut output = Output { pipe: output, kept: Vec::new(), token: token.into(), spoken: false };
        let ended = ended(&child, &mut output, self.limit);
        // Kill the processes that a constructor started, before the child is reaped
        // and its group's number can be reused.
        end(&mut child);
        let status = child.wait()?;
        output.take();
        Ok((ended?.then_some(status), output))
    }

    fn warn(&self, message: &str) {
        if self.host.enabled(Level::Warn) {
            self.host.log(&Record { level: Level::Warn, target: "gantry-loader", message, fields: &[] });
        }
    }
}

/// Whether the child ended by itself in time; reads its output meanwhile.
fn ended(child: &Child, output: &mut Output, limit: Duration) -> io::Result<bool> {
    let handle: OwnedFd = pidfd_open(pid(child)?, PidfdFlags::empty())?;
    let deadline = Instant::now() + limit;
    let mut open = true;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut waiting = [PollFd::new(&handle, PollFlags::IN), PollFd::new(&output.pipe, PollFlags::IN)];
        // A closed pipe would end every poll at once.
        let waiting = if open { &mut waiting[..] } else { &mut waiting[..1] };
        match poll(waiting, Some(&left)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if !waiting[0].revents().is_empty() {
            return Ok(true);
        }
        open = output.take();
    }
}

fn end(child: &mut Child) {
    if let Ok(group) = pid(child) {
        // The child may be gone, or may not have made its group yet; so also kill it
        // directly.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
}

fn pid(child: &Child) -> io::Result<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process id"))
}

/// A secret that only the end of the child's code writes.
fn token() -> String {
    let random = || RandomState::new().hash_one(0);
    format!("{:016x}{:016x}", random(), random())
}

/// The child's output.
struct Output {
    pipe: PipeReader,
    /// The last part, without the token.
    kept: Vec<u8>,
    token: Vec<u8>,
    /// Whether the token was found.
    spoken: bool,
}

impl Output {
    /// Reads what is available, without waiting; returns whether more may come. It
    /// returns even if the child never stops writing, so that the time is checked.
    fn take(&mut self) -> bool {
        let mut buffer = [0; OUTPUT_KEPT];
        for _ in 0..MOST_READS {
            match self.pipe.read(&mut buffer) {
                Ok(0) => return false,
                Ok(length) => {
                    self.kept.extend_from_slice(&buffer[..length]);
                    self.look_for_token();
                    let surplus = self.kept.len().saturating_sub(OUTPUT_KEPT);
                    self.kept.drain(..surplus);
                }
                Err(error) => return matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
            }
        }
        true
    }
}

impl Output {
    fn look_for_token(&mut self) {
        let found = self.kept.windows(self.token.len()).position(|part| part == self.token);
        if let Some(at) = found.filter(|_| !self.spoken) {
            self.kept.drain(at..at + self.token.len());
            self.spoken = true;
        }
    }
}

/// The last line that is not empty, cleaned for a log.
fn last_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|character| !character.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::LoadError;

    /// Keeps the messages.
    struct Told(std::sync::Mutex<String>);

    impl Host for Told {
        fn enabled(&self, _: Level) -> bool {
            true
        }

        fn log(&self, record: &Record<'_>) {
            self.0.lock().unwrap().push_str(record.message);
        }
    }

    static TOLD: Told = Told(std::sync::Mutex::new(String::new()));

    /// The result of a trial whose child runs this script.
    fn tried(script: &str, limit: Duration) -> Result<(), String> {
        let trial = Trial::new("/bin/sh".into(), vec!["-c".into(), script.into()], limit, &TOLD);
        let copy = Copy::new(Path::new("mod_x.so"), b"the bytes").unwrap();
        let done = trial.of_module(Path::new("/m/mod_x.so"), &copy, "gantry_image_mod_x", &["/lib/liby.so".into()]);
        done.map_err(|failure| LoadError::Trial { path: "/m/mod_x.so".into(), failure }.to_string())
    }

    #[test]
    fn a_trial_that_does_not_end_well_is_a_refusal() {
        for (script, words) in [
            ("kill -SEGV $$", &["/m/mod_x.so: ", "died of SIGSEGV", "reinstall"][..]),
            ("kill -USR1 $$", &["died of signal 10"]),
            ("exit 0", &["exited with code 0"]),
            ("echo one; echo two >&2; echo; exit 3", &["exited with code 3", "it last wrote 'two'"]),
            // More than a pipe holds.
            ("i=0; while [ $i -lt 9000 ]; do echo line $i; i=$((i+1)); done; exit 1", &["'line 8999'"]),
        ] {
            let error = tried(script, LIMIT).unwrap_err();
            assert!(words.iter().all(|word| error.contains(word)), "{script}: {error}");
        }
        for script in ["echo $2; exit 86", "echo $2; exit 87", "echo $2; echo more; yes | head -c 9000; exit 86"] {
            assert_eq!(tried(script, LIMIT), Ok(()));
        }
    }

    #[test]
    fn the_exit_code_alone_is_not_trusted() {
        for script in ["exit 86", "exit 87", "echo 0123456789abcdef0123456789abcdef; exit 86"] {
            let error = tried(script, LIMIT).unwrap_err();
            assert!(error.contains("exited with code 8"), "{error}");
        }
        let error = tried("echo one; echo $2; kill -SEGV $$", LIMIT).unwrap_err();
        assert!(error.contains("died of SIGSEGV") && error.contains("it last wrote 'one'"), "{error}");
        assert_ne!(token(), token());
    }

    #[test]
    fn a_hanging_child_is_killed_with_all_that_it_started() {
        let limit = Duration::from_secs(1);
        for script in
            ["exec sleep 1000", "exec yes", "sleep 1000 & echo waiting; wait", "exec >/dev/null 2>&1; sleep 1000"]
        {
            let error = tried(script, limit).unwrap_err();
            assert!(error.contains("did not end within 1 seconds") && error.contains("hangs"), "{error}");
        }
    }

    #[test]
    fn processes_left_by_a_successful_child_are_killed_too() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        // Reading ends when no process has the fifo open any more.
        let script = format!("exec 3<>{}; sleep 1000 & echo $2; exit 86", fifo.display());
        let reading = std::thread::spawn(move || std::fs::read(fifo));
        assert_eq!(tried(&script, LIMIT), Ok(()));
        assert!(reading.join().unwrap().unwrap().is_empty());
    }

    #[test]
    fn the_child_gets_only_the_copy_and_its_arguments() {
        let script = "[ \"$(cat <&0)\" = 'the bytes' ] && [ \"$0 $1 $3\" = '--try-module gantry_image_mod_x /lib/liby.so' ] \
                      && ls -l /proc/$$/fd | grep -c memfd | grep -qx 1 && ! [ -e /proc/$$/fd/3 ] && echo $2 && exit 86";
        assert_eq!(tried(script, LIMIT), Ok(()));
    }

    #[test]
    fn without_a_child_the_file_is_loaded_and_the_log_says_so() {
        let trial = Trial::new("/nonexistent/exe".into(), Vec::new(), LIMIT, &TOLD);
        trial.of_library(Path::new("liby.so"), Path::new("/lib/liby.so"), &[]).unwrap();
        assert!(TOLD.0.lock().unwrap().contains("liby.so: loaded without a trial load: No such file"));
    }
}
