//! Opens and closes sections and conditions.

use gantry_api::{Contexts, ParseError};

use super::Reader;
use super::at::At;
use crate::condition::{ConditionKind, Conditions, wanted};
use crate::error::{Notice, Problem};
use crate::proftpd;
use crate::section::SectionKind;
use crate::stack::CloseOutcome;
use crate::version;

impl Reader<'_> {
    pub(super) fn open_condition(&mut self, kind: ConditionKind, at: &At<'_>, conditions: &mut Conditions) {
        let met = match wanted(at.arguments) {
            _ if kind == ConditionKind::Version => conditions.met() && self.is_version(at),
            None if conditions.met() => {
                self.value_fault(at, &format!("<{}>", kind.name()), "missing parameters");
                false
            }
            None => false,
            Some((name, there)) => {
                let met = there == self.holds(kind, name);
                if conditions.met() {
                    self.in_left_out = !met && there && kind == ConditionKind::Module;
                    if self.in_left_out {
                        self.left_out.push((name.to_owned(), at.position.clone()));
                    }
                }
                met
            }
        };
        conditions.open(kind, met, at.position.line);
    }

    fn is_version(&mut self, at: &At<'_>) -> bool {
        let words: Vec<&str> = at.arguments.iter().map(|argument| argument.text.as_str()).collect();
        match version::holds(&words) {
            Ok(holds) => holds,
            Err(reason) => {
                self.value_fault(at, "<IfVersion>", reason);
                false
            }
        }
    }

    fn holds(&self, kind: ConditionKind, name: &str) -> bool {
        match kind {
            ConditionKind::Module => self.catalogue.has_module(name),
            ConditionKind::Define => self.defines.contains(name),
            ConditionKind::Version => false,
        }
    }

    pub(super) fn close_condition(&mut self, kind: ConditionKind, at: &At<'_>, conditions: &mut Conditions) {
        if !conditions.close(kind) {
            // ProFTPD silently accepts this.
            self.notice(at, format!("'</{0}>' without '<{0}>'", kind.name()));
        }
    }

    pub(super) fn open_section(&mut self, name: &str, at: &At<'_>) {
        let Some(kind) = SectionKind::of(name) else {
            self.unknown_section(&format!("<{name}>"), at);
            return self.stack.open_unknown(name, &at.position, at.source);
        };
        let shown = format!("<{}>", kind.name());
        let misfit = self.stack.waits_for_person(kind);
        let allowed = if misfit { Contexts::SERVER | Contexts::VHOST } else { kind.allowed_in() };
        let misplaced = self.wrong_context(&shown, allowed, at);
        if let (false, Err(error)) = (misplaced, kind.check(at.arguments, self.stack.within_anonymous())) {
            self.value_fault(at, &shown, error);
        }
        if kind == SectionKind::VirtualHost {
            self.addresses(&shown, at);
        }
        self.stack.open(kind, at.arguments, &at.position, at.source);
    }

    fn addresses(&mut self, shown: &str, at: &At<'_>) {
        for argument in at.arguments {
            if let Err(reason) = self.catalogue.address(&argument.text) {
                let error = ParseError::new(format!("error resolving '{}': {reason}", argument.text));
                self.value_fault(at, shown, error.at(&argument.text));
            }
        }
    }

    /// Reports a TOML value that is not valid for its name.
    pub(super) fn misfit(&mut self, name: &str, reason: &str, at: &At<'_>) {
        let section = SectionKind::of(name).map(SectionKind::name);
        let section = section.or(ConditionKind::of(name).map(ConditionKind::name));
        let shown = section.map_or_else(|| name.to_owned(), |name| format!("<{name}>"));
        self.value_fault(at, &shown, reason);
    }

    /// Reports a TOML table whose name is not a section's; its contents are skipped.
    pub(super) fn unknown_table(&mut self, name: &str, at: &At<'_>) {
        match self.catalogue.directive(name).map(|directive| directive.name.to_owned()) {
            Some(name) => self.misfit(&name, "a directive must be a word or an array of words, not a table", at),
            None => self.unknown_section(&format!("<{name}>"), at),
        }
    }

    fn unknown_section(&mut self, shown: &str, at: &At<'_>) {
        let closing = shown.starts_with("</");
        let known = |kind: SectionKind| format!("{}{}>", if closing { "</" } else { "<" }, kind.name());
        let names = self.suggestions(shown, || SectionKind::ALL.map(known).to_vec());
        let help = proftpd::help(&shown.replace("</", "<"), self.catalogue).or(names);
        self.fault(at, Problem::Unknown(shown.to_owned())).help.extend(help);
    }

    pub(super) fn close_section(&mut self, name: &str, at: &At<'_>) {
        let (context, top) = self.stack.place();
        match self.stack.close(name) {
            CloseOutcome::Section(node) if node.is_idle_limit() => {
                let notice =
                    Notice { text: "<Limit> without a rule has no effect".to_owned(), position: node.position.clone() };
                self.notices.push(notice);
                self.stack.add(node);
            }
            CloseOutcome::Section(node) => self.stack.add(node),
            CloseOutcome::Unknown => {}
            CloseOutcome::Mismatched => {
                let shown = format!("</{name}>");
                if SectionKind::of(name).is_none() {
                    return self.unknown_section(&shown, at);
                }
                let fault = self.fault(at, Problem::Context { name: shown, context });
                fault.help.extend(top.map(|(name, position)| format!("'<{name}>' on {position} is still open")));
            }
        }
    }

    /// Reports `<Name` without `>`, then handles it as if it had one.
    pub(super) fn unended(&mut self, name: &str, at: &At<'_>) {
        self.fault(at, Problem::Unknown(name.to_owned())).help.push("a section line must end with '>'".to_owned());
        let bare = name.trim_start_matches('<');
        match (bare.strip_prefix('/'), SectionKind::of(bare)) {
            (Some(closed), _) => drop(self.stack.close(closed)),
            (None, Some(kind)) => self.stack.open(kind, at.arguments, &at.position, at.source),
            (None, None) => {}
        }
    }
}
