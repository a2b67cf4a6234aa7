//! What Debian's ProFTPD does, by the same file and the same client: system users and PAM.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use gantry_tests::host::{PamService, SystemUser, may_make_users};
use gantry_tests::layout::{self, daemon};
use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::proftpd::{self, ProFtpd};

/// What USER and PASS are answered.
fn answers(wire: &mut Wire, user: &str, password: &str) -> String {
    let first = wire.ask(format!("USER {user}"));
    let second = wire.ask(format!("PASS {password}"));
    let place = wire.ask("PWD");
    format!("{}\n{}\n{}", first.text(), second.text(), place.text())
}

/// A configuration with other lines for some directives.
fn replaced(text: &str, lines: &[(&str, &str)]) -> String {
    let line = |line: &str| {
        let directive = line.split_whitespace().next().unwrap_or_default();
        let other = lines.iter().find(|(name, _)| *name == directive).map(|(_, other)| *other);
        format!("{}\n", other.unwrap_or(line))
    };
    text.lines().map(line).collect()
}

fn debians_configuration_serves_system_users_over_pam(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let file = |path: &str| proftpd::file(&format!("/usr/share/proftpd/templates/{path}"));
    let (Some(main), Some(modules)) = (file("proftpd.conf"), file("modules.conf")) else { return };
    let Some(pam) = proftpd::file("/etc/pam.d/proftpd") else { return };
    let service = PamService::new(&pam);
    let server = Server::of_file(&layout.gantryd(), |folder| {
        let path = folder.join("proftpd.conf");
        let shown = folder.display().to_string();
        let in_folder = |text: &str| {
            text.replace("/etc/proftpd/", &format!("{shown}/"))
                .replace("/var/log/proftpd/proftpd.log", &format!("{shown}/var/system.log"))
                .replace("/var/log/proftpd", &format!("{shown}/var"))
                .replace("/var/run/proftpd", &format!("{shown}/var"))
                .replace("/usr/lib/proftpd", &layout::shared_objects().display().to_string())
        };
        // Paths, port and user, as they are on this machine, and the module that ProFTPD has built in.
        let lines = [("Port", "Port any\nDefaultAddress 127.0.0.1"), ("User", "User nobody")];
        fs::write(&path, replaced(&in_folder(&main), &lines)).unwrap();
        fs::write(folder.join("modules.conf"), in_folder(&modules)).unwrap();
        let (pam, order) = (&service.name, "AuthOrder mod_auth_pam.c* mod_auth_unix.c");
        fs::create_dir(folder.join("conf.d")).unwrap();
        let own = format!("LoadModule mod_auth_pam.c\nAuthPAMConfig {pam}\n{order}\n");
        fs::write(folder.join("conf.d/pam.conf"), own).unwrap();
        run(daemon(&layout.prefix()).arg("-t").arg("-c").arg(&path), "").ok();
        path
    });
    let user = SystemUser::new();
    let mut wire = server.connect();
    wire.expect(format!("USER {}", user.name), 331);
    wire.expect("PASS wrong", 530);
    wire.login(&user.name, PASSWORD);
    assert!(wire.expect("PWD", 257).text().contains(&format!("\"{}\"", user.home.display())));
    wire.give("STOR file", b"content");
    let made = fs::metadata(user.home.join("file")).unwrap();
    assert_eq!((made.uid(), made.mode() & 0o777), (user.uid, 0o644));
    let mut wire = server.connect();
    wire.expect("USER root", 331);
    wire.expect("PASS x", 530);
    let done = run(
        Command::new("curl")
            .arg("--silent")
            .arg("--user")
            .arg(format!("{}:{PASSWORD}", user.name))
            .arg(format!("ftp://{}/file", server.address())),
        "",
    );
    assert_eq!(done.ok().out, "content");
}

fn logins_are_answered_as_proftpd_answers_them(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let service = PamService::new(
        "auth required pam_unix.so nodelay\naccount required pam_unix.so\nsession required pam_permit.so\n",
    );
    let denying = PamService::new("auth required pam_deny.so\naccount required pam_permit.so\n");
    let usual = SystemUser::new();
    let shellless = SystemUser::with(&["--shell", "/bin/false"]);
    let locked = SystemUser::new();
    locked.modify(&["--lock"]);
    let expired = SystemUser::new();
    expired.age(&["--expiredate", "2020-01-01"]);
    let root = SystemUser::with(&["--non-unique", "--uid", "0"]);
    let logins = [
        (usual.name.as_str(), PASSWORD),
        (&usual.name, "wrong"),
        (&usual.name, ""),
        (&shellless.name, PASSWORD),
        (&locked.name, PASSWORD),
        (&expired.name, PASSWORD),
        (&root.name, PASSWORD),
        ("no-such-user", PASSWORD),
    ];
    for lines in [
        "AuthOrder mod_auth_unix.c\n".to_owned(),
        format!("AuthPAMConfig {}\n", service.name),
        format!("AuthPAMConfig {}\nAuthOrder mod_auth_pam.c* mod_auth_unix.c\n", service.name),
        format!("AuthPAMConfig {}\nAuthOrder mod_auth_pam.c mod_auth_unix.c\n", denying.name),
        format!("AuthPAMConfig {}\nAuthOrder mod_auth_pam.c* mod_auth_unix.c\n", denying.name),
        format!("AuthPAMConfig {}\nAuthPAM off\nAuthOrder mod_auth_pam.c* mod_auth_unix.c\n", denying.name),
        "AuthOrder mod_auth_unix.c\nRequireValidShell off\nRootLogin on\n".to_owned(),
    ] {
        let Some(proftpd) = ProFtpd::start(&lines) else { return };
        let gantry = Server::with(layout, |config| {
            config.without_sql().remove("AuthUserFile").remove("AuthOrder").remove("DefaultRoot");
            config.remove("RequireValidShell").add("LoadModule", "mod_auth_pam.c").block(&lines);
        });
        for (user, password) in logins {
            let ours = answers(&mut gantry.connect(), user, password);
            assert_eq!(ours, answers(&mut proftpd.connect(), user, password), "{user} by\n{lines}");
        }
    }
}

fn limit_all_covers_what_it_covers_in_proftpd(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let user = SystemUser::new();
    let lines = "<Limit ALL>\n  DenyAll\n</Limit>\nAuthOrder mod_auth_unix.c\n";
    let Some(proftpd) = ProFtpd::start(lines) else { return };
    let gantry = Server::with(layout, |config| {
        config.without_sql().remove("AuthUserFile").remove("AuthOrder").remove("DefaultRoot").block(lines);
    });
    // What Gantry and ProFTPD both have.
    let commands = "ABOR, ALLO 1, APPE x, CDUP, CWD x, DELE x, EPSV, FEAT, HELP, MDTM x, MKD x, MLST, MODE S, NOOP, \
                    OPTS UTF8 on, PASV, PORT 127,0,0,1,40,1, PWD, REST 0, RMD x, RNFR x, SITE CHMOD 600 x, SITE HELP, \
                    STAT, STOR x, STRU F, SYST, TYPE I, XCUP, XPWD, QUIT";
    let (mut ours, mut theirs) = (gantry.connect(), proftpd.connect());
    for wire in [&mut ours, &mut theirs] {
        wire.login(&user.name, PASSWORD);
    }
    for command in commands.split(", ") {
        let refused = [&mut ours, &mut theirs].map(|wire| wire.ask(command).code >= 500);
        assert_eq!(refused[0], refused[1], "{command}");
    }
}

both_layouts!(
    debians_configuration_serves_system_users_over_pam,
    limit_all_covers_what_it_covers_in_proftpd,
    logins_are_answered_as_proftpd_answers_them,
);
