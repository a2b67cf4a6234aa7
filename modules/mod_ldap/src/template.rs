//! Templates of filters and bases: `%v` and `%u` are replaced by a value, which the library escapes. So what a client
//! sends is always one value, and never a part of a filter or of a name.

use ldap3::{dn_escape, ldap_escape, parse_filter};

/// Text with places for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template {
    /// The text around the places: one more than there are places.
    pieces: Vec<String>,
}

impl Template {
    fn new(text: &str) -> Self {
        Self { pieces: text.replace("%u", "%v").split("%v").map(str::to_owned).collect() }
    }

    fn has_places(&self) -> bool {
        self.pieces.len() > 1
    }

    fn fill(&self, value: &str) -> String {
        self.pieces.join(value)
    }
}

/// A filter (RFC 4515).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(Template);

impl Filter {
    /// Reads a filter; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let template = Template::new(text);
        match parse_filter(template.fill("x")) {
            Ok(_) if text.starts_with('(') => Ok(Self(template)),
            _ => Err(format!("'{text}' is not a filter of LDAP, such as (&(uid=%u)(objectClass=posixAccount))")),
        }
    }

    /// Whether it depends on the value.
    pub(crate) fn has_places(&self) -> bool {
        self.0.has_places()
    }

    /// The filter for a value.
    pub(crate) fn of(&self, value: &str) -> String {
        self.0.fill(&ldap_escape(value))
    }
}

/// The name of an entry (RFC 4514) below which is searched; it may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base(Template);

impl Base {
    /// Reads a base; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let template = Template::new(text);
        let is_part = |part: String| part.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty());
        match text.is_empty() || parts(text).into_iter().all(is_part) {
            true => Ok(Self(template)),
            false => Err(format!("'{text}' is not the name of an entry, such as ou=people,dc=example,dc=com")),
        }
    }

    /// Whether it depends on the value.
    pub(crate) fn has_places(&self) -> bool {
        self.0.has_places()
    }

    /// The base for a value.
    pub(crate) fn of(&self, value: &str) -> String {
        self.0.fill(&dn_escape(value))
    }
}

/// The parts of a name: what is between its commas.
fn parts(name: &str) -> Vec<String> {
    let (mut parts, mut part, mut is_escaped) = (Vec::new(), String::new(), false);
    for letter in name.chars() {
        match letter {
            ',' if !is_escaped => parts.push(std::mem::take(&mut part)),
            letter => part.push(letter),
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_a_part_of_a_filter() {
        let filter = Filter::parse("(&(uid=%v)(objectclass=posixAccount))").unwrap();
        for (value, wanted) in [
            ("ann", "ann"),
            ("*)(uid=*", "\\2a\\29\\28uid=\\2a"),
            ("a\0b", "a\\00b"),
            ("a\\2a", "a\\5c2a"),
            ("%v%u", "%v%u"),
            ("jörg", "jörg"),
        ] {
            let filled = filter.of(value);
            assert_eq!(filled, format!("(&(uid={wanted})(objectclass=posixAccount))"));
            assert!(parse_filter(&filled).is_ok(), "{value:?}");
        }
        assert_eq!(Filter::parse("(|(uid=%u)(mail=%v))").unwrap().of("x"), "(|(uid=x)(mail=x))");
    }

    #[test]
    fn a_value_is_never_a_part_of_a_name() {
        let base = Base::parse("uid=%u,ou=people,dc=example,dc=com").unwrap();
        assert_eq!(base.of("a,ou=x"), "uid=a\\2cou\\3dx,ou=people,dc=example,dc=com");
        assert_eq!(base.of("\" +<>;"), "uid=\\22 \\2b\\3c\\3e\\3b,ou=people,dc=example,dc=com");
        assert!(base.has_places() && !Base::parse("dc=example").unwrap().has_places());
    }

    #[test]
    fn what_is_no_filter_or_name_is_refused() {
        for text in ["(uid=%v", "uid=%v", "(uid)", "(&(a=b)(c=d)", "(uid=%v))", ""] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
        for text in ["people", "ou=a,", "=x,dc=y", "ou=a,,dc=b", "ou=a,people"] {
            assert!(Base::parse(text).is_err(), "{text}");
        }
        for text in ["", "dc=example,dc=com", "cn=a\\,b,dc=x", "cn=a+sn=b, dc=x", "ou=%v,dc=x"] {
            assert!(Base::parse(text).is_ok(), "{text}");
        }
    }
}
