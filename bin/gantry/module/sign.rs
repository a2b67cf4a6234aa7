//! `gantry module sign`: writes signatures next to module files, for ModuleSigners.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use gantry_loader::{LoadError, PrivateKey, inspect_bytes, signature_path};

/// Sign module files: each signature goes to a file next to it, `mod_x.so.sig`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Sign {
    /// The private key from `gantry module keygen`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Shared objects, such as mod_sql.so
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Example:
  gantry module sign --key ~/gantry.key /usr/local/libexec/*.so

A signature covers all bytes of the file: sign after stripping.
Exit codes: 0 all signed, 1 at least one failed, 2 wrong command line.";

impl Sign {
    /// Signs each file.
    pub fn run(&self) -> ExitCode {
        let key = match PrivateKey::read(&self.key) {
            Ok(key) => key,
            Err(error) => {
                eprintln!("gantry: {error}");
                return ExitCode::FAILURE;
            }
        };
        let mut code = ExitCode::SUCCESS;
        for file in &self.files {
            match sign(&key, file) {
                Ok(signature) => println!("{}", signature.display()),
                Err(error) => {
                    eprintln!("gantry: {error}");
                    code = ExitCode::FAILURE;
                }
            }
        }
        code
    }
}

/// Signs a file and returns the signature's path. The file must be a module, so that
/// a mistyped name signs nothing else.
fn sign(key: &PrivateKey, file: &Path) -> Result<PathBuf, LoadError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| LoadError::Read { path, source }
    };
    let bytes = fs::read(file).map_err(failed(file))?;
    inspect_bytes(file, &bytes)?;
    let signature = signature_path(file);
    replace(&signature, &key.sign(&bytes)).map_err(failed(&signature))?;
    Ok(signature)
}

/// Replaces a file's text, all or nothing.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", process::id()));
    let new = PathBuf::from(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&new)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
