//! The names of commands: RFC 959, 1123, 2228, 2389, 2428, 2640, 3659, 7151, and any that a module defines itself. The
//! modules know what the arguments mean.

use std::fmt;

/// The maximum length of a verb's name, in bytes.
const MAX_LEN: usize = 16;

/// The prefix of the verb of each `SITE` command.
const SITE_PREFIX: &[u8] = b"SITE_";

/// The name of a command: up to sixteen upper-case ASCII letters, digits or underscores, stored in one integer.
///
/// The first byte of the name is the most significant one, so verbs sort alphabetically. There is no list of all
/// verbs: a module makes its own with [`Verb::new`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verb(u128);

impl Verb {
    /// The verb with this upper-case name, for constants.
    ///
    /// # Panics
    ///
    /// If the name is empty, longer than sixteen bytes, or contains bytes other than `A`-`Z`, `0`-`9` and `_`. In a
    /// constant this is a compile error. For names from outside use [`Verb::parse`].
    #[must_use]
    pub const fn new(name: &'static str) -> Verb {
        let name = name.as_bytes();
        assert!(!name.is_empty() && name.len() <= MAX_LEN, "a verb has 1 to 16 bytes");
        let mut packed = 0;
        let mut at = 0;
        while at < name.len() {
            let byte = name[at];
            assert!(
                byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit(),
                "a verb consists of A-Z, 0-9 and _"
            );
            packed |= (byte as u128) << shift(at);
            at += 1;
        }
        Verb(packed)
    }

    /// The verb that a client or a configuration names, ignoring case; `None` if the name is not valid.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Verb> {
        if name.is_empty() {
            return None;
        }
        Verb(0).append(0, name)
    }

    /// The verb of `SITE sub`, which is `SITE_<SUB>`, so that dispatch, `<Limit>` and logs handle both kinds alike.
    #[must_use]
    pub fn site(sub: &[u8]) -> Option<Verb> {
        if sub.is_empty() {
            return None;
        }
        Verb(0).append(0, SITE_PREFIX)?.append(SITE_PREFIX.len(), sub)
    }

    /// Whether this is the verb of a `SITE` command, such as `SITE_CHMOD`; plain `SITE` is not.
    #[must_use]
    pub const fn is_site(self) -> bool {
        let bytes = self.0.to_be_bytes();
        let mut at = 0;
        while at < SITE_PREFIX.len() {
            if bytes[at] != SITE_PREFIX[at] {
                return false;
            }
            at += 1;
        }
        bytes[at] != 0
    }

    /// Whether this names an event of a session, not a command. If a client sends it, treat it as an unknown command.
    #[must_use]
    pub const fn is_event(self) -> bool {
        self.0 == Verb::CONNECT.0 || self.0 == Verb::EXIT.0
    }

    /// The name, in upper case.
    #[must_use]
    pub fn name(self) -> String {
        self.to_string()
    }

    /// This verb with `more` after its first `len` bytes.
    fn append(self, len: usize, more: &[u8]) -> Option<Verb> {
        if more.len() > MAX_LEN.checked_sub(len)? {
            return None;
        }
        let mut packed = self.0;
        for (at, byte) in more.iter().map(u8::to_ascii_uppercase).enumerate() {
            if byte != b'_' && !byte.is_ascii_alphanumeric() {
                return None;
            }
            packed |= u128::from(byte) << shift(len + at);
        }
        Some(Verb(packed))
    }
}

/// The left shift of the byte at this place in a name.
const fn shift(at: usize) -> u32 {
    8 * (MAX_LEN - 1 - at) as u32
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.to_be_bytes();
        let len = bytes.iter().position(|&b| b == 0).unwrap_or(MAX_LEN);
        let name = bytes.get(..len).unwrap_or_default();
        // The constructors only allow ASCII.
        f.pad(std::str::from_utf8(name).unwrap_or_default())
    }
}

impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// The verbs that RFCs and common practice define.
        impl Verb {
            $($(#[$doc])* pub const $name: Verb = Verb::new(stringify!($name));)*
        }
    };
}

verbs! {
    /// Event: a client has connected. Not a command.
    CONNECT
    /// Event: a session ends. Not a command.
    EXIT

    /// RFC 959: abort the transfer.
    ABOR
    /// RFC 959: account.
    ACCT
    /// RFC 959: allocate.
    ALLO
    /// RFC 959: append to a file.
    APPE
    /// RFC 959: to the parent directory.
    CDUP
    /// RFC 959: change the working directory.
    CWD
    /// RFC 959: delete a file.
    DELE
    /// RFC 959: help.
    HELP
    /// RFC 959: list.
    LIST
    /// RFC 959: make a directory.
    MKD
    /// RFC 959: transfer mode.
    MODE
    /// RFC 959: list names.
    NLST
    /// RFC 959: nothing.
    NOOP
    /// RFC 959: password.
    PASS
    /// RFC 959: passive data connection.
    PASV
    /// RFC 959: active data connection.
    PORT
    /// RFC 959: print the working directory.
    PWD
    /// RFC 959: log out and close.
    QUIT
    /// RFC 959: start over as another user.
    REIN
    /// RFC 959, RFC 3659: restart at an offset.
    REST
    /// RFC 959: retrieve a file.
    RETR
    /// RFC 959: remove a directory.
    RMD
    /// RFC 959: rename from.
    RNFR
    /// RFC 959: rename to.
    RNTO
    /// RFC 959: commands of the site; each has a verb of its own, see [`Verb::site`].
    SITE
    /// RFC 959: structure mount.
    SMNT
    /// RFC 959: status, or a listing on the control connection.
    STAT
    /// RFC 959: store a file.
    STOR
    /// RFC 959: store under a unique name.
    STOU
    /// RFC 959: file structure.
    STRU
    /// RFC 959: kind of system.
    SYST
    /// RFC 959: representation type.
    TYPE
    /// RFC 959: user name.
    USER

    /// RFC 1123 (RFC 775): to the parent directory.
    XCUP
    /// RFC 1123 (RFC 775): change the working directory.
    XCWD
    /// RFC 1123 (RFC 775): make a directory.
    XMKD
    /// RFC 1123 (RFC 775): print the working directory.
    XPWD
    /// RFC 1123 (RFC 775): remove a directory.
    XRMD

    /// RFC 2228: security data.
    ADAT
    /// RFC 2228, RFC 4217: security mechanism.
    AUTH
    /// RFC 2228, RFC 4217: clear the control connection.
    CCC
    /// RFC 2228: confidential command.
    CONF
    /// RFC 2228: private command.
    ENC
    /// RFC 2228: integrity protected command.
    MIC
    /// RFC 2228, RFC 4217: protection buffer size.
    PBSZ
    /// RFC 2228, RFC 4217: protection of the data connection.
    PROT

    /// RFC 2389: features.
    FEAT
    /// RFC 2389: options of a command.
    OPTS

    /// RFC 2428: active data connection of any protocol.
    EPRT
    /// RFC 2428: passive data connection of any protocol.
    EPSV
    /// RFC 1639: active data connection, long addresses.
    LPRT
    /// RFC 1639: passive data connection, long addresses.
    LPSV

    /// RFC 2640: language.
    LANG

    /// RFC 3659: time of modification.
    MDTM
    /// RFC 3659: listing for machines.
    MLSD
    /// RFC 3659: facts of one name.
    MLST
    /// RFC 3659: size.
    SIZE

    /// RFC 7151: virtual host.
    HOST

    /// draft-somers-ftp-mfxx: modify facts.
    MFF
    /// draft-somers-ftp-mfxx: modify the time of modification.
    MFMT

    /// Common practice: name of the client.
    CLNT
    /// Common practice: names of client and server.
    CSID
    /// draft-bryan-ftpext-hash: digest of a file.
    HASH
    /// draft-bryan-ftp-range: range of a file.
    RANG
    /// Common practice: secure transfers between servers.
    SSCN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_in_either_case() {
        assert_eq!(Verb::parse(b"retr"), Some(Verb::RETR));
        assert_eq!(Verb::parse(b"ReTr"), Some(Verb::new("RETR")));
        assert_eq!(Verb::RETR.to_string(), "RETR");
        assert_eq!(format!("{:?}", Verb::XMKD), "XMKD");
        assert_eq!(format!("{:6}|", Verb::CWD), "CWD   |");
    }

    #[test]
    fn other_bytes_and_lengths_are_no_verbs() {
        for bad in [&b""[..], b"A B", b"A\0", b"\xff", b"USER\r", b"ABCDEFGHIJKLMNOPQ", b"-L"] {
            assert_eq!(Verb::parse(bad), None, "{bad:?}");
        }
        let longest = Verb::parse(b"abcdefghijklmnop").unwrap();
        assert_eq!(longest.name(), "ABCDEFGHIJKLMNOP");
    }

    #[test]
    fn site_commands_are_verbs_of_their_own() {
        let chmod = Verb::site(b"chmod").unwrap();
        assert_eq!(chmod, Verb::new("SITE_CHMOD"));
        assert!(chmod.is_site());
        assert!(!Verb::SITE.is_site());
        assert!(!Verb::SIZE.is_site());
        assert_eq!(Verb::site(b""), None);
        assert_eq!(Verb::site(b"ABCDEFGHIJKL"), None);
        assert!(Verb::site(b"ABCDEFGHIJK").is_some());
    }

    #[test]
    fn verbs_sort_by_name() {
        let mut verbs = [Verb::USER, Verb::PASS, Verb::CWD, Verb::CDUP, Verb::XCWD];
        verbs.sort();
        let names: Vec<_> = verbs.iter().map(|v| v.name()).collect();
        assert_eq!(names, ["CDUP", "CWD", "PASS", "USER", "XCWD"]);
    }

    #[test]
    fn events_are_told_from_commands() {
        assert!(Verb::CONNECT.is_event() && Verb::EXIT.is_event());
        assert!(!Verb::QUIT.is_event());
    }
}
