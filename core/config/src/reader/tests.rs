//! The messages for wrong configurations: the first lines are what ProFTPD 1.3.8 prints for the
//! same files.

mod samples;
mod twenty;

use std::fs;
use std::io;
use std::path::Path;

use proptest::prelude::*;

use crate::reader::{Options, Reading, parse_text, read};
use crate::testing::{Shelf, configure, faults};

#[test]
fn faults_begin_as_proftpd_begins_them() {
    let cases = [
        ("Bogus 1\n", "unknown configuration directive 'Bogus' on line 1 of '/t.conf'"),
        (
            "<Limit ALL>\nServerName a\nDenyAll\n</Limit>\n",
            "ServerName: directive not allowed in <Limit> context on line 2 of '/t.conf'",
        ),
        (
            "<Directory />\nPort 21\n</Directory>\n",
            "Port: directive not allowed in <Directory> context on line 2 of '/t.conf'",
        ),
        ("AllowAll\n", "AllowAll: directive not allowed in server config context on line 1 of '/t.conf'"),
        ("<Foo bar>\n</Foo>\n", "unknown configuration directive '<Foo>' on line 1 of '/t.conf'"),
        ("</Foo>\n", "unknown configuration directive '</Foo>' on line 1 of '/t.conf'"),
        ("<Global>\n</Directory>\n", "</Directory>: directive not allowed in <Global> context on line 2 of '/t.conf'"),
        ("</Global>\n", "</Global>: directive not allowed in server config context on line 1 of '/t.conf'"),
        ("<Directory /\n</Directory>\n", "unknown configuration directive '<Directory' on line 1 of '/t.conf'"),
        ("<Directory>\n</Directory>\n", "<Directory>: missing parameters on line 1 of '/t.conf'"),
        (
            "<Directory x>\n</Directory>\n",
            "<Directory>: relative path not allowed in non-<Anonymous> sections on line 1 of '/t.conf'",
        ),
        (
            "<Directory /srv/*/../x>\n</Directory>\n",
            "<Directory>: '..' behind a wildcard: such a path would cover no folder on line 1 of '/t.conf'",
        ),
        ("<Limit>\nDenyAll\n</Limit>\n", "<Limit>: directive requires one or more commands on line 1 of '/t.conf'"),
        ("<VirtualHost>\n</VirtualHost>\n", "<VirtualHost>: wrong number of parameters on line 1 of '/t.conf'"),
        ("<Global x>\n</Global>\n", "<Global>: Too many parameters on line 1 of '/t.conf'"),
        ("<Anonymous x>\n</Anonymous>\n", "<Anonymous>: (x) absolute pathname required on line 1 of '/t.conf'"),
        ("<IfModule>\nBogus\n</IfModule>\n", "<IfModule>: missing parameters on line 1 of '/t.conf'"),
        ("<IfModule mod_x.c>\nBogus\n", "<IfModule>: unclosed <IfModule> context on line 2 of '/t.conf'"),
        ("<Global>\nUmask 022\n", "error processing configuration file '/t.conf': unclosed configuration section"),
        ("Include x\n", "Include: unable to use path for configuration file 'x' on line 1 of '/t.conf'"),
        ("Include\n", "Include: missing parameters on line 1 of '/t.conf'"),
        ("Define\n", "Define: missing parameters on line 1 of '/t.conf'"),
        ("LoadModule\n", "LoadModule: missing parameters on line 1 of '/t.conf'"),
        (
            "LoadModule mod_y.c\n",
            "LoadModule: error loading module 'mod_y.c': no mod_y.so in /modules on line 1 of '/t.conf'",
        ),
        (
            "<Global>\nLoadModule mod_y.c\n</Global>\n",
            "LoadModule: directive not allowed in <Global> context on line 2 of '/t.conf'",
        ),
        ("ModulePath x\n", "ModulePath: must be an absolute path on line 1 of '/t.conf'"),
        ("ModulePath /x\n", "ModulePath: error checking '/x': No such file or directory on line 1 of '/t.conf'"),
    ];
    for (text, expected) in cases {
        assert_eq!(faults(text), [format!("Fatal: {expected}")], "{text}");
    }
}

#[test]
fn a_value_fault_carries_the_parsers_words_the_line_and_a_mark() {
    let shown =
        configure("ServerName x\n\tAllowOverwrite  perhaps # y\n").map(drop).map_err(|faults| faults.to_string());
    let expected = "Fatal: AllowOverwrite: expected Boolean parameter, found 'perhaps' on line 2 of '/t.conf'\n  \
                    2 | \tAllowOverwrite  perhaps # y\n    | \t                ^\n  syntax: AllowOverwrite what";
    assert_eq!(shown, Err(expected.to_owned()));
}

#[test]
fn twenty_faults_are_all_reported_at_their_lines() {
    let text: String = (0..20).map(|at| format!("Umask 022\nBogus{at} x\n")).collect();
    let expected: Vec<_> = (0..20)
        .map(|at| format!("Fatal: unknown configuration directive 'Bogus{at}' on line {} of '/t.conf'", 2 * at + 2))
        .collect();
    assert_eq!(faults(&text), expected);
    assert_eq!(faults(&"Bogus\n".repeat(5000)).len(), 1001);
    assert_eq!(faults(&"<Directory /x>\n".repeat(5000)).len(), 1001);
}

#[test]
fn one_wrong_section_does_not_make_other_lines_wrong() {
    assert_eq!(faults("<Foo>\nUmask 022\nPort 1\n</Foo>\nPort 21\n").len(), 1);
    assert_eq!(faults("<Global>\n<Directory /a>\nUmask 022\n</Global>\nServerType x\n").len(), 1);
    assert_eq!(faults("<Directory /a>\nUmask 022\n</Directoy>\nServerType x\n").len(), 1);
    assert_eq!(faults("<Directory /a\nUmask 022\n</Directory>\nServerType x\n").len(), 1);
}

#[test]
fn sections_may_nest_deeper_than_any_stack() {
    let deep = |open: &str, close: &str| format!("<Foo>\n{}{}</Foo>\n", open.repeat(200_000), close.repeat(200_000));
    assert_eq!(faults(&deep("<Directory /x>\n", "</Directory>\n")).len(), 1);
    assert_eq!(faults(&deep("<Foo>\n", "</Foo>\n")).len(), 1001);
    assert_eq!(faults(&deep("<IfDefine A>\n", "</IfDefine>\n")).len(), 1);
}

#[test]
fn help_names_the_nearest_directive_or_the_module_to_load() {
    let help = |text: &str| {
        configure(text).err().map(|faults| faults.0.into_iter().flat_map(|fault| fault.help).collect::<Vec<_>>())
    };
    assert_eq!(help("Umaks 022"), Some(vec!["Did you mean: Umask".to_owned()]));
    assert_eq!(help("<Directry /x>\n</Directry>"), Some(vec!["Did you mean: <Directory>".to_owned()]));
    assert_eq!(
        help("SQLOptions a"),
        Some(vec!["mod_sql provides it: add the line 'LoadModule mod_sql.c' above".to_owned()])
    );
    assert_eq!(
        help("SQLOption a"),
        Some(vec![
            "Did you mean: SQLOptions".to_owned(),
            "mod_sql provides SQLOptions: add the line 'LoadModule mod_sql.c' above".to_owned()
        ])
    );
    assert_eq!(help("LoadModule mod_tls.c"), None);
    assert_eq!(help("LoadModule mod_y.c"), Some(Vec::new()));
}

#[test]
fn load_module_takes_effect_at_its_line() {
    assert_eq!(faults("LoadModule mod_sql.c\nSQLOptions a\n"), [""; 0]);
    assert_eq!(faults("SQLOptions a\nLoadModule mod_sql.c\n").len(), 1);
    assert_eq!(faults("LoadModule mod_broken.c\nBrokenOption a\n").len(), 1);
    // Faults of all lines together are reported, except as a consequence.
    assert_eq!(faults("AllowOverwrite on\nUmask clash\n").len(), 1);
    for other in ["\"\"", "a", "mod", "mod_", "mod_clas", "mod_clash_too", "Umask"] {
        assert_eq!(faults(&format!("LoadModule {other}\nUmask clash\n")).len(), 2, "{other}");
    }
    assert_eq!(faults("LoadModule mod_clash.c\nUmask clash\n").len(), 1);
    let twice = configure("LoadModule mod_sql.c\nLoadModule mod_sql.c\n")
        .map(|read| read.notices.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(twice, Ok(vec!["module 'mod_sql.c' already loaded on line 2 of '/t.conf'".to_owned()]));
}

#[test]
fn a_module_that_proftpd_alone_has_is_a_notice_until_it_is_used() {
    let notices =
        |text: &str| configure(text).map(|read| read.notices.into_iter().map(|notice| notice.text).collect::<Vec<_>>());
    let absent = "LoadModule: Gantry has no mod_tls: its directives may only be in <IfModule mod_tls.c>".to_owned();
    let text = "LoadModule mod_tls.c\n<IfModule mod_tls.c>\nTLSEngine on\n</IfModule>\n";
    assert_eq!(notices(text), Ok(vec![absent]));
    let used = configure("LoadModule mod_tls.c\nTLSEngine on\n").map(drop).unwrap_err();
    let told: Vec<_> = used.0.iter().map(|fault| (fault.problem.to_string(), fault.help.clone())).collect();
    let help = vec!["known to ProFTPD's mod_tls; not supported".to_owned()];
    assert_eq!(told, [("unknown configuration directive 'TLSEngine'".to_owned(), help)]);
}

#[test]
fn of_two_lines_in_one_section_the_first_counts_and_of_few_the_last() {
    let read =
        configure("Umask 1\nUmask 2\nServerName a\nServerName b\n<Directory /x>\nUmask 3\nUmask 4\n</Directory>\n");
    let read = read.unwrap_or_else(|faults| panic!("{faults}"));
    let (main, folder) = (&read.servers[0].scope, read.servers[0].directories[0].scope());
    let line = |scope: &crate::Scope, name: &str| scope.locate(name).map(|place| place.line);
    assert_eq!((line(main, "Umask"), line(main, "ServerName"), line(&folder, "Umask")), (Some(1), Some(4), Some(6)));
    let told: Vec<String> = read.notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "Umask has no effect: the first one of a section counts, which is on line 1 of '/t.conf' on line 2 of '/t.conf'",
            "ServerName has no effect on line 3 of '/t.conf': the last one of a section counts, which is on line 4 of '/t.conf'",
            "Umask has no effect: the first one of a section counts, which is on line 6 of '/t.conf' on line 7 of '/t.conf'",
        ]
    );
}

#[test]
fn conditions_decide_which_lines_count() {
    assert_eq!(
        faults("<IfModule mod_sql.c>\nSQLOptions a\n<IfModule mod_core.c>\nBogus\n</IfModule>\n</IfModule>\nUmask 0\n"),
        [""; 0]
    );
    assert_eq!(faults("<IfModule !mod_core>\nBogus\n<Foo\n</IfModule>\n"), [""; 0]);
    assert_eq!(faults("LoadModule mod_sql.c\n<ifmodule mod_sql.c>\nSQLOptions a\nBogus\n</IFMODULE>\n").len(), 1);
    assert_eq!(faults("Define A\n<IfDefine A>\n<IfDefine !A>\nBogus1\n</IfDefine>\nBogus2\n</IfDefine>\n").len(), 1);
    assert_eq!(
        faults("<IfVersion >= 1.3.1rc1>\nUmask 0\n</IfVersion>\n<IfVersion < 1.3>\nBogus\n</IfVersion>\n"),
        [""; 0]
    );
    assert_eq!(faults("<IfVersion 1.3.x>\nBogus\n</IfVersion>\n").len(), 1);
    let options = Options { defines: vec!["B".to_owned()], ..Options::default() };
    assert!(parse_text("/t", "<IfDefine B>\nBogus\n</IfDefine>\n", &mut Shelf::default(), &options).is_err());
}

#[test]
fn files_are_included_in_order_and_faults_name_their_file() -> io::Result<()> {
    let home = tempfile::tempdir()?;
    let path = |name: &str| home.path().join(name);
    let shown = |name: &str| path(name).display().to_string();
    fs::create_dir(path("d"))?;
    fs::write(path("d/b.conf"), "Umask 002\n")?;
    fs::write(path("d/a.conf"), "Umask 001\n")?;
    fs::write(path("main"), format!("<Global>\nInclude {}/*.conf\n</Global>\nInclude /nowhere\n", shown("d")))?;
    let read_it =
        |name: &str| read(&path(name), &mut Shelf::default(), &Options::default()).and_then(Reading::into_result);
    let configuration = read_it("main").map_err(io::Error::other)?;
    assert_eq!(configuration.files, [path("main"), path("d/a.conf"), path("d/b.conf")]);
    assert_eq!(
        configuration.servers[0].scope.locate("Umask").and_then(|position| position.file()),
        Some(&*path("d/a.conf"))
    );
    let repeated = &configuration.notices[0].text;
    assert!(
        repeated.starts_with("Umask has no effect: the first one of a section counts, which is on line 1 of"),
        "{repeated}"
    );
    assert_eq!(configuration.notices[1].text, "unable to include '/nowhere': No such file or directory");

    fs::write(path("loop"), format!("Include {}\n", shown("loop")))?;
    fs::write(path("bad"), b"Umask 022\nServerName \xff\nBogus\0 x\n")?;
    let lines = |name: &str| {
        read_it(name)
            .err()
            .map(|faults| faults.0.iter().map(|fault| fault.first_line()).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    for level in 0..20 {
        let below = format!("Include {}\n", shown(&format!("twice{}", level + 1)));
        fs::write(path(&format!("twice{level}")), below.repeat(if level < 19 { 2 } else { 0 }))?;
    }
    let too_many = lines("twice0");
    assert_eq!(too_many.len(), 1);
    assert!(too_many[0].contains("' is one file too many: the limit is 65536 files on line "), "{too_many:?}");
    assert_eq!(lines("loop"), [format!("Fatal: Include: '{0}' includes itself on line 1 of '{0}'", shown("loop"))]);
    assert_eq!(
        lines("none"),
        [format!("Fatal: unable to read configuration file '{}': No such file or directory", shown("none"))]
    );
    assert_eq!(lines("d"), [format!("Fatal: unable to read configuration file '{}': Is a directory", shown("d"))]);
    assert_eq!(
        lines("bad")[0],
        format!("Fatal: invalid byte: a configuration must be UTF-8 on line 2 of '{}'", shown("bad"))
    );
    assert_eq!(lines("bad")[1], format!("Fatal: NUL byte in configuration on line 3 of '{}'", shown("bad")));
    let marked = read_it("bad").map_err(|faults| faults.to_string()).err().unwrap_or_default();
    assert!(marked.contains("\n  2 | ServerName \u{fffd}\n    |            ^\n"), "{marked}");
    assert!(marked.contains("\n  3 | Bogus\u{fffd} x\n    |      ^\n"), "{marked}");
    Ok(())
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() -> io::Result<()> {
    let home = tempfile::tempdir()?;
    let path = home.path().join("large");
    fs::File::create(&path)?.set_len(65 * 1024 * 1024)?;
    let large = read(&path, &mut Shelf::default(), &Options::default());
    let faults = large.map(drop).map_err(|faults| faults.to_string());
    assert!(faults.is_err_and(|text| text.contains("File too large")));
    assert!(read(Path::new("/dev/zero"), &mut Shelf::default(), &Options::default()).is_err());
    Ok(())
}

const PIECES: [&str; 24] = [
    "<Directory",
    " /a",
    ">",
    "</Directory>",
    "\n",
    "\n",
    "<Limit",
    " ALL",
    "</Limit>",
    "DenyAll",
    "<Global>",
    "</Global>",
    "<VirtualHost b>",
    "</VirtualHost>",
    "<IfModule",
    " !mod_core.c>",
    "</IfModule>",
    "Umask 022",
    "\"",
    "\\",
    "#",
    "%{env:",
    "Include /dev/null",
    "LoadModule mod_sql.c\nSQLOptions a",
];

proptest! {
    #[test]
    fn nothing_that_is_read_panics(parts in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), noise in ".{0,8}") {
        let mut text = parts.concat();
        text.push_str(&noise);
        if let Err(faults) = configure(&text) {
            prop_assert!(!faults.0.is_empty());
            prop_assert!(faults.to_string().starts_with("Fatal: "));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let decoded = crate::file::decode(bytes);
        let _ = configure(&decoded.text);
    }
}
