//! `gantry migrate`: a configuration for ProFTPD becomes one for Gantry, and nothing is changed unasked.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gantry_tests::host::{SystemUser, may_make_users};
use gantry_tests::prelude::*;
use gantry_tests::process::{Done, run};
use gantry_tests::proftpd;

fn migrate(layout: Layout, file: &Path, more: &[&str]) -> Done {
    run(Command::new(layout.prefix().join("bin/gantry")).arg("migrate").arg(file).args(more), "")
}

/// All files below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}

/// Debian's configuration, as a package's own but for its paths, port and user.
fn debians(folder: &Path) -> Option<PathBuf> {
    let shown = folder.display().to_string();
    let var = folder.join("var");
    let of_template = |name: &str| {
        let text = proftpd::file(&format!("/usr/share/proftpd/templates/{name}"))?;
        let text = text
            .replace("/etc/proftpd/", &format!("{shown}/proftpd/"))
            .replace("/var/run/proftpd", &format!("{shown}/var"));
        let text = text.replace("/var/log/proftpd", &var.display().to_string()).replace("proftpd.log", "system.log");
        let lines = text.lines().map(|line| match line.split_whitespace().next() {
            Some("Port") => "Port any\nDefaultAddress 127.0.0.1",
            Some("User") => "User nobody",
            _ => line,
        });
        Some(lines.map(|line| format!("{line}\n")).collect::<String>())
    };
    fs::create_dir_all(folder.join("proftpd/conf.d")).unwrap();
    for name in ["proftpd.conf", "modules.conf"] {
        fs::write(folder.join("proftpd").join(name), of_template(name)?).unwrap();
    }
    fs::write(folder.join("proftpd/conf.d/own.conf"), "BanEngine on\nAccessGrantMsg \"moved in\"\n").unwrap();
    fs::set_permissions(folder.join("proftpd/conf.d/own.conf"), fs::Permissions::from_mode(0o600)).unwrap();
    Some(folder.join("proftpd/proftpd.conf"))
}

fn nothing_is_written_unasked(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let Some(main) = debians(folder.path()) else { return };
    let before = files(folder.path());
    let told = migrate(layout, &main, &[]);
    assert_eq!(files(folder.path()), before);
    assert_eq!(told.status.code(), Some(1), "mod_ban protects: {}", told.text());
    assert!(told.out.starts_with("Left out, although it protects or decides who gets in:\n"), "{}", told.out);
    for words in [
        "conf.d/own.conf, line 1\n    - BanEngine on\n      known to ProFTPD's mod_ban; not supported\n",
        "- LoadModule mod_wrap2.c\n      Gantry has no mod_wrap2",
        "Nothing has been written. To write these files: gantry migrate ",
    ] {
        assert!(told.out.contains(words), "{words}\n{}", told.out);
    }
}

fn debians_site_moves_in_and_out_again(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let user = SystemUser::new();
    let mut before = BTreeMap::new();
    let mut missing = false;
    let server = Server::of_file(&layout.gantryd(), |folder| {
        let Some(main) = debians(folder) else {
            missing = true;
            return fallback(folder);
        };
        before = files(&folder.join("proftpd"));
        let new = folder.join("gantry");
        let told = migrate(layout, &main, &["--write", new.to_str().unwrap()]);
        assert!(told.out.contains("gantry.conf has been written, and is a valid configuration."), "{}", told.text());
        assert!(told.out.contains("go back    stop gantryd, then start ProFTPD"), "{}", told.out);
        assert_eq!(files(&folder.join("proftpd")), before, "ProFTPD's own files");
        let inner = fs::metadata(new.join("conf.d/own.conf")).unwrap();
        assert_eq!(inner.permissions().mode() & 0o777, 0o600);
        let again = migrate(layout, &main, &["--write", new.to_str().unwrap()]);
        assert!(again.err.contains("is not empty: give a new folder"), "{}", again.text());
        new.join("gantry.conf")
    });
    if missing {
        return;
    }
    let mut wire = server.connect();
    wire.expect(format!("USER {}", user.name), 331);
    assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 230).text(), "230 moved in");
    wire.give("STOR file", b"content");
    assert_eq!(fs::read(user.home.join("file")).unwrap(), b"content");
}

/// A configuration that serves nobody, where Debian's is not there.
fn fallback(folder: &Path) -> PathBuf {
    let path = folder.join("gantry.conf");
    fs::write(
        &path,
        format!("Port any\nDefaultAddress 127.0.0.1\nUser nobody\nSystemLog {}/var/system.log\n", folder.display()),
    )
    .unwrap();
    path
}

fn modules_that_the_lines_need_are_loaded(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("proftpd.conf");
    fs::write(&main, "Port 2121\nTLSOptions NoSessionReuseRequired\nWrapTables a b\n").unwrap();
    let new = folder.path().join("new");
    migrate(layout, &main, &["--write", new.to_str().unwrap()]);
    let text = fs::read_to_string(new.join("gantry.conf")).unwrap();
    let added = "# Gantry: TLSOptions needs this module\nLoadModule mod_tls.c\n";
    assert_eq!(text.contains(added), layout == Layout::Shared, "{text}");
    assert!(text.contains("\nTLSOptions NoSessionReuseRequired\n# Gantry: known to ProFTPD's mod_wrap"), "{text}");
}

both_layouts!(nothing_is_written_unasked, debians_site_moves_in_and_out_again, modules_that_the_lines_need_are_loaded,);
