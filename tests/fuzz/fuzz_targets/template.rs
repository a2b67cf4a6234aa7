//! No text panics the parser of variables or that of sets of commands. A fault
//! lies within the text and names a part of it; a text that is parsed is rendered,
//! keeps its literal parts and adds no line to a log.

#![no_main]

use std::time::SystemTime;

use gantry_api::Value;
use gantry_api::variable::{Out, Variable};
use gantry_format::{ClassSet, CommandSet, Context, Dialect, Part, Template, standard};
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let nobody = |_: &str| None;
    let dialects = [Dialect::log(TimeZone::UTC), Dialect::sql(TimeZone::UTC), Dialect::plain(&[standard::LOG])];
    for dialect in dialects.map(|dialect| dialect.environment(nobody)) {
        match Template::parse(text, &dialect) {
            Ok(template) => render(text, template),
            Err(fault) => {
                assert!((1..=text.chars().count()).contains(&fault.column), "{fault}");
                assert!(text.contains(&fault.word), "{fault}");
            }
        }
    }
    for fault in [CommandSet::log(text).err(), ClassSet::parse(text).err()].into_iter().flatten() {
        assert!((1..=text.chars().count() + 1).contains(&fault.column), "{fault}");
    }
});

fn render(text: &str, mut template: Template) {
    // No module contributes any.
    if let Err(fault) = template.resolve(&[]) {
        assert!(text.contains(&fault.word), "{fault}");
    }
    let (mut plain, mut line) = (Vec::new(), Vec::new());
    template.render(&Fixed, &mut plain);
    template.render_line(&Fixed, &mut line);
    let literal: usize =
        template.parts().iter().map(|part| if let Part::Text(text) = part { text.len() } else { 0 }).sum();
    assert!(plain.len() >= literal && line.len() >= literal);
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines(&line) <= lines(text.as_bytes()));
}

/// Each variable and note has two lines.
struct Fixed;

impl Context for Fixed {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn write(&self, _variable: &Variable, out: &mut Out<'_>) {
        out.text("a\nb");
    }

    fn note(&self, _name: &str) -> Option<&Value> {
        const NOTE: Value = Value::Int(1);
        Some(&NOTE)
    }
}
