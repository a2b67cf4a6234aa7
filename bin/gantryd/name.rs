//! The name that the daemon was started under: a link with ProFTPD's makes it
//! behave as that command does.

use std::ffi::OsStr;
use std::path::Path;

/// Whose command it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Our own, and any name that nobody knows.
    Gantryd,
    /// ProFTPD's.
    Proftpd,
}

impl Name {
    /// That of this process.
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
