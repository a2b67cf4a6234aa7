//! `.ftpaccess`: a file that users put into a folder, read on top of the folder's scope.
//! It cannot name files, modules or variables of the daemon; it may only contain
//! directives declared for it, `<Limit>` and `<IfModule>`. The server finds, limits and
//! caches such files.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gantry_api::{Directive, ParseError};

use crate::catalogue::{Catalogue, LoadFailure};
use crate::error::{Fault, Faults, Problem};
use crate::layers::Layer;
use crate::limit::{is_pattern, is_rule_of_limit, is_text_within, is_within};
use crate::position::Position;
use crate::reader::read_ftpaccess;
use crate::tree::{Content, Node};

/// The directives and modules of a configuration, for reading `.ftpaccess` files later.
/// It holds parsers in the modules' images, so the images must stay loaded while it is
/// used.
#[derive(Debug, Default)]
pub struct FtpAccess {
    directives: HashMap<String, Directive>,
    modules: Vec<String>,
    /// The removed module of each directive, by lower-case name.
    taken_out: HashMap<String, String>,
}

impl FtpAccess {
    /// The size limit of such a file, in bytes.
    pub const MOST_BYTES: usize = 64 * 1024;

    /// The limit on lines: each costs many times its bytes.
    pub const MOST_LINES: usize = 1000;

    /// The limit on patterns (`AllowUser regex ...`).
    pub const MOST_PATTERNS: usize = 8;

    /// The size limit of a compiled pattern, in bytes.
    const PATTERN_SIZE: usize = 1 << 15;

    /// About how many bytes of memory each byte of a file costs at most.
    const COST_OF_BYTE: usize = 64;

    /// About how many bytes of memory each pattern of a file costs at most: for itself,
    /// and for the threads that match it.
    const COST_OF_PATTERN: usize = 1 << 18;

    /// From the directives of all modules and the modules' names (`mod_x`).
    pub fn new<'d>(directives: impl IntoIterator<Item = &'d Directive>, modules: Vec<String>) -> Self {
        let named = directives.into_iter().map(|directive| (directive.name.to_ascii_lowercase(), copy(directive)));
        Self { directives: named.collect(), modules, taken_out: HashMap::new() }
    }

    /// Adds directives to skip, each with its module, which an operator removed.
    #[must_use]
    pub fn without(mut self, taken_out: impl IntoIterator<Item = (String, String)>) -> Self {
        let lower = taken_out.into_iter().map(|(directive, module)| (directive.to_ascii_lowercase(), module));
        self.taken_out = lower.collect();
        self
    }

    /// Reads the bytes of a file that messages call `path`. The result is a layer on top of the
    /// folder's configuration.
    ///
    /// # Errors
    /// All faults. Such a folder is best refused to everybody: what its file
    /// was to protect is not known.
    pub fn read(&self, path: &Path, bytes: Vec<u8>) -> Result<Arc<Layer>, Faults> {
        let position = Position::in_file(path, 1, 1);
        let too_much = |what, at: &Position| Err(Fault::at(Problem::Text(what), at).into());
        if bytes.len() > Self::MOST_BYTES {
            return too_much("file too large: a .ftpaccess may have at most 64 KiB", &position);
        }
        if bytes.split(|byte| *byte == b'\n').count() > Self::MOST_LINES {
            return too_much("too many lines: a .ftpaccess may have at most 1000", &position);
        }
        // Before any is compiled. A line may have the word without a pattern, but rarely.
        let words = |text: &[u8]| bytes.windows(text.len()).filter(|word| word.eq_ignore_ascii_case(text)).count();
        let words = words(b"regex") + words(b"filter") + words(b"hidefiles");
        if words > Self::MOST_PATTERNS * 4 {
            return too_much(TOO_MANY_PATTERNS, &position);
        }
        let length = bytes.len();
        let tree = read_ftpaccess(path, bytes, &mut Snapshot(self))?;
        let patterns = patterns(&tree);
        for (number, node) in patterns.iter().enumerate() {
            if number >= Self::MOST_PATTERNS {
                return too_much(TOO_MANY_PATTERNS, &node.position);
            }
            let is_small = match is_filter(node) {
                true => is_text_within(node.first_argument(), Self::PATTERN_SIZE),
                false => is_within(&node.arguments, Self::PATTERN_SIZE),
            };
            if !is_small {
                return too_much(
                    "pattern too large for a .ftpaccess: compiled, it may have at most 32 KiB",
                    &node.position,
                );
            }
        }
        let cost = length * Self::COST_OF_BYTE + patterns.len() * Self::COST_OF_PATTERN;
        let nodes: Vec<_> = tree.iter().collect();
        Ok(Layer::of_file(&nodes, &position, cost))
    }
}

const TOO_MANY_PATTERNS: &str = "too many patterns: a .ftpaccess may have at most 8";

/// The directives whose first word is a pattern.
const FILTERS: [&str; 5] = ["AllowFilter", "DenyFilter", "HideFiles", "PathAllowFilter", "PathDenyFilter"];

fn is_filter(node: &Node) -> bool {
    FILTERS.contains(&node.name.as_str())
}

/// The rules and filters among some nodes, and in the limits among them, that have a pattern.
fn patterns<'n>(nodes: &'n [Node]) -> Vec<&'n Node> {
    let inner = |node: &'n Node| match &node.content {
        Content::Section { children, .. } => patterns(children),
        Content::Setting { .. } if is_rule_of_limit(&node.name) && is_pattern(&node.arguments) => vec![node],
        Content::Setting { .. } if is_filter(node) => vec![node],
        Content::Setting { .. } => Vec::new(),
    };
    nodes.iter().flat_map(inner).collect()
}

/// A copy of a directive's declaration.
fn copy(from: &Directive) -> Directive {
    let &Directive { name, module, syntax, contexts, inherits, default, otherwise, help, parse, secret, idle } = from;
    Directive { name, module, syntax, contexts, inherits, default, otherwise, help, parse, secret, idle }
}

/// A catalogue for such files, in which modules do not change.
struct Snapshot<'a>(&'a FtpAccess);

impl Catalogue for Snapshot<'_> {
    fn directive(&self, name: &str) -> Option<&Directive> {
        self.0.directives.get(&name.to_ascii_lowercase())
    }

    fn has_module(&self, name: &str) -> bool {
        let name = name.strip_suffix(".c").unwrap_or(name);
        self.0.modules.iter().any(|module| module == name)
    }

    fn load(&mut self, _: &str, _: &Position) -> Result<Option<String>, LoadFailure> {
        Err("not in .ftpaccess".into())
    }

    fn module_path(&mut self, _: &Path) -> Result<(), ParseError> {
        Err("not in .ftpaccess".into())
    }

    fn taken_out(&self, directive: &str) -> Option<String> {
        self.0.taken_out.get(&directive.to_ascii_lowercase()).cloned()
    }

    fn directive_names(&self) -> Vec<String> {
        self.0.directives.values().map(|directive| directive.name.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::Value;

    use super::*;
    use crate::scope::Scope;
    use crate::testing::{DIRECTIVES, configure};

    fn read(text: &str) -> Result<Scope, Faults> {
        let outer = configure("Umask 1\n<Directory /x>\nHideFiles a\n<Limit READ>\nDenyAll\n</Limit>\n</Directory>\n");
        let outer = outer.map(|read| read.servers[0].directories[0].layers.clone())?;
        let access = FtpAccess::new(&DIRECTIVES, vec!["mod_core".to_owned()]);
        Ok(outer.with(&access.read(Path::new("/x/.ftpaccess"), text.as_bytes().to_vec())?).scope())
    }

    fn first_lines(text: &str) -> Vec<String> {
        read(text).err().map_or(Vec::new(), |faults| faults.0.iter().map(|fault| fault.first_line()).collect())
    }

    #[test]
    fn its_lines_are_a_section_of_their_own() -> Result<(), Faults> {
        let outer = configure("TransferRate a\nTransferRate b\n<Directory /x>\n</Directory>\n")?;
        let outer = outer.servers[0].directories[0].layers.clone();
        let access = FtpAccess::new(&DIRECTIVES, vec!["mod_core".to_owned()]);
        let own = access.read(Path::new("/x/.ftpaccess"), b"TransferRate c\n".to_vec())?;
        let lines = outer.with(&own).scope().settings.entry("TransferRate").map(Value::extract);
        assert_eq!(lines, Some(Ok(vec![vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]])));
        Ok(())
    }

    #[test]
    fn it_is_merged_on_top_of_its_folder() -> Result<(), Faults> {
        let scope = read(
            "Umask 2\nHideFiles b c\nAllowOverwrite on\nDenyAll\n<Limit READ>\nAllowUser bob\n</Limit>\n<IfModule mod_none.c>\nUmask 3\n</IfModule>\n",
        )?;
        assert_eq!(scope.settings.entry("Umask"), Some(&Value::from("2")));
        assert_eq!(scope.settings.entry("AllowOverwrite"), Some(&Value::Bool(true)));
        let files: Option<Result<Vec<Vec<String>>, _>> = scope.settings.entry("HideFiles").map(Value::extract);
        assert_eq!(files.and_then(Result::ok).map(|lines| lines.len()), Some(2));
        assert_eq!(scope.locate("Umask").map(ToString::to_string).as_deref(), Some("line 1 of '/x/.ftpaccess'"));
        assert_eq!(scope.locate("HideFiles").map(|at| at.line), Some(2));
        assert_eq!(scope.limits.iter().map(|limit| limit.plain).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(read("")?.settings.entry("Umask"), Some(&Value::from("1")));
        Ok(())
    }

    #[test]
    fn an_inner_section_counts_more_than_a_file_around_it() -> Result<(), Faults> {
        let configured = configure(
            "Umask 1\nHideFiles a\n<Limit READ>\nDenyAll\n</Limit>\n\
             <Directory /x/in>\nUmask 3\nHideFiles b\n<Limit WRITE>\nDenyAll\n</Limit>\n</Directory>\n",
        )?;
        let (outer, inner) = (&configured.servers[0].layers, &configured.servers[0].directories[0].layers);
        let access = FtpAccess::new(&DIRECTIVES, Vec::new());
        let file = b"Umask 2\nHideFiles c\nAllowOverwrite on\n<Limit WRITE>\nAllowAll\n</Limit>\n";
        let onto = outer.with(&access.read(Path::new("/x/.ftpaccess"), file.to_vec())?);
        let scope = onto.with_beyond(inner, outer).scope();
        assert_eq!(scope.settings.entry("Umask"), Some(&Value::from("3")));
        assert_eq!(scope.settings.entry("AllowOverwrite"), Some(&Value::Bool(true)));
        let files: Option<Result<Vec<Vec<String>>, _>> = scope.settings.entry("HideFiles").map(Value::extract);
        assert_eq!(files.and_then(Result::ok).map(|lines| lines.concat().concat()).as_deref(), Some("acb"));
        let limits: Vec<_> = scope.limits.iter().map(|limit| (limit.commands.concat(), limit.deny.len())).collect();
        assert_eq!(limits, [("READ".to_owned(), 1), ("WRITE".to_owned(), 0), ("WRITE".to_owned(), 1)]);
        assert_eq!(outer.with_beyond(inner, outer).key(), inner.key());
        Ok(())
    }

    #[test]
    fn it_reaches_nothing_outside_its_folder() {
        let end = "directive not allowed in .ftpaccess context on line 1 of '/x/.ftpaccess'";
        for (line, name) in [
            ("Include /etc/passwd", "Include"),
            ("LoadModule mod_sql.c", "LoadModule"),
            ("Define A", "Define"),
            ("ModulePath /x", "ModulePath"),
            ("ServerName x", "ServerName"),
            ("<Directory /y>\n</Directory>", "<Directory>"),
            ("<Global>\n</Global>", "<Global>"),
            ("<Anonymous ~>\n</Anonymous>", "<Anonymous>"),
        ] {
            assert_eq!(first_lines(line), [format!("Fatal: {name}: {end}")]);
        }
        let unexpanded = read("Umask %{env:PATH}\n").map(|scope| scope.settings.entry("Umask").cloned());
        assert_eq!(unexpanded, Ok(Some(Value::from("%{env:PATH}"))));
        assert!(read(&"#".repeat(FtpAccess::MOST_BYTES + 1)).is_err());
        assert_eq!(first_lines("<Limit ALL>\n").len(), 1);
    }

    #[test]
    fn it_costs_no_more_than_a_file_may() {
        let limit = |rules: String| format!("<Limit ALL>\n{rules}</Limit>\n");
        let said = |rules: String| first_lines(&limit(rules));
        assert!(said("AllowUser regex ^b\n".repeat(8)).is_empty());
        for count in [9, 200] {
            let told = said("AllowUser regex ^b\n".repeat(count));
            assert!(matches!(&*told, [told] if told.contains("too many patterns")), "{count}: {told:?}");
        }
        let told = said("DenyGroup regex (a{100}){30}\n".to_owned());
        assert!(matches!(&*told, [told] if told.contains("pattern too large")), "{told:?}");
        let told = said("AllowUser bob\n".repeat(1000));
        assert!(matches!(&*told, [told] if told.contains("too many lines")), "{told:?}");
    }

    #[test]
    fn what_it_costs_is_told() -> Result<(), Faults> {
        let access = FtpAccess::new(&DIRECTIVES, vec!["mod_core".to_owned()]);
        let read = |text: &str| access.read(Path::new("/x/.ftpaccess"), text.as_bytes().to_vec());
        let cost = |text: &str| read(text).map(|layer| layer.cost());
        let plain = "<Limit ALL>\nAllowUser bob\n</Limit>\n";
        assert_eq!(cost(plain)?, plain.len() * FtpAccess::COST_OF_BYTE);
        assert!(cost("<Limit ALL>\nAllowUser regex b\n</Limit>\n")? > FtpAccess::COST_OF_PATTERN);
        Ok(())
    }
}
