//! gantryd, the daemon: reads its arguments, calls the server, chooses the
//! exit code.

mod arguments;
mod demo;
mod directives;
mod modules;
mod paths;
mod show;

use std::process::ExitCode;

use clap::Parser;
use gantry_api::log::Level;
use gantry_server::{Images, LOGGER, Source, StartError};

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    gantry_api::guard::log_panics("gantryd");
    LOGGER.set_level(level(arguments.debug));
    let images = Images::new(paths::modules());
    if arguments.list {
        show::modules(&images);
    } else if arguments.settings {
        show::settings(&images);
    } else if arguments.list_directives {
        directives::print(arguments.directives_form());
    } else if arguments.version > 0 {
        show::version();
    } else {
        return serve(arguments, images);
    }
    ExitCode::SUCCESS
}

fn serve(arguments: Arguments, images: Images) -> ExitCode {
    let wants_demo = arguments.demo || (arguments.config.is_none() && paths::cargo_folder().is_some());
    let done = if wants_demo && !arguments.test {
        demo::run(images)
    } else {
        let path = arguments.config.unwrap_or_else(paths::configuration);
        let source = Source {
            path: std::path::absolute(&path).unwrap_or(path),
            defines: arguments.defines,
            overrides: Vec::new(),
        };
        if arguments.test { check(&source, &images) } else { gantry_server::run(source, images, |_, _| {}) }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn check(source: &Source, images: &Images) -> Result<(), StartError> {
    println!("Checking syntax of configuration file");
    for notice in gantry_server::check(source, images)? {
        println!("{notice}");
    }
    println!("Syntax check complete.");
    Ok(())
}

/// ProFTPD's levels 0 to 10 in ours.
fn level(debug: Option<u8>) -> Level {
    match debug.unwrap_or(0) {
        0 => Level::Info,
        1..=5 => Level::Debug,
        _ => Level::Trace,
    }
}
