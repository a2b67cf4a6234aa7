//! Checking a configuration: what modules find in its lines once all of them have been
//! read and before anything starts, and what they will offer each other. `gantryd -t`,
//! the start and a reload report it like any other fault, at its line.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::guard;
use crate::ids::ServerId;
use crate::nearest::nearest;
use crate::service::SqlConnect;
use crate::settings::typed;
use crate::start::{ScopeAtStart, ScopeKind};
use crate::variable::Variable;

/// A service that a module will publish once it has started. Other modules' checks go by
/// it, because nothing is published yet.
#[derive(Clone)]
#[non_exhaustive]
pub enum Offer {
    /// It knows users of a server ([`crate::service::Authenticator`]).
    Authenticator(ServerId),
    /// It keeps quota tables of this kind ([`crate::quota::QuotaSource`]).
    QuotaSource(String),
    /// It is the back end for a kind of database ([`crate::service::SqlBackend`]).
    SqlBackend(SqlBackendOffer),
    /// It runs a server's named query ([`crate::service::SqlQueries`]).
    SqlQuery(ServerId, String),
    /// It judges passwords of a type in a server's SQLAuthTypes
    /// ([`crate::service::SqlPasswords`]).
    SqlPasswords(ServerId, String),
    /// It is the store of this name ([`crate::store::Store`]).
    Store(String),
}

impl Offer {
    /// A back end, by its name in SQLBackend. `judge` fails with what is wrong in a
    /// SQLConnectInfo, and otherwise returns what the administrator should know of it, such as
    /// a parameter without effect. It must not connect.
    pub fn sql_backend(name: &str, judge: fn(&SqlConnect) -> Result<Vec<String>>) -> Self {
        let module = name.to_owned();
        let judge = move |connect: &SqlConnect| guard::call(&module, || judge(connect));
        Self::SqlBackend(SqlBackendOffer { name: name.to_owned(), judge: Arc::new(judge) })
    }

    /// The name, if it is a store.
    pub fn store(&self) -> Option<&str> {
        match self {
            Self::Store(name) => Some(name),
            _ => None,
        }
    }

    /// The kind of quota tables that it keeps, if it does.
    pub fn quota_source(&self) -> Option<&str> {
        match self {
            Self::QuotaSource(name) => Some(name),
            _ => None,
        }
    }

    /// The back end, if it is one.
    pub fn backend(&self) -> Option<&SqlBackendOffer> {
        match self {
            Self::SqlBackend(backend) => Some(backend),
            _ => None,
        }
    }
}

type Judge = dyn Fn(&SqlConnect) -> Result<Vec<String>> + Send + Sync;

/// A database back end that there will be.
#[derive(Clone)]
pub struct SqlBackendOffer {
    /// Its name in SQLBackend.
    pub name: String,
    /// Runs in the image of the back end, and is guarded there.
    judge: Arc<Judge>,
}

impl SqlBackendOffer {
    /// Judges a database as the configuration describes it, without connecting. Returns
    /// notices.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn judge(&self, connect: &SqlConnect) -> Result<Vec<String>> {
        (self.judge)(connect)
    }
}

impl fmt::Debug for SqlBackendOffer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("SqlBackendOffer").field(&self.name).finish()
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticator(server) => out.debug_tuple("Authenticator").field(server).finish(),
            Self::QuotaSource(name) => out.debug_tuple("QuotaSource").field(name).finish(),
            Self::SqlBackend(backend) => backend.fmt(out),
            Self::SqlQuery(server, name) => out.debug_tuple("SqlQuery").field(server).field(name).finish(),
            Self::SqlPasswords(server, name) => out.debug_tuple("SqlPasswords").field(server).field(name).finish(),
            Self::Store(name) => out.debug_tuple("Store").field(name).finish(),
        }
    }
}

/// The scopes of a configuration, with one module's settings in each.
#[derive(Clone, Copy)]
pub struct Scopes<'a>(&'a [ScopeAtStart<'a>]);

/// One of them.
pub struct CheckedScope<'a, S> {
    /// Its server.
    pub server: ServerId,
    /// What it is: a server, or a section in one.
    pub kind: &'a ScopeKind,
    /// The module's settings.
    pub settings: &'a S,
    number: usize,
}

impl<'a> Scopes<'a> {
    /// Made by the server for each module.
    pub fn new(scopes: &'a [ScopeAtStart<'a>]) -> Self {
        Self(scopes)
    }

    /// The servers.
    ///
    /// # Panics
    /// When `S` is neither the type that `module!` names nor a part of it: the module's fault.
    pub fn servers<S: 'static>(&self) -> impl Iterator<Item = CheckedScope<'a, S>> + use<'a, S> {
        self.all().filter(|scope| *scope.kind == ScopeKind::Server)
    }

    /// All scopes: each server, followed by its sections. A section's settings include
    /// those of its server; the same finding at the same line is reported once.
    ///
    /// # Panics
    /// When `S` is neither the type that `module!` names nor a part of it: the module's fault.
    pub fn all<S: 'static>(&self) -> impl Iterator<Item = CheckedScope<'a, S>> + use<'a, S> {
        self.0.iter().enumerate().map(|(number, scope)| CheckedScope {
            server: scope.server,
            kind: scope.kind,
            settings: typed(scope.settings),
            number,
        })
    }
}

impl<S> CheckedScope<'_, S> {
    /// The line of a directive that holds here; of several, the last. If there is none,
    /// the line at which the section begins.
    pub fn line(&self, directive: &'static str) -> Line {
        Line { scope: self.number, directive, number: None, word: None }
    }

    /// One of the lines of a directive whose values add up, by its place in the list.
    pub fn nth_line(&self, directive: &'static str, number: usize) -> Line {
        Line { number: Some(number), ..self.line(directive) }
    }
}

/// A line of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The position of its scope among all.
    pub scope: usize,
    /// The directive.
    pub directive: &'static str,
    /// Which of the directive's lines; the last one without it.
    pub number: Option<usize>,
    /// The text in it that is marked.
    pub word: Option<String>,
}

impl Line {
    /// Marks a text in the line; without one, the mark is at the directive.
    #[must_use]
    pub fn at(mut self, word: &str) -> Self {
        self.word = Some(word.to_owned());
        self
    }
}

/// Whether a finding keeps the configuration from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It does.
    Fault,
    /// It does not.
    Notice,
}

/// What a module found at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line.
    pub line: Line,
    /// Its weight.
    pub weight: Weight,
    /// What is wrong.
    pub text: String,
    /// Hints, one per line.
    pub help: Vec<String>,
}

impl Finding {
    /// Adds a hint.
    pub fn help(&mut self, line: impl Into<String>) -> &mut Self {
        self.help.push(line.into());
        self
    }

    /// Adds a hint with those of the existing names that are similar to a wrong one.
    pub fn suggest<N: Into<String>>(&mut self, name: &str, existing: impl IntoIterator<Item = N>) -> &mut Self {
        let existing: Vec<String> = existing.into_iter().map(Into::into).collect();
        let near = nearest(name, &existing);
        if !near.is_empty() {
            self.help.push(format!("Did you mean: {}", near.join(", ")));
        }
        self
    }
}

/// What the modules of a configuration bring, before any of them starts.
#[derive(Debug, Clone, Copy)]
pub struct Outlook<'a> {
    /// The modules in order, each with its offers.
    pub modules: &'a [(&'a str, Vec<Offer>)],
    /// The variables that they contribute.
    pub variables: &'a [Variable],
    /// The directives with a line that was refused, and is not in the settings.
    pub refused: &'a [String],
}

/// What [`Module::check`](crate::Module::check) has at hand, and what it finds.
pub struct Check<'a> {
    scopes: Scopes<'a>,
    outlook: Outlook<'a>,
    findings: Vec<Finding>,
}

impl<'a> Check<'a> {
    /// Made by the server for each module.
    pub fn new(scopes: Scopes<'a>, outlook: Outlook<'a>) -> Self {
        Self { scopes, outlook, findings: Vec::new() }
    }

    /// The scopes of the configuration, with this module's settings in each.
    pub fn scopes(&self) -> Scopes<'a> {
        self.scopes
    }

    /// The modules of the configuration, in order.
    pub fn modules(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.outlook.modules.iter().map(|(module, _)| *module)
    }

    /// What modules offer, each with the module's name.
    pub fn offers(&self) -> impl Iterator<Item = (&'a str, &'a Offer)> + use<'a> {
        self.outlook.modules.iter().flat_map(|(module, offers)| offers.iter().map(|offer| (*module, offer)))
    }

    /// The variables that modules contribute.
    pub fn variables(&self) -> &'a [Variable] {
        self.outlook.variables
    }

    /// Whether all lines of a directive are in the settings. If one was refused, what
    /// seems to be missing may be in it: do not report that as well.
    pub fn has_all(&self, directive: &str) -> bool {
        self.outlook.refused.iter().all(|refused| !refused.eq_ignore_ascii_case(directive))
    }

    /// Reports a fault: the configuration is refused.
    pub fn fault(&mut self, line: Line, text: impl Into<String>) -> &mut Finding {
        self.add(Weight::Fault, line, text.into())
    }

    /// Reports something that the administrator should know; the configuration is used.
    pub fn notice(&mut self, line: Line, text: impl Into<String>) -> &mut Finding {
        self.add(Weight::Notice, line, text.into())
    }

    /// What was found; for the server.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    fn add(&mut self, weight: Weight, line: Line, text: String) -> &mut Finding {
        let at = self.findings.len();
        self.findings.push(Finding { line, weight, text, help: Vec::new() });
        &mut self.findings[at]
    }
}
