//! Settings of other parts that this module uses.

use gantry_api::prelude::*;
use gantry_api::{ParseError, Value};
use gantry_display::Facts;
use serde::Deserialize;

settings! {
    /// The values of other parts' directives.
    #[derive(Debug)]
    pub(crate) struct Settings {
        /// Whether a rename may replace a file, like an upload.
        pub(crate) allow_overwrite: Option<bool> = AllowOverwrite;
        /// The contact in HELP.
        pub(crate) admin: Option<String> = ServerAdmin;
        /// A file that clients are shown before the greeting, with ProFTPD's variables: an absolute path of the host.
        pub(crate) connect: Option<String> = DisplayConnect "path" in SERVER | VHOST | GLOBAL, inherits: replace;
        /// A file that clients are shown whenever they enter a folder, with ProFTPD's variables; with `on`, in each folder once,
        /// and again if it has changed. A relative path is looked for in that folder, an absolute one inside the session's root.
        pub(crate) enter: Option<Enter> = DisplayChdir "path [on|off]" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY,
            inherits: replace, parse: enter;
        /// A file that clients are shown when they leave by QUIT, with ProFTPD's variables. An absolute path is first one of the
        /// host, then one inside the session's root; a relative one is looked for in the working directory.
        pub(crate) quit: Option<String> = DisplayQuit "path" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: replace;
        /// A folder in which CWD looks for a folder that is not below the working directory. With several lines, all of them count.
        pub(crate) search: Vec<String> = CDPath "path" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: append;
        /// The protocols by which clients may come: `ftp` (without TLS), `ftps` (with TLS). Others are ignored. By default all.
        pub(crate) protocols: Vec<String> = Protocols "protocol ..." in SERVER | VHOST | GLOBAL,
            inherits: replace, parse: parse::words;
        pub(crate) facts: Facts;
    }
}

/// DisplayChdir.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Enter {
    pub(crate) path: String,
    /// Whether it is shown again only if it has changed.
    pub(crate) once: bool,
}

/// Parses DisplayChdir.
fn enter(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let (path, once) = match words {
        [path] => (*path, false),
        [path, once] => match parse::switch(once) {
            Some(once) => (*path, once),
            None => return Err(format!("expected Boolean parameter, found '{once}'").into()),
        },
        _ => return Err("wrong number of parameters".into()),
    };
    Ok(Value::map([("path", Value::from(path)), ("once", Value::Bool(once))]))
}
