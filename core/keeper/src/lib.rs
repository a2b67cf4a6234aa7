//! The keeper: the only process of Gantry that stays root. The daemon starts it before becoming
//! User, and asks it over a pair of sockets for the few things that need root. The keeper runs no
//! code of any module. It knows no configuration, no client, and no file except those that a
//! request names.
//!
//! `protocol` has the messages. `process` is the keeper itself: it decides nothing, but starts a
//! worker for each request and ends it when its time is up. `work` is what workers do; `link` is
//! the daemon's end.

mod link;
mod name;
mod packets;
mod process;
mod protocol;
mod work;

pub use gantry_sys::home::{HomeOwners, NewHome};
pub use link::{KeeperExit, Link, Receiver, SendError};
pub use name::{is_host, is_service, is_user};
pub use process::answer;
pub use protocol::{Answer, Check, Fault, Outcome, PamAnswer, PamRequest, Request, Standing, Task};
