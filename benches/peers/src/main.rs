//! Gantry and other FTP servers under the same load: `benches/peers/run` is the way
//! in, and `benches/README.md` says what is compared.

mod attack;
mod case;
mod error;
mod figures;
mod files;
mod host;
mod load;
mod measure;
mod page;
mod record;
mod server;
mod session;
mod stream;
mod time_wait;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "peers", about = "FTP servers under load", max_term_width = 100)]
enum Step {
    /// Start servers and measure them.
    Measure(measure::Order),
    /// Attack servers, and measure what a user notices.
    Attack(attack::Order),
    /// Draw the page of a run.
    Page {
        /// The run's folder
        run: PathBuf,
        /// The page; its plots are put into a folder beside it
        page: PathBuf,
    },
    /// Run a server until the standard input ends.
    #[command(hide = true)]
    Host {
        /// Take the loopback device up before
        #[arg(long)]
        loopback: bool,
        /// The program that becomes the server
        program: String,
    },
}

fn main() -> ExitCode {
    let done = match Step::parse() {
        Step::Measure(order) => order.run(),
        Step::Attack(order) => order.run(),
        Step::Page { run, page } => page::draw(&run, &page),
        Step::Host { loopback, program } => host::run(&program, loopback),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}
