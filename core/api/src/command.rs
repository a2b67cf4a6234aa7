//! Commands: each is declared once, by `command!`, beside the code that handles
//! it. HELP, FEAT, the gate, the logs, `who` and the dispatch table read the
//! declaration; no other list of commands exists.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::ops::BitOr;

use gantry_proto::verb::Verb;

use crate::error::{Error, Result};
use crate::guard::Boxed;
use crate::hook::Step;
use crate::moment::Moment;

/// A command, as the module that handles it declares it. `SITE CHMOD` is the
/// verb `SITE_CHMOD`.
#[derive(Debug)]
pub struct CommandEntry {
    /// The package that brings it.
    pub module: &'static str,
    /// The command.
    pub verb: Verb,
    /// What follows it, as HELP shows it.
    pub syntax: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Its classes, by which logs choose commands.
    pub classes: CommandClasses,
    /// Its groups of `<Limit>`.
    pub groups: LimitGroups,
    /// What of its argument is a path.
    pub path: PathArgument,
    /// Whether it needs a login.
    pub login: Login,
    /// The commands whose work on files it is meant to do, itself among them: it
    /// needs no leave of theirs.
    pub does: &'static [Verb],
    /// Its line in FEAT (RFC 2389), if it has one.
    pub feature: Option<&'static str>,
    /// What handles it.
    pub handler: Handler,
}

inventory::collect!(CommandEntry);

/// Whether a command is allowed before login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// 530 before login.
    Required,
    /// Allowed at any time.
    NotNeeded,
}

/// What of a command's argument is a path: the gate and the settings of
/// `<Directory>` go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathArgument {
    /// Nothing.
    None,
    /// All of it; the working directory where it is empty.
    Whole,
    /// What follows options such as `-la`.
    AfterOptions,
    /// What follows the first word.
    AfterWord,
}

impl PathArgument {
    /// The part of an argument that is a path.
    pub fn of(self, argument: &[u8]) -> &[u8] {
        match self {
            Self::None => &[],
            Self::Whole => argument,
            Self::AfterWord => after_word(argument),
            Self::AfterOptions => {
                let mut rest = argument;
                while rest.first() == Some(&b'-') {
                    rest = after_word(rest);
                }
                rest
            }
        }
    }
}

/// What follows a text's first space.
fn after_word(text: &[u8]) -> &[u8] {
    text.iter().position(|byte| *byte == b' ').and_then(|at| text.get(at + 1..)).unwrap_or_default()
}

/// A set of classes of commands, as ProFTPD's ExtendedLog names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommandClasses(u16);

impl CommandClasses {
    /// Reading files.
    pub const READ: Self = Self(1);
    /// Writing, renaming and removing files and directories.
    pub const WRITE: Self = Self(2);
    /// Working with directories.
    pub const DIRS: Self = Self(4);
    /// Information.
    pub const INFO: Self = Self(8);
    /// Logins.
    pub const AUTH: Self = Self(16);
    /// Everything that is in no other class.
    pub const MISC: Self = Self(32);
    /// Security (RFC 2228).
    pub const SEC: Self = Self(64);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::READ, "READ"),
        (Self::WRITE, "WRITE"),
        (Self::DIRS, "DIRS"),
        (Self::INFO, "INFO"),
        (Self::AUTH, "AUTH"),
        (Self::MISC, "MISC"),
        (Self::SEC, "SEC"),
    ];

    /// No class.
    pub const fn none() -> Self {
        Self(0)
    }

    /// The class of a name, in either case.
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        found.map(|(class, _)| *class)
    }

    /// Whether the sets have a class in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for CommandClasses {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// `DIRS, WRITE`.
impl fmt::Display for CommandClasses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(Self::NAMES.iter().filter(|(class, _)| self.intersects(*class)).map(|(_, name)| *name), out)
    }
}

/// A set of groups of commands, as `<Limit>` names them. They are not quite the
/// classes: RNFR is in WRITE of the logs, and in DIRS of `<Limit>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitGroups(u16);

impl LimitGroups {
    /// Reading files.
    pub const READ: Self = Self(1);
    /// Changing files and directories.
    pub const WRITE: Self = Self(2);
    /// Finding one's way in directories.
    pub const DIRS: Self = Self(4);
    /// SITE commands; each is in it.
    pub const SITE: Self = Self(8);

    const NAMES: [(Self, &'static str); 4] =
        [(Self::READ, "READ"), (Self::WRITE, "WRITE"), (Self::DIRS, "DIRS"), (Self::SITE, "SITE")];

    /// No group.
    pub const fn none() -> Self {
        Self(0)
    }

    /// The groups of a command that says nothing of them: those named as its
    /// classes are; WRITE for a SITE command, as in ProFTPD.
    pub const fn of(verb: Verb, classes: CommandClasses) -> Self {
        if verb.is_site() {
            return Self::WRITE.union(Self::SITE);
        }
        Self(classes.0 & (Self::READ.0 | Self::WRITE.0 | Self::DIRS.0))
    }

    /// These groups, as those of a command: SITE commands are in SITE as well.
    pub const fn given(self, verb: Verb) -> Self {
        if verb.is_site() { self.union(Self::SITE) } else { self }
    }

    /// Whether the group of a name, in either case, is among them.
    pub fn contains_name(self, name: &str) -> bool {
        let mut names = Self::NAMES.iter().filter(|(group, _)| self.0 & group.0 != 0);
        names.any(|(_, known)| known.eq_ignore_ascii_case(name))
    }

    /// Both sets together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for LimitGroups {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// `READ, DIRS`.
impl fmt::Display for LimitGroups {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(Self::NAMES.iter().filter(|(group, _)| self.0 & group.0 != 0).map(|(_, name)| *name), out)
    }
}

fn list<'n>(names: impl Iterator<Item = &'n str>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, name) in names.enumerate() {
        write!(out, "{}{name}", if at == 0 { "" } else { ", " })?;
    }
    Ok(())
}

/// An instance of a module, as a handler gets it.
pub type Instance<'a> = &'a (dyn Any + Send + Sync);

/// Handles a command, or begins to: as [`crate::Module::at_once`].
pub type AtOnce = fn(Instance<'_>, &mut Moment<'_>) -> Result<Step>;

/// Handles a command and waits meanwhile: as [`crate::Module::wait`].
pub type Wait = for<'a, 'm> fn(Instance<'a>, &'a mut Moment<'m>) -> Boxed<'a, Result<Step>>;

/// What handles a command. It is called by the [`crate::Instance`] of its module
/// alone, in its own image and under its guard.
#[derive(Clone, Copy)]
pub struct Handler {
    /// What answers at once, if anything does; asked first.
    pub at_once: Option<AtOnce>,
    /// What waits, if anything does: for `Step::Wait`, or where nothing answers at
    /// once.
    pub wait: Option<Wait>,
}

impl fmt::Debug for Handler {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Handler")
            .field("at_once", &self.at_once.is_some())
            .field("wait", &self.wait.is_some())
            .finish()
    }
}

/// A function that handles a command at once: of the moment alone, or of the
/// module and the moment.
#[doc(hidden)]
pub trait HandlesAtOnce<Arguments> {
    fn handle(&self, module: Instance<'_>, at: &mut Moment<'_>) -> Result<Step>;
}

impl<F: Fn(&mut Moment<'_>) -> Result<Step>> HandlesAtOnce<()> for F {
    fn handle(&self, _: Instance<'_>, at: &mut Moment<'_>) -> Result<Step> {
        self(at)
    }
}

impl<F: Fn(&M, &mut Moment<'_>) -> Result<Step>, M: 'static> HandlesAtOnce<(M,)> for F {
    fn handle(&self, module: Instance<'_>, at: &mut Moment<'_>) -> Result<Step> {
        self(own(module, at)?, at)
    }
}

/// The same of an async function.
#[doc(hidden)]
pub trait HandlesWaiting<'a, 'm, Arguments> {
    fn handle(&self, module: Instance<'a>, at: &'a mut Moment<'m>) -> Boxed<'a, Result<Step>>;
}

impl<'a, 'm: 'a, F, W> HandlesWaiting<'a, 'm, ()> for F
where
    F: Fn(&'a mut Moment<'m>) -> W,
    W: Future<Output = Result<Step>> + Send + 'a,
{
    fn handle(&self, _: Instance<'a>, at: &'a mut Moment<'m>) -> Boxed<'a, Result<Step>> {
        Box::pin(self(at))
    }
}

impl<'a, 'm: 'a, F, W, M: 'static> HandlesWaiting<'a, 'm, (M,)> for F
where
    F: Fn(&'a M, &'a mut Moment<'m>) -> W,
    W: Future<Output = Result<Step>> + Send + 'a,
{
    fn handle(&self, module: Instance<'a>, at: &'a mut Moment<'m>) -> Boxed<'a, Result<Step>> {
        match own(module, at) {
            Ok(module) => Box::pin(self(module, at)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

/// The module, as its own handler takes it.
fn own<'a, M: 'static>(module: Instance<'a>, at: &Moment<'_>) -> Result<&'a M> {
    let fault = || Error::system(format!("the handler of {} is of another type than its module", at.command.verb));
    module.downcast_ref().ok_or_else(fault)
}

/// Declares commands, each beside the code that handles it.
///
/// ```text
/// command! {
///     /// Sends a file to the client.
///     RETR "<sp> pathname", class: READ, path: Whole, wait: retrieve::retrieve;
///     /// Names the working directory.
///     PWD | XPWD "(returns current working directory)", class: INFO, limit: DIRS, at_once: print;
/// }
/// ```
///
/// `class` names the classes of ExtendedLog ([`CommandClasses`]), `|` between
/// them. What else may be said, in this order:
///
/// - `limit`: the groups of `<Limit>` ([`LimitGroups`]), where they are not named
///   as the classes are; `limit: NONE` for none.
/// - `path`: what of the argument is a path ([`PathArgument`]).
/// - `login: no`: it is allowed before login.
/// - `does: [STOR]`: it is meant to do on files what these commands do, and needs
///   no leave of theirs. Names after a `|` do what the first one does.
/// - `feature: "SIZE"`: its line in FEAT.
/// - `at_once`: a function of the moment (`&mut Moment<'_>`), or of the module and
///   the moment, that answers as [`crate::Module::at_once`] does.
/// - `wait`: the same, async: called where `at_once` says [`Step::Wait`], or is not
///   there.
#[macro_export]
macro_rules! command {
    ($($(#[doc = $help:literal])+ $verb:ident $(| $alias:ident)* $syntax:literal, class: $($class:ident)|+
       $(, limit: $($group:ident)|+)? $(, path: $path:ident)? $(, login: $login:ident)? $(, does: [$($does:ident),+])?
       $(, feature: $feature:literal)? $(, at_once: $at_once:path)? $(, wait: $wait:path)?);+ $(;)?) => {
        $($crate::command! { @each $verb [$verb $($alias)*] {
            help: concat!($($help, "\n"),+),
            syntax: $syntax,
            classes: $crate::CommandClasses::none()$(.union($crate::CommandClasses::$class))+,
            groups: [$($($group)+)?],
            path: [$($path)?],
            login: [$($login)?],
            does: [$($($does)+)?],
            feature: [$($feature)?],
            at_once: [$($at_once)?],
            wait: [$($wait)?],
        } })+
    };
    (@each $first:ident [] $facts:tt) => {};
    (@each $first:ident [$verb:ident $($more:ident)*] $facts:tt) => {
        $crate::command! { @one $first $verb $facts }
        $crate::command! { @each $first [$($more)*] $facts }
    };
    (@one $first:ident $verb:ident {
        help: $help:expr, syntax: $syntax:literal, classes: $classes:expr, groups: [$($group:ident)*], path: [$($path:ident)?],
        login: [$($login:ident)?], does: [$($does:ident)*], feature: [$($feature:literal)?],
        at_once: [$($at_once:path)?], wait: [$($wait:path)?],
    }) => {
        $crate::inventory::submit! {
            $crate::CommandEntry {
                module: env!("CARGO_PKG_NAME"),
                verb: $crate::Verb::new(stringify!($verb)),
                syntax: $syntax,
                help: $help,
                classes: $classes,
                groups: $crate::command!(@groups $verb $classes, $($group)*),
                path: $crate::command!(@path $($path)?),
                login: $crate::command!(@login $($login)?),
                does: &[
                    $crate::Verb::new(stringify!($verb)),
                    $crate::Verb::new(stringify!($first)),
                    $($crate::Verb::new(stringify!($does))),*
                ],
                feature: $crate::command!(@feature $($feature)?),
                handler: $crate::command::Handler {
                    at_once: $crate::command!(@at_once $($at_once)?),
                    wait: $crate::command!(@wait $($wait)?),
                },
            }
        }
    };
    (@groups $verb:ident $classes:expr,) => {
        $crate::LimitGroups::of($crate::Verb::new(stringify!($verb)), $classes)
    };
    (@groups $verb:ident $classes:expr, NONE) => {
        $crate::LimitGroups::none().given($crate::Verb::new(stringify!($verb)))
    };
    (@groups $verb:ident $classes:expr, $($group:ident)+) => {
        $crate::LimitGroups::none()$(.union($crate::LimitGroups::$group))+.given($crate::Verb::new(stringify!($verb)))
    };
    (@path) => { $crate::PathArgument::None };
    (@path $path:ident) => { $crate::PathArgument::$path };
    (@login) => { $crate::Login::Required };
    (@login no) => { $crate::Login::NotNeeded };
    (@feature) => { ::core::option::Option::None };
    (@feature $feature:literal) => { ::core::option::Option::Some($feature) };
    (@at_once) => { ::core::option::Option::None };
    (@at_once $function:path) => {
        ::core::option::Option::Some(|module, at| $crate::command::HandlesAtOnce::handle(&$function, module, at))
    };
    (@wait) => { ::core::option::Option::None };
    (@wait $function:path) => {
        ::core::option::Option::Some(|module, at| $crate::command::HandlesWaiting::handle(&$function, module, at))
    };
}
