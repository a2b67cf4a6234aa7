//! Checks what clients send against the filters of the configuration, before a command runs. A
//! pattern that cannot be matched refuses.

use gantry_api::log::Level;
use gantry_api::{Command, Error, PathArgument, Result, Verb, VirtualPath};
use gantry_config::Limit;
use gantry_pattern::Pattern;

use crate::gate::{LimitFacts, Rules};
use crate::log::say;
use crate::settings::Filters;

/// The filters in the `<Limit>` sections of a scope.
#[derive(Debug, Clone, Default)]
pub struct LimitFilters(Vec<LimitFilter>);

#[derive(Debug, Clone)]
struct LimitFilter {
    commands: Vec<String>,
    allow: Option<Pattern>,
    deny: Option<Pattern>,
}

impl LimitFilters {
    /// The filters of these limits.
    pub fn of<'l>(limits: impl Iterator<Item = &'l Limit>) -> Self {
        let found = limits.filter_map(|limit| {
            let pattern = |name| limit.settings.entry(name).and_then(|value| value.extract::<Pattern>().ok());
            let (allow, deny) = (pattern("AllowFilter"), pattern("DenyFilter"));
            let given = allow.is_some() || deny.is_some();
            given.then(|| LimitFilter { commands: limit.commands.clone(), allow, deny })
        });
        Self(found.collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What the filters of a scope check.
pub struct Request<'a> {
    /// The command.
    pub command: &'a Command,
    /// Which part of its argument is a path.
    pub path: PathArgument,
    /// The facts that `<Limit>` uses.
    pub facts: &'a LimitFacts,
    /// The session's working directory.
    pub cwd: &'a VirtualPath,
}

/// Refuses a command whose argument does not pass the filters of a scope and its limits.
///
/// # Errors
/// The client's.
pub fn check(filters: &Filters, limits: &LimitFilters, request: &Request<'_>) -> Result<()> {
    let Request { command, .. } = request;
    if command.verb == Verb::PASS {
        return Ok(());
    }
    if !command.argument.is_empty() {
        let argument = argument(command);
        let own = limits.0.iter().filter(|limit| Rules::name(&limit.commands, command.verb, request.facts.groups));
        let own = own.map(|limit| (&limit.allow, &limit.deny));
        for (allow, deny) in own.chain([(&filters.allow, &filters.deny)]) {
            let refusal = || forbidden(&argument, "command argument");
            judge(("AllowFilter", allow.as_ref()), true, &[&argument], command, refusal)?;
            judge(("DenyFilter", deny.as_ref()), false, &[&argument], command, refusal)?;
        }
    }
    check_path(filters, request)
}

/// Checks the paths of commands that change something.
fn check_path(filters: &Filters, request: &Request<'_>) -> Result<()> {
    let Request { command, path, facts, cwd } = request;
    if filters.path_allow.is_none() && filters.path_deny.is_none() {
        return Ok(());
    }
    if !facts.groups.contains_name("WRITE") && command.verb != Verb::RNFR {
        return Ok(());
    }
    let given = match (path, command.verb) {
        // The name is chosen later; this stands for it.
        (_, Verb::STOU) => b"ftpaaaaaa",
        (PathArgument::None, _) => return Ok(()),
        (which, _) => which.of(&command.argument),
    };
    if given.is_empty() {
        return Ok(());
    }
    let whole = cwd.join(given);
    let uploads = matches!(command.verb, Verb::STOR | Verb::APPE | Verb::STOU);
    let seen = if uploads { whole.as_bytes() } else { given };
    let refusal = || forbidden(given, "filename");
    judge(("PathAllowFilter", filters.path_allow.as_ref()), true, &[seen], command, refusal)?;
    judge(("PathDenyFilter", filters.path_deny.as_ref()), false, &[given, whole.as_bytes()], command, refusal)
}

/// Refuses a text that does not pass: an allowing filter must match, a denying one must not.
fn judge(
    filter: (&str, Option<&Pattern>),
    wanted: bool,
    texts: &[&[u8]],
    command: &Command,
    refusal: impl Fn() -> Error,
) -> Result<()> {
    let (directive, Some(pattern)) = filter else { return Ok(()) };
    if texts.iter().all(|text| pattern.matches(text) == Some(wanted)) {
        return Ok(());
    }
    say(Level::Info, format_args!("'{command}' denied by {directive}"));
    Err(refusal())
}

/// In ProFTPD's words.
fn forbidden(text: &[u8], what: &str) -> Error {
    Error::client(550, format!("{}: Forbidden {what}", String::from_utf8_lossy(text)))
}

/// The argument; that of a SITE command begins with its name.
fn argument(command: &Command) -> Vec<u8> {
    match command.verb.name().strip_prefix("SITE_") {
        Some(name) => [name.as_bytes(), b" ", &command.argument].concat(),
        None => command.argument.clone(),
    }
}
