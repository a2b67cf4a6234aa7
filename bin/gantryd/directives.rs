//! What `--list-directives` prints: the directives of the server and of the
//! modules that are linked in, from the same data by which they are read.

use std::fmt::Write as _;

use gantry_api::{Directive, Image, Inherits};
use gantry_server::LOGGER;
use serde_json::json;

use crate::schema::schema;

/// How they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs: a list of objects.
    Json,
    /// The page docs/directives.md.
    Markdown,
    /// The file docs/gantry.schema.json, for editors.
    Schema,
}

/// They, those of the server first.
pub fn list(form: Form) -> String {
    shown(&sorted(Image::this(&LOGGER).directives), form)
}

fn shown(directives: &[&Directive], form: Form) -> String {
    match form {
        Form::Text => directives.iter().map(|directive| text(directive)).collect(),
        Form::Json => {
            let list: Vec<_> = directives.iter().map(|directive| object(directive)).collect();
            format!("{:#}\n", serde_json::Value::from(list))
        }
        Form::Markdown => page(directives),
        Form::Schema => format!("{:#}\n", schema(directives, text)),
    }
}

fn sorted(mut directives: Vec<&'static Directive>) -> Vec<&'static Directive> {
    directives.sort_by_key(|directive| (owner(directive) != CORE, owner(directive), directive.name));
    directives
}

/// What the server itself answers to belongs to no module.
const CORE: &str = "core";

fn owner(directive: &Directive) -> &'static str {
    if directive.module == "gantry-server" { CORE } else { directive.module }
}

fn text(directive: &Directive) -> String {
    let mut text = format!("{}  ({})\n", usage(directive), owner(directive));
    let default = default(directive).unwrap_or("none");
    let _ = write!(text, "    context: {}\n    default: {default}\n    {}\n\n", directive.contexts, help(directive));
    text
}

fn object(directive: &Directive) -> serde_json::Value {
    let contexts = directive.contexts.to_string();
    json!({
        "name": directive.name,
        "module": owner(directive),
        "syntax": directive.syntax,
        "contexts": contexts.split(", ").collect::<Vec<_>>(),
        "inherits": match directive.inherits {
            Inherits::Replace => "replace",
            Inherits::Append => "append",
            Inherits::No => "no",
        },
        "default": default(directive),
        "help": help(directive),
    })
}

fn page(directives: &[&Directive]) -> String {
    let mut page = HEAD.to_owned();
    for part in directives.chunk_by(|one, next| owner(one) == owner(next)) {
        let _ = writeln!(page, "\n## {}", part.first().map_or(CORE, |first| owner(first)));
        part.iter().for_each(|directive| page.push_str(&entry(directive)));
    }
    page
}

fn entry(directive: &Directive) -> String {
    let default = default(directive).map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
    let contexts = directive.contexts.to_string().replace(", ", "`, `");
    let inherits = match directive.inherits {
        Inherits::Replace => "an inner section replaces it",
        Inherits::Append => "an inner section adds to it",
        Inherits::No => "inner sections do not inherit it",
    };
    format!(
        "\n### {}\n\n```\n{}\n```\n\n{}\n\nDefault: {default}. Context: `{contexts}`; {inherits}.\n",
        directive.name,
        usage(directive),
        escaped(&help(directive))
    )
}

fn usage(directive: &Directive) -> String {
    format!("{} {}", directive.name, directive.syntax).trim_end().to_owned()
}

/// What holds where it is absent.
fn default(directive: &Directive) -> Option<&'static str> {
    directive.default.or(directive.otherwise)
}

/// The help on one line.
fn help(directive: &Directive) -> String {
    directive.help.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `<Limit>` would be taken for HTML where it does not stand in backquotes.
fn escaped(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| if at % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

const HEAD: &str = "\
<!-- Written by docs/generate from the sources: change the `settings!` or `directive!` there. -->

# Directives

All directives of a gantryd with every module linked in (`--features
static-all`). The same list, of the modules at hand:

```sh
gantryd --list-directives            # for people
gantryd --list-directives --json     # for programs
gantryd --list-directives --schema   # for editors, of TOML
```

Names are matched without regard to case. Beside these, the configuration knows
`Include path`, `Define name`, the conditions `<IfModule [!]name>` and
`<IfDefine [!]name>`, and the sections `<Global>`, `<VirtualHost address ...>`,
`<Directory path>`, `<Limit command ...>` and `<Class name>`. What differs from
ProFTPD stands in [differences.md](differences.md).
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_tells_of_each_directive() {
        let directives = sorted(Image::this(&LOGGER).directives);
        assert_eq!(directives.first().map(|first| owner(first)), Some(CORE));
        let shown = [Form::Text, Form::Json, Form::Markdown].map(|form| shown(&directives, form));
        for directive in &directives {
            assert!(shown.iter().all(|text| text.contains(directive.name)), "{}", directive.name);
            assert!(!help(directive).is_empty(), "{} has no help", directive.name);
        }
        let read: Vec<serde_json::Value> = serde_json::from_str(&shown[1]).unwrap();
        assert_eq!(read.len(), directives.len());
    }

    #[test]
    fn angle_brackets_stay_in_code_alone() {
        assert_eq!(escaped("in <Limit> or `<Limit>`"), "in &lt;Limit> or `<Limit>`");
    }
}
