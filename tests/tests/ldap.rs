//! mod_ldap against OpenLDAP's server: who logs in, what of the directory makes an account, TLS, and directories that
//! fail.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gantry_tests::host::own_address;
use gantry_tests::operator::{Operator, let_operators_in};
use gantry_tests::prelude::*;
use gantry_tests::server::Trial;
use gantry_tests::slapd::{READER, READER_PASSWORD, SECRET, SUFFIX, Slapd, without_users};
use gantry_tests::tls::{Authority, Kind, Signed};

/// A server whose users are in a directory, with more lines.
fn with(layout: Layout, slapd: &Slapd, change: impl FnOnce(&mut Config)) -> Server {
    Server::with(layout, |config| {
        slapd.configure(config);
        config.set("MaxLoginAttempts", "100").set("DelayEngine", "off");
        change(config);
    })
}

/// Asserts how a login is answered.
#[track_caller]
fn answered(server: &Server, user: &str, password: &str, code: u16) {
    let mut wire = server.connect();
    wire.expect(format!("USER {user}"), 331);
    wire.expect(format!("PASS {password}"), code);
}

/// Asserts how logins are answered, all at the same time: each refusal takes half a second.
#[track_caller]
fn all_answered<'a>(server: &Server, logins: impl IntoIterator<Item = (&'a [u8], &'a str)>, codes: &[u16]) {
    let mut wires = Vec::new();
    for (user, password) in logins {
        let mut wire = server.connect();
        let code = wire.ask([b"USER ", user].concat()).code;
        assert!([331, 500, 501, 530].contains(&code), "{}: {code}", user.escape_ascii());
        wire.send(format!("PASS {password}"));
        wires.push((user, wire));
    }
    for (user, mut wire) in wires {
        let code = wire.reply().code;
        assert!(codes.contains(&code), "{}: {code}", user.escape_ascii());
    }
}

fn reader() -> String {
    format!("{READER} \"{READER_PASSWORD}\"")
}

fn users_log_in_by_binds(layout: Layout) {
    let slapd = Slapd::start("");
    let server = with(layout, &slapd, |config| {
        let log = config.path("ldap.log");
        config.set("LDAPLog", log);
    });
    let mut wire = server.connect();
    wire.login("ann", SECRET);
    wire.expect("TYPE I", 200);
    wire.give("STOR file", b"content");
    assert_eq!(std::fs::read(slapd.home("ann").join("file")).unwrap(), b"content");
    // The directory's names have no case.
    answered(&server, "ANN", SECRET, 230);
    answered(&server, "bob", "plain as day", 230);
    answered(&server, "bob", SECRET, 530);
    answered(&server, "ann", "", 530);
    answered(&server, "nobody-of-that-name", SECRET, 530);
    slapd.modify(&format!(
        "dn: uid=bob,ou=people,{SUFFIX}\nchangetype: modify\nreplace: userPassword\nuserPassword: new\n"
    ));
    answered(&server, "bob", "plain as day", 530);
    answered(&server, "bob", "new", 230);
    let log = server.var("ldap.log");
    server.wait_for_line(&log, &["user 'ann': found 'ann'", &format!("home {}", slapd.home("ann").display())]);
    server.wait_for_line(&log, &["user 'bob': the password is refused: invalid credentials"]);
    server.wait_for_line(&log, &["user 'nobody-of-that-name': no entry"]);
    let logs = format!("{}{}", server.log(), std::fs::read_to_string(log).unwrap());
    assert!(!logs.contains(SECRET) && !logs.contains("plain as day"), "{logs}");
}

fn an_unknown_user_is_refused_as_others_are_and_costs_nobody_a_try(layout: Layout) {
    let slapd = Slapd::start("");
    let server = with(layout, &slapd, |_| {});
    answered(&server, "ann", SECRET, 230);
    answered(&server, "ann", "wrong", 530);
    let binds = || slapd.log().matches("BIND dn=\"uid=ann").count();
    let before = binds();
    let refusal = |user: &str| {
        let mut wire = server.connect();
        wire.expect(format!("USER {user}"), 331);
        wire.expect("PASS wrong", 530).text().replace(user, "X")
    };
    assert_eq!(refusal("nobody-of-that-name"), refusal("bob"));
    assert_eq!(binds(), before, "ann's entry, which the directory may lock, counts no wrong password of others");
}

/// Names of users with what a directory may have as their password, `secret`.
const SCHEMES: [(&str, &str); 9] = [
    ("ssha", "{SSHA}1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA=="),
    ("sha", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="),
    ("smd5", "{SMD5}VAfQ6nCkaw9o3u+x706wnXNhbHRzYWx0"),
    ("md5", "{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ=="),
    ("ssha256", "{SSHA256}oBmrdHcA6OZEkkCLeXh71YAerbvhXz1qqwjrPsXmEtNzYWx0c2FsdA=="),
    (
        "ssha512",
        "{SSHA512}aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp63tqvCAkFV1LKTDFH6XNhbHRzYWx0",
    ),
    ("clear", "{CLEARTEXT}secret"),
    ("bare", "secret"),
    ("argon", "{ARGON2}$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHQ$AAAA"),
];

fn passwords_are_compared_where_binds_are_off(layout: Layout) {
    let slapd = Slapd::start("");
    for (name, password) in SCHEMES {
        let entry = slapd.user(name, password).replacen('\n', "\nchangetype: add\n", 1);
        slapd.modify(&entry);
    }
    let crypt = gantry_tests::config::PASSWORD_CRYPT;
    slapd.modify(&slapd.user("crypt", &format!("{{CRYPT}}{crypt}")).replacen('\n', "\nchangetype: add\n", 1));
    slapd.modify(&slapd.user("hash", crypt).replacen('\n', "\nchangetype: add\n", 1));
    let lines = |config: &mut Config| {
        config.set("LDAPAuthBinds", "off").set("LDAPBindDN", reader());
    };
    let server = with(layout, &slapd, lines);
    let of_all = |password: &'static str| SCHEMES.map(|(name, _)| (name.as_bytes(), password));
    // The last two are a password without a scheme, and a scheme that only the directory knows.
    all_answered(&server, of_all("secret").into_iter().take(7), &[230]);
    all_answered(&server, of_all("secret").into_iter().skip(7), &[530]);
    all_answered(&server, [of_all("Secret"), of_all("")].concat(), &[530]);
    answered(&server, "crypt", PASSWORD, 230);
    answered(&server, "hash", PASSWORD, 230);
    answered(&server, "hash", crypt, 530);
    server.wait_for_log(&["the scheme {ARGON2}", "LDAPAuthBinds on"]);
    assert!(!slapd.log().contains("BIND dn=\"uid="), "{}", slapd.log());
    drop(server);
    let server = with(layout, &slapd, |config| {
        lines(config);
        config.set("LDAPDefaultAuthScheme", "clear");
    });
    answered(&server, "bare", "secret", 230);
    answered(&server, "hash", PASSWORD, 530);
    drop(server);
    // Whom the directory shows no passwords knows none.
    let server = with(layout, &slapd, |config| {
        config.set("LDAPAuthBinds", "off");
    });
    answered(&server, "clear", "secret", 530);
    server.wait_for_log(&["may read no userPassword of uid=clear"]);
}

fn groups_are_the_directorys(layout: Layout) {
    let slapd = Slapd::start("");
    let server = with(layout, &slapd, |config| {
        config.set("LDAPGroups", format!("ou=groups,{SUFFIX}"));
        config.block("<Limit LOGIN>\n  AllowGroup staff\n  DenyAll\n</Limit>");
    });
    answered(&server, "ann", SECRET, 230);
    answered(&server, "bob", "plain as day", 530);
    drop(server);
    // A rule for a group must not be passed because the group cannot be looked up.
    let server = with(layout, &slapd, |config| {
        config.set("LDAPGroups", format!("ou=nowhere,{SUFFIX}"));
        config.block("<Limit LOGIN>\n  DenyGroup web\n</Limit>");
    });
    answered(&server, "ann", SECRET, 421);
    server.wait_for_log(&["cannot look up a user", "there is no entry ou=nowhere"]);
}

fn home_folders_can_be_generated(layout: Layout) {
    let homeless = format!(
        "dn: uid=carl,ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: extensibleObject\nuid: carl\nuserPassword: {SECRET}\n\n\
         dn: uid=..,ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: extensibleObject\nuid: ..\nuserPassword: {SECRET}\n"
    );
    let slapd = Slapd::start(&homeless);
    let (uid, gid) = gantry_tests::config::Account::ids();
    let usual = |config: &mut Config| {
        config.set("LDAPUsers", format!("ou=people,{SUFFIX} (uid=%u)"));
        config.set("LDAPDefaultUID", uid.to_string()).set("LDAPDefaultGID", gid.to_string());
        config.remove("DefaultRoot");
    };
    let home = |server: &Server, user: &str, password: &str| {
        let mut wire = server.connect();
        wire.login(user, password);
        wire.expect("PWD", 257).text().split('"').nth(1).unwrap().to_owned()
    };
    let path = |name: &str| slapd.home(name).display().to_string();
    let made = |config: &mut Config| {
        let prefix = config.home();
        std::fs::create_dir_all(prefix.join("carl"))
            .and_then(|()| std::fs::create_dir_all(prefix.join("ann")))
            .unwrap();
        config.set("LDAPGenerateHomedir", "on").set("LDAPGenerateHomedirPrefix", prefix.display().to_string());
    };
    let server = with(layout, &slapd, usual);
    answered(&server, "carl", SECRET, 421);
    server.wait_for_log(&["cannot look up a user", "uid=carl", "LDAPGenerateHomedir is off"]);
    drop(server);
    let mut server = with(layout, &slapd, |config| {
        usual(config);
        made(config);
    });
    let below = |server: &Server, name: &str| server.home().join(name).display().to_string();
    assert_eq!(home(&server, "carl", SECRET), below(&server, "carl"));
    assert_eq!(home(&server, "ann", SECRET), path("ann"));
    answered(&server, "..", SECRET, 421);
    server.wait_for_log(&["no name of a folder"]);
    server.swap(|config| {
        config.set("LDAPForceGeneratedHomedir", "on");
    });
    assert_eq!(home(&server, "ann", SECRET), below(&server, "ann"));
    server.swap(|config| {
        config.set("LDAPGenerateHomedirPrefixNoUsername", "on");
    });
    assert_eq!(home(&server, "ann", SECRET), server.home().display().to_string());
}

fn ids_come_from_the_directory_or_by_default(layout: Layout) {
    let entry = |name: &str, lines: &str| {
        format!(
            "dn: uid={name},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: extensibleObject\nuid: {name}\n\
             userPassword: {SECRET}\nhomeDirectory: /\n{lines}\n"
        )
    };
    let more = [
        entry("none", ""),
        entry("superuser", "uidNumber: 0\ngidNumber: 0\n"),
        entry("letters", "employeeNumber: root\n"),
        entry("nobody", ""),
    ];
    let slapd = Slapd::start(&more.join("\n"));
    let (uid, gid) = gantry_tests::config::Account::ids();
    let mut server = with(layout, &slapd, |config| {
        config.set("LDAPUsers", format!("ou=people,{SUFFIX} (uid=%u)"));
        config.set("LDAPLog", config.path("ldap.log"));
    });
    answered(&server, "none", SECRET, 421);
    server.wait_for_log(&["no uidNumber", "LDAPDefaultUID is not set"]);
    // root's id lets nobody in, unless RootLogin does.
    answered(&server, "superuser", SECRET, 530);
    server.swap(|config| {
        config.set("LDAPDefaultUID", uid.to_string()).set("LDAPDefaultGID", gid.to_string());
    });
    answered(&server, "none", SECRET, 230);
    server.swap(|config| {
        config.set("LDAPForceDefaultUID", "on").set("LDAPForceDefaultGID", "on");
    });
    answered(&server, "superuser", SECRET, 230);
    let log = server.var("ldap.log");
    server.wait_for_line(&log, &["found 'superuser'", &format!("UID {uid}, GID {gid}")]);
    server.swap(|config| {
        config
            .remove("LDAPForceDefaultUID")
            .remove("LDAPForceDefaultGID")
            .set("LDAPDefaultUID", "Auto")
            .set("LDAPDefaultGID", "Auto");
    });
    answered(&server, "none", SECRET, 421);
    server.wait_for_log(&["the system has no user of that name"]);
    answered(&server, "nobody", SECRET, 230);
    server.swap(|config| {
        config.add("LDAPAttr", "uidNumber employeeNumber");
    });
    answered(&server, "letters", SECRET, 421);
    server.wait_for_log(&["has a value of employeeNumber that is no id"]);
}

fn hostile_names_are_only_names(layout: Layout) {
    let awkward = ["Lee, Ann", "say \"x\"", "a+b=c", "<b>;#", "j\u{f6}rg"];
    let slapd = Slapd::start("");
    for name in awkward {
        // LDIF has blanks and quotes in a value as they are; the DN names the entry by another attribute.
        let number = awkward.iter().position(|known| known == &name).unwrap();
        let (uid, gid) = gantry_tests::config::Account::ids();
        slapd.modify(&format!(
            "dn: cn=awkward {number}\\, \\\"x\\\",ou=people,{SUFFIX}\nchangetype: add\nobjectClass: applicationProcess\n\
             objectClass: posixAccount\ncn: awkward {number}, \"x\"\nuid:: {}\nuidNumber: {uid}\ngidNumber: {gid}\n\
             homeDirectory: {}\nuserPassword: {SECRET}\n",
            base64(name.as_bytes()),
            slapd.home("ann").display()
        ));
    }
    let mut server = with(layout, &slapd, |_| {});
    all_answered(&server, awkward.map(|name| (name.as_bytes(), SECRET)), &[230]);
    all_answered(&server, awkward.map(|name| (name.as_bytes(), "wrong")), &[530]);
    let long = "x".repeat(900);
    let refused = |server: &Server| {
        let hostile: [&[u8]; 11] = [
            b"*",
            b"a*",
            b"*)(uid=*",
            b"ann)(|(uid=*",
            b"ann\\",
            b"\\61nn",
            b"ann\\00",
            b"%v",
            b"\xff\xfe\xfa",
            b"ann,ou=people",
            long.as_bytes(),
        ];
        all_answered(server, hostile.map(|name| (name, SECRET)), &[503, 530]);
        all_answered(server, hostile.map(|name| (name, "*")), &[503, 530]);
    };
    refused(&server);
    // More than a command may have, and a NUL.
    for line in [["USER ", "x".repeat(10_000).as_str()].concat().into_bytes(), b"USER ann\0)(uid=*".to_vec()] {
        let mut wire = server.connect();
        wire.send(line);
        let code = wire.reply().code;
        assert!([331, 500, 501, 530].contains(&code), "{code}");
        if code == 331 {
            wire.expect(format!("PASS {SECRET}"), 530);
        }
    }
    // In names of entries too.
    server.swap(|config| {
        config.set("LDAPUsers", format!("uid=%u,ou=people,{SUFFIX} (objectClass=posixAccount)"));
        config.set("LDAPSearchScope", "base").set("LDAPServer", slapd.host());
    });
    answered(&server, "ann", SECRET, 230);
    refused(&server);
    answered(&server, "bob", "plain as day", 230);
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn a_second_server_is_asked_while_the_first_is_down(layout: Layout) {
    let (mut one, mut other) = (Slapd::start(""), Slapd::start(""));
    let server = with(layout, &one, |config| {
        config.set("LDAPServer", format!("{} {}", one.url(), other.host()));
    });
    answered(&server, "ann", SECRET, 230);
    assert!(!other.log().contains("BIND dn=\"uid=ann"));
    one.kill();
    for _ in 0..3 {
        answered(&server, "bob", "plain as day", 230);
    }
    let url = one.url();
    let told = ["LDAPServer", url.as_str(), "it is asked again from time to time"];
    server.wait_for_log(&told);
    one.run();
    let again = ["LDAPServer", url.as_str(), "it answers again"];
    gantry_tests::wait::for_condition("the first is asked again", || {
        answered(&server, "ann", SECRET, 230);
        server.log_line(&again).is_some()
    });
    other.kill();
    answered(&server, "ann", SECRET, 230);
    let lines = server.log().lines().filter(|line| told.iter().all(|text| line.contains(text))).count();
    assert_eq!(lines, 1, "{}", server.log());
}

/// Ends the clients of a test, also when it fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn a_directory_that_is_killed_under_load_costs_only_logins_of_that_time(layout: Layout) {
    let mut slapd = Slapd::start("");
    let server = with(layout, &slapd, |_| {});
    let is_over = AtomicBool::new(false);
    let (good, bad) = (AtomicU32::new(0), AtomicU32::new(0));
    let goes_on = |what: &str, counter: &AtomicU32| {
        let before = counter.load(Ordering::Relaxed);
        gantry_tests::wait::for_condition(what, || counter.load(Ordering::Relaxed) > before + 4);
    };
    thread::scope(|scope| {
        let _over = Over(&is_over);
        for _ in 0..8 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let mut wire = server.connect();
                    wire.expect("USER ann", 331);
                    match wire.ask(format!("PASS {SECRET}")).code {
                        230 => good.fetch_add(1, Ordering::Relaxed),
                        421 => bad.fetch_add(1, Ordering::Relaxed),
                        code => panic!("a login was answered with {code}"),
                    };
                }
            });
        }
        for _ in 0..2 {
            goes_on("clients log in", &good);
            slapd.kill();
            goes_on("clients cannot log in", &bad);
            slapd.run();
        }
        goes_on("clients log in again", &good);
    });
    let lines = server.log().lines().filter(|line| line.contains("it is asked again from time to time")).count();
    assert!(lines <= 2, "{lines} lines say that the directory is down");
}

fn a_restart_between_logins_is_not_noticed(layout: Layout) {
    let mut slapd = Slapd::start("");
    let server = with(layout, &slapd, |_| {});
    for round in 0..3 {
        answered(&server, "ann", SECRET, 230);
        if round == 0 {
            slapd.stop()
        } else {
            slapd.kill()
        }
        slapd.run();
    }
    assert!(!server.log().contains("LDAPServer"), "{}", server.log());
}

fn two_hundred_log_in_at_once(layout: Layout) {
    let slapd = Slapd::start("");
    let server = with(layout, &slapd, |config| {
        config.set("LDAPGroups", format!("ou=groups,{SUFFIX}")).set("MaxUnauthenticatedPerHost", "none");
    });
    let mut wires: Vec<_> = (0..200).map(|_| server.connect()).collect();
    wires.iter_mut().for_each(|wire| drop(wire.expect("USER ann", 331)));
    wires.iter_mut().for_each(|wire| wire.send(format!("PASS {SECRET}")));
    for wire in &mut wires {
        assert_eq!(wire.reply().code, 230);
    }
    let connections = slapd.log().matches(" ACCEPT from IP=").count();
    assert!(connections <= 20, "{connections} connections to the directory");
}

fn a_directory_that_says_nothing_costs_a_bounded_time(layout: Layout) {
    let address = own_address();
    let silent = TcpListener::bind((address, 0)).unwrap();
    let server = Server::with(layout, |config| {
        without_users(config).set("LDAPServer", silent.local_addr().unwrap().to_string());
        config.set("LDAPUsers", format!("ou=people,{SUFFIX}"));
        config.set("LDAPConnectTimeout", "1").set("LDAPQueryTimeout", "1");
    });
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| answered(&server, "ann", SECRET, 421));
        }
    });
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let lines = server.log().lines().filter(|line| line.contains("it is asked again from time to time")).count();
    assert_eq!(lines, 1, "{}", server.log());
    server.wait_for_log(&["LDAPServer", "no connection within 1 s"]);
}

fn a_directory_that_answers_nonsense_costs_logins_and_nothing_else(layout: Layout) {
    // What follows an answer to the bind, if one comes first: LDAP messages 1 and 2.
    const BOUND: &[u8] = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
    const NONSENSE: [&[u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x30\x05\x02\x01\x01\x04\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x05\x02\x01\x02\x04\x00",
        b"\x30\x0a\x02\x01\x02\x64\x05\x04\x03\xff\xff\xff",
        b"\x30\x00",
    ];
    for (number, nonsense) in NONSENSE.into_iter().enumerate() {
        let listener = TcpListener::bind((own_address(), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let _ = client.read(&mut [0; 1000]);
                if number > 2 {
                    let _ = client.write_all(BOUND);
                    let _ = client.read(&mut [0; 1000]);
                }
                let _ = client.write_all(nonsense);
                let _ = client.read(&mut [0; 1]);
            }
        });
        let mut server = Server::with(layout, |config| {
            without_users(config)
                .set("LDAPServer", address.to_string())
                .set("LDAPUsers", format!("ou=people,{SUFFIX}"));
            config.set("LDAPConnectTimeout", "1").set("LDAPQueryTimeout", "1");
        });
        server.expect_panics();
        let mut other = server.connect();
        answered(&server, "ann", SECRET, 421);
        answered(&server, "ann", SECRET, 421);
        server.wait_for_log(&["LDAPServer", &address.to_string(), "it is asked again from time to time"]);
        other.expect("NOOP", 200);
    }
}

fn a_directory_that_freezes_costs_a_bounded_time(layout: Layout) {
    let slapd = Slapd::start("");
    let server = with(layout, &slapd, |config| {
        config.set("LDAPConnectTimeout", "1").set("LDAPQueryTimeout", "1");
    });
    answered(&server, "ann", SECRET, 230);
    slapd.freeze();
    let began = Instant::now();
    for _ in 0..4 {
        answered(&server, "ann", SECRET, 421);
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    slapd.thaw();
    gantry_tests::wait::for_condition("logins work again", || {
        let mut wire = server.connect();
        wire.expect("USER ann", 331);
        wire.ask(format!("PASS {SECRET}")).code == 230
    });
}

fn a_refused_bind_and_a_directory_that_is_not_there_are_told(layout: Layout) {
    let slapd = Slapd::start("");
    let mut server = with(layout, &slapd, |config| {
        config.set("LDAPBindDN", format!("{READER} wrong"));
    });
    answered(&server, "ann", SECRET, 421);
    server.wait_for_log(&["LDAPServer", &format!("it refuses the bind as {READER} (LDAPBindDN): invalid credentials")]);
    assert!(!server.log().contains("wrong"), "{}", server.log());
    server.swap(|config| {
        config.set("LDAPBindDN", reader());
    });
    answered(&server, "ann", SECRET, 230);
    server.swap(|config| {
        config.set("LDAPServer", format!("{}:1", own_address()));
    });
    let mut wire = server.connect();
    wire.expect("USER ann", 331);
    let told = wire.expect(format!("PASS {SECRET}"), 421).text();
    assert!(!told.to_lowercase().contains("ldap"), "{told}");
    server.wait_for_log(&["Login not possible", "mod_ldap cannot look up a user", "Connection refused"]);
}

fn connections_are_encrypted(layout: Layout) {
    let slapd = Slapd::start("");
    let ca = format!("ssl-ca:{}", slapd.authority().certificate().display());
    let mut server = with(layout, &slapd, |config| {
        config.set("LDAPServer", format!("{} {ca}", slapd.url())).set("LDAPUseTLS", "on");
    });
    answered(&server, "ann", SECRET, 230);
    answered(&server, "ann", "wrong", 530);
    assert!(slapd.log().contains("STARTTLS") && slapd.log().contains("TLS established"), "{}", slapd.log());
    server.swap(|config| {
        config
            .set("LDAPServer", format!("{} {ca} ssl-ciphers:DEFAULT:!EXPORT:!DES", slapd.tls_url()))
            .remove("LDAPUseTLS");
    });
    answered(&server, "bob", "plain as day", 230);
    // Others' authorities, and the system's, have not signed the directory's certificate.
    let folder = tempfile::tempdir().unwrap();
    let other = format!("ssl-ca:{}", Authority::new(folder.path()).certificate().display());
    for (url, tls) in [(slapd.url(), "on"), (slapd.tls_url(), "off")] {
        for parameters in [other.as_str(), ""] {
            server.swap(|config| {
                config.set("LDAPServer", format!("{url} {parameters}")).set("LDAPUseTLS", tls);
            });
            answered(&server, "ann", SECRET, 421);
            server.wait_for_log(&["LDAPServer", &url, "certificate"]);
        }
        server.swap(|config| {
            config.set("LDAPServer", format!("{url} {other} ssl-verify:off"));
        });
        answered(&server, "ann", SECRET, 230);
    }
    // A certificate for another name.
    server.swap(|config| {
        config.set(
            "LDAPServer",
            format!(
                "ldaps://localhost:{}/??sub {ca}",
                slapd.tls_url().rsplit(':').next().unwrap().split('/').next().unwrap()
            ),
        );
    });
    answered(&server, "ann", SECRET, 421);
}

fn a_certificate_or_the_socket_tells_who_searches(layout: Layout) {
    let slapd = Slapd::start("");
    let mut server = with(layout, &slapd, |config| {
        config.set("LDAPServer", slapd.socket_url()).set("LDAPUseSASL", "EXTERNAL");
        config.set("LDAPAuthBinds", "off").set("LDAPDefaultAuthScheme", "clear");
    });
    answered(&server, "ann", SECRET, 230);
    answered(&server, "ann", "wrong", 530);
    let authority = slapd.authority();
    let Signed { certificate, key } = authority.sign("reader", Kind::Ec, &["reader"]);
    let (ca, certificate, key) =
        (authority.certificate(), certificate.display().to_string(), key.display().to_string());
    server.swap(|config| {
        let parameters = format!("ssl-ca:{} ssl-cert:{certificate} ssl-key:{key}", ca.display());
        config.set("LDAPServer", format!("{} {parameters}", slapd.url())).set("LDAPUseTLS", "on");
    });
    answered(&server, "bob", "plain as day", 230);
    assert!(slapd.log().contains("mech=EXTERNAL"), "{}", slapd.log());
}

fn searches_tell_of_their_session(layout: Layout) {
    let slapd = Slapd::start("");
    let server = with(layout, &slapd, |config| {
        config.add("LoadModule", "mod_unique_id.c").set("LDAPSessionTracking", "on");
        config
            .set("ExtendedLog", format!("{} AUTH ids", config.path("ids.log")))
            .set("LogFormat", "ids \"%{UNIQUE_ID}e\"");
    });
    answered(&server, "ann", SECRET, 230);
    let ids = server.var("ids.log");
    let id = gantry_tests::wait::until(gantry_tests::wait::PATIENCE, || {
        std::fs::read_to_string(&ids).ok()?.lines().next().map(str::to_owned)
    });
    let id = id.expect("the session has an id");
    assert!(slapd.log().contains(&id), "{id} is not in {}", slapd.log());
}

/// Lines with the mark and the beginning of what is said of each.
const FAULTS: [(&str, &str, &str); 17] = [
    ("LDAPServer http://x", "http://x", "LDAPServer: 'http://x' has the scheme 'http'"),
    (
        "LDAPServer ldap://x??sub",
        "ldap://x??sub",
        "LDAPServer: 'ldap://x??sub' is not an LDAP server: a '/' is missing",
    ),
    ("LDAPServer ldap://x/??foo", "ldap://x/??foo", "LDAPServer: 'ldap://x/??foo' invalid scope"),
    ("LDAPServer ldap://y/dc=x", "ldap://y/dc=x", "LDAPServer: 'ldap://y/dc=x' has a base DN"),
    ("LDAPServer z ssl-ca:/nowhere/ca.pem", "LDAPServer", "LDAPServer: ssl-ca: unable to read /nowhere/ca.pem"),
    ("LDAPUsers people", "people", "LDAPUsers: 'people' is not the name of an entry"),
    ("LDAPUsers dc=x (uid=%u", "(uid=%u", "LDAPUsers: '(uid=%u' is not a filter"),
    ("LDAPUsers dc=x (uid=ann)", "(uid=ann)", "LDAPUsers: '(uid=ann)' finds the same entry"),
    ("LDAPGroups dc=x (cn=%v) gidNumber=%v", "gidNumber=%v", "LDAPGroups: 'gidNumber=%v' is not a filter"),
    ("LDAPSearchScope all", "all", "LDAPSearchScope: 'all' is not one of"),
    ("LDAPAttr uidNumer x", "uidNumer", "LDAPAttr: 'uidNumer' is no attribute"),
    ("LDAPProtocolVersion 2", "LDAPProtocolVersion", "LDAPProtocolVersion: LDAPv2 is historic"),
    ("LDAPQueryTimeout 0", "0", "LDAPQueryTimeout: '0' is not a number of seconds"),
    ("LDAPUseSASL FOO", "FOO", "LDAPUseSASL: 'FOO' is not a mechanism"),
    ("LDAPDefaultQuota false,hard,1", "false,hard,1", "LDAPDefaultQuota: 'false,hard,1' is not a quota"),
    ("LDAPDoAuth on dc=x", "LDAPDoAuth", "LDAPDoAuth: LDAPUsers has taken its place"),
    ("LDAPHomedirOnDemand on", "LDAPHomedirOnDemand", "LDAPHomedirOnDemand: it has another name now"),
];

fn faults_are_told_with_their_lines(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        without_users(config).block(FAULTS.map(|(line, ..)| line).join("\n"));
    });
    let said = &trial.done.err;
    for (line, marked, begins) in FAULTS {
        let fault = said.split("Fatal: ").find(|fault| fault.starts_with(begins));
        let fault = fault.unwrap_or_else(|| panic!("nothing is said of {line:?}:\n{said}"));
        let mut shown = fault.lines();
        let (first, number) = (shown.next().unwrap(), trial.config.line_of(line));
        assert!(first.ends_with(&format!(" on line {number} of '{}'", trial.file().display())), "{first}");
        let head = format!("  {number} | ");
        assert_eq!(shown.next(), Some(format!("{head}{line}").as_str()));
        let column = head.len() + line.find(marked).unwrap();
        assert_eq!(shown.next().and_then(|mark| mark.find('^')), Some(column), "{fault}");
    }
    assert_eq!(said.matches("Fatal: ").count(), FAULTS.len(), "{said}");
}

fn lines_that_are_wrong_together_are_told(layout: Layout) {
    let trial = |lines: &str| {
        let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
            without_users(config).block(lines);
        });
        (trial.done.status.success(), trial.done.text())
    };
    let users = format!("LDAPServer ldap.example.com\nLDAPUsers ou=people,{SUFFIX}\n");
    for (lines, wanted) in [
        ("LDAPForceGeneratedHomedir on", "LDAPForceGeneratedHomedir: it needs LDAPGenerateHomedir on"),
        ("LDAPGenerateHomedir on", "LDAPGenerateHomedir: it needs LDAPGenerateHomedirPrefix"),
        ("LDAPForceDefaultUID on", "LDAPForceDefaultUID: it needs LDAPDefaultUID"),
        ("LDAPBindDN cn=x,dc=y \"\"", "LDAPBindDN: it has no password"),
        ("LDAPUseSASL SCRAM-SHA-1", "LDAPUseSASL: there is only a simple bind"),
    ] {
        let (is_good, said) = trial(&format!("{users}{lines}"));
        assert!(!is_good && said.contains(wanted), "{lines}:\n{said}");
    }
    for (lines, wanted) in [
        ("LDAPUsers dc=x".to_owned(), "localhost, port 389"),
        ("LDAPServer ldap://x/??sub".to_owned(), "without LDAPUsers, no users are looked up"),
        ("LDAPServer ldap://x\nLDAPUsers dc=x".to_owned(), "write ldap://x/??sub"),
        (format!("{users}LDAPUseSASL EXTERNAL"), "EXTERNAL needs ldapi, or TLS and ssl-cert"),
        (format!("{users}LDAPSessionTracking on"), "mod_unique_id"),
    ] {
        let (is_good, said) = trial(&lines);
        // mod_unique_id is linked in, in one of the layouts.
        let is_there = wanted == "mod_unique_id" && layout == Layout::Static;
        assert!(is_good && (said.contains(wanted) || is_there), "{lines}:\n{said}");
    }
}

fn the_manuals_examples_serve(layout: Layout) {
    let slapd = Slapd::start("");
    let (uid, gid) = gantry_tests::config::Account::ids();
    let ca = format!("ssl-ca:{}", slapd.authority().certificate().display());
    let homes = slapd.homes();
    let examples = [
        // "The default is never", "Use anonymous binds", "LDAPServer host1:port1".
        format!(
            "<IfModule mod_ldap.c>\n  LDAPAliasDereference never\n  LDAPBindDN \"\" \"\"\n  LDAPServer {}\n  \
             LDAPUsers ou=people,{SUFFIX}\n</IfModule>",
            slapd.host()
        ),
        // TLS and SASL.
        format!(
            "<IfModule mod_ldap.c>\n  LDAPServer {} {ca}\n  LDAPBindDN {}\n  LDAPUseSASL SCRAM-SHA-1 DIGEST-MD5\n  \
             LDAPUseTLS on\n  LDAPUsers ou=people,{SUFFIX}\n</IfModule>",
            slapd.host(),
            reader()
        ),
        // Active Directory.
        format!(
            "<IfModule mod_ldap.c>\n  LDAPServer {} {ca}\n  LDAPUseTLS on\n  LDAPAuthBinds on\n  LDAPBindDN {}\n  \
             LDAPUsers ou=people,{SUFFIX} \"(&(uid=%u)(objectclass=account)(|(cn=ann)(cn=bob)))\"\n  \
             LDAPSearchScope subtree\n  LDAPDefaultUID {uid}\n  LDAPDefaultGID {gid}\n  LDAPGenerateHomedir on\n  \
             LDAPGenerateHomedirPrefix {}\n  LDAPAttr uid cn\n  LDAPAttr gidNumber gidNumber\n</IfModule>",
            slapd.tls_url().trim_end_matches("/??sub"),
            reader(),
            homes.display()
        ),
        // A generated home folder that CreateHome makes.
        format!(
            "<IfModule mod_ldap.c>\n  LDAPServer ldap://{}/??sub\n  LDAPUsers ou=people,{SUFFIX}\n  \
             LDAPGenerateHomedir on\n  LDAPGenerateHomedirPrefix {}/data\n  LDAPForceGeneratedHomedir on\n  \
             CreateHome on 0770\n</IfModule>",
            slapd.host(),
            homes.display()
        ),
    ];
    let mut server = Server::with(layout, |config| {
        without_users(config).block(examples[0].clone());
    });
    for (number, example) in examples.iter().enumerate() {
        server.swap(|config| {
            config.without_blocks().block(example.clone());
        });
        let mut wire = server.connect();
        wire.login("ann", SECRET);
        wire.expect("TYPE I", 200);
        wire.give(format!("STOR file {number}"), b"content");
        answered(&server, "ann", "wrong", 530);
    }
    assert!(homes.join("ann/file 0").is_file() && homes.join("data/ann/file 3").is_file());
}

fn listings_show_the_directorys_names(layout: Layout) {
    if !gantry_tests::host::may_make_users() {
        return;
    }
    let entry = |name: &str, uid: u32| {
        format!(
            "dn: uid={name},ou=people,{SUFFIX}\nobjectClass: account\nobjectClass: posixAccount\nuid: {name}\ncn: {name}\n\
             uidNumber: {uid}\ngidNumber: 50001\nhomeDirectory: /\n\n"
        )
    };
    let slapd = Slapd::start(&[entry("dora", 54321), entry("eve", 54322), entry("evelyn", 54322)].concat());
    for (name, uid) in [("first", 54321), ("several", 54322), ("nobodys", 54323)] {
        let path = slapd.home("ann").join(name);
        std::fs::write(&path, "x").and_then(|()| std::os::unix::fs::chown(&path, Some(uid), Some(50001))).unwrap();
    }
    let server = with(layout, &slapd, |config| {
        config.set("LDAPGroups", format!("ou=groups,{SUFFIX}"));
    });
    let mut wire = server.connect();
    wire.login("ann", SECRET);
    let lines = wire.list("LIST");
    for (name, owner) in [("first", "dora"), ("several", "54322"), ("nobodys", "54323")] {
        let line = lines.iter().find(|line| line.ends_with(name)).unwrap_or_else(|| panic!("{lines:#?}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((words[2], words[3]), (owner, "web"), "{line}");
    }
}

fn quotas_are_in_the_directory(layout: Layout) {
    let mut slapd = Slapd::start("");
    let changed =
        |lines: &str| format!("dn: uid=ann,ou=people,{SUFFIX}\nchangetype: modify\nreplace: description\n{lines}");
    slapd.modify(&changed("description: false,hard,10,0,0,0,0,0\n"));
    let server = with(layout, &slapd, |config| {
        let tallies = config.path("tally.tab");
        // The magic number of a table without records.
        std::fs::write(&tallies, 0x7644_u32.to_ne_bytes()).unwrap();
        gantry_tests::server::own(std::path::Path::new(&tallies));
        for module in ["mod_quotatab.c", "mod_quotatab_file.c", "mod_quotatab_ldap.c"] {
            config.add("LoadModule", module);
        }
        config.set("LDAPAttr", "ftpQuota description").set("LDAPDefaultQuota", "false,soft,0,0,0,1,0,0");
        config
            .set("QuotaEngine", "on")
            .set("QuotaLimitTable", "ldap:")
            .set("QuotaTallyTable", format!("file:{tallies}"));
    });
    let login = |user: &str, password: &str| {
        let mut wire = server.connect();
        wire.login(user, password);
        wire.expect("TYPE I", 200);
        wire
    };
    let mut ann = login("ann", SECRET);
    ann.give("STOR small", b"12345");
    let mut large = ann.passive();
    ann.expect("STOR large", 150);
    large.write_all(&[0; 100]).unwrap();
    drop(large);
    assert_eq!(ann.reply().code, 552);
    // By default, one file.
    let mut bob = login("bob", "plain as day");
    bob.give("STOR one", b"1");
    assert_eq!(bob.store("two"), 552);
    // A quota that cannot be read or looked up lets nobody store.
    slapd.modify(&changed("description: plenty\n"));
    let stored = login("ann", SECRET).store("more");
    assert!(stored >= 400, "{stored}");
    slapd.modify(&changed("description: false,hard,0,0,0,0,0,0\n"));
    login("ann", SECRET).give("STOR more", b"12345678901234567890");
    let mut ann = login("ann", SECRET);
    slapd.kill();
    let stored = ann.store("again");
    assert!([150, 451].contains(&stored), "{stored}");
}

fn the_page_for_administrators_serves(layout: Layout) {
    let page = std::fs::read_to_string(gantry_tests::layout::workspace().join("docs/users.md")).unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("An LDAP directory")).unwrap();
    let blocks: Vec<&str> = section.split("```").skip(1).step_by(2).collect();
    let (lines, ldif) = (blocks[0].to_owned(), blocks[1].strip_prefix("ldif\n").unwrap());
    let slapd = Slapd::start("");
    let (uid, gid) = gantry_tests::config::Account::ids();
    let ldif = ldif.replace("/srv/ftp/ann", &slapd.home("ann").display().to_string());
    let ldif = ldif.replace("uidNumber: 65534", &format!("uidNumber: {uid}"));
    let slapd = slapd.with_entries(&ldif.replace("gidNumber: 65534", &format!("gidNumber: {gid}")));
    let ca = slapd.authority().certificate().display().to_string();
    let lines = lines.replace("/etc/gantry/ldap-ca.pem", &ca);
    let lines = ["ldap.example.com", "ldap2.example.com"]
        .iter()
        .fold(lines, |lines, name| lines.replace(&format!("ldap://{name}/"), &format!("ldap://{}/", slapd.host())));
    let server = Server::with(layout, |config| {
        without_users(config)
            .remove("AuthOrder")
            .block(lines)
            .block("<Limit LOGIN>\n  AllowGroup staff\n  DenyAll\n</Limit>");
    });
    answered(&server, "ann", "wonderland", 230);
    answered(&server, "ann", "wrong", 530);
    assert!(slapd.log().contains("BIND dn=\"cn=ftp,dc=example,dc=com\" mech=SIMPLE"), "{}", slapd.log());
    assert!(slapd.log().contains("STARTTLS"), "{}", slapd.log());
    let active_directory = blocks[2].replace("/etc/gantry/ad-ca.pem", &ca);
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        without_users(config).block(active_directory);
    });
    let said = trial.done.ok().text();
    assert!(!said.contains("LDAP"), "{said}");
}

#[test]
fn it_can_be_taken_into_a_running_server() {
    let slapd = Slapd::start("");
    let server = Server::with(Layout::Shared, |config| {
        let_operators_in(config);
        config.without_sql().set("AuthOrder", "mod_ldap.c mod_auth_file.c");
    });
    let mut old = server.login();
    answered(&server, "ann", SECRET, 530);
    let mut operator = Operator::of(&server);
    let lines = format!("LDAPServer {}\nLDAPUsers ou=people,{SUFFIX}\n", slapd.url());
    let done = operator.ask_with("insmod mod_ldap.c", &lines).unwrap();
    assert_eq!(done["module"], "mod_ldap");
    answered(&server, "ann", SECRET, 230);
    server.login();
    operator.does("swap mod_ldap");
    answered(&server, "ann", SECRET, 230);
    operator.does("rmmod mod_ldap");
    answered(&server, "ann", SECRET, 530);
    old.expect("NOOP", 200);
}

both_layouts!(
    users_log_in_by_binds,
    an_unknown_user_is_refused_as_others_are_and_costs_nobody_a_try,
    passwords_are_compared_where_binds_are_off,
    groups_are_the_directorys,
    home_folders_can_be_generated,
    ids_come_from_the_directory_or_by_default,
    hostile_names_are_only_names,
    a_second_server_is_asked_while_the_first_is_down,
    a_directory_that_is_killed_under_load_costs_only_logins_of_that_time,
    a_restart_between_logins_is_not_noticed,
    two_hundred_log_in_at_once,
    a_directory_that_says_nothing_costs_a_bounded_time,
    a_directory_that_answers_nonsense_costs_logins_and_nothing_else,
    a_directory_that_freezes_costs_a_bounded_time,
    a_refused_bind_and_a_directory_that_is_not_there_are_told,
    connections_are_encrypted,
    a_certificate_or_the_socket_tells_who_searches,
    searches_tell_of_their_session,
    faults_are_told_with_their_lines,
    lines_that_are_wrong_together_are_told,
    the_manuals_examples_serve,
    listings_show_the_directorys_names,
    the_page_for_administrators_serves,
    quotas_are_in_the_directory,
);
