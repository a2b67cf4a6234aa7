//! A file's text as lines, with the values of its variables. An unknown variable stays as it is, one
//! in braces becomes `(none)`, as in ProFTPD: a text must not keep a server from its clients.

/// Knows the variables.
pub(crate) trait Write {
    /// Writes the value of `%a`; whether there is such a variable.
    fn letter(&self, letter: u8, out: &mut Vec<u8>) -> bool;
    /// Writes the value of `%{name}`; whether there is such a variable.
    fn name(&self, name: &str, out: &mut Vec<u8>) -> bool;
}

/// Whether a text needs the host's name, which has to be looked up.
pub(crate) fn names_host(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair == b"%L")
}

/// The lines, without their ends.
pub(crate) fn lines(text: &[u8], values: &impl Write) -> Vec<Vec<u8>> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    if text.is_empty() {
        return Vec::new();
    }
    let lines = text.split(|byte| *byte == b'\n');
    lines.map(|line| expand(line.strip_suffix(b"\r").unwrap_or(line), values)).collect()
}

fn expand(line: &[u8], values: &impl Write) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(line.len()), line);
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let (plain, variable) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = match variable {
            [_, b'%', rest @ ..] => {
                out.push(b'%');
                rest
            }
            [_, b'{', braced @ ..] => match braced.iter().position(|byte| *byte == b'}') {
                Some(end) => {
                    let (name, behind) = braced.split_at(end);
                    if !std::str::from_utf8(name).is_ok_and(|name| values.name(name, &mut out)) {
                        out.extend_from_slice(b"(none)");
                    }
                    behind.get(1..).unwrap_or_default()
                }
                None => {
                    out.extend_from_slice(b"%{");
                    braced
                }
            },
            [_, letter, rest @ ..] => {
                if !values.letter(*letter, &mut out) {
                    out.extend_from_slice(&[b'%', *letter]);
                }
                rest
            }
            _ => {
                out.push(b'%');
                &[]
            }
        };
    }
    out.extend_from_slice(rest);
    out
}

/// A number of bytes in the largest unit of which there is more than one.
pub(crate) fn with_unit(bytes: u64) -> String {
    let (mut number, mut unit) = (bytes, 0);
    const UNITS: [&str; 6] = ["", "K", "M", "G", "T", "P"];
    while number > 1024 && unit + 1 < UNITS.len() {
        number /= 1024;
        unit += 1;
    }
    format!("{number}{}B", UNITS.get(unit).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Two;

    impl Write for Two {
        fn letter(&self, letter: u8, out: &mut Vec<u8>) -> bool {
            if letter == b'U' {
                out.extend_from_slice(b"ann%V");
            }
            letter == b'U'
        }

        fn name(&self, name: &str, out: &mut Vec<u8>) -> bool {
            if name == "x" {
                out.extend_from_slice(b"(x)");
            }
            name == "x"
        }
    }

    #[test]
    fn values_are_put_in_and_never_read_again() {
        let shown = |text: &str| {
            lines(text.as_bytes(), &Two)
                .iter()
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown("hi %U!\r\n\n%{x}%{y} 100%\n"), ["hi ann%V!", "", "(x)(none) 100%"]);
        assert_eq!(shown("%q %% %{open\n"), ["%q % %{open"]);
        assert_eq!(shown("a"), ["a"]);
        assert!(shown("").is_empty() && shown("\n").is_empty());
        assert!(names_host(b"at %L") && !names_host(b"at L%"));
    }

    #[test]
    fn bytes_have_units() {
        assert_eq!([0, 5, 1024, 1025, 55_200_000_000].map(with_unit), ["0B", "5B", "1024B", "1KB", "51GB"]);
    }
}
