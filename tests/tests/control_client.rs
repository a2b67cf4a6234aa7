//! gantry as the client of a control socket, whoever listens there: what becomes of
//! answers that are none, what it exits with, and what reaches the terminal.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use gantry_tests::prelude::*;
use gantry_tests::process::{Done, run};
use gantry_tests::scripted::Scripted;

fn gantry(layout: Layout) -> Command {
    let mut command = Command::new(layout.prefix().join("bin/gantry"));
    command.env_remove("GANTRY_ControlsSocket");
    command
}

/// Runs it, what it asks going to a scripted daemon.
fn at(daemon: &Scripted, layout: Layout, words: &[&str]) -> Done {
    run(gantry(layout).args(words).arg("--socket").arg(daemon.socket()), "")
}

/// Runs gantry under another name, its socket given by the variable.
fn under(layout: Layout, name: &str, words: &[&str], socket: &Path) -> Done {
    let mut command = gantry(layout);
    run(command.arg0(format!("/usr/bin/{name}")).args(words).env("GANTRY_ControlsSocket", socket), "")
}

fn a_daemon_that_cannot_be_reached_is_4(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let who = |name: &str| run(gantry(layout).args(["who", "-s"]).arg(folder.path().join(name)), "");
    let none = who("none");
    assert!(none.err.contains("control socket not found") && none.err.contains("ControlsEngine on"), "{}", none.err);
    drop(UnixListener::bind(folder.path().join("stale")).unwrap());
    let stale = who("stale");
    assert!(stale.err.contains("nothing listens on"), "{}", stale.err);
    for done in [none, stale] {
        assert_eq!((done.status.code(), done.out.as_str()), (Some(4), ""));
    }
    let default = run(gantry(layout).arg("who"), "");
    let socket = layout.prefix().join("var/run/gantryd.sock");
    assert!(default.err.contains(socket.to_str().unwrap()), "{}", default.err);
}

fn a_socket_that_is_not_ours_is_4(layout: Layout) {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let (socket, tool) = (folder.path().join("sock"), folder.path().join("gantry"));
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, Permissions::from_mode(0o600)).unwrap();
    fs::copy(layout.prefix().join("bin/gantry"), &tool).unwrap();
    let done = run(Command::new(&tool).args(["who", "-s"]).arg(&socket).uid(65534).gid(65534), "");
    assert_eq!(done.status.code(), Some(4), "{}", done.text());
    assert!(done.err.contains("permission denied") && done.err.contains("ControlsSocketOwner"), "{}", done.err);
}

fn a_refusal_is_told_by_the_exit_code(layout: Layout) {
    for (reason, code, hint) in [
        ("denied", 3, "say\ngantry"),
        ("disabled", 3, "say"),
        ("unknown", 1, "`gantry actions`"),
        ("usage", 2, "say"),
        ("refused", 1, "say"),
        ("busy", 1, "say"),
        ("malformed", 1, "say"),
    ] {
        let answer = format!("{{\"ok\":false,\"reason\":\"{reason}\",\"error\":\"say\\ngantry \\u001b[2J\"}}\n");
        for words in [&["lsmod"][..], &["lsmod", "--json"]] {
            let done = at(&Scripted::one(&answer), layout, words);
            assert_eq!((done.status.code(), done.out.as_str()), (Some(code), ""), "{reason}: {}", done.err);
            assert!(done.err.starts_with("gantry: say\ngantry \\x1b[2J"), "{:?}", done.err);
            assert!(done.err.contains(hint), "{reason}: {}", done.err);
        }
    }
}

fn an_answer_that_is_none_is_4(layout: Layout) {
    let large = [b"{\"ok\":true,\"lines\":[\"".as_slice(), &vec![b'x'; (64 << 20) + 1]].concat();
    for (answer, words) in [
        (b"".to_vec(), "before its answer"),
        (b"{\"ok\":true,\"val".to_vec(), "during its answer"),
        (b"220 FTP\r\n".to_vec(), "not understood"),
        (b"{\"ok\":true,\"value\":{\"modules\":3}}\n".to_vec(), "not understood"),
        (b"\xff\xfe\n".to_vec(), "not understood"),
        (large, "larger than 64 MiB"),
    ] {
        let done = at(&Scripted::one(&answer), layout, &["lsmod"]);
        assert!(done.err.contains(words), "{words}: {}", done.err);
        assert_eq!((done.status.code(), done.out.as_str()), (Some(4), ""), "{words}");
    }
}

fn wrong_words_are_2_and_ask_nobody(layout: Layout) {
    for words in [
        &["rmmod"][..],
        &["rmmod", "mod_x", "--drain", "soon"],
        &["rmmod", "mod_x", "--drain", "5m", "--now"],
        &["kick", "bob"],
        &["kick", "user"],
        &["debug", "11"],
        &["dns", "perhaps"],
        &["top", "-n", "0"],
        &["lsmod", "extra"],
    ] {
        let done = run(gantry(layout).args(words), "");
        assert_eq!(done.status.code(), Some(2), "{words:?}: {}", done.text());
    }
    let done = at(&Scripted::one(""), layout, &["insmod", "mod_x", "--directives", "/nonexistent"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(done.err.contains("/nonexistent: No such file or directory"), "{}", done.err);
}

fn words_and_directives_arrive_as_they_were_given(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let (file, module) = (folder.path().join("more.conf"), folder.path().join("mod_x.so"));
    fs::write(&file, "SQLBackend sqlite3\n").unwrap();
    let (file, module) = (file.to_str().unwrap(), module.to_str().unwrap());
    let done = "{\"ok\":true,\"lines\":[],\"value\":{\"generation\":2,\"notices\":[\"a note\\u0007\"]}}\n";
    for (words, request) in [
        (&["insmod", "mod_x"][..], r#"{"action":"insmod","arguments":["mod_x"]}"#.to_owned()),
        (
            &["insmod", "mod_x", module, "-d", "A \"b c\"", "--directive", "D e", "--directives", file],
            format!(
                r#"{{"action":"insmod","arguments":["mod_x","{module}"],"input":"A \"b c\"\nD e\nSQLBackend sqlite3\n\n"}}"#
            ),
        ),
        (&["rmmod", "mod_x", "--drain", "5m"], r#"{"action":"rmmod","arguments":["mod_x","drain","300"]}"#.to_owned()),
        (&["rmmod", "mod_x", "--now"], r#"{"action":"rmmod","arguments":["mod_x","now"]}"#.to_owned()),
        (&["swap", "mod_x", module], format!(r#"{{"action":"swap","arguments":["mod_x","{module}"]}}"#)),
        (&["reload"], r#"{"action":"reload","arguments":[]}"#.to_owned()),
        (&["kick", "host", "-n", "3", "h"], r#"{"action":"kick","arguments":["host","-n","3","h"]}"#.to_owned()),
        (&["down", "127.0.0.1:21"], r#"{"action":"down","arguments":["127.0.0.1#21"]}"#.to_owned()),
        (&["up", "all"], r#"{"action":"up","arguments":["all"]}"#.to_owned()),
        (&["shutdown", "--graceful", "2m"], r#"{"action":"shutdown","arguments":["graceful","120"]}"#.to_owned()),
        (&["debug"], r#"{"action":"debug","arguments":["level"]}"#.to_owned()),
        (&["debug", "3"], r#"{"action":"debug","arguments":["level","3"]}"#.to_owned()),
        (&["trace"], r#"{"action":"trace","arguments":["info"]}"#.to_owned()),
        (&["trace", "a:1", "b:2"], r#"{"action":"trace","arguments":["a:1","b:2"]}"#.to_owned()),
        (&["dns", "off"], r#"{"action":"dns","arguments":["off"]}"#.to_owned()),
        (&["get", "config"], r#"{"action":"get","arguments":["config"]}"#.to_owned()),
        (&["status"], r#"{"action":"status","arguments":[]}"#.to_owned()),
    ] {
        let daemon = Scripted::one(done);
        let told = at(&daemon, layout, words).ok();
        assert!(!told.text().contains('\u{7}'), "{:?}", told.text());
        assert_eq!(daemon.asked(), [request + "\n"], "{words:?}");
    }
}

fn any_action_can_be_asked_for(layout: Layout) {
    let daemon = Scripted::one("{\"ok\":true,\"lines\":[\"one\",\"two\\u009b\"],\"value\":[1,\"\\u009b\"]}\n");
    let socket = daemon.socket();
    let words = ["control", "-s", socket.to_str().unwrap(), "frob", "-n", "--json", "3"];
    let told = run(gantry(layout).args(words), "").ok();
    assert_eq!(told.out, "one\ntwo\\x9b\n");
    assert_eq!(daemon.asked(), ["{\"action\":\"frob\",\"arguments\":[\"-n\",\"--json\",\"3\"]}\n"]);
    let daemon = Scripted::one("{\"ok\":true,\"lines\":[],\"value\":[1,\"\\u009b\\u001b\"]}\n");
    let socket = daemon.socket();
    let words = ["control", "--json", "-s", socket.to_str().unwrap(), "frob"];
    assert_eq!(run(gantry(layout).args(words), "").ok().out, "[1,\"\\u009b\\u001b\"]\n");
}

fn rmmod_waits_until_the_module_has_gone(layout: Layout) {
    let listed = |state: &str| {
        format!("{{\"ok\":true,\"value\":{{\"modules\":[{{\"name\":\"mod_x\",\"state\":\"{state}\"}}]}}}}\n")
            .into_bytes()
    };
    let answers = vec![
        b"{\"ok\":true,\"value\":{\"module\":\"mod_x\",\"sessions\":1}}\n".to_vec(),
        listed("retiring"),
        listed("retiring"),
        listed("retired"),
    ];
    // Each connection is ended by the daemon, as one that was silent for long is.
    let daemon = Scripted::answering(answers);
    let told = at(&daemon, layout, &["rmmod", "mod_x.c", "--wait"]).ok();
    assert_eq!(told.out, "mod_x removed for new sessions; 1 session still uses it\nmod_x has stopped\n");
    assert_eq!(daemon.asked().len(), 4);
}

fn who_is_watched_until_the_daemon_ends(layout: Layout) {
    let who = |id: u32| format!("{{\"ok\":true,\"value\":{{\"sessions\":[{{\"id\":{id}}}]}}}}\n").into_bytes();
    let daemon = Scripted::answering(vec![who(1), who(2)]);
    let done = at(&daemon, layout, &["who", "--watch", "1", "--json"]);
    assert_eq!(done.out, "{\"sessions\":[{\"id\":1}]}\n{\"sessions\":[{\"id\":2}]}\n");
    assert_eq!(done.status.code(), Some(4), "{}", done.err);
}

fn a_reader_that_has_seen_enough_is_no_fault(layout: Layout) {
    let lines = vec!["\"a line of an answer that is long\""; 100_000].join(",");
    let daemon = Scripted::one(format!("{{\"ok\":true,\"lines\":[{lines}]}}\n"));
    let tool = layout.prefix().join("bin/gantry");
    let script = format!("{} control -s {} frob | head -n 1", tool.display(), daemon.socket().display());
    let done = run(Command::new("sh").args(["-c", &script]), "").ok();
    assert_eq!((done.out.as_str(), done.err.as_str()), ("a line of an answer that is long\n", ""));
}

fn ftpdctl_has_that_commands_words(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    let none = none.to_str().unwrap();
    for (words, code, out, err) in [
        (&[][..], 1, "ftpdctl: missing required action\n", ""),
        (&["-x"], 1, "ftpdctl: unknown option: x\nftpdctl: missing required action\n", ""),
        (&["-s"], 1, "ftpdctl: unknown option: s\nftpdctl: missing required action\n", ""),
        (&["-s", "sock", "lsmod"], 1, "", "ftpdctl: alternate socket path must be an absolute path\n"),
        (
            &["-v", "-s", none, "kick", "-n"],
            1,
            "ftpdctl: adding \"kick\" to reqargv\nftpdctl: adding \"-n\" to reqargv\n",
            &format!("ftpdctl: error contacting server using '{none}': No such file or directory\n"),
        ),
    ] {
        let done = under(layout, "ftpdctl", words, Path::new(none));
        assert_eq!((done.status.code(), done.out.as_str()), (Some(code), out), "{words:?}");
        assert!(done.err.starts_with(err) && (err.is_empty() == done.err.is_empty()), "{words:?}: {}", done.err);
    }
    for (answer, out) in [
        ("{\"ok\":true,\"lines\":[\"mod_x.c\",\"a\\nb\\u001b\"]}\n", "ftpdctl: mod_x.c\nftpdctl: a\nftpdctl: b\\x1b\n"),
        (
            "{\"ok\":false,\"reason\":\"denied\",\"error\":\"add this\"}\n",
            "ftpdctl: access denied\nftpdctl: add this\n",
        ),
        (
            "{\"ok\":false,\"reason\":\"unknown\",\"error\":\"none\"}\n",
            "ftpdctl: unsupported action requested\nftpdctl: none\n",
        ),
        ("{\"ok\":false,\"reason\":\"refused\",\"error\":\"error loading it\"}\n", "ftpdctl: error loading it\n"),
    ] {
        let daemon = Scripted::one(answer);
        let done = under(layout, "ftpdctl", &["frob"], &daemon.socket());
        assert_eq!((done.status.code(), done.out.as_str()), (Some(0), out), "{}", done.err);
    }
}

fn the_other_names_take_their_options(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    for (name, words, code, text) in [
        ("ftpwho", &["-h"][..], 0, "usage: ftpwho [options]\n"),
        ("ftpwho", &["-o", "xml"], 1, "unknown outform value: 'xml'\n"),
        ("ftpwho", &["-x"], 1, "unknown option: x\nusage: ftpwho"),
        ("ftpwho", &["-f", "/run/sb"], 1, "ftpwho: -f has no effect: Gantry has no scoreboard\n"),
        ("ftpwho", &["-c", "/nonexistent"], 1, "ftpwho: /nonexistent: No such file or directory\n"),
        ("ftpcount", &["--help"], 0, "usage: ftpcount [options]\n"),
        ("ftpcount", &[], 1, "ftpcount: control socket not found"),
        ("ftptop", &["-V"], 0, "ftptop/1.0 "),
        ("ftptop", &["-d", "16"], 1, "ftptop: -d takes 0 to 15 seconds, not '16'\n"),
        ("ftpshut", &["-h"], 1, "ftpshut: unknown option 'h'\nusage: ftpshut"),
        ("ftpshut", &["+10", "bye"], 1, "ftpshut: the only time is now"),
        ("ftpshut", &["2599"], 1, "ftpshut: Invalid time interval specified.\nusage: ftpshut"),
        ("prxs", &["-h"], 0, "usage: prxs <action>"),
        ("prxs", &["-c", "-l", "ssl", "mod_x.c"], 1, "prxs: -l is for C"),
    ] {
        let done = under(layout, name, words, &none);
        assert_eq!(done.status.code(), Some(code), "{name} {words:?}: {}", done.text());
        assert!(done.text().starts_with(text), "{name} {words:?}: {}", done.text());
    }
}

fn completions_are_installed(layout: Layout) {
    let share = layout.prefix().join("share");
    for (file, words) in [
        ("bash-completion/completions/gantry", "complete -F _gantry"),
        ("zsh/site-functions/_gantry", "#compdef gantry"),
        ("fish/vendor_completions.d/gantry.fish", "complete -c gantry"),
    ] {
        let text = fs::read_to_string(share.join(file)).unwrap();
        assert!(text.contains(words) && text.contains("insmod"), "{file}");
    }
    for page in ["man1/gantry.1", "man1/ftpwho.1", "man1/prxs.1", "man8/ftpdctl.8", "man8/ftpshut.8"] {
        assert!(share.join("man").join(page).is_file(), "{page}");
    }
}

both_layouts!(
    a_daemon_that_cannot_be_reached_is_4,
    a_socket_that_is_not_ours_is_4,
    a_refusal_is_told_by_the_exit_code,
    an_answer_that_is_none_is_4,
    wrong_words_are_2_and_ask_nobody,
    words_and_directives_arrive_as_they_were_given,
    any_action_can_be_asked_for,
    rmmod_waits_until_the_module_has_gone,
    who_is_watched_until_the_daemon_ends,
    a_reader_that_has_seen_enough_is_no_fault,
    ftpdctl_has_that_commands_words,
    the_other_names_take_their_options,
    completions_are_installed,
);
