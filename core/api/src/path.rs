//! Paths as clients see them: absolute inside the session's root, normalised as text. The session's
//! file system decides what they lead to.

use std::fmt;

/// An absolute, normalised path inside the session's root: it begins with `/` and has no empty
/// part, no `.` and no `..`. Stored as bytes, since file names are bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VirtualPath(Vec<u8>);

impl VirtualPath {
    /// The root.
    pub fn root() -> Self {
        Self(b"/".to_vec())
    }

    /// Resolves `path` relative to this one; `..` at the root stays there.
    #[must_use]
    pub fn join(&self, path: &[u8]) -> Self {
        let mut joined = if path.first() == Some(&b'/') { Vec::new() } else { self.0.clone() };
        if joined == b"/" {
            joined.clear();
        }
        for part in path.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => joined.truncate(joined.iter().rposition(|byte| *byte == b'/').unwrap_or(0)),
                name => {
                    joined.push(b'/');
                    joined.extend_from_slice(name);
                }
            }
        }
        if joined.is_empty() {
            joined.push(b'/');
        }
        Self(joined)
    }

    /// The path's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The last part; empty for the root.
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The parent directory; the root is its own parent.
    #[must_use]
    pub fn parent(&self) -> Self {
        self.join(b"..")
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0 == b"/"
    }
}

/// Lossy, for people.
impl fmt::Display for VirtualPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for VirtualPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_never_leaves_the_root() {
        let at = VirtualPath::root().join(b"a/b");
        for (path, wanted) in [
            (&b"c"[..], "/a/b/c"),
            (b"../c", "/a/c"),
            (b"../../../../etc", "/etc"),
            (b"/x//y/./z/", "/x/y/z"),
            (b"..", "/a"),
            (b"/..", "/"),
            (b"", "/a/b"),
            (b" name ", "/a/b/ name "),
        ] {
            assert_eq!(at.join(path).to_string(), wanted);
        }
        assert_eq!(VirtualPath::root().join(b"x").to_string(), "/x");
        assert_eq!(VirtualPath::root().name(), b"");
    }
}
