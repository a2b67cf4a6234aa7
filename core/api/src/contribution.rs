//! Actions of the control socket. Like directives and commands, they are collected by inventory in
//! each image.

/// An action of the control socket, as a module declares it. [`crate::Module::control`] performs
/// it.
#[derive(Debug)]
pub struct ControlAction {
    /// The package that declares it.
    pub module: &'static str,
    /// What an operator types.
    pub name: &'static str,
    /// Its parameters.
    pub syntax: &'static str,
    /// What it does.
    pub help: &'static str,
    /// The directive whose lines say who may use it, parsed by [`crate::parse::control_acl`].
    /// Without such a line nobody may.
    pub acl: &'static str,
}

inventory::collect!(ControlAction);

/// Declares actions of the control socket next to the method that performs them:
///
/// ```text
/// control! {
///     /// Ends sessions.
///     "kick" "user|host|class name ..." by AdminControlsACLs;
/// }
/// ```
/// `by` names the directive that says who may use the action.
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
