//! `gantry module verify`: checks module files as ModuleSigners does. All other
//! checks are in `gantry module check`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gantry_loader::{LoadError, Signer, signers, verify};

/// Report whether module files are signed by one of the signers.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// A public key, or a file of public keys, as for ModuleSigners
    #[arg(long = "signer", required = true, value_name = "KEY")]
    signers: Vec<String>,
    /// Shared objects, such as mod_sql.so
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Example:
  gantry module verify --signer /etc/gantry/signers /usr/local/libexec/*.so

Exit codes: 0 all are signed, 1 at least one is not, 2 wrong command line.";

impl Verify {
    /// Checks each file.
    pub fn run(&self) -> ExitCode {
        let keys: Result<Vec<_>, _> = self.signers.iter().map(|word| read(word)).collect();
        let keys = match keys {
            Ok(keys) => keys.concat(),
            Err(error) => {
                eprintln!("gantry: {error}");
                return ExitCode::FAILURE;
            }
        };
        let mut code = ExitCode::SUCCESS;
        for file in &self.files {
            match check(file, &keys) {
                Ok(()) => println!("{}: signed", file.display()),
                Err(error) => {
                    println!("{error}");
                    code = ExitCode::FAILURE;
                }
            }
        }
        code
    }
}

/// The keys that a word names; here paths may be relative.
fn read(word: &str) -> Result<Vec<Signer>, LoadError> {
    let path = Path::new(word);
    match path.is_file().then(|| std::path::absolute(path).ok()).flatten() {
        Some(path) => signers(&path.to_string_lossy(), None),
        None => signers(word, None),
    }
}

fn check(file: &Path, keys: &[Signer]) -> Result<(), LoadError> {
    let bytes = fs::read(file).map_err(|source| LoadError::Read { path: file.to_owned(), source })?;
    verify(file, &bytes, keys).map(drop)
}
