//! What `gantryd -t` says of faults that only a whole daemon can find: all of
//! them at once, each with its line, which is shown and marked.

use std::fs;
use std::path::Path;

use gantry_tests::layout::{self, daemon};
use gantry_tests::prelude::*;
use gantry_tests::process;
use gantry_tests::server::Trial;

/// A line, where its mark stands, and how its fault begins. The first
/// DefaultServer is none: the second one is.
const FAULTS: [(&str, &str, &str); 21] = [
    ("MaxInstances 0", "MaxInstances", "MaxInstances: argument must be 'none' or a number greater than 0"),
    ("Port 2121 2222", "Port 2121 2222", "Port: wrong number of parameters"),
    ("DefaultAddress nowhere.invalid", "nowhere.invalid", "DefaultAddress: unable to resolve 'nowhere.invalid'"),
    ("SystemLog /nowhere/system.log", "/nowhere", "SystemLog: unable to open '/nowhere/system.log'"),
    ("AuthUserFile /nowhere/passwd", "/nowhere", "AuthUserFile: unable to use '/nowhere/passwd': No such file"),
    ("AuthGroupFile /etc", "/etc", "AuthGroupFile: unable to use '/etc': it is not a regular file"),
    ("User nobody-of-this-name", "nobody", "User: unknown user 'nobody-of-this-name'"),
    ("Group no-group-of-this-name", "no-group", "Group: unknown group 'no-group-of-this-name'"),
    ("DefaultRoot public", "public", "DefaultRoot: (public) absolute pathname required"),
    ("DefaultServer on", "DefaultServer", ""),
    ("TimeoutIdle soon", "soon", "TimeoutIdle: 'soon' is not a time"),
    ("ServerType inetd", "ServerType", "ServerType: inetd is not supported"),
    ("Umaks 022", "Umaks", "unknown configuration directive 'Umaks'"),
    ("WrapEngine on", "WrapEngine", "unknown configuration directive 'WrapEngine'"),
    ("LoadModule mod_none.c", "LoadModule", "LoadModule: error loading module 'mod_none.c': no mod_none.so"),
    ("ModulePath modules", "ModulePath", "ModulePath: must be an absolute path"),
    ("LoadFile /nowhere/libx.so", "/nowhere", "LoadFile: /nowhere/libx.so: No such file"),
    ("<VirtualHost host.invalid>", "host.invalid", "<VirtualHost>: error resolving 'host.invalid'"),
    ("  DefaultServer  on", "DefaultServer", "DefaultServer: DefaultServer has already been set"),
    ("    Deny from 300.1.1.1", "300.1.1.1", "Deny: bad ACL definition '300.1.1.1'"),
    ("ModuleOrder mod_core.c mod_nix.c", "mod_nix", "ModuleOrder: module mod_nix is not loaded"),
];

fn twenty_faults_are_told_at_once_each_with_its_line_marked(layout: Layout) {
    let mut lines: Vec<&str> = FAULTS.iter().map(|(line, ..)| *line).collect();
    // What goes around some of them.
    lines.insert(20, "  </Limit>\n</VirtualHost>");
    lines.insert(19, "  <Limit ALL>");
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.remove("DefaultServer").block(lines.join("\n"));
    });
    let said = &trial.done.err;
    let faults = FAULTS.iter().filter(|(.., begins)| !begins.is_empty());
    faults.clone().for_each(|fault| assert_told(&trial, *fault));
    assert_eq!((faults.count(), said.matches("Fatal: ").count()), (20, 20), "{said}");
    assert_eq!(trial.done.status.code(), Some(1));
}

/// Asserts that a line's fault is told with the line and its mark.
#[track_caller]
fn assert_told(trial: &Trial, (line, marked, begins): (&str, &str, &str)) {
    let said = &trial.done.err;
    let number = trial.config.line_of(line);
    let fault = said.split("Fatal: ").find(|fault| fault.starts_with(begins));
    let fault = fault.unwrap_or_else(|| panic!("nothing is said of {line:?}:\n{said}"));
    let mut shown = fault.lines();
    let first = shown.next().unwrap();
    assert!(first.ends_with(&format!(" on line {number} of '{}'", trial.file().display())), "{first}");
    let head = format!("  {number} | ");
    assert_eq!(shown.next(), Some(format!("{head}{line}").as_str()));
    let column = head.len() + line.find(marked).unwrap();
    assert_eq!(shown.next().and_then(|mark| mark.find('^')), Some(column), "{fault}");
}

fn two_servers_of_one_address_are_told_of(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        let host = |name: &str| format!("<VirtualHost 127.0.0.2>\n  ServerName {name}\n  Port 2121\n</VirtualHost>");
        config.block(host("one")).block(host("other"));
    });
    let said = trial.done.ok().text();
    assert!(said.contains("\"other\" address/port (127.0.0.2:2121) already in use by \"one\""), "{said}");
}

/// Lines that are in order one by one, and wrong together; the other lines that they are
/// wrong with are those of every test, and `TOGETHER_WITH`.
const TOGETHER: [(&str, &str, &str); 17] = [
    ("TransferLog /nowhere/xferlog", "/nowhere", "TransferLog: unable to use '/nowhere/xferlog': No such file"),
    ("SQLLog STOR logg", "logg", "SQLLog: no SQLNamedQuery has the name 'logg'"),
    ("SQLLog RETR look", "look", "SQLLog: 'look': a SELECT query cannot be used for logging"),
    ("SQLLog DELE argument", "argument", "SQLLog: 'argument': variable %{0} has no value for a command"),
    ("SQLUserInfo custom:/nothing", "nothing", "SQLUserInfo: no SQLNamedQuery has the name 'nothing'"),
    ("SQLUserPrimaryKey custom:/insert", "insert", "SQLUserPrimaryKey: 'insert': a SELECT query is needed"),
    ("SQLGroupPrimaryKey custom:/lok", "lok", "SQLGroupPrimaryKey: no SQLNamedQuery has the name 'lok'"),
    ("SQLLogOnEvent core.exit lgo", "lgo", "SQLLogOnEvent: no SQLNamedQuery has the name 'lgo'"),
    ("SQLLogFile /nowhere/sql.log", "SQLLogFile", "SQLLogFile: unable to use '/nowhere/sql.log'"),
    ("SQLGroupInfo custom:/log/look/insert", "insert", "SQLGroupInfo: 'insert': a SELECT query is needed"),
    ("SQLNamedQuery far SELECT \"1\" there", "there", "SQLNamedQuery: no SQLNamedConnectInfo has the name 'there'"),
    (
        "SQLNamedQuery odd SELECT \"'%{mod_none.odd}'\"",
        "%{mod_none",
        "SQLNamedQuery: no loaded module has the variable",
    ),
    ("SQLNamedConnectInfo other oracle /nowhere/db", "oracle", "SQLNamedConnectInfo: no such back end: 'oracle'"),
    (
        "SQLNamedConnectInfo gone sqlite3 /nowhere/db",
        "/nowhere",
        "SQLNamedConnectInfo: database file '/nowhere/db': No",
    ),
    ("SQLConnectInfo users.db", "users.db", "SQLConnectInfo: 'users.db' is not the full path of a database file"),
    ("  SQLBackend oracle", "oracle", "SQLBackend: no such back end: 'oracle'"),
    ("  FileStore attic", "attic", "FileStore: no module provides the store 'attic'"),
];

const TOGETHER_WITH: [&str; 4] = [
    "SQLNamedQuery look SELECT \"1\"",
    "SQLNamedQuery log FREEFORM \"SELECT 1\"",
    "SQLNamedQuery insert INSERT \"1\" t",
    "SQLNamedQuery argument FREEFORM \"SELECT '%{0}'\"",
];

fn what_lines_mean_together_is_told_at_the_line(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.remove("TransferLog").remove("SQLUserInfo").remove("SQLConnectInfo");
        config.set("SQLAuthenticate", "users groups");
        let mut lines = TOGETHER.map(|(line, ..)| line).to_vec();
        // The last two are in servers of their own: their lines replace others.
        let store = format!("<VirtualHost 127.0.0.3>\n{}\n</VirtualHost>", lines.pop().unwrap());
        let backend = lines.pop().unwrap();
        let backend = format!("<VirtualHost 127.0.0.2>\n{backend}\n  SQLConnectInfo /nowhere/db\n</VirtualHost>");
        config.block(lines.join("\n")).block(TOGETHER_WITH.join("\n")).block(backend).block(store);
    });
    TOGETHER.iter().for_each(|fault| assert_told(&trial, *fault));
    let said = &trial.done.err;
    assert_eq!(said.matches("Fatal: ").count(), TOGETHER.len(), "{said}");
    assert!(said.contains("Did you mean: log") && said.contains("available: "), "{said}");
    assert_eq!(trial.done.status.code(), Some(1));
}

fn faults_of_single_lines_and_of_several_are_told_in_one_run(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.set("SQLBackend", "oracle").set("SQLAuthTypes", "MD7").set("TransferLog", "/nowhere/xferlog");
        config.add("SQLLog", "STOR lgo").add("SQLNamedQuery", "log DELETE \"x\"");
    });
    for fault in [
        ("SQLAuthTypes MD7", "MD7", "SQLAuthTypes: "),
        ("SQLBackend oracle", "oracle", "SQLBackend: no such back end: 'oracle'"),
        ("TransferLog /nowhere/xferlog", "/nowhere", "TransferLog: unable to use '/nowhere/xferlog'"),
        ("SQLNamedQuery log DELETE \"x\"", "DELETE", "SQLNamedQuery: unknown query type 'DELETE'"),
    ] {
        assert_told(&trial, fault);
    }
    // That a query is missing may be due to the line that was refused.
    let said = &trial.done.err;
    assert_eq!(said.matches("Fatal: ").count(), 4, "{said}");
}

fn a_module_that_cannot_be_loaded_leaves_no_other_faults(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        config.add("LoadModule", "mod_sql_none.c").set("SQLBackend", "none");
        config.add("SQLNamedQuery", "look SELECT \"'%{mod_sql_none.odd}'\"");
    });
    let said = &trial.done.err;
    assert_eq!(said.matches("Fatal: ").count(), 1, "{said}");
    assert!(said.contains("error loading module 'mod_sql_none.c'"), "{said}");
}

fn a_start_and_a_reload_tell_what_lines_mean_together(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &[], |config| {
        config.add("SQLLog", "STOR nothing");
    });
    assert_told(&trial, ("SQLLog STOR nothing", "nothing", "SQLLog: no SQLNamedQuery has the name 'nothing'"));
    let mut server = Server::start(layout);
    server.reconfigure(|config| {
        config.add("SQLLog", "STOR nothing");
    });
    server.sighup();
    server.wait_for_log(&["SQLLog: no SQLNamedQuery has the name 'nothing' on line"]);
    server.login().expect("NOOP", 200);
}

fn a_check_changes_no_file(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |_| {});
    assert_eq!(trial.done.status.code(), Some(0), "{}", trial.done.text());
    for name in ["transfer.log", "gantryd.pid"] {
        assert!(!trial.folder().join("var").join(name).exists(), "{name} is there");
    }
}

fn servers_that_nobody_can_log_in_to_are_told_of(layout: Layout) {
    let said = |change: fn(&mut Config)| Trial::run(&layout.gantryd(), &["-t"], change).done.ok().text();
    let missing = said(|config| {
        config.without_sql().set("AuthOrder", "mod_auth_fil.c* mod_auth_unix.c");
    });
    for text in [
        "AuthOrder: there is no module 'mod_auth_fil' (Did you mean: mod_auth_file, mod_auth_unix) on line ",
        "AuthOrder: nobody can log in to this server: none of these modules has users for it on line ",
    ] {
        assert!(missing.contains(text), "{missing}");
    }
    let unknown = said(|config| {
        config.without_sql().set("AuthOrder", "mod_auth_file.c").remove("AuthUserFile");
    });
    let text = "AuthOrder: nobody can log in to this server: none of these modules has users for it on line ";
    assert!(unknown.contains(text), "{unknown}");
    let usual = said(|_| {});
    assert!(!usual.contains("AuthOrder"), "{usual}");
    let host = said(|config| {
        config.block("<VirtualHost 127.0.0.2>\n  Port any\n  AuthOrder mod_auth_file.c\n</VirtualHost>");
        config.block("<VirtualHost 127.0.0.3>\n  Port 0\n</VirtualHost>");
    });
    assert_eq!(host.matches("nobody can log in").count(), 1, "{host}");
    let off = said(|config| {
        config.without_sql().remove("AuthUserFile").set("Port", "0");
        config.block(
            "<VirtualHost 127.0.0.4>\n  Port any\n  AuthOrder mod_auth_file.c\n<Anonymous /srv>\n  User nobody\n</Anonymous>\n</VirtualHost>",
        );
    });
    assert!(!off.contains("nobody can log in"), "{off}");
}

fn a_file_for_proftpd_is_checked_as_well(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proftpd.conf");
    let compat = |lines: &str| {
        fs::write(&file, lines).unwrap();
        process::run(daemon(&layout.prefix()).args(["-t", "--compat"]).arg(&file), "")
    };
    let nobody = compat("ServerName x\nPort 2199\nAuthOrder mod_gone.c* mod_auth_unix.c\n");
    assert!(nobody.text().contains("Notices:") && nobody.text().contains("nobody can log in"), "{}", nobody.text());
    assert_eq!(nobody.status.code(), Some(0));
    let modules = format!("ModulePath {}\nLoadModule mod_sql.c\n", layout::shared_objects().display());
    let lines = "SQLBackend oracle\nSQLConnectInfo db@localhost user pass\nSQLAuthTypes MD7\nSQLLog * none\n";
    let wrong = compat(&format!("{modules}{lines}")).text();
    assert!(wrong.contains("SQLBackend: no such back end: 'oracle' on line 3 of"), "{wrong}");
    assert!(wrong.contains("SQLLog: no SQLNamedQuery has the name 'none' on line 6 of"), "{wrong}");
    assert!(wrong.contains("SQLAuthTypes: ") && wrong.contains(" on line 5 of"), "{wrong}");
}

fn an_included_file_and_a_line_in_global_are_named(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        let part = config.path("part.conf");
        fs::write(Path::new(&part), "# a comment\nSQLLog DELE gone\n").unwrap();
        config.block(format!("<Global>\n  SQLLog STOR gone\n  Include {part}\n</Global>"));
        config.block("<VirtualHost 127.0.0.2>\n  Port 0\n</VirtualHost>");
    });
    let said = &trial.done.err;
    let (number, name) = (trial.config.line_of("  SQLLog STOR gone"), trial.file());
    assert!(said.contains(&format!("'gone' on line {number} of '{}'", name.display())), "{said}");
    assert!(
        said.contains(&format!("'gone' on line 2 of '{}'", trial.folder().join("var/part.conf").display())),
        "{said}"
    );
    assert_eq!(said.matches("Fatal: ").count(), 2, "each line once, whatever servers it holds for: {said}");
}

#[test]
fn a_linked_module_and_a_loaded_one_are_checked_together() {
    let mixed = layout::feature_set("mixed");
    let trial = Trial::run(&mixed.join("sbin/gantryd"), &["-t"], |config| {
        config.set("ModulePath", mixed.join("libexec").display().to_string());
        config.set("SQLConnectInfo", "users.db").add("SQLNamedConnectInfo", "other oracle /nowhere/db");
    });
    for fault in [
        ("SQLConnectInfo users.db", "users.db", "SQLConnectInfo: 'users.db' is not the full path of a database file"),
        ("SQLNamedConnectInfo other oracle /nowhere/db", "oracle", "SQLNamedConnectInfo: no such back end: 'oracle'"),
    ] {
        assert_told(&trial, fault);
    }
    assert_eq!(trial.done.err.matches("Fatal: ").count(), 2, "{}", trial.done.err);
}

both_layouts!(
    twenty_faults_are_told_at_once_each_with_its_line_marked,
    two_servers_of_one_address_are_told_of,
    what_lines_mean_together_is_told_at_the_line,
    faults_of_single_lines_and_of_several_are_told_in_one_run,
    a_module_that_cannot_be_loaded_leaves_no_other_faults,
    a_start_and_a_reload_tell_what_lines_mean_together,
    a_check_changes_no_file,
    servers_that_nobody_can_log_in_to_are_told_of,
    a_file_for_proftpd_is_checked_as_well,
    an_included_file_and_a_line_in_global_are_named,
);
