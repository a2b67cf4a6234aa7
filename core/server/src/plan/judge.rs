//! What modules find in a configuration's settings, after all settings have been built and before
//! anything starts; and FileStore, which belongs to the server.

use std::collections::HashSet;

use gantry_api::check::{Check, Finding, Line, Offer, Outlook, Scopes, Weight};
use gantry_api::variable::Variable;
use gantry_api::{Descriptor, Error, ScopeAtStart, ScopeKind, ServerId};
use gantry_config::{Fault, Faults, Layers, Notice, Position, Problem};

use crate::generation::scope::Scope;

/// A configuration with its settings.
pub struct JudgedPlan<'a> {
    /// The modules, in the order of the settings.
    pub modules: Vec<&'a Descriptor>,
    /// The LoadModule line of each.
    pub places: &'a [Option<Position>],
    /// Their variables.
    pub variables: Vec<Variable>,
    /// All scopes.
    pub scopes: &'a [Scope],
    /// The server and kind of each scope.
    pub kinds: &'a [(ServerId, ScopeKind)],
    /// The layers of each scope.
    pub layers: &'a [Layers],
    /// The directives with a refused line.
    pub refused: &'a [String],
}

/// The findings.
#[derive(Default)]
pub struct Findings {
    /// Those that refuse the configuration.
    pub faults: Vec<Fault>,
    /// Those that only inform.
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
        // A finding in many scopes is reported once.
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

    /// FileStore lines with a store that no module offers.
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

    /// The position of a line; without one, the position where its section begins.
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

/// Findings as errors, each with its severity and the marked text.
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

    /// Reports a module whose check failed: what it would have found is unknown.
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
