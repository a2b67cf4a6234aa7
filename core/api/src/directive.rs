//! Directives: each is declared once, beside the code that implements it: name,
//! syntax, contexts, default, help and parser. The configuration, the reference
//! manual and the error messages read these. `settings!` declares a directive with
//! the setting that holds its value, `directive!` one that no setting holds.

use std::fmt;
use std::ops::BitOr;
use std::panic::{self, AssertUnwindSafe};

use crate::guard;
use crate::value::Value;

/// The contexts in which a directive may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contexts(u16);

impl Contexts {
    /// The main server's part of the file.
    pub const SERVER: Self = Self(1);
    /// `<VirtualHost>`.
    pub const VHOST: Self = Self(2);
    /// `<Global>`.
    pub const GLOBAL: Self = Self(4);
    /// `<Anonymous>`.
    pub const ANONYMOUS: Self = Self(8);
    /// `<Directory>`.
    pub const DIRECTORY: Self = Self(16);
    /// `<Limit>`.
    pub const LIMIT: Self = Self(32);
    /// `<Class>`.
    pub const CLASS: Self = Self(64);
    /// `.ftpaccess` files.
    pub const FTPACCESS: Self = Self(128);

    const NAMES: [(Self, &'static str); 8] = [
        (Self::SERVER, "server config"),
        (Self::VHOST, "<VirtualHost>"),
        (Self::GLOBAL, "<Global>"),
        (Self::ANONYMOUS, "<Anonymous>"),
        (Self::DIRECTORY, "<Directory>"),
        (Self::LIMIT, "<Limit>"),
        (Self::CLASS, "<Class>"),
        (Self::FTPACCESS, ".ftpaccess"),
    ];

    /// Whether all of `other` is allowed.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Contexts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// As the manual names them: `server config, <VirtualHost>`.
impl fmt::Display for Contexts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(context, _)| self.contains(*context));
        for (at, (_, name)) in names.enumerate() {
            write!(out, "{}{name}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// What an inner scope's directive does to the outer one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inherits {
    /// It replaces it; within one scope the last one counts.
    Replace,
    /// It is added to it: the setting is a list of all that stand in the
    /// scopes, outermost first, one entry a line.
    Append,
    /// It is asked first: the setting is a list of the scopes that have any, outermost
    /// first, each a list with one entry a line.
    Sections,
    /// It replaces it, but for folders: no outer one reaches a `<Directory>` or a
    /// `.ftpaccess` file. A server's reaches the sessions of its `<Anonymous>` sections.
    No,
}

/// One directive, as its module declares it.
#[derive(Debug)]
pub struct Directive {
    /// Its name, as ProFTPD's manual writes it; matched without regard to case.
    pub name: &'static str,
    /// The package that brings it.
    pub module: &'static str,
    /// What follows the name, in the manual's notation.
    pub syntax: &'static str,
    /// Where it may stand.
    pub contexts: Contexts,
    /// How scopes merge it.
    pub inherits: Inherits,
    /// What holds where it is absent: the words of a line, which its parser reads.
    pub default: Option<&'static str>,
    /// What holds where it is absent, in words, if no line could say it.
    pub otherwise: Option<&'static str>,
    /// What it is for.
    pub help: &'static str,
    /// Makes the setting of the words behind the name.
    pub parse: Parse,
    /// Whether the words may hold a secret, such as a password: they are shown to
    /// nobody.
    pub secret: bool,
}

/// Makes a setting of the words behind a directive's name; the error says
/// what is wrong with them.
pub type Parse = fn(&[&str]) -> Result<Value, String>;

inventory::collect!(Directive);

/// Runs a directive's parser under the guard; `directive!` writes the call into
/// the parser's image.
#[doc(hidden)]
pub fn parse_guarded(parser: Parse, words: &[&str]) -> Result<Value, String> {
    let caught = panic::catch_unwind(AssertUnwindSafe(|| parser(words)));
    caught.unwrap_or_else(|payload| Err(format!("the module's parser panicked: {}", guard::message(payload))))
}

/// Declares a directive, beside the code that implements it.
///
/// ```text
/// directive! {
///     /// Loads a library that modules need, at this line.
///     LoadFile "path" in SERVER, inherits: no, parse: parse::path
/// }
/// ```
/// `inherits` is `replace`, `append`, `sections` or `no`. What else may follow, in this order:
/// `default: "..."`, what is read where the directive is absent, and if no line
/// could say that, `otherwise: "..."`, for the manual; `parse`, a function of
/// [`crate::parse`] or one's own (one word unless given); and `secret: true` where
/// the words may hold a password.
///
/// This declares a directive that no setting holds: one that acts at its line, or
/// is read for ProFTPD's sake. All others are declared by [`crate::settings!`].
#[macro_export]
macro_rules! directive {
    ($(#[doc = $help:literal])+ $name:ident $syntax:literal in $($context:ident)|+, inherits: $inherits:ident
     $(, default: $default:literal)? $(, otherwise: $otherwise:literal)? $(, parse: $parse:expr)?
     $(, secret: $secret:literal)? $(,)?) => {
        const _: () = {
            const NAME: &str = concat!(env!("CARGO_PKG_NAME"), "\t", stringify!($name), "\n");
            #[used]
            #[unsafe(link_section = ".gantry.directives")]
            static LISTED: [u8; NAME.len()] = $crate::stamp::join(&[NAME]);
            $crate::inventory::submit! {
                $crate::Directive {
                    name: stringify!($name),
                    module: env!("CARGO_PKG_NAME"),
                    syntax: $syntax,
                    contexts: $crate::Contexts::__none()$(.union($crate::Contexts::$context))+,
                    inherits: $crate::directive!(@inherits $inherits),
                    default: $crate::directive!(@default $($default)?),
                    otherwise: $crate::directive!(@default $($otherwise)?),
                    help: concat!($($help, "\n"),+),
                    // Called under the guard of this very image.
                    parse: |words| $crate::parse_guarded($crate::directive!(@parse $($parse)?), words),
                    secret: $crate::directive!(@secret $($secret)?),
                }
            }
        };
    };
    (@inherits replace) => { $crate::Inherits::Replace };
    (@inherits append) => { $crate::Inherits::Append };
    (@inherits sections) => { $crate::Inherits::Sections };
    (@inherits no) => { $crate::Inherits::No };
    (@default) => { ::core::option::Option::None };
    (@default $text:literal) => { ::core::option::Option::Some($text) };
    (@secret) => { false };
    (@secret $secret:literal) => { $secret };
    (@parse) => { $crate::parse::word };
    (@parse $function:expr) => { $function };
}

impl Contexts {
    /// The empty set, where `directive!` begins.
    #[doc(hidden)]
    pub const fn __none() -> Self {
        Self(0)
    }
}
