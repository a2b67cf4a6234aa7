//! What the back ends of mod_sql for database servers share: SQLConnectInfo's notation and
//! parameters, a pool of connections, and what happens while a server is down. What one kind of
//! server does differently is in its [`Driver`]. It is no module.

mod backend;
mod driver;
mod error;
mod outage;
mod parameters;
mod place;
mod pool;

pub use backend::Databases;
pub use driver::{Blame, Driver, collect, placeholders};
pub use error::DatabaseError;
pub use parameters::{Mode, Parameters, Tls};
pub use place::{Host, Place};
