//! LIST, NLST and STAT of names (RFC 959 section 4.1.3).

use gantry_tests::prelude::*;
use gantry_tests::wire::read_all;

fn list_shows_a_line_a_name_as_ls_does(layout: Layout) {
    let server = Server::start(layout);
    server.put("a file", [0; 4321]);
    server.make_folder("folder");
    server.put(".hidden", "");
    let lines = server.login().list("LIST");
    let file = lines.iter().find(|line| line.ends_with(" a file")).unwrap_or_else(|| panic!("{lines:#?}"));
    let words: Vec<&str> = file.split_whitespace().collect();
    assert_eq!((words[0], words[1], words[4]), ("-rw-r--r--", "1", "4321"), "{file}");
    assert!(lines.iter().any(|line| line.starts_with("drwx") && line.ends_with(" folder")), "{lines:#?}");
    assert_eq!(lines.len(), 2, "no hidden names without -a: {lines:#?}");
}

fn list_takes_options_and_paths(layout: Layout) {
    let server = Server::start(layout);
    server.make_folder("sub");
    server.put("sub/inner", "x");
    server.put("sub/.hidden", "x");
    let mut wire = server.login();
    assert!(wire.list("LIST -a sub").iter().any(|line| line.ends_with(" .hidden")));
    assert!(wire.list("LIST -la sub").iter().any(|line| line.ends_with(" inner")));
    let one = wire.list("LIST sub/inner");
    assert!(one.len() == 1 && one[0].ends_with("inner"), "{one:#?}");
    let tree = wire.list("LIST -R");
    assert!(
        tree.iter().any(|line| line.ends_with(" inner")) && tree.iter().any(|line| line.ends_with(" sub")),
        "{tree:#?}"
    );
}

fn nlst_gives_names_alone(layout: Layout) {
    let server = Server::start(layout);
    ["b.txt", "a.txt", "c d.bin"].iter().for_each(|name| server.put(name, "x"));
    let mut wire = server.login();
    let mut names = wire.list("NLST");
    names.sort();
    assert_eq!(names, ["a.txt", "b.txt", "c d.bin"]);
    let mut matching = wire.list("NLST *.txt");
    matching.sort();
    assert_eq!(matching, ["a.txt", "b.txt"]);
}

fn an_empty_folder_lists_as_nothing(layout: Layout) {
    let server = Server::start(layout);
    server.make_folder("empty");
    let mut wire = server.login();
    assert_eq!(wire.list("LIST empty"), [""; 0]);
    assert_eq!(wire.list("NLST empty"), [""; 0]);
}

fn a_folder_of_thousands_lists_wholly(layout: Layout) {
    let server = Server::start(layout);
    (0..3_000).for_each(|number| server.put(&format!("file {number:04}"), ""));
    let mut wire = server.login();
    assert_eq!(wire.list("LIST").len(), 3_000);
    assert_eq!(wire.list("NLST").len(), 3_000);
    let entries = wire.list("MLSD");
    assert_eq!(entries.iter().filter(|line| line.contains(" file ")).count(), 3_000);
}

fn listing_what_is_missing_lists_nothing(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    let mut stream = wire.passive();
    let first = wire.ask("LIST missing");
    // ProFTPD finds out when the data connection is open already.
    if first.code == 150 {
        assert_eq!(read_all(&mut stream), b"");
        let last = wire.reply();
        assert!([226, 450, 550].contains(&last.code), "{}", last.text());
    } else {
        assert!([450, 550].contains(&first.code), "{}", first.text());
    }
    wire.expect("NOOP", 200);
}

fn stat_lists_on_the_control_connection(layout: Layout) {
    let server = Server::start(layout);
    server.make_folder("sub");
    server.put("sub/inner", "x");
    let mut wire = server.login();
    let answer = wire.ask("STAT sub");
    assert!((211..=213).contains(&answer.code), "{}", answer.text());
    assert!(answer.inner().iter().any(|line| line.ends_with(" inner")), "{}", answer.text());
    assert_eq!(wire.expect("STAT", 211).code, 211);
}

both_layouts!(
    list_shows_a_line_a_name_as_ls_does,
    list_takes_options_and_paths,
    nlst_gives_names_alone,
    an_empty_folder_lists_as_nothing,
    a_folder_of_thousands_lists_wholly,
    listing_what_is_missing_lists_nothing,
    stat_lists_on_the_control_connection,
);
