//! Which names the keeper passes to PAM and to the name service. PAM modules use them in file names
//! and environments.

/// Whether this may be a user's name: not empty, not long, without control characters, slashes and
/// colons, and not like an option of a program.
#[must_use]
pub fn is_user(name: &[u8]) -> bool {
    let is_fit = |byte: &u8| !byte.is_ascii_control() && !b"/:".contains(byte);
    (1..=255).contains(&name.len())
        && !name.starts_with(b"-")
        && name.iter().all(is_fit)
        && name != b"."
        && name != b".."
}

/// Whether this may be the name or the address of a host. Names may come from anybody's name server.
#[must_use]
pub fn is_host(name: &[u8]) -> bool {
    let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:%".contains(byte);
    (1..=255).contains(&name.len()) && !name.starts_with(b"-") && name.iter().all(is_fit)
}

/// Whether this may be the name of a PAM service: a plain file name.
#[must_use]
pub fn is_service(name: &[u8]) -> bool {
    let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    (1..=64).contains(&name.len()) && !name.starts_with(b".") && !name.starts_with(b"-") && name.iter().all(is_fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_names_and_addresses() {
        for good in ["ftp.example.org", "127.0.0.1", "::1", "fe80::1%eth0", "a_b"] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in ["", "-x", "a b", "$(id)", "a;b", "a/b", "é", "a\n", &"x".repeat(256)] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn names_are_no_paths_and_no_options() {
        for good in ["ann", "ann@example.org", "DOMAIN\\ann", "müller", "a b", ".ann"] {
            assert!(is_user(good.as_bytes()), "{good}");
        }
        for bad in ["", "../x", "a/b", "a:b", "-x", "a\nb", "a\0b", ".", "..", &"x".repeat(256)] {
            assert!(!is_user(bad.as_bytes()), "{bad}");
        }
        assert!(["ftp", "proftpd", "my-service_2.x"].iter().all(|name| is_service(name.as_bytes())));
        for bad in ["", ".", "..", "../ftp", "/etc/passwd", "a b", "-x", "a\0", "é", &"x".repeat(65)] {
            assert!(!is_service(bad.as_bytes()), "{bad}");
        }
    }
}
