//! The owners of new files and directories: UserOwner, GroupOwner.

use gantry_api::{ParseError, Value, settings};

use super::hidden::{self, Owner};

settings! {
    /// The owners of new files and directories in one scope.
    #[derive(Debug, Clone)]
    pub struct Owners {
        /// The user to whom all new files and directories belong. It takes a daemon that was started as root. If this cannot be
        /// done, nothing is created.
        pub user: Option<Owner> = UserOwner "user" in ANONYMOUS | DIRECTORY, inherits: replace, parse: user;
        /// The group of all new files and directories; `~` is the primary group of the user that is logged in. Without
        /// `UserOwner`, the user must be in the group; if not, a line in the log says so, and files get the group that the
        /// system gives them. Root's group is refused.
        pub group: Option<Owner> = GroupOwner "group|~" in ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, parse: group;
    }
}

fn user(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [word] if word.starts_with(['!', '~']) => Err(ParseError::of(word, "is no user")),
        words => hidden::user(words),
    }
}

fn group(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [word] if word.starts_with('!') => Err(ParseError::of(word, "is no group")),
        words => match hidden::group(words)? {
            Value::Map(entries) if entries.contains(&("id".to_owned(), Value::Int(0))) => {
                Err("the group must not be root's".into())
            }
            group => Ok(group),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_users_and_groups_of_the_system() {
        assert!(user(&["root"]).is_ok() && user(&["12345"]).is_ok());
        assert!(group(&["~"]).is_ok() && group(&["12345"]).is_ok());
        for bad in [&["~"][..], &["!root"], &["no such user"], &[], &["a", "b"]] {
            assert!(user(bad).is_err(), "{bad:?}");
        }
        for bad in [&["root"][..], &["0"], &["!x"], &["no such group"], &[]] {
            assert!(group(bad).is_err(), "{bad:?}");
        }
    }
}
