//! Reads the lines of all files in order and builds the tree. Each directive is checked
//! when it is read, against the modules present at its line. All faults are collected; a
//! fault never stops the reading.

mod at;
mod directives;
mod report;
mod sections;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::{Contexts, parse};

use crate::build;
use crate::catalogue::Catalogue;
use crate::class;
use crate::condition::{ConditionKind, Conditions};
use crate::configuration::Configuration;
use crate::env;
use crate::error::{Fault, Faults, Notice, Problem};
use crate::file;
use crate::lexer::{Form, Line, Lines};
use crate::overrides::{Override, Overriding};
use crate::position::Position;
use crate::stack::Stack;
use crate::texts::Texts;
use crate::toml_lines;
use crate::tree::{Argument, Node};
use at::At;

/// Additions to the configuration, for example from the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Names for `<IfDefine>`, as if defined with `Define`.
    pub defines: Vec<String>,
    /// Overrides for directives of the main server; those of one layer in order.
    pub overrides: Vec<Override>,
    /// Texts that are read after the file, as if they were at its end.
    pub additions: Vec<Addition>,
    /// Texts that were read before; they are used instead of the files.
    pub again: Option<Arc<Texts>>,
}

/// Directives that are not in a file. Only those of one module are allowed: permission
/// to add a module does not include permission to change anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Its name in messages.
    pub name: String,
    /// The module (`mod_x`).
    pub module: String,
    /// Its lines.
    pub text: String,
}

/// A configuration, and what is wrong with it.
#[derive(Debug)]
pub struct Reading {
    /// What the lines without faults mean.
    pub configuration: Configuration,
    /// All faults, in the order of their lines.
    pub faults: Vec<Fault>,
}

impl Reading {
    /// The configuration, if it can be used.
    ///
    /// # Errors
    /// All faults.
    pub fn into_result(self) -> Result<Configuration, Faults> {
        if self.faults.is_empty() { Ok(self.configuration) } else { Err(Faults(self.faults)) }
    }
}

/// Reads a configuration file and all files that it includes.
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path, catalogue: &mut dyn Catalogue, options: &Options) -> Result<Reading, Faults> {
    let mut reader = Reader::new(catalogue, options);
    if let Err(reason) = reader.file(path) {
        return Err(Fault::general(Problem::Unreadable { path: path.to_owned(), reason: file::reason(&reason) }).into());
    }
    for Addition { name, module, text } in &options.additions {
        reader.only = Some(module.clone());
        reader.text(Path::new(name).into(), text);
    }
    reader.only = None;
    Ok(reader.finish(path, options))
}

/// Reads a configuration from a text that messages call `name`.
///
/// # Errors
/// All faults, in the order of their lines.
pub fn parse_text(
    name: &str,
    text: &str,
    catalogue: &mut dyn Catalogue,
    options: &Options,
) -> Result<Configuration, Faults> {
    let mut reader = Reader::new(catalogue, options);
    reader.text(Path::new(name).into(), text);
    reader.finish(Path::new(name), options).into_result()
}

/// Reads a file for a report, even if it has faults.
pub(crate) fn survey(path: &Path, catalogue: &mut dyn Catalogue, options: &Options) -> std::io::Result<Survey> {
    let mut reader = Reader { skipped: Some(Vec::new()), ..Reader::new(catalogue, options) };
    reader.file(path)?;
    let tree = reader.close(path);
    let Reader { faults, notices, left_out, absent, skipped, files, texts, .. } = reader;
    let mut read: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for file in files {
        if let Some(bytes) = texts.file(&file).filter(|_| !read.iter().any(|(known, _)| *known == file)) {
            read.push((file, bytes));
        }
    }
    Ok(Survey { tree, faults, notices, left_out, absent, skipped: skipped.unwrap_or_default(), texts: read })
}

/// The contents of a file, for a report.
pub(crate) struct Survey {
    pub(crate) tree: Vec<Node>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) notices: Vec<Notice>,
    /// `<IfModule>` sections that were skipped: the module, and the place.
    pub(crate) left_out: Vec<(String, Position)>,
    /// ProFTPD's modules that LoadModule names and Gantry does not have, with their places.
    pub(crate) absent: Vec<(String, Position)>,
    /// The lines in them.
    pub(crate) skipped: Vec<SkippedLine>,
    /// The files, the main one first, with their bytes.
    pub(crate) texts: Vec<(PathBuf, Vec<u8>)>,
}

/// A line in an `<IfModule>` section whose module is not present.
pub(crate) struct SkippedLine {
    /// The module.
    pub(crate) module: String,
    /// The line's name; a section's with its brackets.
    pub(crate) name: String,
    pub(crate) position: Position,
    /// The number of faults found before it.
    pub(crate) faults_before: usize,
}

/// Reads a `.ftpaccess` file.
///
/// # Errors
/// All faults, in the order of their lines.
pub(crate) fn read_ftpaccess(path: &Path, bytes: Vec<u8>, catalogue: &mut dyn Catalogue) -> Result<Vec<Node>, Faults> {
    let mut reader = Reader::new(catalogue, &Options::default());
    (reader.stack, reader.trust) = (Stack::new(Contexts::FTPACCESS), Trust::User);
    reader.decoded(path, bytes);
    let tree = reader.close(path);
    if reader.faults.is_empty() { Ok(tree) } else { Err(Faults(reader.faults)) }
}

/// Whose text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// The administrator's, which may name files, modules and environment variables.
    Administrator,
    /// A user's.
    User,
}

/// IncludeOptions.
#[derive(Debug, Clone, Copy, Default)]
struct IncludeOptions {
    ignore_temporary: bool,
    ignore_wildcards: bool,
}

/// The state while lines are read.
struct Reader<'c> {
    catalogue: &'c mut dyn Catalogue,
    defines: HashSet<String>,
    stack: Stack,
    faults: Vec<Fault>,
    notices: Vec<Notice>,
    files: Vec<PathBuf>,
    /// The open files, the outermost first.
    open: Vec<PathBuf>,
    /// Modules whose LoadModule failed; their directives are not reported as well.
    failed: HashSet<String>,
    bytes_left: u64,
    trust: Trust,
    /// The `<IfModule>` sections whose module is not present.
    left_out: Vec<(String, Position)>,
    /// ProFTPD's modules that LoadModule names and Gantry does not have.
    absent: Vec<(String, Position)>,
    /// What SetEnv and UnsetEnv say so far: the values of variables, none of those that are removed.
    environment: HashMap<String, Option<String>>,
    /// IncludeOptions so far.
    include_options: IncludeOptions,
    /// The only module whose directives are allowed here, if there is such a limit.
    only: Option<String>,
    /// Texts that were read before and are used again.
    again: Option<Arc<Texts>>,
    /// Texts that have been read.
    texts: Texts,
    /// The lines in skipped sections, if they are wanted.
    skipped: Option<Vec<SkippedLine>>,
    /// Whether the lines being skipped are in the last of these sections.
    in_left_out: bool,
}

impl<'c> Reader<'c> {
    fn new(catalogue: &'c mut dyn Catalogue, options: &Options) -> Self {
        Self {
            catalogue,
            defines: options.defines.iter().cloned().collect(),
            stack: Stack::new(Contexts::SERVER),
            faults: Vec::new(),
            notices: Vec::new(),
            files: Vec::new(),
            open: Vec::new(),
            failed: HashSet::new(),
            bytes_left: file::MOST_BYTES,
            trust: Trust::Administrator,
            left_out: Vec::new(),
            absent: Vec::new(),
            environment: HashMap::new(),
            include_options: IncludeOptions::default(),
            only: None,
            again: options.again.clone(),
            texts: Texts::default(),
            skipped: None,
            in_left_out: false,
        }
    }

    fn finish(mut self, path: &Path, options: &Options) -> Reading {
        let tree = self.close(path);
        let overriding = self.overrides(&options.overrides);
        self.whole(&tree, &overriding);
        let start = Position::in_file(path, 1, 1);
        let servers = build::servers(&tree, &overriding, &start);
        let classes = class::classes(&tree);
        let texts = Arc::new(self.texts);
        let configuration = Configuration { servers, classes, files: self.files, notices: self.notices, tree, texts };
        Reading { configuration, faults: self.faults }
    }

    /// What is wrong with the lines together, with all modules there.
    fn whole(&mut self, tree: &[Node], overriding: &Overriding) {
        let overrides: Vec<&Node> = overriding.environment.iter().chain(&overriding.command_line).collect();
        let found = self.catalogue.check(tree, &overrides);
        // Do not report consequences of a module that could not be loaded.
        let follows = |fault: &Fault| fault.modules.iter().any(|module| self.failed.contains(module));
        let found = found.into_iter().filter(|fault| !follows(fault)).collect();
        for fault in Faults(found).with_sources().0 {
            self.push(fault);
        }
    }

    /// The tree; sections that are still open are faults.
    fn close(&mut self, path: &Path) -> Vec<Node> {
        let (tree, unclosed) = self.stack.finish();
        for (name, position, source) in unclosed {
            let help = format!("'<{name}>' on {position} is not closed: add the line '</{name}>'");
            let fault = Fault::at(Problem::Unclosed(path.to_owned()), &position).help(help);
            self.push(Fault { source_line: Some(source), ..fault });
        }
        tree
    }

    /// Reads what overrides the files, with the directives that there are at
    /// their end.
    fn overrides(&mut self, overrides: &[Override]) -> Overriding {
        let (environment, command_line): (Vec<_>, Vec<_>) = overrides.iter().partition(|one| one.is_environment());
        for one in &environment {
            let beaten = command_line.iter().any(|other| other.directive.eq_ignore_ascii_case(&one.directive));
            if !beaten && let Some(directive) = self.catalogue.directive(&one.directive) {
                self.notices.push(one.notice(directive.name));
            }
        }
        let mut layer = |overrides: Vec<&Override>| {
            overrides.into_iter().for_each(|one| self.override_with(one));
            self.stack.finish().0
        };
        Overriding { environment: layer(environment), command_line: layer(command_line) }
    }

    fn file(&mut self, path: &Path) -> std::io::Result<()> {
        let before = self.again.as_ref().and_then(|texts| texts.file(path));
        let bytes = before.map_or_else(|| file::load(path, self.bytes_left), Ok)?;
        self.texts.keep_file(path, &bytes);
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
        self.files.push(path.to_owned());
        self.open.push(real(path));
        self.decoded(path, bytes);
        self.open.pop();
        Ok(())
    }

    fn decoded(&mut self, path: &Path, bytes: Vec<u8>) {
        let file: Arc<Path> = path.into();
        let decoded = file::decode(bytes);
        for bad in decoded.bad {
            let position = Position::in_file(Arc::clone(&file), bad.line, bad.column);
            let fault = Fault::at(Problem::Text(bad.problem), &position);
            self.push(Fault { source_line: Some(bad.source), ..fault });
        }
        self.text(file, &decoded.text);
    }

    fn text(&mut self, file: Arc<Path>, text: &str) {
        if file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
            return self.toml(file, text);
        }
        let mut conditions = Conditions::default();
        let mut lines = Lines::new(text);
        for line in lines.by_ref() {
            if self.is_full() {
                return;
            }
            self.line(&file, line, &mut conditions);
        }
        if let Some(condition) = conditions.unclosed() {
            let name = condition.kind.name();
            let position = Position::in_file(file, lines.last_number(), 1);
            let help = format!("'<{name}>' on line {} is not closed: add the line '</{name}>'", condition.line);
            self.push(Fault::at(Problem::UnclosedCondition(name), &position).help(help));
        }
    }

    fn toml(&mut self, file: Arc<Path>, text: &str) {
        let mut conditions = Conditions::default();
        match toml_lines::lines(text) {
            Ok(lines) => {
                for line in lines {
                    if self.is_full() {
                        return;
                    }
                    self.line(&file, line, &mut conditions);
                }
            }
            Err(places) => places.into_iter().for_each(|wrong| {
                let position = Position::in_file(Arc::clone(&file), wrong.line, wrong.column);
                let at = At { position, source: wrong.source, arguments: &[] };
                self.no_toml(&at, wrong.message, wrong.repeats);
            }),
        }
    }

    fn line(&mut self, file: &Arc<Path>, mut line: Line<'_>, conditions: &mut Conditions) {
        let position = Position::in_file(Arc::clone(file), line.name.line, line.name.column);
        if conditions.met() && self.trust == Trust::Administrator {
            self.expand(&mut line.arguments, &position);
        }
        let at = At { position, source: line.source, arguments: &line.arguments };
        let name = line.name.text.as_str();
        match (line.form, ConditionKind::of(name)) {
            (Form::Open, Some(kind)) => self.open_condition(kind, &at, conditions),
            (Form::Close, Some(kind)) => self.close_condition(kind, &at, conditions),
            _ if !conditions.met() => self.skip(name, line.form, &at),
            (Form::Directive, _) => self.directive(name, &at),
            (Form::Open | Form::Close, _) if self.only.is_some() => self.not_its_own(&format!("<{name}>"), &at),
            (Form::Open, _) => self.open_section(name, &at),
            (Form::Close, _) => self.close_section(name, &at),
            (Form::Unended, _) => self.unended(name, &at),
            (Form::Switch, _) => self.switch(name, &at),
            (Form::Table, _) => self.unknown_table(name, &at),
            (Form::Misfit(reason), _) => self.misfit(name, reason, &at),
        }
    }

    /// Records a skipped line, unless it only turns something off that is not there anyway.
    fn skip(&mut self, name: &str, form: Form, at: &At<'_>) {
        if matches!(at.arguments, [only] if parse::switch(&only.text) == Some(false)) {
            return;
        }
        let name = match form {
            Form::Directive | Form::Switch => name.to_owned(),
            Form::Open => format!("<{name}>"),
            _ => return,
        };
        let (Some(skipped), Some((module, _)), true) = (&mut self.skipped, self.left_out.last(), self.in_left_out)
        else {
            return;
        };
        let (module, position) = (module.clone(), at.position.clone());
        skipped.push(SkippedLine { module, name, position, faults_before: self.faults.len() });
    }

    fn expand(&mut self, arguments: &mut [Argument], position: &Position) {
        for argument in arguments {
            let look_up = |name: &str| match self.environment.get(name) {
                Some(value) => value.clone(),
                None => std::env::var(name).ok(),
            };
            let (text, unset) = env::expand(&argument.text, &look_up);
            if let std::borrow::Cow::Owned(text) = text {
                argument.text = text;
            }
            let notice =
                |name| Notice { text: format!("environment variable '{name}' is not set"), position: position.clone() };
            self.notices.extend(unset.into_iter().map(notice));
        }
    }
}

/// The resolved path, which identifies a file.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
