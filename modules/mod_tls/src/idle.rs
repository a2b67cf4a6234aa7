//! Directives without effect, accepted so that ProFTPD's files can be used unchanged.

use gantry_api::{directive, parse};

use crate::words;

directive! {
    /// No effect: there are no OpenSSL engines.
    TLSCryptoDevice "driver|all|none" in SERVER | VHOST | GLOBAL, inherits: replace,
        idle: "there are no OpenSSL engines";
    /// No effect: keys are exchanged over elliptic curves, never over groups of a file.
    TLSDHParamFile "file" in SERVER | VHOST | GLOBAL, inherits: replace,
        idle: "keys are exchanged over elliptic curves (TLSECDHCurve)";
    /// No effect: the kernel gives random numbers.
    TLSRandomSeed "seed" in SERVER | VHOST | GLOBAL, inherits: replace, idle: "the kernel provides random numbers";
    /// No effect: nothing is renegotiated. TLSv1.3's keys are updated by themselves.
    TLSRenegotiate "[ctrl seconds] [data Kbytes] [timeout seconds] [required on|off]|none" in SERVER | VHOST | GLOBAL,
        inherits: replace, parse: parse::words, idle: "nothing is renegotiated";
    /// No effect: there is no TLS between servers.
    TLSVerifyServer "on|off|NoReverseDNS" in SERVER | VHOST | GLOBAL, inherits: replace,
        idle: "there is no TLS between servers";
    /// No effect: see TLSStapling.
    TLSStaplingCache "type:/info" in SERVER, inherits: replace, idle: "no OCSP response is stapled";
    /// No effect: see TLSStapling.
    TLSStaplingOptions "option ..." in SERVER | VHOST | GLOBAL,
        inherits: replace, parse: words::stapling_options, idle: "no OCSP response is stapled";
    /// No effect: see TLSStapling.
    TLSStaplingResponder "url" in SERVER | VHOST | GLOBAL, inherits: replace, idle: "no OCSP response is stapled";
    /// No effect: see TLSStapling.
    TLSStaplingTimeout "seconds" in SERVER | VHOST | GLOBAL,
        inherits: replace, default: "10", parse: parse::seconds, idle: "no OCSP response is stapled";
}
