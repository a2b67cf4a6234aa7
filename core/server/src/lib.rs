//! The server: generations, dispatch, listeners, sessions, data connections and the access gate. It
//! names no module and knows no FTP command's meaning: those belong to modules.
//!
//! The rooms, from the bottom up; none imports from a room behind it: the files
//! of this folder, `generation`, `plan`, `wire`, `transfer`, `files`, `system`, `session`,
//! `dialogue`, `operators`, `daemon`.

#![cfg_attr(
    not(feature = "ctrls"),
    allow(dead_code, reason = "without the control socket nobody asks for what it tells")
)]

mod address;
mod caught;
mod daemon;
mod dialogue;
mod files;
mod filters;
mod gate;
mod generation;
mod hiding;
mod identity;
mod log;
mod names;
#[cfg(feature = "ctrls")]
pub mod operators;
mod plan;
mod seldom;
mod session;
mod settings;
mod system;
mod times;
mod transfer;
mod wire;

pub use daemon::{Manner, StartError, Until, check, modules, run, with_generation};
#[cfg(feature = "bench")]
pub use dialogue::client::room::{Occupant, Room};
pub use gantry_config::{Migration, NewFile, Override, Report, SectionKind};
pub use generation::images::{ImageRef, Images};
pub use generation::{running::Running, snapshot::Generation};
pub use log::{LOGGER, Logger, set_program};
pub use plan::build::{BuildError, compat, migrate};
pub use plan::source::{Family, Source};
