//! Both syntaxes give the same tree; invalid TOML and invalid values are reported at their
//! place.

use proptest::prelude::*;

use super::*;
use crate::configuration::Configuration;
use crate::error::Faults;
use crate::reader::{Options, parse_text};
use crate::testing::{Shelf, configure};
use crate::tree::{Content, Node};

fn toml(text: &str) -> Result<Configuration, Faults> {
    parse_text("/t.toml", text, &mut Shelf::default(), &Options::default())
}

fn first_lines(text: &str) -> Vec<String> {
    toml(text).err().map_or(Vec::new(), |faults| faults.0.iter().map(|fault| fault.first_line()).collect())
}

/// A tree without its positions.
fn shown(nodes: &[Node]) -> Vec<String> {
    let one = |node: &Node| {
        let words: Vec<_> = node.arguments.iter().map(|argument| argument.text.as_str()).collect();
        let inner = match &node.content {
            Content::Section { children, .. } => shown(children).join(";"),
            Content::Setting { value, .. } => format!("{value:?}"),
        };
        format!("{} {words:?} {{{inner}}}", node.name)
    };
    nodes.iter().map(one).collect()
}

const PLAIN: &str = r#"
LoadModule mod_sql.c
Define Here
ServerName "my server"
Port 2121
Umask 022
HideFiles a b
HideFiles c
AllowOverwrite on
<Global>
  SQLOptions x y
</Global>
<IfModule mod_sql.c>
  <Directory /srv/a>
    AllowAll
    <Limit READ WRITE>
      DenyAll
    </Limit>
  </Directory>
</IfModule>
<IfDefine !Here>
  Bogus 1
</IfDefine>
<VirtualHost 10.0.0.1 10.0.0.2>
  Port 2122
  <Anonymous ~ftp>
    <Directory in>
      Umask 002
    </Directory>
  </Anonymous>
</VirtualHost>
<VirtualHost ::1>
</VirtualHost>
<Class loc>
  From 127.0.0.1
</Class>
"#;

const TABLES: &str = r#"
LoadModule = ["mod_sql.c"]
Define = "Here"
ServerName = "my server"
Port = 2_121
Umask = 0o022
HideFiles = [["a", "b"], "c"]
AllowOverwrite = true

[Global]
SQLOptions = ["x", "y"]

[IfModule."mod_sql.c".Directory."/srv/a"]
AllowAll = true

[IfModule."mod_sql.c".Directory."/srv/a".Limit."READ WRITE"]
DenyAll = []

[IfDefine."!Here"]
Bogus = 1

[[VirtualHost]]
addresses = ["10.0.0.1", "10.0.0.2"]
Port = 2122
[VirtualHost.Anonymous."~ftp".Directory]
in = { Umask = "002" }

[[VirtualHost]]
addresses = "::1"

[Class.loc]
From = "127.0.0.1"
"#;

#[test]
fn both_syntaxes_give_the_same_tree() {
    let (plain, tables) = (configure(PLAIN).map(|read| shown(&read.tree)), toml(TABLES).map(|read| shown(&read.tree)));
    assert_eq!(tables, plain);
    assert!(plain.is_ok_and(|tree| tree.len() > 8));
}

#[test]
fn sections_come_in_the_order_of_the_file() {
    let text = "[Directory.\"/b\"]\n[Limit.\"READ\"]\nAllowAll = true\n[Directory.\"/a\"]\n[[Limit.WRITE]]\nDenyAll = true\n[[Limit.WRITE]]\nAllowAll = true\n";
    let names = toml(text).map(|read| {
        read.tree
            .iter()
            .map(|node| format!("{} {} {}", node.name, node.first_argument(), node.position.line))
            .collect::<Vec<_>>()
    });
    let expected = ["Directory /b 1", "Limit READ 2", "Directory /a 4", "Limit WRITE 5", "Limit WRITE 7"];
    assert_eq!(names, Ok(expected.map(str::to_owned).to_vec()));
}

#[test]
fn faults_stand_at_their_line_and_column() {
    let text = "Prot = 1\nHideFiles = [[\"a\"],\n  []]\n[Directory.\"/a\"]\n  AllowOverwrite = \"perhaps\"\n";
    let faults = toml(text).map(drop).map_err(|faults| faults.to_string());
    let expected = "Fatal: unknown configuration directive 'Prot' on line 1 of '/t.toml'\n  1 | Prot = 1\n    | ^\n  Did you mean: Port\n\
        Fatal: HideFiles: missing parameters on line 3 of '/t.toml'\n  3 |   []]\n    |   ^\n  syntax: HideFiles what\n\
        Fatal: AllowOverwrite: expected Boolean parameter, found 'perhaps' on line 5 of '/t.toml'\n  5 |   AllowOverwrite = \"perhaps\"\n    |                    ^\n  syntax: AllowOverwrite what";
    assert_eq!(faults, Err(expected.to_owned()));
}

#[test]
fn shapes_that_mean_nothing_are_refused() {
    let cases = [
        (
            "[[Directory]]\n",
            "<Directory>: a section must be a table with its name and words: [Name.\"words\"] on line 1",
        ),
        ("[Directory]\n", "<Directory>: a section must be a table with its name and words: [Name.\"words\"] on line 1"),
        (
            "[Limit]\nREAD = 1\n",
            "<Limit>: a section must be a table with its name and words: [Name.\"words\"] on line 2",
        ),
        ("Umask = [[\"a\", [\"b\"]]]\n", "Umask: a word must be a string, a number or a boolean on line 1"),
        ("[Foo.x]\nBogus = 1\n", "unknown configuration directive '<Foo>' on line 1"),
        ("Umask = { a = 1 }\n", "Umask: a directive must be a word or an array of words, not a table on line 1"),
        ("[[VirtualHost]]\nPort = 1\n", "<VirtualHost>: wrong number of parameters on line 1"),
        ("[Directory.\"/x\"]\nDenyAll = false\n", "DenyAll: false is not allowed; leave the line out on line 2"),
    ];
    for (text, expected) in cases {
        assert_eq!(first_lines(text), [format!("Fatal: {expected} of '/t.toml'")], "{text}");
    }
}

#[test]
fn all_places_that_are_no_toml_are_reported() {
    let found = first_lines("Port = \nUmask = 1\nUmask = 2\nServerName = \"x\n");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[1].starts_with("Fatal: TOML: duplicate key on line 3 of"), "{found:?}");
}

#[test]
fn a_repeated_directive_is_known_by_its_key() {
    for (text, repeats) in
        [("Umask = 1\nUmask = 2\n", true), ("[Global]\nUmask = 1\n\"Umask\" = 2\n", true), ("Umask = \n", false)]
    {
        let wrong = lines(text).unwrap_err();
        assert_eq!(wrong[0].repeats, repeats, "{text}");
    }
}

#[test]
fn the_two_syntaxes_include_each_other() -> std::io::Result<()> {
    let home = tempfile::tempdir()?;
    let path = |name: &str| home.path().join(name);
    std::fs::write(path("a.toml"), format!("Include = [\"{}\"]\n", path("b.conf").display()))?;
    std::fs::write(path("b.conf"), format!("<Global>\nInclude {}\n</Global>\n", path("c.TOML").display()))?;
    std::fs::write(path("c.TOML"), "Umask = \"007\"\n")?;
    let read = crate::reader::read(&path("a.toml"), &mut Shelf::default(), &Options::default());
    let read = read.and_then(crate::reader::Reading::into_result).map_err(std::io::Error::other)?;
    assert_eq!(read.files.len(), 3);
    assert_eq!(shown(&read.tree), ["Global [] {Umask [\"007\"] {Text(\"007\")}}"]);
    Ok(())
}

#[test]
fn no_nesting_is_too_deep() {
    for text in [
        format!("{}=1", vec!["a"; 100_000].join(".")),
        format!("Umask={}", "[".repeat(100_000)),
        format!("[{}]", vec!["a"; 100_000].join(".")),
    ] {
        assert!(toml(&text).is_err());
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_every_line_lies_within_it(text in "[aG\"'=.,{}\\[\\]#\n \u{e9}10]{0,60}") {
        let total = u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX);
        match lines(&text) {
            Ok(lines) => prop_assert!(lines.iter().all(|line| line.name.line <= total && line.name.column >= 1)),
            Err(wrong) => prop_assert!(!wrong.is_empty() && wrong.iter().all(|wrong| wrong.line <= total)),
        }
        let _ = toml(&text);
    }
}
