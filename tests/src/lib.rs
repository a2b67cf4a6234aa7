//! The harness of the behaviour tests: a server in one of two layouts, clients that people use, and
//! the files they transfer. The tests themselves are in `tests/`, one file per subject; `tests/run`
//! builds what they need.

pub mod beside;
pub mod clients;
pub mod config;
pub mod database;
pub mod excerpt;
pub mod fixture;
pub mod full;
pub mod host;
mod instance;
pub mod kit;
pub mod layout;
mod mariadb;
pub mod operator;
mod postgres;
pub mod process;
pub mod proftpd;
pub mod sample;
pub mod scramble;
pub mod scripted;
pub mod server;
pub mod slapd;
pub mod suite;
pub mod terminal;
pub mod tls;
pub mod tool;
pub mod wait;
pub mod wire;

/// The names that most tests use.
pub mod prelude {
    pub use crate::both_layouts;
    pub use crate::clients::{Mode, Target};
    pub use crate::config::{Config, PASSWORD, USER};
    pub use crate::layout::Layout;
    pub use crate::sample::Tree;
    pub use crate::server::Server;
    pub use crate::wire::{Answer, Wire};
}

/// Makes two tests of each function that takes a [`layout::Layout`], `static_::name` and
/// `shared::name`, so that each behaviour is written once.
#[macro_export]
macro_rules! both_layouts {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        mod static_ {
            $($(#[$meta])* #[test] fn $name() { super::$name($crate::layout::Layout::Static) })+
        }
        mod shared {
            $($(#[$meta])* #[test] fn $name() { super::$name($crate::layout::Layout::Shared) })+
        }
    };
}
