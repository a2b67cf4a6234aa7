//! What the configuration says of the control socket. The server reads it.

use gantry_api::prelude::*;

directive! {
    /// Opens the control socket, by which operators work with the running daemon (`gantry`, `ftpdctl`). Whoever may use it is
    /// told by the ACL directives: without them nobody may do anything.
    ControlsEngine "on|off" in SERVER, inherits: no, default: "off", parse: parse::on_off
}
directive! {
    /// The file of the control socket; its mode lets in the daemon's user alone, the group of `ControlsSocketOwner` too where
    /// there is that, and everybody where `ControlsSocketACL` says who.
    ControlsSocket "path" in SERVER, inherits: no, otherwise: "PREFIX/var/run/gantryd.sock", parse: parse::path
}
directive! {
    /// Who may use the control socket at all, by what the kernel tells of them; each line that allows lets in those listed, one
    /// that denies all others. Everybody whom the file's mode lets in, where there is no such line.
    ControlsSocketACL "allow|deny user|group list" in SERVER, inherits: append, parse: parse::socket_acl
}
directive! {
    /// The owner and group of the control socket's file.
    ControlsSocketOwner "user group" in SERVER, inherits: no, parse: owner
}
directive! {
    /// Who may use mod_ctrls's actions: help, lsctrl, insctrl, rmctrl, who, count. Users and groups are the system's; `*` is
    /// everybody. A line that denies beats those that allow; nobody may what no line allows.
    ControlsACLs "actions|all allow|deny user|group list" in SERVER, inherits: append, parse: parse::control_acl
}
directive! {
    /// How many operators of one user may be connected at once.
    ControlsMaxClients "number" in SERVER, inherits: no, default: "5", parse: clients
}
directive! {
    /// Where it is written down who asked for what; in the daemon's log unless given.
    ControlsLog "path|none" in SERVER, inherits: no, parse: parse::path_or_none
}
directive! {
    /// Accepted without effect: questions are answered at once.
    ControlsInterval "seconds" in SERVER, inherits: no, parse: parse::seconds
}
directive! {
    /// Accepted without effect: the kernel tells who asks.
    ControlsAuthFreshness "seconds" in SERVER, inherits: no, parse: parse::seconds
}

fn owner(words: &[&str]) -> Result<Value, String> {
    match words {
        [user, group] => Ok(Value::list([*user, *group])),
        _ => Err("wrong number of parameters".to_owned()),
    }
}

fn clients(words: &[&str]) -> Result<Value, String> {
    match parse::number(words)? {
        Value::Int(0) => Err("expected a positive number, found '0'".to_owned()),
        number => Ok(number),
    }
}
