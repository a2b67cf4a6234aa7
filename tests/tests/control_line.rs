//! The control connection: how lines come in, and what is allowed when.

use gantry_tests::prelude::*;

fn an_overlong_line_is_refused_and_the_session_goes_on(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    for length in [5_000, 100_000, 3 << 20] {
        let answer = wire.ask(format!("CWD {}", "a".repeat(length)));
        assert!((500..=501).contains(&answer.code), "{}", answer.text());
        wire.expect("NOOP", 200);
    }
    let greeted = server.connect().ask("x".repeat(1 << 20));
    assert!((500..=501).contains(&greeted.code), "before login as well: {}", greeted.text());
}

fn pipelined_commands_are_answered_in_order(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.connect();
    wire.send_raw(
        format!("USER {USER}\r\nPASS {PASSWORD}\r\nPWD\r\nTYPE I\r\nSYST\r\nMKD made\r\nCWD made\r\nPWD\r\nNOOP\r\n")
            .as_bytes(),
    )
    .unwrap();
    let codes: Vec<u16> = (0..9).map(|_| wire.reply().code).collect();
    assert_eq!(codes, [331, 230, 257, 200, 215, 257, 250, 257, 200]);
}

fn a_line_may_come_byte_by_byte(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    for byte in b"MKD slow folder\r\n" {
        wire.send_raw(&[*byte]).unwrap();
    }
    assert_eq!(wire.reply().code, 257);
    assert!(server.home().join("slow folder").is_dir());
}

fn verbs_are_taken_in_either_case(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    wire.expect("noop", 200);
    wire.expect("Pwd", 257);
}

fn nonsense_is_refused_with_500(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    for line in
        ["WHAT", "", " ", "SITE", "SITE NONSENSE", "CONNECT", "EXIT", "SITE_CHMOD 644 x", "\u{ff}\u{fe}", "DELE a\0b"]
    {
        let answer = wire.ask(line);
        assert!((500..=504).contains(&answer.code), "{line:?}: {}", answer.text());
    }
    wire.expect("NOOP", 200);
}

fn nothing_but_logging_in_is_allowed_before_login(layout: Layout) {
    let server = Server::start(layout);
    server.put("file", "x");
    let mut wire = server.connect();
    for line in [
        "PWD",
        "CWD /",
        "LIST",
        "NLST",
        "MLSD",
        "MLST",
        "RETR file",
        "STOR new",
        "DELE file",
        "MKD x",
        "RMD x",
        "RNFR file",
        "SIZE file",
        "MDTM file",
        "PASV",
        "EPSV",
        "PORT 127,0,0,1,9,9",
        "MFMT 20200101000000 file",
        "APPE file",
        "STAT file",
    ] {
        let answer = wire.ask(line);
        assert!([503, 530].contains(&answer.code), "{line}: {}", answer.text());
    }
    for line in ["NOOP", "SYST", "FEAT", "HELP"] {
        let answer = wire.ask(line);
        assert!(answer.code < 400, "{line}: {}", answer.text());
    }
    wire.login(USER, PASSWORD);
}

fn quit_says_goodbye_and_closes(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    wire.expect("QUIT", 221);
    assert_eq!(wire.until_closed().unwrap(), "");
}

fn mode_stru_and_type_know_what_they_know(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    for line in ["MODE S", "STRU F", "TYPE I", "TYPE A", "TYPE A N", "TYPE L 8", "type i"] {
        wire.expect(line, 200);
    }
    for line in ["MODE B", "STRU R", "TYPE E", "TYPE X"] {
        let answer = wire.ask(line);
        assert!((500..=504).contains(&answer.code), "{line}: {}", answer.text());
    }
}

fn syst_and_help_answer(layout: Layout) {
    let server = Server::start(layout);
    let mut wire = server.login();
    assert_eq!(wire.expect("SYST", 215).text(), "215 UNIX Type: L8");
    let help = wire.expect("HELP", 214).text();
    for verb in ["RETR", "STOR", "MLSD", "EPSV"] {
        assert!(help.contains(verb), "{help}");
    }
    wire.expect("HELP RETR", 214);
}

both_layouts!(
    an_overlong_line_is_refused_and_the_session_goes_on,
    pipelined_commands_are_answered_in_order,
    a_line_may_come_byte_by_byte,
    verbs_are_taken_in_either_case,
    nonsense_is_refused_with_500,
    nothing_but_logging_in_is_allowed_before_login,
    quit_says_goodbye_and_closes,
    mode_stru_and_type_know_what_they_know,
    syst_and_help_answer,
);
