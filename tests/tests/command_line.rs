//! gantryd's own arguments, and what it says of a configuration's faults.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::server::Trial;

fn trial(layout: Layout, change: impl FnOnce(&mut Config)) -> Trial {
    Trial::run(&layout.gantryd(), &["-t"], change)
}

fn t_finds_no_fault_in_a_sound_file(layout: Layout) {
    let trial = trial(layout, |_| {});
    assert!(trial.done.status.success(), "{}", trial.done.text());
    assert!(trial.done.text().contains("Syntax check complete."), "{}", trial.done.text());
}

fn t_names_an_unknown_directive_with_file_and_line(layout: Layout) {
    let trial = trial(layout, |config| {
        config.add("NoSuchDirective", "on");
    });
    let line = trial.config.line_of("NoSuchDirective");
    let expected = format!(
        "Fatal: unknown configuration directive 'NoSuchDirective' on line {line} of '{}'",
        trial.file().display()
    );
    assert_eq!(trial.fatal(), expected);
}

fn a_directive_above_the_load_of_its_module_is_unknown_where_it_is_loaded(layout: Layout) {
    let trial = trial(layout, |config| {
        config.remove("LoadModule").add("LoadModule", "mod_sql.c").add("LoadModule", "mod_sql_sqlite.c");
    });
    match layout {
        Layout::Static => assert!(trial.done.status.success(), "{}", trial.done.text()),
        Layout::Shared => {
            let line = trial.config.line_of("SQLBackend");
            let expected = format!(
                "Fatal: unknown configuration directive 'SQLBackend' on line {line} of '{}'",
                trial.file().display()
            );
            assert_eq!(trial.fatal(), expected);
            assert!(
                trial.done.err.contains("mod_sql"),
                "it says which module brings the directive: {}",
                trial.done.err
            );
        }
    }
}

fn t_names_a_module_that_cannot_be_loaded(layout: Layout) {
    let trial = trial(layout, |config| {
        config.add("LoadModule", "mod_no_such_module.c");
    });
    let (line, fatal) = (trial.config.line_of("mod_no_such_module"), trial.fatal());
    assert!(fatal.starts_with("Fatal: LoadModule: error loading module 'mod_no_such_module.c': "), "{fatal}");
    assert!(fatal.ends_with(&format!(" on line {line} of '{}'", trial.file().display())), "{fatal}");
}

fn t_names_wrong_values_and_wrong_places(layout: Layout) {
    for (fault, word) in [
        ("AllowOverwrite perhaps", "AllowOverwrite"),
        ("Port seventy", "Port"),
        ("Umask 999", "Umask"),
        ("<Limit WRITE>\n  Port 21\n</Limit>", "Port"),
        ("<Directory /x>\n  DenyAll", "unclosed configuration section"),
        ("</Global>", "Global"),
    ] {
        let trial = trial(layout, |config| {
            config.block(fault);
        });
        assert!(trial.fatal().contains(word), "{fault}: {}", trial.fatal());
    }
}

fn a_missing_file_is_named(layout: Layout) {
    let done = run(Command::new(layout.gantryd()).args(["-t", "-c", "/nonexistent/gantryd.conf"]), "");
    assert!(!done.status.success());
    assert!(done.err.contains("/nonexistent/gantryd.conf"), "{}", done.err);
}

fn what_is_no_regular_file_is_refused_by_its_kind(layout: Layout) {
    let folder = tempfile::tempdir().unwrap();
    let (fifo, socket) = (folder.path().join("fifo"), folder.path().join("socket"));
    run(Command::new("mkfifo").arg(&fifo), "").ok();
    let _listener = UnixListener::bind(&socket).unwrap();
    for (path, kind) in [(fifo.as_path(), "fifo"), (&socket, "socket"), (Path::new("/dev/zero"), "device")] {
        let unreadable =
            format!("unable to read configuration file '{}': Is a {kind}, not a regular file", path.display());
        let done = run(Command::new(layout.gantryd()).args(["-t", "-c"]).arg(path), "");
        assert!(!done.status.success() && done.err.contains(&unreadable), "{}", done.text());
        let trial = trial(layout, |config| {
            config.block(format!("Include {}", path.display()));
        });
        assert!(trial.fatal().contains(&unreadable), "{}", trial.fatal());
    }
}

fn the_server_does_not_start_with_a_faulty_file(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-n"], |config| {
        config.add("NoSuchDirective", "on");
    });
    assert!(trial.fatal().contains("'NoSuchDirective'"));
}

fn a_wrong_argument_is_refused(layout: Layout) {
    let done = run(Command::new(layout.gantryd()).arg("--nonsense"), "");
    assert_eq!(done.status.code(), Some(2), "{}", done.text());
}

fn v_tells_the_version(layout: Layout) {
    let done = run(Command::new(layout.gantryd()).arg("-v"), "").ok();
    assert!(done.text().contains(concat!("Gantry Version ", env!("CARGO_PKG_VERSION"))), "{}", done.text());
}

fn l_and_big_v_tell_the_layouts_apart(layout: Layout) {
    let list = run(Command::new(layout.gantryd()).arg("-l"), "").ok().text();
    let settings = run(Command::new(layout.gantryd()).arg("-V"), "").ok().text();
    assert_eq!(list.contains("mod_sql.c"), layout == Layout::Static, "{list}");
    assert!(list.contains("mod_core.c"), "{list}");
    let linked = settings.lines().any(|line| line.trim_start().starts_with("mod_sql "));
    assert_eq!(linked, layout == Layout::Static, "{settings}");
    for (feature, wanted) in [("static-mod_sql", Layout::Static), ("shared-mod_sql", Layout::Shared)] {
        let sign = if layout == wanted { '+' } else { '-' };
        assert!(settings.contains(&format!("    {sign} {feature}\n")), "{settings}");
    }
    let stamp =
        settings.lines().find_map(|line| line.trim().strip_prefix("Stamp: ")).unwrap_or_else(|| panic!("{settings}"));
    assert!(stamp.len() == 12 && stamp.bytes().all(|byte| byte.is_ascii_hexdigit()), "{stamp}");
}

fn loading_a_linked_in_module_is_a_notice(layout: Layout) {
    let trial = trial(layout, |_| {});
    let notice = trial
        .done
        .text()
        .lines()
        .any(|line| line.contains("LoadModule") && line.contains("mod_sql") && line.contains("linked in"));
    assert_eq!(notice, layout == Layout::Static, "{}", trial.done.text());
}

fn if_module_asks_for_either_layout(layout: Layout) {
    let trial = trial(layout, |config| {
        config.block("<IfModule mod_sql.c>\n  Umask 027\n</IfModule>\n<IfModule mod_no_such_module.c>\n  NoSuchDirective on\n</IfModule>\n<IfModule !mod_sql.c>\n  NoSuchDirective on\n</IfModule>");
    });
    assert!(trial.done.status.success(), "{}", trial.done.text());
}

fn include_reads_another_file_and_names_its_lines(layout: Layout) {
    let with = |text: &'static str| {
        trial(layout, |config| {
            let path = config.folder().join("more.conf");
            std::fs::write(&path, text).unwrap();
            config.block(format!("Include {}", path.display()));
        })
    };
    let sound = with("Umask 027\n");
    assert!(sound.done.status.success(), "{}", sound.done.text());
    let faulty = with("# a comment\n\nNoSuchDirective on\n");
    let more = faulty.folder().join("more.conf");
    assert_eq!(
        faulty.fatal(),
        format!("Fatal: unknown configuration directive 'NoSuchDirective' on line 3 of '{}'", more.display())
    );
}

both_layouts!(
    t_finds_no_fault_in_a_sound_file,
    t_names_an_unknown_directive_with_file_and_line,
    a_directive_above_the_load_of_its_module_is_unknown_where_it_is_loaded,
    t_names_a_module_that_cannot_be_loaded,
    t_names_wrong_values_and_wrong_places,
    a_missing_file_is_named,
    what_is_no_regular_file_is_refused_by_its_kind,
    the_server_does_not_start_with_a_faulty_file,
    a_wrong_argument_is_refused,
    v_tells_the_version,
    l_and_big_v_tell_the_layouts_apart,
    loading_a_linked_in_module_is_a_notice,
    if_module_asks_for_either_layout,
    include_reads_another_file_and_names_its_lines,
);
