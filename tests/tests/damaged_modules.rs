//! Module files that would end the daemon while it loads them: damaged ones,
//! and those whose constructors do not come to a good end. Each is refused, and
//! a running server goes on.

use std::fs;
use std::path::Path;

use gantry_tests::fixture::{Build, build, install};
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::wait;
use object::{Object, ObjectSection};

/// Puts bytes into a module folder, by rename.
fn put(bytes: &[u8], module: &str, folder: &Path) {
    let file = folder.join(".bytes");
    fs::write(&file, bytes).unwrap();
    install(&file, module, folder);
}

/// Sends SIGHUP, and waits for what the log says of it: whether the
/// configuration was refused.
fn refuses(server: &Server) -> bool {
    let ends = ["serves new sessions", "stays unchanged"];
    let count = |text: &str| server.log().matches(text).count();
    let before = ends.map(count);
    server.sighup();
    wait::for_condition("the log tells what became of it", || ends.map(count) != before);
    count(ends[1]) != before[1]
}

/// Where a section lies in a file.
fn section(bytes: &[u8], name: &str) -> std::ops::Range<usize> {
    let object = object::File::parse(bytes).unwrap();
    let (start, size) = object.section_by_name(name).unwrap().file_range().unwrap();
    start as usize..(start + size) as usize
}

fn damaged_relocations_are_refused_and_the_server_goes_on(layout: Layout) {
    let whole = fs::read(build("mod_mark", Build::Foreign)).unwrap();
    let mut server = Server::start(layout);
    let mut old = server.login();
    let mut folder = Default::default();
    server.reconfigure(|config| {
        folder = config.own_modules();
        config.add("LoadModule", "mod_mark.c");
    });
    let relocations = section(&whole, ".rela.dyn");
    // An entry has 24 bytes: what it changes, how, and by what. One bit makes it
    // write to where nothing is.
    let entries = relocations.len() / 24;
    for entry in (0..entries).step_by(entries.div_ceil(16)) {
        let mut changed = whole.clone();
        changed[relocations.start + entry * 24 + 5] ^= 0x40;
        put(&changed, "mod_mark", &folder);
        assert!(refuses(&server), "entry {entry}");
    }
    let line = server.wait_for_log(&["Fatal: LoadModule", "mod_mark.so: a trial load", "died of SIG"]);
    assert!(line.contains("reinstall"), "{line}");
    let mut changed = whole.clone();
    for byte in &mut changed[section(&whole, ".dynamic")] {
        *byte = !*byte;
    }
    put(&changed, "mod_mark", &folder);
    assert!(refuses(&server));
    put(&whole, "mod_mark", &folder);
    assert!(!refuses(&server));
    old.expect("NOOP", 200);
    server.login();
}

/// Installed modules end with a digest: wherever a bit has changed, it is found.
#[test]
fn any_damage_of_an_installed_module_is_found() {
    let installed = Layout::Shared.prefix().join("libexec/mod_greet.so");
    let whole = fs::read(installed).unwrap();
    for at in (0..whole.len() - 48).step_by(whole.len() / 20) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        let trial = Trial::run(&Layout::Shared.gantryd(), &["-t"], |config| {
            put(&changed, "mod_greet", &config.own_modules());
            config.add("LoadModule", "mod_greet.c");
        });
        let fatal = trial.fatal();
        // The first bytes have words of their own.
        assert!(fatal.contains("mod_greet.so: ") && (at == 0 || fatal.contains("damaged")), "{fatal}");
    }
}

fn a_constructor_that_does_not_return_is_refused(layout: Layout) {
    let object = build("mod_load", Build::Foreign);
    let mut server = Server::start(layout);
    server.reconfigure(|config| {
        install(&object, "mod_load", &config.own_modules());
        config.add("LoadModule", "mod_load.c");
    });
    for (way, words) in [
        ("abort", &["died of SIGABRT", "it last wrote 'the place is on fire'"][..]),
        ("exit", &["exited with code 0"]),
        ("pretend", &["exited with code 86"]),
        ("hang", &["did not end within", "hangs"]),
    ] {
        fs::write(server.folder().join("way"), way).unwrap();
        assert!(refuses(&server), "{way}");
        server.wait_for_log(&[&["Fatal: LoadModule: ", "/mod_load.so: a trial load"], words].concat());
    }
    server.login();
}

both_layouts!(damaged_relocations_are_refused_and_the_server_goes_on, a_constructor_that_does_not_return_is_refused);
