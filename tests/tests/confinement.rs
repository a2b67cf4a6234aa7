//! Nobody leaves the root: not by dots, not by links, whichever command is
//! used for it.

use std::fs;
use std::os::unix::fs::symlink;

use gantry_tests::prelude::*;

/// A file outside of the root, and links to it of each kind inside.
fn tempted(layout: Layout) -> Server {
    let server = Server::start(layout);
    fs::write(server.scratch().join("secret"), "secret").unwrap();
    let home = server.home();
    symlink(server.scratch(), home.join("absolute")).unwrap();
    symlink("../scratch", home.join("relative")).unwrap();
    symlink(server.scratch().join("secret"), home.join("absolute-file")).unwrap();
    symlink("../scratch/secret", home.join("relative-file")).unwrap();
    symlink("/proc/self/root", home.join("magic")).unwrap();
    server
}

fn dots_lead_no_further_than_the_root(layout: Layout) {
    let server = tempted(layout);
    server.put("inside", "x");
    let mut wire = server.login();
    for line in ["CWD ..", "CWD ../../../..", "CWD /..", "CWD /../../etc/.."] {
        let answer = wire.ask(line);
        assert!([250, 550].contains(&answer.code), "{line}: {}", answer.text());
        assert!(wire.expect("PWD", 257).text().starts_with("257 \"/\""), "{line}");
    }
    wire.expect("CDUP", 250);
    assert!(wire.expect("PWD", 257).text().starts_with("257 \"/\""));
    assert_eq!(wire.fetch("RETR ../../inside"), b"x");
}

fn nothing_outside_is_read(layout: Layout) {
    let server = tempted(layout);
    let (folder, mut wire) = (server.scratch(), server.login());
    let host = folder.join("secret");
    for path in [
        "../scratch/secret",
        "absolute/secret",
        "relative/secret",
        "absolute-file",
        "relative-file",
        "/etc/passwd",
        "../../../../../../../../etc/passwd",
        "magic/etc/passwd",
        "/proc/self/environ",
        host.to_str().unwrap(),
    ] {
        let _stream = wire.passive();
        wire.expect(format!("RETR {path}"), 550);
        for verb in ["SIZE", "MDTM"] {
            wire.expect(format!("{verb} {path}"), 550);
        }
    }
}

fn nothing_outside_is_listed_or_entered(layout: Layout) {
    let server = tempted(layout);
    let mut wire = server.login();
    for path in ["absolute", "relative", "../scratch", "magic", "/etc"] {
        wire.expect(format!("CWD {path}"), 550);
        for verb in ["LIST", "NLST", "MLSD"] {
            let mut stream = wire.passive();
            let answer = wire.ask(format!("{verb} {path}"));
            if answer.code == 150 {
                let listed = gantry_tests::wire::read_all(&mut stream);
                assert!(!String::from_utf8_lossy(&listed).contains("secret\r\n"), "{verb} {path}");
                wire.reply();
            }
        }
    }
}

fn nothing_outside_is_changed(layout: Layout) {
    let server = tempted(layout);
    server.put("mine", "mine");
    let mut wire = server.login();
    for path in ["absolute/new", "relative/new", "../scratch/new", "../new", "magic/tmp/gantry-new"] {
        for line in [format!("MKD {path}"), format!("STOR {path}")] {
            let _stream = wire.passive();
            // `..` of the root is the root: there a name may be made.
            let _ = wire.ask(&line);
            let _ = wire.ask("ABOR");
        }
    }
    let mut wire = server.login();
    for path in ["absolute-file", "relative-file"] {
        let mut stream = wire.passive();
        if wire.ask(format!("STOR {path}")).code == 150 {
            std::io::Write::write_all(&mut stream, b"changed").unwrap();
            drop(stream);
            wire.reply();
        }
    }
    for path in ["absolute/secret", "relative/secret", "../scratch/secret"] {
        wire.expect(format!("DELE {path}"), 550);
        assert_eq!(wire.ask(format!("RNFR {path}")).code, 550);
        wire.expect("RNFR mine", 350);
        assert!(wire.ask(format!("RNTO {path}")).code >= 500, "{path}");
    }
    assert_eq!(fs::read(server.scratch().join("secret")).unwrap(), b"secret");
    let outside: Vec<_> = fs::read_dir(server.scratch()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(outside, ["secret"]);
    assert!(!server.folder().join("new").exists());
    assert_eq!(server.read("mine"), b"mine");
}

fn links_inside_the_root_are_followed(layout: Layout) {
    let server = Server::start(layout);
    server.make_folder("sub");
    server.put("sub/file", "content");
    symlink("sub/file", server.home().join("relative")).unwrap();
    // As in a chroot: an absolute link begins at the session's root.
    symlink("/sub", server.home().join("absolute")).unwrap();
    let mut wire = server.login();
    assert_eq!(wire.fetch("RETR relative"), b"content");
    assert_eq!(wire.fetch("RETR absolute/file"), b"content");
    wire.expect("DELE relative", 250);
    assert_eq!(server.read("sub/file"), b"content", "the link goes, not what it leads to");
}

fn sessions_with_one_root_share_its_handle(layout: Layout) {
    let server = Server::start(layout);
    let handles = || {
        let all = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap();
        let names = all.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        names.filter(|name| *name == server.home().canonicalize().unwrap()).count()
    };
    let mut wires: Vec<_> = (0..20).map(|_| server.login()).collect();
    assert_eq!(handles(), 1);
    wires.iter_mut().for_each(|wire| drop(wire.expect("MKD /", 550)));
    drop(wires);
    gantry_tests::wait::for_condition("the root is let go of", || handles() == 0);
}

fn the_kernels_own_files_are_nobodys(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.remove("DefaultRoot");
    });
    server.wait_for_log(&["has no DefaultRoot", "see all files of the host"]);
    let mut wire = server.login();
    for name in ["/proc/self/maps", "/proc/self/environ", "/proc/1/status", "/sys/kernel/mm/ksm/run"] {
        let _stream = wire.passive();
        let answer = wire.ask(format!("RETR {name}"));
        assert_eq!(answer.code, 550, "{name}: {}", answer.text());
    }
    let _stream = wire.passive();
    wire.expect("STOR /proc/self/oom_score_adj", 550);
    for line in ["CWD /proc", "CWD /proc/self/fd", "CWD /sys", "MDTM /proc/self/maps", "MKD /sys/fs/cgroup/x"] {
        let answer = wire.ask(line);
        assert_eq!(answer.code, 550, "{line}: {}", answer.text());
    }
    assert!(wire.list("NLST /").iter().any(|name| name.ends_with("etc")));
}

both_layouts!(
    sessions_with_one_root_share_its_handle,
    dots_lead_no_further_than_the_root,
    nothing_outside_is_read,
    nothing_outside_is_listed_or_entered,
    nothing_outside_is_changed,
    links_inside_the_root_are_followed,
    the_kernels_own_files_are_nobodys,
);
