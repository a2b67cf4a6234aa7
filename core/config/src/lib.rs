//! The configuration: turns ProFTPD's language into a tree with source positions, the
//! tree into scopes, and each scope into the merged settings that modules extract.
//!
//! The [`Catalogue`] knows which directives exist; their modules know what they mean.
//! Nothing here listens, logs or loads.

mod build;
mod catalogue;
mod class;
mod compat;
mod condition;
mod configuration;
mod directories;
mod env;
mod error;
mod file;
mod ftpaccess;
mod include;
mod layers;
mod lexer;
mod limit;
mod limits;
mod migrate;
mod overrides;
mod personal;
mod position;
mod proftpd;
mod reader;
mod scope;
mod section;
mod stack;
mod texts;

#[cfg(test)]
mod testing;
mod toml_lines;
mod tree;
mod version;

pub use catalogue::{Catalogue, LoadFailure};
pub use class::{Class, check_class_rule, class_of};
pub use compat::{Entry, Report, compat};
pub use configuration::{Anonymous, Configuration, Server};
pub use directories::{Directories, Directory, DirectoryTable, Part, PlacedSections, Spellings};
pub use error::{Fault, Faults, Notice, Problem};
pub use ftpaccess::FtpAccess;
pub use layers::{Layer, Layers, LayersKey};
pub use limit::{Hosts, Limit, Names, Order, Rule, Verdict, Who, check_rule};
pub use limits::Limits;
pub use migrate::{Change, Migration, NewFile, migrate};
pub use overrides::Override;
pub use personal::Personal;
pub use position::{Origin, Position};
pub use proftpd::Gravity;
pub use reader::{Addition, Options, Reading, parse_text, read};
pub use scope::{Scope, settings_error};
pub use section::SectionKind;
pub use texts::Texts;
pub use tree::{Argument, Content, Node};
