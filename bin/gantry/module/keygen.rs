//! `gantry module keygen`: creates a key for signing modules.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gantry_loader::PrivateKey;

/// Create a key for signing modules: the private key goes to a new file, the public
/// key is printed.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Keygen {
    /// The file for the private key; it must not exist yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
Example:
  gantry module keygen --out ~/gantry.key > gantry.pub
  install -m 644 gantry.pub /etc/gantry/signers
and above every LoadModule line of the configuration:
  ModuleSigners /etc/gantry/signers

Keep the private key where you build modules, not on the server.";

impl Keygen {
    /// Creates the key.
    pub fn run(&self) -> ExitCode {
        let made = PrivateKey::generate().and_then(|key| write(&self.out, &key.text()).map(|()| key.signer()));
        match made {
            Ok(signer) => {
                println!("{signer}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("gantry: {}: {error}", self.out.display());
                ExitCode::FAILURE
            }
        }
    }
}

/// Writes a new file that only its owner can read; removes it if it cannot be
/// written completely.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}
