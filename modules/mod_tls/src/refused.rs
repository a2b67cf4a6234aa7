//! Directives that are refused: the server would not do what the administrator relies on. The error says what to
//! write instead.

use gantry_api::{ParseError, Value, directive};

directive! {
    /// Refused: no client takes DSA certificates any more. Use TLSRSACertificateFile or TLSECCertificateFile.
    TLSDSACertificateFile "file" in SERVER | VHOST | GLOBAL, inherits: replace, parse: dsa;
    /// Refused, as TLSDSACertificateFile.
    TLSDSACertificateKeyFile "file" in SERVER | VHOST | GLOBAL, inherits: replace, parse: dsa;
    /// Refused: there are no pre-shared keys. Use client certificates (TLSVerifyClient).
    TLSPreSharedKey "identity key-info" in SERVER | VHOST | GLOBAL, inherits: replace, parse: pre_shared_key;
    /// Refused: no extensions can be added to handshakes.
    TLSServerInfoFile "file" in SERVER | VHOST | GLOBAL, inherits: replace, parse: server_info;
    /// Refused for now: use MasqueradeAddress.
    TLSMasqueradeAddress "ip-address|dns-name|device-name" in SERVER | VHOST, inherits: replace, parse: masquerade;
}

fn dsa(_: &[&str]) -> Result<Value, ParseError> {
    Err("no client takes DSA certificates any more; use TLSRSACertificateFile or TLSECCertificateFile".into())
}

fn pre_shared_key(_: &[&str]) -> Result<Value, ParseError> {
    Err("Gantry has no pre-shared keys; let clients show certificates: TLSVerifyClient on".into())
}

fn server_info(_: &[&str]) -> Result<Value, ParseError> {
    Err("no extensions can be added to handshakes; remove the line".into())
}

fn masquerade(_: &[&str]) -> Result<Value, ParseError> {
    Err("there is one address for all sessions; use MasqueradeAddress".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_says_what_to_write() {
        assert!(dsa(&["/x"]).unwrap_err().to_string().contains("TLSECCertificateFile"));
        assert!(pre_shared_key(&["a", "b"]).unwrap_err().to_string().contains("TLSVerifyClient on"));
        assert!(masquerade(&["192.0.2.1"]).unwrap_err().to_string().contains("MasqueradeAddress"));
        assert!(server_info(&["/x"]).is_err());
    }
}
