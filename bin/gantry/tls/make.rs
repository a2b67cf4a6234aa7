//! `gantry tls make`.

use std::path::PathBuf;

use clap::Args;
use gantry_certificate::make;

/// Its arguments.
#[derive(Debug, Args)]
pub struct Make {
    /// Names and addresses of the server, the first one first
    #[arg(default_values_t = ["localhost".to_owned(), "127.0.0.1".to_owned()])]
    names: Vec<String>,
    /// The folder to write to
    #[arg(long, default_value = ".")]
    folder: PathBuf,
}

impl Make {
    /// Writes both files; those that exist are left alone.
    pub fn run(&self) -> Result<(), String> {
        let made = make(&self.folder, &self.names)?;
        println!("TLSECCertificateFile    {}", made.certificate.display());
        println!("TLSECCertificateKeyFile {}", made.key.display());
        eprintln!("Clients will warn about it: no authority has signed this certificate.");
        Ok(())
    }
}
