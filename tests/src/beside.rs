//! Scripts that are played against Debian's ProFTPD and against Gantry, with the same configuration, files, owners and
//! times, and whose transcripts are compared. The scripts are in `tests/beside`, whose README.md has their form.

pub mod case;
pub mod disk;
pub mod known;
pub mod pair;
pub mod play;
pub mod report;
pub mod same;
pub mod stage;
