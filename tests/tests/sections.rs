//! `<Directory>` sections cover their folders by whatever names these are known, and
//! no client moves a folder out of its section.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use gantry_tests::prelude::*;
use gantry_tests::server::own;

const NO_READ: &str = "<Limit READ>\n  DenyAll\n</Limit>";

/// A server that denies reading in a folder.
fn server(layout: Layout, folder: impl FnOnce(&mut Config) -> String) -> Server {
    Server::with(layout, |config| {
        let path = folder(config);
        config.block(format!("<Directory \"{path}\">\n{NO_READ}\n</Directory>"));
    })
}

#[track_caller]
fn is_denied(server: &Server, file: &str) {
    let mut wire = server.login();
    let _stream = wire.passive();
    let answer = wire.ask(format!("RETR {file}"));
    assert_eq!(answer.code, 550, "{file}: {}", answer.text());
}

#[track_caller]
fn is_free(server: &Server, file: &str) {
    assert_eq!(server.login().fetch(format!("RETR {file}")), b"content", "{file}");
}

fn put(folder: &Path, name: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), "content").unwrap();
}

fn a_section_reaches_through_links(layout: Layout) {
    // The way to the home, the last component, and one that leads on to another.
    let server = server(layout, |config| {
        symlink(config.folder(), config.folder().join("way")).unwrap();
        format!("{}/way/home/link/in", config.folder().display())
    });
    put(&server.home().join("real/in"), "file");
    put(&server.home().join("free"), "file");
    symlink("second", server.home().join("link")).unwrap();
    symlink("real", server.home().join("second")).unwrap();
    for name in ["real/in/file", "link/in/file", "second/in/file"] {
        is_denied(&server, name);
    }
    is_free(&server, "free/file");
}

fn a_section_of_the_home_holds_where_the_home_is_behind_a_link(layout: Layout) {
    let server = server(layout, |_| "~/in".to_owned());
    put(&server.home().join("in"), "file");
    put(&server.home(), "file");
    let alias = server.folder().join("alias");
    symlink(server.home(), &alias).unwrap();
    server.sql(&format!("UPDATE users SET homedir = '{}'", alias.display()));
    is_denied(&server, "in/file");
    is_free(&server, "file");
}

fn wildcards_in_a_home_mean_nothing(layout: Layout) {
    let server = server(layout, |_| "~/in".to_owned());
    for name in ["a[bc]d", "a*", "back\\slash", "%u"] {
        let home = server.home().join(name);
        put(&home.join("in"), "file");
        put(&home, "file");
        server.sql(&format!("UPDATE users SET homedir = '{}'", home.display()));
        is_denied(&server, "in/file");
        is_free(&server, "file");
    }
}

fn a_folder_whose_name_has_brackets_is_covered(layout: Layout) {
    let server = server(layout, |config| format!("{}/set[1]/in", config.home().display()));
    put(&server.home().join("set[1]/in"), "file");
    put(&server.home().join("set1/in"), "file");
    put(&server.home().join("set2/in"), "file");
    is_denied(&server, "set[1]/in/file");
    is_denied(&server, "set1/in/file");
    is_free(&server, "set2/in/file");
}

fn a_user_whose_name_is_no_folders_name_is_not_let_in(layout: Layout) {
    let server = server(layout, |config| format!("{}/%u/in", config.home().display()));
    for name in ["..", ".", "a/b"] {
        server.sql(&format!("UPDATE users SET userid = '{name}' WHERE rowid = 1"));
        let mut wire = server.connect();
        wire.expect(format!("USER {name}"), 331);
        wire.expect(format!("PASS {PASSWORD}"), 530);
    }
}

fn a_folder_that_is_made_later_is_covered(layout: Layout) {
    let server = server(layout, |config| format!("{}/link/new/in", config.home().display()));
    fs::create_dir(server.home().join("real")).unwrap();
    symlink("real", server.home().join("link")).unwrap();
    let mut wire = server.login();
    put(&server.home().join("real/new/in"), "file");
    let _stream = wire.passive();
    wire.expect("RETR real/new/in/file", 550);
}

fn what_cannot_be_found_out_is_refused(layout: Layout) {
    let server = server(layout, |config| format!("{}/odd/in", config.home().display()));
    symlink("odd", server.home().join("odd")).unwrap();
    put(&server.home(), "file");
    let mut wire = server.login();
    server.wait_for_log(&["/odd", "is refused everything below it"]);
    fs::remove_file(server.home().join("odd")).unwrap();
    put(&server.home().join("odd/beside"), "file");
    let _stream = wire.passive();
    wire.expect("RETR odd/beside/file", 550);
    assert_eq!(wire.fetch("RETR file"), b"content");
}

fn the_check_tells_of_links(layout: Layout) {
    let server = server(layout, |config| {
        symlink("/", config.folder().join("way")).unwrap();
        format!("{}/way/in", config.folder().display())
    });
    server.wait_for_log(&["<Directory", "contains a link", "which now leads to /in"]);
}

fn a_section_is_not_moved_away(layout: Layout) {
    let server = server(layout, |config| format!("{}/top/mid/in", config.home().display()));
    put(&server.home().join("top/mid/in"), "file");
    server.make_folder("other");
    for folder in ["top", "top/mid", "top/mid/in"] {
        own(&server.home().join(folder));
    }
    let mut wire = server.login();
    for from in ["top", "top/mid", "top/mid/in"] {
        for to in ["other/new", "new"] {
            wire.expect(format!("RNFR {from}"), 350);
            wire.expect(format!("RNTO {to}"), 550);
        }
    }
    wire.expect("RNFR other", 350);
    wire.expect("RNTO top/other", 250);
    is_denied(&server, "top/mid/in/file");
}

fn a_folder_that_a_wildcard_covers_is_moved_where_it_stays_covered(layout: Layout) {
    let server = server(layout, |config| format!("{}/*/in", config.home().display()));
    for folder in ["a", "a/in", "b"] {
        server.make_folder(folder);
    }
    put(&server.home().join("a/in"), "file");
    let mut wire = server.login();
    for (from, to, code) in [("a", "b/a", 550), ("a/in", "a/out", 550), ("a", "c", 250), ("c/in", "b/in", 250)] {
        wire.expect(format!("RNFR {from}"), 350);
        let answer = wire.ask(format!("RNTO {to}"));
        assert_eq!(answer.code, code, "{from} {to}: {}", answer.text());
    }
    is_denied(&server, "b/in/file");
}

fn a_link_that_leads_to_a_section_stays(layout: Layout) {
    let server = server(layout, |config| format!("{}/link/in", config.home().display()));
    put(&server.home().join("real/in"), "file");
    symlink("second", server.home().join("link")).unwrap();
    symlink("real", server.home().join("second")).unwrap();
    let mut wire = server.login();
    for name in ["link", "second"] {
        wire.expect(format!("DELE {name}"), 550);
        wire.expect(format!("RNFR {name}"), 350);
        wire.expect("RNTO new", 550);
    }
}

both_layouts!(
    a_section_reaches_through_links,
    a_section_of_the_home_holds_where_the_home_is_behind_a_link,
    wildcards_in_a_home_mean_nothing,
    a_folder_whose_name_has_brackets_is_covered,
    a_user_whose_name_is_no_folders_name_is_not_let_in,
    a_folder_that_is_made_later_is_covered,
    what_cannot_be_found_out_is_refused,
    the_check_tells_of_links,
    a_section_is_not_moved_away,
    a_folder_that_a_wildcard_covers_is_moved_where_it_stays_covered,
    a_link_that_leads_to_a_section_stays,
);
