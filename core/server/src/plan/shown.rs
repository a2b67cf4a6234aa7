//! A configuration as text once more, all files in one, with what may be a secret
//! left out: what `get config` tells.

use gantry_config::{Catalogue, Content, Node};

/// The lines of a tree. Of directives that are declared secret the words are not
/// shown.
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

/// A word as the language has it.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || "\"\\#".contains(letter));
    if plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}
