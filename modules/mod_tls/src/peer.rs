//! What a certificate says about its holder.

use std::net::IpAddr;

use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// TLSUserName: the attribute of a certificate that is the user's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attribute {
    CommonName,
    Email,
    /// An extension, by its object identifier in dots.
    Extension(String),
}

impl Attribute {
    /// The attribute for a word of TLSUserName that has been parsed.
    pub(crate) fn named(word: &str) -> Self {
        match word {
            "CommonName" => Self::CommonName,
            "EmailSubjAltName" => Self::Email,
            oid => Self::Extension(oid.to_owned()),
        }
    }
}

/// The holder of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Holder {
    common_names: Vec<String>,
    emails: Vec<String>,
    hosts: Vec<String>,
    addresses: Vec<IpAddr>,
    /// Extensions that contain a text: identifier and text.
    extensions: Vec<(String, String)>,
}

impl Holder {
    /// Reads a certificate that has been verified.
    pub(crate) fn of(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| format!("not a certificate: {error}"))?;
        let mut holder = Self::default();
        let names = certificate.subject().iter_common_name();
        holder.common_names = names.filter_map(|name| name.as_str().ok()).map(str::to_owned).collect();
        if let Ok(Some(names)) = certificate.subject_alternative_name() {
            for name in &names.value.general_names {
                match name {
                    GeneralName::RFC822Name(name) => holder.emails.push((*name).to_owned()),
                    GeneralName::DNSName(name) => holder.hosts.push((*name).to_owned()),
                    GeneralName::IPAddress(bytes) => holder.addresses.extend(address(bytes)),
                    _ => {}
                }
            }
        }
        for extension in certificate.extensions() {
            let text = text(extension.value).unwrap_or_default();
            holder.extensions.push((extension.oid.to_id_string(), text));
        }
        Ok(holder)
    }

    /// Whether an attribute equals a user's name exactly.
    pub(crate) fn is(&self, attribute: &Attribute, user: &str) -> bool {
        // An empty name matches nobody.
        !user.is_empty()
            && match attribute {
                Attribute::CommonName => self.common_names.iter().any(|name| name == user),
                Attribute::Email => self.emails.iter().any(|name| name == user),
                Attribute::Extension(oid) => self.extensions.iter().any(|(known, text)| known == oid && text == user),
            }
    }

    /// Whether its common name is this host's (CommonNameRequired).
    pub(crate) fn has_common_name(&self, host: &str) -> bool {
        self.common_names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether one of its names is this host's (dNSNameRequired).
    pub(crate) fn has_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether it has this address (iPAddressRequired).
    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.addresses.iter().any(|known| known.to_canonical() == address)
    }
}

/// The text of an extension: an ASN.1 string, or the bytes themselves.
fn text(value: &[u8]) -> Option<String> {
    let (_, any) = Any::from_der(value).ok()?;
    match any.tag() {
        Tag::Utf8String | Tag::Ia5String | Tag::PrintableString | Tag::VisibleString | Tag::OctetString => {
            String::from_utf8(any.data.to_vec()).ok()
        }
        _ => None,
    }
}

/// An address of a subjectAltName: 4 or 16 bytes.
pub(crate) fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, DnType, KeyPair, SanType};

    use super::*;

    fn certificate() -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "alice");
        params.subject_alt_names = vec![
            SanType::Rfc822Name("alice@example.com".try_into().unwrap()),
            SanType::DnsName("pc.example.com".try_into().unwrap()),
            SanType::IpAddress("192.0.2.1".parse().unwrap()),
            SanType::IpAddress("2001:db8::1".parse().unwrap()),
        ];
        // A UTF8String "al".
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![12, 2, b'a', b'l'])];
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_holder_has_names_hosts_and_addresses() {
        let holder = Holder::of(&certificate()).unwrap();
        let is = |word: &str, user: &str| holder.is(&Attribute::named(word), user);
        assert!(is("CommonName", "alice") && !is("CommonName", "Alice") && !is("CommonName", ""));
        assert!(is("EmailSubjAltName", "alice@example.com") && !is("EmailSubjAltName", "alice"));
        assert!(is("1.2.3.4", "al") && !is("1.2.3.4", "alice") && !is("1.2.3.5", "al") && !is("1.2.3.4", ""));
        assert!(holder.has_common_name("ALICE") && holder.has_host("PC.example.com") && !holder.has_host("alice"));
        assert!(holder.has_address("192.0.2.1".parse().unwrap()));
        assert!(holder.has_address("::ffff:192.0.2.1".parse().unwrap()));
        assert!(holder.has_address("2001:db8::1".parse().unwrap()));
        assert!(!holder.has_address("192.0.2.2".parse().unwrap()));
    }

    #[test]
    fn garbage_is_nobody() {
        assert!(Holder::of(b"").is_err());
        assert!(Holder::of(&certificate()[..100]).is_err());
    }
}
