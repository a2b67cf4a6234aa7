//! What is made at a login or for a client and belongs to somebody else: CreateHome, UserOwner, GroupOwner.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use gantry_tests::host::may_make_users;
use gantry_tests::prelude::*;

/// A user of no system.
const CARL: (u32, u32) = (23_456, 23_457);

/// A server whose user carl has a home that is not there.
fn server(layout: Layout, home: &str, lines: impl Fn(&Path) -> String) -> (Server, PathBuf) {
    let server = Server::with(layout, |config| {
        let lines = lines(config.folder());
        config.block(lines);
    });
    let home = server.folder().join(home);
    let (uid, gid) = CARL;
    server.sql(&format!("INSERT INTO users VALUES ('carl', 'ticket', {uid}, {gid}, '{}', '/bin/sh')", home.display()));
    (server, home)
}

fn skeleton(folder: &Path) -> PathBuf {
    let skeleton = folder.join("skel");
    if fs::create_dir(&skeleton).is_ok() {
        fs::create_dir(skeleton.join("inner")).unwrap();
        fs::write(skeleton.join("inner/file"), "text").unwrap();
        fs::set_permissions(skeleton.join("inner/file"), fs::Permissions::from_mode(0o4754)).unwrap();
        symlink("inner/file", skeleton.join("link")).unwrap();
    }
    skeleton
}

fn ids(path: &Path) -> (u32, u32) {
    let found = fs::symlink_metadata(path).unwrap();
    (found.uid(), found.gid())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn create_home_makes_a_home_with_all_that_belongs_to_it(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let (server, home) = server(layout, "homes/c/carl", |folder| {
        format!("CreateHome on 750 skel {} dirmode 751 uid 7 gid ~ homegid 9", skeleton(folder).display())
    });
    let mut wire = server.connect();
    wire.login("carl", "ticket");
    server.wait_for_log(&["CreateHome: ", "has been made for carl"]);
    assert_eq!((ids(&home), mode(&home)), ((CARL.0, 9), 0o750));
    for above in [home.parent().unwrap(), &server.folder().join("homes")] {
        assert_eq!((ids(above), mode(above)), ((7, CARL.1), 0o751));
    }
    for inner in ["inner", "inner/file", "link"] {
        assert_eq!(ids(&home.join(inner)), CARL, "{inner}");
    }
    assert_eq!(mode(&home.join("inner/file")), 0o754);
    assert_eq!(wire.fetch("RETR link"), b"text");
    wire.give("STOR own", b"content");
    wire.expect("DELE link", 250);
    server.connect().login("carl", "ticket");
    assert!(!home.join("link").exists(), "it is made once");
    let names = fs::read_dir(home.parent().unwrap()).unwrap().count();
    assert_eq!(names, 1, "nothing else is left there");
}

fn create_home_has_defaults_and_may_be_a_sections(layout: Layout) {
    let (server, home) = server(layout, "homes/carl", |folder| {
        let homes = folder.join("homes");
        fs::create_dir(&homes).unwrap();
        gantry_tests::server::own(&homes);
        "<IfUser carl>\n  CreateHome on\n</IfUser>".to_owned()
    });
    let gone = server.folder().join("homes/dora");
    let (uid, gid) = CARL;
    server.sql(&format!("INSERT INTO users VALUES ('dora', 'ticket', {uid}, {gid}, '{}', '/bin/sh')", gone.display()));
    let mut wire = server.connect();
    wire.expect("USER dora", 331);
    wire.expect("PASS ticket", 530);
    assert!(!gone.exists());
    let mut wire = server.connect();
    wire.login("carl", "ticket");
    wire.give("STOR own", b"content");
    assert_eq!(mode(&home), 0o700);
}

fn many_logins_at_once_make_one_whole_home(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let (server, home) = server(layout, "homes/a/b/carl", |folder| {
        format!("CreateHome on skel {}\nMaxLoginAttempts 9", skeleton(folder).display())
    });
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut wire = server.connect();
                wire.login("carl", "ticket");
                assert_eq!(wire.fetch("RETR inner/file"), b"text");
            });
        }
    });
    assert_eq!(fs::read_dir(home.parent().unwrap()).unwrap().count(), 1);
}

fn create_home_follows_no_link_and_goes_nowhere_else(layout: Layout) {
    let (server, _) = server(layout, "homes/link/carl", |folder| {
        for name in ["homes", "elsewhere"] {
            fs::create_dir(folder.join(name)).unwrap();
            gantry_tests::server::own(&folder.join(name));
        }
        symlink(folder.join("elsewhere"), folder.join("homes/link")).unwrap();
        "CreateHome on".to_owned()
    });
    let mut wire = server.connect();
    wire.expect("USER carl", 331);
    wire.expect("PASS ticket", 530);
    server.wait_for_log(&["CreateHome: cannot make", "homes/link is a symbolic link"]);
    assert_eq!(fs::read_dir(server.folder().join("elsewhere")).unwrap().count(), 0);
}

fn without_root_privileges_the_user_makes_the_home(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let (server, home) = server(layout, "homes/carl", |folder| {
        fs::create_dir(folder.join("homes")).unwrap();
        "CreateHome on 711 NoRootPrivs".to_owned()
    });
    let mut wire = server.connect();
    wire.expect("USER carl", 331);
    wire.expect("PASS ticket", 530);
    server.wait_for_log(&["CreateHome: cannot make", "Permission denied"]);
    fs::set_permissions(home.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    server.connect().login("carl", "ticket");
    assert_eq!((ids(&home), mode(&home)), (CARL, 0o711));
}

fn new_files_belong_to_user_owner(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!("<Directory {home}/given>\n  UserOwner 7\n  GroupOwner 8\n</Directory>"));
        config.block(format!("<Directory {home}/user>\n  UserOwner root\n</Directory>"));
    });
    for folder in ["given", "user"] {
        server.make_folder(folder);
    }
    server.put("given/old", "content");
    let at = |name: &str| ids(&server.home().join(name));
    let own = at("given/old");
    let mut wire = server.login();
    wire.give("STOR given/new", b"content");
    wire.give("APPE given/appended", b"content");
    wire.expect("MKD given/folder", 257);
    wire.give("STOR given/old", b"other");
    wire.give("STOR user/new", b"content");
    wire.give("STOR here", b"content");
    for name in ["given/new", "given/appended", "given/folder"] {
        assert_eq!(at(name), (7, 8), "{name}");
    }
    assert_eq!(at("user/new"), (0, own.1));
    assert_eq!([at("given/old"), at("here")], [own, own], "what was there, and what is elsewhere");
    assert_eq!(server.read("given/new"), b"content");
    // It is another's file by now.
    assert_eq!(wire.ask("SITE CHMOD 600 given/new").code, 550);
}

fn a_group_owner_is_one_of_the_users_groups(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let server = Server::with(layout, |config| {
        let home = config.home().display().to_string();
        config.block(format!("<Directory {home}/foreign>\n  GroupOwner 8\n</Directory>"));
        config.block(format!("<Directory {home}/own>\n  GroupOwner ~\n</Directory>"));
    });
    for folder in ["foreign", "own"] {
        server.make_folder(folder);
    }
    let folder = server.home().join("own");
    // New files get the folder's group.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o2777)).unwrap();
    std::os::unix::fs::chown(&folder, None, Some(8)).unwrap();
    let mut wire = server.login();
    wire.give("STOR foreign/new", b"content");
    server.wait_for_log(&["GroupOwner: a new file cannot have the group 8"]);
    wire.give("STOR own/new", b"content");
    let own = ids(&server.home());
    assert_eq!([ids(&server.home().join("foreign/new")), ids(&folder.join("new"))], [own, own]);
}

both_layouts!(
    create_home_makes_a_home_with_all_that_belongs_to_it,
    create_home_has_defaults_and_may_be_a_sections,
    many_logins_at_once_make_one_whole_home,
    create_home_follows_no_link_and_goes_nowhere_else,
    without_root_privileges_the_user_makes_the_home,
    new_files_belong_to_user_owner,
    a_group_owner_is_one_of_the_users_groups,
);
