//! One name in a listing, and its lines in LIST (in the form of `ls -l`, as ProFTPD prints it) and
//! NLST.

use super::access::Access;
use super::kind::Kind;
use crate::time;

/// Files older than this, in seconds, show the year instead of the time of day: 180 days.
const RECENT: i64 = 180 * 86_400;

/// How far in the future, in seconds, a file still counts as new: clocks of file servers run ahead.
const SKEW: i64 = 60;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One name in a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name, as the client should see it.
    pub name: &'a [u8],
    /// Its kind.
    pub kind: Kind,
    /// Permission bits; bits of the kind are ignored.
    pub mode: u32,
    /// Number of hard links.
    pub links: u64,
    /// Name of the owner, or the uid in digits.
    pub owner: &'a str,
    /// Name of the group, or the gid in digits.
    pub group: &'a str,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Time of modification: Unix seconds; for listings in local time, plus the zone's offset at
    /// that time.
    pub modified: i64,
    /// Device and inode, which together identify the file.
    pub unique: (u64, u64),
    /// What the session may do with it.
    pub access: Access,
    /// The target of a symbolic link.
    pub target: Option<&'a [u8]>,
    /// Whether LIST shows the size in units (`39.1k`).
    pub in_units: bool,
}

impl Entry<'_> {
    /// Appends the LIST line, including CR LF. `now` is on the same clock as `modified`.
    pub fn write_list(&self, now: i64, out: &mut Vec<u8>) {
        out.push(self.kind.letter());
        out.extend_from_slice(&permissions(self.mode));
        out.push(b' ');
        write_number(self.links, 3, b' ', out);
        out.push(b' ');
        write_word(self.owner, out);
        out.push(b' ');
        write_word(self.group, out);
        out.push(b' ');
        match self.in_units {
            true => out.extend_from_slice(format!("{:>8}", in_units(self.size)).as_bytes()),
            false => write_number(self.size, 8, b' ', out),
        }
        out.push(b' ');
        write_date(self.modified, now, out);
        out.push(b' ');
        write_bytes(self.name, out);
        if let (Kind::Link, Some(target)) = (self.kind, self.target) {
            out.extend_from_slice(b" -> ");
            write_bytes(target, out);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the LIST line as Windows has it, including CR LF.
    pub fn write_windows(&self, out: &mut Vec<u8>) {
        let time = time::civil(self.modified).strftime("%m-%d-%y  %I:%M%p");
        let size = match self.kind {
            Kind::Directory => "      <DIR>         ".to_owned(),
            _ => format!("{:>20}", self.size),
        };
        out.extend_from_slice(format!("{time} {size} ").as_bytes());
        write_bytes(self.name, out);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the NLST line, including CR LF.
    pub fn write_name(&self, out: &mut Vec<u8>) {
        write_bytes(self.name, out);
        out.extend_from_slice(b"\r\n");
    }
}

/// `rwxr-xr-x`, with `s`, `S`, `t` and `T` for the other three bits.
fn permissions(mode: u32) -> [u8; 9] {
    let mut text = *b"rwxrwxrwx";
    for (at, letter) in text.iter_mut().enumerate() {
        if mode & (0o400 >> at) == 0 {
            *letter = b'-';
        }
    }
    let special = |bit: u32, letter: u8, lower: u8| match (mode & bit != 0, letter) {
        (false, letter) => letter,
        (true, b'-') => lower.to_ascii_uppercase(),
        (true, _) => lower,
    };
    text[2] = special(0o4000, text[2], b's');
    text[5] = special(0o2000, text[5], b's');
    text[8] = special(0o1000, text[8], b't');
    text
}

/// A size of up to four digits: `512`, `4.0k`, `39.1k`.
fn in_units(size: u64) -> String {
    if size < 1024 {
        return size.to_string();
    }
    let (mut shown, mut unit) = (size as f64, ' ');
    for next in "kMGTPE".chars() {
        if shown < 1024.0 {
            break;
        }
        (shown, unit) = (shown / 1024.0, next);
    }
    format!("{shown:.1}{unit}")
}

/// `Nov 23 16:15`, or `Nov 23  2026` where the time would mislead.
fn write_date(modified: i64, now: i64, out: &mut Vec<u8>) {
    let t = time::civil(modified);
    let number = |value: i16| u64::try_from(value).unwrap_or(0);
    let month = usize::try_from(t.month() - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"Jan");
    out.extend_from_slice(month.as_bytes());
    out.push(b' ');
    write_number(number(t.day().into()), 2, b' ', out);
    out.push(b' ');
    let age = now.saturating_sub(modified);
    if (-SKEW..RECENT).contains(&age) {
        write_number(number(t.hour().into()), 2, b'0', out);
        out.push(b':');
        write_number(number(t.minute().into()), 2, b'0', out);
    } else {
        write_number(number(t.year()), 5, b' ', out);
    }
}

/// A number, to the right of its column. The formatter of the standard library takes several times as long.
fn write_number(mut number: u64, width: usize, pad: u8, out: &mut Vec<u8>) {
    let mut digits = [pad; 20];
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        length += 1;
        if number == 0 {
            break;
        }
    }
    let length = length.max(width).min(digits.len());
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or(&digits));
}

/// The name of a user or group, to the left of its column.
fn write_word(name: &str, out: &mut Vec<u8>) {
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
    let length = if is_plain {
        out.extend_from_slice(name.as_bytes());
        name.len()
    } else {
        let word = one_word(name);
        out.extend_from_slice(word.as_bytes());
        word.chars().count()
    };
    out.extend(std::iter::repeat_n(b' ', 8_usize.saturating_sub(length)));
}

/// Names of users and groups without characters that would shift the columns.
pub(super) fn one_word(name: &str) -> String {
    if name.is_empty() {
        return "-".to_owned();
    }
    name.replace(|c: char| c.is_whitespace() || c.is_control() || c == ';', "_")
}

/// A name without characters that would end its line.
pub(super) fn write_bytes(name: &[u8], out: &mut Vec<u8>) {
    out.extend(name.iter().map(|&byte| match byte {
        b'\r' | b'\n' | 0 => b'?',
        byte => byte,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 23 November 2026, 16:15 UTC.
    const NOW: i64 = 1_795_450_500;

    fn entry(name: &[u8]) -> Entry<'_> {
        Entry { name, mode: 0o644, links: 1, owner: "ftp", group: "ftp", size: 12, modified: NOW, ..Entry::default() }
    }

    fn listed(entry: &Entry<'_>) -> String {
        let mut out = Vec::new();
        entry.write_list(NOW, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_look_as_proftpd_prints_them() {
        assert_eq!(listed(&entry(b"name")), "-rw-r--r--   1 ftp      ftp            12 Nov 23 16:15 name\r\n");
        let old = Entry {
            kind: Kind::Directory,
            mode: 0o041_777,
            links: 12,
            owner: "somebodylong",
            size: 4_294_967_296,
            modified: 0,
            ..entry(b"an old one")
        };
        assert_eq!(listed(&old), "drwxrwxrwt  12 somebodylong ftp      4294967296 Jan  1  1970 an old one\r\n");
    }

    #[test]
    fn links_show_where_they_point() {
        let link = Entry { kind: Kind::Link, mode: 0o777, target: Some(b"../x"), ..entry(b"l") };
        assert!(listed(&link).starts_with("lrwxrwxrwx "));
        assert!(listed(&link).ends_with(" l -> ../x\r\n"));
    }

    #[test]
    fn the_year_stands_where_the_time_would_mislead() {
        let date = |modified, now| {
            let mut out = Vec::new();
            write_date(modified, now, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert!(date(NOW + 30, NOW).ends_with("16:15"));
        assert!(date(NOW + 86_400, NOW).ends_with(" 2026"));
        assert!(date(NOW - 179 * 86_400, NOW).ends_with("16:15"));
        assert_eq!(date(NOW - 181 * 86_400, NOW), "May 26  2026");
        date(i64::MIN, i64::MAX);
        date(i64::MAX, i64::MIN);
    }

    #[test]
    fn columns_hold_any_number_and_word() {
        let written = |number, width, pad| {
            let mut out = Vec::new();
            write_number(number, width, pad, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            (written(0, 2, b'0'), written(7, 3, b' '), written(1234, 3, b' ')),
            ("00".into(), "  7".into(), "1234".into())
        );
        assert_eq!(written(u64::MAX, 8, b' '), u64::MAX.to_string());
        for (name, shown) in [
            ("ftp", "ftp     "),
            ("", "-       "),
            ("ä b", "ä_b     "),
            ("a;b\tc", "a_b_c   "),
            ("somebodylong", "somebodylong"),
        ] {
            let mut out = Vec::new();
            write_word(name, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), shown);
        }
    }

    #[test]
    fn special_bits_are_shown() {
        assert_eq!(&permissions(0o7755), b"rwsr-sr-t");
        assert_eq!(&permissions(0o7644), b"rwSr-Sr-T");
        assert_eq!(&permissions(0), b"---------");
    }

    #[test]
    fn no_name_forges_a_line() {
        let bad = Entry { owner: "a b\n", ..entry(b"x\r\n-rw y\xff") };
        let mut out = Vec::new();
        bad.write_list(NOW, &mut out);
        assert_eq!(out.iter().filter(|&&b| b == b'\n').count(), 1);
        assert!(out.ends_with(b" x??-rw y\xff\r\n"));
        out.clear();
        bad.write_name(&mut out);
        assert_eq!(out, b"x??-rw y\xff\r\n");
    }
}
