//! No text panics the reader of the configuration, in either syntax; each
//! fault is printed, and stands within the text.

#![no_main]

use std::path::Path;

use gantry_api::{Contexts, Directive, Inherits, ParseError, parse};
use gantry_config::{Catalogue, LoadFailure, Options, Position, check_class_rule, check_rule, parse_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // What a text includes is not part of it, and not the same everywhere.
    if text.to_ascii_lowercase().contains("include") {
        return;
    }
    let lines = text.split('\n').count();
    for name in ["/f.conf", "/f.toml"] {
        let Err(faults) = parse_text(name, text, &mut Shelf, &Options::default()) else { continue };
        assert!(!faults.0.is_empty());
        for fault in &faults.0 {
            assert!(fault.position.as_ref().is_none_or(|at| at.line as usize <= lines && at.column >= 1));
        }
        assert!(faults.to_string().starts_with("Fatal: "));
    }
});

const ANYWHERE: Contexts = Contexts::SERVER
    .union(Contexts::VHOST)
    .union(Contexts::GLOBAL)
    .union(Contexts::ANONYMOUS)
    .union(Contexts::DIRECTORY)
    .union(Contexts::FTPACCESS);
const RULES: Contexts = Contexts::LIMIT.union(Contexts::DIRECTORY).union(Contexts::ANONYMOUS);

static DIRECTIVES: [Directive; 13] = [
    directive("A", ANYWHERE, Inherits::Replace, parse::text),
    directive("B", ANYWHERE, Inherits::Append, parse::words),
    directive("C", ANYWHERE, Inherits::No, parse::seconds),
    directive("D", ANYWHERE, Inherits::Replace, parse::on_off),
    directive("AllowAll", RULES, Inherits::No, |words| check_rule("AllowAll", words)),
    directive("DenyAll", RULES, Inherits::No, |words| check_rule("DenyAll", words)),
    directive("Order", RULES, Inherits::No, |words| check_rule("Order", words)),
    directive("Allow", RULES, Inherits::No, |words| check_rule("Allow", words)),
    directive("DenyUser", RULES, Inherits::No, |words| check_rule("DenyUser", words)),
    directive("AllowGroup", RULES, Inherits::No, |words| check_rule("AllowGroup", words)),
    directive("AllowClass", RULES, Inherits::No, |words| check_rule("AllowClass", words)),
    directive("From", Contexts::CLASS, Inherits::No, |words| check_class_rule("From", words)),
    directive("Satisfy", Contexts::CLASS, Inherits::No, |words| check_class_rule("Satisfy", words)),
];

const fn directive(name: &'static str, contexts: Contexts, inherits: Inherits, parse: gantry_api::Parse) -> Directive {
    Directive { name, module: "mod_f", syntax: "", contexts, inherits, default: None, otherwise: None, help: "", parse, secret: false, idle: None }
}

struct Shelf;

impl Catalogue for Shelf {
    fn directive(&self, name: &str) -> Option<&Directive> {
        DIRECTIVES.iter().find(|directive| directive.name.eq_ignore_ascii_case(name))
    }

    fn has_module(&self, name: &str) -> bool {
        name.len().is_multiple_of(2)
    }

    fn load(&mut self, name: &str, _: &Position) -> Result<Option<String>, LoadFailure> {
        if name.len().is_multiple_of(2) { Ok(None) } else { Err("no such module".into()) }
    }

    fn module_path(&mut self, _: &Path) -> Result<(), ParseError> {
        Ok(())
    }

    fn directive_names(&self) -> Vec<String> {
        DIRECTIVES.iter().map(|directive| directive.name.to_owned()).collect()
    }
}
