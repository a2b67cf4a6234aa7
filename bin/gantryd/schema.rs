//! The output of `--list-directives --schema`: a JSON schema (draft 7, which editors
//! support best) of the configuration in TOML, for completion, help and error marks.
//! docs/toml.md describes the syntax.

use gantry_api::{Contexts, Directive};
use gantry_server::SectionKind;
use serde_json::{Map, Value, json};

/// The schema of a configuration with these directives; `describe` gives the help.
pub fn schema(directives: &[&Directive], describe: impl Fn(&Directive) -> String) -> Value {
    let mut definitions = Map::new();
    for directive in directives {
        definitions.insert(directive.name.to_owned(), value(directive.syntax, &describe(directive)));
    }
    for kind in SectionKind::ALL {
        definitions
            .insert(body_name(kind), body(kind.context(), &body_name(kind), directives, |inner| kind.admits(inner)));
    }
    definitions.insert(SERVER.to_owned(), body(Contexts::SERVER, SERVER, directives, in_server));
    if let Some(hosts) = definitions.get_mut(&body_name(SectionKind::VirtualHost)) {
        hosts["properties"][ADDRESSES] = json!({ "description": "The addresses of this server.", "anyOf": [
            reference(WORD), { "type": "array", "items": reference(WORD) },
        ] });
    }
    definitions.insert(WORD.to_owned(), json!({ "type": ["string", "number", "boolean"] }));
    definitions.insert(LINES.to_owned(), lines());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Gantry's configuration",
        "allOf": [reference(SERVER)],
        "definitions": definitions,
    })
}

// Names of definitions that no directive can have.
const SERVER: &str = "server-config";
const WORD: &str = "a-word";
const LINES: &str = "some-lines";

/// The key in `[[VirtualHost]]` for its words.
const ADDRESSES: &str = "addresses";

/// Directives that are allowed everywhere and not declared by `directive!`.
const EVERYWHERE: [(&str, &str); 2] =
    [("Include", "Reads other files as if their lines were here."), ("Define", "Defines a name for IfDefine.")];

fn body_name(kind: SectionKind) -> String {
    format!("section-{}", kind.name())
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A word, the words of a line, or the words of several.
fn lines() -> Value {
    let words = json!({ "type": "array", "items": reference(WORD) });
    json!({ "anyOf": [reference(WORD), words, { "type": "array", "items": words }] })
}

fn value(syntax: &str, description: &str) -> Value {
    let fitting = match syntax {
        "on|off" => {
            json!([{ "type": "boolean" }, { "enum": ["on", "off", "yes", "no", "true", "false", "1", "0", 1, 0] }])
        }
        _ => json!([reference(LINES)]),
    };
    json!({ "description": description, "anyOf": fitting })
}

/// Whether a section is allowed in the main server.
fn in_server(kind: SectionKind) -> bool {
    kind.allowed_in().contains(Contexts::SERVER)
}

/// The contents of a table in one context; `admits` says which sections are allowed.
fn body(context: Contexts, own_name: &str, directives: &[&Directive], admits: impl Fn(SectionKind) -> bool) -> Value {
    let mut properties = Map::new();
    for (name, description) in EVERYWHERE {
        properties.insert(name.to_owned(), value("", description));
    }
    for directive in directives.iter().filter(|directive| directive.contexts.contains(context)) {
        properties.insert(directive.name.to_owned(), reference(directive.name));
    }
    for kind in SectionKind::ALL.into_iter().filter(|kind| admits(*kind)) {
        properties.insert(kind.name().to_owned(), section(kind));
    }
    for condition in ["IfModule", "IfDefine"] {
        properties.insert(condition.to_owned(), by_words(own_name));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn section(kind: SectionKind) -> Value {
    let body = body_name(kind);
    match kind {
        SectionKind::Global | SectionKind::IfAuthenticated => one_or_more(&body),
        SectionKind::VirtualHost => json!({ "anyOf": [one_or_more(&body), by_words(&body)] }),
        _ => by_words(&body),
    }
}

/// Tables whose names are the section's words.
fn by_words(body: &str) -> Value {
    json!({ "type": "object", "additionalProperties": one_or_more(body) })
}

fn one_or_more(body: &str) -> Value {
    json!({ "anyOf": [reference(body), { "type": "array", "items": reference(body) }] })
}

#[cfg(test)]
mod tests {
    use gantry_api::Image;
    use gantry_server::LOGGER;

    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn each_directive_is_allowed_only_in_its_contexts() {
        let directives = Image::this(&LOGGER).directives;
        let schema = schema(&directives, |directive| directive.help.to_owned());
        let bodies = SectionKind::ALL.map(|kind| (kind.context(), body_name(kind)));
        for (context, name) in bodies.into_iter().chain([(Contexts::SERVER, SERVER.to_owned())]) {
            for directive in &directives {
                let there = schema["definitions"][&name]["properties"].get(directive.name).is_some();
                assert_eq!(there, directive.contexts.contains(context), "{} in {name}", directive.name);
            }
        }
        let mut found = Vec::new();
        references(&schema, &mut found);
        let missing = found.iter().find(|name| schema.pointer(name.trim_start_matches('#')).is_none());
        assert_eq!(missing, None);
        assert!(schema["definitions"][SERVER]["properties"]["Directory"].is_object());
        assert!(schema["definitions"]["section-Limit"]["properties"].get("Directory").is_none());
    }
}
