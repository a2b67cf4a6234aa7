//! `gantry tls show`.

use std::path::PathBuf;

use clap::Args;
use gantry_certificate::{CertificateReport, belongs, read};

/// Its arguments.
#[derive(Debug, Args)]
pub struct Show {
    /// The certificates' file, as TLSRSACertificateFile or TLSECCertificateFile names it
    certificates: PathBuf,
    /// The file of the key
    #[arg(long)]
    key: Option<PathBuf>,
}

impl Show {
    /// Prints each certificate; fails if clients would not take them.
    pub fn run(&self) -> Result<(), String> {
        let all = read(&self.certificates)?;
        for (at, certificate) in all.iter().enumerate() {
            print(at, certificate);
        }
        let mut faults: Vec<String> = Vec::new();
        for (at, pair) in all.windows(2).enumerate() {
            if let [one, next] = pair
                && one.issuer != next.subject
            {
                faults.push(format!("certificate {} does not belong to the issuer of certificate {}", at + 2, at + 1));
            }
        }
        faults
            .extend(all.iter().filter(|one| one.days_left.is_none()).map(|one| format!("{} has expired", one.subject)));
        if let Some(key) = &self.key {
            match belongs(key, &self.certificates)? {
                true => println!("The key belongs to the first certificate."),
                false => faults.push(format!("the key in {} does not belong to the first certificate", key.display())),
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n        ")) }
    }
}

fn print(at: usize, certificate: &CertificateReport) {
    println!("{}. {}", at + 1, certificate.subject);
    let issuer = if certificate.is_self_issued() { "itself" } else { certificate.issuer.as_str() };
    println!("   issuer         {issuer}");
    if !certificate.names.is_empty() {
        println!("   names          {}", certificate.names.join(", "));
    }
    let left = certificate.days_left.map_or_else(|| "expired".to_owned(), |days| format!("{days} days left"));
    println!("   valid until    {} ({left})", certificate.ends);
}
