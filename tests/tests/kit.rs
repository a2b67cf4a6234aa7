//! The module kit: a module written, built, tested, installed and served, from an
//! installed prefix alone; and everything that it refuses.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gantry_tests::fixture::{Build, build};
use gantry_tests::kit::{finish, folder, module, prefix, run, target};
use gantry_tests::operator::let_operators_in;
use gantry_tests::prelude::*;
use gantry_tests::process::Done;

/// Writes a module into a folder of its own; the workspace.
fn written(place: &str, name: &str) -> PathBuf {
    let folder = folder(place);
    run(&folder, &["new", name]).ok();
    folder.join(name)
}

#[track_caller]
fn assert_refused(done: &Done, words: &[&str]) {
    assert_eq!(done.status.code(), Some(1), "{}", done.text());
    let missing = words.iter().find(|word| !done.err.contains(**word));
    assert!(missing.is_none(), "nothing is said of {missing:?}:\n{}", done.text());
}

/// An executable script.
fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_new_module_is_built_tested_installed_and_served() {
    let made = written("whole", "mod_hello");
    // As a clone of its repository: elsewhere, and without the links into this machine.
    let workspace = made.with_file_name("cloned");
    fs::rename(&made, &workspace).unwrap();
    for link in [".gantry", "rust-toolchain.toml"] {
        fs::remove_file(workspace.join(link)).unwrap();
    }
    let done = run(&workspace, &["build", "--profile", "dev", "--offline"]).ok();
    let object = workspace.join("target/gantry/mod_hello.so");
    assert_eq!(done.out.trim(), object.to_str().unwrap());
    let tested = run(&workspace.join("mod_hello"), &["test", "--profile", "dev"]).ok();
    assert!(tested.out.contains("2 passed; 0 failed"), "{}", tested.text());
    let installed = run(&workspace, &["install"]).ok();
    let file = prefix().join("libexec/mod_hello.so");
    assert_eq!(installed.out.trim(), file.to_str().unwrap());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o755);
    assert_eq!(fs::read(&file).unwrap(), fs::read(&object).unwrap());

    let gantryd = prefix().join("sbin/gantryd");
    let server = Server::of(&gantryd, |config| {
        config.without_sql().remove("ModulePath");
        config.add("LoadModule", "mod_hello.c").add("HelloMessage", "\"Hello, %u\"");
    });
    assert!(greeting(&server).contains("Hello, alice"));

    // And into a server that runs, as gantry insmod takes it.
    let server = Server::of(&gantryd, |config| {
        let_operators_in(config.without_sql().remove("ModulePath"));
    });
    assert!(!greeting(&server).contains("Hello"));
    let socket = server.var("control.sock");
    let mut gantry = Command::new(prefix().join("bin/gantry"));
    gantry.args(["insmod", "mod_hello", "-d", "HelloMessage \"Hello again, %u\"", "--socket"]).arg(socket);
    finish(&mut gantry).ok();
    assert!(greeting(&server).contains("Hello again, alice"));
}

/// What a client reads when it has logged in.
fn greeting(server: &Server) -> String {
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect(format!("PASS {PASSWORD}"), 230).text()
}

#[test]
fn plain_cargo_builds_the_same_and_a_second_module_joins_the_workspace() {
    let workspace = written("plain", "mod_first");
    run(&workspace, &["new", "mod_second_one"]).ok();
    assert!(workspace.join("mod_second_one/src/lib.rs").is_file(), "it is a member, not a workspace");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--offline"]).current_dir(&workspace).env("CARGO_TARGET_DIR", target());
    finish(&mut cargo).ok();
    let installed = workspace.join("installed");
    fs::create_dir(&installed).unwrap();
    for name in ["mod_first", "mod_second_one"] {
        let object = target().join(format!("debug/lib{name}.so"));
        let checked = run(&workspace, &["check", object.to_str().unwrap()]).ok();
        assert!(checked.out.contains("sbin/gantryd\n") && checked.out.contains("  matches "), "{}", checked.out);
        run(&workspace, &["install", "--to", "installed", object.to_str().unwrap()]).ok();
        let (built, installed) = (fs::read(object).unwrap(), fs::read(installed.join(format!("{name}.so"))).unwrap());
        assert!(installed.starts_with(&built), "{name}");
        assert!(installed[built.len()..].starts_with(b"\0gantry-sha256\0\n"), "{name} has no digest");
    }
    let built = run(&workspace, &["build", "--profile", "dev"]).ok();
    assert_eq!(built.out.lines().count(), 2, "{}", built.out);
    let cargo = |arguments: &[&str]| finish(Command::new("cargo").args(arguments).current_dir(&workspace));
    if cargo(&["fmt", "--version"]).status.success() {
        cargo(&["fmt", "--all", "--check"]).ok();
    }
}

#[test]
fn a_package_carries_a_signed_module_to_another_machine() {
    let workspace = written("package", "mod_parcel");
    let key = workspace.join("key");
    let public = run(&workspace, &["keygen", "--out", "key"]).ok().out;
    run(&workspace, &["build", "--profile", "dev"]).ok();
    let packed = run(&workspace, &["package", "--key", key.to_str().unwrap()]).ok().out;
    let tar = packed.trim();
    assert!(tar.ends_with(".tar") && tar.contains("mod_parcel-0.1.0-"), "{tar}");
    let bytes = fs::read(tar).unwrap();
    run(&workspace, &["package", "--key", key.to_str().unwrap()]).ok();
    assert_eq!(fs::read(tar).unwrap(), bytes, "the same contents make the same bytes");

    let listing = finish(Command::new("tar").args(["-tf", tar])).ok().out;
    for name in ["manifest.json", "mod_parcel.so", "mod_parcel.so.sig", "LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(listing.lines().any(|line| line == format!("mod_parcel-0.1.0/{name}")), "{listing}");
    }
    let manifest = finish(Command::new("tar").args(["-xOf", tar, "mod_parcel-0.1.0/manifest.json"])).ok().out;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["licence"], "MIT OR Apache-2.0");
    assert_eq!(manifest["directives"], serde_json::json!(["ParcelMessage"]));

    let other = tempfile::tempdir().unwrap();
    let to = other.path().to_str().unwrap();
    run(&workspace, &["install", "--to", to, tar]).ok();
    let file = other.path().join("mod_parcel.so");
    run(&workspace, &["verify", "--signer", public.trim(), file.to_str().unwrap()]).ok();
    // An unsigned build in its place does not keep the signature.
    run(&workspace, &["install", "--to", to]).ok();
    assert!(file.is_file() && !other.path().join("mod_parcel.so.sig").exists());

    an_installation_that_fails_leaves_all_as_it_was(&workspace, tar);

    let torn = other.path().join("torn.tar");
    let mut changed = bytes.clone();
    let at = changed.windows(8).position(|bytes| bytes == b"\"sha256\"").unwrap() + 12;
    changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
    fs::write(&torn, changed).unwrap();
    assert_refused(&run(&workspace, &["install", "--to", to, torn.to_str().unwrap()]), &["torn.tar", "sha256"]);
    fs::write(&torn, &bytes[..5000]).unwrap();
    assert_refused(
        &run(&workspace, &["install", "--to", to, torn.to_str().unwrap()]),
        &["torn.tar", "not a module package"],
    );
}

/// Where the disk is full half way, and where a file cannot take its place.
fn an_installation_that_fails_leaves_all_as_it_was(workspace: &Path, tar: &str) {
    let place = tempfile::tempdir().unwrap();
    let to = place.path().to_str().unwrap();
    let (object, signature) = (place.path().join("mod_parcel.so"), place.path().join("mod_parcel.so.sig"));
    run(workspace, &["install", "--to", to, tar]).ok();
    let held = (fs::read(&object).unwrap(), fs::read(&signature).unwrap());
    run(workspace, &["keygen", "--out", "another-key"]).ok();
    let another = run(workspace, &["package", "--key", "another-key", "--out", to]).ok().out;
    let arguments = ["install", "--to", to, another.trim()];

    // What is larger than some kilobytes cannot be written: a signature can.
    let install = module(workspace, &arguments);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]);
    limited.arg(install.get_program()).args(install.get_args()).current_dir(workspace);
    assert_refused(&finish(&mut limited), &["mod_parcel.so: cannot write: File too large"]);
    assert!((fs::read(&object).unwrap(), fs::read(&signature).unwrap()) == held, "what was there is whole");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3, "nothing else is left there");

    fs::remove_file(&object).unwrap();
    fs::create_dir(&object).unwrap();
    assert_refused(&run(workspace, &arguments), &["mod_parcel.so: cannot write: "]);
    assert_eq!(fs::read(&signature).unwrap(), held.1);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3, "nothing else is left there");
}

#[test]
fn the_flags_of_the_daemon_that_count_are_the_modules() {
    let workspace = written("flags", "mod_flagged");
    let gantryd = prefix().join("sbin/gantryd");
    let flagged = format!("{} \"$@\" | sed 's/^    flags:.*/    flags: --cfg=counted/'", gantryd.display());
    let flagged = script(&workspace, "gantryd", &flagged);
    let flagged = flagged.to_str().unwrap();
    let built = run(&workspace, &["build", "--profile", "dev", "--gantryd", flagged]).ok();
    let checked = run(&workspace, &["check", built.out.trim()]);
    assert!(checked.out.contains("flags differs: the file has '--cfg=counted'"), "{}", checked.text());
    let checked = run(&workspace, &["check", "--gantryd", flagged, built.out.trim()]).ok();
    assert!(checked.out.contains(&format!("  matches {flagged}\n")), "{}", checked.out);
    // What was built for that one is not for the installed one.
    assert_refused(&run(&workspace, &["install"]), &["would refuse it: flags (module --cfg=counted, gantryd none)"]);
    run(&workspace, &["install", "--gantryd", flagged, "--to", workspace.to_str().unwrap()]).ok();
}

#[test]
fn names_that_no_module_may_have_are_refused() {
    let folder = folder("names");
    for (name, words) in [
        ("greet", "it must start with mod_"),
        ("mod_", "there must be a letter"),
        ("mod_Greet", "only lower-case letters, digits and _"),
        ("mod_../x", "only lower-case letters, digits and _"),
        ("mod_a__b", "each _ must be between two words"),
        ("mod_core", "a module of this name is linked into gantryd"),
    ] {
        assert_refused(&run(&folder, &["new", name]), &[&format!("'{name}' is not a valid module name"), words]);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "nothing was written");
}

#[test]
fn names_that_rust_has_already_make_modules_as_well() {
    let folder = folder("taken");
    run(&folder, &["new", "mod_self"]).ok();
    let workspace = folder.join("mod_self");
    for name in ["mod_super", "mod_box", "mod_fn", "mod_value"] {
        run(&workspace, &["new", name]).ok();
    }
    run(&workspace, &["build", "--profile", "dev"]).ok();
}

#[test]
fn the_next_command_is_told_as_a_shell_takes_it() {
    let folder = folder("blanks");
    let made = run(&folder, &["new", "mod_blank", "my modules"]).ok();
    assert!(made.err.contains("next: cd 'my modules' && gantry module test"), "{}", made.text());
    let unbuilt = run(&folder, &["install", "my modules"]);
    let whole = fs::canonicalize(folder.join("my modules")).unwrap();
    assert_refused(&unbuilt, &[&format!("build it: gantry module build '{}'", whole.display())]);
}

#[test]
fn what_is_there_is_not_written_over() {
    let folder = folder("exists");
    fs::write(folder.join("mod_there"), "mine").unwrap();
    assert_refused(&run(&folder, &["new", "mod_there"]), &["mod_there exists already"]);
    assert_refused(&run(&folder, &["new", "mod_other", "mod_there"]), &["exists already"]);
    assert_eq!(fs::read(folder.join("mod_there")).unwrap(), b"mine");
}

#[test]
fn another_compiler_is_refused_with_what_to_do() {
    let workspace = written("compiler", "mod_aged");
    let old = "echo 'rustc 1.60.0'; echo 'release: 1.60.0'; echo 'commit-hash: abc'; echo 'host: here'";
    let old = script(&workspace, "old-rustc", old);
    let done = finish(module(&workspace, &["build"]).env("RUSTC", &old));
    assert_refused(&done, &["rustc 1.60.0 abc here", "was built with rustc 1.", "rustup toolchain install 1."]);
    let failing = script(&workspace, "no-rustc", "echo 'no toolchain' >&2; exit 1");
    assert_refused(&finish(module(&workspace, &["build"]).env("RUSTC", &failing)), &["no toolchain", "rustup"]);
}

#[test]
fn a_machine_without_rust_is_told_what_to_install() {
    let workspace = written("without", "mod_bare");
    let no_rustc = finish(module(&workspace, &["build"]).env("RUSTC", "/nowhere/rustc"));
    assert_refused(&no_rustc, &["cannot run /nowhere/rustc: No such file", "rustup toolchain install 1."]);
    let no_cargo = finish(module(&workspace, &["build"]).env("CARGO", "/nowhere/cargo"));
    assert_refused(&no_cargo, &["cannot run /nowhere/cargo: No such file", "rustup toolchain install 1."]);
}

#[test]
fn crates_that_are_not_there_offline_are_told_of() {
    let workspace = written("crates", "mod_lonely");
    let home = tempfile::tempdir().unwrap();
    let done = finish(module(&workspace, &["build", "--offline"]).env("CARGO_HOME", home.path()));
    assert_refused(&done, &["cargo lacks crates and cannot download them (offline)", "cargo fetch", "cargo vendor"]);
}

#[test]
fn vendored_crates_are_enough() {
    let workspace = written("vendored", "mod_carried");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let vendor = finish(cargo.args(["vendor", "vendor"]).current_dir(&workspace));
    if !vendor.status.success() {
        // Crates for other systems, which cargo vendor wants and no build here.
        eprintln!("left out: there is no network to vendor from: {}", vendor.err);
        return;
    }
    fs::create_dir(workspace.join(".cargo")).unwrap();
    fs::write(workspace.join(".cargo/config.toml"), vendor.out).unwrap();
    let home = tempfile::tempdir().unwrap();
    let arguments = ["build", "--profile", "dev", "--offline", "--locked"];
    finish(module(&workspace, &arguments).env("CARGO_HOME", home.path())).ok();
}

#[test]
fn what_is_no_module_is_refused() {
    let folder = folder("none");
    assert_refused(&run(&folder, &["build"]), &["not a module: it has no Cargo.toml"]);
    assert_refused(&run(&folder, &["install"]), &["not a module: it has no Cargo.toml"]);
    assert_refused(&run(&folder, &["build", "nowhere"]), &["nowhere: cannot find this folder: No such file"]);
    let package = |name: &str, more: &str| {
        let manifest =
            format!("[workspace]\n[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{more}");
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        run(&folder, &["build"])
    };
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let kit = prefix().join("share/gantry/kit/core/api");
    let api = format!("[dependencies]\ngantry-api = {{ path = \"{}\" }}\n", kit.display());
    assert_refused(&package("hello", ""), &["the package hello has a name that does not start with mod_"]);
    assert_refused(&package("mod_x", ""), &["the package mod_x does not depend on gantry-api"]);
    assert_refused(&package("mod_x", &api), &["the package mod_x has no [lib] with crate-type cdylib"]);
    assert_refused(&package("mod_x", "[[[\n"), &["its Cargo.toml has an error"]);
}

#[test]
fn what_has_not_been_built_is_not_installed() {
    let workspace = written("unbuilt", "mod_later");
    for command in ["install", "package"] {
        assert_refused(&run(&workspace, &[command]), &["no module has been built here", "gantry module build"]);
    }
    let text = workspace.join("Cargo.toml");
    assert_refused(&run(&workspace, &["install", text.to_str().unwrap()]), &["Cargo.toml", "ELF"]);
}

#[test]
fn a_module_of_other_sources_is_not_installed() {
    let object = build("mod_mark", Build::ChangedApi);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().to_str().unwrap();
    let done = run(folder.path(), &["install", "--to", to, object.to_str().unwrap()]);
    assert_refused(&done, &["sbin/gantryd would refuse it: api (module "]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn a_kit_of_another_gantry_is_told_of_when_the_module_is_built() {
    let workspace = written("kit", "mod_astray");
    run(&workspace, &["build", "--profile", "dev"]).ok();
    let object = workspace.join("target/gantry/mod_astray.so");
    let fitting = fs::read(&object).unwrap();
    // Its files are as old as those of the kit before it, as a package's are.
    let folder = workspace.join("kit");
    finish(Command::new("cp").arg("-rp").arg(prefix().join("share/gantry/kit")).arg(&folder)).ok();
    let source = folder.join("core/api/src/account.rs");
    let text = fs::read_to_string(&source).unwrap();
    let time = fs::metadata(&source).unwrap().modified().unwrap();
    fs::write(&source, text + "\n// Another one.\n").unwrap();
    fs::File::options().append(true).open(&source).unwrap().set_modified(time).unwrap();
    let done = run(&workspace, &["build", "--profile", "dev", "--kit", folder.to_str().unwrap()]);
    assert_refused(&done, &["sbin/gantryd would refuse it: api (module "]);
    assert!(fs::read(&object).unwrap() == fitting, "what fits stays");
    // With the right kit again, all is compiled with it again.
    run(&workspace, &["build", "--profile", "dev"]).ok();
    fs::remove_file(folder.join("core/api/Cargo.toml")).unwrap();
    let done = run(&workspace, &["build", "--kit", folder.to_str().unwrap()]);
    assert_refused(&done, &["not a module kit (core/api/Cargo.toml is missing)", "--kit"]);
}

#[test]
fn a_gantryd_that_does_not_answer_is_told_of() {
    let workspace = written("daemon", "mod_mute");
    let done = run(&workspace, &["build", "--gantryd", "/nowhere/gantryd"]);
    assert_refused(&done, &["/nowhere/gantryd: cannot read its stamp", "--gantryd"]);
    assert_refused(&run(&workspace, &["build", "--gantryd", "/bin/true"]), &["/bin/true: cannot read its stamp"]);
}
