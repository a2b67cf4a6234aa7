//! ExtendedLog and LogFormat: what is logged, where, in which form, and what becomes of
//! it when a log cannot be written. The lines are those of ProFTPD 1.3.8 to the same
//! commands, but for what docs/differences.md lists.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;

use gantry_tests::config::Account;
use gantry_tests::prelude::*;
use gantry_tests::server::{Trial, own};
use gantry_tests::wait;
use rustix::fs::{Mode as FileMode, OFlags, mkfifoat};

/// The lines of a log, once the last one has `end`.
#[track_caller]
fn lines(path: &Path, end: &str) -> Vec<String> {
    let read = || {
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let found = wait::until(wait::PATIENCE, || {
        Some(read()).filter(|lines| lines.last().is_some_and(|last| last.contains(end)))
    });
    found.unwrap_or_else(|| panic!("{} does not end with {end}: {:#?}", path.display(), read()))
}

/// A server with ExtendedLogs; `{var}` is the folder of its logs.
fn with(layout: Layout, text: &str) -> Server {
    Server::with(layout, |config| {
        let var = config.folder().join("var").display().to_string();
        config.block(text.replace("{var}", &var));
    })
}

fn each_log_has_the_commands_of_its_classes(layout: Layout) {
    let server = with(
        layout,
        "LogFormat verb \"%m %s\"\n\
         ExtendedLog {var}/all.log ALL verb\n\
         ExtendedLog {var}/auth.log auth verb\n\
         ExtendedLog {var}/files.log READ,WRITE verb\n\
         ExtendedLog {var}/rest.log ALL,!READ,!WRITE,!AUTH,EXIT verb\n\
         ExtendedLog {var}/some.log DIRS+DELE,!CWD verb\n\
         ExtendedLog {var}/none.log NONE verb",
    );
    let mut wire = server.login();
    wire.give("STOR file", b"12345");
    wire.fetch("RETR file");
    wire.expect("CWD /", 250);
    wire.expect("XYZZY", 500);
    wire.expect("RETR missing", 550);
    wire.expect("DELE file", 250);
    wire.expect("QUIT", 221);
    let all =
        "USER 331|PASS 230|TYPE 200|EPSV 229|STOR 226|EPSV 229|RETR 226|CWD 250|XYZZY 500|RETR 550|DELE 250|QUIT 221";
    assert_eq!(lines(&server.var("all.log"), "QUIT").join("|"), all);
    assert_eq!(lines(&server.var("auth.log"), "PASS").join("|"), "USER 331|PASS 230");
    assert_eq!(lines(&server.var("files.log"), "DELE").join("|"), "STOR 226|RETR 226|RETR 550|DELE 250");
    assert_eq!(
        lines(&server.var("rest.log"), "EXIT").join("|"),
        "TYPE 200|EPSV 229|EPSV 229|CWD 250|XYZZY 500|QUIT 221|EXIT -"
    );
    assert_eq!(lines(&server.var("some.log"), "DELE").join("|"), "DELE 250");
    assert!(!server.var("none.log").exists());
}

fn the_default_format_is_the_common_log_format(layout: Layout) {
    // As in ProFTPD, the name `default` cannot be given to another one.
    let server = with(layout, "LogFormat default \"%m\"\nExtendedLog {var}/access.log READ,AUTH");
    server.put("file", "12345");
    let mut wire = server.login();
    wire.fetch("RETR file");
    let found = lines(&server.var("access.log"), "RETR");
    let [user, pass, retr] = &found[..] else { panic!("{found:#?}") };
    let shape = |line: &str| {
        let (before, rest) = line.split_once('[').unwrap_or_else(|| panic!("{line}"));
        let (time, after) = rest.split_once(']').unwrap_or_else(|| panic!("{line}"));
        assert_eq!((time.len(), time.as_bytes()[2], time.as_bytes()[11]), (26, b'/', b':'), "{line}");
        format!("{before}{after}")
    };
    assert_eq!(shape(user), "127.0.0.1 UNKNOWN -  \"USER alice\" 331 -");
    assert_eq!(shape(pass), "127.0.0.1 UNKNOWN alice  \"PASS (hidden)\" 230 -");
    assert_eq!(shape(retr), "127.0.0.1 UNKNOWN alice  \"RETR file\" 226 5");
}

fn the_first_of_two_formats_with_one_name_counts(layout: Layout) {
    let server = with(
        layout,
        "LogFormat twice \"one %m\"\nLogFormat twice \"two %m\"\n\
         ExtendedLog {var}/same.log AUTH twice\nExtendedLog {var}/same.log INFO",
    );
    let mut wire = server.login();
    wire.expect("PWD", 257);
    let found = lines(&server.var("same.log"), "PWD");
    assert_eq!(found[..2], ["one USER", "one PASS"]);
    assert!(found[2].ends_with("\"PWD\" 257 -"), "{found:#?}");
}

fn a_transfer_is_told_in_full(layout: Layout) {
    let server = with(
        layout,
        "LogFormat xfer \"%m %b %{file-modified} %{file-size} %{transfer-status} %{transfer-type} %{transfer-failure} %{transfer-port}\"\n\
         ExtendedLog {var}/x.log READ,WRITE xfer",
    );
    server.put("large", vec![0; 32 << 20]);
    let mut wire = server.login();
    wire.give("STOR file", b"12345");
    wire.give("STOR file", b"123456");
    wire.expect("REST 2", 350);
    wire.give("STOR file", b"xy");
    wire.give("APPE file", b"789");
    wire.expect("TYPE A", 200);
    wire.fetch("RETR file");
    wire.expect("TYPE I", 200);
    wire.expect("RETR missing", 550);
    let stream = wire.passive();
    let port = stream.peer_addr().unwrap().port();
    wire.expect("RETR large", 150);
    wire.expect("ABOR", 426);
    assert_eq!(wire.reply().code, 226);
    drop(stream);
    wire.expect("DELE file", 250);
    wire.expect("DELE file", 550);
    let found = lines(&server.var("x.log"), "DELE - ");
    // The ports of the first five, and the bytes of the one that was aborted, are anybody's.
    let (ports, found): (Vec<_>, Vec<_>) =
        found.iter().map(|line| line.rsplit_once(' ').unwrap()).map(|(rest, port)| (port, rest)).unzip();
    assert!(ports[..5].iter().all(|port| port.parse::<u16>().is_ok_and(|port| port > 0)), "{ports:?}");
    assert_eq!(ports[5..], ["-", port.to_string().as_str(), "-", "-"]);
    assert_eq!(
        found[..6],
        [
            "STOR 5 false 5 success binary -",
            "STOR 6 true 6 success binary -",
            "STOR 2 true 6 success binary -",
            "APPE 3 true 9 success binary -",
            "RETR 9 false 9 success ASCII -",
            "RETR - false - failed - missing: No such file or directory",
        ]
    );
    let aborted = found[6].split_once(" false ").unwrap().1;
    assert_eq!(aborted, "- cancelled binary Transfer aborted. Data connection closed");
    assert_eq!(found[7..], ["DELE 9 false - - - -", "DELE - false - - - -"]);
    let transfers = lines(&server.var("transfer.log"), " d ");
    let shape =
        |line: &String| line.split(' ').filter(|word| !word.is_empty()).skip(7).map(str::to_owned).collect::<Vec<_>>();
    let deleted = shape(transfers.last().unwrap());
    assert_eq!((deleted[0].as_str(), deleted[4].as_str(), deleted.last().unwrap().as_str()), ("9", "d", "c"));
}

fn names_forge_no_line_and_no_colour(layout: Layout) {
    let server = with(layout, "LogFormat name \"%F|%r|%{basename}\"\nExtendedLog {var}/names.log WRITE name");
    let mut wire = server.login();
    let name = "a\u{1b}[31m\u{9b}2J\u{202e}gpj.exe \u{fc}\\";
    wire.give(format!("STOR {name}"), b"x");
    let shown = "a\\x1b[31m\\x9b2J\\u{202e}gpj.exe \u{fc}\\";
    assert_eq!(lines(&server.var("names.log"), "STOR"), [format!("/{shown}|STOR {shown}|{shown}")]);
    let transfer = lines(&server.var("transfer.log"), "a_[31m");
    assert!(transfer[0].contains("/a_[31m_2J_gpj.exe_\u{fc}\\ b _ i r alice ftp 0 * c"), "{transfer:#?}");
}

fn anonymous_sections_have_logs_of_their_own(layout: Layout) {
    let server = Server::with(layout, |config| {
        let folder = config.folder().display().to_string();
        let home = config.home().display().to_string();
        config.block(
            "LogFormat verb \"%m %U\"\n\
             ExtendedLog FOLDER/var/server.log ALL verb\n\
             ExtendedLog FOLDER/var/both.log INFO verb\n\
             <Anonymous HOME>\n\
               User visitor\n\
               UserAlias anonymous visitor\n\
               TransferLog FOLDER/var/anonymous-transfer.log\n\
               ExtendedLog FOLDER/var/server.log READ verb\n\
               ExtendedLog FOLDER/var/anonymous.log ALL verb\n\
             </Anonymous>"
                .replace("FOLDER", &folder)
                .replace("HOME", &home),
        );
    });
    server.put("file", "12345");
    let ((uid, gid), home) = (Account::ids(), server.home().display().to_string());
    server.sql(&format!("INSERT INTO users VALUES ('visitor', 'ticket', {uid}, {gid}, '{home}', '/bin/sh')"));
    let mut wire = server.connect();
    wire.login("anonymous", "me@home");
    wire.expect("TYPE I", 200);
    wire.expect("PWD", 257);
    wire.fetch("RETR file");
    wire.expect("QUIT", 221);
    let mut wire = server.login();
    wire.fetch("RETR file");
    wire.expect("QUIT", 221);
    let anonymous = lines(&server.var("anonymous.log"), "QUIT").join("|");
    assert_eq!(anonymous, "PASS anonymous|TYPE anonymous|PWD anonymous|EPSV anonymous|RETR anonymous|QUIT anonymous");
    // The section's line takes the place of the server's with the same path.
    let server_log = lines(&server.var("server.log"), "QUIT alice").join("|");
    assert_eq!(
        server_log,
        "USER anonymous|RETR anonymous|USER alice|PASS alice|TYPE alice|EPSV alice|RETR alice|QUIT alice"
    );
    assert_eq!(lines(&server.var("both.log"), "QUIT alice").join("|"), "PWD anonymous|QUIT anonymous|QUIT alice");
    let transfers = lines(&server.var("anonymous-transfer.log"), " c");
    assert_eq!(transfers.len(), 1);
    assert!(transfers[0].ends_with("/file b _ o a me@home ftp 0 * c"), "{transfers:#?}");
    assert!(lines(&server.var("transfer.log"), " c")[0].ends_with("/file b _ o r alice ftp 0 * c"));
}

fn a_log_that_cannot_be_used_is_a_fault_of_the_configuration(layout: Layout) {
    for (lines, fault) in [
        ("ExtendedLog FOLDER/nowhere/x.log", "ExtendedLog: unable to use 'FOLDER/nowhere/x.log': No such file"),
        ("ExtendedLog FOLDER/link.log", "it is a symbolic link, and AllowLogSymlinks is off"),
        ("ExtendedLog FOLDER/open/x.log", "the folder FOLDER/open is world-writable"),
        ("ExtendedLog FOLDER/pipe", "nobody reads from this pipe"),
        ("ExtendedLog FOLDER/var", "is a directory"),
        ("ExtendedLog x.log", "'x.log' must be an absolute path or syslog:level"),
        ("ExtendedLog FOLDER/var/x.log READ,WRIET", "'WRIET' at column 6 is not a class of commands"),
        ("LogFormat mine \"%h\"\nExtendedLog FOLDER/var/x.log ALL mien", "no LogFormat has the name 'mien'"),
        ("LogFormat x \"%h %y\"", "unknown variable '%y' at column 4"),
        ("LogFormat x \"%{mod_x.y}\"", "no loaded module has the variable '%{mod_x.y}'"),
        ("TransferLog FOLDER/nowhere/x.log", "TransferLog: unable to use 'FOLDER/nowhere/x.log': No such file"),
    ] {
        let mut folder = String::new();
        let trial = Trial::run(&layout.gantryd(), &[], |config| {
            folder = config.folder().display().to_string();
            if lines.starts_with("TransferLog") {
                config.remove("TransferLog");
            }
            symlink(config.folder().join("var/real.log"), config.folder().join("link.log")).unwrap();
            mkfifoat(rustix::fs::CWD, config.folder().join("pipe"), FileMode::from_raw_mode(0o666)).unwrap();
            fs::create_dir(config.folder().join("open")).unwrap();
            fs::set_permissions(config.folder().join("open"), std::os::unix::fs::PermissionsExt::from_mode(0o777))
                .unwrap();
            config.block(lines.replace("FOLDER", &folder));
        });
        let fault = fault.replace("FOLDER", &folder);
        assert!(trial.fatal().contains(&fault), "{lines}: {}", trial.fatal());
    }
}

fn a_log_may_be_a_link_where_that_is_allowed(layout: Layout) {
    let server = Server::with(layout, |config| {
        let var = config.folder().join("var");
        symlink(var.join("real.log"), var.join("link.log")).unwrap();
        config.block(format!("AllowLogSymlinks on\nExtendedLog {} AUTH", var.join("link.log").display()));
    });
    server.login();
    assert_eq!(lines(&server.var("real.log"), "PASS").len(), 2);
}

fn a_renamed_log_is_made_anew(layout: Layout) {
    let server = with(layout, "LogFormat verb \"%m %J\"\nExtendedLog {var}/x.log DIRS verb");
    let mut wire = server.login();
    wire.expect("MKD 1", 257);
    lines(&server.var("x.log"), "MKD 1");
    fs::rename(server.var("x.log"), server.var("x.log.1")).unwrap();
    let mut next = 2;
    wait::for_condition("the log is made anew", || {
        wire.expect(format!("MKD {next}"), 257);
        next += 1;
        server.var("x.log").exists()
    });
    let all = || fs::read_to_string(server.var("x.log.1")).unwrap() + &fs::read_to_string(server.var("x.log")).unwrap();
    wait::for_condition("all lines", || all().lines().count() == next - 1);
    let wanted: String = (1..next).map(|number| format!("MKD {number}\n")).collect();
    assert_eq!(all(), wanted);
}

fn sighup_reopens_the_logs_of_old_sessions_too(layout: Layout) {
    let mut server = with(layout, "LogFormat verb \"%m %J\"\nExtendedLog {var}/x.log DIRS verb");
    let mut old = server.login();
    old.expect("MKD 1", 257);
    lines(&server.var("x.log"), "MKD 1");
    fs::rename(server.var("x.log"), server.var("x.log.1")).unwrap();
    server.swap(|_| {});
    old.expect("MKD 2", 257);
    server.login().expect("MKD 3", 257);
    assert_eq!(lines(&server.var("x.log"), "MKD 3"), ["MKD 2", "MKD 3"]);
    assert_eq!(lines(&server.var("x.log.1"), "MKD 1"), ["MKD 1"]);
}

fn a_full_disk_costs_lines_and_no_transfer(layout: Layout) {
    let mut server = Server::with(layout, |config| {
        config.set("TransferLog", "/dev/full").block("ExtendedLog /dev/full ALL");
    });
    let mut wire = server.login();
    for number in 0..3 {
        wire.give(format!("STOR {number}"), b"12345");
    }
    server.wait_for_log(&["cannot write to /dev/full: No space left on device"]);
    wire.expect("QUIT", 221);
    assert!(server.terminate().success());
    let lost = server.wait_for_log(&["lines of /dev/full were lost"]);
    // USER, PASS, TYPE, three times EPSV, STOR and a transfer, QUIT.
    assert!(lost.contains(" 13 lines"), "{lost}");
}

/// The reading end of a pipe.
fn reader(path: &Path) -> File {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
    OpenOptions::new().read(true).custom_flags(flags).open(path).unwrap()
}

fn a_pipe_that_is_not_read_holds_up_no_session(layout: Layout) {
    let mut reading = None;
    let mut server = Server::with(layout, |config| {
        let pipe = config.folder().join("var/pipe");
        mkfifoat(rustix::fs::CWD, &pipe, FileMode::from_raw_mode(0o600)).unwrap();
        own(&pipe);
        reading = Some(reader(&pipe));
        config.block(format!("LogFormat long \"%J %{{time:{}}}\"", "x".repeat(1000)));
        config.block(format!("ExtendedLog {} MISC long", pipe.display()));
    });
    let mut wire = server.login();
    // Sixteen times what a pipe holds.
    for number in 0..1024 {
        wire.expect(format!("ALLO {number}"), 202);
    }
    let mut pipe = reading.unwrap();
    let mut text = Vec::new();
    let mut piece = [0; 65536];
    wait::for_condition("the last line", || {
        while let Ok(count @ 1..) = pipe.read(&mut piece) {
            text.extend_from_slice(&piece[..count]);
        }
        String::from_utf8_lossy(&text).lines().any(|line| line.starts_with("1023 ") && line.len() > 1000)
    });
    let text = String::from_utf8(text).unwrap();
    let numbers: Vec<usize> = text.lines().filter_map(|line| line.split(' ').next()?.parse().ok()).collect();
    assert_eq!(numbers, (0..1024).collect::<Vec<_>>());
    drop(pipe);
    wire.expect("QUIT", 221);
    assert!(server.terminate().success());
}

fn nothing_is_lost_on_a_clean_stop(layout: Layout) {
    let mut server = with(layout, "LogFormat verb \"%m\"\nExtendedLog {var}/x.log ALL,EXIT verb");
    let wires: Vec<Wire> = (0..20).map(|_| server.login()).collect();
    assert!(server.terminate().success());
    drop(wires);
    let text = fs::read_to_string(server.var("x.log")).unwrap();
    let count = |verb: &str| text.lines().filter(|line| *line == verb).count();
    assert_eq!((count("USER"), count("PASS"), count("TYPE"), count("EXIT")), (20, 20, 20, 20));
}

fn a_log_may_be_the_standard_output(layout: Layout) {
    let server = with(
        layout,
        "LogFormat out \"stdout %m\"\nLogFormat err \"stderr %m\"\n\
         ExtendedLog /dev/stdout AUTH out\nExtendedLog /dev/stderr AUTH err",
    );
    server.login();
    let output = server.folder().join("output.log");
    wait::for_condition("both lines", || {
        let text = fs::read_to_string(&output).unwrap_or_default();
        text.contains("stdout PASS\n") && text.contains("stderr PASS\n")
    });
}

both_layouts!(
    each_log_has_the_commands_of_its_classes,
    the_default_format_is_the_common_log_format,
    the_first_of_two_formats_with_one_name_counts,
    a_transfer_is_told_in_full,
    names_forge_no_line_and_no_colour,
    anonymous_sections_have_logs_of_their_own,
    a_log_that_cannot_be_used_is_a_fault_of_the_configuration,
    a_log_may_be_a_link_where_that_is_allowed,
    a_renamed_log_is_made_anew,
    sighup_reopens_the_logs_of_old_sessions_too,
    a_full_disk_costs_lines_and_no_transfer,
    a_pipe_that_is_not_read_holds_up_no_session,
    nothing_is_lost_on_a_clean_stop,
    a_log_may_be_the_standard_output,
);
