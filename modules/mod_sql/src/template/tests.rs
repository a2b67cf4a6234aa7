//! What becomes of queries, and of values that would like to be SQL.

use std::time::{Duration, SystemTime};

use gantry_api::Value;
use gantry_api::service::SqlValue;
use gantry_api::variable::{Out, Variable};
use gantry_format::{Context, FaultKind};

use super::{Template, TemplateError};
use crate::variables::{Arguments, Lookup, Place, login};

/// Values that an attacker might choose.
struct Hostile;

const EVIL: &str = "x'); DROP TABLE users; -- ?1 %u \" ` \\";

impl Context for Hostile {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_450_500)
    }

    fn write(&self, variable: &Variable, out: &mut Out<'_>) {
        match variable.name {
            "b" => out.int(42),
            "f" => {}
            _ => out.text(EVIL),
        }
    }

    fn note(&self, name: &str) -> Option<&Value> {
        const COUNT: Value = Value::Int(7);
        (name == "count").then_some(&COUNT)
    }

    fn argument(&self, index: usize) -> Option<&str> {
        (index < 2).then_some(EVIL)
    }
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

/// The statement's text with `?` for each parameter, and the parameters.
fn filled(query: &str) -> (String, Vec<SqlValue>) {
    let statement = Template::compile(query).unwrap().fill(&Hostile).unwrap();
    assert_eq!(statement.pieces.len(), statement.parameters.len() + 1, "{query}");
    (statement.pieces.join("?"), statement.parameters)
}

fn refused(query: &str) -> TemplateError {
    Template::compile(query).expect_err(query)
}

#[test]
fn variables_become_parameters_with_and_without_quotes() {
    let (sql, values) = filled("INSERT INTO t VALUES ('%u', %b, %u, '%b', %f, '%f')");
    assert_eq!(sql, "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)");
    assert_eq!(values, [text(EVIL), SqlValue::Int(42), text(EVIL), text("42"), SqlValue::Null, text("-")]);
}

#[test]
fn text_around_a_variable_goes_into_the_value() {
    let (sql, values) = filled("UPDATE t SET a = 'it''s %u@%h, 100%%' WHERE b='-%b-'");
    assert_eq!(sql, "UPDATE t SET a = ? WHERE b=?");
    assert_eq!(values, [text(&format!("it's {EVIL}@{EVIL}, 100%")), text("-42-")]);
}

#[test]
fn literals_without_variables_stay_as_they_are() {
    let same =
        "SELECT 'it''s', '', 'a -- b', '/* ? */', \"a\"\"b\", `c``d`, [e f], 1 - -1, 4/2 /* '%u ? */ -- it's %u ?\n, x";
    assert_eq!(filled(same), (same.to_owned(), vec![]));
    assert_eq!(filled("SELECT 'a%%', 7 %% 2, \"%%\"").0, "SELECT 'a%', 7 % 2, \"%\"");
    assert_eq!(filled("a = E'it\\'s' AND b = '%u'").0, "a = E'it\\'s' AND b = ?");
    assert_eq!(filled("a = 'c:\\' AND b = '%u'"), ("a = 'c:\\' AND b = ?".to_owned(), vec![text(EVIL)]));
}

#[test]
fn positions_and_patterns_are_bound() {
    let (sql, values) = filled("m LIKE '%%,%{0},%%' OR n = %{1}");
    assert_eq!(sql, "m LIKE ? OR n = ?");
    assert_eq!(values, [text(&format!("%,{EVIL},%")), text(EVIL)]);
    let template = Template::compile("SELECT %{2}").unwrap();
    let error = template.fill(&Hostile).unwrap_err();
    assert_eq!(error.to_string(), "variable %{2} has no value here: too few arguments");
    assert!(template.fill(&Arguments(&["a".into(), "b".into(), "c".into()])).is_ok());
    // Without quotes a number is one, as in ProFTPD, which puts it into the text.
    let arguments = ["42", "-7", "007", "1e3", "9223372036854775808"].map(str::to_owned);
    let template = Template::compile("%{0}, %{1}, %{2}, %{3}, %{4}, '%{0}'").unwrap();
    assert_eq!(
        template.fill(&Arguments(&arguments)).unwrap().parameters,
        [SqlValue::Int(42), SqlValue::Int(-7), text("007"), text("1e3"), text("9223372036854775808"), text("42")]
    );
}

#[test]
fn a_parameter_never_runs_into_its_neighbour() {
    assert_eq!(filled("a LIKE'%u'AND b").0, "a LIKE ? AND b");
    assert_eq!(filled("'%u'0").0, "? 0");
    assert_eq!(filled("'%u''x'").0, "?");
    assert_eq!(filled("('%u')||('%u')").0, "(?)||(?)");
    for query in ["%b0", "0%b", "t_%u", "t.%u", "%u.t", "%u%u", "%u'x'", "\"t\"%u", ":%u", "@%u", "$%b"] {
        assert!(matches!(refused(query), TemplateError::PartOfWord(_)), "{query}");
    }
}

#[test]
fn variables_in_names_are_refused() {
    for query in ["SELECT \"%u\"", "SELECT `a%u`", "SELECT [%u]", "SELECT \"a\"\"%u\"", "SELECT \"it's %u\""] {
        assert_eq!(refused(query), TemplateError::InName("%u".to_owned()), "{query}");
    }
    assert_eq!(refused("X'%u'").to_string(), "variable %u stands inside a literal with the prefix 'X'");
    assert!(matches!(refused("U&'%u'"), TemplateError::Prefixed(..)));
    assert!(matches!(refused("_utf8'%u'"), TemplateError::Prefixed(..)));
}

#[test]
fn what_is_unknown_or_unfinished_is_refused() {
    for (query, word, column) in [
        ("'%y'", "%y", 2),
        ("a % b", "% ", 3),
        ("a %", "%", 3),
        ("é '%é'", "%é", 4),
        ("'%{nonsense}'", "%{nonsense}", 2),
        ("'%{-1}'", "%{-1}", 2),
    ] {
        let TemplateError::Variable(fault) = refused(query) else { panic!("{query}") };
        assert_eq!((fault.kind, fault.word.as_str(), fault.column), (FaultKind::Unknown, word, column), "{query}");
    }
    for query in ["'%{uid'", "%t", "'%{time:%!}'", "%{%Y}t"] {
        assert!(matches!(refused(query), TemplateError::Variable(_)), "{query}");
    }
    for (query, error) in [
        ("'%u", TemplateError::Unclosed("a quoted text")),
        ("E'\\", TemplateError::Unclosed("a quoted text")),
        ("\"u", TemplateError::Unclosed("a quoted name")),
        ("/* '*", TemplateError::Unclosed("a comment")),
        ("a = ?", TemplateError::Placeholder),
    ] {
        assert_eq!(refused(query), error, "{query}");
    }
}

#[test]
fn every_text_is_compiled_or_refused_without_panic() {
    const LETTERS: [&str; 15] =
        ["'", "\"", "`", "%", "%u", "%{0}", "%{note:x}", "-", "/*", "*/", "\\", "E", "é", " ", "["];
    let count = LETTERS.len();
    for number in 0..count.pow(4) {
        let query: String = (0..4).map(|place| LETTERS[number / count.pow(place) % count]).collect();
        if let Ok(template) = Template::compile(&query) {
            let statement = template.fill(&Hostile).unwrap();
            assert_eq!(statement.pieces.len(), statement.parameters.len() + 1);
            assert!(!statement.pieces.concat().contains("DROP"), "{query}");
        }
    }
}

#[test]
fn each_place_has_its_variables() {
    let check = |query: &str, place| Template::compile(query).unwrap().check(place).is_ok();
    for (query, command, lookup, key, service, alone) in [
        ("'%U%u'", true, true, true, false, false),
        ("'%a %h %v %L %p %c %l'", true, true, true, false, false),
        ("'%m'", true, false, true, false, false),
        ("%{note:x}", true, true, true, false, false),
        ("%{mod_x.load}", true, false, true, false, false),
        ("%{0}", false, true, true, true, false),
        ("%{1}", false, false, false, true, false),
        ("'%{time:%Y-%m-%d}'", true, true, true, true, true),
        ("1", true, true, true, true, true),
    ] {
        let places = [Place::Command, Place::Lookup, Place::Key, Place::Service, Place::Alone];
        assert_eq!(places.map(|place| check(query, place)), [command, lookup, key, service, alone], "{query}");
    }
}

#[test]
fn lookups_know_what_is_known_before_the_login() {
    let mut request = login("jo'");
    request.notes.set("UNIQUE_ID", "x1");
    let filled = |query: &str, argument: &str| {
        let template = Template::compile(query).unwrap();
        template.check(Place::Lookup).unwrap();
        template.fill(&Lookup { request: &request, argument }).unwrap().parameters
    };
    assert_eq!(filled("a='%U' OR b='%u' OR c=%{0}", "7"), [text("jo'"), text("jo'"), SqlValue::Int(7)]);
    assert_eq!(
        filled("'%a %h %c %l' '%v %L %V %H' %p '%{protocol} %{remote-port}' %{note:UNIQUE_ID} '%{env:UNIQUE_ID}'", ""),
        [
            text("192.0.2.7 client.example lan UNKNOWN"),
            text("my server 192.0.2.1 192.0.2.1 192.0.2.1"),
            SqlValue::Int(2121),
            text("ftp 40000"),
            text("x1"),
            text("x1"),
        ]
    );
    assert!(matches!(filled("%P, %{epoch}", "").as_slice(), [SqlValue::Int(_), SqlValue::Int(_)]));
}

#[test]
fn time_and_environment_are_values_too() {
    let (sql, values) = filled("'%{time:%Y}', %{time:%Y}, %{env:NO_SUCH_VARIABLE}, '%{env:NO_SUCH_VARIABLE}'");
    assert_eq!(sql, "?, ?, ?, ?");
    assert_eq!(values, [text("2026"), text("2026"), text("-"), text("-")]);
}

#[test]
fn notes_are_values_and_variables_of_modules_wait_for_the_start() {
    let (sql, values) = filled("%{note:count}, '%{note:count}', %{note:other}, '%{note:other}', %{mod_x.load}");
    assert_eq!(sql, "?, ?, ?, ?, ?");
    assert_eq!(values, [SqlValue::Int(7), text("7"), SqlValue::Null, text("-"), SqlValue::Null]);
    for query in ["%{note:x}%u", "t_%{mod_x.load}", "[%{note:x}]"] {
        assert!(matches!(refused(query), TemplateError::PartOfWord(_) | TemplateError::InName(_)), "{query}");
    }
    let error = Template::compile("'a %{mod_x.load}'").unwrap().resolve(&[]).unwrap_err();
    assert_eq!(error.to_string(), "no loaded module has the variable '%{mod_x.load}'");
}

#[test]
fn the_database_can_be_asked_what_it_thinks_of_a_query() {
    let statement = Template::compile("SELECT 1 WHERE 'x' = '%u'").unwrap().outline();
    assert_eq!(
        (statement.pieces, statement.parameters),
        (vec!["SELECT 1 WHERE 'x' = ".to_owned(), String::new()], vec![SqlValue::Null])
    );
}
