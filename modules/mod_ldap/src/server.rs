//! LDAPServer: servers of a directory, as a line names them. It connects to none.

use std::path::PathBuf;

use gantry_api::{ParseError, Value, parse};
use ldap3::{LdapUrlExt, get_url_params};
use url::Url;

use crate::tls;
use crate::values::Parameters;

/// Reads a line.
pub(crate) fn parse(words: &[&str]) -> Result<Value, ParseError> {
    let mut servers = Vec::new();
    let mut tls = Parameters::default();
    // Quotes may be around several servers.
    for word in words.iter().flat_map(|word| word.split_ascii_whitespace()) {
        match word.split_once(':') {
            Some((name, value)) if name.len() > 4 && name.as_bytes()[..4].eq_ignore_ascii_case(b"ssl-") => {
                parameter(&mut tls, word, &name.to_ascii_lowercase(), value)?;
            }
            _ => servers.push(server(word)?),
        }
    }
    if servers.is_empty() {
        return Err("missing parameters".into());
    }
    if tls.cert.is_some() != tls.key.is_some() {
        return Err("a client certificate needs both ssl-cert and ssl-key".into());
    }
    tls::config(&tls)?;
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let shown = Value::map([
        ("ca", path(&tls.ca).into()),
        ("cert", path(&tls.cert).into()),
        ("key", path(&tls.key).into()),
        ("ciphers", tls.ciphers.clone().into()),
        ("verify", tls.verify.into()),
    ]);
    Ok(Value::map([("servers", Value::List(servers)), ("tls", shown)]))
}

fn parameter(tls: &mut Parameters, word: &str, name: &str, value: &str) -> Result<(), ParseError> {
    let path = || match value.starts_with('/') {
        true => Ok(Some(PathBuf::from(value))),
        false => Err(ParseError::of(value, "must be an absolute path")),
    };
    match name {
        "ssl-ca" => tls.ca = path()?,
        "ssl-cert" => tls.cert = path()?,
        "ssl-key" => tls.key = path()?,
        "ssl-ciphers" => tls.ciphers = Some(value.to_owned()),
        "ssl-verify" => {
            tls.verify =
                parse::switch(value).ok_or_else(|| ParseError::of(value, "is neither on nor off").at(value))?;
        }
        _ => {
            let error = ParseError::of(word, "is no parameter");
            return Err(error.help("there are ssl-ca, ssl-cert, ssl-key, ssl-ciphers and ssl-verify"));
        }
    }
    Ok(())
}

fn server(word: &str) -> Result<Value, ParseError> {
    let scheme = word.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let known = ["ldap", "ldaps", "ldapi"];
    let (url, is_url) = match &scheme {
        Some(scheme) if known.contains(&scheme.as_str()) => (word.to_owned(), true),
        Some(scheme) => {
            let error = ParseError::of(word, format_args!("has the scheme '{scheme}'"));
            return Err(error.help("the schemes are ldap, ldaps and ldapi"));
        }
        None => (format!("ldap://{word}"), false),
    };
    let wrong = |why: &dyn std::fmt::Display| ParseError::of(word, format_args!("is not an LDAP server: {why}"));
    let parsed = Url::parse(&url).map_err(|error| wrong(&error))?;
    let host = parsed.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err(wrong(&"its host is missing"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() || parsed.fragment().is_some() {
        return Err(wrong(&"it may have a host, a port and a scope").help("LDAPBindDN says whom to bind as"));
    }
    if !is_url && (!parsed.path().is_empty() || parsed.query().is_some()) {
        return Err(wrong(&"expected host:port, or a URL"));
    }
    if parsed.path().is_empty() && parsed.query().is_some() {
        let error = wrong(&"a '/' is missing after the host");
        return Err(error.help(format!("write {}", word.replacen('?', "/?", 1))));
    }
    if parsed.port() == Some(0) {
        return Err(wrong(&"0 is no port"));
    }
    if parsed.scheme() == "ldapi" && (parsed.port().is_some() || !host.to_ascii_lowercase().starts_with("%2f")) {
        let error = wrong(&"the path of its socket must be percent-encoded");
        return Err(error.help("for example ldapi://%2fvar%2frun%2fslapd%2fldapi/??sub"));
    }
    Ok(Value::map([
        ("word", word.into()),
        ("url", address(&parsed).into()),
        ("scope", scope(word, &parsed)?.into()),
        ("is_url", is_url.into()),
    ]))
}

/// Scheme, host and port.
fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", url.scheme())
}

/// The scope, which is all that a URL may have but its server.
fn scope(word: &str, url: &Url) -> Result<Option<&'static str>, ParseError> {
    let wrong = |what: &dyn std::fmt::Display| ParseError::of(word, what);
    let has = |what: &str| wrong(&format_args!("has {what}, which LDAPServer does not take"));
    let parameters = get_url_params(url).map_err(|error| wrong(&error).help("the scopes are base, one and sub"))?;
    if !parameters.base.is_empty() {
        return Err(has("a base DN").help("LDAPUsers and LDAPGroups say where to search"));
    }
    let parts: Vec<&str> = url.query().unwrap_or_default().splitn(4, '?').collect();
    let part = |at: usize| parts.get(at).copied().filter(|part| !part.is_empty());
    if part(0).is_some() {
        return Err(has("attributes").help("write ldap://host/??sub"));
    }
    if part(2).is_some() {
        return Err(has("a filter").help("LDAPUsers and LDAPGroups have filters"));
    }
    if parameters.extensions.contains(&LdapUrlExt::StartTLS) {
        return Err(has("the extension for StartTLS").help("write: LDAPUseTLS on"));
    }
    if part(3).is_some() {
        return Err(has("extensions"));
    }
    Ok(part(1).map(|_| match parameters.scope {
        ldap3::Scope::Base => "base",
        ldap3::Scope::OneLevel => "onelevel",
        ldap3::Scope::Subtree => "subtree",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Scope, ServerLine};

    fn read(words: &[&str]) -> ServerLine {
        parse(words).unwrap_or_else(|error| panic!("{words:?}: {error}")).extract().unwrap()
    }

    #[test]
    fn servers_have_two_forms() {
        let line = read(&["one", "two:3890", "ldap://three/??sub", "ldaps://four:636/??one", "ldap://five"]);
        let seen: Vec<_> =
            line.servers.iter().map(|server| (server.url.as_str(), server.scope, server.is_url)).collect();
        let wanted = [
            ("ldap://one", None, false),
            ("ldap://two:3890", None, false),
            ("ldap://three", Some(Scope::Subtree), true),
            ("ldaps://four:636", Some(Scope::OneLevel), true),
            ("ldap://five", None, true),
        ];
        assert_eq!(seen, wanted);
        assert_eq!(read(&["one two:1"]).servers.len(), 2);
        assert_eq!(read(&["[::1]:3890"]).servers[0].url, "ldap://[::1]:3890");
        let socket = &read(&["ldapi://%2Fvar%2Frun%2Fldapi/??sub"]).servers[0];
        assert_eq!((socket.url.as_str(), socket.is_socket()), ("ldapi://%2Fvar%2Frun%2Fldapi", true));
    }

    #[test]
    fn parameters_are_for_the_line() {
        let line = read(&["ldaps://one", "ssl-verify:off", "SSL-Ciphers:DEFAULT:!EXPORT:!DES"]);
        assert!(!line.tls.verify);
        assert_eq!(line.tls.ciphers.as_deref(), Some("DEFAULT:!EXPORT:!DES"));
        assert!(read(&["one"]).tls.verify);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (words, wanted) in [
            (&["a:b"][..], "not an LDAP server"),
            (&["http://x"], "has the scheme 'http'"),
            (&["ldap://x??sub"], "a '/' is missing"),
            (&["ldap://x/??foo"], "scope"),
            (&["ldap://x/dc=example?uid?sub?(uid=x)"], "a base DN"),
            (&["ldap://x/?uid?sub"], "attributes"),
            (&["ldap://x/??sub?(a=b)"], "a filter"),
            (&["ldap://x/??sub??1.3.6.1.4.1.1466.20037"], "StartTLS"),
            (&["ldap://x/??sub??!bogus"], "extension"),
            (&["ldap://user:pw@x"], "host, a port and a scope"),
            (&["ldapi://var"], "percent-encoded"),
            (&["ldapi:///var/run/ldapi"], "host is missing"),
            (&["x:99999"], "port"),
            (&["x:0"], "port"),
            (&["ssl-verify:off"], "missing"),
            (&["x", "ssl-verify:perhaps"], "neither on nor off"),
            (&["x", "ssl-foo:1"], "no parameter"),
            (&["x", "ssl-ca:/nowhere/ca.pem"], "/nowhere/ca.pem"),
            (&["x", "ssl-ca:ca.pem"], "absolute"),
            (&["x", "ssl-cert:/x"], "both"),
            (&["x", "ssl-ciphers:RC4-SHA"], "RC4-SHA"),
        ] {
            let error = parse(words).expect_err(wanted).to_string();
            assert!(error.contains(wanted), "{words:?}: {error}");
        }
    }
}
