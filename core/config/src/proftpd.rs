//! The directives and sections of ProFTPD 1.3.8 and its modules, from their manuals. A
//! directive that Gantry lacks is thereby reported as not supported, not as a typing
//! error.

use std::fmt;

use crate::catalogue::Catalogue;

/// One per line: module, tab, directive or section.
const NAMES: &str = include_str!("proftpd.tsv");

/// Modules without directives and sections.
const WITHOUT: [&str; 14] = [
    "mod_quotatab_file",
    "mod_quotatab_ldap",
    "mod_quotatab_radius",
    "mod_quotatab_sql",
    "mod_sftp_sql",
    "mod_site",
    "mod_sql_mysql",
    "mod_sql_postgres",
    "mod_tls_fscache",
    "mod_tls_memcache",
    "mod_tls_redis",
    "mod_tls_shmcache",
    "mod_wrap2_file",
    "mod_wrap2_sql",
];

/// The ProFTPD module (`mod_x`) that has a directive (`Name`) or section (`<Name>`),
/// ignoring case.
pub(crate) fn module_of(name: &str) -> Option<&'static str> {
    rows().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(module, _)| module)
}

/// Whether ProFTPD has a module (`mod_x`).
pub(crate) fn has_module(name: &str) -> bool {
    WITHOUT.contains(&name) || rows().any(|(module, _)| module == name)
}

/// The purpose of a ProFTPD module, as far as it matters that Gantry lacks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// It protects, or decides who may log in.
    Access,
    /// It logs or counts.
    Logs,
    /// Anything else.
    Others,
}

impl fmt::Display for Gravity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Access => "protect or decide who gets in",
            Self::Logs => "say what is logged",
            Self::Others => "do something else",
        })
    }
}

/// The purpose of a module (`mod_x`).
pub(crate) fn gravity_of(module: &str) -> Gravity {
    let begins = |names: &[&str]| names.iter().any(|name| module.starts_with(name));
    const ACCESS: [&str; 16] = [
        "mod_auth",
        "mod_ban",
        "mod_cap",
        "mod_dnsbl",
        "mod_geoip",
        "mod_ifsession",
        "mod_ldap",
        "mod_load",
        "mod_quotatab",
        "mod_radius",
        "mod_ratio",
        "mod_rlimit",
        "mod_sftp",
        "mod_sql",
        "mod_tls",
        "mod_wrap",
    ];
    match () {
        () if begins(&ACCESS) => Gravity::Access,
        () if begins(&["mod_log", "mod_snmp", "mod_unique_id"]) => Gravity::Logs,
        () => Gravity::Others,
    }
}

/// The hint for such a name.
pub(crate) fn help(name: &str, catalogue: &dyn Catalogue) -> Option<String> {
    let module = module_of(name)?;
    Some(match catalogue.leaves_out(module) {
        true => format!("of {module}: {}", absence(module, catalogue)),
        false => format!("known to ProFTPD's {module}; not supported"),
    })
}

/// Why a module (`mod_x`) is not there.
pub(crate) fn absence(module: &str, catalogue: &dyn Catalogue) -> String {
    match catalogue.leaves_out(module) {
        true => format!("this build of Gantry leaves {module} out; build it with --features shared-{module}"),
        false => format!("Gantry has no {module}"),
    }
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.lines().filter_map(|line| line.split_once('\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case() {
        assert_eq!(module_of("tlsengine"), Some("mod_tls"));
        assert_eq!(module_of("<IfUser>"), Some("mod_ifsession"));
        assert_eq!(module_of("Bogus"), None);
        assert!(rows().count() > 450);
        assert!(has_module("mod_quotatab_file") && has_module("mod_tls") && !has_module("mod_mine"));
    }
}
