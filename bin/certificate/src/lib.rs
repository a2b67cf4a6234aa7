//! Certificates, for `gantry tls` and the demonstration: makes a self-signed one, and
//! tells what a file of certificates holds. What a server presents is mod_tls's.

mod made;
mod shown;

pub use made::{CertificateFiles, make};
pub use shown::{CertificateReport, belongs, read};
