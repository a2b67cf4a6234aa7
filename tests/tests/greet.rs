//! mod_greet, the module of the authors' page, built as the page says and run
//! in both layouts.

use gantry_tests::prelude::*;

fn a_line_of_welcome_follows_the_login(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("LoadModule", "mod_greet.c").add("GreetMessage", "\"Welcome aboard, %u\"");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    let answer = wire.expect(format!("PASS {PASSWORD}"), 230);
    assert!(answer.lines.len() == 2 && answer.text().contains("Welcome aboard, alice"), "{}", answer.text());
}

fn without_its_directive_it_says_nothing(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.add("LoadModule", "mod_greet.c");
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 230).lines.len(), 1);
}

both_layouts!(a_line_of_welcome_follows_the_login, without_its_directive_it_says_nothing);

#[test]
fn the_page_for_authors_shows_what_is_built() {
    let read = |path: &str| std::fs::read_to_string(gantry_tests::layout::workspace().join(path)).unwrap();
    let page = read("docs/modules.md");
    let greet = ["Cargo.toml", "src/lib.rs"].map(|path| format!("modules/mod_greet/{path}"));
    let motto = ["lib.rs", "tell.rs", "limit.rs"].map(|path| format!("modules/examples/mod_motto/src/{path}"));
    for path in greet.iter().chain(&motto) {
        assert!(page.contains(&read(path)), "docs/modules.md shows another {path}");
    }
}
