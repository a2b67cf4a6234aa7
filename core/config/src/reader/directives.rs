//! Handles directives: those of modules, and the four that the reader itself obeys.

use std::io;
use std::path::Path;

use gantry_api::{Contexts, Inherits, ParseError, Value};

use super::at::At;
use super::report::suggested;
use super::{Reader, Trust, real};
use crate::catalogue::LoadFailure;
use crate::error::{Fault, Problem};
use crate::file::NOT_UTF8;
use crate::layers::LAST_COUNTS;
use crate::overrides::Override;
use crate::tree::{Content, Node};
use crate::{file, include, lexer, proftpd};

/// The directives that the reader itself obeys.
const OWN: [&str; 5] = ["Include", "Define", "LoadModule", "ModulePath", "IncludeOptions"];

/// Directives that the catalogue handles at their line, because later would be too late.
const ACTED_ON: [&str; 2] = ["LoadFile", "ModuleSigners"];

/// The most files open at once, each included by the previous one.
const MOST_OPEN: usize = 64;

/// The most files in total, because files that each include others twice grow
/// exponentially.
const MOST_FILES: usize = 65536;

impl Reader<'_> {
    pub(super) fn directive(&mut self, name: &str, at: &At<'_>) {
        if self.trust == Trust::User && OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            self.wrong_context(name, Contexts::SERVER, at);
            return;
        }
        if self.only.is_some() && OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return self.not_its_own(name, at);
        }
        match () {
            () if name.eq_ignore_ascii_case("Include") => self.include(at),
            () if name.eq_ignore_ascii_case("Define") => self.define(at),
            () if name.eq_ignore_ascii_case("IncludeOptions") => self.include_options(at),
            () if name.eq_ignore_ascii_case("LoadModule") => self.load_module(at),
            () if name.eq_ignore_ascii_case("ModulePath") => self.module_path(at),
            () => self.setting(name, at),
        }
    }

    /// Handles an override.
    pub(super) fn override_with(&mut self, given: &Override) {
        let written = given.written_name();
        let Some(value) = &given.value else {
            self.push(Fault::at(Problem::Text(NOT_UTF8), &given.position()));
            return;
        };
        let mut arguments = lexer::words(value);
        let before = u32::try_from(written.chars().count()).unwrap_or(u32::MAX);
        arguments.iter_mut().for_each(|word| word.column = word.column.saturating_add(before));
        let source = format!("{written}{value}");
        let at = At { position: given.position(), source: &source, arguments: &arguments };
        match OWN.iter().chain(&ACTED_ON).find(|own| own.eq_ignore_ascii_case(&given.directive)) {
            Some(own) => drop(self.value_fault(&at, own, "takes effect as the files are read, so write it in a file")),
            // The words of an unknown directive are not shown, because they may be a
            // secret.
            None if given.is_environment() && self.catalogue.directive(&given.directive).is_none() => {
                self.unknown_directive(&given.directive, &At { source: &written, ..at });
            }
            None => self.setting(&given.directive, &at),
        }
    }

    /// Handles `Name = true` in TOML, which means a directive without words.
    pub(super) fn switch(&mut self, name: &str, at: &At<'_>) {
        if self.catalogue.directive(name).is_none_or(|directive| !directive.syntax.is_empty()) {
            return self.directive(name, at);
        }
        match at.arguments {
            [word] if word.text == "on" => {
                self.directive(name, &At { position: at.position.clone(), source: at.source, arguments: &[] });
            }
            _ => self.misfit(name, "false is not allowed; leave the line out", at),
        }
    }

    fn setting(&mut self, name: &str, at: &At<'_>) {
        let Some(directive) = self.catalogue.directive(name) else { return self.unknown_directive(name, at) };
        if self.only.as_ref().is_some_and(|only| only != directive.module) {
            return self.not_its_own(name, at);
        }
        let (name, inherits, contexts) = (directive.name.to_owned(), directive.inherits, directive.contexts);
        let idle = directive.idle;
        let words: Vec<&str> = at.arguments.iter().map(|argument| argument.text.as_str()).collect();
        let value = self.catalogue.parse(directive, &words);
        let syntax = directive.syntax;
        if self.wrong_context(&name, contexts, at) {
            return;
        }
        let acted = value.and_then(|value| Ok((value, self.catalogue.act(&name, &words, &at.position)?)));
        match acted {
            Ok((value, notice)) => {
                notice.into_iter().for_each(|notice| self.notice(at, notice));
                self.set_variable(&name, &words);
                match idle {
                    Some(reason) => self.notice(at, format!("{name} has no effect: {reason}")),
                    None => self.note_repetition(&name, inherits, at),
                }
                self.keep(name, value, inherits, at);
            }
            Err(error) => {
                let help = format!("syntax: {name} {syntax}");
                self.value_fault(at, &name, error).help.push(help);
            }
        }
    }

    /// Checks a directive in a text for one module.
    pub(super) fn not_its_own(&mut self, name: &str, at: &At<'_>) {
        let only = self.only.clone().unwrap_or_default();
        let fault =
            self.value_fault(at, name, format!("not a directive of {only}, and only its directives are allowed here"));
        fault.help.push("write it in the configuration and reload".to_owned());
    }

    /// Notes a variable of the environment for the lines below.
    fn set_variable(&mut self, directive: &str, words: &[&str]) {
        match (directive, words) {
            ("SetEnv", [name, value]) => drop(self.environment.insert((*name).to_owned(), Some((*value).to_owned()))),
            ("UnsetEnv", [name]) => drop(self.environment.insert((*name).to_owned(), None)),
            _ => {}
        }
    }

    /// Reports that a line has no effect, or takes it from an earlier one, because the section has
    /// two of them. As in ProFTPD 1.3.8 the first one counts, except for a few directives.
    fn note_repetition(&mut self, name: &str, inherits: Inherits, at: &At<'_>) {
        if matches!(inherits, Inherits::Append | Inherits::Sections) || ACTED_ON.contains(&name) {
            return;
        }
        let Some(first) = self.stack.repeats(name, &at.position) else { return };
        let notice = match LAST_COUNTS.contains(&name) {
            true => format!("{name} has no effect on {first}: the last one of a section counts, which is"),
            false => format!("{name} has no effect: the first one of a section counts, which is on {first}"),
        };
        self.notice(at, notice);
    }

    fn keep(&mut self, name: String, value: Value, inherits: Inherits, at: &At<'_>) {
        let content = Content::Setting { value, inherits };
        self.stack.add(Node { name, arguments: at.arguments.to_vec(), position: at.position.clone(), content });
    }

    fn unknown_directive(&mut self, name: &str, at: &At<'_>) {
        if let Some(module) = self.catalogue.taken_out(name) {
            return self.notice(at, format!("{name} has no effect: {module} was removed (rmmod)"));
        }
        let provider = self.catalogue.provider(name);
        if provider.as_deref().is_some_and(|module| self.failed.contains(bare(module))) {
            return;
        }
        let help = match provider {
            Some(module) => vec![provides(&module, "it")],
            None => proftpd::help(name, self.catalogue).map_or_else(|| self.near_directives(name), |help| vec![help]),
        };
        self.fault(at, Problem::Unknown(name.to_owned())).help.extend(help);
    }

    /// Suggests directives with similar names, and lines that would load their modules.
    fn near_directives(&self, name: &str) -> Vec<String> {
        let near = self.near(name, || {
            let known = self.catalogue.directive_names().into_iter().chain(OWN.map(str::to_owned));
            known.chain(self.catalogue.installed_names()).collect()
        });
        let elsewhere = near.iter().filter(|name| self.catalogue.directive(name).is_none());
        let lines = elsewhere.filter_map(|name| Some(provides(&self.catalogue.provider(name)?, name)));
        suggested(&near).into_iter().chain(lines).collect()
    }

    fn include(&mut self, at: &At<'_>) {
        let Some(argument) = at.arguments.first() else { return self.missing(at, "Include") };
        let pattern = argument.text.as_str();
        if !pattern.starts_with('/') {
            let error = ParseError::new(format!("unable to use path for configuration file '{pattern}'")).at(pattern);
            self.value_fault(at, "Include", error.help("write an absolute path"));
            return;
        }
        if self.include_options.ignore_wildcards && include::has_pattern_in_folders(pattern) {
            let reason = format!("'{pattern}' has a wildcard in a folder's name, which IncludeOptions does not allow");
            self.value_fault(at, "Include", reason);
            return;
        }
        let before = self.again.as_ref().and_then(|texts| texts.include(pattern));
        let found = before.map_or_else(|| include::files(pattern), Ok);
        if let Ok(files) = &found {
            self.texts.keep_include(pattern, files);
        }
        match found {
            Ok(files) => {
                let ignores = self.include_options.ignore_temporary;
                let files = files.iter().filter(|file| !ignores || !include::is_temporary(file));
                files.for_each(|file| self.include_file(file, at));
            }
            Err(error) => self.not_included(Path::new(pattern), &error, at),
        }
    }

    fn include_file(&mut self, path: &Path, at: &At<'_>) {
        let refused = match () {
            () if self.open.contains(&real(path)) => Some("includes itself".to_owned()),
            () if self.open.len() >= MOST_OPEN => {
                Some(format!("is nested too deeply: the limit is {MOST_OPEN} files, each included by the previous one"))
            }
            () if self.files.len() == MOST_FILES => {
                // Report this only once.
                self.files.push(path.to_owned());
                Some(format!("is one file too many: the limit is {MOST_FILES} files"))
            }
            () if self.files.len() > MOST_FILES => return,
            () => None,
        };
        if let Some(why) = refused {
            self.value_fault(at, "Include", ParseError::of(&path.to_string_lossy(), why));
            return;
        }
        if let Err(error) = self.file(path) {
            self.not_included(path, &error, at);
        }
    }

    /// Like ProFTPD, only gives a notice if the file does not exist.
    fn not_included(&mut self, path: &Path, error: &io::Error, at: &At<'_>) {
        let reason = file::reason(error);
        match error.kind() {
            io::ErrorKind::NotFound => self.notice(at, format!("unable to include '{}': {reason}", path.display())),
            _ => drop(self.fault(at, Problem::Unreadable { path: path.to_owned(), reason })),
        }
    }

    /// Links are always followed, so AllowSymlinks changes nothing.
    fn include_options(&mut self, at: &At<'_>) {
        if at.arguments.is_empty() {
            return self.missing(at, "IncludeOptions");
        }
        for argument in at.arguments {
            match argument.text.to_ascii_lowercase().as_str() {
                "allowsymlinks" => {}
                "ignoretempfiles" => self.include_options.ignore_temporary = true,
                "ignorewildcards" => self.include_options.ignore_wildcards = true,
                _ => {
                    let reason = format!("unknown IncludeOption '{}'", argument.text);
                    self.value_fault(at, "IncludeOptions", reason);
                }
            }
        }
    }

    fn define(&mut self, at: &At<'_>) {
        match at.arguments.first() {
            Some(name) => drop(self.defines.insert(name.text.clone())),
            None => self.missing(at, "Define"),
        }
    }

    fn load_module(&mut self, at: &At<'_>) {
        if self.wrong_context("LoadModule", Contexts::SERVER, at) {
            return;
        }
        let Some(module) = at.arguments.first() else { return self.missing(at, "LoadModule") };
        match self.catalogue.load(&module.text, &at.position) {
            Ok(None) => {}
            Ok(Some(notice)) => self.notice(at, notice),
            // Its directives are faults where they are not in its <IfModule>.
            Err(LoadFailure { is_foreign: true, .. }) if proftpd::has_module(bare(&module.text)) => {
                let name = bare(&module.text).to_owned();
                let absence = proftpd::absence(&name, self.catalogue);
                let notice = format!("LoadModule: {absence}: its directives may only be in <IfModule {name}.c>");
                self.notice(at, notice);
                self.absent.push((name, at.position.clone()));
            }
            Err(LoadFailure { reason, .. }) => {
                self.failed.insert(bare(&module.text).to_owned());
                self.fault(at, Problem::Load { module: module.text.clone(), reason });
            }
        }
    }

    fn module_path(&mut self, at: &At<'_>) {
        if self.wrong_context("ModulePath", Contexts::SERVER, at) {
            return;
        }
        let Some(path) = at.arguments.first() else { return self.missing(at, "ModulePath") };
        let taken = match path.text.starts_with('/') {
            true => self.catalogue.module_path(Path::new(&path.text)),
            false => Err("must be an absolute path".into()),
        };
        if let Err(error) = taken {
            self.value_fault(at, "ModulePath", error);
        }
    }
}

/// The hint that names the module of a directive.
fn provides(module: &str, what: &str) -> String {
    format!("{0} provides {what}: add the line 'LoadModule {0}.c' above", bare(module))
}

/// A module's name without its ending.
fn bare(module: &str) -> &str {
    module.strip_suffix(".c").or_else(|| module.strip_suffix(".so")).unwrap_or(module)
}
