//! The parsers of mod_ldap's directives.

use gantry_api::{ParseError, Value, nearest, parse};

use crate::quota_text;
use crate::server;
use crate::template::{Base, Filter};

type Parsed = Result<Value, ParseError>;

/// The attributes that LDAPAttr renames.
pub(crate) const ATTRIBUTES: [&str; 9] =
    ["uid", "uidNumber", "gidNumber", "homeDirectory", "userPassword", "loginShell", "cn", "memberUid", "ftpQuota"];

pub(crate) fn server(words: &[&str]) -> Parsed {
    server::parse(words)
}

pub(crate) fn bind(words: &[&str]) -> Parsed {
    let (dn, password) = match words {
        [] => return Err("missing parameters".into()),
        [dn] => (dn, ""),
        [dn, password] => (dn, *password),
        _ => return Err(ParseError::new("wrong number of parameters").help("put quotes around a DN with blanks")),
    };
    match dn.is_empty() && !password.is_empty() {
        true => Err("a password needs a DN".into()),
        false => Ok(Value::map([("dn", (*dn).into()), ("password", password.into())])),
    }
}

pub(crate) fn users(words: &[&str]) -> Parsed {
    let filters = lookups(words, 2)?;
    let (base, name) = (Base::parse(words.first().copied().unwrap_or_default())?, filters.first());
    match name {
        Some(filter) if !filter.has_places() && !base.has_places() => {
            let word = words.get(1).copied().unwrap_or_default();
            let error = ParseError::of(word, "finds the same entry for every name");
            Err(error.help("write %u where the name of the user belongs, such as (uid=%u)"))
        }
        _ => Ok(shown(words)),
    }
}

pub(crate) fn groups(words: &[&str]) -> Parsed {
    let filters = lookups(words, 3)?;
    match filters.iter().position(|filter| !filter.has_places()) {
        Some(at) => {
            let word = words.get(at + 1).copied().unwrap_or_default();
            Err(ParseError::of(word, "finds the same groups for everybody").help("write %v where the value belongs"))
        }
        None => Ok(shown(words)),
    }
}

/// A base and up to `most` filters.
fn lookups(words: &[&str], most: usize) -> Result<Vec<Filter>, ParseError> {
    let [base, filters @ ..] = words else { return Err("missing parameters".into()) };
    if filters.len() > most {
        return Err(ParseError::new("wrong number of parameters").help("put quotes around a filter with blanks"));
    }
    Base::parse(base).map_err(|error| ParseError::new(error).at(base))?;
    filters.iter().map(|filter| Filter::parse(filter).map_err(|error| ParseError::new(error).at(filter))).collect()
}

fn shown(words: &[&str]) -> Value {
    let (base, filters) = words.split_first().map_or(("", &[][..]), |(base, filters)| (*base, filters));
    Value::map([("base", base.into()), ("filters", Value::list(filters.iter().copied()))])
}

pub(crate) fn scheme(words: &[&str]) -> Parsed {
    one_of(words, &["crypt", "clear"], "LDAPAuthBinds on leaves passwords to the directory")
}

pub(crate) fn scope(words: &[&str]) -> Parsed {
    match parse::one(words)?.to_ascii_lowercase().as_str() {
        "one" => Ok("onelevel".into()),
        "sub" => Ok("subtree".into()),
        _ => one_of(words, &["base", "onelevel", "subtree"], ""),
    }
}

pub(crate) fn aliases(words: &[&str]) -> Parsed {
    one_of(words, &["never", "always", "search", "find"], "")
}

fn one_of(words: &[&str], known: &[&str], help: &str) -> Parsed {
    let word = parse::one(words)?;
    if let Some(found) = known.iter().find(|known| known.eq_ignore_ascii_case(word)) {
        return Ok((*found).into());
    }
    let error = ParseError::of(word, format_args!("is not one of {}", known.join(", ")));
    Err(if help.is_empty() { error } else { error.help(help) })
}

pub(crate) fn attribute(words: &[&str]) -> Parsed {
    let [old, new] = words else { return Err("expected an attribute and its name in the directory".into()) };
    let Some(known) = ATTRIBUTES.iter().find(|known| known.eq_ignore_ascii_case(old)) else {
        let names: Vec<String> = ATTRIBUTES.iter().map(|name| (*name).to_owned()).collect();
        let near = nearest(old, &names);
        let help = if near.is_empty() { names.join(", ") } else { format!("Did you mean: {}", near.join(", ")) };
        return Err(ParseError::of(old, "is no attribute that mod_ldap reads").help(help));
    };
    // It becomes a part of filters.
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';' | b'_');
    match !new.is_empty() && new.bytes().all(is_name) {
        true => Ok(Value::list([*known, *new])),
        false => Err(ParseError::of(new, "is not the name of an attribute")),
    }
}

pub(crate) fn id(words: &[&str]) -> Parsed {
    let word = parse::one(words)?;
    if word.eq_ignore_ascii_case("auto") {
        return Ok("auto".into());
    }
    match word.parse::<u32>() {
        Ok(id) if id < u32::MAX && !word.starts_with('+') => Ok(Value::map([("is", u64::from(id).into())])),
        _ => Err(ParseError::of(word, "is neither a number nor Auto")),
    }
}

pub(crate) fn prefix(words: &[&str]) -> Parsed {
    let word = parse::one(words)?;
    match word.starts_with('/') {
        true => Ok(word.into()),
        false => Err(ParseError::of(word, "must be an absolute path")),
    }
}

/// `per_session,limit_type,bytes_in,bytes_out,bytes_xfer,files_in,files_out,files_xfer`.
pub(crate) fn quota(words: &[&str]) -> Parsed {
    let word = parse::one(words)?;
    match quota_text::parse(word) {
        Some(_) => Ok(word.into()),
        None => Err(ParseError::of(word, "is not a quota").help(
            "per_session,limit_type,bytes_in,bytes_out,bytes_xfer,files_in,files_out,files_xfer: false,hard,1000,0,0,0,0,0",
        )),
    }
}

pub(crate) fn version(words: &[&str]) -> Parsed {
    let word = parse::one(words)?;
    match word {
        "3" => Ok(Value::Int(3)),
        "2" => Err("LDAPv2 is historic (RFC 3494), and not spoken here; take the line out".into()),
        _ => Err(ParseError::of(word, "is no version of LDAP")),
    }
}

/// The longest time-out, in seconds.
const LONGEST: i64 = 300;

pub(crate) fn timeout(words: &[&str]) -> Parsed {
    let word = parse::one(words)?;
    match parse::whole(word)? {
        seconds @ 1..=LONGEST => Ok(Value::Int(seconds)),
        _ => Err(ParseError::of(word, format_args!("is not a number of seconds from 1 to {LONGEST}"))),
    }
}

pub(crate) fn sasl(words: &[&str]) -> Parsed {
    let mut kinds = Vec::new();
    for word in words.iter().flat_map(|word| word.split_ascii_whitespace()) {
        kinds.push(match word.to_ascii_uppercase().as_str() {
            "EXTERNAL" => "external",
            "ANONYMOUS" => "anonymous",
            "LOGIN" | "PLAIN" => "plain",
            "CRAM-MD5" | "DIGEST-MD5" | "SCRAM-SHA-1" => "challenge",
            _ => {
                let error = ParseError::of(word, "is not a mechanism that there is");
                return Err(error.help("ANONYMOUS, CRAM-MD5, DIGEST-MD5, EXTERNAL, LOGIN, PLAIN, SCRAM-SHA-1"));
            }
        });
    }
    // The strictest counts, since the first may be one that the server does not offer.
    let strictest = ["external", "challenge", "plain", "anonymous"].into_iter().find(|kind| kinds.contains(kind));
    strictest.map(Value::from).ok_or_else(|| "missing parameters".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        assert!(users(&["dc=x"]).is_ok() && users(&["dc=x", "(uid=%u)", "(uidNumber=%v)"]).is_ok());
        assert!(users(&["uid=%u,dc=x", "(objectClass=*)"]).is_ok());
        assert!(users(&["dc=x", "(objectClass=*)"]).unwrap_err().to_string().contains("every name"));
        assert!(groups(&["dc=x", "(cn=%v)", "(gidNumber=%v)", "(memberUid=%v)"]).is_ok());
        assert!(groups(&["dc=x", "(cn=%v)", "(gidNumber=5)"]).is_err());
        assert!(groups(&["dc=x", "a", "b", "c", "d"]).is_err());
        assert!(attribute(&["uid", "sAMAccountName"]).is_ok());
        assert!(attribute(&["uidnumber", "x)(y=*"]).is_err());
        assert!(attribute(&["uidNumbr", "x"]).unwrap_err().advice().unwrap().contains("uidNumber"));
        assert!(id(&["Auto"]).is_ok() && id(&["0"]).is_ok() && id(&["-1"]).is_err() && id(&["4294967295"]).is_err());
        assert!(quota(&["false,hard,100,100,100,100,100,100"]).is_ok() && quota(&["false,hard,1"]).is_err());
        assert!(version(&["3"]).is_ok() && version(&["2"]).unwrap_err().to_string().contains("RFC 3494"));
        assert!(timeout(&["5"]).is_ok() && timeout(&["0"]).is_err());
        assert_eq!(sasl(&["SCRAM-SHA-1", "DIGEST-MD5"]), Ok("challenge".into()));
        assert_eq!(sasl(&["PLAIN", "SCRAM-SHA-1"]), Ok("challenge".into()));
        assert!(sasl(&["FOO"]).is_err() && sasl(&[]).is_err());
        assert_eq!(scope(&["one"]), Ok("onelevel".into()));
        assert!(scheme(&["md5"]).unwrap_err().advice().unwrap().contains("LDAPAuthBinds"));
        assert!(bind(&["", ""]).is_ok() && bind(&["", "x"]).is_err() && bind(&["cn=x", "y"]).is_ok());
    }
}
