//! Modules of other builds: what differs in the stamp is refused before any of
//! its code runs, and what does not count is let in.

use gantry_tests::fixture::{Build, build, install};
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;

/// Checks a configuration that loads mod_mark as built in some way.
fn loading(layout: Layout, how: Build) -> Trial {
    let object = build("mod_mark", how);
    Trial::run(&layout.gantryd(), &["-t"], |config| {
        let folder = config.own_modules();
        install(&object, "mod_mark", &folder);
        config.add("LoadModule", "mod_mark.c");
    })
}

/// Asserts that it was refused for one field alone, before its code ran.
fn assert_refused(trial: &Trial, field: &str) {
    let (line, fatal) = (trial.config.line_of("mod_mark"), trial.fatal());
    assert!(fatal.starts_with("Fatal: LoadModule: error loading module 'mod_mark.c': "), "{fatal}");
    assert!(fatal.contains(&format!("differs in: {field} (module ")), "{fatal}");
    assert!(fatal.ends_with(&format!(" on line {line} of '{}'", trial.file().display())), "{fatal}");
    assert!(!trial.folder().join("mark").exists(), "its constructor ran");
}

fn a_module_of_another_workspace_profile_and_lock_file_is_let_in(layout: Layout) {
    let trial = loading(layout, Build::Foreign);
    assert!(trial.done.status.success(), "{}", trial.done.text());
    assert!(trial.folder().join("mark").exists(), "a constructor leaves a mark: the other tests depend on it");
}

fn a_module_built_with_another_cfg_is_refused(layout: Layout) {
    assert_refused(&loading(layout, Build::OtherCfg), "flags");
}

fn a_module_that_aborts_on_panics_is_refused(layout: Layout) {
    assert_refused(&loading(layout, Build::PanicAbort), "panic");
}

fn a_module_built_against_a_changed_api_is_refused(layout: Layout) {
    assert_refused(&loading(layout, Build::ChangedApi), "api");
}

fn a_module_under_another_name_is_refused(layout: Layout) {
    let object = build("mod_mark", Build::Foreign);
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        let folder = config.own_modules();
        install(&object, "mod_other", &folder);
        config.add("LoadModule", "mod_other.c");
    });
    assert!(trial.fatal().contains("mod_mark"), "{}", trial.fatal());
    assert!(!trial.folder().join("mark").exists(), "its constructor ran");
}

fn a_file_that_is_no_module_is_refused(layout: Layout) {
    for (bytes, word) in [(&b"#!/bin/sh\n"[..], "ELF"), (b"", "empty"), (b"\x7fELF\x02\x01\x01", "")] {
        let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
            let folder = config.own_modules();
            std::fs::write(folder.join("mod_junk.so"), bytes).unwrap();
            config.add("LoadModule", "mod_junk.c");
        });
        assert!(trial.fatal().contains("mod_junk") && trial.fatal().contains(word), "{}", trial.fatal());
    }
}

both_layouts!(
    a_module_of_another_workspace_profile_and_lock_file_is_let_in,
    a_module_built_with_another_cfg_is_refused,
    a_module_that_aborts_on_panics_is_refused,
    a_module_built_against_a_changed_api_is_refused,
    a_module_under_another_name_is_refused,
    a_file_that_is_no_module_is_refused,
);
