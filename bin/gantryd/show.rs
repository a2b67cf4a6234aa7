//! The output of `-l`, `-V`, `-v` and `-vv`, in ProFTPD's format.

use std::fmt::Write as _;
use std::io::Write as _;

use gantry_api::stamp::{self, Stamp};
use gantry_server::{Images, Source};

use crate::name::Name;
use crate::paths;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Prints a text.
pub fn print(text: &str) {
    // The reader may be gone.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// `-v`.
pub fn version(name: Name) -> String {
    format!("Gantry Version {}\n", shown_version(name))
}

/// `-vv`: with the modules that the configuration uses, or, if it is missing or has
/// errors, those that are linked in.
pub fn status(images: &Images, name: Name, source: &Source) -> String {
    let linked = || images.linked().iter().map(|module| (module.name.to_owned(), module.version.to_owned())).collect();
    let modules: Vec<_> = gantry_server::modules(source, images).unwrap_or_else(|_| linked());
    let modules: String = modules.iter().map(|(module, version)| format!("  {module}/{version}\n")).collect();
    let (version, stamp) = (shown_version(name), stamp::build_id());
    format!("Gantry Version: {version}\n  Stamp: {stamp}\n\nLoaded modules:\n{modules}")
}

/// `-l`.
pub fn modules(images: &Images) -> String {
    let names = images.linked().into_iter().map(|module| format!("  {}.c\n", module.name));
    format!("Compiled-in modules:\n{}", names.collect::<String>())
}

/// `-V`.
pub fn settings(images: &Images, name: Name) -> String {
    let stamp = Stamp::of_this_build();
    let mut text = format!(
        "Compile-time Settings:\n  Version: {}\n  Platform: {} [{}]\n  Stamp: {}\n",
        shown_version(name),
        std::env::consts::OS.to_uppercase(),
        stamp.field("target"),
        stamp::build_id()
    );
    for (key, value) in stamp.fields() {
        let _ = writeln!(text, "    {key}: {value}");
    }
    text.push_str("\n  Files:\n");
    let mut files = vec![("Configuration File", paths::configuration(name))];
    if name == Name::Proftpd {
        files.push(("Pid File", paths::pid_file()));
    }
    if cfg!(feature = "ctrls") {
        files.push(("Control Socket", paths::control_socket()));
    }
    files.extend(paths::modules().into_iter().map(|folder| ("Shared Module Directory", folder)));
    for (what, path) in files {
        let _ = writeln!(text, "    {what}:\n      {}", path.display());
    }
    text.push_str("\n  Features:\n");
    for (on, feature) in FEATURES {
        let _ = writeln!(text, "    {} {feature} support", sign(*on));
    }
    for (on, feature) in LAYOUTS {
        let _ = writeln!(text, "    {} {feature}", sign(*on));
    }
    text.push_str("\n  Modules linked in:\n");
    for module in images.linked() {
        let _ = writeln!(text, "    {} {}", module.name, module.version);
    }
    text
}

fn sign(on: bool) -> char {
    if on { '+' } else { '-' }
}

fn shown_version(name: Name) -> String {
    match name {
        Name::Gantryd => VERSION.to_owned(),
        Name::Proftpd => format!("{VERSION} (ProFTPD-compatible)"),
    }
}

/// With ProFTPD's names and in its order.
const FEATURES: &[(bool, &str)] = &[
    (cfg!(feature = "ctrls"), "Controls"),
    (cfg!(feature = "dso"), "DSO"),
    (true, "IPv6"),
    (true, "Largefile"),
    (false, "NLS"),
    (false, "OpenSSL"),
    (true, "Sendfile"),
];

/// Names with whether each is on.
macro_rules! features {
    ($($name:literal),+ $(,)?) => { &[$((cfg!(feature = $name), $name)),+] };
}

/// The cargo features of the optional modules.
const LAYOUTS: &[(bool, &str)] = features![
    "static-mod_auth_pam",
    "static-mod_auth_tokens",
    "static-mod_cksum",
    "static-mod_ctrls_admin",
    "static-mod_greet",
    "static-mod_ldap",
    "static-mod_memory_store",
    "static-mod_motto",
    "static-mod_scramble",
    "static-mod_sql",
    "static-mod_sql_mysql",
    "static-mod_sql_passwd",
    "static-mod_sql_postgres",
    "static-mod_sql_sqlite",
    "static-mod_quotatab",
    "static-mod_quotatab_file",
    "static-mod_quotatab_ldap",
    "static-mod_quotatab_sql",
    "static-mod_ratio",
    "static-mod_tls",
    "static-mod_unique_id",
    "static-mod_webhook",
    "shared-mod_auth_pam",
    "shared-mod_auth_tokens",
    "shared-mod_cksum",
    "shared-mod_ctrls_admin",
    "shared-mod_greet",
    "shared-mod_ldap",
    "shared-mod_memory_store",
    "shared-mod_motto",
    "shared-mod_scramble",
    "shared-mod_sql",
    "shared-mod_sql_mysql",
    "shared-mod_sql_passwd",
    "shared-mod_sql_postgres",
    "shared-mod_sql_sqlite",
    "shared-mod_quotatab",
    "shared-mod_quotatab_file",
    "shared-mod_quotatab_ldap",
    "shared-mod_quotatab_sql",
    "shared-mod_ratio",
    "shared-mod_tls",
    "shared-mod_unique_id",
    "shared-mod_webhook",
];

/// The modules that builds may leave out.
pub fn optional_modules() -> impl Iterator<Item = &'static str> {
    LAYOUTS.iter().filter_map(|(_, feature)| feature.strip_prefix("shared-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_features_of_all_modules_are_shown() {
        let manifest = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let features =
            manifest.lines().filter(|line| line.starts_with("static-mod_") || line.starts_with("shared-mod_"));
        for feature in features.filter_map(|line| line.split(' ').next()) {
            assert!(LAYOUTS.iter().any(|(_, shown)| *shown == feature), "{feature}");
        }
    }
}
