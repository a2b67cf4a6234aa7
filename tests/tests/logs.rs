//! TransferLog (xferlog(5)) and SQLLog: a line and a row a transfer.

use std::fs;

use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::wait;

const LOG_TRANSFERS: &str =
    "SQLNamedQuery log-transfer INSERT \"'%m', '%u', '%f', %b\" log\nSQLLog RETR,STOR,APPE log-transfer";

/// The lines of the TransferLog, once there are `count`.
fn transfer_log(server: &Server, count: usize) -> Vec<String> {
    let lines = || {
        fs::read_to_string(server.var("transfer.log"))
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    wait::for_condition("the lines of the TransferLog", || lines().len() >= count);
    lines()
}

fn each_transfer_has_a_line_in_the_transfer_log(layout: Layout) {
    let server = Server::start(layout);
    server.put("down load", [0; 4321]);
    let mut wire = server.login();
    wire.fetch("RETR down load");
    wire.give("STOR up", &[0; 123]);
    wire.expect("TYPE A", 200);
    wire.give("APPE up", b"x");
    wire.expect("DELE up", 250);
    let lines = transfer_log(&server, 4);
    let shape = |line: &str| {
        // Five words of time, then: seconds, host, bytes, file, and nine flags.
        let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        assert_eq!(words.len(), 18, "{line}");
        assert_eq!(
            (words[6].as_str(), words[13].as_str(), words[14].as_str(), words[16].as_str()),
            ("127.0.0.1", USER, "ftp", "*"),
            "{line}"
        );
        (words[7].clone(), words[8].clone(), words[9].clone() + &words[11] + &words[12] + &words[17])
    };
    let [down, up, append, delete] = &lines[..] else { panic!("{lines:#?}") };
    let ((size, name, flags), (up_size, up_name, up_flags)) = (shape(down), shape(up));
    assert!(name.ends_with("/down_load"), "spaces become underscores: {name}");
    assert_eq!((size.as_str(), flags.as_str()), ("4321", "borc"));
    assert!(up_name.ends_with("/up"), "{up_name}");
    assert_eq!((up_size.as_str(), up_flags.as_str()), ("123", "birc"));
    assert_eq!(shape(append).2, "airc");
    assert!(shape(delete).2.contains('d'), "{delete}");
}

fn a_transfer_that_is_broken_off_is_logged_as_incomplete(layout: Layout) {
    let server = Server::start(layout);
    server.put("large", vec![0; 32 << 20]);
    let mut wire = server.login();
    let stream = wire.passive();
    wire.expect("RETR large", 150);
    wire.expect("ABOR", 426);
    assert_eq!(wire.reply().code, 226);
    drop(stream);
    let lines = transfer_log(&server, 1);
    assert!(lines[0].ends_with(" i"), "{}", lines[0]);
}

fn each_transfer_has_a_row_by_sql_log(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(LOG_TRANSFERS);
    });
    let mut wire = server.login();
    wire.give("STOR plain", b"12345");
    wire.give("STOR it's \"quoted\" %b '; DROP TABLE log; --", b"123");
    wire.fetch("RETR plain");
    wait::for_condition("three rows", || server.sql("SELECT count(*) FROM log") == "3");
    assert_eq!(
        server.sql("SELECT verb, user, bytes FROM log ORDER BY rowid"),
        "STOR|alice|5\nSTOR|alice|3\nRETR|alice|5"
    );
    let path = server.sql("SELECT path FROM log WHERE bytes = 3");
    assert!(path.ends_with("/it's \"quoted\" %b '; DROP TABLE log; --"), "{path}");
}

fn a_listing_is_logged_with_its_bytes_and_its_time(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(
            "SQLNamedQuery listed INSERT \"'%m', '%T %{transfer-status} %O', '%F', %b\" log\nSQLLog LIST,NLST,MLSD,STAT listed",
        );
    });
    server.make_folder("folder");
    server.put("folder/file", "12345");
    let mut wire = server.login();
    let mut total = 0;
    let mut expected = Vec::new();
    for verb in ["LIST", "NLST", "MLSD"] {
        let bytes = wire.fetch(format!("{verb} folder")).len();
        total += bytes;
        expected.push(format!("{verb}|success {total}|/folder|{bytes}"));
    }
    // On the control connection: no transfer.
    wire.expect("STAT folder", 212);
    wait::for_condition("four rows", || server.sql("SELECT count(*) FROM log") == "4");
    let columns = "verb, substr(user, 1 + instr(user, ' ')), path, bytes";
    assert_eq!(
        server.sql(&format!("SELECT {columns} FROM log WHERE verb <> 'STAT' ORDER BY rowid")),
        expected.join("\n")
    );
    assert_eq!(server.sql("SELECT count(*) FROM log WHERE user GLOB '[0-9]*.[0-9][0-9][0-9] *'"), "3");
    assert_eq!(server.sql("SELECT user, bytes FROM log WHERE verb = 'STAT'"), format!("- - {total}|"));
    // TransferLog is about files.
    wire.fetch("RETR folder/file");
    assert_eq!(transfer_log(&server, 1).len(), 1);
}

fn a_failed_query_of_sql_log_spoils_no_transfer_where_errors_are_ignored(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("SQLNamedQuery bad INSERT \"'%m'\" no_such_table\nSQLLog STOR bad IGNORE_ERRORS");
    });
    let mut wire = server.login();
    wire.give("STOR file", b"12345");
    assert_eq!(server.read("file"), b"12345");
    wire.expect("NOOP", 200);
}

fn sql_log_by_freeform_binds_as_well(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block("SQLNamedQuery note FREEFORM \"INSERT INTO log (verb, user, path) VALUES ('%m', '%u', '%J')\"\nSQLLog MKD note");
    });
    server.login().expect("MKD it's", 257);
    wait::for_condition("a row", || server.sql("SELECT verb, user, path FROM log") == "MKD|alice|it's");
}

/// Each variable with its value, as `name=<value>`.
const VARIABLES: &str = "a A b c d D E f F g h H I J l L m O p P r s S T u U v V w basename epoch gid iso8601 \
    microsecs millisecs protocol remote-port transfer-failure transfer-millisecs transfer-port transfer-speed \
    transfer-status transfer-type uid version file-size note:none time:%Y";

/// The values that a row of the log has, by the command's name; none for another
/// command.
fn values(server: &Server, verb: &str) -> impl Fn(&str) -> String {
    let row = server.sql(&format!("SELECT path FROM log WHERE verb = '{verb}' ORDER BY rowid DESC LIMIT 1"));
    move |name| {
        let (_, value) = row.split_once(&format!("|{name}=<")).unwrap_or_else(|| panic!("no {name} in {row:?}"));
        value.split_once(">|").unwrap_or_else(|| panic!("{row:?}")).0.to_owned()
    }
}

fn every_variable_has_its_value_in_a_row(layout: Layout) {
    let server = Server::with(layout, |config| {
        let field = |name: &str| {
            let variable = if name.len() == 1 { format!("%{name}") } else { format!("%{{{name}}}") };
            format!("|{}=<{variable}>", name.replace('%', "%%"))
        };
        let all: String = VARIABLES.split_whitespace().map(field).collect();
        config.block(format!(
            "SQLNamedQuery all FREEFORM \"INSERT INTO log (verb, bytes, path) VALUES ('%m', %b, '{all}|')\"\n\
             SQLLog *,ERR_*,EXIT all\n<Class local>\n  From 127.0.0.1\n</Class>"
        ));
    });
    let mut wire = server.login();
    let port = wire.local().port().to_string();
    wire.give("STOR up load", &[7; 3000]);
    wire.expect("MKD new", 257);
    wire.expect("CWD new", 250);
    wire.list("LIST ..");
    wire.expect("RNFR ../up load", 350);
    wire.expect("RNTO there", 250);
    wire.expect("SITE CHMOD 600 there", 200);
    wire.expect("RETR missing", 550);
    wire.expect("QUIT", 221);
    wait::for_condition("the row of the end", || server.sql("SELECT count(*) FROM log WHERE verb = 'EXIT'") == "1");
    let home = server.home().display().to_string();

    let stored = values(&server, "STOR");
    for (name, wanted) in [
        ("a", "127.0.0.1"),
        ("A", "UNKNOWN"),
        ("b", "3000"),
        ("c", "local"),
        ("d", "/"),
        ("D", "-"),
        ("E", "-"),
        ("F", "/up load"),
        ("h", "127.0.0.1"),
        ("H", "127.0.0.1"),
        ("I", "3000"),
        ("J", "up load"),
        ("l", "UNKNOWN"),
        ("O", "0"),
        ("p", &server.address().port().to_string()),
        ("P", &server.pid().to_string()),
        ("r", "STOR up load"),
        ("s", "226"),
        ("S", "Transfer complete"),
        ("u", USER),
        ("U", USER),
        ("v", "Gantry under test"),
        ("w", "-"),
        ("f", &format!("{home}/up load")),
        ("basename", "up load"),
        ("protocol", "ftp"),
        ("remote-port", &port),
        ("transfer-failure", "-"),
        ("transfer-status", "success"),
        ("transfer-type", "binary"),
        ("file-size", "3000"),
        ("note:none", "-"),
    ] {
        assert_eq!(stored(name), wanted, "{name}");
    }
    let number = |name: &str| stored(name).parse::<f64>().unwrap_or_else(|_| panic!("{name}: {}", stored(name)));
    assert!(number("T") < 60.0 && number("transfer-millisecs") < 60_000.0 && number("transfer-speed") > 0.0);
    assert!(number("epoch") > 1e9 && number("uid") > 0.0 && number("millisecs") < 1e3 && number("microsecs") < 1e6);
    assert!(stored("iso8601").starts_with(&stored("time:%Y")) && stored("version").starts_with("Gantry "));

    assert_eq!(values(&server, "MKD")("f"), format!("{home}/new"));
    assert_eq!((values(&server, "CWD")("d"), values(&server, "CWD")("D")), ("/new".to_owned(), format!("{home}/new")));
    assert_eq!(values(&server, "RNTO")("F"), "/new/there");
    let listed = values(&server, "LIST");
    assert_eq!(
        (listed("F").as_str(), listed("d").as_str(), listed("transfer-status").as_str()),
        ("/", "/new", "success")
    );
    assert!(listed("b").parse::<u32>().is_ok_and(|bytes| bytes > 0) && listed("file-size") == "-", "{}", listed("b"));
    let chmod = values(&server, "SITE CHMOD");
    assert_eq!((chmod("J").as_str(), chmod("F").as_str()), ("CHMOD 600 there", "/new/there"));
    let missing = values(&server, "RETR");
    assert_eq!((missing("s").as_str(), missing("b").as_str(), missing("F").as_str()), ("550", "-", "/new/missing"));
    assert_eq!(values(&server, "PASS")("r"), "PASS (hidden)");
    assert_eq!(values(&server, "EXIT")("E"), "Quit");
    assert_eq!(
        server.sql("SELECT typeof(bytes) FROM log WHERE verb IN ('STOR', 'MKD') ORDER BY rowid"),
        "integer\nnull"
    );
}

fn a_variable_that_does_not_exist_is_a_fault_of_the_configuration(layout: Layout) {
    for (query, fault) in [
        ("'%u', %{transfer-stat}", "unknown variable '%{transfer-stat}' at column 7; did you mean %{transfer-status}"),
        ("'%y'", "unknown variable '%y' at column 2 (a percent sign is written %%)"),
        ("%t", "variable '%t' at column 1 has no meaning here: use %{time:FORMAT} or the database's own function"),
        ("'%{mod_x.y}'", "no loaded module has the variable '%{mod_x.y}'"),
    ] {
        let trial = Trial::run(&layout.gantryd(), &[], |config| {
            config.block(format!("SQLNamedQuery q INSERT \"{query}\" log"));
        });
        assert!(trial.fatal().contains(fault), "{query}: {}", trial.fatal());
    }
}

both_layouts!(
    each_transfer_has_a_line_in_the_transfer_log,
    a_transfer_that_is_broken_off_is_logged_as_incomplete,
    each_transfer_has_a_row_by_sql_log,
    a_listing_is_logged_with_its_bytes_and_its_time,
    a_failed_query_of_sql_log_spoils_no_transfer_where_errors_are_ignored,
    sql_log_by_freeform_binds_as_well,
    every_variable_has_its_value_in_a_row,
    a_variable_that_does_not_exist_is_a_fault_of_the_configuration,
);
