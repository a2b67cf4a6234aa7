//! The files of TLS: certificates and keys in all forms, renewed ones, client
//! certificates, and what a configuration is refused for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use gantry_tests::host::own_address;
use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::server::{Trial, own};
use gantry_tests::tls::{self, Authority, Kind, Signed, Talk, Trust, Version};
use gantry_tests::wait;
use rcgen::date_time_ymd;

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn server(layout: Layout, change: impl FnOnce(&mut Config, &Authority)) -> Server {
    Server::with(layout, |config| {
        let authority = tls::configure(config);
        change(config, &authority);
    })
}

/// The name of the certificate that a server shows a client.
fn presented(server: &Server, trust: &Trust) -> String {
    let mut talk = Talk::connect(server.address(), trust);
    talk.auth();
    let chain = talk.secure().conn.peer_certificates().unwrap().to_vec();
    // The common name is in the certificate as it is.
    String::from_utf8_lossy(&chain[0]).into_owned()
}

fn use_files(config: &mut Config, signed: &Signed) {
    config.set("TLSECCertificateFile", shown(&signed.certificate));
    config.set("TLSECCertificateKeyFile", shown(&signed.key));
}

fn faults_of_files_are_told_with_their_lines(layout: Layout) {
    type Spoil = fn(&mut Config, &Authority, &Signed);
    let faults: [(&str, &str, Spoil); 9] = [
        ("TLSECCertificateFile", "expired", |config, authority, _| {
            let old = authority.sign_with("old", Kind::Ec, &["localhost"], |params| {
                (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
            });
            use_files(config, &old);
        }),
        ("TLSECCertificateFile", "not valid yet", |config, authority, _| {
            let early = authority.sign_with("early", Kind::Ec, &["localhost"], |params| {
                (params.not_before, params.not_after) = (date_time_ymd(2990, 1, 1), date_time_ymd(2999, 1, 1));
            });
            use_files(config, &early);
        }),
        ("TLSECCertificateKeyFile", "does not belong", |config, authority, _| {
            let other = authority.sign("other", Kind::Ec, &["localhost"]);
            config.set("TLSECCertificateKeyFile", shown(&other.key));
        }),
        ("TLSECCertificateKeyFile", "everybody may read", |_, _, signed| {
            fs::set_permissions(&signed.key, fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("TLSECCertificateKeyFile", "No such file", |config, _, _| {
            config.set("TLSECCertificateKeyFile", "/nonexistent/key.pem");
        }),
        ("TLSECCertificateKeyFile", "no private key", |_, _, signed| {
            fs::write(&signed.key, "garbage").unwrap();
        }),
        ("TLSECCertificateFile", "no certificate", |_, _, signed| {
            fs::write(&signed.certificate, "garbage").unwrap();
        }),
        ("TLSEngine", "there is no certificate", |config, _, _| {
            config.remove("TLSECCertificateFile").remove("TLSECCertificateKeyFile");
        }),
        ("TLSVerifyClient", "TLSCACertificateFile", |config, _, _| {
            config.add("TLSVerifyClient", "on");
        }),
    ];
    for (directive, words, spoil) in faults {
        let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
            let authority = tls::configure(config);
            let folder = config.folder().to_owned();
            let signed = Signed::of(&folder, "server");
            spoil(config, &authority, &signed);
        });
        let line = format!("on line {} ", trial.config.line_of(&format!("{directive} ")));
        let fatal = trial.fatal();
        assert!(fatal.contains(words) && fatal.contains(directive) && fatal.contains(&line), "{words}: {fatal}");
    }
}

fn what_is_not_there_is_refused_with_what_to_write(layout: Layout) {
    for (directive, value, instead) in [
        ("TLSProtocol", "TLSv1 TLSv1.1", "TLSv1.2 TLSv1.3"),
        ("TLSDSACertificateFile", "/x", "TLSRSACertificateFile"),
        ("TLSPreSharedKey", "a hex:/x", "TLSVerifyClient"),
        ("TLSServerInfoFile", "/x", "remove the line"),
        ("TLSVerifyOrder", "ocsp", "TLSCARevocationFile"),
        ("TLSCipherSuite", "RC4:DES", "HIGH"),
        ("TLSCipherSuite", "HIGH:NOSUCHTHING", "NOSUCHTHING"),
        ("TLSECDHCurve", "secp521r1", "X25519"),
        ("TLSOptions", "NoSuchOption", "NoSuchOption"),
        ("TLSRequired", "sometimes", "auth+data"),
        ("TLSUserName", "Nickname", "CommonName"),
        ("TLSSessionTicketKeys", "age 1", "60"),
    ] {
        let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
            tls::configure(config);
            config.add(directive, value);
        });
        let fatal = trial.fatal();
        assert!(fatal.contains(directive) && fatal.contains(instead), "{fatal}");
    }
}

/// Debian's `/etc/proftpd/tls.conf` with all its lines, and others that sites have.
fn a_configuration_for_proftpd_is_read_whole(layout: Layout) {
    let trial = Trial::run(&layout.gantryd(), &["-t"], |config| {
        let authority = tls::configure(config);
        let rsa = authority.sign("proftpd", Kind::Rsa, &["localhost"]);
        for name in ["LoadModule", "TLSEngine", "TLSLog", "TLSECCertificateFile", "TLSECCertificateKeyFile"] {
            if name != "LoadModule" {
                config.remove(name);
            }
        }
        config.block(format!(
            "<IfModule mod_tls.c>
TLSEngine                               on
TLSLog                                  {log}
TLSProtocol                             SSLv23
TLSRSACertificateFile                   {certificate}
TLSRSACertificateKeyFile                {key}
TLSCACertificateFile 			 {ca}
TLSOptions                      NoCertRequest EnableDiags 
TLSOptions                      NoCertRequest EnableDiags NoSessionReuseRequired
TLSOptions 							AllowClientRenegotiations
TLSVerifyClient                         off
TLSRequired                             on
TLSRenegotiate                          required off
</IfModule>
TLSCipherSuite DEFAULT:!ADH:!EXPORT:!DES
TLSDHParamFile /etc/ssl/dhparams.pem
TLSRandomSeed /etc/ssl/seed
TLSCryptoDevice none
TLSServerCipherPreference on
TLSSessionCache shm:/file=/var/run/proftpd/sesscache
TLSSessionTickets off
TLSSessionTicketKeys age 1h count 12
TLSStapling on
TLSStaplingCache shm:/file=/var/run/proftpd/ocsp
TLSStaplingOptions NoNonce
TLSStaplingResponder http://ocsp.example.com/
TLSStaplingTimeout 10
TLSTimeoutHandshake 60
TLSVerifyDepth 3
TLSVerifyOrder crl
TLSVerifyServer off
TLSNextProtocol on
TLSControlsACLs all allow user root
TLSECDHCurve secp521r1:prime256v1
",
            log = config.path("tls.log"),
            certificate = shown(&rsa.certificate),
            key = shown(&rsa.key),
            ca = shown(&authority.certificate()),
        ));
    });
    let text = trial.done.text();
    assert!(trial.done.status.success(), "{text}");
    for start in [
        "TLSRenegotiate has no effect: ",
        "TLSDHParamFile has no effect: ",
        "TLSRandomSeed has no effect: ",
        "TLSVerifyServer has no effect: ",
        "TLSStaplingTimeout has no effect: ",
        "TLSStapling: it has no effect: ",
        "TLSOptions: ",
    ] {
        let line = text.lines().find(|line| line.starts_with(start));
        assert!(line.is_some_and(|line| line.contains("no effect") && line.contains(" on line ")), "{start}: {text}");
    }
}

fn a_renewed_certificate_is_served_without_a_reload(layout: Layout) {
    let server = server(layout, |_, _| {});
    let trust = Trust::of(server.folder());
    assert!(presented(&server, &trust).contains("localhost"));
    let mut running = Talk::connect(server.address(), &trust);
    running.auth().login(USER, PASSWORD).private();
    let authority = Authority::new(server.folder());
    authority.sign("server", Kind::Ec, &["renewed.example.com", "localhost"]);
    let trust = Trust::of(server.folder());
    wait::for_condition("the new certificate is served", || presented_or_nothing(&server, &trust).contains("renewed"));
    // What cannot be used changes nothing.
    tls::write(&server.folder().join("server.crt"), "garbage", 0o644);
    server.wait_for_log(&["cannot reread", "server.crt"]);
    assert!(presented(&server, &trust).contains("renewed"));
    running.expect("NOOP", 200);
}

fn presented_or_nothing(server: &Server, trust: &Trust) -> String {
    let mut talk = Talk::connect(server.address(), trust);
    talk.expect("AUTH TLS", 234);
    match talk.shake_hands() {
        Ok(()) => String::from_utf8_lossy(&talk.secure().conn.peer_certificates().unwrap()[0]).into_owned(),
        Err(_) => String::new(),
    }
}

fn each_client_gets_a_certificate_that_it_can_verify(layout: Layout) {
    let server = server(layout, |config, authority| {
        let rsa = authority.sign("rsa", Kind::Rsa, &["rsa.example.com", "localhost"]);
        config.add("TLSRSACertificateFile", shown(&rsa.certificate)).add("TLSRSACertificateKeyFile", shown(&rsa.key));
    });
    let both = Trust::of(server.folder());
    assert!(!presented(&server, &both).contains("rsa.example.com"));
    assert!(presented(&server, &Trust::with_rsa_alone(server.folder())).contains("rsa.example.com"));
}

/// Keys as OpenSSL writes them: encrypted in both forms, PKCS#1, SEC1, in one file with the
/// certificate, and PKCS#12.
fn keys_come_in_all_forms(layout: Layout) {
    let openssl = |arguments: &str| run(Command::new("openssl").args(arguments.split_whitespace()), "").ok();
    let forms: [(&str, Kind, &str); 6] = [
        ("encrypted PKCS#8", Kind::Ec, "pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out FORM -passout pass:tell-nobody"),
        ("traditional", Kind::Rsa, "rsa -in KEY -out FORM -aes128 -traditional -passout pass:tell-nobody"),
        ("traditional 3DES", Kind::Rsa, "rsa -in KEY -out FORM -des3 -traditional -passout pass:tell-nobody"),
        ("PKCS#1", Kind::Rsa, "rsa -in KEY -out FORM -traditional"),
        ("SEC1", Kind::Ec, "ec -in KEY -out FORM"),
        ("PKCS#12", Kind::Rsa, "pkcs12 -export -in CERTIFICATE -inkey KEY -out FORM -passout pass:tell-nobody"),
    ];
    for (form, kind, command) in forms {
        let server = server(layout, |config, authority| {
            let signed = authority.sign("form", kind, &["form.example.com", "localhost"]);
            let key = config.folder().join("form.out");
            let command =
                command.replace("CERTIFICATE", &shown(&signed.certificate)).replace("KEY", &shown(&signed.key));
            openssl(&command.replace("FORM", &shown(&key)));
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
            let program = config.folder().join("phrase");
            // It is run as the daemon's user.
            fs::write(&program, "#!/bin/sh\necho \"$1 $2\" >&2\necho tell-nobody\n").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            config.remove("TLSECCertificateFile").remove("TLSECCertificateKeyFile");
            config.add("TLSPassPhraseProvider", shown(&program));
            if form == "PKCS#12" {
                config.add("TLSPKCS12File", shown(&key));
            } else {
                let name = if kind == Kind::Ec { "TLSECCertificate" } else { "TLSRSACertificate" };
                config
                    .add(&format!("{name}File"), shown(&signed.certificate))
                    .add(&format!("{name}KeyFile"), shown(&key));
            }
        });
        assert!(presented(&server, &Trust::of(server.folder())).contains("form.example.com"), "{form}");
        assert!(!server.log().contains("tell-nobody"));
    }
}

fn clients_show_certificates_that_the_authority_vouches_for(layout: Layout) {
    for (verify, without) in [("on", false), ("optional", true)] {
        let server = server(layout, |config, authority| {
            config.add("TLSVerifyClient", verify).add("TLSCACertificateFile", shown(&authority.certificate()));
            authority.sign("client", Kind::Ec, &["somebody"]);
        });
        let folder = server.folder();
        let stranger = Authority::new(&server.scratch());
        let foreign = stranger.sign("foreign", Kind::Ec, &["somebody"]);
        for version in Version::ALL {
            let comes_in = |trust: &Trust| {
                let mut talk = Talk::connect(server.address(), trust);
                talk.expect("AUTH TLS", 234);
                // TLSv1.3's client learns it from the first answer.
                talk.shake_hands().is_ok() && talk.write(b"NOOP\r\n").is_ok() && talk.try_reply().is_ok()
            };
            assert!(
                comes_in(&Trust::only_showing(folder, version, &Signed::of(folder, "client"))),
                "{verify} {version:?}"
            );
            assert_eq!(comes_in(&Trust::only(folder, version)), without, "{verify} {version:?}");
            assert!(!comes_in(&Trust::only_showing(folder, version, &foreign)), "{verify} {version:?}");
            // Data connections resume, and so do not show it again.
            let mut talk =
                Talk::connect(server.address(), &Trust::only_showing(folder, version, &Signed::of(folder, "client")));
            talk.auth().login(USER, PASSWORD).private();
            talk.give("STOR file", b"content");
            assert_eq!(talk.fetch("RETR file"), b"content");
        }
        server.wait_for_line(&server.var("tls.log"), &["client certificate of CN=somebody"]);
    }
}

fn revoked_certificates_and_long_chains_are_refused(layout: Layout) {
    let server = server(layout, |config, authority| {
        let folder = config.folder().to_owned();
        authority.sign_with("good", Kind::Ec, &["good"], |params| params.serial_number = Some(1001_u64.into()));
        authority.sign_with("bad", Kind::Ec, &["bad"], |params| params.serial_number = Some(1002_u64.into()));
        fs::write(folder.join("crl.pem"), authority.revoke(&[1002])).unwrap();
        config.add("TLSVerifyClient", "on").add("TLSCACertificateFile", shown(&authority.certificate()));
        config.add("TLSCARevocationFile", shown(&folder.join("crl.pem")));
    });
    let folder = server.folder();
    let signed = |name: &str| Signed::of(folder, name);
    for version in Version::ALL {
        let comes_in = |name: &str| {
            let mut talk = Talk::connect(server.address(), &Trust::only_showing(folder, version, &signed(name)));
            talk.expect("AUTH TLS", 234);
            talk.shake_hands().is_ok() && talk.write(b"NOOP\r\n").is_ok() && talk.try_reply().is_ok()
        };
        assert!(comes_in("good"), "{version:?}");
        assert!(!comes_in("bad"), "{version:?}");
    }
    let none = Server::with(layout, |config| {
        let authority = tls::configure(config);
        authority.sign("client", Kind::Ec, &["somebody"]);
        config.add("TLSVerifyClient", "on").add("TLSCACertificateFile", shown(&authority.certificate()));
        config.add("TLSVerifyDepth", "0");
    });
    let client = Signed::of(none.folder(), "client");
    let mut talk = Talk::connect(none.address(), &Trust::only_showing(none.folder(), Version::V1_2, &client));
    talk.expect("AUTH TLS", 234);
    assert!(talk.shake_hands().is_err(), "a depth of 0 lets no authority vouch");
}

fn a_certificate_may_stand_for_the_password(layout: Layout) {
    let server = server(layout, |config, authority| {
        config.add("TLSVerifyClient", "optional").add("TLSCACertificateFile", shown(&authority.certificate()));
        config.add("TLSUserName", "CommonName").add("TLSOptions", "AllowDotLogin");
        authority.sign("own", Kind::Ec, &[USER]);
        authority.sign("other", Kind::Ec, &["mallory"]);
    });
    let folder = server.folder();
    let signed = |name: &str| Signed::of(folder, name);
    let talk = |trust: &Trust| {
        let mut talk = Talk::connect(server.address(), trust);
        talk.auth();
        talk
    };
    let user = format!("USER {USER}");
    let mut holder = talk(&Trust::showing(folder, &signed("own")));
    assert_eq!(holder.ask(&user).text(), format!("232 User {USER} logged in"));
    holder.expect("TYPE I", 200);
    holder.expect(format!("PASS {PASSWORD}"), 503);
    holder.private().give("STOR file", b"content");
    // Another's name needs its password, and another's certificate is of no use.
    talk(&Trust::showing(folder, &signed("own"))).expect("USER bob", 331);
    let mut other = talk(&Trust::showing(folder, &signed("other")));
    other.expect(&user, 331);
    other.expect("PASS wrong", 530);
    other.expect("NOOP", 200);
    other.login(USER, PASSWORD);
    talk(&Trust::of(folder)).expect(&user, 331);
    talk(&Trust::showing(folder, &signed("own"))).expect("USER nosuchuser", 331);
    // The user's own list.
    fs::copy(signed("other").certificate, server.home().join(".tlslogin")).unwrap();
    own(&server.home().join(".tlslogin"));
    talk(&Trust::showing(folder, &signed("other"))).expect(&user, 232);
    assert!(!server.log().contains(PASSWORD));
}

fn a_certificate_may_have_to_name_where_the_client_is(layout: Layout) {
    let server = server(layout, |config, authority| {
        config.add("TLSVerifyClient", "on").add("TLSCACertificateFile", shown(&authority.certificate()));
        config.add("TLSOptions", "iPAddressRequired");
        authority.sign("here", Kind::Ec, &["127.0.0.1"]);
        authority.sign("there", Kind::Ec, &["192.0.2.1"]);
    });
    let folder = server.folder();
    for (name, comes_in) in [("here", true), ("there", false)] {
        let signed = Signed::of(folder, name);
        let mut talk = Talk::connect(server.address(), &Trust::showing(folder, &signed));
        talk.auth();
        assert_eq!(talk.write(b"NOOP\r\n").is_ok() && talk.try_reply().is_ok(), comes_in, "{name}");
    }
}

/// Two servers at one address and port, with certificates of their own.
fn the_servers_name_in_the_handshake_chooses_the_server(layout: Layout) {
    let here = own_address();
    let server = Server::with(layout, |config| {
        let authority = tls::configure(config);
        let two = authority.sign("two", Kind::Ec, &["two.example.org"]);
        authority.sign("client", Kind::Ec, &["somebody"]);
        config.set("DefaultAddress", here.to_string()).set("Port", "2125").add("ServerAlias", "main.example.org");
        let users = config.path("users.db");
        config.block(format!(
            "<VirtualHost {here}>\nPort 2125\nServerName two\nServerAlias two.example.org\n\
             AccessGrantMsg \"this is two\"\nDefaultRoot ~\nRequireValidShell off\nUseFtpUsers off\nAuthOrder mod_sql.c\n\
             SQLBackend sqlite3\nSQLConnectInfo {users}\nSQLAuthenticate users\nSQLAuthTypes Crypt Plaintext\n\
             SQLUserInfo users userid passwd uid gid homedir shell\nSQLMinID 1\nAllowOverwrite on\n\
             TLSEngine on\nTLSRequired on\nTLSVerifyClient on\nTLSCACertificateFile {ca}\n\
             TLSECCertificateFile {certificate}\nTLSECCertificateKeyFile {key}\n</VirtualHost>",
            ca = shown(&authority.certificate()),
            certificate = shown(&two.certificate),
            key = shown(&two.key),
        ));
    });
    let folder = server.folder();
    let client = Signed::of(folder, "client");
    for version in Version::ALL {
        let mut talk = Talk::connect(server.address(), &Trust::only_showing(folder, version, &client));
        talk.call("two.example.org").auth().expect(format!("USER {USER}"), 331);
        assert_eq!(talk.expect(format!("PASS {PASSWORD}"), 230).text(), "230 this is two");
        talk.private().give("STOR file", b"content");
        assert_eq!(talk.fetch("RETR file"), b"content");
        // The other server asks for no certificate, and leads to none that does.
        let mut talk = Talk::connect(server.address(), &Trust::only(folder, version));
        talk.auth().expect("HOST two.example.org", 220);
        assert_eq!(talk.ask(format!("USER {USER}")).text(), "550 SSL/TLS required on the control channel");
        let mut talk = Talk::connect(server.address(), &Trust::only(folder, version));
        talk.auth().login(USER, PASSWORD);
    }
}

both_layouts!(
    faults_of_files_are_told_with_their_lines,
    what_is_not_there_is_refused_with_what_to_write,
    a_configuration_for_proftpd_is_read_whole,
    a_renewed_certificate_is_served_without_a_reload,
    each_client_gets_a_certificate_that_it_can_verify,
    keys_come_in_all_forms,
    clients_show_certificates_that_the_authority_vouches_for,
    revoked_certificates_and_long_chains_are_refused,
    a_certificate_may_stand_for_the_password,
    a_certificate_may_have_to_name_where_the_client_is,
    the_servers_name_in_the_handshake_chooses_the_server,
);
