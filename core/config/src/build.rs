//! Turns the tree into scopes: which sections apply to which server, which `<Directory>`
//! encloses which, and in what order they are merged. Each scope is merged once, here.

use std::sync::Arc;

use crate::configuration::{Anonymous, Server};
use crate::directories::{Directories, Directory, DirectoryTable};
use crate::limit::Limit;
use crate::overrides::Layers;
use crate::position::Position;
use crate::scope::{Arena, Heritage, Layer};
use crate::section::SectionKind;
use crate::tree::{Content, Node};

/// The servers of a tree: the main server, which starts at `start`, and each
/// `<VirtualHost>`.
pub(crate) fn servers(tree: &[Node], overrides: &Layers, start: &Position) -> Vec<Server> {
    let hosts: Vec<&Node> = tree.iter().filter(|node| node.section(SectionKind::VirtualHost).is_some()).collect();
    let global = globals(tree);
    let main = Part { addresses: Vec::new(), global: &global, own: tree, overrides, position: start };
    let mut servers = vec![main.server()];
    for host in hosts {
        let addresses = host.arguments.iter().map(|argument| argument.text.clone()).collect();
        let children = host.section(SectionKind::VirtualHost).unwrap_or_default();
        let overrides = &Layers::default();
        let part = Part { addresses, global: &global, own: children, overrides, position: &host.position };
        servers.push(part.server());
    }
    servers
}

/// The nodes in `<Global>`, including one inside a `<VirtualHost>`.
fn globals(nodes: &[Node]) -> Vec<&Node> {
    let inner = nodes.iter().flat_map(|node| match &node.content {
        Content::Section { kind: SectionKind::Global, children } => children.iter().collect(),
        Content::Section { kind: SectionKind::VirtualHost, children } => globals(children),
        _ => Vec::new(),
    });
    inner.collect()
}

/// The parts of one server.
struct Part<'t> {
    addresses: Vec<String>,
    global: &'t [&'t Node],
    own: &'t [Node],
    overrides: &'t Layers,
    position: &'t Position,
}

impl Part<'_> {
    /// `<Global>` counts as if it were written at the top of each server.
    fn server(self) -> Server {
        let nodes: Vec<&Node> = self.global.iter().copied().chain(self.own).collect();
        let mut arena = Arena::default();
        let mut layer = layer(&nodes, &mut arena);
        let mut heritage = Heritage::new().with(&layer);
        for stronger in [&self.overrides.environment, &self.overrides.command_line] {
            let mut above = Layer::default();
            stronger.iter().for_each(|node| above.add(node, &mut arena));
            heritage = heritage.overridden(&above);
            layer.override_own(above);
        }
        let scope = heritage.scope(&layer, &arena, self.position);
        let directories = directories(&nodes, &heritage, &mut arena, str::to_owned);
        let anonymous = nodes.iter().filter_map(|node| anonymous(node, &heritage, &mut arena)).collect();
        Server { addresses: self.addresses, scope, directories, anonymous, position: self.position.clone() }
    }
}

fn anonymous<'t>(node: &'t Node, outer: &Heritage, arena: &mut Arena<'t>) -> Option<Anonymous> {
    let children: Vec<&Node> = node.section(SectionKind::Anonymous)?.iter().collect();
    let layer = layer(&children, arena);
    let heritage = outer.with(&layer);
    let scope = heritage.scope(&layer, arena, &node.position);
    let path = node.first_argument().to_owned();
    let below = |inner: &str| match inner.starts_with(['/', '~']) {
        true => inner.to_owned(),
        false => format!("{}/{inner}", path.trim_end_matches('/')),
    };
    let directories = directories(&children, &heritage, arena, below);
    Some(Anonymous { path, scope, directories, position: node.position.clone() })
}

fn directories<'t>(
    nodes: &[&'t Node],
    outer: &Heritage,
    arena: &mut Arena<'t>,
    whole: impl Fn(&str) -> String,
) -> Directories {
    let sections = nodes.iter().filter_map(|node| Some((*node, node.section(SectionKind::Directory)?)));
    let mut parts = Vec::new();
    for (node, children) in sections {
        let children: Vec<&Node> = children.iter().collect();
        parts.push((whole(node.first_argument()), &node.position, layer(&children, arena)));
    }
    let table = DirectoryTable::new(parts.iter().map(|(path, ..)| Some(path.clone())));
    let merged = parts.iter().enumerate().map(|(number, (path, position, layer))| {
        let enclosing = table.enclosing(path).into_iter().take_while(|other| *other != number);
        let around = enclosing
            .filter_map(|other| parts.get(other))
            .fold(outer.clone(), |heritage, (_, _, layer)| heritage.with(layer));
        let scope = around.with(layer).scope(layer, arena, position);
        Directory { path: path.clone(), scope }
    });
    Directories::new(merged.collect())
}

/// The settings and limits written directly in a scope.
fn layer<'t>(nodes: &[&'t Node], arena: &mut Arena<'t>) -> Layer {
    let mut layer = Layer::default();
    layer.limits = limits(nodes);
    nodes.iter().filter(|node| !Limit::is_plain(node)).for_each(|node| layer.add(node, arena));
    layer
}

/// The limits written directly in a scope. AllowAll and DenyAll outside a section come
/// last, so that their refusal overrides the sections.
pub(crate) fn limits(nodes: &[&Node]) -> Arc<[Limit]> {
    let sections = nodes.iter().filter_map(|node| Limit::of_section(node, node.section(SectionKind::Limit)?));
    sections.chain(nodes.iter().filter_map(|node| Limit::plain(node))).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gantry_api::{Value, ValueError};

    use crate::configuration::Configuration;
    use crate::scope::{Scope, settings_error};
    use crate::testing::configure;

    fn read(text: &str) -> Configuration {
        configure(text).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn text(scope: &Scope, name: &str) -> Option<String> {
        scope.settings.entry(name).map(|value| format!("{value:?}"))
    }

    fn umask(scope: &Scope) -> Option<String> {
        scope.settings.entry("Umask").and_then(|value| value.extract().ok())
    }

    #[test]
    fn global_reaches_every_server_and_the_main_server_none() {
        let read = read(
            "Umask 1\nServerName main\n<Global>\nUmask 2\nAllowOverwrite on\nPort 7\n</Global>\n<VirtualHost a b>\n</VirtualHost>\n<VirtualHost c>\nUmask 3\n</VirtualHost>\n",
        );
        let umasks: Vec<_> = read.servers.iter().map(|server| umask(&server.scope)).collect();
        assert_eq!(umasks, [Some("1".to_owned()), Some("2".to_owned()), Some("3".to_owned())]);
        assert_eq!(read.servers[1].addresses, ["a", "b"]);
        assert!(text(&read.servers[1].scope, "ServerName").is_none());
        assert!(read.servers.iter().all(|server| server.scope.settings.entry("Port") == Some(&Value::Int(7))));
    }

    #[test]
    fn replaced_appended_and_uninherited_settings_reach_a_directory_differently() {
        let read = read(
            "Umask 1\nPort 21\nHideFiles a\nHideFiles b c\n<Directory />\nHideFiles d\n</Directory>\n<Directory /x>\nUmask 2\nUmask 3\n</Directory>\n",
        );
        let scope = &read.servers[0].directories[1].scope;
        assert_eq!(umask(scope), Some("3".to_owned()));
        assert_eq!(scope.locate("Umask").map(|at| at.line), Some(10));
        assert_eq!(scope.settings.entry("Port"), None);
        assert_eq!(
            scope.settings.entry("HideFiles").map(Value::extract),
            Some(Ok(vec![vec!["a"], vec!["b", "c"], vec!["d"]]
                .into_iter()
                .map(|words| words.into_iter().map(str::to_owned).collect())
                .collect::<Vec<Vec<String>>>()))
        );
        assert_eq!(scope.locate("HideFiles").map(|at| at.line), Some(6));
    }

    #[test]
    fn a_setting_that_is_a_map_is_replaced_and_not_mixed() {
        let read = read("LoadModule mod_sql.c\n<Global>\nSQLOptions a b\n</Global>\nSQLOptions c\n");
        assert_eq!(
            read.servers[0].scope.settings.entry("SQLOptions"),
            Some(&Value::Map(vec![("c".to_owned(), Value::Bool(true))]))
        );
    }

    #[test]
    fn enclosing_directories_are_merged_whatever_their_order() {
        let read = read(
            "<Directory /a/b/c>\nAllowOverwrite on\n</Directory>\n<Directory /a/*>\nUmask 2\n</Directory>\n<Directory />\nUmask 1\n</Directory>\n<Directory ~/x>\n</Directory>\n",
        );
        let server = &read.servers[0];
        let of = |path: &str| server.directory_for(Path::new(path)).and_then(|directory| umask(&directory.scope));
        assert_eq!(of("/a"), Some("1".to_owned()));
        assert_eq!(of("/a/b"), Some("2".to_owned()));
        assert_eq!(of("/a/b/c/d"), Some("2".to_owned()));
        assert_eq!(umask(&server.directories[3].scope), Some("1".to_owned()));
        let table = server.directories.table(|path| Some(path.replace('~', "/home/bob")));
        assert_eq!(table.find(Path::new("/home/bob/x/y")), Some(3));
    }

    #[test]
    fn limits_come_outermost_first_and_plain_ones_speak_of_all() {
        let read = read(
            "<Limit read,SITE_CHMOD Write>\nDenyAll\n</Limit>\n<Anonymous ~ftp>\n<Directory in>\nAllowAll\n</Directory>\n</Anonymous>\n<Limit LOGIN>\n</Limit>\n",
        );
        let directory = &read.servers[0].anonymous[0].directories[0];
        assert_eq!(directory.path, "~ftp/in");
        let limits: Vec<_> = directory
            .scope
            .limits
            .iter()
            .map(|limit| (limit.commands.join(" "), limit.plain, limit.deny.len()))
            .collect();
        assert_eq!(limits, [("READ SITE_CHMOD WRITE".to_owned(), false, 1), ("ALL".to_owned(), true, 0)]);
        assert_eq!(read.notices.len(), 1);
    }

    #[test]
    fn an_extraction_error_names_its_line() {
        let read = read("ServerName x\n<Global>\nUmask 9\n</Global>\n");
        let scope = &read.servers[0].scope;
        let shown = |message: &str, key: Option<&str>| {
            settings_error(scope, &ValueError { message: message.to_owned(), key: key.map(str::to_owned) }).to_string()
        };
        assert_eq!(shown("no octal number", Some("Umask")), "Fatal: Umask: no octal number on line 3 of '/t.conf'");
        let needed = shown("required, but missing", Some("Port"));
        assert_eq!(needed, "Fatal: Port: required, but missing on line 1 of '/t.conf'");
    }
}
