//! FTP over TLS with the clients that people use. Each carries files both ways over
//! protected data connections, with both versions of TLS.

use std::fs;
use std::path::Path;
use std::process::Command;

use gantry_tests::prelude::*;
use gantry_tests::process::{exists, run};
use gantry_tests::sample::{self, assert_same};
use gantry_tests::tls;

/// Python's ftplib with the session reuse that it lacks.
const PYTHON: &str = r#"
import ftplib, ssl, sys

class Reusing(ftplib.FTP_TLS):
    name = None

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            name = self.name or self.host
            conn = self.context.wrap_socket(conn, server_hostname=name, session=self.sock.session)
        return conn, size

port, ca, user, password, version, name = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
ftp = Reusing(context=context)
ftp.connect("localhost", int(port), 20)
ftp.login(user, password)
# The session's ticket of TLSv1.3 comes with the first answers.
ftp.prot_p()
if name:
    ftp.name = name
    ftp.context.check_hostname = False
    try:
        print(ftp.nlst())
    except ftplib.all_errors as error:
        print("refused:", error)
    sys.exit()
import io
for at in range(100):
    content = b"%d\n" % at * at
    ftp.storbinary("STOR file", io.BytesIO(content))
    back = io.BytesIO()
    ftp.retrbinary("RETR file", back.write)
    assert back.getvalue() == content, at
    assert "file" in ftp.nlst()
for at in range(100):
    ftp.storbinary("STOR up%d" % at, io.BytesIO(b"x" * at))
print(ftp.sock.version(), len(ftp.nlst()))
ftp.quit()
"#;

fn server(layout: Layout, change: impl FnOnce(&mut Config)) -> Server {
    Server::with(layout, |config| {
        tls::configure(config);
        config.set("DefaultAddress", "127.0.0.1");
        change(config);
    })
}

fn program(name: &str) -> Option<Command> {
    if exists(name) {
        return Some(Command::new(name));
    }
    let left_out = std::env::var("GANTRY_TEST_LEAVE_OUT").unwrap_or_default();
    let package = if name == "gnutls-cli" { "gnutls-bin" } else { name };
    assert!(left_out.split_whitespace().any(|word| word == package), "{name} is missing: tests/run installs it");
    None
}

fn ca(server: &Server) -> String {
    server.folder().join("ca.pem").display().to_string()
}

fn python(server: &Server, version: &str, name: &str) -> Option<String> {
    let mut python = program("python3")?;
    let (port, ca) = (server.address().port().to_string(), ca(server));
    python.args(["-c", PYTHON, &port, &ca, USER, PASSWORD, version, name]);
    Some(run(&mut python, "").ok().out)
}

fn pythons_ftplib_carries_hundreds_of_files(layout: Layout) {
    let server = server(layout, |_| {});
    for (version, shown) in [("TLSv1_2", "TLSv1.2 101"), ("TLSv1_3", "TLSv1.3 101")] {
        if let Some(out) = python(&server, version, "") {
            assert_eq!(out.trim(), shown);
            assert_eq!(server.read("up99").len(), 99);
        }
    }
}

/// A session belongs to the server's name that the client gave (RFC 6066 section 3).
fn a_session_is_not_resumed_under_another_servers_name(layout: Layout) {
    let strict = server(layout, |_| {});
    let lenient = server(layout, |config| {
        config.add("TLSOptions", "NoSessionReuseRequired");
    });
    for version in ["TLSv1_2", "TLSv1_3"] {
        for (server, begins) in [(&strict, "refused: "), (&lenient, "[")] {
            if let Some(out) = python(server, version, "127.0.0.1.example.com") {
                assert!(out.starts_with(begins), "{version}: {out}");
            }
        }
    }
}

fn curl_carries_files(layout: Layout) {
    let server = server(layout, |_| {});
    let (large, back) = (server.scratch().join("large"), server.scratch().join("back"));
    sample::file(&large, 5_000_003, 1);
    let small: Vec<_> = (0..40).map(|at| server.scratch().join(format!("small{at}"))).collect();
    for (at, path) in small.iter().enumerate() {
        sample::file(path, at as u64 * 100, at as u64);
    }
    let url = |name: &str| format!("ftp://localhost:{}/{name}", server.address().port());
    let curl = |version: [&str; 3], arguments: &[String]| {
        let Some(mut curl) = program("curl") else { return };
        curl.args(["--disable", "--silent", "--show-error", "--fail", "--ssl-reqd", "--max-time", "60", "--cacert"]);
        curl.arg(ca(&server)).args(version).args(["--user", &format!("{USER}:{PASSWORD}")]).args(arguments);
        run(&mut curl, "").ok();
    };
    for version in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3", "--tls-max", "1.3"]] {
        curl(version, &["-T".to_owned(), large.display().to_string(), url("large")]);
        if !exists("curl") {
            return;
        }
        assert_same(&large, &server.home().join("large"));
        curl(version, &["-o".to_owned(), back.display().to_string(), url("large")]);
        assert_same(&large, &back);
        let up = small.iter().enumerate();
        let up: Vec<String> =
            up.flat_map(|(at, path)| ["-T".into(), path.display().to_string(), url(&format!("s{at}"))]).collect();
        curl(version, &up);
        for (at, path) in small.iter().enumerate() {
            assert_same(path, &server.home().join(format!("s{at}")));
            fs::remove_file(server.home().join(format!("s{at}"))).unwrap();
        }
    }
}

fn lftp_carries_a_tree(layout: Layout) {
    let server = server(layout, |_| {});
    let (source, back) = (server.scratch().join("tree"), server.scratch().join("back"));
    fs::create_dir(&source).unwrap();
    let tree = Tree::make(&source, 60);
    for (at, version) in ["-VERS-ALL:+VERS-TLS1.2", "-VERS-ALL:+VERS-TLS1.3"].iter().enumerate() {
        let Some(mut lftp) = program("lftp") else { return };
        let script = format!(
            "set ftp:ssl-force true; set ftp:ssl-protect-data true; set ssl:ca-file {ca}; set ssl:priority NORMAL:{version}; \
             set net:max-retries 1; set net:timeout 20; set cmd:fail-exit true; \
             open -u {USER},{PASSWORD} -p {port} localhost; \
             mirror -R {source} tree{at}; mirror tree{at} {back}{at}; bye",
            ca = ca(&server),
            port = server.address().port(),
            source = source.display(),
            back = back.display(),
        );
        run(lftp.args(["--norc", "-c", &script]).env("HOME", server.scratch()), "").ok();
        tree.assert_same(&source, &server.home().join(format!("tree{at}")));
        tree.assert_same(&source, Path::new(&format!("{}{at}", back.display())));
    }
}

/// OpenSSL and GnuTLS see what the configuration says: versions, ciphers, curves.
fn what_is_offered_is_what_the_configuration_says(layout: Layout) {
    let server = server(layout, |config| {
        config.add("TLSProtocol", "TLSv1.2").add("TLSCipherSuite", "AES128").add("TLSECDHCurve", "prime256v1");
    });
    let address = format!("localhost:{}", server.address().port());
    let openssl = |arguments: &[&str]| {
        let mut openssl = Command::new("openssl");
        openssl.args(["s_client", "-connect", &address, "-starttls", "ftp", "-brief"]).args(arguments);
        run(&mut openssl, "QUIT\n").text()
    };
    assert!(exists("openssl"), "openssl is missing: tests/run installs it");
    let seen = openssl(&["-tls1_2"]);
    assert!(seen.contains("ECDHE-ECDSA-AES128-GCM-SHA256") && seen.contains("prime256v1"), "{seen}");
    for refused in [
        &["-tls1_3"][..],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES256"],
        &["-tls1_2", "-cipher", "CHACHA20"],
        &["-tls1_2", "-cipher", "ALL:!ECDHE:@SECLEVEL=0"],
        &["-tls1_2", "-curves", "X25519"],
    ] {
        let seen = openssl(refused);
        assert!(!seen.contains("CONNECTION ESTABLISHED"), "{refused:?}: {seen}");
    }
    let Some(mut gnutls) = program("gnutls-cli") else { return };
    let port = server.address().port().to_string();
    gnutls.args(["--starttls-proto=ftp", "--x509cafile", &ca(&server), "--port", &port, "localhost"]);
    let seen = run(&mut gnutls, "").text();
    assert!(seen.contains("TLS1.2") && seen.contains("AES-128-GCM"), "{seen}");
}

both_layouts!(
    pythons_ftplib_carries_hundreds_of_files,
    a_session_is_not_resumed_under_another_servers_name,
    curl_carries_files,
    lftp_carries_a_tree,
    what_is_offered_is_what_the_configuration_says,
);
