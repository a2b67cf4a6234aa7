//! ProFTPD's files of quota limits and tallies, as mod_quotatab_file and ftpquota keep them: a number that says which
//! of the two it is, then records of a fixed length. mod_quotatab_file and `gantry quota` share this; it is no module.

mod record;
mod table;

pub use record::{Amounts, LimitRecord, NAME, Record, RecordError, TableType, TallyRecord};
pub use table::{Table, TableError};
