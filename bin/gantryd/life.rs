//! Starts the daemon in the foreground, or in the background while the starter waits
//! until clients can connect, and reports errors.

use std::net::SocketAddr;
use std::process::ExitCode;

use gantry_api::log;
use gantry_server::{Generation, Images, LOGGER, Manner, Source, StartError, Until};
use gantry_sys::background::{Side, close_standard_streams, split};

use crate::arguments::Arguments;
use crate::name::Name;
use crate::paths;

/// Another daemon holds the PidFile.
const RUNNING: u8 = 3;

/// Serves a configuration until it ends.
pub fn serve(source: Source, images: Images, name: Name, arguments: &Arguments) -> ExitCode {
    if name == Name::Proftpd {
        // Readers of logs look for it.
        gantry_server::set_program("proftpd");
    }
    let until = if arguments.once { Until::FirstSession } else { Until::Signal };
    if name == Name::Gantryd || arguments.foreground || arguments.once {
        if arguments.quiet {
            prefer_syslog();
        }
        let manner = Manner { pid_file: None, until, control_socket: paths::control_socket() };
        return ended(gantry_server::run(source, images, manner, |_, _| {}));
    }
    in_background(
        source,
        images,
        Manner { pid_file: Some(paths::pid_file()), until, control_socket: paths::control_socket() },
    )
}

/// The exit code; an error is printed to standard error.
pub fn ended(done: Result<(), StartError>) -> ExitCode {
    ExitCode::from(told(done))
}

fn in_background(source: Source, images: Images, manner: Manner) -> ExitCode {
    // This is the only thread so far, so the process can be split.
    let starter = match split() {
        Ok(Side::Starter(word)) => return awaited(word.wait()),
        Ok(Side::Daemon(starter)) => starter,
        Err(error) => return ended(Err(StartError::System("cannot go to the background".to_owned(), error))),
    };
    // From here on, errors go to the starter's standard error.
    prefer_syslog();
    if let Err(error) = std::env::set_current_dir("/") {
        return ended(Err(StartError::System("cannot change to the folder /".to_owned(), error)));
    }
    let mut waiting = Some(starter);
    let ready = |_: &[SocketAddr], _: &Generation| {
        if let Err(error) = close_standard_streams() {
            warn(format_args!("cannot close the standard streams: {error}"));
        }
        if let Some(starter) = waiting.take() {
            // The starter may have been killed; the daemon continues.
            let _ = starter.tell(0);
        }
    };
    let code = told(gantry_server::run(source, images, manner, ready));
    if let Some(starter) = waiting {
        let _ = starter.tell(code);
    }
    ExitCode::from(code)
}

/// The starter's exit code, from the daemon's report.
fn awaited(word: Option<u8>) -> ExitCode {
    let Some(code) = word else {
        eprintln!("Fatal: gantryd ended before clients could connect");
        return ExitCode::FAILURE;
    };
    ExitCode::from(code)
}

fn told(done: Result<(), StartError>) -> u8 {
    let Err(error) = done else { return 0 };
    eprintln!("{error}");
    if matches!(error, StartError::Running { .. }) { RUNNING } else { 1 }
}

fn prefer_syslog() {
    if let Err(error) = LOGGER.prefer_syslog() {
        warn(format_args!("cannot reach syslog: {error}"));
    }
}

fn warn(text: std::fmt::Arguments<'_>) {
    log::write(log::Level::Warn, "gantry", text);
}
