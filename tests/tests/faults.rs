//! What `gantryd -t` says of faults that only a whole daemon can find: all of
//! them at once, each with its line, which is shown and marked.

use gantry_tests::prelude::*;
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
    ("DefaultRoot public", "DefaultRoot", "DefaultRoot: (public) absolute pathname required"),
    ("DefaultServer on", "DefaultServer", ""),
    ("TimeoutIdle soon", "soon", "TimeoutIdle: 'soon' is not a time"),
    ("ServerType inetd", "ServerType", "ServerType: inetd is not supported"),
    ("Umaks 022", "Umaks", "unknown configuration directive 'Umaks'"),
    ("TLSRequired on", "TLSRequired", "unknown configuration directive 'TLSRequired'"),
    ("LoadModule mod_none.c", "LoadModule", "LoadModule: error loading module 'mod_none.c': no mod_none.so"),
    ("ModulePath modules", "ModulePath", "ModulePath: must be an absolute path"),
    ("LoadFile /nowhere/libx.so", "LoadFile", "LoadFile: /nowhere/libx.so: No such file"),
    ("<VirtualHost host.invalid>", "host.invalid", "<VirtualHost>: error resolving 'host.invalid'"),
    ("  DefaultServer  on", "DefaultServer", "DefaultServer: DefaultServer has already been set"),
    ("    Deny from 300.1.1.1", "300.1.1.1", "Deny: bad ACL definition '300.1.1.1'"),
    ("ModuleOrder mod_core.c mod_nix.c", "mod_nix", "ModuleOrder: there is no module mod_nix here"),
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
    let mut found = 0;
    for (line, marked, begins) in FAULTS.iter().filter(|(.., begins)| !begins.is_empty()) {
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
        found += 1;
    }
    assert_eq!((found, said.matches("Fatal: ").count()), (20, 20), "{said}");
    assert_eq!(trial.done.status.code(), Some(1));
}

fn two_servers_of_one_address_are_told_of(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        let host = |name: &str| format!("<VirtualHost 127.0.0.2>\n  ServerName {name}\n  Port 2121\n</VirtualHost>");
        config.block(host("one")).block(host("other"));
    });
    let said = trial.done.ok().text();
    assert!(said.contains("\"other\" address/port (127.0.0.2:2121) already in use by \"one\""), "{said}");
}

both_layouts!(twenty_faults_are_told_at_once_each_with_its_line_marked, two_servers_of_one_address_are_told_of,);
