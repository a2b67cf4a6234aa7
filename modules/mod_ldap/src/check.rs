//! What mod_ldap's lines mean together.

use gantry_api::check::CheckedScope;
use gantry_api::log;
use gantry_api::prelude::*;

use crate::settings::Settings;
use crate::setup::Setup;
use crate::values::Sasl;

/// Checks all servers.
pub(crate) fn check(check: &mut Check<'_>) {
    for scope in check.scopes().servers::<Settings>() {
        let settings = scope.settings;
        if let Some(target) = settings.log_target()
            && let Err(error) = log::check(&target)
        {
            check.fault(scope.line("LDAPLog"), error.message());
        }
        if settings.users.is_some() {
            servers(check, &scope);
            binds(check, &scope);
            accounts(check, &scope);
        } else if !settings.servers.is_empty() && check.has_all("LDAPUsers") {
            check
                .notice(scope.line("LDAPServer"), "without LDAPUsers, no users are looked up in the directory")
                .help("for example: LDAPUsers ou=people,dc=example,dc=com");
        }
    }
}

fn servers(check: &mut Check<'_>, scope: &CheckedScope<'_, Settings>) {
    let settings = scope.settings;
    if settings.servers.is_empty() && check.has_all("LDAPServer") {
        check.notice(scope.line("LDAPUsers"), "LDAPServer is not set: the directory is that of localhost, port 389");
    }
    for (number, line) in settings.servers.iter().enumerate() {
        for server in &line.servers {
            if server.is_url && server.scope.is_none() && settings.scope.is_none() && check.has_all("LDAPSearchScope") {
                let shown = &server.word;
                let text =
                    format!("'{shown}' has no scope: only the entry that LDAPUsers names is searched, and none below");
                let line = scope.nth_line("LDAPServer", number).at(shown);
                check.notice(line, text).help(format!("write {}/??sub", shown.trim_end_matches('/')));
            }
        }
    }
}

fn binds(check: &mut Check<'_>, scope: &CheckedScope<'_, Settings>) {
    let setup = Setup::of(scope.settings);
    let is_external = setup.sasl == Some(Sasl::External);
    if let Some(bind) = &setup.bind
        && !bind.dn.is_empty()
        && bind.password.is_empty()
        && !matches!(setup.sasl, Some(Sasl::External | Sasl::Anonymous))
    {
        let text = "it has no password: the directory would take it for nobody";
        check.fault(scope.line("LDAPBindDN"), text).help("leave the line out to bind as nobody");
    }
    if setup.sasl == Some(Sasl::Anonymous) && setup.bind.as_ref().is_some_and(|bind| !bind.dn.is_empty()) {
        check.notice(scope.line("LDAPUseSASL"), "ANONYMOUS is nobody: LDAPBindDN is not used");
    }
    for (server, parameters) in &setup.servers {
        let is_encrypted = server.is_tls() || setup.starts_tls && !server.is_socket();
        let line = scope.line("LDAPUseSASL");
        if setup.sasl == Some(Sasl::Challenge) && !server.is_socket() && !(is_encrypted && parameters.verify) {
            let text = format!(
                "there is only a simple bind, which would show '{}' the password without verified TLS",
                server.word
            );
            check.fault(line.clone(), text).help("write: LDAPUseTLS on");
        }
        if is_external && !server.is_socket() && !(is_encrypted && parameters.cert.is_some()) {
            let text =
                format!("'{}' knows the client by nothing: EXTERNAL needs ldapi, or TLS and ssl-cert", server.word);
            check.notice(line, text);
        }
    }
}

fn accounts(check: &mut Check<'_>, scope: &CheckedScope<'_, Settings>) {
    let settings = scope.settings;
    for (forced, is_set, name, default) in [
        (settings.force_uid, settings.uid.is_some(), "LDAPForceDefaultUID", "LDAPDefaultUID"),
        (settings.force_gid, settings.gid.is_some(), "LDAPForceDefaultGID", "LDAPDefaultGID"),
        (settings.forces, settings.generates, "LDAPForceGeneratedHomedir", "LDAPGenerateHomedir on"),
        (settings.generates, settings.prefix.is_some(), "LDAPGenerateHomedir", "LDAPGenerateHomedirPrefix"),
    ] {
        let directive = default.split(' ').next().unwrap_or_default();
        if forced && !is_set && check.has_all(directive) {
            check.fault(scope.line(name), format!("it needs {default}"));
        }
    }
    if settings.tracking && !check.modules().any(|module| module == "mod_unique_id") && check.has_all("LoadModule") {
        let text = "without mod_unique_id sessions have no ids: the directory is told of none";
        check.notice(scope.line("LDAPSessionTracking"), text).help("load it: LoadModule mod_unique_id.c");
    }
}
