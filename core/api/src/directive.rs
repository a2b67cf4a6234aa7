//! Directives. Each is declared once, next to the code that implements it: name, syntax, contexts,
//! default, help and parser. The configuration, the reference manual and the error messages read
//! these declarations. `settings!` declares a directive together with the setting that holds its
//! value; `directive!` declares one without a setting.

use std::fmt;
use std::ops::BitOr;
use std::panic::{self, AssertUnwindSafe};

use crate::guard;
use crate::parse_error::ParseError;
use crate::value::Value;

/// The contexts in which a directive is allowed.
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

    /// Whether it contains all of `other`.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The union of both sets.
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

/// How a directive in an inner scope combines with the outer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inherits {
    /// It replaces the outer one; within one scope the last line counts.
    Replace,
    /// It is added: the setting is a list with one entry per line of all scopes, outermost first.
    Append,
    /// Scopes stay apart: the setting has a list for each scope that uses the directive, outermost
    /// first, with one entry per line. Users of the setting try inner scopes first.
    Sections,
    /// It replaces the outer one, but a `<Directory>` or `.ftpaccess` file never inherits it. The
    /// sessions of a server's `<Anonymous>` sections do.
    No,
}

/// A directive, as its module declares it.
#[derive(Debug)]
pub struct Directive {
    /// Its name, as in ProFTPD's manual; matched without regard to case.
    pub name: &'static str,
    /// The package that declares it.
    pub module: &'static str,
    /// Its parameters, in the manual's notation.
    pub syntax: &'static str,
    /// Where it is allowed.
    pub contexts: Contexts,
    /// How scopes combine it.
    pub inherits: Inherits,
    /// The default, as the words of a line that its parser reads.
    pub default: Option<&'static str>,
    /// The default in words, if no line can express it.
    pub otherwise: Option<&'static str>,
    /// What it does.
    pub help: &'static str,
    /// Turns the words after the name into the setting.
    pub parse: Parse,
    /// Whether the words may contain a secret, such as a password; they are never shown then.
    pub secret: bool,
    /// The reason for the notice that its lines cause, if it has no effect.
    pub idle: Option<&'static str>,
}

/// Turns the words after a directive's name into a setting; the error says what is wrong with them.
pub type Parse = fn(&[&str]) -> Result<Value, ParseError>;

inventory::collect!(Directive);

/// Runs a directive's parser under the guard. `directive!` puts the call into the parser's image.
#[doc(hidden)]
pub fn parse_guarded<E: Into<ParseError>>(
    parser: fn(&[&str]) -> Result<Value, E>,
    words: &[&str],
) -> Result<Value, ParseError> {
    match panic::catch_unwind(AssertUnwindSafe(|| parser(words))) {
        Ok(parsed) => parsed.map_err(Into::into),
        Err(payload) => Err(format!("the module's parser panicked: {}", guard::message(payload)).into()),
    }
}

/// Declares a directive, or several with `;` between them, next to the code that implements them.
///
/// ```text
/// directive! {
///     /// Loads a library that modules need, at this line.
///     LoadFile "path" in SERVER, inherits: no, parse: parse::path
/// }
/// ```
/// `inherits` is `replace`, `append`, `sections` or `no`. These parts may follow, in this order:
/// `default: "..."`, which is parsed when the directive is absent, or `otherwise: "..."`, a
/// description for the manual if no line can express the default; `parse`, a function from
/// [`crate::parse`] or your own (the default takes one word); `secret: true` if the words may
/// contain a password; and `idle: "..."`, the reason why the directive has no effect, if it is
/// only accepted so that ProFTPD's files can be used.
///
/// Use this for a directive without a setting: one that acts as it is read, or is accepted for
/// ProFTPD's sake. Use [`crate::settings!`] for all others.
#[macro_export]
macro_rules! directive {
    ($($(#[doc = $help:literal])+ $name:ident $syntax:literal in $($context:ident)|+, inherits: $inherits:ident
       $(, default: $default:literal)? $(, otherwise: $otherwise:literal)? $(, parse: $parse:expr)?
       $(, secret: $secret:literal)? $(, idle: $idle:literal)? $(,)?);+ $(;)?) => {
        $(const _: () = {
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
                    // Runs under the guard of this image.
                    parse: |words| $crate::parse_guarded($crate::directive!(@parse $($parse)?), words),
                    secret: $crate::directive!(@secret $($secret)?),
                    idle: $crate::directive!(@default $($idle)?),
                }
            }
        };)+
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
    /// The empty set, with which `directive!` begins.
    #[doc(hidden)]
    pub const fn __none() -> Self {
        Self(0)
    }
}
