//! The exact set of linked-in and of loadable modules of each feature set: a
//! module that nothing names is not linked, and linkers collect what seems to be
//! garbage.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gantry_tests::process::run;
use gantry_tests::{full, layout};

const ALWAYS: [&str; 14] = [
    "mod_auth",
    "mod_auth_file",
    "mod_auth_unix",
    "mod_cap",
    "mod_core",
    "mod_delay",
    "mod_facts",
    "mod_ident",
    "mod_ifsession",
    "mod_ifversion",
    "mod_log",
    "mod_ls",
    "mod_rlimit",
    "mod_xfer",
];
/// What the default features add.
const DEFAULT: [&str; 3] = ["mod_ctrls", "mod_ctrls_admin", "mod_dso"];
const SQL: [&str; 2] = ["mod_sql", "mod_sql_sqlite"];

/// An install's name under the sets' folder, its linked-in modules beyond
/// those that always are, and its shared objects.
fn sets() -> Vec<(&'static str, Vec<String>, Vec<String>)> {
    let (none, sql) = (Vec::new(), owned(&SQL));
    let (examples, all): (Vec<_>, Vec<_>) = every_optional_module().into_iter().partition(|name| is_example(name));
    vec![
        ("default", none.clone(), none.clone()),
        ("static-sql", sql.clone(), none.clone()),
        ("shared-sql", none.clone(), sql.clone()),
        (
            "mixed",
            owned(&["mod_quotatab", "mod_sql"]),
            owned(&["mod_quotatab_file", "mod_quotatab_sql", "mod_sql_sqlite"]),
        ),
        ("mixed-backends", owned(&["mod_sql_mysql", "mod_sql_postgres"]), owned(&SQL[..1])),
        ("static-all", all.clone(), none.clone()),
        ("shared-all", none.clone(), all),
        ("static-examples", examples.clone(), none.clone()),
        ("shared-examples", none.clone(), examples),
        ("no-dso", sql, none),
    ]
}

#[test]
fn each_feature_set_has_exactly_its_modules() {
    for (name, linked, loadable) in sets() {
        assert_modules(&layout::feature_set(name), &linked, &loadable);
    }
}

#[test]
fn a_module_that_this_build_leaves_out_is_not_called_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proftpd.conf");
    fs::write(&file, "LoadModule mod_tls.c\nTLSEngine on\nBanEngine on\n").unwrap();
    let mut daemon = std::process::Command::new(layout::feature_set("default").join("sbin/gantryd"));
    let told = run(daemon.args(["-t", "--compat"]).arg(&file), "").out;
    assert!(told.contains("of mod_tls: this build of Gantry leaves mod_tls out; build it with --features"), "{told}");
    assert!(told.contains("known to ProFTPD's mod_ban; not supported"), "{told}");
}

#[test]
fn each_feature_set_has_exactly_its_modules_in_release_with_lto() {
    if !full::is_wanted() {
        eprintln!("left out: builds each feature set in release with LTO; tests/run --full does that");
        return;
    }
    for (name, linked, loadable) in sets() {
        assert_modules(&layout::feature_set(&format!("lto-{name}")), &linked, &loadable);
    }
}

fn assert_modules(prefix: &Path, linked: &[String], loadable: &[String]) {
    let default = if prefix.ends_with("no-dso") || prefix.ends_with("lto-no-dso") { &[][..] } else { &DEFAULT[..] };
    let expected = [owned(&ALWAYS), owned(default), linked.to_vec()].concat();
    let expected: BTreeSet<String> = expected.into_iter().collect();
    assert_eq!(linked_in(prefix), expected, "linked into {}", prefix.display());
    let found: BTreeSet<String> =
        shared_objects(prefix).iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(found, loadable.iter().cloned().collect(), "shared objects of {}", prefix.display());
    let config = tempfile::NamedTempFile::new().unwrap();
    for module in loadable {
        fs::write(config.path(), format!("LoadModule {module}.c\n<IfModule !{module}.c>\n  NotLoaded\n</IfModule>\n"))
            .unwrap();
        run(layout::daemon(prefix).arg("-t").arg("-c").arg(config.path()), "").ok();
    }
}

fn linked_in(prefix: &Path) -> BTreeSet<String> {
    let done = run(layout::daemon(prefix).arg("-l"), "").ok();
    let lines = done.out.lines().skip_while(|line| !line.contains("Compiled-in modules")).skip(1);
    let names: Vec<String> = lines.map(|line| line.trim().trim_end_matches(".c").to_owned()).collect();
    let set: BTreeSet<String> = names.iter().cloned().collect();
    assert_eq!(set.len(), names.len(), "a module stands there twice: {names:?}");
    set
}

fn shared_objects(prefix: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(prefix.join("libexec")) else { return Vec::new() };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "so"))
        .collect()
}

/// The modules for which the root manifest has a feature.
fn every_optional_module() -> Vec<String> {
    let manifest = fs::read_to_string(layout::workspace().join("Cargo.toml")).unwrap();
    let names = manifest.lines().filter_map(|line| line.strip_prefix("static-mod_")?.split([' ', '=']).next());
    names.map(|name| format!("mod_{name}")).collect()
}

/// Examples are in no group but their own.
fn is_example(name: &str) -> bool {
    layout::workspace().join("modules/examples").join(name).is_dir()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
