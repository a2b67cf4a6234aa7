//! No bytes panic the reader of `.ftpaccess`, which users write: what it makes
//! of them stands on top of the scope around, and judging by it does not panic.

#![no_main]

use std::net::Ipv4Addr;
use std::path::Path;

use gantry_api::{Contexts, Directive, Inherits, ParseError, parse};
use gantry_config::{Configuration, FtpAccess, Layers, Who, check_rule};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let access = FtpAccess::new(&DIRECTIVES, vec!["mod_f".to_owned()]);
    let Some(outer) = outer() else { return };
    let Ok(layer) = access.read(Path::new("/d/.ftpaccess"), bytes.to_vec()) else { return };
    let scope = outer.with(&layer).scope();
    let address = Ipv4Addr::LOCALHOST.into();
    let groups = ["a".to_owned()];
    let who = Who { address, host: "localhost", user: "a", groups: &groups, class: None };
    for limit in scope.limits.iter() {
        let _ = limit.judge(&who);
    }
});

const HERE: Contexts = Contexts::DIRECTORY.union(Contexts::FTPACCESS);
const RULES: Contexts = HERE.union(Contexts::LIMIT);

static DIRECTIVES: [Directive; 6] = [
    directive("A", HERE, Inherits::Replace, parse::text),
    directive("B", HERE, Inherits::Append, parse::words),
    directive("DenyAll", RULES, Inherits::No, |words| check_rule("DenyAll", words)),
    directive("Order", RULES, Inherits::No, |words| check_rule("Order", words)),
    directive("Allow", RULES, Inherits::No, |words| check_rule("Allow", words)),
    directive("DenyUser", RULES, Inherits::No, |words| check_rule("DenyUser", words)),
];

const fn directive(name: &'static str, contexts: Contexts, inherits: Inherits, parse: gantry_api::Parse) -> Directive {
    Directive { name, module: "mod_f", syntax: "", contexts, inherits, default: None, otherwise: None, help: "", parse, secret: false, idle: None }
}

/// The layers of an empty configuration.
fn outer() -> Option<Layers> {
    let read = gantry_config::parse_text("/f.conf", "", &mut Nothing, &gantry_config::Options::default());
    read.ok().and_then(|Configuration { servers, .. }| servers.into_iter().next()).map(|server| server.layers)
}

struct Nothing;

impl gantry_config::Catalogue for Nothing {
    fn directive(&self, _: &str) -> Option<&Directive> {
        None
    }

    fn has_module(&self, _: &str) -> bool {
        false
    }

    fn load(&mut self, _: &str, _: &gantry_config::Position) -> Result<Option<String>, gantry_config::LoadFailure> {
        Ok(None)
    }

    fn module_path(&mut self, _: &Path) -> Result<(), ParseError> {
        Ok(())
    }

    fn directive_names(&self) -> Vec<String> {
        Vec::new()
    }
}
