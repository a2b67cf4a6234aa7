//! Filters for commands of clients: AllowFilter, DenyFilter, PathAllowFilter, PathDenyFilter.

use gantry_api::settings;
use gantry_pattern::Pattern;

settings! {
    /// The filters of one scope.
    #[derive(Debug, Clone)]
    pub struct Filters {
        /// A regular expression that the arguments of all commands but PASS must match. With the flag `[NC]` upper and lower case
        /// are the same. In a `<Limit>` it only concerns that section's commands.
        pub allow: Option<Pattern> = AllowFilter "pattern [flags]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | LIMIT | FTPACCESS, inherits: replace, parse: Pattern::parse;
        /// A regular expression that no argument of a command but PASS may match. In a `<Limit>` it concerns that section's
        /// commands alone.
        pub deny: Option<Pattern> = DenyFilter "pattern [flags]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | LIMIT | FTPACCESS, inherits: replace, parse: Pattern::parse;
        /// A regular expression that the paths in commands that change files or folders must match: for uploads the path from
        /// the session's root, otherwise the path as the client gives it.
        pub path_allow: Option<Pattern> = PathAllowFilter "pattern [flags]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, parse: Pattern::parse;
        /// A regular expression that the paths in commands that change files or folders must not match, neither as the client
        /// gives them nor from the session's root.
        pub path_deny: Option<Pattern> = PathDenyFilter "pattern [flags]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: replace, parse: Pattern::parse;
    }
}

impl Filters {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.allow.is_none() && self.deny.is_none() && self.path_allow.is_none() && self.path_deny.is_none()
    }
}
