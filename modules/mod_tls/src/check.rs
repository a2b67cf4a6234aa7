//! Checks of several lines of a server together, and notices for lines without effect. Nothing is
//! run for it: an encrypted key is checked when the server starts.

use std::sync::Arc;
use std::time::SystemTime;

use gantry_api::check::{Check, CheckedScope};
use gantry_api::log;
use rustls::crypto::aws_lc_rs::default_provider;

use crate::certificate;
use crate::clients;
use crate::facts::{Facts, SOON};
use crate::files;
use crate::options::Options;
use crate::required::{Control, Data};
use crate::settings::Settings;
use crate::suites;
use crate::words::Verify;

/// Checks each server.
pub(crate) fn check(check: &mut Check<'_>) {
    for scope in check.scopes().servers::<Settings>() {
        if scope.settings.engine {
            certificates(&scope, check);
            verification(&scope, check);
            ciphers(&scope, check);
            log_file(&scope, check);
            idle(&scope, check);
        } else if scope.settings.required.control != Control::Off || scope.settings.required.data == Data::On {
            check.notice(scope.line("TLSRequired"), "it has no effect: TLSEngine is off");
        }
    }
}

fn certificates(scope: &CheckedScope<'_, Settings>, check: &mut Check<'_>) {
    let settings = &scope.settings.certificates;
    let sources = certificate::sources(settings);
    let is_whole = certificate::DIRECTIVES.iter().all(|directive| check.has_all(directive));
    if sources.is_empty() && settings.pkcs12.is_none() && is_whole {
        let fault = check.fault(scope.line("TLSEngine"), "there is no certificate");
        fault.help("set one with TLSRSACertificateFile and TLSRSACertificateKeyFile");
    }
    for source in sources {
        let (facts, judged) = match files::certificates_of(source.certificate) {
            Ok(all) => (all.first().and_then(|first| Facts::of(first).ok()), source.judge(all)),
            Err(error) => (None, Err(error)),
        };
        if let Err(error) = judged {
            check.fault(scope.line(source.directive), error);
        }
        if let Some(days) = facts.and_then(|facts| facts.days_left(SystemTime::now())).filter(|days| *days < SOON) {
            check.notice(scope.line(source.directive), format!("the certificate expires in {days} days"));
        }
    }
}

fn verification(scope: &CheckedScope<'_, Settings>, check: &mut Check<'_>) {
    let settings = scope.settings;
    let is_whole = clients::DIRECTIVES.iter().all(|directive| check.has_all(directive));
    if let (Err(error), true) = (clients::verifier(&settings.clients, Arc::new(default_provider())), is_whole) {
        check.fault(scope.line("TLSVerifyClient"), error);
    }
    if settings.clients.verify == Verify::Off {
        let off = "it has no effect: TLSVerifyClient is off, so no client is asked for a certificate";
        if settings.clients.user_name.is_some() {
            check.notice(scope.line("TLSUserName"), off);
        }
        if Options::of(&settings.options).dot_login {
            check.notice(scope.line("TLSOptions").at("AllowDotLogin"), off);
        }
    }
}

fn ciphers(scope: &CheckedScope<'_, Settings>, check: &mut Check<'_>) {
    let settings = scope.settings;
    if let Err(error) = suites::offered(&settings.handshakes.suites, settings.versions) {
        check.fault(scope.line("TLSCipherSuite"), error);
    }
}

fn log_file(scope: &CheckedScope<'_, Settings>, check: &mut Check<'_>) {
    if let Some(Err(error)) = scope.settings.log_target().as_ref().map(log::check) {
        check.fault(scope.line("TLSLog"), error.message());
    }
}

/// Notices for lines that have no effect in this combination; idle.rs has the directives that never
/// have any.
fn idle(scope: &CheckedScope<'_, Settings>, check: &mut Check<'_>) {
    if scope.settings.stapling {
        check.notice(scope.line("TLSStapling"), "it has no effect: no OCSP response is stapled");
    }
    if Options::of(&scope.settings.options).idle {
        let text = "AllowClientRenegotiations, AllowWeakDH, AllowWeakSecurity, NoAutoECDH, NoCertRequest and \
                    NoEmptyFragments have no effect";
        check.notice(scope.line("TLSOptions"), text);
    }
}
