//! The page for module authors shows this module.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_page_shows_this_module_word_for_word() {
    let page = read("../../docs/modules.md");
    for (language, file) in [("toml", "Cargo.toml"), ("rust", "src/lib.rs")] {
        let block = format!("```{language}\n{}```\n", read(file));
        assert!(page.contains(&block), "docs/modules.md does not show {file} as it is");
    }
}
