//! gantryd, the daemon: reads its arguments, calls the server, chooses the
//! exit code.

mod arguments;
mod demo;
mod directives;
mod life;
mod migrate;
mod modules;
mod name;
mod paths;
mod schema;
mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gantry_server::{Family, Images, LOGGER, Source, StartError};

use crate::arguments::Arguments;
use crate::name::Name;

fn main() -> ExitCode {
    // This comes first: a trial process does nothing else.
    #[cfg(feature = "dso")]
    if let Some(code) = gantry_loader::Trial::answer() {
        return code;
    }
    // So does the keeper.
    if let Some(code) = gantry_keeper::answer() {
        return code;
    }
    let name = Name::current();
    let arguments = Arguments::parse();
    gantry_api::guard::log_panics("gantryd");
    LOGGER.set_verbosity(arguments.debug.unwrap_or(0));
    let images = Images::new(paths::modules()).knowing(show::optional_modules());
    let text = match &arguments {
        Arguments { list: true, .. } => show::modules(&images),
        Arguments { settings: true, .. } => show::settings(&images, name),
        Arguments { list_directives: true, .. } => directives::list(arguments.directives_form()),
        Arguments { version: 2.., .. } | Arguments { version_status: true, .. } => {
            show::status(&images, name, &source(&arguments, name))
        }
        Arguments { version: 1, .. } => show::version(name),
        Arguments { compat: Some(file), .. } => return compat(&foreign(file, &arguments), &images),
        Arguments { migrate: Some(file), write, .. } => {
            return migrate::run(&foreign(file, &arguments), &images, write.as_deref());
        }
        Arguments { test: true, .. } => return life::ended(check(&source(&arguments, name), &images)),
        _ => return serve(arguments, images, name),
    };
    show::print(&text);
    ExitCode::SUCCESS
}

fn serve(arguments: Arguments, images: Images, name: Name) -> ExitCode {
    let in_cargo = || name == Name::Gantryd && arguments.config.is_none() && paths::cargo_folder().is_some();
    if arguments.demo || in_cargo() {
        return life::ended(demo::run(images, arguments.overrides()));
    }
    life::serve(source(&arguments, name), images, name, &arguments)
}

fn source(arguments: &Arguments, name: Name) -> Source {
    let path = arguments.config.clone().unwrap_or_else(|| paths::configuration(name));
    Source {
        path: absolute(path),
        defines: arguments.defines.clone(),
        overrides: arguments.overrides(),
        family: arguments.family(),
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn check(source: &Source, images: &Images) -> Result<(), StartError> {
    show::print("Checking syntax of configuration file\n");
    for notice in gantry_server::check(source, images)? {
        show::print(&format!("{notice}\n"));
    }
    show::print("Syntax check complete.\n");
    Ok(())
}

/// A configuration for ProFTPD, which nothing overrides.
fn foreign(file: &Path, arguments: &Arguments) -> Source {
    Source {
        path: absolute(file.to_owned()),
        defines: arguments.defines.clone(),
        overrides: Vec::new(),
        family: Family::Any,
    }
}

/// Reports what a ProFTPD configuration means for Gantry; fails if it cannot be used
/// as it is.
fn compat(source: &Source, images: &Images) -> ExitCode {
    match gantry_server::compat(source, images) {
        Ok(report) => {
            show::print(&format!("{report}\n"));
            if report.is_usable() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}
