//! The command line of gantryd; option letters are ProFTPD's.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Parser};
use gantry_server::{Family, Override};

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
    /// With -t: tell what a configuration of ProFTPD's means here
    #[arg(long, value_name = "FILE", requires = "test", conflicts_with_all = ["config", "set", "address"])]
    pub compat: Option<PathBuf>,
    /// Put a directive of the main server in place of the file's; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = Override::set)]
    pub set: Vec<Override>,
    /// The main server's address, as --set DefaultAddress does
    #[arg(short = 'S', long = "serveraddr", value_name = "ADDRESS")]
    pub address: Option<IpAddr>,
    /// Define a name for `<IfDefine>`
    #[arg(short = 'D', long = "define", value_name = "NAME")]
    pub defines: Vec<String>,
    /// Stay in the foreground: the default, but not under the name proftpd
    #[arg(short = 'n', long = "nodaemon")]
    pub foreground: bool,
    /// In the foreground, log to syslog where no SystemLog is set, not to standard error
    #[arg(short = 'q', long = "quiet")]
    pub quiet: bool,
    /// Stay in the foreground, and end with the first session
    #[arg(short = 'X', long = "nofork")]
    pub once: bool,
    /// Log more: 0 to 10
    #[arg(short = 'd', long = "debug", value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(..=10))]
    pub debug: Option<u8>,
    /// List the modules that are linked in and exit
    #[arg(short = 'l', long = "list")]
    pub list: bool,
    /// Show how it was built, its stamp and its paths, and exit
    #[arg(short = 'V', long = "settings")]
    pub settings: bool,
    /// Show the version and exit; twice: with stamp and modules
    #[arg(short = 'v', long = "version", action = ArgAction::Count)]
    pub version: u8,
    /// As -vv
    #[arg(long)]
    pub version_status: bool,
    /// List the directives of the server and of the modules that are linked in, and exit
    #[arg(long)]
    pub list_directives: bool,
    /// With --list-directives: as JSON
    #[arg(long, requires = "list_directives", conflicts_with = "markdown")]
    pub json: bool,
    /// With --list-directives: as docs/directives.md
    #[arg(long, requires = "list_directives")]
    pub markdown: bool,
    /// With --list-directives: as a JSON schema of the configuration in TOML, for editors
    #[arg(long, requires = "list_directives", conflicts_with_all = ["json", "markdown"])]
    pub schema: bool,
    /// Serve a demonstration of its own making from ./gantry-data
    #[arg(long, conflicts_with_all = ["config", "test"])]
    pub demo: bool,
    /// Taken for ProFTPD's sake, without effect: users' files are read as they change
    #[arg(short = 'p', long = "persistent", value_name = "0|1", value_parser = clap::value_parser!(u8).range(..=1))]
    pub persistent: Option<u8>,
    /// Taken for ProFTPD's sake, without effect: the kernel refuses what collides
    #[arg(short = 'N', long = "nocollision")]
    pub no_collision: bool,
    /// Listen at IPv4 addresses alone
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Taken for ProFTPD's sake, without effect: IPv6 is served where the machine has it
    #[arg(short = '6', long = "ipv6")]
    pub ipv6: bool,
}

impl Arguments {
    /// What overrides the configuration, the stronger last.
    pub fn overrides(&self) -> Vec<Override> {
        let address = self.address.and_then(|address| Override::set(&format!("DefaultAddress={address}")).ok());
        address.into_iter().chain(self.set.iter().cloned()).collect()
    }

    /// Where servers listen.
    pub fn family(&self) -> Family {
        if self.ipv4 { Family::V4 } else { Family::Any }
    }

    /// How `--list-directives` shows them.
    pub fn directives_form(&self) -> Form {
        match self {
            Self { json: true, .. } => Form::Json,
            Self { markdown: true, .. } => Form::Markdown,
            Self { schema: true, .. } => Form::Schema,
            _ => Form::Text,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  gantryd -t -c /etc/gantry.conf            check a configuration
  gantryd -c /etc/gantry.conf               serve it, in the foreground
  gantryd -c /etc/gantry.conf --set Port=2121 --set 'ServerIdent=on \"a test\"'
  gantryd -t --compat /etc/proftpd/proftpd.conf
                                            what works here, what differs, what is missing
  gantryd --demo                            serve a demonstration from ./gantry-data
  gantryd --list-directives                 what a configuration may say

Under the name proftpd (a link) it goes to the background unless -n or -X is
given; the command ends once clients can come, or with what is wrong.
Signals: SIGHUP reads the configuration anew (a faulty one changes nothing),
SIGTERM ends the server.
Exit codes: 0 ended or fine, 1 a fault in the configuration or at start-up,
2 a wrong command line, 3 another gantryd holds the PidFile.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_go_together() {
        Arguments::command().debug_assert();
        let parsed = |words: &[&str]| Arguments::try_parse_from([&["gantryd"], words].concat());
        let all =
            parsed(&["-n", "-q", "-N", "-6", "-p", "0", "-d", "10", "-S", "192.0.2.1", "--set", "Port=1"]).unwrap();
        let expected = ["DefaultAddress=192.0.2.1", "Port=1"].map(|text| Override::set(text).unwrap());
        assert_eq!(all.overrides(), expected);
        assert_eq!(parsed(&["-vv"]).unwrap().version, 2);
        assert_eq!((parsed(&["-4"]).unwrap().family(), all.family()), (Family::V4, Family::Any));
        for wrong in
            [&["-p", "2"][..], &["-d", "11"], &["-S", "host"], &["--set", "Port"], &["--compat", "x"], &["-4", "-6"]]
        {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
