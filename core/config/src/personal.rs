//! Sections for users, groups and classes: `<IfUser>`, `<IfGroup>`, `<IfClass>` and
//! `<IfAuthenticated>`. Their settings and limits are a layer of the matching sessions, on top of
//! the server's layer and of an `<Anonymous>`'s.

use std::sync::Arc;

use gantry_api::ParseError;

use crate::directories::Part;
use crate::layers::Layer;
use crate::limit::{Rule, Who};
use crate::position::Position;
use crate::section::SectionKind;
use crate::tree::{Argument, Node};

/// One such section.
#[derive(Debug, Clone, PartialEq)]
pub struct Personal {
    /// The section as written: `<IfUser bob,alice>`.
    pub shown: String,
    /// Its settings and limits.
    pub layer: Arc<Layer>,
    /// The `<Directory>` sections in it.
    pub directories: Vec<Part>,
    /// Its position.
    pub position: Position,
    whose: Rule,
}

impl Personal {
    /// Reads such a section; `None` for other kinds.
    pub(crate) fn of(node: &Node, layer: Arc<Layer>, directories: Vec<Part>) -> Option<Self> {
        let kind = SectionKind::of(&node.name).filter(|kind| kind.is_condition())?;
        // Errors in the words were reported when the line was read.
        let whose = whose(kind, &node.arguments).ok()?;
        let words = node.arguments.iter().map(|argument| format!(" {}", argument.text)).collect::<String>();
        let (shown, position) = (format!("<{}{words}>", kind.name()), node.position.clone());
        Some(Self { shown, layer, directories, position, whose })
    }

    /// Whether it matches. Before a login only `<IfClass>` can match.
    pub fn holds(&self, who: &Who<'_>) -> bool {
        match self.whose {
            Rule::All => !who.user.is_empty(),
            _ => self.whose.matches(who),
        }
    }
}

/// Whom the words after a section's name match.
pub(crate) fn whose(kind: SectionKind, arguments: &[Argument]) -> Result<Rule, ParseError> {
    let words: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
    match kind {
        SectionKind::IfUser => Rule::of_users(&words),
        SectionKind::IfGroup => Rule::of_groups(&words),
        SectionKind::IfClass => Rule::of_classes(&words),
        _ if words.is_empty() => Ok(Rule::All),
        _ => Err("Too many parameters".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::testing::{configure, faults};

    /// Which sections of a text match a user (none before the login) who is in the group `staff`,
    /// with a client of the class `lan`.
    fn holding(text: &str, user: &str) -> Vec<bool> {
        let read = configure(text).unwrap_or_else(|faults| panic!("{faults}"));
        let (address, groups) = (IpAddr::V4(Ipv4Addr::LOCALHOST), [("staff".to_owned())]);
        let groups = if user.is_empty() { &[][..] } else { &groups };
        let who = Who { address, host: "", user, groups, class: Some("lan") };
        read.servers[0].personal.iter().map(|section| section.holds(&who)).collect()
    }

    #[test]
    fn sections_speak_of_users_groups_classes_and_of_all_who_logged_in() {
        let text = "<IfUser bob,alice>\n</IfUser>\n<IfUser regex ^b>\n</IfUser>\n<IfUser !bob>\n</IfUser>\n\
            <IfGroup staff>\n</IfGroup>\n<IfGroup staff,other>\n</IfGroup>\n<IfGroup OR staff other>\n</IfGroup>\n\
            <IfClass lan>\n</IfClass>\n<IfClass !lan>\n</IfClass>\n<IfAuthenticated>\n</IfAuthenticated>\n";
        assert_eq!(holding(text, "bob"), [true, true, false, true, false, true, true, false, true]);
        assert_eq!(holding(text, "eve"), [false, false, true, true, false, true, true, false, true]);
        assert_eq!(holding(text, ""), [false, false, false, false, false, false, true, false, false]);
    }

    #[test]
    fn their_lines_are_layers_in_their_order() {
        let read = configure(
            "Umask 1\n<Global>\n<IfUser bob>\nUmask 2\n<Directory /x>\nUmask 3\n</Directory>\n</IfUser>\n</Global>\n\
             <IfGroup staff>\nHideFiles a\n<Limit READ>\nDenyAll\n</Limit>\n</IfGroup>\n",
        );
        let read = read.unwrap_or_else(|faults| panic!("{faults}"));
        let server = &read.servers[0];
        let shown: Vec<&str> = server.personal.iter().map(|section| section.shown.as_str()).collect();
        assert_eq!(shown, ["<IfUser bob>", "<IfGroup staff>"]);
        assert!(server.directories.is_empty() && server.scope.settings.entry("Umask").is_some());
        let layers = server.personal.iter().fold(server.layers.clone(), |layers, section| layers.with(&section.layer));
        let umask = layers.scope().settings.entry("Umask").cloned();
        assert_eq!(umask, Some(gantry_api::Value::from("2")));
        assert_eq!(layers.scope().limits.iter().count(), 1);
        assert_eq!(server.personal[0].directories[0].path, "/x");
    }

    #[test]
    fn wrong_words_and_sections_within_are_refused() {
        let on = |line: u32| format!(" on line {line} of '/t.conf'");
        for (text, fault) in [
            ("<IfUser>\n</IfUser>\n", "Fatal: <IfUser>: wrong number of parameters".to_owned() + &on(1)),
            (
                "<IfAuthenticated x>\n</IfAuthenticated>\n",
                "Fatal: <IfAuthenticated>: Too many parameters".to_owned() + &on(1),
            ),
            (
                "<IfUser a>\n<IfGroup b>\n</IfGroup>\n</IfUser>\n",
                "Fatal: <IfGroup>: directive not allowed in <IfUser> context".to_owned() + &on(2),
            ),
            (
                "<IfUser a>\n<Anonymous /x>\n</Anonymous>\n</IfUser>\n",
                "Fatal: <Anonymous>: directive not allowed in <IfUser> context".to_owned() + &on(2),
            ),
        ] {
            assert_eq!(faults(text), [fault]);
        }
    }
}
