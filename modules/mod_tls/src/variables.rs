//! The variables of mod_tls for logs, and ProFTPD's names as notes, which its manual lists under
//! TLSOptions StdEnvVars and ExportCertData.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use gantry_api::Notes;
use gantry_api::prelude::*;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::options::Options;
use crate::session::Tls;

variable! {
    /// The version of TLS on the control connection.
    "protocol": Text = |subject, out| out.value(subject.dialogue.control.facts().entry("protocol"));
    /// The cipher of the control connection.
    "cipher": Text = |subject, out| out.value(subject.dialogue.control.facts().entry("cipher"));
    /// The group of the key exchange of the control connection.
    "group": Text = |subject, out| out.value(subject.dialogue.control.facts().entry("group"));
    /// The server's name that the client named (SNI).
    "server_name": Text = |subject, out| out.value(subject.dialogue.control.facts().entry("server_name"));
    /// The subject of the client's certificate.
    "client": Text = |subject, out| {
        if let Some(Value::Bytes(der)) = subject.dialogue.control.facts().entry("certificate")
            && let Ok((_, certificate)) = X509Certificate::from_der(der)
        {
            out.show(certificate.subject());
        }
    };
}

/// Parts of a name, as ProFTPD's manual names them.
const PARTS: [(&str, &str); 13] = [
    ("C", "2.5.4.6"),
    ("CN", "2.5.4.3"),
    ("D", "2.5.4.13"),
    ("I", "2.5.4.43"),
    ("G", "2.5.4.42"),
    ("L", "2.5.4.7"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("S", "2.5.4.4"),
    ("ST", "2.5.4.8"),
    ("T", "2.5.4.12"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("Email", "1.2.840.113549.1.9.1"),
];

/// Sets the notes: a few always, more if TLSOptions says so.
pub(crate) fn leave(notes: &mut Notes, facts: &Value, tls: &Tls, options: &Options) {
    notes.set("FTPS", "1");
    notes.set("TLS_LIBRARY_VERSION", "rustls");
    for (note, fact) in [("TLS_PROTOCOL", "protocol"), ("TLS_CIPHER", "cipher"), ("TLS_SERVER_NAME", "server_name")] {
        if let Some(text) = facts.entry(fact).and_then(Value::text) {
            notes.set(note, text);
        }
    }
    if options.variables {
        for note in ["TLS_CIPHER_KEYSIZE_POSSIBLE", "TLS_CIPHER_KEYSIZE_USED"] {
            notes.set(note, facts.entry("bits").and_then(Value::int).map_or(Value::None, Value::Int));
        }
        if let Some(der) = tls.peer().first() {
            certificate(notes, "TLS_CLIENT", der);
        }
    }
    if options.export_certificates {
        for (at, der) in tls.peer().iter().enumerate() {
            let name = match at {
                0 => "TLS_CLIENT_CERT".to_owned(),
                _ => format!("TLS_CLIENT_CERT_CHAIN{at}"),
            };
            notes.set(name, pem(der));
        }
    }
}

fn certificate(notes: &mut Notes, prefix: &str, der: &[u8]) {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return };
    notes.set(format!("{prefix}_M_VERSION"), (certificate.version().0 + 1).to_string());
    notes.set(format!("{prefix}_M_SERIAL"), certificate.raw_serial_as_string().replace(':', "").to_uppercase());
    name(notes, &format!("{prefix}_S_DN"), certificate.subject());
    name(notes, &format!("{prefix}_I_DN"), certificate.issuer());
    notes.set(format!("{prefix}_V_START"), certificate.validity().not_before.to_string());
    notes.set(format!("{prefix}_V_END"), certificate.validity().not_after.to_string());
    notes.set(format!("{prefix}_A_SIG"), certificate.signature_algorithm.algorithm.to_id_string());
    notes.set(format!("{prefix}_A_KEY"), certificate.public_key().algorithm.algorithm.to_id_string());
}

fn name(notes: &mut Notes, note: &str, name: &X509Name<'_>) {
    notes.set(note, name.to_string());
    for attribute in name.iter_attributes() {
        let oid = attribute.attr_type().to_id_string();
        let part = PARTS.iter().find(|(_, known)| *known == oid);
        if let (Some((part, _)), Ok(text)) = (part, attribute.as_str()) {
            notes.set(format!("{note}_{part}"), text);
        }
    }
}

fn pem(der: &[u8]) -> String {
    let lines: Vec<String> =
        STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
