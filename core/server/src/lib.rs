//! The server: generations, dispatch, listeners, sessions, data connections
//! and the one access gate. It names no module and no FTP command's meaning:
//! those are the modules'.

#![cfg_attr(
    not(feature = "ctrls"),
    allow(dead_code, reason = "without the control socket nobody asks for what it tells")
)]

mod blocking;
mod build;
mod caught;
mod changes;
mod check;
mod connection;
#[cfg(feature = "ctrls")]
pub mod control;
mod daemon;
mod data;
mod dispatch;
mod files;
mod gate;
mod generation;
mod identity;
mod images;
mod known;
mod link;
mod listener;
mod log;
mod manager;
mod module_set;
mod order;
mod overrides;
mod pid_file;
mod progress;
mod registry;
mod retire;
mod session;
mod sessions;
mod settings;
mod shared;
mod shown;
mod start;
mod times;
mod work;

pub use build::{BuildError, Source, compat};
pub use daemon::{Manner, StartError, Until, check, modules, run, with_generation};
pub use gantry_config::{Override, Report, SectionKind};
pub use generation::{Generation, Running};
pub use images::{ImageRef, Images};
pub use listener::Family;
pub use log::{LOGGER, Logger};
#[doc(hidden)]
pub use session::room::{Occupant, Room};
