//! From the tree to layers and scopes: which sections reach which server, and in
//! what order. Each scope of the configuration is merged once, here.

use std::sync::Arc;

use crate::configuration::{Anonymous, Server};
use crate::directories::{Directories, Part};
use crate::layers::{Layer, Layers, Reach};
use crate::overrides::Overriding;
use crate::personal::Personal;
use crate::position::Position;
use crate::section::SectionKind;
use crate::tree::{Content, Node};

/// The servers of a tree: the main server, which starts at `start`, and each
/// `<VirtualHost>`.
pub(crate) fn servers(tree: &[Node], overriding: &Overriding, start: &Position) -> Vec<Server> {
    let hosts: Vec<&Node> = tree.iter().filter(|node| node.section(SectionKind::VirtualHost).is_some()).collect();
    let global = globals(tree);
    // One layer for all servers: there may be thousands.
    let shared = (!global.is_empty()).then(|| Layer::new(Reach::Session, &global, start));
    let outer: Layers = shared.into_iter().collect();
    let main = Source { addresses: Vec::new(), outer: &outer, global: &global, own: tree, overriding, position: start };
    let mut servers = vec![main.server()];
    for host in hosts {
        let addresses = host.arguments.iter().map(|argument| argument.text.clone()).collect();
        let own = host.section(SectionKind::VirtualHost).unwrap_or_default();
        let overriding = &Overriding::default();
        let host = Source { addresses, outer: &outer, global: &global, own, overriding, position: &host.position };
        servers.push(host.server());
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

/// What one server is made of.
struct Source<'t> {
    addresses: Vec<String>,
    /// The layer of `<Global>`, if there is one.
    outer: &'t Layers,
    global: &'t [&'t Node],
    own: &'t [Node],
    overriding: &'t Overriding,
    position: &'t Position,
}

impl Source<'_> {
    /// `<Global>` counts as if it were written at the head of each server.
    fn server(self) -> Server {
        let own: Vec<&Node> = self.own.iter().collect();
        let mut layers = self.outer.with(&Layer::new(Reach::Session, &own, self.position));
        for stronger in [&self.overriding.environment, &self.overriding.command_line] {
            let nodes: Vec<&Node> = stronger.iter().collect();
            if !nodes.is_empty() {
                layers = layers.with(&Layer::new(Reach::Override, &nodes, self.position));
            }
        }
        let nodes: Vec<&Node> = self.global.iter().copied().chain(own).collect();
        let directories = Directories::new(&layers, parts(&nodes), None);
        let anonymous = nodes.iter().filter_map(|node| anonymous(node, &layers)).collect();
        let personal = nodes.iter().filter_map(|node| personal(node)).collect();
        let (addresses, position) = (self.addresses, self.position.clone());
        Server { addresses, scope: layers.scope(), layers, directories, anonymous, personal, position }
    }
}

fn anonymous(node: &Node, outer: &Layers) -> Option<Anonymous> {
    let children: Vec<&Node> = node.section(SectionKind::Anonymous)?.iter().collect();
    let layers = outer.with(&Layer::new(Reach::Session, &children, &node.position));
    let path = node.first_argument().to_owned();
    let directories = Directories::new(&layers, parts(&children), Some(&path));
    Some(Anonymous { path, scope: layers.scope(), layers, directories, position: node.position.clone() })
}

fn personal(node: &Node) -> Option<Personal> {
    let Content::Section { kind, children } = &node.content else { return None };
    let children: Vec<&Node> = children.iter().filter(|_| kind.is_condition()).collect();
    let layer = Layer::new(Reach::Session, &children, &node.position);
    Personal::of(node, layer, parts(&children))
}

/// The `<Directory>` sections among some nodes.
fn parts(nodes: &[&Node]) -> Vec<Part> {
    let sections = nodes.iter().filter_map(|node| Some((*node, node.section(SectionKind::Directory)?)));
    let part = |(node, children): (&Node, &[Node])| {
        let children: Vec<&Node> = children.iter().collect();
        let layer: Arc<Layer> = Layer::new(Reach::Folder, &children, &node.position);
        Part { path: node.first_argument().to_owned(), layer }
    };
    sections.map(part).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gantry_api::{Value, ValueError};

    use crate::configuration::Configuration;
    use crate::directories::Spellings;
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
        let scope = &read.servers[0].directories[1].scope();
        assert_eq!(umask(scope), Some("2".to_owned()));
        assert_eq!(scope.locate("Umask").map(|at| at.line), Some(9));
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
    fn lines_whose_first_match_counts_stay_with_their_sections() {
        let read = read(
            "TransferRate a\n<Global>\nTransferRate g\n</Global>\nTransferRate b\n<Directory /x>\nUmask 2\n</Directory>\n\
             <Directory /x/y>\nTransferRate c\nTransferRate d\n</Directory>\n<VirtualHost v>\nTransferRate v\n</VirtualHost>\n",
        );
        let lines = |scope: &Scope| scope.settings.entry("TransferRate").map(Value::extract::<Vec<Vec<String>>>);
        let sections = |lines: &[&[&str]]| {
            let own = |line: &&[&str]| line.iter().map(|word| (*word).to_owned()).collect();
            Some(Ok(lines.iter().map(own).collect::<Vec<Vec<String>>>()))
        };
        let main = &read.servers[0];
        assert_eq!(lines(&main.scope), sections(&[&["g"], &["a", "b"]]));
        assert_eq!(lines(&main.directories[0].scope()), sections(&[&["g"], &["a", "b"]]));
        assert_eq!(lines(&main.directories[1].scope()), sections(&[&["g"], &["a", "b"], &["c", "d"]]));
        assert_eq!(lines(&read.servers[1].scope), sections(&[&["g"], &["v"]]));
        assert_eq!(main.directories[1].scope().locate("TransferRate").map(|at| at.line), Some(11));
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
        let of = |path: &str| server.directory_for(Path::new(path)).and_then(|directory| umask(&directory.scope()));
        assert_eq!(of("/a"), Some("1".to_owned()));
        assert_eq!(of("/a/b"), Some("2".to_owned()));
        assert_eq!(of("/a/b/c/d"), Some("2".to_owned()));
        assert_eq!(umask(&server.directories[3].scope()), Some("1".to_owned()));
        let placed = server.directories.placed(|path| Some(Spellings::of(path.replace('~', "/a/bob"))));
        let placed = placed.unwrap_or_else(|path| panic!("{path}"));
        assert_eq!(placed.table.find(Path::new("/a/bob/x/y")), Some(3));
        let layers = &placed.layers.as_ref().unwrap()[3];
        assert_eq!(umask(&layers.scope()), Some("2".to_owned()), "what encloses it where it really lies");
        assert_eq!(server.directories.placed(|_| None), Err("/a/b/c"));
    }

    #[test]
    fn sections_of_an_anonymous_begin_at_its_root() {
        let read = read(
            "Umask 1\n<Directory />\nUmask 2\n</Directory>\n<Anonymous ~ftp>\nAllowOverwrite on\n\
             <Directory *>\nUmask 3\n</Directory>\n<Directory in>\n</Directory>\n<Directory /srv>\nUmask 4\n</Directory>\n</Anonymous>\n",
        );
        let anonymous = &read.servers[0].anonymous[0];
        assert_eq!(umask(&anonymous.scope), Some("1".to_owned()), "a server's folders are not around it");
        assert_eq!(umask(&anonymous.directories[1].scope()), Some("3".to_owned()));
        let placed = anonymous.directories.placed(|path| match path.starts_with('/') {
            true => Some(Spellings::of(path)),
            false => Some(Spellings::of(format!("/srv/ftp/{path}"))),
        });
        let placed = placed.unwrap_or_else(|path| panic!("{path}"));
        let at = |path: &str| placed.table.find(Path::new(path)).map(|at| &placed.layers.as_ref().unwrap()[at]);
        assert_eq!(at("/srv/ftp").and_then(|layers| umask(&layers.scope())), Some("4".to_owned()));
        assert_eq!(at("/srv/ftp/in/x").and_then(|layers| umask(&layers.scope())), Some("3".to_owned()));
        assert_eq!(at("/srv/ftp/in").map(crate::Layers::key), Some(placed.layers.as_ref().unwrap()[1].key()));
    }

    #[test]
    fn what_a_server_does_not_pass_on_holds_in_its_anonymous_all_the_same() {
        let read = read("Port 21\n<Anonymous ~ftp>\n<Directory in>\n</Directory>\n</Anonymous>\n");
        let anonymous = &read.servers[0].anonymous[0];
        assert_eq!(anonymous.scope.settings.entry("Port"), Some(&Value::Int(21)));
        assert_eq!(anonymous.directories[0].scope().settings.entry("Port"), None);
    }

    #[test]
    fn limits_come_outermost_first_and_plain_ones_speak_of_all() {
        let read = read(
            "<Limit read,SITE_CHMOD Write>\nDenyAll\n</Limit>\n<Anonymous ~ftp>\n<Directory in>\nAllowAll\n</Directory>\n</Anonymous>\n<Limit LOGIN>\n</Limit>\n",
        );
        let directory = &read.servers[0].anonymous[0].directories[0];
        assert_eq!(directory.path, "in");
        let scope = directory.scope();
        let limits: Vec<_> =
            scope.limits.iter().map(|limit| (limit.commands.join(" "), limit.plain, limit.deny.len())).collect();
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
