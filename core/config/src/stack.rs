//! The sections that are open while lines are read. As in ProFTPD, an included file may
//! close a section that another file opened.

use std::collections::HashMap;

use gantry_api::proto::glob;
use gantry_api::{Contexts, ParseError};

use crate::personal;
use crate::position::Position;
use crate::section::SectionKind;
use crate::tree::{Argument, Content, Node};

/// The open sections, and the nodes outside all sections.
pub(crate) struct Stack {
    /// The kind of file: `SERVER` or `FTPACCESS`.
    base: Contexts,
    root: Vec<Node>,
    /// Where each directive outside all sections was first given.
    firsts: HashMap<String, Position>,
    open: Vec<OpenSection>,
}

struct OpenSection {
    /// `None` for an unknown section.
    kind: Option<SectionKind>,
    /// Whether this one or one around it is unknown.
    obscure: bool,
    /// Whether this one or one around it is `<Anonymous>`.
    anonymous: bool,
    name: String,
    arguments: Vec<Argument>,
    position: Position,
    source: String,
    children: Vec<Node>,
    /// Where each directive in it was first given.
    firsts: HashMap<String, Position>,
}

/// The result of closing a section.
pub(crate) enum CloseOutcome {
    /// The section.
    Section(Node),
    /// A section that was reported when it opened.
    Unknown,
    /// Another section is open, or none.
    Mismatched,
}

impl Stack {
    pub(crate) fn new(base: Contexts) -> Self {
        Self { base, root: Vec::new(), firsts: HashMap::new(), open: Vec::new() }
    }

    /// Adds to the innermost section.
    pub(crate) fn add(&mut self, node: Node) {
        self.open.last_mut().map_or(&mut self.root, |open| &mut open.children).push(node);
    }

    /// The first line of a directive in the innermost section, if there is one; otherwise remembers
    /// this line. In a `<Limit>` or `<Class>` every line counts.
    pub(crate) fn repeats(&mut self, name: &str, position: &Position) -> Option<Position> {
        let firsts = match self.open.last_mut() {
            None => &mut self.firsts,
            Some(OpenSection { kind: Some(SectionKind::Limit | SectionKind::Class), .. }) => return None,
            Some(open) => &mut open.firsts,
        };
        match firsts.get(name) {
            Some(first) => Some(first.clone()),
            None => {
                firsts.insert(name.to_owned(), position.clone());
                None
            }
        }
    }

    pub(crate) fn open(&mut self, kind: SectionKind, arguments: &[Argument], position: &Position, source: &str) {
        self.push(Some(kind), kind.name(), arguments, position, source);
    }

    pub(crate) fn open_unknown(&mut self, name: &str, position: &Position, source: &str) {
        self.push(None, name, &[], position, source);
    }

    fn push(
        &mut self,
        kind: Option<SectionKind>,
        name: &str,
        arguments: &[Argument],
        position: &Position,
        source: &str,
    ) {
        let outer = self.open.last();
        let obscure = kind.is_none() || outer.is_some_and(|open| open.obscure);
        let anonymous = kind == Some(SectionKind::Anonymous) || outer.is_some_and(|open| open.anonymous);
        let (name, source, arguments, position) =
            (name.to_owned(), source.to_owned(), arguments.to_vec(), position.clone());
        self.open.push(OpenSection {
            kind,
            obscure,
            anonymous,
            name,
            arguments,
            position,
            source,
            children: Vec::new(),
            firsts: HashMap::new(),
        });
    }

    /// Closes the innermost section. If an outer one has this name, closes all up to it. If none
    /// has it, closes the innermost: a misspelt end is likelier than a superfluous one.
    pub(crate) fn close(&mut self, name: &str) -> CloseOutcome {
        let found = self.open.iter().rposition(|open| open.name.eq_ignore_ascii_case(name));
        if found.is_none_or(|at| at + 1 < self.open.len()) {
            self.open.truncate(found.unwrap_or(self.open.len().saturating_sub(1)));
            return CloseOutcome::Mismatched;
        }
        // Nodes in an unknown section are dropped level by level, because dropping a deep tree at
        // once would overflow the stack.
        match self.open.pop().filter(|open| !open.obscure).and_then(OpenSection::node) {
            Some(node) => CloseOutcome::Section(node),
            None => CloseOutcome::Unknown,
        }
    }

    /// The context of a line, and ProFTPD's name for it; `None` in an unknown section.
    pub(crate) fn context(&self) -> Option<(Contexts, String)> {
        match self.open.last() {
            None => Some((self.base, self.base.to_string())),
            Some(open) if open.obscure => None,
            Some(open) => Some((open.kind?.context(), format!("<{}>", open.name))),
        }
    }

    /// ProFTPD's name for the context of a line, and the section that is open there.
    pub(crate) fn place(&self) -> (String, Option<(String, Position)>) {
        match self.open.last() {
            None => (self.base.to_string(), None),
            Some(open) => (format!("<{}>", open.name), Some((open.name.clone(), open.position.clone()))),
        }
    }

    /// Whether a section for users, groups or classes is open that may not contain this one.
    pub(crate) fn waits_for_person(&self, kind: SectionKind) -> bool {
        let innermost = self.open.last().and_then(|open| open.kind);
        innermost.is_some_and(|open| open.is_condition() && !open.admits(kind))
    }

    pub(crate) fn within_anonymous(&self) -> bool {
        self.open.last().is_some_and(|open| open.anonymous)
    }

    /// The tree, and name, position and line of each section that is still open.
    pub(crate) fn finish(&mut self) -> (Vec<Node>, Vec<(String, Position, String)>) {
        let known = std::mem::take(&mut self.open).into_iter().filter(|open| open.kind.is_some());
        let unclosed = known.map(|open| (open.name, open.position, open.source)).collect();
        self.firsts.clear();
        (std::mem::take(&mut self.root), unclosed)
    }
}

impl OpenSection {
    fn node(self) -> Option<Node> {
        let content = Content::Section { kind: self.kind?, children: self.children };
        Some(Node { name: self.name, arguments: self.arguments, position: self.position, content })
    }
}

impl Node {
    /// Whether it is a `<Limit>` without any directive.
    pub(crate) fn is_idle_limit(&self) -> bool {
        self.section(SectionKind::Limit).is_some_and(|children| children.is_empty())
    }
}

impl SectionKind {
    /// Checks the words after the name. The error is in ProFTPD's words.
    pub(crate) fn check(self, arguments: &[Argument], within_anonymous: bool) -> Result<(), ParseError> {
        let first = arguments.first().map(|argument| argument.text.as_str());
        let absolute = first.is_some_and(|path| path.starts_with(['/', '~']));
        let fail = |reason: &str| Err(reason.into());
        match (self, first) {
            (Self::Global, Some(_)) => fail("Too many parameters"),
            (Self::Limit, None) => fail("directive requires one or more commands"),
            (Self::VirtualHost, None) => fail("wrong number of parameters"),
            (Self::Directory | Self::Anonymous | Self::Class, None) => fail("missing parameters"),
            (Self::Directory, Some(_)) if !absolute && !within_anonymous => {
                fail("relative path not allowed in non-<Anonymous> sections")
            }
            (Self::Directory, Some(path)) if climbs_behind_wildcard(path) => {
                fail("'..' behind a wildcard: such a path would cover no folder")
            }
            (kind, _) if kind.is_condition() => personal::whose(kind, arguments).map(drop),
            (Self::Anonymous, Some(path)) if !absolute => {
                Err(ParseError::new(format!("({path}) absolute pathname required")).at(path))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a path has `..` after a component with wildcards. Resolved paths have no such component,
/// so the section would protect nothing.
fn climbs_behind_wildcard(path: &str) -> bool {
    let mut components = path.split('/').skip_while(|component| !glob::is_pattern(component.as_bytes()));
    components.any(|component| component == "..")
}
