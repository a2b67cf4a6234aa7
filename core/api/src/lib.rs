//! Everything that a Gantry module sees, and everything that crosses between images.
//!
//! Only types from std, this crate and gantry-proto cross; `stamp` lets two images check that these
//! were compiled alike. Module authors begin with [`prelude`].

#![deny(unsafe_code)]

mod account;
mod admission;
pub mod census;
pub mod check;
pub mod command;
mod command_info;
mod contribution;
pub mod control;
pub mod data;
mod dialogue;
mod digest;
mod directive;
mod error;
mod events;
pub mod files;
pub mod guard;
mod hook;
mod ids;
pub mod image;
pub mod instance;
pub mod layer;
mod lent;
mod limit;
pub mod log;
mod log_output;
pub mod meter;
mod module;
pub mod moment;
mod nearest;
mod notes;
pub mod parse;
mod parse_error;
mod path;
mod promise;
pub mod quota;
pub mod runtime;
pub mod service;
pub mod session;
pub mod settings;
pub mod stamp;
mod start;
pub mod store;
pub mod system;
pub mod transfer;
mod trouble;
mod value;
pub mod variable;
pub mod voucher;
mod world;

#[doc(hidden)]
pub use {inventory, linkme};

pub use account::{Account, Group};
pub use admission::{Admission, AtServer, Door, Hosts};
pub use async_trait::async_trait;
pub use command::{CommandEntry, HookEntry};
pub use command_info::{CommandClasses, CommandInfo, LimitGroups, Login, PathArgument};
pub use contribution::ControlAction;
pub use dialogue::Dialogue;
#[doc(hidden)]
pub use directive::parse_guarded;
pub use directive::{Contexts, Directive, Inherits, Parse};
pub use error::{Error, ErrorKind, Fault, Result};
pub use events::Events;
pub use gantry_proto as proto;
pub use gantry_proto::command::Command;
pub use gantry_proto::reply::Reply;
pub use gantry_proto::verb::Verb;
pub use hook::{Commands, Hook, Phase, Step};
pub use ids::{SectionId, ServerId};
pub use image::{Descriptor, Image, MODULES};
pub use instance::Instance;
pub use lent::Lent;
pub use limit::Limit;
pub use log_output::{LogOutput, LogTarget, LogWriter, Severity};
pub use module::{Module, refuse, usage};
pub use moment::{Moment, State};
pub use nearest::nearest;
pub use notes::{ANONYMOUS_PASSWORD, IDENT_USER, Notes};
pub use parse_error::ParseError;
pub use path::VirtualPath;
pub use promise::Promise;
pub use runtime::{Layout, Runtime};
pub use session::Session;
pub use settings::{AnySettings, DefaultError, Defaults, FromScope, NoSettings, ScopeValues};
pub use start::{ScopeAtStart, ScopeKind, Start};
pub use transfer::Type;
pub use trouble::Trouble;
pub use value::{Value, ValueError};
pub use world::World;

/// Everything a module author needs, in one line.
pub mod prelude {
    pub use crate::check::{Check, Offer, Scopes};
    pub use crate::control::{Answer, ControlRequest};
    pub use crate::{
        Command, CommandClasses, Contexts, Dialogue, Error, ErrorKind, Hook, Module, Moment, ParseError, Phase, Reply,
        Result, Session, Start, Step, Value, Verb, VirtualPath, async_trait, command, control, directive, hook, log,
        module, parse, refuse, settings, usage, variable,
    };
}
