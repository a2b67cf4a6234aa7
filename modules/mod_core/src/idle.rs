//! Directives without effect, accepted so that ProFTPD's files can be used unchanged.

use gantry_api::{directive, parse};

directive! {
    /// Accepted without effect: the kernel's own caches are used.
    FSCachePolicy "on|off|size count [maxAge secs]" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
        idle: "only the kernel caches files";
    /// Accepted without effect: clients cannot use extended attributes.
    FSOptions "option ..." in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
        idle: "Gantry does not use extended attributes";
    /// Accepted without effect: replies of several lines always have one form, which all clients understand.
    MultilineRFC2228 "on|off" in SERVER, inherits: no, parse: parse::on_off,
        idle: "it is deprecated, and replies of several lines have one form";
    /// Accepted without effect: one process serves all sessions; `gantry who` shows what they do.
    ProcessTitles "terse|verbose" in SERVER, inherits: no, idle: "one process serves all sessions";
    /// Accepted without effect: matching a pattern always takes time in proportion to the text.
    RegexOptions "[Engine engine] [MatchLimit limit] [MatchRecursionLimit limit]" in SERVER | VHOST | GLOBAL,
        inherits: no, parse: parse::words, idle: "Gantry always limits the time that a pattern may take";
    /// Accepted without effect: one process serves all sessions, so Gantry needs no scoreboard.
    ScoreboardFile "path|none" in SERVER, inherits: no, idle: "Gantry has no scoreboard";
    /// Accepted without effect; see `ScoreboardFile`.
    ScoreboardMutex "path" in SERVER, inherits: no, idle: "Gantry has no scoreboard";
    /// Accepted without effect; see `ScoreboardFile`.
    ScoreboardOptions "option ..." in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
        idle: "Gantry has no scoreboard";
    /// Accepted without effect; see `ScoreboardFile`.
    ScoreboardScrub "on|off|seconds" in SERVER, inherits: no, idle: "Gantry has no scoreboard";
    /// Accepted without effect: each server always listens on its own addresses alone.
    SocketBindTight "on|off" in SERVER, inherits: no, parse: parse::on_off,
        idle: "a server always listens only on its own addresses";
    /// Accepted without effect: debugging messages go to the log; see `gantryd -d`.
    Trace "channel:level ..." in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
        idle: "debugging messages go to the log (gantryd -d)";
    /// Accepted without effect; see `Trace`.
    TraceLog "path|none" in SERVER | GLOBAL, inherits: no, idle: "debugging messages go to the log (gantryd -d)";
    /// Accepted without effect; see `Trace`.
    TraceOptions "option ..." in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::words,
        idle: "debugging messages go to the log (gantryd -d)";
    /// Accepted without effect: data connections are closed in order, without a wait.
    TimeoutLinger "seconds" in SERVER | VHOST | GLOBAL, inherits: no, parse: parse::seconds,
        idle: "data connections are closed without a wait";
}
