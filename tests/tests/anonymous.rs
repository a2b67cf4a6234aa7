//! `<Anonymous>`: who logs in by such a section, what holds for its sessions, and
//! what does not for all others. The replies are those of ProFTPD 1.3.8 to the same
//! configuration.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;

use gantry_tests::clients::{Client, Curl, Job, Lftp};
use gantry_tests::config::Account;
use gantry_tests::prelude::*;
use gantry_tests::sample::{self, assert_same};

/// What USER answers where any password will do.
const INVITED: &str = "331 Anonymous login ok, send your complete email address as your password";
/// What PASS answers then.
const GRANTED: &str = "230 Anonymous access granted, restrictions apply";

/// A server with a section for the user `visitor`, whose root is the folder
/// `public`; `lines` stand in it.
fn with_section(layout: Layout, lines: &str) -> Server {
    with_sections(layout, |_, public| section(public, &format!("UserAlias anonymous visitor\n{lines}")))
}

/// A server with sections; where the folder `public` is, is given.
fn with_sections(layout: Layout, sections: impl FnOnce(&mut Config, &str) -> String) -> Server {
    let server = Server::with(layout, |config| {
        let public = config.folder().join("public").display().to_string();
        let text = sections(config, &public);
        config.block(text);
    });
    let (uid, gid) = ids();
    let public = server.folder().join("public");
    for name in ["", "in", "uploads", "uploads/sub", "closed"] {
        fs::create_dir(public.join(name)).unwrap();
        own(&public.join(name));
    }
    for name in ["file", "closed/secret"] {
        fs::write(public.join(name), "content").unwrap();
        own(&public.join(name));
    }
    let home = public.join("in");
    server
        .sql(&format!("INSERT INTO users VALUES ('visitor', 'ticket', {uid}, {gid}, '{}', '/bin/sh')", home.display()));
    server
}

fn section(root: &str, lines: &str) -> String {
    format!("<Anonymous {root}>\n  User visitor\n  Group {}\n{lines}\n</Anonymous>", ids().1)
}

/// Whose files the visitors' are.
fn ids() -> (u32, u32) {
    if is_root() { (54_323, 54_324) } else { Account::ids() }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

fn own(path: &std::path::Path) {
    if is_root() {
        let (uid, gid) = ids();
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

fn public(server: &Server, name: &str) -> PathBuf {
    server.folder().join("public").join(name)
}

fn anonymous(server: &Server) -> Wire {
    visitor(server, "anonymous")
}

/// A client that any password lets in.
#[track_caller]
fn visitor(server: &Server, name: &str) -> Wire {
    let mut wire = server.connect();
    assert_eq!(wire.expect(format!("USER {name}"), 331).text(), INVITED);
    wire.expect("PASS me@example.com", 230);
    wire
}

/// Logs in with a password that has to be right.
#[track_caller]
fn log_in(server: &Server, name: &str, password: &str) -> (Wire, Answer) {
    let mut wire = server.connect();
    assert_eq!(wire.expect(format!("USER {name}"), 331).text(), format!("331 Password required for {name}"));
    let answer = wire.ask(format!("PASS {password}"));
    (wire, answer)
}

#[track_caller]
fn refused(server: &Server, name: &str) -> Answer {
    let mut wire = server.connect();
    wire.expect(format!("USER {name}"), 331);
    wire.expect("PASS me@example.com", 530)
}

fn user_and_alias_lead_to_the_section(layout: Layout) {
    let server = with_section(layout, "");
    for name in ["anonymous", "visitor"] {
        for password in ["me@example.com", "x", ""] {
            let mut wire = server.connect();
            assert_eq!(wire.expect(format!("USER {name}"), 331).text(), INVITED);
            assert_eq!(wire.expect(format!("PASS {password}"), 230).text(), GRANTED);
        }
    }
    let mut wire = anonymous(&server);
    assert!(wire.expect("PWD", 257).text().starts_with("257 \"/\""));
    assert_eq!(wire.list("NLST"), ["closed", "file", "in", "uploads"]);
    wire.expect("CWD ..", 250);
    assert_eq!(wire.fetch("RETR /file"), b"content");
    assert_eq!(wire.expect("USER visitor", 501).text(), "501 Reauthentication not supported");
    assert_eq!(log_in(&server, "Anonymous", "x").1.text(), "530 Login incorrect.");
    let mut wire = server.login();
    assert!(wire.list("NLST").is_empty(), "all others have their homes");
}

fn a_name_may_be_changed_before_its_password(layout: Layout) {
    let server = with_section(layout, "");
    let mut wire = server.connect();
    wire.expect("USER anonymous", 331);
    wire.login(USER, PASSWORD);
    assert!(wire.list("NLST").is_empty());
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("USER anonymous", 331);
    assert_eq!(wire.expect("PASS x", 230).text(), GRANTED);
    let mut wire = server.connect();
    wire.expect("USER anonymous", 331);
    wire.expect(format!("USER {USER}"), 331);
    wire.expect("PASS me@example.com", 530);
}

fn files_are_its_users_and_its_groups(layout: Layout) {
    if !is_root() {
        eprintln!("left out: only root can serve users of several ids");
        return;
    }
    let server = with_sections(layout, |_, public| {
        format!("<Anonymous {public}>\n  User visitor\n  Group 54325\n  Umask 027 007\n</Anonymous>")
    });
    let mut wire = visitor(&server, "visitor");
    wire.give("STOR new", b"new");
    wire.expect("MKD folder", 257);
    for (name, mode) in [("new", 0o640), ("folder", 0o770)] {
        let made = fs::metadata(public(&server, name)).unwrap();
        assert_eq!((made.uid(), made.gid(), made.mode() & 0o777), (54_323, 54_325, mode), "{name}");
    }
    fs::write(public(&server, "private"), "private").unwrap();
    fs::set_permissions(public(&server, "private"), fs::Permissions::from_mode(0o600)).unwrap();
    let _stream = wire.passive();
    wire.expect("RETR private", 550);
}

fn real_clients_carry_files(layout: Layout) {
    let server = with_section(layout, "AllowOverwrite on");
    let (source, back) = (server.scratch().join("source"), server.scratch().join("back"));
    sample::file(&source, 300_001, 1);
    let mut target = server.target();
    (target.user, target.password) = ("anonymous".to_owned(), "me@example.com".to_owned());
    for client in [&Curl as &dyn Client, &Lftp::default()] {
        let _ = fs::remove_file(&back);
        client.put(&target, &[Job::whole(&source, "in/carried")]);
        assert_same(&source, &public(&server, "in/carried"));
        client.get(&target, &[Job::whole(&back, "in/carried")]);
        assert_same(&source, &back);
    }
}

fn roots_may_be_homes(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        let other = config.home().display().to_string();
        let alias = |name: &str| format!("UserAlias {name} visitor");
        [
            section("~", &alias("own")),
            section("~visitor", &alias("named")),
            section("~/../uploads", &alias("below")),
            section(&format!("~{USER}"), &alias("of-another")),
            section("~nobody-of-this-name", &alias("of-nobody")),
            section(&format!("{public}/nowhere"), &alias("nowhere")),
            section(&format!("{public}/file"), &alias("file")),
            section(&other, &alias("last")),
        ]
        .join("\n")
    });
    fs::write(public(&server, "in/mine"), "x").unwrap();
    server.put("alices", "x");
    for (name, names) in [
        ("own", &["mine"][..]),
        ("named", &["mine"]),
        ("below", &["sub"]),
        ("of-another", &["alices"]),
        ("last", &["alices"]),
    ] {
        let mut wire = visitor(&server, name);
        assert_eq!(wire.list("NLST"), names, "{name}");
        assert!(wire.expect("PWD", 257).text().starts_with("257 \"/\""), "{name}");
    }
    for name in ["of-nobody", "nowhere", "file"] {
        let mut wire = server.connect();
        wire.expect(format!("USER {name}"), 331);
        let answer = wire.expect("PASS x", 530);
        assert_eq!(answer.lines, ["530-Unable to set anonymous privileges.", "530 Login incorrect."], "{name}");
        wire.login(USER, PASSWORD);
    }
}

fn what_is_not_known_lets_nobody_in(layout: Layout) {
    let server = with_sections(layout, |_, public| {
        format!(
            "<Anonymous {public}>\n  User nobody-of-this-name\n  UserAlias unknown nobody-of-this-name\n</Anonymous>\n\
             <Anonymous {public}>\n  User visitor\n  Group no-group-of-this-name\n</Anonymous>\n\
             <Anonymous {public}>\n  User bob\n  UserAlias misled nobody-at-all\n</Anonymous>"
        )
    });
    for name in ["unknown", "visitor", "misled"] {
        assert_eq!(refused(&server, name).text(), "530 Login incorrect.", "{name}");
    }
    server.wait_for_log(&["ANON visitor", "unknown group 'no-group-of-this-name'"]);
    visitor(&server, "bob");
    server.login();
}

fn the_systems_users_need_no_authenticator(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        // Where a machine has that file, it names nobody.
        config.remove("AuthOrder").add("UseFtpUsers", "off");
        let group = Account::to_drop_to().map_or_else(|| Account::ids().1.to_string(), |account| account.group.clone());
        format!("<Anonymous {public}>\n  User nobody\n  Group {group}\n  UserAlias anonymous nobody\n</Anonymous>")
    });
    fs::set_permissions(public(&server, ""), fs::Permissions::from_mode(0o777)).unwrap();
    let mut wire = anonymous(&server);
    wire.give("STOR new", b"new");
    let made = fs::metadata(public(&server, "new")).unwrap();
    assert_eq!((made.uid(), made.gid()), Account::ids());
    let mut server = server;
    server.swap(|config| {
        config.set("AuthOrder", "mod_sql.c");
    });
    refused(&server, "anonymous");
}

fn a_shell_has_to_be_valid_unless_the_section_says_otherwise(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        config.remove("RequireValidShell");
        let strict = section(public, "UserAlias strict shellless");
        let lax = section(public, "UserAlias lax shellless\n  RequireValidShell off");
        format!("{strict}\n{lax}")
    });
    let (uid, gid) = ids();
    server.sql(&format!("INSERT INTO users VALUES ('shellless', 'x', {uid}, {gid}, '/', '/bin/false')"));
    refused(&server, "strict");
    visitor(&server, "lax");
}

fn a_password_can_be_required(layout: Layout) {
    let server = with_sections(layout, |_, public| {
        let guests = section(public, "UserAlias guest visitor\n  AnonRequirePassword on");
        let own =
            section(public, "UserAlias bob visitor\n  AnonRequirePassword on\n  AuthUsingAlias on\n  AuthAliasOnly on");
        format!("{guests}\n{own}")
    });
    for (name, password) in [("guest", "ticket"), ("visitor", "ticket"), ("bob", "plain as day")] {
        let (mut wire, answer) = log_in(&server, name, password);
        assert_eq!(answer.text(), GRANTED, "{name}");
        assert_eq!(wire.list("NLST"), ["closed", "file", "in", "uploads"], "{name}");
        assert_eq!(log_in(&server, name, "me@example.com").1.text(), "530 Login incorrect.", "{name}");
    }
    assert_eq!(log_in(&server, "bob", "ticket").1.code, 530, "the alias's own password");
}

fn without_an_alias_nobody_logs_in_where_aliases_alone_do(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        config.add("UserAlias", format!("alicia {USER}"));
        section(public, "UserAlias anonymous visitor\n  AuthAliasOnly on")
    });
    visitor(&server, "anonymous");
    assert_eq!(log_in(&server, "visitor", "ticket").1.code, 530);
    for name in ["alicia", USER] {
        let (mut wire, answer) = log_in(&server, name, PASSWORD);
        assert_eq!(answer.text(), format!("230 User {name} logged in"));
        assert!(wire.list("NLST").is_empty());
    }
    let mut server = server;
    server.swap(|config| {
        config.set("AuthAliasOnly", "on");
    });
    visitor(&server, "anonymous");
    assert_eq!(log_in(&server, USER, PASSWORD).1.code, 530);
    assert_eq!(log_in(&server, "alicia", PASSWORD).1.code, 230);
}

fn of_several_sections_the_last_one_counts(layout: Layout) {
    let server = with_sections(layout, |_, public| {
        let first = section(public, "UserAlias a1 visitor\n  UserAlias both visitor");
        let second = section(&format!("{public}/uploads"), "UserAlias a2 visitor\n  UserAlias both visitor");
        format!("<Global>\n{first}\n</Global>\n{second}")
    });
    for (name, names) in
        [("a1", &["closed", "file", "in", "uploads"][..]), ("a2", &["sub"]), ("both", &["sub"]), ("visitor", &["sub"])]
    {
        assert_eq!(visitor(&server, name).list("NLST"), names, "{name}");
    }
}

fn limits_and_folders_are_the_sections_own(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        let home = config.home().display().to_string();
        let outside = format!("<Directory {public}>\n<Limit ALL>\nDenyAll\n</Limit>\n</Directory>");
        let own = section(
            public,
            &format!(
                "UserAlias anonymous visitor
                 <Limit WRITE>
                   DenyAll
                 </Limit>
                 <Directory uploads/*>
                   <Limit READ>
                     DenyAll
                   </Limit>
                   <Limit STOR>
                     AllowAll
                   </Limit>
                 </Directory>
                 <Directory {public}/closed>
                   <Limit ALL>
                     DenyAll
                   </Limit>
                 </Directory>
                 <Directory {home}>
                   <Limit ALL>
                     DenyAll
                   </Limit>
                 </Directory>"
            ),
        );
        format!("{outside}\n{own}")
    });
    let mut wire = anonymous(&server);
    assert_eq!(wire.store("new"), 550);
    assert_eq!(wire.store("uploads/new"), 150);
    assert_eq!(wire.store("uploads/sub/new"), 150);
    wire.expect("MKD uploads/folder", 550);
    wire.expect("DELE file", 550);
    wire.expect("CWD closed", 550);
    let _stream = wire.passive();
    wire.expect("RETR uploads/new", 550);
    wire.expect("RETR closed/secret", 550);
    wire.expect("CWD uploads", 250);
    assert_eq!(wire.store("other"), 150, "a relative name as well");
    assert_eq!(wire.fetch("RETR /file"), b"content", "a server's folders do not concern it");
    assert_eq!(server.login().store("file"), 150, "nor its limits the server's users");
}

fn a_servers_limits_reach_into_the_section(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        config.block("<Limit DELE MKD>\n  DenyAll\n</Limit>");
        section(public, "UserAlias anonymous visitor\n<Limit MKD>\n  AllowAll\n</Limit>")
    });
    let mut wire = anonymous(&server);
    wire.expect("DELE file", 550);
    wire.expect("MKD folder", 257);
}

fn a_section_says_who_logs_in_by_it(layout: Layout) {
    let login = |rules: &str| format!("<Limit LOGIN>\n{rules}\n</Limit>");
    let server = with_sections(layout, |config, public| {
        config.block(login("DenyAll"));
        let open = section(public, &format!("UserAlias open visitor\n{}", login("AllowAll")));
        let shut = section(public, "UserAlias shut visitor");
        let by_account = section(public, &format!("UserAlias account bob\n{}", login("AllowUser bob\nDenyAll")));
        let by_alias = section(public, &format!("UserAlias alias bob\n{}", login("AllowUser alias\nDenyAll")));
        [open, shut, by_account, by_alias].join("\n")
    });
    visitor(&server, "open");
    visitor(&server, "account");
    for name in ["shut", "alias"] {
        assert_eq!(refused(&server, name).text(), "530 Login incorrect.", "{name}");
    }
    assert_eq!(log_in(&server, USER, PASSWORD).1.code, 530);
    let mut server = server;
    server.swap(|config| {
        let public = config.folder().join("public").display().to_string();
        let lines = format!("UserAlias anonymous visitor\nAccessDenyMsg \"not you, %u\"\n{}", login("DenyAll"));
        config.without_blocks().set("MaxLoginAttempts", "2").block(section(&public, &lines));
    });
    let mut wire = server.connect();
    wire.expect("USER anonymous", 331);
    assert_eq!(wire.expect("PASS x", 530).text(), "530 not you, anonymous");
    wire.expect("USER anonymous", 331);
    wire.expect("PASS x", 530);
    wire.until_closed().unwrap();
    server.login();
}

fn messages_are_the_sections(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        config.set("AccessGrantMsg", "\"come in, %u\"").set("AccessDenyMsg", "\"no, %u\"");
        let own = section(
            public,
            "UserAlias guest visitor\n  AnonRequirePassword on\n  AccessGrantMsg \"hello %u\"\n  AccessDenyMsg \"bye %u\"",
        );
        format!("{own}\n{}", section(public, "UserAlias other visitor"))
    });
    assert_eq!(log_in(&server, "guest", "ticket").1.text(), "230 hello guest");
    assert_eq!(log_in(&server, "guest", "wrong").1.text(), "530 bye guest");
    let mut wire = server.connect();
    wire.expect("USER other", 331);
    assert_eq!(wire.expect("PASS x", 230).text(), "230 come in, other");
    assert_eq!(log_in(&server, USER, "wrong").1.text(), format!("530 no, {USER}"));
}

fn sessions_begin_where_the_section_says(layout: Layout) {
    let server = with_sections(layout, |config, public| {
        config.set("DefaultChdir", "uploads");
        let of_server = section(public, "UserAlias of-server visitor");
        let own = section(public, "UserAlias own visitor\n  DefaultChdir /in");
        let absent = section(public, "UserAlias absent visitor\n  DefaultChdir nowhere");
        let home = section("~/..", "UserAlias home visitor\n  DefaultChdir ~/closed");
        [of_server, own, absent, home].join("\n")
    });
    for (name, folder) in [("of-server", "/uploads"), ("own", "/in"), ("absent", "/"), ("home", "/closed")] {
        assert!(visitor(&server, name).expect("PWD", 257).text().contains(&format!("\"{folder}\"")), "{name}");
    }
    let mut server = server;
    server.swap(|config| {
        config.remove("DefaultChdir");
    });
    for (name, folder) in [("of-server", "/"), ("own", "/in"), ("absent", "/"), ("home", "/closed")] {
        assert!(visitor(&server, name).expect("PWD", 257).text().contains(&format!("\"{folder}\"")), "{name}");
    }
}

fn times_follow_the_section(layout: Layout) {
    let server = with_section(layout, "TimeoutIdle 1");
    let (mut wire, mut user) = (anonymous(&server), server.login());
    assert!(wire.until_closed().unwrap().starts_with("421 Idle timeout (1 seconds)"));
    user.expect("NOOP", 200);
    server.connect().expect("NOOP", 200);
}

fn its_folders_may_have_files_of_their_own(layout: Layout) {
    let server = with_section(layout, "AllowOverride on\n<Directory in>\n  AllowOverride off\n</Directory>");
    let limit = "<Limit STOR>\n  DenyAll\n</Limit>\n";
    for name in ["uploads", "in"] {
        fs::write(public(&server, name).join(".ftpaccess"), limit).unwrap();
    }
    fs::write(server.home().join(".ftpaccess"), limit).unwrap();
    let mut wire = anonymous(&server);
    assert_eq!(wire.store("uploads/new"), 550);
    assert_eq!(wire.store("in/new"), 150);
    assert_eq!(server.login().store("new"), 150, "the section alone lets them");
}

fn the_transfer_log_tells_what_was_given_for_a_password(layout: Layout) {
    let server = with_section(layout, "");
    anonymous(&server).fetch("RETR file");
    server.put("file", "x");
    server.login().fetch("RETR file");
    let log = || fs::read_to_string(server.var("transfer.log")).unwrap_or_default();
    gantry_tests::wait::for_condition("both are logged", || log().lines().count() == 2);
    assert!(log().contains(&format!(" {} a _ o a me@example.com ftp 0 * c", public(&server, "file").display())));
    assert!(log().contains(&format!(" b _ o r {USER} ftp 0 * c")));
    server.wait_for_log(&["127.0.0.1[127.0.0.1]): ANON anonymous: Login successful."]);
}

/// Logs in one after the other; who gets in and who is turned away.
fn outcomes(server: &Server, names: &[&str]) -> (String, Vec<Wire>) {
    let mut held = Vec::new();
    let mut told = String::new();
    for name in names {
        let password = if *name == USER { PASSWORD } else { "me@example.com" };
        let mut wire = server.connect();
        wire.expect(format!("USER {name}"), 331);
        let is_in = wire.ask(format!("PASS {password}")).code == 230;
        told.push(if is_in { '+' } else { '-' });
        held.extend(is_in.then_some(wire));
    }
    (told, held)
}

/// A section and the server, each with limits, and who of those that log in one after the
/// other gets in: `v` by the section, `w` by another one, `a` at the server itself.
const COUNTS: [(&str, &str, &str, &str); 11] = [
    // The server counts all.
    ("MaxClients 2", "", "vaav", "++-+"),
    ("MaxClients 2", "", "vvva", "++--"),
    ("MaxClients 2", "MaxClients 5", "vvva", "+++-"),
    // A section counts its own alone.
    ("MaxClients none", "MaxClients 1", "aavvw", "+++-+"),
    ("MaxClients 1", "MaxClients 2", "avvvwa", "+++-+-"),
    ("MaxClientsPerHost 2", "", "aav", "+++"),
    ("MaxClientsPerHost 2", "", "vaa", "++-"),
    ("MaxClientsPerHost none", "MaxClientsPerHost 1", "avvw", "++-+"),
    ("MaxClientsPerUser none", "MaxClientsPerUser 1", "avv", "++-"),
    ("MaxClientsPerUser 1", "", "vaav", "++--"),
    // Unlike ProFTPD, whose sections go by no class.
    ("MaxClientsPerClass near 1", "", "avva", "++--"),
];

fn a_section_counts_its_own_clients_and_the_server_all(layout: Layout) {
    for (of_server, of_section, names, told) in COUNTS {
        let server = with_sections(layout, |_, public| {
            let own = section(public, &format!("UserAlias anonymous visitor\n{of_section}"));
            let other = section(public, "").replace("User visitor", "User walker");
            format!("<Class near>\n  From 127.0.0.0/8\n</Class>\n{of_server}\n{own}\n{other}")
        });
        let (uid, gid) = ids();
        server.sql(&format!("INSERT INTO users VALUES ('walker', 'ticket', {uid}, {gid}, '/', '/bin/sh')"));
        let names: Vec<&str> = names
            .chars()
            .map(|name| match name {
                'v' => "anonymous",
                'w' => "walker",
                _ => USER,
            })
            .collect();
        let (found, _held) = outcomes(&server, &names);
        assert_eq!(found, told, "{of_server} | {of_section}: {names:?}");
    }
}

both_layouts!(
    a_section_counts_its_own_clients_and_the_server_all,
    user_and_alias_lead_to_the_section,
    a_name_may_be_changed_before_its_password,
    files_are_its_users_and_its_groups,
    real_clients_carry_files,
    roots_may_be_homes,
    what_is_not_known_lets_nobody_in,
    the_systems_users_need_no_authenticator,
    a_shell_has_to_be_valid_unless_the_section_says_otherwise,
    a_password_can_be_required,
    without_an_alias_nobody_logs_in_where_aliases_alone_do,
    of_several_sections_the_last_one_counts,
    limits_and_folders_are_the_sections_own,
    a_servers_limits_reach_into_the_section,
    a_section_says_who_logs_in_by_it,
    messages_are_the_sections,
    sessions_begin_where_the_section_says,
    times_follow_the_section,
    its_folders_may_have_files_of_their_own,
    the_transfer_log_tells_what_was_given_for_a_password,
);
