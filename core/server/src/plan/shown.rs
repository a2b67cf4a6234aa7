//! A configuration as text, with all files in one and secrets left out, for `get config`.

use gantry_config::{Catalogue, Content, Node};

/// The lines of a tree. Directives that are declared secret are shown without their words.
pub fn text(tree: &[Node], catalogue: &dyn Catalogue) -> String {
    let mut text = String::new();
    write(&mut text, tree, catalogue, 0);
    text
}

fn write(text: &mut String, nodes: &[Node], catalogue: &dyn Catalogue, depth: usize) {
    let margin = "  ".repeat(depth);
    for node in nodes {
        let words = match catalogue.directive(&node.name) {
            Some(directive) if directive.secret => " (hidden)".to_owned(),
            _ => node.arguments.iter().map(|argument| format!(" {}", quoted(&argument.text))).collect(),
        };
        match &node.content {
            Content::Setting { .. } => text.push_str(&format!("{margin}{}{words}\n", node.name)),
            Content::Section { children, .. } => {
                text.push_str(&format!("{margin}<{}{words}>\n", node.name));
                write(text, children, catalogue, depth + 1);
                text.push_str(&format!("{margin}</{}>\n", node.name));
            }
        }
    }
}

/// A word in the configuration's syntax.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || "\"\\#".contains(letter));
    if plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}
