//! Directives without effect, accepted so that ProFTPD's files can be used unchanged.

use gantry_api::{directive, parse};

directive! {
    /// Accepted without effect: files move by sendfile where their file system has it and no layer such as TLS is in the way.
    UseSendfile "on|off|length units|percentage" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
    inherits: no, parse: parse::words, idle: "sendfile is always used where possible"
}
