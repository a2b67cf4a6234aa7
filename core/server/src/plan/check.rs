//! Errors that concern several lines of a configuration, although each line is valid by itself.
//! They are found after all lines have been read, and reported with the other errors.

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gantry_api::Value;
use gantry_api::proto::glob;
use gantry_config::{
    Argument, Configuration, Content, Directories, Fault, Layers, Limit, Node, Position, Problem, SectionKind,
    Server as ServerConfig,
};
use gantry_sys::resolve::resolve;
use gantry_sys::users::{Group, User};

use crate::generation::images::module_name;
use crate::plan::order::{Place, order};

/// The modules of a configuration, as far as lines refer to them.
pub struct Modules<'m> {
    /// Each with its declarations, in the order in which they were added.
    pub places: Vec<Place<'m>>,
    /// The LoadModule line of a module.
    pub line: &'m dyn Fn(&str) -> Option<Position>,
}

/// The errors in a tree that uses these modules.
pub fn faults(modules: &Modules<'_>, tree: &[Node], overrides: &[&Node]) -> Vec<Fault> {
    let mut found = repeated(tree);
    found.extend(second_default(tree));
    found.extend(unknown_owners(tree, overrides));
    found.extend(unknown_homes(tree));
    let overridden = overrides.iter().any(|node| node.name == ORDER);
    if found.iter().all(|fault| !is_of_order(fault)) && !overridden {
        found.extend(misordered(modules, tree.iter().find(|node| node.name == ORDER)));
    }
    found
}

const ORDER: &str = "ModuleOrder";

/// Directives that may appear once: a second line would silently replace the first.
const ONCE: [&str; 1] = [ORDER];

fn repeated(tree: &[Node]) -> Vec<Fault> {
    let mut first: HashMap<&str, &Position> = HashMap::new();
    let known = tree.iter().filter(|node| ONCE.contains(&node.name.as_str()));
    let again = known.filter_map(|node| match first.get(node.name.as_str()) {
        Some(before) => Some(value(node, "is there already").help(format!("the first one is on {before}"))),
        None => {
            first.insert(&node.name, &node.position);
            None
        }
    });
    again.collect()
}

/// Only one server may be the default, as in ProFTPD.
fn second_default(tree: &[Node]) -> Vec<Fault> {
    let hosts = tree.iter().filter_map(|node| node.section(SectionKind::VirtualHost)).flatten();
    let is_on =
        |node: &&Node| node.name == "DefaultServer" && gantry_api::parse::switch(node.first_argument()) == Some(true);
    let mut on: Vec<&Node> = tree.iter().chain(hosts).filter(is_on).collect();
    on.sort_by_key(|node| (node.position.file().map(ToOwned::to_owned), node.position.line));
    let Some((first, others)) = on.split_first() else { return Vec::new() };
    let help = format!("the first one is on {}", first.position);
    others.iter().map(|node| value(node, "DefaultServer has already been set").help(&help)).collect()
}

/// User and Group of servers, which the system must know. Those of an `<Anonymous>` may be known
/// only to an authenticator.
fn unknown_owners(tree: &[Node], overrides: &[&Node]) -> Vec<Fault> {
    let is_server = |kind: &SectionKind| matches!(kind, SectionKind::Global | SectionKind::VirtualHost);
    let lines = lines_in(tree, &is_server).into_iter().chain(overrides.iter().copied());
    let faults = lines.filter_map(|node| {
        let name = node.first_argument();
        let (what, known) = match node.name.as_str() {
            "User" => ("user", matches!(User::by_name(name), Ok(Some(_)))),
            "Group" => ("group", matches!(Group::by_name(name), Ok(Some(_)))),
            _ => return None,
        };
        let known = known || name.parse::<u32>().is_ok();
        (!known).then(|| {
            let help = format!("syntax: {} name", node.name);
            let fault = value(node, &format!("unknown {what} '{name}'")).help(help);
            // The mark points at the word.
            let place = node.arguments.first().and_then(|word| at(node, word));
            Fault { position: place.or(fault.position.clone()), ..fault }
        })
    });
    faults.collect()
}

/// `<Directory ~name>` of users whom the system does not know: nobody could tell
/// which folder it protects.
fn unknown_homes(tree: &[Node]) -> Vec<Fault> {
    let sections = lines_in(tree, &|kind| *kind != SectionKind::Limit);
    let faults = sections.into_iter().filter_map(|node| {
        node.section(SectionKind::Directory)?;
        let name = node.first_argument().strip_prefix('~')?.split('/').next().filter(|name| !name.is_empty())?;
        let known = matches!(User::by_name(name), Ok(Some(_)));
        let problem = || Problem::Value { name: "<Directory>".to_owned(), reason: format!("unknown user '{name}'") };
        (!known).then(|| Fault::at(problem(), &node.position).help("write the folder's path"))
    });
    faults.collect()
}

/// Notices for rules with host names where no client's name is known, one per line: they let in
/// clients that they should refuse.
pub fn nameless(configuration: &Configuration) -> Vec<String> {
    let off = |server: &&ServerConfig| server.scope.settings.entry("UseReverseDNS") != Some(&Value::Bool(true));
    let servers: Vec<&ServerConfig> = configuration.servers.iter().filter(off).collect();
    let limits = servers.iter().flat_map(|server| {
        let sections = server.anonymous.iter();
        let sections = sections.flat_map(|section| limits_within(&section.layers, &section.directories));
        let personal = server.personal.iter().flat_map(|section| {
            let inner = section.directories.iter().flat_map(|directory| directory.layer.limits());
            section.layer.limits().chain(inner)
        });
        limits_within(&server.layers, &server.directories).chain(sections).chain(personal)
    });
    let limits = limits.flat_map(|limit| &limit.host_names);
    let classes = configuration.classes.iter().filter(|_| !servers.is_empty()).flat_map(|class| &class.host_names);
    let rules = limits.map(|(directive, position)| (directive.as_str(), position));
    let rules = rules.chain(classes.map(|position| ("From", position)));
    let mut told = HashSet::new();
    let rules = rules.filter(|(_, position)| told.insert(position.to_string()));
    let notice = |(directive, position)| {
        format!("{directive} names hosts, and UseReverseDNS is off: such a rule matches nobody, on {position}")
    };
    rules.map(notice).collect()
}

fn limits_within<'a>(layers: &'a Layers, directories: &'a Directories) -> impl Iterator<Item = &'a Limit> {
    layers.limits().chain(directories.iter().flat_map(|directory| directory.layers.limits()))
}

/// Notices for `<Directory>`s with a link in the path, one per line: the folder depends on where
/// the link leads at a login.
pub fn linked(tree: &[Node]) -> Vec<String> {
    let sections = lines_in(tree, &|kind| *kind != SectionKind::Limit);
    let notices = sections.into_iter().filter_map(|node| {
        node.section(SectionKind::Directory)?;
        let written = node.first_argument();
        let path = Path::new(written).ancestors().find(|path| path.has_root() && !is_pattern(path))?;
        let found = resolve(path);
        let link = found.by_links.first()?;
        let (link, to) = (link.display(), found.path.display());
        Some(format!("<Directory {written}>: {link} contains a link, which now leads to {to}, on {}", node.position))
    });
    notices.collect()
}

fn is_pattern(path: &Path) -> bool {
    glob::is_pattern(path.as_os_str().as_bytes())
}

/// All lines of a tree, including those in sections of some kinds.
fn lines_in<'t>(tree: &'t [Node], kinds: &dyn Fn(&SectionKind) -> bool) -> Vec<&'t Node> {
    let inner = tree.iter().flat_map(|node| match &node.content {
        Content::Section { kind, children } if kinds(kind) => lines_in(children, kinds),
        _ => Vec::new(),
    });
    tree.iter().chain(inner).collect()
}

/// Why the modules have no order, at the word of ModuleOrder or the LoadModule line in question.
fn misordered(modules: &Modules<'_>, line: Option<&Node>) -> Option<Fault> {
    let words = line.map(|node| node.arguments.as_slice()).unwrap_or_default();
    let wanted: Vec<&str> = words.iter().map(|word| module_name(&word.text)).collect();
    let reason = order(&modules.places, &wanted).err()?;
    let problem = Problem::Settings(reason.to_string());
    let own_line = || line.map(|node| node.position.clone());
    let place = match reason.word() {
        Some(name) => words.iter().rev().find(|word| module_name(&word.text) == name).and_then(|word| at(line?, word)),
        None => reason.modules().iter().find_map(|module| (modules.line)(module)),
    };
    let fault = match place.or_else(own_line) {
        Some(place) => Fault::at(problem, &place),
        None => Fault::general(problem),
    };
    Some(Fault { modules: reason.names().into_iter().map(str::to_owned).collect(), ..fault })
}

/// The position of a word, if it is on the line that is shown.
fn at(node: &Node, word: &Argument) -> Option<Position> {
    (word.line == node.position.line).then(|| Position { column: word.column, ..node.position.clone() })
}

fn is_of_order(fault: &Fault) -> bool {
    matches!(&fault.problem, Problem::Value { name, .. } if name == ORDER)
}

fn value(node: &Node, reason: &str) -> Fault {
    Fault::at(Problem::Value { name: node.name.clone(), reason: reason.to_owned() }, &node.position)
}
