//! The options that clients put before the path of LIST and NLST, as if to `ls`. RFC 959 knows none; servers have
//! always taken them, and clients send them.

/// What the lines of a listing are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// Newest first (`-t`).
    Time,
    /// Largest first (`-S`).
    Size,
    /// As the directory has them (`-U`, `-f`).
    None,
}

/// Which time of a file is shown and sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// Of its contents' last change.
    #[default]
    Modified,
    /// Of its attributes' last change (`-c`).
    Changed,
    /// Of its last use (`-u`).
    Accessed,
}

/// Which hidden names are listed, those with a leading dot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hidden {
    /// None.
    #[default]
    No,
    /// All but `.` and `..` (`-A`).
    AlmostAll,
    /// All (`-a`).
    All,
}

/// Options of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// `-a`, `-A`
    pub hidden: Hidden,
    /// `-t`, `-S`, `-U`, `-f`
    pub order: Order,
    /// `-c`, `-u`
    pub clock: Clock,
    /// `-r`: the other way round.
    pub reverse: bool,
    /// `-R`: with all below.
    pub recursive: bool,
    /// `-l`: in long form, for NLST.
    pub long: bool,
    /// `-1`: names alone, for LIST.
    pub names_only: bool,
    /// `-d`: the directory itself, not what is in it.
    pub directory: bool,
    /// `-F`: a mark behind each name that is no plain file's.
    pub classify: bool,
    /// `-L`: what links point to, instead of the links.
    pub follow: bool,
    /// `-n`: numbers of owner and group instead of names.
    pub numeric: bool,
}

impl ListOptions {
    /// The options at the beginning of an argument, and the path behind them, empty when there is none.
    ///
    /// Letters that mean nothing are passed over; no argument is wrong. `--` ends the options, so that `-- -file` reaches
    /// a file of that name (as `./-file` does). One space separates the last option from the path, others are the path's.
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
            // Long options are nothing that a client of FTP sends in earnest.
            if !word.starts_with(b"-") {
                word.iter().for_each(|&letter| options.set(letter));
            }
        }
        (options, path)
    }

    fn set(&mut self, letter: u8) {
        match letter {
            b'a' => self.hidden = Hidden::All,
            b'A' if self.hidden == Hidden::No => self.hidden = Hidden::AlmostAll,
            b't' => self.order = Order::Time,
            b'S' => self.order = Order::Size,
            b'U' => self.order = Order::None,
            b'f' => {
                self.order = Order::None;
                self.hidden = Hidden::All;
            }
            b'c' => self.clock = Clock::Changed,
            b'u' => self.clock = Clock::Accessed,
            b'r' => self.reverse = true,
            b'R' => self.recursive = true,
            b'l' => (self.long, self.names_only) = (true, false),
            b'1' => (self.long, self.names_only) = (false, true),
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
        assert_eq!(options.hidden, Hidden::All);
        assert!(options.long);
        assert_eq!(path, b"some dir");

        let (options, path) = ListOptions::parse(b"-l  -tR x -a");
        assert!(options.long && options.recursive);
        assert_eq!((options.order, options.hidden), (Order::Time, Hidden::No));
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
