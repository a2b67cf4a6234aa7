//! Directives of former versions of mod_ldap, which ProFTPD does not know any more either. The error says what to write
//! instead.

use gantry_api::{ParseError, Value, directive};

directive! {
    /// Refused: the former name of LDAPBindDN.
    LDAPDNInfo "dn password" in SERVER | VHOST | GLOBAL, inherits: replace, parse: bind, secret: true;
    /// Refused: LDAPUsers has taken its place.
    LDAPDoAuth "on|off base-dn [filter]" in SERVER | VHOST | GLOBAL, inherits: replace, parse: users;
    /// Refused: LDAPUsers has taken its place.
    LDAPDoUIDLookups "on|off base-dn [filter]" in SERVER | VHOST | GLOBAL, inherits: replace, parse: users;
    /// Refused: LDAPGroups has taken its place.
    LDAPDoGIDLookups "on|off base-dn [filter]" in SERVER | VHOST | GLOBAL, inherits: replace, parse: groups;
    /// Refused: LDAPDefaultQuota and the attribute ftpQuota have taken its place.
    LDAPDoQuotaLookups "on|off base-dn [filter] [default-quota]" in SERVER | VHOST | GLOBAL, inherits: replace, parse: quota;
    /// Refused: the former name of LDAPGenerateHomedir.
    LDAPHomedirOnDemand "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, parse: homes;
    /// Refused: the former name of LDAPGenerateHomedirPrefix.
    LDAPHomedirOnDemandPrefix "prefix" in SERVER | VHOST | GLOBAL, inherits: replace, parse: prefix;
    /// Refused: the former name of LDAPGenerateHomedirPrefixNoUsername.
    LDAPHomedirOnDemandPrefixNoUsername "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, parse: prefix_alone;
    /// Refused: CreateHome makes folders below home folders.
    LDAPHomedirOnDemandSuffix "suffix" in SERVER | VHOST | GLOBAL, inherits: replace, parse: suffix;
    /// Refused: the former name of LDAPForceGeneratedHomedir.
    LDAPForceHomedirOnDemand "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, parse: forced;
    /// Refused: users that are not found are not remembered.
    LDAPNegativeCache "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, parse: cache;
    /// Refused: an ldaps:// URL in LDAPServer, or LDAPUseTLS, has taken its place.
    LDAPUseSSL "on|off" in SERVER | VHOST | GLOBAL, inherits: replace, parse: ssl;
}

type Parsed = Result<Value, ParseError>;

fn instead(words: &[&str], name: &str) -> Parsed {
    Err(ParseError::new("it has another name now").help(format!("write: {name} {}", words.join(" "))))
}

fn homes(words: &[&str]) -> Parsed {
    instead(words, "LDAPGenerateHomedir")
}

fn prefix(words: &[&str]) -> Parsed {
    instead(words, "LDAPGenerateHomedirPrefix")
}

fn prefix_alone(words: &[&str]) -> Parsed {
    instead(words, "LDAPGenerateHomedirPrefixNoUsername")
}

fn forced(words: &[&str]) -> Parsed {
    instead(words, "LDAPForceGeneratedHomedir")
}

/// Does not repeat the password.
fn bind(_: &[&str]) -> Parsed {
    Err(ParseError::new("it has another name now").help("write: LDAPBindDN dn password"))
}

fn users(words: &[&str]) -> Parsed {
    lookups(words, "LDAPUsers", "ou=people,dc=example,dc=com")
}

fn groups(words: &[&str]) -> Parsed {
    lookups(words, "LDAPGroups", "ou=groups,dc=example,dc=com")
}

fn lookups(words: &[&str], name: &str, example: &str) -> Parsed {
    let shown = match words {
        [first, rest @ ..] if first.eq_ignore_ascii_case("on") && !rest.is_empty() => rest
            .iter()
            .map(|word| if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() })
            .collect(),
        [first, ..] if first.eq_ignore_ascii_case("off") => {
            return Err(format!("without {name} there are no such look-ups; take the line out").into());
        }
        _ => vec![example.to_owned()],
    };
    Err(ParseError::new(format!("{name} has taken its place")).help(format!("write: {name} {}", shown.join(" "))))
}

fn quota(_: &[&str]) -> Parsed {
    Err("quotas are in the attribute ftpQuota of users, and LDAPDefaultQuota is for those without one".into())
}

fn suffix(_: &[&str]) -> Parsed {
    Err("CreateHome makes folders in home folders: put them into its skel folder".into())
}

fn cache(_: &[&str]) -> Parsed {
    Err("users that are not found are not remembered; take the line out".into())
}

fn ssl(_: &[&str]) -> Parsed {
    Err(ParseError::new("LDAPUseTLS has taken its place")
        .help("write: LDAPUseTLS on, or LDAPServer ldaps://host/??sub"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_says_what_to_write() {
        let advice = |error: Parsed| error.unwrap_err().advice().unwrap_or_default().to_owned();
        assert_eq!(advice(users(&["on", "dc=x", "(&(uid=%v) (a=b))"])), "write: LDAPUsers dc=x \"(&(uid=%v) (a=b))\"");
        assert_eq!(advice(groups(&["on"])), "write: LDAPGroups ou=groups,dc=example,dc=com");
        assert_eq!(advice(homes(&["on"])), "write: LDAPGenerateHomedir on");
        assert!(!advice(bind(&["cn=x", "hidden"])).contains("hidden"));
        assert!(users(&["off"]).unwrap_err().to_string().contains("take the line out"));
    }
}
