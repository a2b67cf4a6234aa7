//! What is true of the two layouts themselves: one file for both, nothing else
//! of its own for the static one, another build's objects for the shared one.

use std::fs;
use std::path::Path;

use gantry_tests::layout;
use gantry_tests::prelude::*;

fn carries_a_file(server: &Server) {
    let mut wire = server.login();
    wire.give("STOR file", b"content");
    assert_eq!(wire.fetch("RETR file"), b"content");
}

#[test]
fn a_static_gantryd_needs_no_other_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("gantryd");
    fs::copy(Layout::Static.gantryd(), &alone).unwrap();
    let server = Server::of(&alone, |config| {
        config.remove("ModulePath");
    });
    carries_a_file(&server);
}

#[test]
fn a_gantryd_with_dso_alone_loads_the_objects_of_another_build() {
    let server = Server::of(&layout::feature_set("default").join("sbin/gantryd"), |_| {});
    carries_a_file(&server);
}

#[test]
fn a_static_gantryd_loads_an_object_of_another_build() {
    // mod_greet is the only one that is not linked in here.
    let server = Server::of(&layout::feature_set("static-sql").join("sbin/gantryd"), |config| {
        config.add("LoadModule", "mod_greet.c").add("GreetMessage", "\"Hello, %u\"");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    assert!(wire.expect(format!("PASS {PASSWORD}"), 230).text().contains("Hello, alice"));
}

#[test]
fn an_installed_gantryd_finds_its_modules_without_being_told() {
    let server = Server::with(Layout::Shared, |config| {
        config.remove("ModulePath");
    });
    carries_a_file(&server);
}

#[test]
fn a_mixture_of_linked_and_loaded_works() {
    let mixed = layout::feature_set("mixed");
    let server = Server::of(&mixed.join("sbin/gantryd"), |config| {
        config.set("ModulePath", libexec(&mixed));
    });
    carries_a_file(&server);
}

#[test]
fn one_file_serves_both_layouts() {
    let text = |layout: Layout| {
        let server = Server::start(layout);
        carries_a_file(&server);
        fs::read_to_string(server.folder().join("gantryd.conf"))
            .unwrap()
            .replace(server.folder().to_str().unwrap(), "FOLDER")
    };
    assert_eq!(text(Layout::Static), text(Layout::Shared));
}

#[test]
fn without_dso_a_module_that_is_not_linked_in_is_refused_with_the_reason() {
    let daemon = layout::feature_set("no-dso").join("sbin/gantryd");
    let trial = gantry_tests::server::Trial::run(&daemon, &["-t"], |config| {
        config.add("LoadModule", "mod_greet.c");
    });
    assert!(trial.fatal().contains("mod_greet") && trial.fatal().contains("dso"), "{}", trial.fatal());
    carries_a_file(&Server::of(&daemon, |_| {}));
}

fn libexec(prefix: &Path) -> String {
    prefix.join("libexec").display().to_string()
}
