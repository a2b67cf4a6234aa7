//! Reports what a ProFTPD configuration means for Gantry: what is supported, what
//! differs and what is missing, each with its place. The differences come from the list
//! that people read, docs/differences.md.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::build;
use crate::catalogue::Catalogue;
use crate::configuration::Server;
use crate::error::{Fault, Faults, Notice, Problem};
use crate::file;
use crate::overrides::Overriding;
use crate::position::Position;
use crate::proftpd::{self, Gravity};
use crate::reader::{Options, SkippedLine, Survey, survey};
use crate::section::SectionKind;
use crate::tree::{Content, Node};

/// The list of differences.
const DIFFERENCES: &str = include_str!("../../../docs/differences.md");

/// What a ProFTPD configuration means for Gantry.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The file.
    pub path: PathBuf,
    /// Directives that work as ProFTPD's manual says.
    pub supported: Vec<Entry>,
    /// Directives that work, but with entries in the list of differences.
    pub differs: Vec<Entry>,
    /// Directives, sections and modules that Gantry does not have.
    pub missing: Vec<Entry>,
    /// `<IfModule>` sections that are skipped because Gantry does not have the module.
    pub left_out: Vec<Entry>,
    /// The number of skipped lines that ProFTPD would obey, by their purpose.
    pub passed_over: Vec<(Gravity, usize)>,
    /// All other errors in the file.
    pub faults: Vec<Fault>,
    /// What else the administrator should know.
    pub notices: Vec<Notice>,
    /// The servers of the supported lines, for the checks of their modules.
    pub servers: Vec<Server>,
    /// The files that were read, the main one first, with their bytes.
    pub texts: Vec<(PathBuf, Vec<u8>)>,
    /// The directives with a refused line.
    pub refused: Vec<String>,
}

/// One directive of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its place.
    pub position: Position,
    /// Notes about it, one per line.
    pub notes: Vec<String>,
    /// Whether it is in an `<IfModule>` that is skipped.
    pub is_skipped: bool,
}

impl Report {
    /// Whether the file can be used as it is.
    pub fn is_usable(&self) -> bool {
        self.missing.is_empty() && self.faults.is_empty()
    }
}

/// Reads a ProFTPD configuration and reports what it means for Gantry. Loads the modules that it
/// names, if Gantry has them.
///
/// # Errors
/// The file cannot be read.
pub fn compat(path: &Path, catalogue: &mut dyn Catalogue, options: &Options) -> Result<Report, Faults> {
    let Survey { tree, faults, notices, left_out, absent, skipped, texts } = survey(path, catalogue, options)
        .map_err(|error| Fault::general(Problem::Unreadable { path: path.to_owned(), reason: file::reason(&error) }))?;
    let left_out = left_out.into_iter().map(|(module, position)| {
        let notes = vec![format!("{}, so its lines are skipped", proftpd::absence(&module, catalogue))];
        Entry { name: "<IfModule>".to_owned(), position, notes, is_skipped: false }
    });
    let absent = absent.into_iter().map(|(module, position)| {
        let notes =
            vec![format!("{}: its directives {}", proftpd::absence(&module, catalogue), proftpd::gravity_of(&module))];
        Entry { name: "LoadModule".to_owned(), position, notes, is_skipped: false }
    });
    let mut report = Report {
        path: path.to_owned(),
        supported: Vec::new(),
        differs: Vec::new(),
        missing: Vec::new(),
        left_out: absent.chain(left_out).collect(),
        passed_over: Vec::new(),
        faults: Vec::new(),
        notices,
        servers: match faults.iter().any(Fault::is_of_structure) {
            true => Vec::new(),
            false => build::servers(&tree, &Overriding::default(), &Position::in_file(path, 1, 1)),
        },
        texts,
        refused: faults.iter().filter_map(Fault::directive).map(str::to_owned).collect(),
    };
    let differences = differences();
    tree.iter().for_each(|node| report.take(node, &differences));
    let mut missed: Vec<(usize, Entry)> = Vec::new();
    for line in &skipped {
        report.count(line);
        missed.extend(skipped_over(line, catalogue).map(|entry| (line.faults_before, entry)));
    }
    for (at, fault) in faults.into_iter().enumerate() {
        match missing(&fault, catalogue) {
            Some(entry) => missed.push((at, entry)),
            None => report.faults.push(fault),
        }
    }
    // Keep the order of the lines.
    missed.sort_by_key(|(at, _)| *at);
    report.missing = missed.into_iter().map(|(_, entry)| entry).collect();
    Ok(report)
}

/// A skipped line that ProFTPD would obey, with that module, and Gantry would not.
fn skipped_over(line: &SkippedLine, catalogue: &dyn Catalogue) -> Option<Entry> {
    let name = line.name.trim_matches(['<', '>']);
    let known = catalogue.directive(name).is_some() || SectionKind::of(name).is_some();
    if known || catalogue.provider(name).is_some() {
        return None;
    }
    let within = format!("it is in <IfModule {}>, which is skipped", line.module);
    Some(Entry {
        name: line.name.clone(),
        position: line.position.clone(),
        notes: vec![proftpd::help(&line.name, catalogue)?, within],
        is_skipped: true,
    })
}

impl Report {
    /// Counts a skipped line of a module that Gantry does not have.
    fn count(&mut self, line: &SkippedLine) {
        let Some(module) = proftpd::module_of(&line.name) else { return };
        if module == "mod_core" {
            return;
        }
        let gravity = proftpd::gravity_of(module);
        match self.passed_over.iter_mut().find(|(known, _)| *known == gravity) {
            Some((_, count)) => *count += 1,
            None => self.passed_over.push((gravity, 1)),
        }
        self.passed_over.sort();
    }

    fn take(&mut self, node: &Node, differences: &[Difference]) {
        let words: Vec<&str> = node.arguments.iter().map(|argument| argument.text.as_str()).collect();
        let said = differences.iter().filter(|difference| difference.is_of(&node.name, &words));
        let notes: Vec<String> = said.map(|difference| difference.text.clone()).collect();
        let (name, children) = match &node.content {
            Content::Section { children, .. } => (format!("<{}>", node.name), children.as_slice()),
            Content::Setting { .. } => (node.name.clone(), &[][..]),
        };
        let list = if notes.is_empty() { &mut self.supported } else { &mut self.differs };
        list.push(Entry { name, position: node.position.clone(), notes, is_skipped: false });
        children.iter().for_each(|child| self.take(child, differences));
    }
}

/// The missing directive, section or module that a fault reports.
fn missing(fault: &Fault, catalogue: &dyn Catalogue) -> Option<Entry> {
    let position = fault.position.clone()?;
    let (name, notes) = match &fault.problem {
        Problem::Unknown(name) => {
            let help = proftpd::help(name, catalogue)?;
            // Where an installed module has it, the fault says so.
            let is_there = catalogue.provider(name).is_some();
            (name.clone(), if is_there { fault.help.clone() } else { vec![help] })
        }
        Problem::Load { module, reason } => {
            let notes = if fault.help.is_empty() { vec![reason.clone()] } else { fault.help.clone() };
            (format!("LoadModule {module}"), notes)
        }
        _ => return None,
    };
    Some(Entry { name, position, notes, is_skipped: false })
}

/// One entry of the list.
struct Difference {
    /// The phrases in backticks: names, some followed by words.
    quoted: Vec<Vec<String>>,
    text: String,
}

impl Difference {
    /// Whether it applies to a line: a phrase applies to all lines that start with its
    /// words (`Port any`).
    fn is_of(&self, name: &str, words: &[&str]) -> bool {
        self.quoted.iter().any(|quoted| {
            let line = std::iter::once(&name).chain(words);
            let matching = quoted.iter().zip(line).filter(|(quoted, word)| quoted.eq_ignore_ascii_case(word));
            matching.count() == quoted.len()
        })
    }
}

/// The entries of the list: each starts with `- ` and continues indented.
fn differences() -> Vec<Difference> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in DIFFERENCES.lines() {
        match (line.strip_prefix("- "), line.strip_prefix("  "), found.last_mut()) {
            (Some(first), ..) => {
                found.push(first.to_owned());
                open = true;
            }
            (None, Some(more), Some(last)) if open => {
                last.push(' ');
                last.push_str(more);
            }
            _ => open = false,
        }
    }
    found.into_iter().map(|text| Difference { quoted: quoted(&text), text }).collect()
}

/// The words of each phrase in backticks; sections without their brackets.
fn quoted(text: &str) -> Vec<Vec<String>> {
    let phrases = text.split('`').skip(1).step_by(2);
    let words =
        |phrase: &str| phrase.trim_matches(['<', '>']).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    phrases.map(words).filter(|words| !words.is_empty()).collect()
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { supported, differs, missing, left_out, faults, notices, .. } = self;
        let counted = |count: usize, what: &str| format!("{count} {what}");
        let counts = [
            counted(supported.len(), "supported"),
            counted(differs.len(), "differ"),
            counted(missing.len(), "missing"),
            counted(left_out.len(), "skipped"),
            counted(faults.len(), "wrong"),
        ];
        write!(out, "{}: {}", self.path.display(), counts.join(", "))?;
        if !self.passed_over.is_empty() {
            let counts = self.passed_over.iter().map(|(gravity, count)| format!("{count} that {gravity}"));
            write!(out, "\nLines skipped in <IfModule>: {}", counts.collect::<Vec<_>>().join(", "))?;
        }
        let lists = [("Missing", missing), ("Differs", differs), ("Skipped", left_out), ("Supported", supported)];
        for (title, entries) in lists.into_iter().filter(|(_, entries)| !entries.is_empty()) {
            write!(out, "\n\n{title}:")?;
            entries.iter().try_for_each(|entry| write!(out, "\n  {entry}"))?;
        }
        if !faults.is_empty() {
            out.write_str("\n\nWrong:")?;
        }
        faults.iter().try_for_each(|fault| write!(out, "\n{fault}"))?;
        if !notices.is_empty() {
            out.write_str("\n\nNotices:")?;
        }
        notices.iter().try_for_each(|notice| write!(out, "\n  {notice}"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} on {}", self.name, self.position)?;
        self.notes.iter().try_for_each(|note| write!(out, "\n    {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Shelf;

    #[test]
    fn a_report_lists_what_is_supported_differs_or_is_missing() -> std::io::Result<()> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("proftpd.conf");
        let text = "Umask 022\nServerType inetd\nQuotaEngine on\nLoadModule mod_tls.c\n<IfModule mod_tls.c>\nTLSEngine on\n</IfModule>\n\
            <IfUser bob>\nUmask 0\n</IfUser>\n<Directory /x>\nAllowOverwrite perhaps\nBogus\n</Directory>\n";
        std::fs::write(&path, text)?;
        let report = compat(&path, &mut Shelf::default(), &Options::default()).map_err(std::io::Error::other)?;
        let names = |entries: &[Entry]| {
            entries.iter().map(|entry| format!("{} {}", entry.name, entry.position.line)).collect::<Vec<_>>()
        };
        assert_eq!(names(&report.supported), ["Umask 1", "Umask 9", "<Directory> 11"]);
        assert_eq!(names(&report.differs), ["ServerType 2", "<IfUser> 8"]);
        assert_eq!(names(&report.missing), ["QuotaEngine 3", "TLSEngine 6"]);
        assert_eq!(report.missing[0].notes, ["known to ProFTPD's mod_quotatab; not supported"]);
        assert_eq!(report.passed_over, [(Gravity::Access, 1)]);
        assert_eq!(
            report.missing[1].notes,
            ["known to ProFTPD's mod_tls; not supported", "it is in <IfModule mod_tls.c>, which is skipped"]
        );
        assert_eq!(names(&report.left_out), ["LoadModule 4", "<IfModule> 5"]);
        assert_eq!(report.faults.len(), 2);
        assert!(!report.is_usable());
        let shown = report.to_string();
        assert!(shown.contains("3 supported, 2 differ, 2 missing, 2 skipped, 2 wrong"), "{shown}");
        // Off is what it would be without the module.
        std::fs::write(&path, "<IfModule mod_quotatab.c>\nQuotaEngine off\n</IfModule>\n")?;
        let off = compat(&path, &mut Shelf::default(), &Options::default()).map_err(std::io::Error::other)?;
        assert!(off.is_usable() && off.passed_over.is_empty());
        assert!(compat(Path::new("/nowhere/x"), &mut Shelf::default(), &Options::default()).is_err());
        Ok(())
    }

    #[test]
    fn the_list_of_differences_names_directives() {
        let all = differences();
        let said = |name: &str, words: &[&str]| all.iter().any(|difference| difference.is_of(name, words));
        assert!(said("usereversedns", &["on"]) && said("Limit", &["LOGIN"]) && said("Anonymous", &["~ftp"]));
        assert!(!said("Limit", &["WRITE"]) && !said("Limit", &[]) && !said("ServerName", &["x"]));
        assert!(all.iter().all(|difference| !difference.text.is_empty()));
    }
}
