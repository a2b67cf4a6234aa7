//! `peers host`: the parent of one server. Processes that the server leaves behind
//! become its children, so that their time is counted and they end with it.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid};

use crate::error::{Error, Result};
use crate::tree;

/// How long the server may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs the program that becomes the server, until the standard input ends or there
/// is no process left. With `loopback`, in a new network namespace, it takes the
/// loopback device up first. A line on the standard output says that the server has
/// been started.
pub fn run(program: &str, loopback: bool) -> Result<()> {
    set_child_subreaper(Some(getpid())).map_err(Error::system("adopt processes"))?;
    if loopback {
        let status = Command::new("ip").args(["link", "set", "lo", "up"]).status().map_err(Error::system("run ip"))?;
        if !status.success() {
            return Err(Error::system("take the loopback device up")(std::io::Error::other(status.to_string())));
        }
    }
    let mut server = Command::new(program);
    server.stdin(Stdio::null()).stdout(Stdio::from(std::io::stderr()));
    // Ended and waited for below, with all the others.
    let _ = server.spawn().map_err(Error::system("start the server"))?;
    let mut output = std::io::stdout();
    output.write_all(b"started\n").and_then(|()| output.flush()).map_err(Error::system("say so"))?;
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        end();
    });
    while !matches!(waitpid(None, WaitOptions::empty()), Err(rustix::io::Errno::CHILD)) {}
    Ok(())
}

/// Ends all that descend from this process.
fn end() {
    let mut waited = Duration::ZERO;
    let mut signal = Signal::TERM;
    loop {
        let own = std::process::id();
        for process in tree::members(own).unwrap_or_default().into_iter().filter(|process| *process != own) {
            let process = i32::try_from(process).ok().and_then(Pid::from_raw);
            let _ = process.map(|process| kill_process(process, signal));
        }
        let pause = Duration::from_millis(if signal == Signal::TERM { PATIENCE.as_millis() as u64 } else { 50 });
        thread::sleep(pause);
        waited += pause;
        signal = Signal::KILL;
    }
}
