//! DirFakeUser, DirFakeGroup and DirFakeMode. The code is in gantry-listing, because mod_facts uses
//! it, too.

use gantry_api::{ParseError, Value, directive, parse};
use gantry_listing::parse_fake_name;

directive! {
    /// Whether listings show this name (by default `ftp`) as the owner of everything; `~` is the user that is logged in.
    DirFakeUser "off|on [name]" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
    inherits: replace, parse: parse_fake_name
}
directive! {
    /// Whether listings show this name (by default `ftp`) as the group of everything; `~` is the primary group of the user
    /// that is logged in.
    DirFakeGroup "off|on [name]" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
    inherits: replace, parse: parse_fake_name
}
directive! {
    /// The permissions that listings show for everything; folders get `x` where they get `r`.
    DirFakeMode "mode" in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS,
    inherits: replace, parse: mode
}

fn mode(words: &[&str]) -> Result<Value, ParseError> {
    parse::octal(parse::one(words)?).map(Value::Int)
}
