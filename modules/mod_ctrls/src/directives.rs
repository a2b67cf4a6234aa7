//! The directives of the control socket. The server reads their settings.

use gantry_api::prelude::*;

directive! {
    /// Opens the control socket, through which operators control the running daemon (`gantry`, `ftpdctl`). The ACL
    /// directives say who may use it; without them nobody may.
    ControlsEngine "on|off" in SERVER, inherits: no, default: "off", parse: parse::on_off
}
directive! {
    /// The path of the control socket. By default only the daemon's user may connect; with `ControlsSocketOwner`, that
    /// user and group may; with `ControlsSocketACL`, that list decides.
    ControlsSocket "path" in SERVER, inherits: no, otherwise: "PREFIX/var/run/gantryd.sock", parse: parse::path
}
directive! {
    /// Who may connect to the control socket; the kernel identifies the caller. `allow` admits those listed; those that
    /// `deny` lists are refused even then. Without such a line, the file's mode decides.
    ControlsSocketACL "allow|deny user|group list" in SERVER, inherits: append, parse: parse::socket_acl
}
directive! {
    /// The owner and group of the control socket.
    ControlsSocketOwner "user group" in SERVER, inherits: no, parse: owner
}
directive! {
    /// Who may use mod_ctrls's actions: help, lsctrl, insctrl, rmctrl, who, count. Users and groups are the system's; `*`
    /// matches everyone. A line that denies overrides lines that allow; without a line that allows, nobody may.
    ControlsACLs "actions|all allow|deny user|group list" in SERVER, inherits: append, parse: parse::control_acl
}
directive! {
    /// The maximum number of connections per user.
    ControlsMaxClients "number" in SERVER, inherits: no, default: "5", parse: clients
}
directive! {
    /// The log of requests and their results; by default the daemon's log.
    ControlsLog "path|none" in SERVER, inherits: no, parse: parse::path_or_none
}
directive! {
    /// No effect: requests are answered at once.
    ControlsInterval "seconds" in SERVER, inherits: no, parse: parse::seconds
}
directive! {
    /// No effect: the kernel identifies the caller.
    ControlsAuthFreshness "seconds" in SERVER, inherits: no, parse: parse::seconds
}

fn owner(words: &[&str]) -> Result<Value, ParseError> {
    match words {
        [user, group] => Ok(Value::list([*user, *group])),
        _ => Err("wrong number of parameters".into()),
    }
}

fn clients(words: &[&str]) -> Result<Value, ParseError> {
    match parse::number(words)? {
        Value::Int(0) => Err("expected a positive number, found '0'".into()),
        number => Ok(number),
    }
}
