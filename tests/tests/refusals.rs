//! What is refused at the lines of LoadModule, LoadFile, ModuleSigners and
//! ModuleOrder, and modules that do not start: the daemon's words, with the file
//! and the line. The loader's own tests look at each byte that can be wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gantry_tests::fixture::{Build, build, install};
use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::server::Trial;

/// Checks a configuration without SQL, whose module folder has mod_mark.
fn trial(layout: Layout, change: impl FnOnce(&mut Config, &Path)) -> Trial {
    trial_of(layout, "-t", &["mod_mark"], change)
}

fn trial_of(layout: Layout, how: &str, modules: &[&str], change: impl FnOnce(&mut Config, &Path)) -> Trial {
    let objects: Vec<PathBuf> = modules.iter().map(|module| build(module, Build::Foreign)).collect();
    Trial::run(&layout.gantryd(), &[how], |config| {
        let folder = config.without_sql().own_modules();
        for (module, object) in modules.iter().zip(&objects) {
            install(object, module, &folder);
        }
        change(config, &folder);
    })
}

/// Asserts that it is refused at the line that has `line`, with all of `words`,
/// and that mod_mark's constructor did not run.
#[track_caller]
fn assert_refused(trial: &Trial, line: &str, words: &[&str]) {
    let (number, fatal) = (trial.config.line_of(line), trial.fatal());
    for word in words {
        assert!(fatal.contains(word), "{word:?} is not in: {fatal}");
    }
    assert!(fatal.ends_with(&format!(" on line {number} of '{}'", trial.file().display())), "{fatal}");
    assert!(!trial.folder().join("mark").exists(), "its constructor ran");
}

/// A key pair of the test's own: the private key's file, and the public key.
fn key(layout: Layout, folder: &Path) -> (PathBuf, String) {
    let path = folder.join("key");
    let done = gantry(layout, &["module", "keygen", "--out", path.to_str().unwrap()]);
    (path, done.trim().to_owned())
}

fn gantry(layout: Layout, arguments: &[&str]) -> String {
    run(Command::new(layout.prefix().join("bin/gantry")).args(arguments), "").ok().out
}

fn a_missing_module_comes_with_the_folders_that_were_searched(layout: Layout) {
    let trial = trial(layout, |config, folder| {
        fs::create_dir(folder.join("more")).unwrap();
        config.add("ModulePath", folder.join("more").display().to_string()).add("LoadModule", "mod_none.c");
    });
    let folder = trial.config.folder().join("modules");
    let searched = format!("{}, {}/more", folder.display(), folder.display());
    assert_refused(&trial, "mod_none", &["no mod_none.so in", &searched, "add its folder with ModulePath"]);
}

fn a_path_is_no_name_of_a_module(layout: Layout) {
    let trial = trial(layout, |config, folder| {
        config.add("LoadModule", folder.join("mod_mark.so").display().to_string());
    });
    assert_refused(&trial, "LoadModule", &["without a folder"]);
}

fn what_is_no_file_is_refused_without_waiting(layout: Layout) {
    let fifo = trial(layout, |config, folder| {
        fs::remove_file(folder.join("mod_mark.so")).unwrap();
        run(Command::new("mkfifo").arg(folder.join("mod_mark.so")), "").ok();
        config.add("LoadModule", "mod_mark.c");
    });
    assert_refused(&fifo, "LoadModule", &["mod_mark.so: this is a fifo"]);
    let folder = trial(layout, |config, folder| {
        fs::remove_file(folder.join("mod_mark.so")).unwrap();
        fs::create_dir(folder.join("mod_mark.so")).unwrap();
        config.add("LoadModule", "mod_mark.c");
    });
    assert_refused(&folder, "LoadModule", &["mod_mark.so: this is a folder"]);
}

fn a_file_that_is_cut_short_is_refused(layout: Layout) {
    let trial = trial(layout, |config, folder| {
        let path = folder.join("mod_mark.so");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        config.add("LoadModule", "mod_mark.c");
    });
    assert_refused(&trial, "LoadModule", &["mod_mark.so: cut short", "reinstall it"]);
}

fn what_others_may_write_is_refused(layout: Layout) {
    let trial = trial(layout, |config, folder| {
        fs::set_permissions(folder.join("mod_mark.so"), fs::Permissions::from_mode(0o666)).unwrap();
        config.add("LoadModule", "mod_mark.c");
    });
    assert_refused(&trial, "LoadModule", &["can be changed by others, mode 0666", "chmod go-w"]);
}

fn a_missing_library_comes_with_the_ways_out(layout: Layout) {
    let trial = trial(layout, |config, folder| {
        let path = folder.join("mod_mark.so");
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(9).position(|name| name == b"libc.so.6").unwrap();
        bytes[at + 3] = b'q';
        fs::write(&path, bytes).unwrap();
        config.add("LoadModule", "mod_mark.c");
    });
    assert_refused(&trial, "LoadModule", &["libq.so.6", "/usr/lib", "/etc/ld.so.conf", "ldconfig", "LoadFile"]);
}

fn loading_twice_is_a_notice(layout: Layout) {
    let trial = trial(layout, |config, _| {
        config.add("LoadModule", "mod_mark.c").add("LoadModule", "mod_mark.so");
    });
    assert!(trial.done.status.success(), "{}", trial.done.text());
    assert!(trial.done.text().contains("module 'mod_mark' is loaded already"), "{}", trial.done.text());
}

fn a_missing_requirement_comes_with_its_line(layout: Layout) {
    let trial = trial_of(layout, "-t", &["mod_round"], |config, _| {
        config.add("LoadModule", "mod_round.c");
    });
    assert_refused(&trial, "mod_round.c", &["mod_round requires mod_start", "add the line 'LoadModule mod_start.c'"]);
}

fn a_circle_is_refused_and_the_order_that_is_wanted_breaks_it(layout: Layout) {
    let circle = |order: Option<&'static str>| {
        trial_of(layout, "-t", &["mod_round", "mod_start"], |config, _| {
            config.add("LoadModule", "mod_start.c").add("LoadModule", "mod_round.c");
            if let Some(order) = order {
                config.add("ModuleOrder", order);
            }
        })
    };
    assert_refused(&circle(None), "mod_round.c", &["mod_auth -> mod_round -> mod_core -> mod_auth", "ModuleOrder"]);
    let broken = circle(Some("mod_core.c mod_round.c"));
    assert!(broken.done.status.success(), "{}", broken.done.text());
    let notice = "ModuleOrder overrides a declaration: mod_round declares that it comes before mod_core on line ";
    assert!(broken.done.text().contains(notice), "{}", broken.done.text());
    assert_refused(
        &circle(Some("mod_core mod_round mod_start")),
        "ModuleOrder",
        &["ModuleOrder: mod_round requires mod_start, which must come before it"],
    );
    assert_refused(&circle(Some("mod_core mod_none")), "ModuleOrder", &["module mod_none is not loaded"]);
}

/// `-n` with mod_start, which starts in some way.
fn starting(layout: Layout, way: &str) -> Trial {
    trial_of(layout, "-n", &["mod_start"], |config, _| {
        config.add("LoadModule", "mod_start.c").add("StartWay", way).add("TimeoutModuleStart", "1");
    })
}

fn a_module_that_does_not_start_is_named_with_its_file_and_line(layout: Layout) {
    for (way, words) in [
        ("error", &["the place is taken"][..]),
        ("panic", &["mod_start panicked: the place is on fire"]),
        ("wait", &["did not start within 1 seconds", "TimeoutModuleStart"]),
        ("block", &["did not start within 1 seconds", "blocks its thread", "stay in memory"]),
    ] {
        let trial = starting(layout, way);
        assert_refused(&trial, "mod_start.c", &[words, &["/modules/mod_start.so"]].concat());
        assert!(trial.fatal().contains("mod_start ("), "{}", trial.fatal());
    }
}

fn a_module_that_hangs_keeps_a_running_server_from_nothing(layout: Layout) {
    let object = build("mod_start", Build::Foreign);
    let mut server = Server::with(layout, |config| {
        let folder = config.own_modules();
        install(&object, "mod_start", &folder);
        config.add("TimeoutModuleStart", "1");
    });
    server.reconfigure(|config| {
        config.add("LoadModule", "mod_start.c").add("StartWay", "block");
    });
    server.sighup();
    server.wait_for_log(&["Fatal: mod_start (", "blocks its thread"]);
    server.wait_for_log(&["generation 2 retired"]);
    server.login();
    server.swap(|config| {
        config.set("StartWay", "well");
    });
    server.login();
}

fn load_file_refuses_what_it_cannot_load(layout: Layout) {
    let missing = trial(layout, |config, folder| {
        config.add("LoadFile", folder.join("libnone.so").display().to_string());
    });
    assert_refused(&missing, "LoadFile", &["Fatal: LoadFile: ", "libnone.so", "No such file"]);
    let relative = trial(layout, |config, _| {
        config.add("LoadFile", "libnone.so");
    });
    assert_refused(&relative, "LoadFile", &["Fatal: LoadFile: ", "absolute"]);
    let junk = trial(layout, |config, folder| {
        fs::write(folder.join("libjunk.so"), "junk").unwrap();
        config.add("LoadFile", folder.join("libjunk.so").display().to_string());
    });
    assert_refused(&junk, "LoadFile", &["libjunk.so: not a shared object"]);
    let writable = trial(layout, |config, folder| {
        fs::set_permissions(folder.join("mod_mark.so"), fs::Permissions::from_mode(0o666)).unwrap();
        config.add("LoadFile", folder.join("mod_mark.so").display().to_string());
    });
    assert_refused(&writable, "LoadFile", &["can be changed by others"]);
}

fn load_file_loads_at_its_line(layout: Layout) {
    let trial = trial(layout, |config, folder| {
        // Any shared object will do.
        config.add("LoadFile", folder.join("mod_mark.so").display().to_string());
    });
    assert!(trial.done.status.success(), "{}", trial.done.text());
    assert!(trial.folder().join("mark").exists(), "its constructor ran");
}

fn only_signed_modules_are_loaded_where_signers_are_named(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = key(layout, folder.path());
    let with = |sign: &dyn Fn(&Path)| {
        trial(layout, |config, folder| {
            sign(&folder.join("mod_mark.so"));
            config.add("ModuleSigners", public.clone()).add("LoadModule", "mod_mark.c");
        })
    };
    let sign = |path: &Path| {
        drop(gantry(layout, &["module", "sign", "--key", private.to_str().unwrap(), path.to_str().unwrap()]));
    };
    let unsigned = with(&|_| {});
    assert_refused(&unsigned, "LoadModule", &["mod_mark.so: not signed", "gantry module sign --key"]);
    let changed = with(&|path| {
        sign(path);
        let mut bytes = fs::read(path).unwrap();
        bytes.push(0);
        fs::write(path, bytes).unwrap();
    });
    assert_refused(&changed, "LoadModule", &["changed after it was signed"]);
    let signed = with(&sign);
    assert!(signed.done.status.success(), "{}", signed.done.text());
    assert!(signed.folder().join("mark").exists(), "its constructor ran");
}

fn signers_below_a_loaded_module_are_refused(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let (_, public) = key(layout, folder.path());
    let trial = trial(layout, |config, _| {
        config.add("LoadModule", "mod_mark.c").add("ModuleSigners", public);
    });
    let (above, line, fatal) = (trial.config.line_of("LoadModule"), trial.config.line_of("Signers"), trial.fatal());
    assert!(fatal.starts_with("Fatal: ModuleSigners: module 'mod_mark' was loaded above this line"), "{fatal}");
    assert!(fatal.contains(&format!("line {above} of")) && fatal.contains("must be above every LoadModule"), "{fatal}");
    assert!(fatal.ends_with(&format!(" on line {line} of '{}'", trial.file().display())), "{fatal}");
}

fn a_faulty_line_of_signers_lets_nothing_in(layout: Layout) {
    for keys in ["", "nonsense", "/nonexistent/signers"] {
        let trial = trial(layout, |config, _| {
            config.add("ModuleSigners", keys).add("LoadModule", "mod_mark.c");
        });
        assert_refused(&trial, "ModuleSigners", &["Fatal: ModuleSigners: "]);
    }
}

both_layouts!(
    a_missing_module_comes_with_the_folders_that_were_searched,
    a_path_is_no_name_of_a_module,
    what_is_no_file_is_refused_without_waiting,
    a_file_that_is_cut_short_is_refused,
    what_others_may_write_is_refused,
    a_missing_library_comes_with_the_ways_out,
    loading_twice_is_a_notice,
    a_missing_requirement_comes_with_its_line,
    a_circle_is_refused_and_the_order_that_is_wanted_breaks_it,
    a_module_that_does_not_start_is_named_with_its_file_and_line,
    a_module_that_hangs_keeps_a_running_server_from_nothing,
    load_file_refuses_what_it_cannot_load,
    load_file_loads_at_its_line,
    only_signed_modules_are_loaded_where_signers_are_named,
    signers_below_a_loaded_module_are_refused,
    a_faulty_line_of_signers_lets_nothing_in,
);
