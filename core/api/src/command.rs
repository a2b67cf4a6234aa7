//! Commands. Each is declared once with `command!`, next to its handler. HELP, FEAT, the access
//! gate, the logs, `who` and the dispatch table all read that declaration; there is no other list
//! of commands.

use std::any::Any;
use std::fmt;
use std::future::Future;

use gantry_proto::verb::Verb;

use crate::command_info::{CommandClasses, LimitGroups, Login, PathArgument};
use crate::error::{Error, Result};
use crate::guard::Boxed;
use crate::hook::{Hook, Step};
use crate::moment::Moment;

/// A command, as declared by the module that handles it. `SITE CHMOD` is the verb `SITE_CHMOD`.
#[derive(Debug)]
pub struct CommandEntry {
    /// The package that declares it.
    pub module: &'static str,
    /// The command.
    pub verb: Verb,
    /// Its parameters, as HELP shows them.
    pub syntax: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Its classes, by which logs select commands.
    pub classes: CommandClasses,
    /// Its `<Limit>` groups.
    pub groups: LimitGroups,
    /// Which part of its argument is a path.
    pub path: PathArgument,
    /// Whether it needs a login.
    pub login: Login,
    /// The commands whose file operations it performs, usually including itself; it needs no
    /// separate permission for them.
    pub does: &'static [Verb],
    /// Its FEAT line (RFC 2389), if it has one.
    pub feature: Option<&'static str>,
    /// Its handler.
    pub handler: Handler,
}

inventory::collect!(CommandEntry);

/// A module instance, as a handler receives it.
pub type Instance<'a> = &'a (dyn Any + Send + Sync);

/// Handles a command, or begins to; see [`crate::Module::at_once`].
pub type AtOnce = fn(Instance<'_>, &mut Moment<'_>) -> Result<Step>;

/// Handles a command and may wait; see [`crate::Module::wait`].
pub type Wait = for<'a, 'm> fn(Instance<'a>, &'a mut Moment<'m>) -> Boxed<'a, Result<Step>>;

/// A command's handler. Only the [`crate::Instance`] of its module calls it, inside the module's
/// image and under its guard.
#[derive(Clone, Copy)]
pub struct Handler {
    /// Answers without waiting, if set; called first.
    pub at_once: Option<AtOnce>,
    /// May wait, if set: called after `Step::Wait`, or when there is no `at_once`.
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

/// A function that handles a command without waiting. It takes the moment, or the module and the
/// moment.
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

/// The async counterpart.
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

/// Casts the instance to the handler's own module type.
fn own<'a, M: 'static>(module: Instance<'a>, at: &Moment<'_>) -> Result<&'a M> {
    let fault = || Error::system(format!("the handler of {} has a different type than its module", at.command.verb));
    module.downcast_ref().ok_or_else(fault)
}

/// A hook: a moment at which a module is called, declared next to the function that is called.
#[derive(Debug)]
pub struct HookEntry {
    /// The package that declares it.
    pub module: &'static str,
    /// The moment.
    pub hook: Hook,
    /// The functions that are called.
    pub handler: Handler,
}

inventory::collect!(HookEntry);

/// Declares hooks, each next to the function that it calls:
///
/// ```text
/// hook! {
///     pre [STOR, APPE], at_once: check_size;
///     log class READ | WRITE, wait: record;
///     connect, at_once: greet;
/// }
/// ```
///
/// First comes the phase: `pre`, `post`, `post_error`, `log`, `log_error`, or `command` to take
/// part in a command that another module declares; `connect` and `exit` are events of the session.
/// Then come the commands: some by name, or those of some classes ([`CommandClasses`]); without
/// either, all. Then `at_once`, `wait` or both, as in [`crate::command!`].
///
/// A declared hook is called in every configuration. Hooks that depend on the configuration come
/// from [`crate::Module::hooks`].
#[macro_export]
macro_rules! hook {
    ($($(#[doc = $doc:literal])* $phase:ident $([$($verb:ident),+ $(,)?])? $(class $($class:ident)|+)?
       $(, at_once: $at_once:path)? $(, wait: $wait:path)?);+ $(;)?) => {
        $($crate::hook! { @moment $phase [$($($verb)+)?] [$($($class)+)?] [[$($at_once)?] [$($wait)?]] })+
    };
    (@moment connect [] [] $handler:tt) => { $crate::hook! { @entry [$crate::Hook::connect()] $handler } };
    (@moment exit [] [] $handler:tt) => { $crate::hook! { @entry [$crate::Hook::exit()] $handler } };
    (@moment $phase:ident [] [] $handler:tt) => {
        $crate::hook! { @entry [$crate::Hook::every($crate::hook!(@phase $phase))] $handler }
    };
    (@moment $phase:ident [] [$($class:ident)+] $handler:tt) => {
        $crate::hook! { @entry [$crate::Hook::classes(
            $crate::CommandClasses::none()$(.union($crate::CommandClasses::$class))+,
            $crate::hook!(@phase $phase),
        )] $handler }
    };
    (@moment $phase:ident [$($verb:ident)+] [] $handler:tt) => {
        $($crate::hook! { @verb $phase $verb $handler })+
    };
    (@verb $phase:ident $verb:ident $handler:tt) => {
        $crate::hook! { @entry [$crate::Hook {
            commands: $crate::Commands::One($crate::Verb::new(stringify!($verb))),
            phase: $crate::hook!(@phase $phase),
        }] $handler }
    };
    (@entry [$hook:expr] [[$($at_once:path)?] [$($wait:path)?]]) => {
        $crate::inventory::submit! {
            $crate::HookEntry {
                module: env!("CARGO_PKG_NAME"),
                hook: $hook,
                handler: $crate::command::Handler {
                    at_once: $crate::command!(@at_once $($at_once)?),
                    wait: $crate::command!(@wait $($wait)?),
                },
            }
        }
    };
    (@phase pre) => { $crate::Phase::Pre };
    (@phase command) => { $crate::Phase::Command };
    (@phase post) => { $crate::Phase::Post };
    (@phase post_error) => { $crate::Phase::PostError };
    (@phase log) => { $crate::Phase::Log };
    (@phase log_error) => { $crate::Phase::LogError };
}

/// Declares commands, each next to its handler.
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
/// `class` names the ExtendedLog classes ([`CommandClasses`]), separated by `|`. These parts may
/// follow, in this order:
///
/// - `limit`: the `<Limit>` groups ([`LimitGroups`]), if they differ from the classes; `limit:
///   NONE` for none but ALL, `limit: NAMED` for not even ALL.
/// - `path`: which part of the argument is a path ([`PathArgument`]).
/// - `login: no`: the command is allowed before login.
/// - `does: [STOR]`: the command performs the file operations of these commands and needs no
///   separate permission for them. Names after a `|` do what the first one does.
/// - `feature: "SIZE"`: the line in FEAT.
/// - `at_once`: a function that takes the moment (`&mut Moment<'_>`), or the module and the moment,
///   and returns what [`crate::Module::at_once`] does.
/// - `wait`: the async counterpart, called if `at_once` returns [`Step::Wait`] or is missing.
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
