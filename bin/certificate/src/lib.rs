//! Certificates, for `gantry tls` and the demonstration: makes a self-signed one, and
//! tells what a file of certificates holds. What a server presents is mod_tls's.

mod made;
mod shown;

pub use made::{Made, make};
pub use shown::{Shown, belongs, read};
