//! The address of a web server in WebhookURL.

use std::fmt;

use gantry_api::{ParseError, Value, parse};
use hyper::Uri;
use serde::Deserialize;

/// `http://host:port/path`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    /// Host and port, for the connection.
    pub peer: String,
    /// Host and port as written, for the header Host.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

/// The value of WebhookURL.
pub fn directive(words: &[&str]) -> Result<Value, ParseError> {
    let word = parse::one(words)?;
    if word.eq_ignore_ascii_case("none") {
        return Ok(Value::None);
    }
    Address::try_from(word.to_owned()).map(|_| Value::from(word))
}

impl TryFrom<String> for Address {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        let fault = |what: &str| ParseError::of(&text, format!("is not the address of a web server: {what}"));
        let uri: Uri = text.parse().map_err(|error: hyper::http::uri::InvalidUri| fault(&error.to_string()))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(fault("https is not supported; use a proxy on this host")),
            _ => return Err(fault("it must start with http://")),
        }
        let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else { return Err(fault("it has no host")) };
        if host.is_empty() || authority.as_str().contains('@') {
            return Err(fault("http:// must be followed by a host and, optionally, a port"));
        }
        Ok(Self {
            peer: format!("{host}:{}", uri.port_u16().unwrap_or(80)),
            authority: authority.to_string(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_host_port_and_path() {
        let address = Address::try_from("http://[::1]:8080/hook?a=b".to_owned()).unwrap();
        assert_eq!((address.peer.as_str(), address.path.as_str()), ("[::1]:8080", "/hook?a=b"));
        assert_eq!(address.to_string(), "http://[::1]:8080/hook?a=b");
        assert_eq!(Address::try_from("http://example.org".to_owned()).unwrap().peer, "example.org:80");
        assert_eq!(directive(&["none"]), Ok(Value::None));
        for text in ["https://example.org/", "ftp://example.org/", "/hook", "http://", "http://a b/", "http://u:p@h/"] {
            assert!(directive(&[text]).is_err(), "{text}");
        }
    }
}
