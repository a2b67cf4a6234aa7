//! The keeper: the one process of Gantry that stays root. The daemon starts it before it becomes User, and asks it over
//! a pair of sockets for the few things that need root. It runs no code of any module, and knows no configuration, no
//! client and no file but what a request names.
//!
//! `protocol` is what is said; `process` is the keeper itself, which decides nothing but splits off a worker for each
//! request and ends it when its time is up; `work` is what workers do; `link` is the daemon's end.

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
