//! Directives without effect, accepted so that ProFTPD's files can be used unchanged.

use gantry_api::{directive, parse};

directive! {
    /// Accepted without effect: Gantry has no mod_rewrite, whose rules it needs.
    RewriteHome "on|off" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::on_off,
        idle: "it needs the rules of mod_rewrite, which Gantry does not have";
    /// Accepted without effect: logins are in the log, not in /var/log/lastlog.
    UseLastlog "on|off" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::on_off,
        idle: "logins are in the log, not in /var/log/lastlog";
    /// Accepted without effect: logins are in the log, not in /var/log/wtmp.
    WtmpLog "on|off|none" in SERVER | VHOST | GLOBAL | ANONYMOUS, inherits: no,
        idle: "logins are in the log, not in /var/log/wtmp";
    /// Accepted without effect: Gantry shows anonymous clients the files that there are, and makes up no robots.txt.
    AnonAllowRobots "on|off" in ANONYMOUS, inherits: no, parse: parse::on_off, idle: "Gantry has no built-in robots.txt";
}
