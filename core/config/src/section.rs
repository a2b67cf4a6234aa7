//! The sections of ProFTPD's language that create scopes: their names, contexts and
//! nesting. `<IfModule>` and `<IfDefine>` create none: see `condition`.

use gantry_api::Contexts;

/// A kind of section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SectionKind {
    /// `<Global>`: applies to every server.
    Global,
    /// `<VirtualHost address...>`: a separate server.
    VirtualHost,
    /// `<Anonymous path>`.
    Anonymous,
    /// `<Directory path>`.
    Directory,
    /// `<Limit command...>`.
    Limit,
    /// `<Class name>`.
    Class,
    /// `<IfUser name...>`: for sessions of some users.
    IfUser,
    /// `<IfGroup name...>`: for those of users in some groups.
    IfGroup,
    /// `<IfClass name...>`: for those of clients in some classes.
    IfClass,
    /// `<IfAuthenticated>`: for those that have logged in.
    IfAuthenticated,
}

impl SectionKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Global,
        Self::VirtualHost,
        Self::Anonymous,
        Self::Directory,
        Self::Limit,
        Self::Class,
        Self::IfUser,
        Self::IfGroup,
        Self::IfClass,
        Self::IfAuthenticated,
    ];

    /// The kind with this name, ignoring case.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Its name, without brackets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "Global",
            Self::VirtualHost => "VirtualHost",
            Self::Anonymous => "Anonymous",
            Self::Directory => "Directory",
            Self::Limit => "Limit",
            Self::Class => "Class",
            Self::IfUser => "IfUser",
            Self::IfGroup => "IfGroup",
            Self::IfClass => "IfClass",
            Self::IfAuthenticated => "IfAuthenticated",
        }
    }

    /// Whether it is for users, groups or classes, and so applies only to some sessions.
    pub const fn is_condition(self) -> bool {
        matches!(self, Self::IfUser | Self::IfGroup | Self::IfClass | Self::IfAuthenticated)
    }

    /// Whether it may contain a section: those for users, groups and classes may only contain
    /// `<Directory>` and `<Limit>`.
    pub fn admits(self, inner: Self) -> bool {
        inner.allowed_in().contains(self.context())
            && (!self.is_condition() || matches!(inner, Self::Directory | Self::Limit))
    }

    /// The context of the lines in it.
    pub const fn context(self) -> Contexts {
        match self {
            // Sections for users, groups and classes may be in any server.
            Self::Global | Self::IfUser | Self::IfGroup | Self::IfClass | Self::IfAuthenticated => Contexts::GLOBAL,
            Self::VirtualHost => Contexts::VHOST,
            Self::Anonymous => Contexts::ANONYMOUS,
            Self::Directory => Contexts::DIRECTORY,
            Self::Limit => Contexts::LIMIT,
            Self::Class => Contexts::CLASS,
        }
    }

    /// The contexts that may contain it.
    pub fn allowed_in(self) -> Contexts {
        let servers = Contexts::SERVER | Contexts::VHOST;
        match self {
            Self::Global => servers,
            Self::VirtualHost => Contexts::SERVER,
            Self::Class => Contexts::SERVER | Contexts::GLOBAL,
            Self::Anonymous | Self::IfUser | Self::IfGroup | Self::IfClass | Self::IfAuthenticated => {
                servers | Contexts::GLOBAL
            }
            Self::Directory => servers | Contexts::GLOBAL | Contexts::ANONYMOUS,
            Self::Limit => servers | Contexts::GLOBAL | Contexts::ANONYMOUS | Contexts::DIRECTORY | Contexts::FTPACCESS,
        }
    }
}
