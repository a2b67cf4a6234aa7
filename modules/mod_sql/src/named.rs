//! SQLNamedQuery: a query's text from its parts, by its type.

use serde::Deserialize;

use crate::names::{self, NameError};
use crate::template::{Template, TemplateError};
use crate::variables::{Place, Unavailable};

/// A SQLNamedQuery line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct QueryLine {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Its substance.
    pub query: String,
    /// The table, of INSERT and UPDATE.
    #[serde(default)]
    pub table: Option<String>,
    /// The SQLNamedConnectInfo that it goes to.
    #[serde(default)]
    pub connection: Option<String>,
}

/// What a query does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// Reads: what follows the word SELECT.
    Select,
    /// Adds a row: what stands in VALUES (...).
    Insert,
    /// Changes rows: what follows SET.
    Update,
    /// Goes to the database as it stands.
    Freeform,
}

/// Why a SQLNamedQuery is refused. All of these are the configuration's fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Too few or too many words.
    #[error("wrong number of parameters: expected {0}")]
    Words(&'static str),
    /// No such type.
    #[error("unknown query type '{0}': expected SELECT, INSERT, UPDATE or FREEFORM")]
    Kind(String),
    /// It cannot be a table.
    #[error("query '{name}': '{table}' {error}")]
    Table {
        /// The query.
        name: String,
        /// The word.
        table: String,
        /// Why.
        error: NameError,
    },
    /// The text is refused.
    #[error("query '{name}': {error}")]
    Template {
        /// The query.
        name: String,
        /// Why.
        error: TemplateError,
    },
}

/// Why a named query cannot be used by a directive.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It writes nothing.
    #[error("a SELECT query cannot be used for logging")]
    ForLog,
    /// It reads nothing.
    #[error("a SELECT query is needed")]
    ForLookup,
    /// A variable in it has no value there.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl QueryError {
    /// The word of the line, or the part of it, that is wrong.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Words(_) => None,
            Self::Kind(word) | Self::Table { table: word, .. } => Some(word),
            Self::Template { error, .. } => error.word(),
        }
    }
}

/// Whether a use fits a query.
pub type Judge = fn(Kind, &Template) -> Result<(), Unfit>;

impl Kind {
    /// As SQLNamedQuery writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Freeform => "FREEFORM",
        }
    }

    /// Whether SQLLog can use such a query.
    pub fn fits_log(self, template: &Template) -> Result<(), Unfit> {
        if self == Self::Select {
            return Err(Unfit::ForLog);
        }
        Ok(template.check(Place::Command)?)
    }

    /// Whether users or groups can be looked up by such a query. FREEFORM may be a SELECT
    /// that the other type cannot express.
    pub fn fits_lookup(self, template: &Template) -> Result<(), Unfit> {
        if !self.reads() {
            return Err(Unfit::ForLookup);
        }
        Ok(template.check(Place::Lookup)?)
    }

    /// Whether the key of a user or group can be looked up by such a query.
    pub fn fits_key(self, template: &Template) -> Result<(), Unfit> {
        if !self.reads() {
            return Err(Unfit::ForLookup);
        }
        Ok(template.check(Place::Key)?)
    }

    /// Whether it can give a row.
    pub fn reads(self) -> bool {
        matches!(self, Self::Select | Self::Freeform)
    }
}

impl QueryLine {
    /// Reads the words behind SQLNamedQuery.
    pub fn read(words: &[&str]) -> Result<Self, QueryError> {
        let [name, kind, query, rest @ ..] = words else { return Err(QueryError::Words("3 to 5")) };
        let all = [Kind::Select, Kind::Insert, Kind::Update, Kind::Freeform];
        let found = all.into_iter().find(|known| known.word().eq_ignore_ascii_case(kind));
        let kind = found.ok_or_else(|| QueryError::Kind((*kind).to_owned()))?;
        let (table, connection) = match (kind.reads(), rest) {
            (true, []) => (None, None),
            (true, [connection]) => (None, Some(connection)),
            (true, _) => return Err(QueryError::Words("3 or 4")),
            (false, [table]) => (Some(table), None),
            (false, [table, connection]) => (Some(table), Some(connection)),
            (false, _) => return Err(QueryError::Words("4 or 5, with the table as the fourth")),
        };
        let owned = |word: &&str| (*word).to_owned();
        Ok(Self {
            name: owned(name),
            kind,
            query: owned(query),
            table: table.map(owned),
            connection: connection.map(owned),
        })
    }

    /// The first word of the statement, if the query has it a second time.
    pub fn doubled_word(&self) -> Option<&'static str> {
        let first = self.query.split_whitespace().next()?;
        let is_doubled = self.kind != Kind::Freeform && first.eq_ignore_ascii_case(self.kind.word());
        is_doubled.then(|| self.kind.word())
    }

    /// Compiles the whole statement.
    pub fn compile(&self) -> Result<Template, QueryError> {
        let table = self.table.as_deref().unwrap_or_default();
        if let Some(Err(error)) = self.table.as_deref().map(names::table) {
            return Err(QueryError::Table { name: self.name.clone(), table: table.to_owned(), error });
        }
        let query = &self.query;
        let (before, after) = match self.kind {
            Kind::Select => ("SELECT ".to_owned(), ""),
            Kind::Insert => (format!("INSERT INTO {table} VALUES ("), ")"),
            Kind::Update => (format!("UPDATE {table} SET "), ""),
            Kind::Freeform => (String::new(), ""),
        };
        let template = Template::compile(&format!("{before}{query}{after}"));
        template.map_err(|error| {
            let error = error.without(before.chars().count());
            QueryError::Template { name: self.name.clone(), error }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::{Lookup, login};

    fn sql(words: &[&str]) -> String {
        let template = QueryLine::read(words).unwrap().compile().unwrap();
        template.fill(&Lookup { request: &login("joe"), argument: "" }).unwrap().pieces.join("?")
    }

    #[test]
    fn statements_are_made_as_the_manual_shows() {
        assert_eq!(
            sql(&["count", "SELECT", "count from users where userid='%u'"]),
            "SELECT count from users where userid=?"
        );
        assert_eq!(
            sql(&["up", "update", "count=count+1 WHERE userid='%u'", "users"]),
            "UPDATE users SET count=count+1 WHERE userid=?"
        );
        assert_eq!(sql(&["log", "INSERT", "now(), '%u'", "accesslog"]), "INSERT INTO accesslog VALUES (now(), ?)");
        assert_eq!(sql(&["free", "FREEFORM", "DELETE FROM t WHERE u='%u'", "logdb"]), "DELETE FROM t WHERE u=?");
    }

    #[test]
    fn faults_name_the_query() {
        assert_eq!(QueryLine::read(&["q", "DELETE", "x"]).unwrap_err(), QueryError::Kind("DELETE".to_owned()));
        assert!(matches!(QueryLine::read(&["q", "INSERT", "x"]), Err(QueryError::Words(_))));
        let error = QueryLine::read(&["q", "SELECT", "%y"]).unwrap().compile().unwrap_err();
        assert_eq!(error.to_string(), "query 'q': unknown variable '%y' at column 1 (a percent sign is written %%)");
        assert!(QueryLine::read(&["q", "INSERT", "1", "t%u"]).unwrap().compile().is_err());
        let doubled = |words: &[&str]| QueryLine::read(words).unwrap().doubled_word();
        assert_eq!(doubled(&["q", "SELECT", " select 1"]), Some("SELECT"));
        assert_eq!(doubled(&["q", "UPDATE", "UPDATE t SET a = 1", "t"]), Some("UPDATE"));
        assert_eq!(
            (doubled(&["q", "SELECT", "selected FROM t"]), doubled(&["q", "FREEFORM", "SELECT 1"])),
            (None, None)
        );
    }
}
