//! What modules find in the settings of a configuration, once all of them have been made
//! and before anything starts; and FileStore, which is the server's own.

use std::collections::HashSet;

use gantry_api::check::{Check, Finding, Line, Offer, Outlook, Scopes, Weight};
use gantry_api::variable::Variable;
use gantry_api::{Descriptor, Error, ScopeAtStart, ScopeKind, ServerId};
use gantry_config::{Fault, Faults, Layers, Notice, Position, Problem};

use crate::generation::scope::Scope;

/// A configuration whose settings have been made.
pub struct JudgedPlan<'a> {
    /// The modules, in the order of the settings.
    pub modules: Vec<&'a Descriptor>,
    /// The LoadModule line of each.
    pub places: &'a [Option<Position>],
    /// The variables that they contribute.
    pub variables: Vec<Variable>,
    /// All scopes.
    pub scopes: &'a [Scope],
    /// What each of them is.
    pub kinds: &'a [(ServerId, ScopeKind)],
    /// The layers that make each of them.
    pub layers: &'a [Layers],
    /// The directives with a line that was refused.
    pub refused: &'a [String],
}

/// What was found.
#[derive(Default)]
pub struct Findings {
    /// What keeps the configuration from being used.
    pub faults: Vec<Fault>,
    /// What does not.
    pub notices: Vec<Notice>,
}

impl JudgedPlan<'_> {
    /// Asks all modules.
    pub fn findings(&self) -> Findings {
        let mut found = FaultList::default();
        let mut offers: Vec<(&str, Vec<Offer>)> = Vec::new();
        for (position, module) in self.modules.iter().enumerate() {
            let offered = (module.offers)(&Scopes::new(&self.scopes_of(position)));
            let offered = offered.inspect_err(|error| found.failed(module, self.places.get(position), error));
            offers.push((module.name, offered.unwrap_or_default()));
        }
        let outlook = Outlook { modules: &offers, variables: &self.variables, refused: self.refused };
        let mut findings = self.stores(&outlook);
        for (position, module) in self.modules.iter().enumerate() {
            let scopes = self.scopes_of(position);
            let mut check = Check::new(Scopes::new(&scopes), outlook);
            if let Err(error) = (module.check)(&mut check) {
                found.failed(module, self.places.get(position), &error);
            }
            findings.extend(check.into_findings());
        }
        // What many scopes have in common is reported once.
        let mut reported = HashSet::new();
        for finding in findings {
            let place = self.place(&finding.line);
            if reported.insert((place.to_string(), finding.line.directive, finding.text.clone())) {
                found.add(finding, &place);
            }
        }
        found.findings()
    }

    /// The scopes with the settings of one module.
    fn scopes_of(&self, position: usize) -> Vec<ScopeAtStart<'_>> {
        let scopes = self.scopes.iter().zip(self.kinds);
        let scopes = scopes.filter_map(|(scope, (server, kind))| {
            let settings = &**scope.modules.get(position)?;
            Some(ScopeAtStart { server: *server, kind, settings })
        });
        scopes.collect()
    }

    /// FileStore of a store that no module offers.
    fn stores(&self, outlook: &Outlook<'_>) -> Vec<Finding> {
        let offers = outlook.modules.iter().flat_map(|(_, offers)| offers);
        let stores: Vec<&str> = offers.filter_map(Offer::store).collect();
        let scopes = self.scopes.iter().enumerate();
        let missing = scopes.filter_map(|(scope, found)| {
            let name = found.settings.file_store.as_deref()?;
            let line = Line { scope, directive: "FileStore", number: None, word: Some(name.to_owned()) };
            let text = format!("no module provides the store '{name}'");
            let mut finding = Finding { line, weight: Weight::Fault, text, help: Vec::new() };
            finding.suggest(name, stores.iter().copied());
            (!stores.iter().any(|store| store.eq_ignore_ascii_case(name))).then_some(finding)
        });
        let is_complete = !self.refused.iter().any(|directive| directive == "LoadModule");
        missing.filter(|_| is_complete).collect()
    }

    /// The place of a line; if there is none, the place where its section begins.
    fn place(&self, line: &Line) -> Position {
        let Some(layers) = self.layers.get(line.scope) else { return Layers::default().position() };
        let lines = layers.lines(line.directive);
        let place = match line.number {
            Some(number) => lines.get(number),
            None => lines.last(),
        };
        place.cloned().unwrap_or_else(|| layers.position())
    }
}

/// Findings as faults, each with its weight and the text that is marked.
#[derive(Default)]
struct FaultList {
    faults: Vec<Fault>,
    marks: Vec<(Weight, Option<String>)>,
}

impl FaultList {
    fn add(&mut self, finding: Finding, place: &Position) {
        let Finding { line, weight, text, help } = finding;
        let problem = Problem::Value { name: line.directive.to_owned(), reason: text };
        self.faults.push(help.into_iter().fold(Fault::at(problem, place), Fault::help));
        self.marks.push((weight, line.word));
    }

    /// A module that cannot check anything: what it would have found is unknown.
    fn failed(&mut self, module: &Descriptor, place: Option<&Option<Position>>, error: &Error) {
        let problem = Problem::Settings(format!("{}: {error}", module.name));
        self.faults.push(match place.and_then(Option::as_ref) {
            Some(place) => Fault::at(problem, place),
            None => Fault::general(problem),
        });
        self.marks.push((Weight::Fault, None));
    }

    fn findings(self) -> Findings {
        let faults = Faults(self.faults).with_sources().0;
        let mut findings = Findings::default();
        for (mut fault, (weight, word)) in faults.into_iter().zip(self.marks) {
            word.iter().for_each(|word| fault.mark(word));
            match weight {
                Weight::Fault => findings.faults.push(fault),
                Weight::Notice => findings.notices.extend(notice(fault)),
            }
        }
        findings
    }
}

fn notice(fault: Fault) -> Option<Notice> {
    let help = fault.help.iter().map(|line| format!(" ({line})"));
    Some(Notice { text: format!("{}{}", fault.problem, help.collect::<String>()), position: fault.position? })
}
