//! The command line of gantryd, with ProFTPD's option letters.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Parser};
use gantry_server::{Family, Override};

use crate::directives::Form;

/// An FTP server built from modules.
#[derive(Debug, Parser)]
#[command(name = "gantryd", disable_version_flag = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// The configuration file
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Check the configuration and exit
    #[arg(short = 't', long = "configtest")]
    pub test: bool,
    /// With -t: report what a ProFTPD configuration means for Gantry
    #[arg(long, value_name = "FILE", requires = "test", conflicts_with_all = ["config", "set", "address"])]
    pub compat: Option<PathBuf>,
    /// With -t: tell what changes in a ProFTPD configuration for Gantry; `gantry migrate` runs this
    #[arg(long, value_name = "FILE", requires = "test", conflicts_with_all = ["config", "set", "address", "compat"])]
    pub migrate: Option<PathBuf>,
    /// With --migrate: write the new configuration into this folder
    #[arg(long, value_name = "FOLDER", requires = "migrate")]
    pub write: Option<PathBuf>,
    /// Override a directive of the main server; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = Override::set)]
    pub set: Vec<Override>,
    /// The main server's address, like --set DefaultAddress=ADDRESS
    #[arg(short = 'S', long = "serveraddr", value_name = "ADDRESS")]
    pub address: Option<IpAddr>,
    /// Define a name for `<IfDefine>`
    #[arg(short = 'D', long = "define", value_name = "NAME")]
    pub defines: Vec<String>,
    /// Stay in the foreground (the default, except under the name proftpd)
    #[arg(short = 'n', long = "nodaemon")]
    pub foreground: bool,
    /// In the foreground: without SystemLog, log to syslog instead of standard error
    #[arg(short = 'q', long = "quiet")]
    pub quiet: bool,
    /// Stay in the foreground, and exit when the first session ends
    #[arg(short = 'X', long = "nofork")]
    pub once: bool,
    /// Log more, from 0 to 10
    #[arg(short = 'd', long = "debug", value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(..=10))]
    pub debug: Option<u8>,
    /// List the modules that are linked in and exit
    #[arg(short = 'l', long = "list")]
    pub list: bool,
    /// Show version, stamp, paths, features and modules of this build, and exit
    #[arg(short = 'V', long = "settings")]
    pub settings: bool,
    /// Show the version and exit; if given twice, also stamp and modules
    #[arg(short = 'v', long = "version", action = ArgAction::Count)]
    pub version: u8,
    /// The same as -vv
    #[arg(long)]
    pub version_status: bool,
    /// List the directives of the server and of the modules that are linked in, and exit
    #[arg(long)]
    pub list_directives: bool,
    /// With --list-directives: print JSON
    #[arg(long, requires = "list_directives", conflicts_with = "markdown")]
    pub json: bool,
    /// With --list-directives: print the page docs/directives.md
    #[arg(long, requires = "list_directives")]
    pub markdown: bool,
    /// With --list-directives: print a JSON schema of the TOML syntax, for editors
    #[arg(long, requires = "list_directives", conflicts_with_all = ["json", "markdown"])]
    pub schema: bool,
    /// Run a demonstration server with its data in ./gantry-data
    #[arg(long, conflicts_with_all = ["config", "test"])]
    pub demo: bool,
    /// No effect, accepted for ProFTPD's scripts: changed user files are always reread
    #[arg(short = 'p', long = "persistent", value_name = "0|1", value_parser = clap::value_parser!(u8).range(..=1))]
    pub persistent: Option<u8>,
    /// No effect, accepted for ProFTPD's scripts: the kernel refuses addresses in use
    #[arg(short = 'N', long = "nocollision")]
    pub no_collision: bool,
    /// Listen on IPv4 addresses only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// No effect, accepted for ProFTPD's scripts: IPv6 is used if available
    #[arg(short = '6', long = "ipv6")]
    pub ipv6: bool,
}

impl Arguments {
    /// The overrides of the configuration; later ones win.
    pub fn overrides(&self) -> Vec<Override> {
        let address = self.address.and_then(|address| Override::set(&format!("DefaultAddress={address}")).ok());
        address.into_iter().chain(self.set.iter().cloned()).collect()
    }

    /// The address family that servers listen on.
    pub fn family(&self) -> Family {
        if self.ipv4 { Family::V4 } else { Family::Any }
    }

    /// The output format of `--list-directives`.
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
  gantryd -c /etc/gantry.conf               run in the foreground
  gantryd -c /etc/gantry.conf --set Port=2121 --set 'ServerIdent=on \"a test\"'
  gantryd -t --compat /etc/proftpd/proftpd.conf
                                            report what works, differs or is missing
  gantryd --demo                            run a demonstration server
  gantryd --list-directives                 list all directives

Under the name proftpd (a link) it goes to the background unless -n or -X is given; the
command returns once clients can connect, or reports what is wrong.
Signals: SIGHUP reloads the configuration (an error changes nothing), SIGTERM ends the
server.
Exit codes: 0 ended by a signal, or configuration valid; 1 error in the configuration
or at start; 2 wrong command line; 3 another gantryd holds the PidFile.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
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
