//! The name that the daemon was started under. Through a link named `proftpd` it
//! behaves like ProFTPD's command.

use std::ffi::OsStr;
use std::path::Path;

/// The command to behave like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Our own, for any other name.
    Gantryd,
    /// ProFTPD's.
    Proftpd,
}

impl Name {
    /// The name of this process.
    pub fn current() -> Self {
        Self::of(&std::env::args_os().next().unwrap_or_default())
    }

    fn of(argument: &OsStr) -> Self {
        match Path::new(argument).file_name() {
            Some(name) if name == "proftpd" => Self::Proftpd,
            _ => Self::Gantryd,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_the_path_counts() {
        let of = |text: &str| Name::of(OsStr::new(text));
        assert_eq!([of("proftpd"), of("/usr/sbin/proftpd")], [Name::Proftpd; 2]);
        assert_eq!([of("gantryd"), of("/proftpd/x"), of("")], [Name::Gantryd; 3]);
    }
}
