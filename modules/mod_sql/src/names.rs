//! What the configuration writes where SQL takes a table or a column. It becomes part of statements, so it has no
//! variables and ends where it should.

use crate::template::{Template, TemplateError};

/// Why a word cannot be a table or column.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty.
    #[error("is not a table or column name")]
    Empty,
    /// A variable cannot be bound as a name.
    #[error("has the variable {0}: names of tables and columns cannot vary")]
    Variable(String),
    /// It would end the statement, or hide the rest of it.
    #[error("is not a table or column name: it contains '{0}'")]
    Contains(&'static str),
    /// Its quotes, brackets or variables are wrong.
    #[error("is not a table or column name: {0}")]
    Text(Box<TemplateError>),
}

/// Judges a table: `users`, `ftp.users`, `` `users` ``, `users NATURAL JOIN domains`.
pub fn table(word: &str) -> Result<(), NameError> {
    judge(word, &["--", "/*", ";"])
}

/// Judges a column: `homedir`, `NULL`, `'/srv/ftp'`, `concat('/home/', userid)`.
pub fn column(word: &str) -> Result<(), NameError> {
    judge(word, &["--", "/*", ";", ","])
}

/// Whether a column has the same value in all rows: `NULL`, `33`, `'/srv/ftp'`.
pub fn is_constant(column: &str) -> bool {
    column.eq_ignore_ascii_case("NULL") || column.starts_with(|first: char| first == '\'' || first.is_ascii_digit())
}

fn judge(word: &str, refused: &[&'static str]) -> Result<(), NameError> {
    if word.trim().is_empty() {
        return Err(NameError::Empty);
    }
    match Template::compile(word) {
        Ok(template) => {
            if let Some(reference) = template.references().next() {
                return Err(NameError::Variable(reference.to_string()));
            }
        }
        Err(TemplateError::InName(name) | TemplateError::PartOfWord(name) | TemplateError::Prefixed(name, _)) => {
            return Err(NameError::Variable(name));
        }
        Err(error) => return Err(NameError::Text(Box::new(error))),
    }
    let (mut quote, mut depth, mut rest) = (None, 0_u32, word);
    while let Some(letter) = rest.chars().next() {
        match (quote, letter) {
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => return Err(NameError::Contains(")")),
            (None, ')') => depth -= 1,
            (None, _) => {
                let found = refused.iter().find(|refused| rest.starts_with(**refused));
                // Between brackets a comma separates arguments.
                if let Some(found) = found.filter(|found| **found != "," || depth == 0) {
                    return Err(NameError::Contains(found));
                }
            }
        }
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    if depth > 0 { Err(NameError::Contains("(")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_names_constants_and_expressions() {
        for word in [
            "userid",
            "f.userid",
            "NULL",
            "33",
            "'/srv/home'",
            "'a;b,c'",
            "`home`",
            "\"a,b\"",
            "concat('/home/', userid)",
            "'it''s'",
            "coalesce(a, (b), c)",
        ] {
            assert_eq!(column(word), Ok(()), "{word}");
        }
        for word in ["", " ", "a; DROP TABLE x", "a, b", "a -- b", "a /* b", "f(a", "a)", "'open", "(a), b", "a ?"] {
            assert!(column(word).is_err(), "{word}");
        }
        assert_eq!(column("%u"), Err(NameError::Variable("%u".to_owned())));
        for word in ["h_%u", "'/home/%u'", "`%u`", "%{0}", "X'%u'"] {
            assert!(matches!(column(word), Err(NameError::Variable(_))), "{word}");
        }
    }

    #[test]
    fn tables_may_be_joined() {
        for word in ["users", "ftp.users", "`ftp`.`users`", "users u, domains d", "users LEFT JOIN d ON (a = b)"] {
            assert_eq!(table(word), Ok(()), "{word}");
        }
        for word in ["t%u", "users; DELETE FROM users", "users --", "`%u`"] {
            assert!(table(word).is_err(), "{word}");
        }
    }
}
