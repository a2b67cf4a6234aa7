//! A catalogue of made-up modules for this crate's tests.

use std::path::Path;

use gantry_api::{Contexts, Directive, Inherits, ParseError, Value, parse};

use crate::catalogue::{Catalogue, LoadFailure};
use crate::class::check_class_rule;
use crate::configuration::Configuration;
use crate::error::{Fault, Faults, Problem};
use crate::limit::check_rule;
use crate::position::Position;
use crate::reader::{Options, parse_text};
use crate::tree::Node;

const SERVERS: Contexts = Contexts::SERVER.union(Contexts::VHOST).union(Contexts::GLOBAL);
const FOLDERS: Contexts = SERVERS.union(Contexts::ANONYMOUS).union(Contexts::DIRECTORY).union(Contexts::FTPACCESS);

pub(crate) const DIRECTIVES: [Directive; 21] = [
    directive("ServerName", "mod_core", SERVERS, Inherits::Replace, parse::text),
    directive("ServerType", "mod_core", Contexts::SERVER, Inherits::Replace, parse::word),
    directive("Port", "mod_core", SERVERS, Inherits::No, parse::number),
    directive("Umask", "mod_core", FOLDERS, Inherits::Replace, umask),
    directive("AllowOverwrite", "mod_core", FOLDERS, Inherits::Replace, parse::on_off),
    directive("HideFiles", "mod_core", FOLDERS, Inherits::Append, parse::words),
    directive("TransferRate", "mod_core", FOLDERS, Inherits::Sections, parse::word),
    plain("AllowAll"),
    plain("DenyAll"),
    limit("Order", |words| check_rule("Order", words)),
    limit("Allow", |words| check_rule("Allow", words)),
    limit("Deny", |words| check_rule("Deny", words)),
    limit("AllowUser", |words| check_rule("AllowUser", words)),
    limit("DenyUser", |words| check_rule("DenyUser", words)),
    limit("AllowGroup", |words| check_rule("AllowGroup", words)),
    limit("DenyGroup", |words| check_rule("DenyGroup", words)),
    limit("AllowClass", |words| check_rule("AllowClass", words)),
    limit("DenyClass", |words| check_rule("DenyClass", words)),
    directive("From", "mod_core", Contexts::CLASS, Inherits::No, |words| check_class_rule("From", words)),
    directive("Satisfy", "mod_core", Contexts::CLASS, Inherits::No, |words| check_class_rule("Satisfy", words)),
    directive("SQLOptions", "mod_sql", SERVERS, Inherits::Replace, options),
];

const fn directive(
    name: &'static str,
    module: &'static str,
    contexts: Contexts,
    inherits: Inherits,
    parse: gantry_api::Parse,
) -> Directive {
    Directive {
        name,
        module,
        syntax: "what",
        contexts,
        inherits,
        default: None,
        otherwise: None,
        help: "",
        parse,
        secret: false,
        idle: None,
    }
}

const fn plain(name: &'static str) -> Directive {
    let contexts = Contexts::LIMIT.union(Contexts::DIRECTORY).union(Contexts::ANONYMOUS).union(Contexts::FTPACCESS);
    Directive { syntax: "", ..directive(name, "mod_core", contexts, Inherits::No, nothing) }
}

const fn limit(name: &'static str, parse: gantry_api::Parse) -> Directive {
    directive(name, "mod_core", Contexts::LIMIT, Inherits::No, parse)
}

fn nothing(words: &[&str]) -> Result<Value, ParseError> {
    if words.is_empty() { Ok(Value::Bool(true)) } else { Err("wrong number of parameters".into()) }
}

fn umask(words: &[&str]) -> Result<Value, ParseError> {
    if words.len() > 2 { Err("wrong number of parameters".into()) } else { parse::text(words) }
}

fn options(words: &[&str]) -> Result<Value, ParseError> {
    Ok(Value::Map(words.iter().map(|word| ((*word).to_owned(), Value::Bool(true))).collect()))
}

/// mod_core is present, mod_sql can be loaded, mod_broken cannot.
#[derive(Default)]
pub(crate) struct Shelf {
    sql: bool,
}

impl Catalogue for Shelf {
    fn directive(&self, name: &str) -> Option<&Directive> {
        let found = DIRECTIVES.iter().find(|directive| directive.name.eq_ignore_ascii_case(name))?;
        self.has_module(found.module).then_some(found)
    }

    fn has_module(&self, name: &str) -> bool {
        let name = name.trim_end_matches(".c");
        name == "mod_core" || (name == "mod_sql" && self.sql)
    }

    fn load(&mut self, name: &str, _: &Position) -> Result<Option<String>, LoadFailure> {
        match name {
            "mod_sql.c" if self.sql => Ok(Some("module 'mod_sql.c' already loaded".to_owned())),
            "mod_sql.c" => {
                self.sql = true;
                Ok(None)
            }
            _ => {
                let reason = format!("no {}.so in /modules", name.trim_end_matches(".c"));
                Err(LoadFailure { reason, is_foreign: true })
            }
        }
    }

    fn module_path(&mut self, path: &Path) -> Result<(), ParseError> {
        Err(format!("error checking '{}': No such file or directory", path.display()).into())
    }

    /// An Umask line with the word `clash` is a fault.
    fn check(&self, tree: &[Node], _: &[&Node]) -> Vec<Fault> {
        let clashing = tree.iter().filter(|node| node.name == "Umask" && node.first_argument() == "clash");
        let problem = || Problem::Settings("a mod_clash is what Umask wants".to_owned());
        let fault =
            |node: &Node| Fault { modules: vec!["mod_clash".to_owned()], ..Fault::at(problem(), &node.position) };
        clashing.map(fault).collect()
    }

    fn provider(&self, directive: &str) -> Option<String> {
        match directive {
            "SQLOptions" => Some("mod_sql".to_owned()),
            "BrokenOption" => Some("mod_broken".to_owned()),
            _ => None,
        }
    }

    fn installed_names(&self) -> Vec<String> {
        vec!["SQLOptions".to_owned(), "BrokenOption".to_owned()]
    }

    fn directive_names(&self) -> Vec<String> {
        DIRECTIVES.iter().map(|directive| directive.name.to_owned()).collect()
    }
}

/// Reads a text under the name `/t.conf`.
pub(crate) fn configure(text: &str) -> Result<Configuration, Faults> {
    parse_text("/t.conf", text, &mut Shelf::default(), &Options::default())
}

/// The first lines of all faults of a text.
pub(crate) fn faults(text: &str) -> Vec<String> {
    configure(text).err().map_or(Vec::new(), |faults| faults.0.iter().map(|fault| fault.first_line()).collect())
}
