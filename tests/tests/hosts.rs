//! Servers by name (HOST, RFC 7151; ServerAlias), and classes and conditions as ProFTPD's files write them.

use gantry_tests::host::own_address;
use gantry_tests::prelude::*;

fn a_client_may_ask_for_a_server_by_name(layout: Layout) {
    let here = own_address();
    let _server = Server::with(layout, |config| {
        config.set("DefaultAddress", here.to_string()).set("Port", "2115").add("ServerAlias", "main.example.org");
        let users = config.path("users.db");
        config.block(format!(
            "<VirtualHost {here}>\nPort 2115\nServerName two\nServerAlias two.example.org *.two.example.org\n\
             AccessGrantMsg \"this is two\"\nDefaultRoot ~\nRequireValidShell off\nUseFtpUsers off\nAuthOrder mod_sql.c\n\
             SQLBackend sqlite3\nSQLConnectInfo {users}\nSQLAuthenticate users\nSQLAuthTypes Crypt Plaintext\n\
             SQLUserInfo users userid passwd uid gid homedir shell\nSQLMinID 1\n</VirtualHost>\n\
             <VirtualHost {here}>\nPort 2116\nServerName three\nServerAlias three.example.org\n</VirtualHost>"
        ));
    });
    // It listens on two ports.
    let mut wire = Wire::connect((here, 2115).into());
    for (name, code) in [
        ("FTP.two.example.org", 220),
        ("main.example.org", 220),
        ("two.example.org", 220),
        ("three.example.org", 504),
        ("nowhere", 504),
        (&*here.to_string(), 220),
        ("[::1]", 501),
        ("a b", 500),
        ("", 500),
    ] {
        wire.expect(format!("HOST {name}").trim_end(), code);
    }
    assert_eq!(wire.expect("HOST nowhere", 504).text(), "504 nowhere: Unknown hostname provided");
    assert!(wire.expect("FEAT", 211).text().contains("\n HOST\n"));
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("HOST two.example.org", 220);
    wire.expect(format!("USER {USER}"), 331);
    assert_eq!(wire.expect(format!("PASS {PASSWORD}"), 230).text(), "230 this is two");
    wire.expect("HOST main.example.org", 503);
}

fn after_a_move_a_name_is_given_anew(layout: Layout) {
    let here = own_address();
    let server = Server::with(layout, |config| {
        config.set("DefaultAddress", here.to_string()).set("Port", "2117");
        config.block(format!("<VirtualHost {here}>\nPort 2117\nServerAlias two.example.org\n</VirtualHost>"));
    });
    let mut wire = Wire::connect(server.address());
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("HOST two.example.org", 220);
    wire.expect(format!("PASS {PASSWORD}"), 503);
}

fn classes_may_be_in_global(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(
            "<Global>\n<Class local>\nFrom 127.0.0.0/8\n</Class>\n</Global>\n<Limit MKD>\nDenyClass local\n</Limit>\n\
             <IfClass !elsewhere>\n<Limit RMD>\nDenyAll\n</Limit>\n</IfClass>",
        );
    });
    let mut wire = server.login();
    wire.expect("MKD new", 550);
    server.make_folder("folder");
    wire.expect("RMD folder", 550);
}

fn conditions_have_operators(layout: Layout) {
    let server = Server::with(layout, |config| {
        let limit = |command: &str| format!("<Limit {command}>\nDenyAll\n</Limit>\n");
        let blocks = [
            ("IfUser regex ^al", "MKD"),
            ("IfUser AND alice,!bob", "RMD"),
            ("IfUser OR carl,alice", "DELE"),
            ("IfUser !bob", "RNFR"),
            ("IfUser regex ^bo", "SIZE"),
            ("IfUser AND alice,bob", "MDTM"),
            ("IfAuthenticated", "SITE_CHMOD"),
        ];
        let text = blocks
            .map(|(open, command)| format!("<{open}>\n{}</{}>\n", limit(command), open.split(' ').next().unwrap()));
        config.block(text.concat());
    });
    server.put("file", "content");
    server.make_folder("folder");
    let mut wire = server.login();
    for (line, code) in [
        ("MKD new", 550),
        ("RMD folder", 550),
        ("DELE file", 550),
        ("RNFR file", 550),
        ("SITE CHMOD 600 file", 550),
        ("SIZE file", 213),
        ("MDTM file", 213),
    ] {
        wire.expect(line, code);
    }
}

both_layouts!(
    a_client_may_ask_for_a_server_by_name,
    after_a_move_a_name_is_given_anew,
    classes_may_be_in_global,
    conditions_have_operators,
);
