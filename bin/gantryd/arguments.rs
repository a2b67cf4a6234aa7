//! The command line of gantryd; option letters are ProFTPD's.

use std::path::PathBuf;

use clap::{ArgAction, Parser};

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
    /// Serve a demonstration of its own making from ./gantry-data
    #[arg(long)]
    pub demo: bool,
}

const EXAMPLES: &str = "\
Examples:
  gantryd -t -c /etc/gantry.conf     check a configuration
  gantryd -c /etc/gantry.conf        serve it, in the foreground
  gantryd --demo                     serve a demonstration from ./gantry-data

Signals: SIGHUP reads the configuration anew (a faulty one changes nothing),
SIGTERM ends the server.
Exit codes: 0 ended or fine, 1 a fault in the configuration or at start-up,
2 a wrong command line.";
