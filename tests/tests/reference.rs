//! docs/directives.md and docs/gantry.schema.json are what gantryd prints, and what
//! it prints is complete.

use std::fs;
use std::process::Command;

use gantry_tests::layout::workspace;
use gantry_tests::prelude::*;
use gantry_tests::process::{Done, run};

fn list(layout: Layout, form: &[&str]) -> Done {
    run(Command::new(layout.gantryd()).arg("--list-directives").args(form), "").ok()
}

#[test]
fn the_generated_files_are_current() {
    for (name, form) in [("directives.md", "--markdown"), ("gantry.schema.json", "--schema")] {
        let page = fs::read_to_string(workspace().join("docs").join(name)).unwrap();
        assert!(page == list(Layout::Static, &[form]).out, "docs/{name} is not current: run docs/generate");
    }
}

fn the_list_has_what_is_linked_in(layout: Layout) {
    let directives: Vec<serde_json::Value> = serde_json::from_str(&list(layout, &["--json"]).out).unwrap();
    let module = |name: &str| {
        let found = directives.iter().find(|directive| directive["name"] == name);
        found.map(|directive| directive["module"].as_str().unwrap().to_owned())
    };
    assert_eq!(module("ServerName").as_deref(), Some("core"));
    assert_eq!(module("AllowOverwrite").as_deref(), Some("mod_xfer"));
    assert_eq!(module("SQLConnectInfo").is_some(), layout == Layout::Static);
    let text = list(layout, &[]).out;
    assert!(text.contains("Port number|any  (core)\n    context: server config, <VirtualHost>, <Global>\n"), "{text}");
}

both_layouts!(the_list_has_what_is_linked_in);
