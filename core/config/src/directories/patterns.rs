//! The paths with wildcards of `<Directory>` sections, as a tree of components, so that a
//! look-up does not have to try all patterns.

use std::collections::HashMap;

use gantry_api::proto::glob;

/// The limit on matching steps in one look-up: none, because a section that is not found
/// would not protect its folder. The work is at most the product of the lengths of path
/// and patterns.
const STEPS: u64 = u64::MAX;

/// A tree of patterns by components.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Patterns {
    /// The nodes, linked by number, so that deep paths need no recursion. The first is
    /// the root, if there is any pattern.
    nodes: Vec<Node>,
}

/// A node of the tree.
#[derive(Debug, Clone, Default, PartialEq)]
struct Node {
    /// The next components without wildcards.
    literal: HashMap<Vec<u8>, usize>,
    /// The next components with wildcards.
    wild: HashMap<Vec<u8>, usize>,
    /// The numbers of the patterns that end here.
    ends: Vec<usize>,
}

impl Patterns {
    pub(super) fn add(&mut self, components: &[Vec<u8>], number: usize) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for component in components {
            let new = self.nodes.len();
            let node = &mut self.nodes[at];
            let next = if is_literal(component) { &mut node.literal } else { &mut node.wild };
            at = *next.entry(component.clone()).or_insert(new);
            if at == new {
                self.nodes.push(Node::default());
            }
        }
        self.nodes[at].ends.push(number);
    }

    /// The patterns that cover a path: how many components they have, and their number.
    pub(super) fn covering(&self, path: &[&[u8]]) -> Vec<(usize, usize)> {
        let mut budget = glob::Budget::new(STEPS);
        let mut found = Vec::new();
        let mut here: Vec<&Node> = self.nodes.first().into_iter().collect();
        for depth in 0..=path.len() {
            found.extend(here.iter().flat_map(|node| &node.ends).map(|number| (depth, *number)));
            let Some(name) = path.get(depth) else { break };
            let mut next: Vec<usize> = Vec::new();
            for node in here {
                next.extend(node.literal.get(*name).copied());
                let wild = node.wild.iter().filter(|(pattern, _)| matches(pattern, name, &mut budget));
                next.extend(wild.map(|(_, at)| *at));
            }
            here = next.into_iter().filter_map(|at| self.nodes.get(at)).collect();
            if here.is_empty() {
                break;
            }
        }
        found
    }
}

/// Whether patterns match names one by one, and are as many.
pub(super) fn match_all(patterns: &[Vec<u8>], names: &[&[u8]]) -> bool {
    let mut budget = glob::Budget::new(STEPS);
    let mut pairs = patterns.iter().zip(names);
    patterns.len() == names.len() && pairs.all(|(pattern, name)| matches(pattern, name, &mut budget))
}

/// Whether a component has no wildcards: a backslash escapes one.
pub(super) fn is_plain(component: &[u8]) -> bool {
    !glob::is_pattern(component)
}

fn matches(pattern: &[u8], name: &[u8], budget: &mut glob::Budget) -> bool {
    glob::matches(pattern, name, budget).unwrap_or(false)
}

/// Whether a component of a pattern is exactly a name.
fn is_literal(component: &[u8]) -> bool {
    !component.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(path: &str) -> Vec<Vec<u8>> {
        path.split('/').map(|component| component.as_bytes().to_vec()).collect()
    }

    /// The tree finds the same as matching one by one.
    #[test]
    fn all_that_cover_a_path_are_found() {
        let written =
            ["a/*", "a/*", "*/b", "a/b*/c", "a/[bc]/c", "?", "a/\\*", "a/\\b/c", "*/*/*/*", "a/b/*", "[", "a/*/c"];
        let mut patterns = Patterns::default();
        assert!(patterns.covering(&[b"a"]).is_empty());
        written.iter().enumerate().for_each(|(number, path)| patterns.add(&split(path), number));
        for path in ["a", "a/b", "a/c", "a/*", "a/b/c", "a/bb/c/d", "x/b", "[", "a/b/c/d/e", "xx"] {
            let components: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
            let mut found: Vec<usize> = patterns.covering(&components).into_iter().map(|(_, number)| number).collect();
            found.sort_unstable();
            let one_by_one = written.iter().enumerate().filter(|(_, pattern)| {
                let pattern = split(pattern);
                let mut pairs = pattern.iter().zip(&components);
                let mut budget = glob::Budget::new(STEPS);
                pattern.len() <= components.len() && pairs.all(|(pattern, name)| matches(pattern, name, &mut budget))
            });
            assert_eq!(found, one_by_one.map(|(number, _)| number).collect::<Vec<_>>(), "{path}");
        }
    }
}
