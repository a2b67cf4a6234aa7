//! `gantry tls`: a certificate to try TLS with, and what a certificate's file holds.

mod make;
mod show;

use clap::Subcommand;

/// The commands of `gantry tls`.
#[derive(Debug, Subcommand)]
pub enum TlsCommand {
    /// Write a self-signed certificate and its key, to try TLS with
    Make(make::Make),
    /// Show the certificates of a file, and whether a key belongs to the first
    Show(show::Show),
}

impl TlsCommand {
    /// Runs the command; the error is for the operator.
    pub fn run(&self) -> Result<(), String> {
        match self {
            Self::Make(make) => make.run(),
            Self::Show(show) => show.run(),
        }
    }
}
