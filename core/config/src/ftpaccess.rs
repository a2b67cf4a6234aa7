//! `.ftpaccess`: a file that users put into a folder, read on top of the folder's scope.
//! It cannot name files, modules or variables of the daemon; it may only contain
//! directives declared for it, `<Limit>` and `<IfModule>`. The server finds, limits and
//! caches such files.

use std::collections::HashMap;
use std::path::Path;

use gantry_api::{Directive, Inherits, Value};

use crate::build;
use crate::catalogue::{Catalogue, LoadFailure};
use crate::error::{Fault, Faults, Problem};
use crate::position::Position;
use crate::reader::read_ftpaccess;
use crate::scope::Scope;
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

    /// Reads a file's bytes; messages call it `path`. Returns the scope of its folder:
    /// the file on top of `outer`, the configuration's scope there.
    ///
    /// # Errors
    /// All faults. The caller should then refuse the folder to everyone, because it is
    /// unknown what the file was meant to protect.
    pub fn read(&self, path: &Path, bytes: Vec<u8>, outer: &Scope) -> Result<Scope, Faults> {
        let position = Position::in_file(path, 1, 1);
        if bytes.len() > Self::MOST_BYTES {
            return Err(
                Fault::at(Problem::Text("file too large: a .ftpaccess may have at most 64 KiB"), &position).into()
            );
        }
        let tree = read_ftpaccess(path, bytes, &mut Snapshot(self))?;
        Ok(merged(&tree, outer, position))
    }

    /// The scope of an inner section of the configuration, if files apply between it and
    /// the `outer` section: its difference from `outer`, on top of `onto`, the result of
    /// those files on `outer`.
    pub fn beneath(&self, inner: &Scope, outer: &Scope, onto: &Scope) -> Scope {
        let mut scope = Scope { position: inner.position.clone(), ..onto.clone() };
        let Value::Map(settings) = &inner.settings else { return scope };
        let own = settings.iter().zip(&inner.places);
        for ((name, value), place) in own.filter(|((name, _), place)| outer.locate(name) != Some(*place)) {
            match value {
                Value::List(lines) if self.appends(name) => {
                    let inherited = outer.settings.entry(name).map_or(0, lines_of);
                    let lines = lines.iter().skip(inherited);
                    lines.for_each(|line| scope.put(name, line.clone(), Inherits::Append, place));
                }
                value => scope.put(name, value.clone(), Inherits::Replace, place),
            }
        }
        scope.limits.extend_beyond(&inner.limits, &outer.limits);
        scope
    }

    fn appends(&self, name: &str) -> bool {
        let directive = self.directives.get(&name.to_ascii_lowercase());
        directive.is_some_and(|directive| directive.inherits == Inherits::Append)
    }
}

fn lines_of(value: &Value) -> usize {
    if let Value::List(lines) = value { lines.len() } else { 0 }
}

/// Applies a file's tree to the scope around it.
fn merged(tree: &[Node], outer: &Scope, position: Position) -> Scope {
    let mut scope = Scope { position, ..outer.clone() };
    for node in tree {
        if let Content::Setting { value, inherits } = &node.content {
            scope.put(&node.name, value.clone(), *inherits, &node.position);
        }
    }
    let nodes: Vec<&Node> = tree.iter().collect();
    scope.limits.extend(build::limits(&nodes));
    scope
}

/// A copy of a directive's declaration.
fn copy(from: &Directive) -> Directive {
    let &Directive { name, module, syntax, contexts, inherits, default, otherwise, help, parse, secret } = from;
    Directive { name, module, syntax, contexts, inherits, default, otherwise, help, parse, secret }
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

    fn module_path(&mut self, _: &Path) -> Result<(), String> {
        Err("not in .ftpaccess".to_owned())
    }

    fn taken_out(&self, directive: &str) -> Option<String> {
        self.0.taken_out.get(&directive.to_ascii_lowercase()).cloned()
    }

    fn directive_names(&self) -> Vec<String> {
        self.0.directives.values().map(|directive| directive.name.to_owned()).collect()
    }
}

impl Scope {
    /// Sets a directive on top of the existing settings.
    fn put(&mut self, name: &str, value: Value, inherits: Inherits, position: &Position) {
        let Value::Map(settings) = &mut self.settings else { return };
        match settings.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
            Ok(at) => {
                match (&mut settings[at].1, inherits) {
                    (Value::List(values), Inherits::Append) => values.push(value),
                    (known, _) => *known = value,
                }
                // The places are parallel to the settings.
                if let Some(place) = self.places.get_mut(at) {
                    *place = position.clone();
                }
            }
            Err(at) => {
                let value = if inherits == Inherits::Append { Value::List(vec![value]) } else { value };
                settings.insert(at, (name.to_owned(), value));
                self.places.insert(at.min(self.places.len()), position.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DIRECTIVES, configure};

    fn read(text: &str) -> Result<Scope, Faults> {
        let outer = configure("Umask 1\n<Directory /x>\nHideFiles a\n<Limit READ>\nDenyAll\n</Limit>\n</Directory>\n");
        let outer = outer.map(|read| read.servers[0].directories[0].scope.clone())?;
        let access = FtpAccess::new(&DIRECTIVES, vec!["mod_core".to_owned()]);
        access.read(Path::new("/x/.ftpaccess"), text.as_bytes().to_vec(), &outer)
    }

    fn first_lines(text: &str) -> Vec<String> {
        read(text).err().map_or(Vec::new(), |faults| faults.0.iter().map(|fault| fault.first_line()).collect())
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
        let (outer, inner) = (&configured.servers[0].scope, &configured.servers[0].directories[0].scope);
        let access = FtpAccess::new(&DIRECTIVES, Vec::new());
        let file = b"Umask 2\nHideFiles c\nAllowOverwrite on\n<Limit WRITE>\nAllowAll\n</Limit>\n";
        let onto = access.read(Path::new("/x/.ftpaccess"), file.to_vec(), outer)?;
        let scope = access.beneath(inner, outer, &onto);
        assert_eq!(scope.settings.entry("Umask"), Some(&Value::from("3")));
        assert_eq!(scope.settings.entry("AllowOverwrite"), Some(&Value::Bool(true)));
        let files: Option<Result<Vec<Vec<String>>, _>> = scope.settings.entry("HideFiles").map(Value::extract);
        assert_eq!(files.and_then(Result::ok).map(|lines| lines.concat().concat()).as_deref(), Some("acb"));
        let limits: Vec<_> = scope.limits.iter().map(|limit| (limit.commands.concat(), limit.deny.len())).collect();
        assert_eq!(limits, [("READ".to_owned(), 1), ("WRITE".to_owned(), 0), ("WRITE".to_owned(), 1)]);
        assert_eq!(access.beneath(inner, outer, outer), *inner);
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
}
