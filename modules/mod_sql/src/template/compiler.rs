//! From the text of a query to a template: literals, quoted names and comments
//! are told apart as the SQL standard writes them (`''` inside a literal is a
//! quote; a backslash means nothing, but in PostgreSQL's E'..').

use gantry_format::{Dialect, Reference};

use super::error::TemplateError;
use super::parameter::Parameter;

pub(super) fn compile(query: &str, dialect: &Dialect) -> Result<(Vec<String>, Vec<Parameter>), TemplateError> {
    let mut compiler = Compiler {
        query,
        dialect,
        rest: query,
        piece: String::new(),
        pieces: Vec::new(),
        parameters: Vec::new(),
        brackets: 0,
    };
    while let Some(next) = compiler.peek() {
        compiler.step(next)?;
    }
    compiler.pieces.push(compiler.piece);
    Ok((compiler.pieces, compiler.parameters))
}

struct Compiler<'q> {
    query: &'q str,
    dialect: &'q Dialect,
    /// The end of the query, not compiled yet.
    rest: &'q str,
    /// The text since the last parameter.
    piece: String,
    pieces: Vec<String>,
    parameters: Vec<Parameter>,
    /// How many `[` are open: SQLite's and others' quotes for names.
    brackets: u32,
}

impl<'q> Compiler<'q> {
    fn step(&mut self, next: char) -> Result<(), TemplateError> {
        match next {
            '\'' => self.literal(),
            '"' | '`' => self.quoted_name(next),
            '-' if self.rest.starts_with("--") => {
                let length = self.rest.find('\n').unwrap_or(self.rest.len());
                self.copy(length);
                Ok(())
            }
            '/' if self.rest.starts_with("/*") => {
                let end = self.rest.find("*/").ok_or(TemplateError::Unclosed("a comment"))?;
                self.copy(end + 2);
                Ok(())
            }
            '%' => self.bare(),
            '?' => Err(TemplateError::Placeholder),
            other => {
                match other {
                    '[' => self.brackets += 1,
                    ']' => self.brackets = self.brackets.saturating_sub(1),
                    _ => {}
                }
                self.copy(other.len_utf8());
                Ok(())
            }
        }
    }

    /// A variable outside of quotes, or `%%`.
    fn bare(&mut self) -> Result<(), TemplateError> {
        let Some(reference) = self.variable()? else {
            self.piece.push('%');
            return Ok(());
        };
        if self.brackets > 0 {
            return Err(TemplateError::InName(reference.to_string()));
        }
        // Behind a point stands the name of a column.
        let joined =
            self.piece.ends_with(|before: char| is_word(before) || before == '.' || before == '"' || before == '`');
        // PostgreSQL's `::type` may follow.
        let joins = |after| after != ':' && is_word(after) || matches!(after, '.' | '%' | '\'' | '"' | '`');
        if joined || self.peek().is_some_and(joins) {
            return Err(TemplateError::PartOfWord(reference.to_string()));
        }
        self.bind(match reference {
            // Text, and a dash where it is not set, as in quotes.
            Reference::Environment { .. } => {
                let mut text = gantry_format::Template::default();
                text.push(reference);
                Parameter::Quoted(text)
            }
            reference => Parameter::Bare(reference),
        });
        Ok(())
    }

    /// A text in single quotes: one parameter where it has variables, SQL as it
    /// stands where it has none.
    fn literal(&mut self) -> Result<(), TemplateError> {
        const OPEN: TemplateError = TemplateError::Unclosed("a quoted text");
        let prefix = self.prefix().to_owned();
        let escapes = prefix.eq_ignore_ascii_case("e");
        let (mut text, mut raw) = (gantry_format::Template::default(), "'".to_owned());
        self.take(1);
        loop {
            match self.peek().ok_or(OPEN)? {
                '\'' if self.rest.starts_with("''") => {
                    self.take(2);
                    text.push_text("'");
                    raw.push_str("''");
                }
                '\'' => {
                    self.take(1);
                    raw.push('\'');
                    break;
                }
                '%' => match self.variable()? {
                    None => {
                        text.push_text("%");
                        raw.push('%');
                    }
                    Some(reference) if is_prefix(&prefix) => {
                        return Err(TemplateError::Prefixed(reference.to_string(), prefix));
                    }
                    Some(reference) => text.push(reference),
                },
                other => {
                    let mut length = other.len_utf8();
                    if escapes && other == '\\' {
                        length += self.rest.chars().nth(1).ok_or(OPEN)?.len_utf8();
                    }
                    let taken = self.take(length);
                    text.push_text(taken);
                    raw.push_str(taken);
                }
            }
        }
        if text.references().next().is_none() {
            self.piece.push_str(&raw);
            return Ok(());
        }
        if self.piece.ends_with(is_word) {
            self.piece.push(' ');
        }
        self.bind(Parameter::Quoted(text));
        // `'%u'0` must not become `?10`.
        if self.peek().is_some_and(|after| is_word(after) || after == '\'') {
            self.piece.push(' ');
        }
        Ok(())
    }

    /// A name in double quotes or backquotes; a doubled quote begins it anew,
    /// which comes to the same.
    fn quoted_name(&mut self, quote: char) -> Result<(), TemplateError> {
        let taken = self.take(1);
        self.piece.push_str(taken);
        loop {
            let next = self.peek().ok_or(TemplateError::Unclosed("a quoted name"))?;
            if next == '%' {
                match self.variable()? {
                    None => self.piece.push('%'),
                    Some(reference) => return Err(TemplateError::InName(reference.to_string())),
                }
                continue;
            }
            self.copy(next.len_utf8());
            if next == quote {
                return Ok(());
            }
        }
    }

    /// Takes a variable; none for `%%`.
    fn variable(&mut self) -> Result<Option<Reference>, TemplateError> {
        let (reference, end) = self.dialect.take(self.query, self.query.len() - self.rest.len())?;
        self.rest = self.query.get(end..).unwrap_or_default();
        Ok(reference)
    }

    fn bind(&mut self, parameter: Parameter) {
        self.pieces.push(std::mem::take(&mut self.piece));
        self.parameters.push(parameter);
    }

    /// The word that a literal's quote follows at once.
    fn prefix(&self) -> &str {
        let begin = self.piece.char_indices().rev().take_while(|(_, letter)| is_word(*letter) || *letter == '&').last();
        begin.and_then(|(at, _)| self.piece.get(at..)).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes bytes of the query; all of them where it has fewer.
    fn take(&mut self, length: usize) -> &'q str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn copy(&mut self, length: usize) {
        let taken = self.take(length);
        self.piece.push_str(taken);
    }
}

/// Whether a character can stand in an unquoted name or a number.
fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '@' | ':' | '#') || !letter.is_ascii()
}

/// E, B, X, N, U& and MySQL's `_utf8`; a keyword such as LIKE is none.
fn is_prefix(word: &str) -> bool {
    word.chars().count() == 1 || word.ends_with('&') || word.starts_with('_')
}
