//! What an account carries from its look-up to the check of its password: the entry's name or its `userPassword`, and
//! for whose login. It is text without blanks, and never begins with `*` or `!`, as that of locked accounts does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// How a password is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// By a bind as this entry.
    Bind(String),
    /// Against these values.
    Compare(Vec<Vec<u8>>),
}

/// The secret of an account that no password fits.
pub(crate) const LOCKED: &str = "*";

impl Secret {
    /// As text, for the login of a user.
    pub(crate) fn encode(&self, user: &str) -> String {
        let encode = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        let mut parts = vec![encode(user.as_bytes())];
        match self {
            Self::Bind(dn) => parts.extend(["bind".to_owned(), encode(dn.as_bytes())]),
            Self::Compare(values) if values.is_empty() => return LOCKED.to_owned(),
            Self::Compare(values) => {
                parts.push("compare".to_owned());
                parts.extend(values.iter().map(|value| encode(value)));
            }
        }
        format!("ldap:{}", parts.join(":"))
    }

    /// From text; and whether it is for the login of this user. None if it is of another kind of account.
    pub(crate) fn decode(text: &str, user: &str) -> Option<(Self, bool)> {
        let decode = |part: &str| STANDARD_NO_PAD.decode(part).ok();
        let mut parts = text.strip_prefix("ldap:")?.split(':');
        let is_users = decode(parts.next()?)? == user.as_bytes();
        let secret = match parts.next()? {
            "bind" => Self::Bind(String::from_utf8(decode(parts.next()?)?).ok()?),
            "compare" => Self::Compare(parts.map(decode).collect::<Option<_>>()?),
            _ => return None,
        };
        Some((secret, is_users))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_for_one_login() {
        for secret in [Secret::Bind("uid=a:b,dc=x".into()), Secret::Compare(vec![b"x:y".to_vec(), vec![0, 255]])] {
            let text = secret.encode("ann:*");
            assert_eq!(Secret::decode(&text, "ann:*"), Some((secret.clone(), true)));
            assert_eq!(Secret::decode(&text, "bob"), Some((secret, false)));
        }
        assert_eq!(Secret::Compare(Vec::new()).encode("ann"), LOCKED);
        for text in ["", "*", "$6$x", "ldap:", "ldap:YW5u:bind", "ldap:YW5u:other:x"] {
            assert_eq!(Secret::decode(text, "ann"), None, "{text}");
        }
    }
}
