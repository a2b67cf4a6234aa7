//! gantry top at a terminal: a table that refreshes itself, keys, and a terminal
//! that is left as it was.

use std::process::Command;

use gantry_tests::prelude::*;
use gantry_tests::scripted::Scripted;
use gantry_tests::terminal::Terminal;
use rustix::process::Signal;

const ESCAPE: char = '\u{1b}';

fn who(user: &str) -> Vec<u8> {
    let session = |id: u32| {
        format!(
            r#"{{"id":{id},"user":"{user}","local":"127.0.0.1:21","remote":"127.0.0.1:5","state":"transfer",
               "command":"RETR","argument":"a\u001b]0;x\u0007 and a name that does not fit into a line of it",
               "direction":"out","bytes":2048,"state_since":1}}"#
        )
    };
    let sessions: Vec<String> = (1..40).map(session).collect();
    let text = format!(r#"{{"ok":true,"value":{{"version":"1.2.3","sessions":[{}]}}}}"#, sessions.join(","));
    (text.replace('\n', "") + "\n").into_bytes()
}

fn top(layout: Layout, daemon: &Scripted, words: &[&str]) -> Terminal {
    let mut command = Command::new(layout.prefix().join("bin/gantry"));
    command.arg("top").arg("-s").arg(daemon.socket()).args(words).env("NO_COLOR", "1");
    Terminal::start(&mut command, 60, 12)
}

/// The lines of what was drawn, without what moves the cursor.
fn lines(shown: &str) -> Vec<&str> {
    shown.split("\r\n").map(|line| line.split(ESCAPE).next().unwrap_or_default()).collect()
}

fn keys_change_what_is_shown(layout: Layout) {
    let daemon = Scripted::answering(["alice", "bob", "carol"].map(who).to_vec());
    let mut top = top(layout, &daemon, &["--delay", "1h"]);
    let shown = top.wait_for("COMMAND");
    assert!(shown.contains("gantryd 1.2.3") && top.is_raw(), "{shown:?}");
    top.key("t");
    let shown = top.wait_for("SPEED") + &top.wait_for(&format!("{ESCAPE}[J"));
    assert!(shown.contains("alice") && !shown.contains('\u{7}') && shown.contains("…"), "{shown:?}");
    let wide: Vec<&str> = lines(&shown).into_iter().filter(|line| line.chars().count() > 60).collect();
    assert!(wide.is_empty(), "{wide:?}");
    top.key("j");
    top.wait_for(" 2  D");
    top.key(" ");
    top.wait_for("bob");
    top.key("d1");
    top.wait_for("Delay in seconds: 1_");
    // The new delay begins with a question.
    top.key("\r");
    top.wait_for("carol");
    top.key("q");
    assert!(top.ended().success() && !top.is_raw());
    top.wait_for(&format!("{ESCAPE}[?1049l"));
    assert_eq!(daemon.asked().len(), 3);
}

fn an_interrupt_leaves_the_terminal_as_it_was(layout: Layout) {
    let daemon = Scripted::one(who("alice"));
    let mut top = top(layout, &daemon, &[]);
    top.wait_for("alice");
    top.key("\u{3}");
    assert!(top.ended().success() && !top.is_raw());
    top.wait_for(&format!("{ESCAPE}[?25h"));
}

fn a_signal_to_end_leaves_the_terminal_as_it_was(layout: Layout) {
    for signal in [Signal::TERM, Signal::HUP] {
        let daemon = Scripted::one(who("alice"));
        let mut top = top(layout, &daemon, &["--delay", "1h"]);
        top.wait_for("alice");
        assert!(top.is_raw());
        top.signal(signal);
        assert!(top.ended().success() && !top.is_raw(), "{signal:?}");
        top.wait_for(&format!("{ESCAPE}[?25h"));
    }
}

fn a_refusal_is_told_on_the_ordinary_screen(layout: Layout) {
    let daemon = Scripted::one("{\"ok\":false,\"reason\":\"denied\",\"error\":\"say so\"}\n");
    let mut top = top(layout, &daemon, &[]);
    let shown = top.wait_for("gantry: say so");
    assert!(!shown.contains("1049h"), "{shown:?}");
    assert_eq!(top.ended().code(), Some(3));
}

both_layouts!(
    keys_change_what_is_shown,
    an_interrupt_leaves_the_terminal_as_it_was,
    a_signal_to_end_leaves_the_terminal_as_it_was,
    a_refusal_is_told_on_the_ordinary_screen,
);
