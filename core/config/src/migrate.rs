//! A ProFTPD configuration as one for Gantry: the same files, in which each line that Gantry cannot use is a comment, with the
//! reason above it. What protects and cannot be used is named first. A line that is only wrong stays as it is, so that nobody
//! loses a rule without having decided to.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::compat::{Entry, Report};
use crate::lexer::Lines;
use crate::position::Position;
use crate::proftpd::{self, Gravity};

/// The name of the main file.
const MAIN: &str = "gantry.conf";

/// A configuration for Gantry, not yet written.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    /// The files, the main one first.
    pub files: Vec<NewFile>,
    /// What changes, in the order of the files.
    pub changes: Vec<Change>,
    report: Report,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// The file of ProFTPD's that it is made of.
    pub from: PathBuf,
    /// Its name in the new folder.
    pub to: PathBuf,
    /// Its text.
    pub text: String,
}

/// A line that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 for one that is added at the top.
    pub line: u32,
    /// What it is; several lines if it goes on.
    pub old: String,
    /// What it becomes; none if it is left out.
    pub new: Option<String>,
    /// Why.
    pub reason: String,
    /// Whether it protects, or decides who gets in.
    pub protects: bool,
}

/// A line to be left out.
struct LeftOut {
    reason: String,
    protects: bool,
}

/// Makes Gantry's configuration, in a folder, of what a report says. `modules` are to be loaded at the top, each with the
/// reason.
#[must_use]
pub fn migrate(report: Report, folder: &Path, modules: &[(String, String)]) -> Migration {
    let (mut files, mut changes) = (Vec::new(), Vec::new());
    let base = report.path.parent().unwrap_or(Path::new("/")).to_owned();
    let names = new_names(&report, &base);
    for (path, bytes) in &report.texts {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let left_out = left_out(&report, path);
        let mut file =
            Rewriting { path, folder, base: &base, names: &names, changes: &mut changes, out: String::new() };
        if *path == report.path {
            file.begin(modules);
        }
        file.rewrite(&text, &left_out);
        let to = names.get(path).cloned().unwrap_or_default();
        files.push(NewFile { from: path.clone(), to, text: file.out });
    }
    Migration { files, changes, report }
}

/// What each file is called in the new folder: as below the main file's folder, and below `other` if it is elsewhere.
fn new_names(report: &Report, base: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let name = |path: &PathBuf| match path.strip_prefix(base) {
        _ if *path == report.path => PathBuf::from(MAIN),
        Ok(inside) => inside.to_owned(),
        Err(_) => Path::new("other").join(path.strip_prefix("/").unwrap_or(path)),
    };
    report.texts.iter().map(|(path, _)| (path.clone(), name(path))).collect()
}

/// The lines of a file that Gantry cannot use, by their numbers.
fn left_out(report: &Report, path: &Path) -> BTreeMap<u32, LeftOut> {
    let here = |entry: &&Entry| entry.position.file() == Some(path) && !entry.is_skipped;
    let missing = report.missing.iter().filter(here);
    let loads = report.left_out.iter().filter(here).filter(|entry| entry.name == "LoadModule");
    let line = |entry: &Entry| {
        let module = proftpd::module_of(&entry.name);
        let protects = module.is_some_and(|module| proftpd::gravity_of(module) == Gravity::Access);
        (entry.position.line, LeftOut { reason: entry.notes.join("; "), protects })
    };
    missing.chain(loads).map(line).collect()
}

/// One file.
struct Rewriting<'a> {
    path: &'a Path,
    folder: &'a Path,
    base: &'a Path,
    names: &'a BTreeMap<PathBuf, PathBuf>,
    changes: &'a mut Vec<Change>,
    out: String,
}

impl Rewriting<'_> {
    /// The lines at the top of the main file.
    fn begin(&mut self, modules: &[(String, String)]) {
        for (module, reason) in modules {
            let new = format!("LoadModule {module}.c");
            self.out.push_str(&format!("# Gantry: {reason}\n{new}\n"));
            self.change(0, "", Some(new), reason, false);
        }
    }

    fn rewrite(&mut self, text: &str, left_out: &BTreeMap<u32, LeftOut>) {
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let rest = lines.get(at..).unwrap_or_default();
            if let Some(LeftOut { reason, protects }) = left_out.get(&number) {
                let count = extent(rest).min(rest.len());
                let old = rest.get(..count).unwrap_or_default();
                self.out.push_str(&format!("# Gantry: {reason}\n"));
                old.iter().for_each(|line| self.out.push_str(&format!("#{line}\n")));
                self.change(number, &old.join("\n"), None, reason, *protects);
                at += count;
                continue;
            }
            match self.replaced(line) {
                Some((new, reason)) => {
                    self.out.push_str(&format!("# Gantry: {reason}\n#{line}\n"));
                    new.iter().for_each(|new| self.out.push_str(&format!("{new}\n")));
                    self.change(number, line, new, reason, false);
                }
                None => self.out.push_str(&format!("{line}\n")),
            }
            at += 1;
        }
    }

    /// A line that Gantry could use, and that is better another one.
    fn replaced(&self, line: &str) -> Option<(Option<String>, &'static str)> {
        let parsed = Lines::new(line).next()?;
        let word = parsed.arguments.first()?.text.as_str();
        match parsed.name.text.to_ascii_lowercase().as_str() {
            "modulepath" => Some((None, "Gantry's modules are in its own folder")),
            "include" => {
                let inside = Path::new(word).strip_prefix(self.base).ok()?;
                let covers = |path: &PathBuf| covers(word, path);
                let indent = line.len() - line.trim_start().len();
                let new = format!("{}Include {}", line.get(..indent)?, self.folder.join(inside).display());
                self.names.keys().any(covers).then_some((Some(new), "the copy of these files"))
            }
            _ => None,
        }
    }

    fn change(&mut self, line: u32, old: &str, new: Option<String>, reason: &str, protects: bool) {
        let (file, old, reason) = (self.path.to_owned(), old.to_owned(), reason.to_owned());
        self.changes.push(Change { file, line, old, new, reason, protects });
    }
}

/// Whether an Include's pattern could have found a file.
fn covers(pattern: &str, path: &Path) -> bool {
    let fixed = pattern.split(['*', '?', '[']).next().unwrap_or_default();
    path.to_string_lossy().starts_with(fixed)
}

/// How many physical lines belong to the first one: those that it goes on in, or the whole of a section.
fn extent(lines: &[&str]) -> usize {
    let first = lines.first().map(|line| line.trim_start()).unwrap_or_default();
    let Some(name) = first.strip_prefix('<').filter(|name| !name.starts_with('/')) else {
        return 1 + lines.iter().take_while(|line| line.ends_with('\\')).count();
    };
    let name = name.split(|byte: char| byte.is_whitespace() || byte == '>').next().unwrap_or_default();
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut depth = 0_usize;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim_start();
        let begins = |with: &str| line.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        if begins(&close) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        } else if begins(&open)
            && !line.get(open.len()..).unwrap_or_default().starts_with(|next: char| next.is_alphanumeric())
        {
            depth += 1;
        }
    }
    1
}

impl Migration {
    /// Whether it can serve as it is, and nothing that protects is left out.
    pub fn is_clean(&self) -> bool {
        self.report.faults.is_empty() && !self.changes.iter().any(|change| change.protects)
    }
}

/// What changes, line by line; then what differs.
impl fmt::Display for Migration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { report, changes, .. } = self;
        let (protecting, others): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.protects);
        let lists = [("Left out, although it protects or decides who gets in:", protecting), ("Changes:", others)];
        for (title, changes) in lists.into_iter().filter(|(_, changes)| !changes.is_empty()) {
            writeln!(out, "{title}")?;
            changes.iter().try_for_each(|change| write!(out, "{change}"))?;
            writeln!(out)?;
        }
        if !report.faults.is_empty() {
            writeln!(out, "Wrong, and left as it is; mend this yourself:")?;
            report.faults.iter().try_for_each(|fault| writeln!(out, "{fault}"))?;
            writeln!(out)?;
        }
        let mut differing: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for entry in &report.differs {
            for note in &entry.notes {
                let place = format!("{}:{}", file_name(&entry.position.file()), entry.position.line);
                differing.entry((&entry.name, note)).or_default().push(place);
            }
        }
        if !differing.is_empty() {
            writeln!(out, "Works, but not quite as in ProFTPD:")?;
            for ((name, note), places) in differing {
                writeln!(out, "  {name} ({}): {note}", places.join(", "))?;
            }
            writeln!(out)?;
        }
        // What changes has been said.
        let changes_at = |place: &Position| changes.iter().any(|change| is_at(change, place));
        let notices: Vec<_> = report.notices.iter().filter(|notice| !changes_at(&notice.position)).collect();
        if !notices.is_empty() {
            writeln!(out, "To know:")?;
            notices.iter().try_for_each(|notice| writeln!(out, "  {notice}"))?;
            writeln!(out)?;
        }
        let (same, left) =
            (report.supported.len() + report.differs.len(), changes.iter().filter(|c| c.new.is_none()).count());
        writeln!(
            out,
            "{same} directives and sections stay as they are, {left} are left out, {} are wrong.",
            report.faults.len()
        )
    }
}

/// Whether a change is of the line at a place.
fn is_at(change: &Change, place: &Position) -> bool {
    change.line == place.line && place.file() == Some(&change.file)
}

fn file_name(path: &Option<&Path>) -> String {
    let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default()
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => writeln!(out, "  {}, at the top", self.file.display())?,
            line => writeln!(out, "  {}, line {line}", self.file.display())?,
        }
        self.old.lines().try_for_each(|line| writeln!(out, "    - {line}"))?;
        self.new.iter().try_for_each(|line| writeln!(out, "    + {line}"))?;
        writeln!(out, "      {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::compat;
    use crate::reader::Options;
    use crate::testing::Shelf;

    #[test]
    fn what_cannot_be_used_becomes_a_comment_with_its_reason() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let folder = home.path().canonicalize()?;
        let (main, part) = (folder.join("proftpd.conf"), folder.join("conf.d/a.conf"));
        std::fs::create_dir(folder.join("conf.d"))?;
        let text = format!(
            "Umask 022\nModulePath {0}\nBanEngine on\n  Include {0}/conf.d/\n<Limit LOGIN>\n  AllowOverwrite maybe\n</Limit>\n\
             LoadModule mod_ban.c\n<IfModule mod_ban.c>\n  BanTable /x\n</IfModule>\n",
            folder.display()
        );
        std::fs::write(&main, text)?;
        std::fs::write(&part, "QuotaLog \\\n  /x\nPort 21\n")?;
        let report = compat(&main, &mut Shelf::default(), &Options::default()).map_err(std::io::Error::other)?;
        let made = migrate(report, Path::new("/new"), &[("mod_x".to_owned(), "why".to_owned())]);
        let text =
            |name: &str| made.files.iter().find(|file| file.to == Path::new(name)).map(|file| file.text.as_str());
        let new = text("gantry.conf").unwrap_or_default();
        assert!(new.starts_with("# Gantry: why\nLoadModule mod_x.c\nUmask 022\n"), "{new}");
        for lines in [
            "# Gantry: known to ProFTPD's mod_ban; not supported\n#BanEngine on\n",
            "# Gantry: the copy of these files\n#  Include",
            "\n  Include /new/conf.d\n",
            "\n  AllowOverwrite maybe\n",
            "\n#LoadModule mod_ban.c\n<IfModule mod_ban.c>\n  BanTable /x\n",
        ] {
            assert!(new.contains(lines), "{lines}\nis not in\n{new}");
        }
        let inner = "# Gantry: known to ProFTPD's mod_quotatab; not supported\n#QuotaLog \\\n#  /x\nPort 21\n";
        assert_eq!(text("conf.d/a.conf"), Some(inner));
        assert!(!made.is_clean());
        let shown = made.to_string();
        assert!(shown.starts_with("Left out, although it protects or decides who gets in:\n"), "{shown}");
        assert!(shown.contains("proftpd.conf, line 3\n    - BanEngine on\n      known to"), "{shown}");
        Ok(())
    }

    #[test]
    fn a_section_is_left_out_with_all_in_it() {
        assert_eq!(extent(&["<Bogus x>", "  A", " <bogus>", "</Bogus>", "</BOGUS>", "B"]), 5);
        assert_eq!(extent(&["<Bogus>", "A"]), 1);
        assert_eq!(extent(&["A \\", " b \\", "c", "d"]), 3);
        assert_eq!(extent(&["</Bogus>", "A"]), 1);
    }
}
