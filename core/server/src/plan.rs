//! Plans: from the configuration's text to a started generation.

pub mod build;
pub mod catalogue;
pub mod changes;
mod check;
mod judge;
mod order;
mod shown;
pub mod source;
mod start;
