//! The command line of gantryd; option letters are ProFTPD's.

use std::path::PathBuf;

use clap::{ArgAction, Parser};

use crate::directives::Form;

/// An FTP server whose every ability is a module.
#[derive(Debug, Parser)]
#[command(name = "gantryd", disable_version_flag = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// The configuration file
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Check the configuration and exit
    #[arg(short = 't', long = "configtest")]
    pub test: bool,
    /// List the modules that are linked in and exit
    #[arg(short = 'l', long = "list")]
    pub list: bool,
    /// Show how it was built, its stamp and its paths, and exit
    #[arg(short = 'V', long = "settings")]
    pub settings: bool,
    /// Show the version and exit
    #[arg(short = 'v', long = "version", action = ArgAction::Count)]
    pub version: u8,
    /// Stay in the foreground, which it always does
    #[arg(short = 'n', long = "nodaemon")]
    pub foreground: bool,
    /// Log more: 0 to 10
    #[arg(short = 'd', long = "debug", value_name = "LEVEL")]
    pub debug: Option<u8>,
    /// Define a name for <IfDefine>
    #[arg(short = 'D', long = "define", value_name = "NAME")]
    pub defines: Vec<String>,
    /// List the directives of the server and of the modules that are linked in, and exit
    #[arg(long)]
    pub list_directives: bool,
    /// With --list-directives: as JSON
    #[arg(long, requires = "list_directives", conflicts_with = "markdown")]
    pub json: bool,
    /// With --list-directives: as docs/directives.md
    #[arg(long, requires = "list_directives")]
    pub markdown: bool,
    /// Serve a demonstration of its own making from ./gantry-data
    #[arg(long)]
    pub demo: bool,
}

impl Arguments {
    /// How `--list-directives` shows them.
    pub fn directives_form(&self) -> Form {
        match (self.json, self.markdown) {
            (true, _) => Form::Json,
            (_, true) => Form::Markdown,
            _ => Form::Text,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  gantryd -t -c /etc/gantry.conf     check a configuration
  gantryd -c /etc/gantry.conf        serve it, in the foreground
  gantryd --demo                     serve a demonstration from ./gantry-data
  gantryd --list-directives          what a configuration may say

Signals: SIGHUP reads the configuration anew (a faulty one changes nothing),
SIGTERM ends the server.
Exit codes: 0 ended or fine, 1 a fault in the configuration or at start-up,
2 a wrong command line.";
