//! Rendered texts, with made-up values and a made-up time.

use std::time::{Duration, SystemTime};

use gantry_api::Value;
use gantry_api::variable::{Kind, Out, Variable, Written};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::fault::FaultKind;
use crate::standard;

/// A context in which few variables have a value.
struct TestContext {
    note: Value,
}

impl Context for TestContext {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::new(1_795_450_500, 12_345_678)
    }

    fn write(&self, variable: &Variable, out: &mut Out<'_>) {
        match variable.name {
            "u" => out.text("joe"),
            "b" => out.int(42),
            "J" => out.text(b"a\r\nb\x1b\xff"),
            "mod_x.load" => out.text("0.5"),
            _ => {}
        }
    }

    fn note(&self, name: &str) -> Option<&Value> {
        (name == "sum").then_some(&self.note)
    }

    fn argument(&self, index: usize) -> Option<&str> {
        ["first", "second"].get(index).copied()
    }
}

fn dialects() -> [Dialect; 3] {
    let environment = |name: &str| (name == "HOME").then(|| "/root".to_owned());
    let [log, sql] = [Dialect::log(TimeZone::UTC), Dialect::sql(TimeZone::UTC)];
    [log.environment(environment), sql.environment(environment), Dialect::plain(&[standard::LOG])]
}

fn log() -> Dialect {
    let [log, ..] = dialects();
    log
}

fn sql() -> Dialect {
    let [_, sql, _] = dialects();
    sql
}

fn shown(text: &str, dialect: &Dialect) -> String {
    let template = Template::parse(text, dialect).unwrap();
    let mut out = b">".to_vec();
    template.render(&TestContext { note: Value::from("abc") }, &mut out);
    String::from_utf8_lossy(out.strip_prefix(b">").unwrap()).into_owned()
}

fn refused(text: &str, dialect: &Dialect) -> String {
    Template::parse(text, dialect).expect_err(text).to_string()
}

#[test]
fn variables_are_replaced_and_what_has_no_value_is_a_dash() {
    assert_eq!(shown("%u moved %b bytes of 100%%, %g", &log()), "joe moved 42 bytes of 100%, -");
    assert_eq!(shown("%u%u%%%b", &log()), "joejoe%42");
    assert_eq!(shown("", &log()), "");
    assert_eq!(shown("%{basename}|ü%u", &log()), "-|üjoe");
}

#[test]
fn a_log_knows_times_notes_and_the_environment() {
    for (text, wanted) in [
        ("%t", "[23/Nov/2026:16:15:00 +0000]"),
        ("%{%Y-%m-%d}t", "2026-11-23"),
        ("%{time:%H:%M}", "16:15"),
        ("%{iso8601}", "2026-11-23 16:15:00,012"),
        ("%{millisecs} %{microsecs}", "012 012345"),
        ("%{HOME}e %{env:HOME} %{NONE}e", "/root /root -"),
        ("%{note:sum} %{note:other}", "abc -"),
        // A known name is not a format, whatever follows it.
        ("%{uid}t", "-t"),
        ("%{A=B}e", "-"),
    ] {
        assert_eq!(shown(text, &log()), wanted, "{text}");
    }
}

#[test]
fn sql_knows_arguments_and_no_local_time() {
    assert_eq!(shown("%{0} %{1} %{2} %{time:%Y} %{env:HOME}", &sql()), "first second - 2026 /root");
    let instead = "has no meaning here: use %{time:FORMAT} or the database's own function";
    assert_eq!(refused("now %t", &sql()), format!("variable '%t' at column 5 {instead}"));
    assert_eq!(refused("%{%Y}t", &sql()), format!("variable '%{{%Y}}t' at column 1 {instead}"));
    assert!(refused("%{HOME}e", &sql()).starts_with("unknown variable '%{HOME}' at column 1"));
    assert!(refused("%{0}", &log()).starts_with("unknown variable '%{0}' at column 1"));
}

#[test]
fn a_plain_text_knows_its_table_alone() {
    static TABLES: &[&[Variable]] =
        &[&[Variable { module: "mod_x", name: "u", kind: Kind::Text, help: "", write: |_, _| {} }]];
    let dialect = Dialect::plain(TABLES);
    assert_eq!(shown("Welcome, %u! 100%%", &dialect), "Welcome, joe! 100%");
    for text in ["%a", "%{note:x}", "%{time:%Y}", "%t", "%{mod_x.load}", "%{uid}", "%{0}"] {
        assert!(refused(text, &dialect).starts_with("unknown variable"), "{text}");
    }
}

#[test]
fn faults_have_a_column_and_a_suggestion() {
    let percent = " (a percent sign is written %%)";
    for (text, wanted) in [
        ("üü %y", format!("unknown variable '%y' at column 4{percent}")),
        ("100 % sure", format!("unknown variable '% ' at column 5{percent}")),
        ("100%", format!("unknown variable '%' at column 4{percent}")),
        ("%u %{protocl}", "unknown variable '%{protocl}' at column 4; did you mean %{protocol}?".to_owned()),
        ("%{iso8610}", "unknown variable '%{iso8610}' at column 1; did you mean %{iso8601}?".to_owned()),
        ("%{}", format!("unknown variable '%{{}}' at column 1{percent}")),
        ("%{note:}", format!("unknown variable '%{{note:}}' at column 1{percent}")),
        ("a %{uid", "'%{' at column 3 has no '}'".to_owned()),
    ] {
        assert_eq!(refused(text, &log()), wanted);
    }
    let fault = Template::parse("at %{time:%!}", &log()).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Time(_)));
    assert_eq!((fault.word.as_str(), fault.column), ("%{time:%!}", 4));
}

#[test]
fn variables_of_modules_are_found_at_the_start() {
    let variable = |name| Variable { module: "mod_x", name, kind: Kind::Text, help: "", write: |_, _| {} };
    let known = [variable("mod_x.load"), variable("mod_x.limit")];
    let mut template = Template::parse("100%% %{mod_x.load}", &log()).unwrap();
    let show = |template: &Template| {
        let mut out = Vec::new();
        template.render(&TestContext { note: Value::None }, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(show(&template), "100% -");
    template.resolve(&known).unwrap();
    assert_eq!(show(&template), "100% 0.5");
    let mut wrong = Template::parse("100%% %u %{mod_x.laod}", &sql()).unwrap();
    assert_eq!(
        wrong.resolve(&known).unwrap_err().to_string(),
        "no loaded module has the variable '%{mod_x.laod}'; did you mean %{mod_x.load}?"
    );
}

#[test]
fn a_value_adds_no_line_to_a_log() {
    let template = Template::parse("%J\t%u\n", &log()).unwrap();
    let mut out = Vec::new();
    template.render_line(&TestContext { note: Value::None }, &mut out);
    assert_eq!(out, b"a\\x0d\\x0ab\\x1b\xff\tjoe\n");
}

#[test]
fn numbers_are_told_apart() {
    let written = |text: &str, note: Value| {
        let template = Template::parse(text, &sql()).unwrap();
        let reference = template.references().next().unwrap().clone();
        reference.write(&TestContext { note }, &mut Vec::new())
    };
    assert_eq!(written("%b", Value::None), Written::Int(42));
    assert_eq!(written("%{note:sum}", Value::Int(7)), Written::Int(7));
    assert_eq!(written("%{note:sum}", Value::None), Written::Nothing);
    assert_eq!(written("%{time:%Y}", Value::None), Written::Text);
}

/// The list for LogFormat in ProFTPD's manual, with an example of each form.
const MANUAL: &str = "%a %A %{basename} %b %c %d %D %E %{epoch} %{NAME}e %f %F %{file-modified} %{file-size} %{gid} %g \
    %h %H %I %{iso8601} %J %l %L %m %{microsecs} %{millisecs} %O %p %P %{protocol} %r %R %{remote-port} %s %S %t \
    %{%Y}t %T %{transfer-failure} %{transfer-millisecs} %{transfer-port} %{transfer-speed} %{transfer-status} \
    %{transfer-type} %u %U %{uid} %v %V %{version} %w %{note:NAME}";

#[test]
fn all_variables_of_the_manual_exist() {
    for word in MANUAL.split(' ') {
        Template::parse(word, &log()).unwrap();
        let elsewhere = word == "%t" || word.ends_with("}t") || word.ends_with("}e");
        assert_eq!(Template::parse(word, &sql()).is_err(), elsewhere, "{word}");
    }
}

#[test]
fn what_was_parsed_is_written_as_it_was() {
    for text in ["%u", "%{uid}", "%{note:a b}", "%{time:%H:%M}", "%{env:X}", "%{%Y}t", "%t", "%{X}e", "%{mod_x.y}"] {
        let template = Template::parse(text, &log()).unwrap();
        assert_eq!(template.references().map(ToString::to_string).collect::<String>(), text);
    }
}

#[test]
fn each_name_stands_once_in_the_table_and_in_the_page_for_administrators() {
    let page = include_str!("../../../../docs/variables.md");
    let mut seen = Vec::new();
    for variable in standard::LOG {
        assert!(!seen.contains(&variable.name), "{}", variable.name);
        seen.push(variable.name);
        let written = crate::reference::written(variable.name);
        let row = format!("| `{written}` | {} |", variable.help);
        assert!(page.contains(&row), "docs/variables.md has no row\n{row}");
    }
    for (name, _) in standard::TIMES {
        assert!(page.contains(&format!("| `%{{{name}}}` |")), "{name}");
    }
}

proptest! {
    /// A text without percent signs, or with each one doubled, is shown unchanged.
    #[test]
    fn literal_text_comes_back(text in "\\PC*") {
        for dialect in dialects() {
            prop_assert_eq!(shown(&text.replace('%', "%%"), &dialect), text.clone());
        }
    }

    /// No text causes a panic; a fault lies within the text, and a parsed text can be rendered.
    #[test]
    fn any_text_is_parsed_or_refused(text in "(%|%\\{|\\}|[a-zA-Z:.]|time:|note:|env:|mod_|\\PC){0,24}") {
        for dialect in dialects() {
            match Template::parse(&text, &dialect) {
                Ok(mut template) => {
                    let _ = template.resolve(&[]);
                    let made = TestContext { note: Value::Bool(true) };
                    template.render(&made, &mut Vec::new());
                    template.render_line(&made, &mut Vec::new());
                }
                Err(fault) => {
                    prop_assert!((1..=text.chars().count()).contains(&fault.column), "{fault}");
                    prop_assert!(!fault.to_string().is_empty());
                }
            }
        }
    }
}
