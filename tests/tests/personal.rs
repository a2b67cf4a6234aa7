//! Sections that wait for a person: `<IfUser>`, `<IfGroup>`, `<IfClass>` and
//! `<IfAuthenticated>`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gantry_tests::prelude::*;
use gantry_tests::server::own;

/// The permissions of a file that a session stores.
fn stored(server: &Server, wire: &mut Wire, name: &str) -> u32 {
    wire.give(format!("STOR {name}"), b"new");
    fs::metadata(server.home().join(name)).unwrap().permissions().mode() & 0o777
}

fn bob(server: &Server) -> Wire {
    let mut wire = server.connect();
    wire.login("bob", "plain as day");
    wire
}

fn a_section_holds_for_its_users_alone(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(format!(
            "<IfUser {USER},nobody-else>\n  Umask 077\n  <Limit DELE>\n    DenyAll\n  </Limit>\n</IfUser>\n\
             <IfUser !{USER}>\n  <Limit MKD>\n    DenyAll\n  </Limit>\n</IfUser>"
        ));
    });
    let (mut alice, mut bob) = (server.login(), bob(&server));
    assert_eq!(stored(&server, &mut alice, "of-alice"), 0o600);
    assert_eq!(stored(&server, &mut bob, "of-bob"), 0o644);
    alice.expect("DELE of-alice", 550);
    alice.expect("MKD folder", 257);
    bob.expect("DELE of-bob", 250);
    bob.expect("MKD other", 550);
}

fn the_last_of_several_sections_counts(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(format!(
            "<IfUser {USER}>\n  Umask 077\n</IfUser>\n<IfAuthenticated>\n  Umask 007\n</IfAuthenticated>\n\
             <IfUser bob>\n  Umask 017\n</IfUser>"
        ));
    });
    assert_eq!(stored(&server, &mut server.login(), "of-alice"), 0o660);
    assert_eq!(stored(&server, &mut bob(&server), "of-bob"), 0o660 & !0o010);
}

fn groups_are_the_accounts(layout: Layout) {
    let server = Server::with(layout, |config| {
        let groups = config.path("group");
        config.without_sql().set("AuthGroupFile", &groups);
        fs::write(&groups, format!("staff:x:54400:{USER}\nother:x:54401:\n")).unwrap();
        fs::set_permissions(&groups, fs::Permissions::from_mode(0o600)).unwrap();
        own(groups.as_ref());
        config.block("<IfGroup staff>\n  Umask 077\n</IfGroup>\n<IfGroup staff,other>\n  Umask 0\n</IfGroup>");
    });
    assert_eq!(stored(&server, &mut server.login(), "file"), 0o600);
}

fn classes_hold_before_the_login(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(
            "<Class here>\n  From 127.0.0.0/8\n</Class>\n\
             <IfClass here>\n  AccessDenyMsg \"not from here, %u\"\n  PassivePorts 49300 49360\n</IfClass>\n\
             <IfClass elsewhere>\n  PassivePorts 49400 49460\n</IfClass>",
        );
    });
    let mut wire = server.connect();
    wire.expect(format!("USER {USER}"), 331);
    assert_eq!(wire.expect("PASS wrong", 530).text(), format!("530 not from here, {USER}"));
    wire.login(USER, PASSWORD);
    let port = wire.passive().peer_addr().unwrap().port();
    assert!((49300..=49360).contains(&port), "{port}");
}

fn ports_and_times_follow_the_login(layout: Layout) {
    let server = Server::with(layout, |config| {
        config.block(format!("<IfUser {USER}>\n  PassivePorts 49500 49560\n  TimeoutIdle 1\n</IfUser>"));
    });
    let (mut alice, mut bob) = (server.login(), bob(&server));
    let port = alice.passive().peer_addr().unwrap().port();
    assert!((49500..=49560).contains(&port), "{port}");
    let port = bob.passive().peer_addr().unwrap().port();
    assert!(port < 49500, "{port}");
    assert!(alice.until_closed().unwrap().contains("421 Idle timeout (1 seconds)"));
    bob.expect("NOOP", 200);
}

fn folders_in_a_section_are_enclosed_by_the_servers(layout: Layout) {
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!(
            "<Directory {home}>\n  Umask 027\n</Directory>\n\
             <IfUser {USER}>\n  <Directory ~/sub>\n    <Limit DELE>\n      DenyAll\n    </Limit>\n  </Directory>\n</IfUser>"
        ));
    });
    server.make_folder("sub");
    let (mut alice, mut bob) = (server.login(), bob(&server));
    assert_eq!(stored(&server, &mut alice, "sub/a"), 0o640);
    assert_eq!(stored(&server, &mut bob, "sub/b"), 0o640);
    alice.expect("DELE sub/a", 550);
    bob.expect("DELE sub/a", 250);
}

fn a_section_counts_more_than_the_anonymous_around_its_session(layout: Layout) {
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!(
            "<IfUser bob>\n  Umask 007\n  <Limit WRITE>\n    DenyAll\n  </Limit>\n</IfUser>\n\
             <IfUser anonymous>\n  Umask 0\n</IfUser>\n\
             <Anonymous {home}>\n  User bob\n  UserAlias anonymous bob\n  Umask 077\n\
             <Limit STOR>\n  AllowAll\n</Limit>\n</Anonymous>"
        ));
    });
    let mut wire = server.connect();
    wire.login("anonymous", "me@example.com");
    assert_eq!(stored(&server, &mut wire, "file"), 0o660);
    wire.expect("MKD folder", 550);
}

both_layouts!(
    a_section_holds_for_its_users_alone,
    the_last_of_several_sections_counts,
    groups_are_the_accounts,
    classes_hold_before_the_login,
    ports_and_times_follow_the_login,
    folders_in_a_section_are_enclosed_by_the_servers,
    a_section_counts_more_than_the_anonymous_around_its_session,
);
