//! The options that clients put before the path of LIST and NLST, as for `ls`. RFC 959 has none,
//! but servers have always accepted them.

/// The sort order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// Newest first (`-t`).
    Time,
    /// Largest first (`-S`).
    Size,
    /// In directory order (`-U`, `-f`).
    None,
}

/// The time of a file to show and sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The last change of its contents.
    #[default]
    Modified,
    /// The last change of its attributes (`-c`).
    Changed,
    /// The last use (`-u`).
    Accessed,
}

/// Which hidden names (those with a leading dot) are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HiddenNames {
    /// None.
    #[default]
    No,
    /// All except `.` and `..` (`-A`).
    AlmostAll,
    /// All (`-a`).
    All,
}

/// Options of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// `-a`, `-A`
    pub hidden: HiddenNames,
    /// `-t`, `-S`, `-U`, `-f`
    pub order: Order,
    /// `-c`, `-u`
    pub clock: Clock,
    /// `-r`: in reverse order.
    pub reverse: bool,
    /// `-R`: with all subdirectories.
    pub recursive: bool,
    /// `-l`: long form, for NLST.
    pub long: bool,
    /// `-1`: only names, for LIST.
    pub names_only: bool,
    /// `-d`: the directory itself, not its contents.
    pub directory: bool,
    /// `-F`: a mark after each name that is not a plain file.
    pub classify: bool,
    /// `-L`: the targets of links instead of the links.
    pub follow: bool,
    /// `-n`: numbers instead of names of owner and group.
    pub numeric: bool,
    /// `-h`: sizes in units.
    pub in_units: bool,
    /// `-C`: names alone, in columns.
    pub columns: bool,
}

impl ListOptions {
    /// The options at the start of an argument, and the path after them, which may be empty.
    ///
    /// Unknown letters are ignored; no argument is an error. `--` ends the options, so that `--
    /// -file` reaches a file of that name (as `./-file` does). One space separates the last option
    /// from the path; further spaces belong to the path.
    #[must_use]
    pub fn parse(argument: &[u8]) -> (ListOptions, &[u8]) {
        let mut options = ListOptions::default();
        let mut path = argument;
        while let Some(word_on) = path.trim_ascii_start().strip_prefix(b"-") {
            let end = word_on.iter().position(|&b| b == b' ');
            let word = word_on.get(..end.unwrap_or(word_on.len())).unwrap_or_default();
            path = end.and_then(|end| word_on.get(end + 1..)).unwrap_or_default();
            if word == b"-" {
                break;
            }
            // As ProFTPD, which knows no long options: `--all` has the letters of `-all`.
            word.iter().for_each(|&letter| options.set(letter));
        }
        (options, path)
    }

    fn set(&mut self, letter: u8) {
        match letter {
            b'a' => self.hidden = HiddenNames::All,
            b'A' if self.hidden == HiddenNames::No => self.hidden = HiddenNames::AlmostAll,
            b't' => self.order = Order::Time,
            b'S' => self.order = Order::Size,
            b'U' => self.order = Order::None,
            b'f' => {
                self.order = Order::None;
                self.hidden = HiddenNames::All;
            }
            b'c' => self.clock = Clock::Changed,
            b'u' => self.clock = Clock::Accessed,
            b'r' => self.reverse = true,
            b'R' => self.recursive = true,
            b'l' => (self.long, self.names_only, self.columns) = (true, false, false),
            b'1' => (self.long, self.names_only, self.columns) = (false, true, false),
            b'C' => (self.long, self.columns) = (false, true),
            b'h' => self.in_units = true,
            b'd' => self.directory = true,
            b'F' => self.classify = true,
            b'L' => self.follow = true,
            b'n' => self.numeric = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_before_the_path() {
        let (options, path) = ListOptions::parse(b"-la some dir");
        assert_eq!(options.hidden, HiddenNames::All);
        assert!(options.long);
        assert_eq!(path, b"some dir");

        let (options, path) = ListOptions::parse(b"-l  -tR x -a");
        assert!(options.long && options.recursive);
        assert_eq!((options.order, options.hidden), (Order::Time, HiddenNames::No));
        assert_eq!(path, b"x -a");
    }

    #[test]
    fn any_path_can_be_reached() {
        for (argument, path) in [
            (&b""[..], &b""[..]),
            (b"plain", b"plain"),
            (b" x ", b" x "),
            (b"-- -file", b"-file"),
            (b"-l -- -file", b"-file"),
            (b"-l  x", b" x"),
            (b"./-file", b"./-file"),
            (b"--", b""),
            (b"-", b""),
            (b"-aLF", b""),
            (b"--color=auto x", b"x"),
        ] {
            assert_eq!(ListOptions::parse(argument).1, path, "{argument:?}");
        }
    }

    #[test]
    fn junk_is_passed_over() {
        let (options, path) = ListOptions::parse(b"-\xff%\0q x");
        assert_eq!(options, ListOptions::default());
        assert_eq!(path, b"x");
    }
}
