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
}

impl SectionKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Global, Self::VirtualHost, Self::Anonymous, Self::Directory, Self::Limit, Self::Class];

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
        }
    }

    /// The context of its contents.
    pub const fn context(self) -> Contexts {
        match self {
            Self::Global => Contexts::GLOBAL,
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
            Self::VirtualHost | Self::Class => Contexts::SERVER,
            Self::Anonymous => servers | Contexts::GLOBAL,
            Self::Directory => servers | Contexts::GLOBAL | Contexts::ANONYMOUS,
            Self::Limit => servers | Contexts::GLOBAL | Contexts::ANONYMOUS | Contexts::DIRECTORY | Contexts::FTPACCESS,
        }
    }
}
