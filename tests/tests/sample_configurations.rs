//! The sample configurations of ProFTPD's documentation, with other paths, users and addresses, next to ProFTPD: the same
//! clients get the same answers. They come with Debian's package, which `tests/run` unpacks.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use gantry_tests::host::{SystemUser, may_make_users, own_address};
use gantry_tests::layout::test_folder;
use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::proftpd::ProFtpd;
use gantry_tests::wire::read_all;

/// What a test's servers say themselves.
const OWN: [&str; 8] =
    ["ServerName", "ServerType", "DefaultServer", "Port", "UseIPv6", "User", "Group", "ScoreboardFile"];

/// A sample, without what a test's servers say themselves, comments and indentation; none, and a line that says so, where the
/// package is not there.
fn sample(name: &str) -> Option<String> {
    let folder = test_folder().join("proftpd/usr/share/doc/proftpd-core/sample-configurations");
    let file =
        [name.to_owned(), format!("{name}.gz")].into_iter().map(|name| folder.join(name)).find(|file| file.is_file());
    let Some(file) = file else {
        eprintln!("left out: Debian's package proftpd-core is not there: {name}");
        return None;
    };
    let text = run(Command::new("zcat").arg("--force").arg(file), "").ok().out;
    let mut depth = 0_usize;
    let mut kept = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let is_own = depth == 0 && line.split_whitespace().next().is_some_and(|name| OWN.contains(&name));
        match line {
            line if line.starts_with("</") => depth -= 1,
            line if line.starts_with('<') => depth += 1,
            _ => {}
        }
        if !is_own {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Some(kept)
}

/// Replaces words of a text: whole ones, also behind `~` and before `>`.
fn with(text: &str, words: &[(&str, &str)]) -> String {
    let word = |word: &str| {
        let bare = word.trim_start_matches('~').trim_end_matches('>');
        let other = words.iter().find(|(old, _)| *old == bare).map(|(_, new)| *new);
        other.map_or_else(|| word.to_owned(), |new| word.replace(bare, new))
    };
    let line = |line: &str| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(|text| format!("{}\n", line(text))).collect()
}

/// What a client sends, line by line, and what it is answered.
fn played(wire: &mut Wire, script: &str) -> String {
    let mut said = String::new();
    for line in script.lines().map(str::trim) {
        let verb = line.split(' ').next().unwrap_or_default();
        let mut data = ["RETR", "NLST", "STOR"].contains(&verb).then(|| wire.passive());
        let first = wire.ask(line);
        // Of a refusal the code: ProFTPD has several words for the same.
        let words = if first.code >= 500 { first.code.to_string() } else { first.text() };
        said.push_str(&format!("> {line}\n{words}\n"));
        let Some(mut stream) = data.take().filter(|_| first.code == 150) else { continue };
        if verb == "STOR" {
            stream.write_all(b"sent").unwrap();
        } else {
            let text = String::from_utf8(read_all(&mut stream)).unwrap();
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            said.push_str(&lines.join("\n"));
        }
        drop(stream);
        said.push_str(&format!("\n{}\n", wire.reply().text()));
    }
    said
}

/// Plays a script on both servers, each with the same files, and compares.
fn compare(servers: (&Server, &ProFtpd), addresses: (SocketAddr, SocketAddr), files: impl Fn(), script: &str) {
    files();
    let ours = played(&mut Wire::connect(addresses.0), script);
    files();
    let theirs = played(&mut Wire::connect(addresses.1), script);
    assert_eq!(ours, theirs, "Gantry's on the left; its log:\n{}", servers.0.log());
}

/// Both servers with the same lines.
fn both(layout: Layout, lines: (&str, &str)) -> Option<(Server, ProFtpd)> {
    let rest = "<Global>\n  AuthOrder mod_auth_file.c mod_auth_unix.c\n</Global>\n";
    let proftpd = ProFtpd::start(&format!("{rest}SocketBindTight on\n{}", lines.1))?;
    let gantry = Server::with(layout, |config| {
        for name in
            ["AuthUserFile", "AuthOrder", "DefaultRoot", "AllowOverwrite", "AllowStoreRestart", "Umask", "UseFtpUsers"]
        {
            config.without_sql().remove(name);
        }
        config.remove("AuthUserFile").remove("AuthOrder").remove("RequireValidShell").remove("TransferLog");
        config.set("ServerName", "x").block(format!("{rest}{}", lines.0));
    });
    Some((gantry, proftpd))
}

/// A folder of a user's with these files; names that end in a slash are folders, which everybody may write to.
fn lay_out(folder: &Path, ids: (u32, u32), names: &[&str]) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    for name in names {
        let path = folder.join(name);
        match name.strip_suffix('/') {
            Some(_) => fs::create_dir_all(&path).unwrap(),
            None => fs::write(&path, format!("{name}\r\n")).unwrap(),
        }
        let mode = if path.is_dir() { 0o777 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        chown(&path, Some(ids.0), Some(ids.1)).unwrap();
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    chown(folder, Some(ids.0), Some(ids.1)).unwrap();
}

const ANONYMOUS: &str = "USER anonymous\nPASS a@example.org\nPWD\nTYPE I\nNLST\nCWD pub\nRETR file\nSIZE file\nSTOR new\n\
                         MKD new\nDELE file\nRNFR file\nSITE CHMOD 600 file\nCDUP\nQUIT";

fn the_basic_sample_is_served_as_proftpd_serves_it(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let Some(sample) = sample("basic.conf") else { return };
    let (anonymous, user) = (SystemUser::new(), SystemUser::new());
    let lines = with(&sample, &[("ftp", &anonymous.name)]);
    let Some((gantry, proftpd)) = both(layout, (&lines, &lines)) else { return };
    let files = || {
        lay_out(&anonymous.home, (anonymous.uid, anonymous.gid), &["welcome.msg", "pub/", "pub/file", "pub/.message"]);
        lay_out(&user.home, (user.uid, user.gid), &["old"]);
    };
    let addresses = (gantry.address(), proftpd.address());
    compare((&gantry, &proftpd), addresses, files, ANONYMOUS);
    let own = format!(
        "USER {}\nPASS wrong\nUSER {0}\nPASS {PASSWORD}\nPWD\nTYPE I\nNLST\nSTOR old\nRETR old\nRNFR old\nRNTO new\nMKD d\n\
         RMD d\nSITE CHMOD 600 new\nDELE new\nCWD /etc\nQUIT",
        user.name
    );
    compare((&gantry, &proftpd), addresses, files, &own);
}

fn the_anonymous_sample_is_served_as_proftpd_serves_it(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let Some(sample) = sample("anonymous.conf") else { return };
    let (ftp, bob, guest) = (SystemUser::new(), SystemUser::new(), SystemUser::new());
    let private = tempfile::tempdir().unwrap();
    let folder = private.path().join("private");
    let shown = folder.display().to_string();
    let words = [
        ("ftp", ftp.name.as_str()),
        ("bobf", &bob.name),
        ("guest", &guest.name),
        ("nobody", "nogroup"),
        ("engdept", "users"),
        ("/usr/local/private", &shown),
    ];
    fs::set_permissions(private.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let lines = with(&sample, &words);
    let Some((gantry, proftpd)) = both(layout, (&lines, &lines)) else { return };
    let files = || {
        let public = ["welcome.msg", "pub/", "pub/file", "pub/.message", "uploads/", "uploads/old"];
        lay_out(&ftp.home, (ftp.uid, ftp.gid), &public);
        lay_out(
            &folder,
            (bob.uid, bob.gid),
            &["doc", "roots", "submissions/", "submissions/public/", "submissions/public/old"],
        );
        chown(folder.join("roots"), Some(0), Some(0)).unwrap();
        lay_out(&guest.home, (guest.uid, guest.gid), &["file"]);
    };
    let addresses = (gantry.address(), proftpd.address());
    let servers = (&gantry, &proftpd);
    compare(servers, addresses, files, ANONYMOUS);
    let uploads = "USER anonymous\nPASS a@example.org\nTYPE I\nSTOR uploads/new\nRETR uploads/new\nRETR uploads/old\nCWD uploads\nNLST\nSTOR more\nDELE more\nQUIT";
    compare(servers, addresses, files, uploads);
    for user in ["private", "engineering"] {
        let script = format!(
            "USER {user}\nPASS a@example.org\nTYPE I\nNLST\nRETR doc\nSTOR doc\nRETR roots\nSIZE roots\n\
             STOR submissions/public/new\nRETR submissions/public/old\nMKD submissions/public/d\nRMD submissions/public/d\nQUIT"
        );
        compare(servers, addresses, files, &script);
    }
    let guests = format!(
        "USER {0}\nPASS wrong\nUSER {0}\nPASS {PASSWORD}\nTYPE I\nNLST\nRETR file\nSTOR new\nDELE file\nQUIT",
        guest.name
    );
    compare(servers, addresses, files, &guests);
}

fn the_virtual_sample_is_served_as_proftpd_serves_it(layout: Layout) {
    if !may_make_users() {
        return;
    }
    let Some(sample) = sample("virtual.conf") else { return };
    let (customer, ftp) = (SystemUser::new(), SystemUser::new());
    let site = tempfile::tempdir().unwrap();
    fs::set_permissions(site.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = site.path().join("a_customer");
    let shown = folder.display().to_string();
    // Each server has addresses of its own.
    let addresses: [[Ipv4Addr; 2]; 2] = [[own_address(), own_address()], [own_address(), own_address()]];
    let lines = addresses.map(|[first, second]| {
        let (first, second) = (first.to_string(), second.to_string());
        let words = [
            ("cust1", customer.name.as_str()),
            ("ftp", &ftp.name),
            ("ftp.virtual.com", &first),
            ("our.ip.address", &second),
            ("/usr/local/ftp/virtual/a_customer", &shown),
        ];
        let text = with(&sample, &words);
        text.replace(&format!("<VirtualHost {first}>"), &format!("<VirtualHost {first}>\nPort 2119"))
    });
    let Some((gantry, proftpd)) = both(layout, (&lines[0], &lines[1])) else { return };
    let files = || {
        lay_out(&customer.home, (customer.uid, customer.gid), &["file", "logs/", "logs/log", "roots"]);
        chown(customer.home.join("roots"), Some(0), Some(0)).unwrap();
        lay_out(&folder, (ftp.uid, ftp.gid), &["pub/", "pub/file", "incoming/", "incoming/old"]);
    };
    let at = |which: usize, port| {
        (SocketAddr::from((addresses[0][which], port)), SocketAddr::from((addresses[1][which], port)))
    };
    let servers = (&gantry, &proftpd);
    let customers = format!(
        "USER {0}\nPASS {PASSWORD}\nPWD\nTYPE I\nRETR file\nCWD logs\nRETR logs/log\nSTOR new\nQUIT",
        customer.name
    );
    compare(servers, at(0, 2119), files, &customers);
    let incoming = "USER anonymous\nPASS a@example.org\nTYPE I\nNLST\nRETR pub/file\nSTOR pub/new\nCWD incoming\nSTOR new\nMKD d\n\
                    DELE old\nNLST\nQUIT";
    compare(servers, at(1, 4000), files, incoming);
    let refused = format!("USER {}\nPASS {PASSWORD}", customer.name);
    compare(servers, at(1, 4000), files, &refused);
}

both_layouts!(
    the_basic_sample_is_served_as_proftpd_serves_it,
    the_anonymous_sample_is_served_as_proftpd_serves_it,
    the_virtual_sample_is_served_as_proftpd_serves_it,
);
