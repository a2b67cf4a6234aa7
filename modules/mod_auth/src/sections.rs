//! Finds the section that a login belongs to: the server itself, or an `<Anonymous>` with this User
//! or UserAlias. The sections are known at the start, and passwords do not matter.

use std::collections::HashMap;

use gantry_api::{ScopeKind, SectionId, ServerId, Start};

use crate::settings::{Alias, Settings};

/// The sections of all servers.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    servers: HashMap<ServerId, Server>,
}

/// The names of one server.
#[derive(Debug, Default)]
struct Server {
    aliases: Vec<Alias>,
    alias_only: bool,
    /// The number of its DefaultChdir lines.
    beginnings: usize,
    anonymous: Vec<Anonymous>,
}

/// The names of an `<Anonymous>` section.
#[derive(Debug)]
pub(crate) struct Anonymous {
    pub(crate) id: SectionId,
    /// Its root, as written.
    pub(crate) root: String,
    /// Whether the login needs the right password.
    pub(crate) requires_password: bool,
    /// Whether that is the alias's own password.
    pub(crate) uses_alias: bool,
    /// How many of its DefaultChdir lines belong to the server.
    pub(crate) beginnings_of_server: usize,
    /// The group for access to its files, as a name or id.
    pub(crate) group: Option<String>,
    user: Option<String>,
    aliases: Vec<Alias>,
    alias_only: bool,
}

/// The section and account of a user name.
#[derive(Debug)]
pub(crate) struct Belonging<'a> {
    /// The section; `None` for the server itself.
    pub(crate) section: Option<&'a Anonymous>,
    /// The account's name, with an alias resolved.
    pub(crate) name: &'a str,
    /// Whether AuthAliasOnly refuses logins with this name.
    pub(crate) ignored: bool,
}

impl Sections {
    /// The sections of a configuration.
    pub(crate) fn new(start: &Start<'_>) -> Self {
        let mut servers: HashMap<ServerId, Server> = HashMap::new();
        for (id, kind, settings) in start.scopes::<Settings>() {
            let server = servers.entry(id).or_default();
            match kind {
                ScopeKind::Server => {
                    server.aliases = settings.aliases.clone();
                    server.alias_only = settings.alias_only;
                    server.beginnings = settings.beginnings.len();
                }
                ScopeKind::Anonymous { section, path } => server.anonymous.push(Anonymous {
                    id: *section,
                    root: path.clone(),
                    requires_password: settings.anonymous_password,
                    uses_alias: settings.uses_alias,
                    beginnings_of_server: server.beginnings,
                    group: settings.group.clone(),
                    user: settings.user.clone(),
                    // The server's own aliases come first, and lead to other accounts.
                    aliases: settings.aliases.get(server.aliases.len()..).unwrap_or_default().to_vec(),
                    alias_only: settings.alias_only,
                }),
                ScopeKind::Personal { .. } | ScopeKind::Directory { .. } => {}
            }
        }
        Self { servers }
    }

    /// The section of a name. An alias of a section wins over one of the server, a name wins over
    /// `*`, and of several sections the last one counts, as in ProFTPD.
    pub(crate) fn of<'a>(&'a self, server: ServerId, name: &'a str) -> Belonging<'a> {
        let Some(server) = self.servers.get(&server) else {
            return Belonging { section: None, name, ignored: false };
        };
        let by_alias = |alias: &str| {
            let in_section = |section: &'a Anonymous| Some((Some(section), target(&section.aliases, alias)?));
            let found = server.anonymous.iter().rev().find_map(in_section);
            let found = found.or_else(|| {
                let real = target(&server.aliases, alias)?;
                Some((server.anonymous.iter().rev().find(|section| section.is_users(real)), real))
            });
            found.map(|(section, name)| Belonging { section, name, ignored: false })
        };
        by_alias(name).or_else(|| server.by_user(name)).or_else(|| by_alias("*")).unwrap_or(Belonging {
            section: None,
            name,
            ignored: server.alias_only,
        })
    }

    /// The key under which a section's clients are counted; it stays the same across reloads.
    pub(crate) fn key(&self, server: ServerId, section: SectionId) -> Option<String> {
        let mut sections = self.servers.get(&server)?.anonymous.iter();
        let section = sections.find(|anonymous| anonymous.id == section)?;
        Some(format!("{}\n{}", section.root, section.user.as_deref().unwrap_or_default()))
    }

    /// The groups for access to their files.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.servers.values().flat_map(|server| &server.anonymous).filter_map(|section| section.group.as_deref())
    }

    /// The names of the accounts that they may need.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let sections = self.servers.values().flat_map(|server| &server.anonymous);
        sections.flat_map(|section| {
            let root = section.root.strip_prefix('~').and_then(|path| path.split('/').next());
            let aliased = section.aliases.iter().map(|alias| alias.name.as_str());
            section.user.as_deref().into_iter().chain(root.filter(|name| !name.is_empty())).chain(aliased)
        })
    }
}

impl Server {
    /// The section with this User.
    fn by_user<'a>(&'a self, name: &'a str) -> Option<Belonging<'a>> {
        let mut of_user = self.anonymous.iter().rev().filter(|section| section.is_users(name)).peekable();
        of_user.peek()?;
        let section = of_user.find(|section| !section.alias_only);
        Some(Belonging { section, name, ignored: section.is_none() })
    }
}

impl Anonymous {
    fn is_users(&self, name: &str) -> bool {
        self.user.as_deref() == Some(name)
    }
}

/// The account of an alias; if several lines have it, the first one counts.
fn target<'a>(aliases: &'a [Alias], alias: &str) -> Option<&'a str> {
    aliases.iter().find(|known| known.alias == alias).map(|known| known.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases(list: &[(&str, &str)]) -> Vec<Alias> {
        list.iter().map(|(alias, name)| Alias { alias: (*alias).to_owned(), name: (*name).to_owned() }).collect()
    }

    fn section(id: usize, user: &str, list: &[(&str, &str)]) -> Anonymous {
        Anonymous {
            id: SectionId(id),
            root: "~ftp/pub".to_owned(),
            requires_password: false,
            uses_alias: false,
            beginnings_of_server: 0,
            group: None,
            user: Some(user.to_owned()),
            aliases: aliases(list),
            alias_only: false,
        }
    }

    fn sections(own: &[(&str, &str)], anonymous: Vec<Anonymous>) -> Sections {
        let server = Server { aliases: aliases(own), anonymous, ..Server::default() };
        Sections { servers: HashMap::from([(ServerId(0), server)]) }
    }

    fn of(sections: &Sections, name: &str) -> (Option<usize>, String) {
        let found = sections.of(ServerId(0), name);
        let name = if found.ignored { "-" } else { found.name };
        (found.section.map(|section| section.id.0), name.to_owned())
    }

    fn at(section: impl Into<Option<usize>>, name: &str) -> (Option<usize>, String) {
        (section.into(), name.to_owned())
    }

    #[test]
    fn names_and_aliases_lead_to_sections() {
        let sections = sections(
            &[("jack", "joe"), ("guest", "ftp"), ("anonymous", "joe")],
            vec![section(0, "ftp", &[("anonymous", "ftp"), ("x", "bob")]), section(1, "web", &[("y", "web")])],
        );
        assert_eq!(of(&sections, "anonymous"), at(0, "ftp"));
        assert_eq!(of(&sections, "ftp"), at(0, "ftp"));
        assert_eq!(of(&sections, "x"), at(0, "bob"));
        assert_eq!(of(&sections, "y"), at(1, "web"));
        assert_eq!(of(&sections, "guest"), at(0, "ftp"));
        assert_eq!(of(&sections, "jack"), at(None, "joe"), "one step, and a server's own");
        assert_eq!(of(&sections, "joe"), at(None, "joe"));
        assert_eq!(of(&sections, "Anonymous"), at(None, "Anonymous"));
        assert_eq!(sections.of(ServerId(1), "ftp").section.map(|section| section.id), None);
        let names: Vec<&str> = sections.names().collect();
        assert_eq!(names, ["ftp", "ftp", "ftp", "bob", "web", "ftp", "web"]);
    }

    #[test]
    fn the_last_section_counts_and_a_star_comes_last() {
        let two = sections(&[], vec![section(0, "ftp", &[("a", "ftp")]), section(1, "ftp", &[("a", "ftp")])]);
        assert_eq!((of(&two, "a"), of(&two, "ftp")), (at(1, "ftp"), at(1, "ftp")));
        let star = sections(&[("jack", "joe")], vec![section(0, "ftp", &[("*", "ftp")])]);
        assert_eq!((of(&star, "anybody"), of(&star, "jack")), (at(0, "ftp"), at(None, "joe")));
    }

    #[test]
    fn alias_only_ignores_all_other_names() {
        let mut sections = sections(&[("jack", "joe")], vec![section(0, "ftp", &[("anonymous", "ftp")])]);
        let server = sections.servers.get_mut(&ServerId(0)).unwrap();
        server.anonymous[0].alias_only = true;
        assert_eq!(of(&sections, "ftp"), at(None, "-"));
        assert_eq!((of(&sections, "anonymous"), of(&sections, "joe")), (at(0, "ftp"), at(None, "joe")));
        sections.servers.get_mut(&ServerId(0)).unwrap().alias_only = true;
        assert_eq!((of(&sections, "joe"), of(&sections, "jack")), (at(None, "-"), at(None, "joe")));
    }
}
