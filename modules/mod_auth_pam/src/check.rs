//! Compares what the configuration says about PAM with the existing services.

use gantry_api::prelude::*;

use crate::service;
use crate::settings::Settings;

/// The notice for a server that asks PAM without a `*`.
pub(crate) const NO_LAST_WORD: &str = "a login that PAM refuses may still succeed through another module; \
                                       'AuthOrder mod_auth_pam.c* mod_auth_unix.c' gives PAM the last word";

/// Notices for servers with PAM in their lines: a service without a file, and PAM without the last
/// word.
pub(crate) fn check(check: &mut Check<'_>) {
    let default = service::default();
    for scope in check.scopes().servers::<Settings>() {
        let settings = scope.settings;
        if !settings.asks_pam() || !settings.names_pam() {
            continue;
        }
        let terms = settings.terms(default);
        if !service::is_there(&terms.service) {
            let directive = if settings.names_service() { "AuthPAMConfig" } else { "AuthOrder" };
            check.notice(scope.line(directive).at(&terms.service), service::missing(&terms.service));
        }
        if !settings.has_last_word() {
            check.notice(scope.line("AuthOrder"), NO_LAST_WORD);
        }
    }
}
