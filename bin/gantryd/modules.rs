//! The modules that are linked in: the one file of the daemon that names any.
//! A crate that nothing names is not linked, so each line is what makes its
//! module part of the executable.

extern crate mod_auth as _;
extern crate mod_auth_file as _;
extern crate mod_core as _;
extern crate mod_facts as _;
extern crate mod_log as _;
extern crate mod_ls as _;
extern crate mod_xfer as _;

#[cfg(feature = "static-mod_auth_tokens")]
extern crate mod_auth_tokens as _;
#[cfg(feature = "static-mod_cksum")]
extern crate mod_cksum as _;
#[cfg(feature = "ctrls")]
extern crate mod_ctrls as _;
#[cfg(feature = "static-mod_ctrls_admin")]
extern crate mod_ctrls_admin as _;
#[cfg(feature = "dso")]
extern crate mod_dso as _;
#[cfg(feature = "static-mod_greet")]
extern crate mod_greet as _;
#[cfg(feature = "static-mod_motto")]
extern crate mod_motto as _;
#[cfg(feature = "static-mod_sql")]
extern crate mod_sql as _;
#[cfg(feature = "static-mod_sql_sqlite")]
extern crate mod_sql_sqlite as _;
#[cfg(feature = "static-mod_webhook")]
extern crate mod_webhook as _;
