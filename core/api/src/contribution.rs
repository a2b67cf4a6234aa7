//! What modules contribute by the dozen besides directives, gathered by
//! inventory in each image: commands (SITE commands among them) for HELP and
//! FEAT, and control actions.

use gantry_proto::verb::Verb;

/// What a module says of a command that it handles; the handling itself is a
/// CMD hook on the verb. `SITE CHMOD` is the verb `SITE_CHMOD`.
#[derive(Debug)]
pub struct CommandEntry {
    /// The package that brings it.
    pub module: &'static str,
    /// The command.
    pub verb: Verb,
    /// What follows it, as HELP shows it.
    pub syntax: &'static str,
    /// Its line in FEAT (RFC 2389), where it has one.
    pub feature: Option<&'static str>,
}

inventory::collect!(CommandEntry);

/// What a module says of an action of the control socket; the handling itself
/// is [`crate::Module::control`].
#[derive(Debug)]
pub struct ControlAction {
    /// The package that brings it.
    pub module: &'static str,
    /// What an operator types.
    pub name: &'static str,
    /// What follows it.
    pub syntax: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// The directive whose lines say who may use it; its parser is
    /// [`crate::parse::control_acl`]. Nobody may where there is no such line.
    pub acl: &'static str,
}

inventory::collect!(ControlAction);

/// Declares commands beside the hooks that handle them:
/// `command! { SIZE "<sp> pathname", feature: "SIZE" }`, one or several.
#[macro_export]
macro_rules! command {
    ($($verb:ident $syntax:literal $(, feature: $feature:literal)?);+ $(;)?) => {
        $($crate::inventory::submit! {
            $crate::CommandEntry {
                module: env!("CARGO_PKG_NAME"),
                verb: $crate::Verb::new(stringify!($verb)),
                syntax: $syntax,
                feature: $crate::command!(@feature $($feature)?),
            }
        })+
    };
    (@feature) => { ::core::option::Option::None };
    (@feature $feature:literal) => { ::core::option::Option::Some($feature) };
}

/// Declares actions of the control socket beside the method that does them:
///
/// ```text
/// control! {
///     /// Ends sessions.
///     "kick" "user|host|class name ..." by AdminControlsACLs;
/// }
/// ```
/// `by` names the directive that says who may.
#[macro_export]
macro_rules! control {
    ($($(#[doc = $help:literal])+ $name:literal $syntax:literal by $acl:ident;)+) => {
        $($crate::inventory::submit! {
            $crate::ControlAction {
                module: env!("CARGO_PKG_NAME"),
                name: $name,
                syntax: $syntax,
                help: concat!($($help, "\n"),+),
                acl: stringify!($acl),
            }
        })+
    };
}
