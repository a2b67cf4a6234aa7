//! Actions of the control socket, gathered by inventory in each image, as
//! directives and commands are.

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
