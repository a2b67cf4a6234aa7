//! The examples of modules: each linked in from the tree, and each built by the
//! module kit and loaded.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use gantry_tests::clients::{Client, Curl, Ftplib, Job};
use gantry_tests::kit::{examples, finish, module, prefix};
use gantry_tests::layout::{self, Layout};
use gantry_tests::prelude::*;
use gantry_tests::process::run;
use gantry_tests::sample::{self, assert_same};
use gantry_tests::server::{Trial, own};
use gantry_tests::wait;

/// The daemon that has the examples linked in, or one that has nothing but what
/// always is.
fn gantryd(layout: Layout) -> PathBuf {
    let prefix = match layout {
        Layout::Static => layout::feature_set("static-examples"),
        Layout::Shared => prefix(),
    };
    prefix.join("sbin/gantryd")
}

/// A server with one example; its lines stand behind LoadModule.
fn server(layout: Layout, name: &str, change: impl FnOnce(&mut Config)) -> Server {
    Server::of(&gantryd(layout), |config| {
        prepare(config, layout, name);
        change(config);
    })
}

fn prepare(config: &mut Config, layout: Layout, name: &str) {
    config.without_sql().remove("ModulePath");
    if layout == Layout::Shared {
        config.add("ModulePath", built().modules.display().to_string());
    }
    config.add("LoadModule", format!("{name}.c"));
}

/// What the kit has built.
struct Built {
    /// The folder of all examples.
    modules: PathBuf,
    /// mod_cksum once more, linked with a library of another folder.
    elsewhere: PathBuf,
    /// That library.
    library: PathBuf,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let workspace = examples("examples");
        let (library, elsewhere) = (workspace.join("lib/libcksum.so.1"), workspace.join("elsewhere"));
        let build = |folder: &str, variables: &[(&str, String)]| {
            let mut build = module(&workspace, &["build", "--profile", "dev", "--offline", folder]);
            finish(build.envs(variables.iter().cloned())).ok()
        };
        install_library(&workspace, &library);
        let flags = |flag: &str, folder: &str| format!("{flag}{}", workspace.join(folder).display());
        let variables = [
            ("MODULE_CFLAGS", flags("-I", "include")),
            ("MODULE_LDFLAGS", flags("-L", "lib")),
            ("MODULE_LIBS", "-lcksum".to_owned()),
        ];
        let object = build("mod_cksum", &variables).out;
        fs::create_dir(&elsewhere).unwrap();
        fs::copy(object.trim(), elsewhere.join("mod_cksum.so")).unwrap();
        let files = build(".", &[]).out;
        assert_eq!(files.lines().count(), 6, "{files}");
        Built { modules: workspace.join("target/gantry"), elsewhere, library }
    })
}

/// The C library as a system's package has it: headers here, shared object there.
fn install_library(workspace: &Path, library: &Path) {
    let sources = workspace.join("mod_cksum/c");
    let (include, lib) = (workspace.join("include"), library.parent().unwrap());
    fs::create_dir(&include).unwrap();
    fs::create_dir(lib).unwrap();
    fs::copy(sources.join("include/cksum.h"), include.join("cksum.h")).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-DCKSUM_VERSION=\"9.9\"", "-Wl,-soname,libcksum.so.1", "-I"]).arg(&include);
    run(cc.arg(sources.join("cksum.c")).arg("-o").arg(library), "").ok();
    std::os::unix::fs::symlink("libcksum.so.1", lib.join("libcksum.so")).unwrap();
}

fn a_site_command_answers_with_what_holds_where_the_client_is(layout: Layout) {
    let server = server(layout, "mod_motto", |config| {
        let inner = config.home().join("inner").display().to_string();
        fs::create_dir(&inner).unwrap();
        config.add("Motto", "\"per aspera\"").block(format!("<Directory {inner}>\n  Motto ad astra\n</Directory>"));
    });
    let mut wire = server.login();
    let lines = |answer: Answer| answer.lines.iter().map(|line| line[4..].to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(wire.expect("SITE MOTTO", 200)), ["per aspera"]);
    assert_eq!(lines(wire.expect("SITE MOTTO inner", 200)), ["per aspera", "ad astra"]);
    assert!(wire.ask("SITE HELP").text().contains("MOTTO"));
    server.connect().expect("SITE MOTTO", 530);
}

fn without_its_directive_there_is_no_motto(layout: Layout) {
    server(layout, "mod_motto", |_| {}).login().expect("SITE MOTTO", 550);
}

fn a_limit_counts_for_each_address(layout: Layout) {
    let server = server(layout, "mod_motto", |config| {
        config.add("Motto", "\"per aspera\"").add("MottoLimit", "2");
    });
    let mut wire = server.login();
    wire.expect("SITE MOTTO", 200);
    server.login().expect("SITE MOTTO", 200);
    assert!(wire.expect("SITE MOTTO", 550).text().contains("enough mottos"));
    let mut other = Wire::open_from(Ipv4Addr::new(127, 0, 0, 2), server.address()).unwrap();
    other.login(USER, PASSWORD);
    other.expect("SITE MOTTO", 200);
}

fn what_was_read_is_a_variable_of_logs(layout: Layout) {
    let prepare = |config: &mut Config| {
        if layout == Layout::Shared {
            config.add("ModulePath", built().modules.display().to_string());
        }
        config.add("LoadModule", "mod_motto.c").add("Motto", "\"it's here\"");
        config.add("SQLNamedQuery", "add INSERT \"'%m', '%u', '%{mod_motto.read}', 0\" log");
        config.add("SQLLog", "SITE_MOTTO,NOOP add");
    };
    let server = Server::of(&gantryd(layout), prepare);
    let mut wire = server.login();
    wire.expect("NOOP", 200);
    wire.expect("SITE MOTTO", 200);
    wire.expect("NOOP", 200);
    wait::for_condition("three rows", || server.sql("SELECT count(*) FROM log") == "3");
    assert_eq!(server.sql("SELECT verb, path FROM log ORDER BY rowid"), "NOOP|-\nSITE MOTTO|it's here\nNOOP|it's here");
    let trial = Trial::run(&gantryd(layout), &[], |config| {
        prepare(config);
        config.set("SQLNamedQuery", "add INSERT \"'%{mod_motto.raed}'\" log");
    });
    let fault = "no loaded module has the variable '%{mod_motto.raed}'; did you mean %{mod_motto.read}?";
    assert!(trial.fatal().contains(fault), "{}", trial.fatal());
}

fn a_token_logs_in_and_another_user_is_left_to_others(layout: Layout) {
    let server = server(layout, "mod_auth_tokens", |config| {
        let home = config.home();
        let file =
            token_file(config, &format!("tina:{SESAME}:{}:{}:{}\n", owner(&home).0, owner(&home).1, home.display()));
        config.set("AuthOrder", "mod_auth_tokens.c mod_auth_file.c").add("TokenFile", file);
    });
    let mut wire = server.connect();
    wire.login("tina", "sesame");
    wire.expect("TYPE I", 200);
    wire.give("STOR hers", b"x");
    assert_eq!(server.read("hers"), b"x");
    for token in ["Sesame", "", SESAME] {
        let mut wire = server.connect();
        wire.expect("USER tina", 331);
        wire.expect(format!("PASS {token}"), 530);
    }
    server.login();
}

fn a_faulty_file_of_tokens_keeps_the_server_from_starting(layout: Layout) {
    for (text, mode, fault) in [
        (format!("#\ntina:{SESAME}:1:1:home\n"), 0o600, "line 2: the home folder is not an absolute path"),
        (
            format!("tina:{SESAME}:1:1:/\n"),
            0o644,
            "users other than its owner can read or write it; chmod 600 the file",
        ),
    ] {
        let trial = Trial::run(&gantryd(layout), &[], |config| {
            prepare(config, layout, "mod_auth_tokens");
            let file = token_file(config, &text);
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            config.add("TokenFile", file);
        });
        assert!(trial.fatal().contains("TokenFile: ") && trial.fatal().contains(fault), "{}", trial.fatal());
        assert!(!trial.done.text().contains(SESAME), "a digest is shown");
    }
}

/// Of the token `sesame`.
const SESAME: &str = "d0c04f4b1951e4aeaaec8223ed2039e542f3aae805a6fa7f6d794e5afff5d272";

fn token_file(config: &Config, text: &str) -> String {
    let file = config.path("tokens");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    own(Path::new(&file));
    file
}

fn owner(path: &Path) -> (u32, u32) {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

/// A web server that answers as it is told; the bodies that it was sent.
struct Web {
    url: String,
    bodies: Receiver<serde_json::Value>,
    answers: Sender<u16>,
}

impl Web {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?x=y", listener.local_addr().unwrap());
        let (sent, bodies) = channel();
        let (answers, told) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if sent.send(body(&mut stream)).is_err() {
                    return;
                }
                // An answer that nobody gives is one that never comes.
                let Ok(status) = told.recv() else { return };
                let _ = write!(stream, "HTTP/1.1 {status} So\r\nContent-Length: 0\r\n\r\n");
            }
        });
        Self { url, bodies, answers }
    }

    fn answer(&self, statuses: &[u16]) {
        statuses.iter().for_each(|status| self.answers.send(*status).unwrap());
    }

    fn next(&self) -> serde_json::Value {
        self.bodies.recv_timeout(wait::PATIENCE).expect("a request comes")
    }
}

/// The body of a request, whose head is looked at.
fn body(stream: &mut TcpStream) -> serde_json::Value {
    let mut lines = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while line != "\r\n" {
        head.push_str(&line);
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "a head that ends: {head}");
    }
    assert!(head.starts_with("POST /hook?x=y HTTP/1.1\r\n"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json\r\n") && head.contains("host: 127.0.0.1:"), "{head}");
    let (_, rest) = head.split_once("content-length: ").unwrap();
    let mut bytes = vec![0; rest.split("\r\n").next().unwrap().parse().unwrap()];
    lines.read_exact(&mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn an_upload_is_told_and_what_fails_in_passing_is_told_again(layout: Layout) {
    let web = Web::start();
    let server = server(layout, "mod_webhook", |config| {
        config.add("WebhookURL", web.url.clone()).set("ServerName", "\"Here\"");
    });
    web.answer(&[503, 204]);
    let mut wire = server.login();
    wire.give("STOR a file", b"twelve bytes");
    for body in [web.next(), web.next()] {
        assert_eq!((&body["event"], &body["command"]), (&"upload".into(), &"STOR".into()));
        assert_eq!((&body["user"], &body["path"]), (&USER.into(), &"/a file".into()));
        assert_eq!((&body["bytes"], &body["server"]), (&12.into(), &"Here".into()));
        assert_eq!(body["file"], server.home().join("a file").to_str().unwrap());
    }
    // Neither is a download told of, nor told again what the web server does not want.
    web.answer(&[404, 200]);
    wire.fetch("RETR a file");
    wire.give("APPE a file", b"!");
    assert_eq!(web.next()["command"], "APPE");
    server.wait_for_log(&["mod_webhook", "it replied with 404", "not delivered: "]);
    wire.give("STOR other", b"");
    assert_eq!(web.next()["path"], "/other");
}

fn no_client_waits_for_a_web_server_and_the_queue_is_bounded(layout: Layout) {
    let web = Web::start();
    let mut server = server(layout, "mod_webhook", |config| {
        config.add("WebhookURL", web.url.clone()).add("WebhookQueue", "1");
    });
    let mut wire = server.login();
    wire.give("STOR first", b"");
    // The task has the first in hand and waits for the answer; one more has room.
    assert_eq!(web.next()["path"], "/first");
    wire.give("STOR second", b"");
    wire.give("STOR third", b"");
    server.wait_for_log(&["not notified of /third: the queue is full"]);
    // What waits when the server ends is told, and nothing more.
    web.answer(&[200, 200]);
    drop(wire);
    assert!(server.terminate().success());
    assert_eq!(web.next()["path"], "/second");
}

fn a_web_server_that_is_not_there_does_not_keep_the_server_from_ending(layout: Layout) {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = server(layout, "mod_webhook", |config| {
        config.add("WebhookURL", format!("http://{nobody}/")).add("WebhookRetries", "0");
    });
    let mut wire = server.login();
    wire.give("STOR lost", b"");
    server.wait_for_log(&["mod_webhook", "refused", "not delivered: ", "/lost"]);
    drop(wire);
    assert!(server.terminate().success());
}

fn an_address_that_is_none_is_a_fault_of_the_file(layout: Layout) {
    for (directive, words, fault) in [
        ("WebhookURL", "https://example.org/", "https is not supported"),
        ("WebhookURL", "example.org", "is not the address of a web server"),
        ("WebhookQueue", "0", "it must be between 1 and 65535"),
        ("WebhookRetries", "11", "it must be between 0 and 10"),
    ] {
        let trial = Trial::run(&gantryd(layout), &["-t"], |config| {
            prepare(config, layout, "mod_webhook");
            config.add(directive, words);
        });
        assert!(trial.fatal().contains(directive) && trial.fatal().contains(fault), "{}", trial.fatal());
    }
}

fn checksums_are_those_of_cksum(layout: Layout) {
    let server = server(layout, "mod_cksum", |config| {
        let closed = config.home().join("closed").display().to_string();
        config.add("CksumMaxSize", "200000");
        config.block(format!("<Directory {closed}>\n  <Limit READ>\n    DenyAll\n  </Limit>\n</Directory>"));
    });
    assert!(server.log_line(&["mod_cksum", "libcksum 1.0"]).is_some());
    assert_sums(&server);
    let mut wire = server.login();
    server.put("large", vec![0; 200_001]);
    server.make_folder("folder");
    server.make_folder("closed");
    server.put("closed/file", b"x");
    wire.expect("SITE CKSUM", 501);
    for argument in ["nothing", "folder", "large", "closed/file", "../../etc/passwd"] {
        wire.expect(format!("SITE CKSUM {argument}"), 550);
    }
}

fn assert_sums(server: &Server) {
    let mut wire = server.login();
    for (name, bytes) in [("none", Vec::new()), ("some", b"123456789".to_vec()), ("more", vec![7; 150_000])] {
        server.put(name, &bytes);
        let printed = run(Command::new("cksum").arg(server.home().join(name)), "").ok().out;
        let sum: Vec<&str> = printed.split(' ').take(2).collect();
        assert_eq!(wire.expect(format!("SITE CKSUM {name}"), 213).text(), format!("213 {} /{name}", sum.join(" ")));
    }
}

fn a_store_in_memory_serves_real_clients(layout: Layout) {
    let server = memory(layout, |_| {});
    let (source, back) = (server.scratch().join("tree"), server.scratch().join("back"));
    fs::create_dir(&source).unwrap();
    let tree = Tree::make(&source, 30);
    Ftplib.put_tree(&server.target(), &tree, &source, "the tree");
    Ftplib.get_tree(&server.target(), &tree, "the tree", &back);
    tree.assert_same(&source, &back);

    let (large, again) = (server.scratch().join("large"), server.scratch().join("again"));
    sample::file(&large, 3_000_005, 1);
    Curl.put(&server.target(), &[Job::whole(&large, "large")]);
    Curl.get(&server.target(), &[Job::whole(&again, "large")]);
    assert_same(&large, &again);
    assert_eq!(fs::read_dir(server.home()).unwrap().count(), 0, "nothing of it is on the host");
}

fn a_store_in_memory_knows_the_commands_of_files(layout: Layout) {
    let server = memory(layout, |_| {});
    let mut wire = server.login();
    wire.expect("MKD folder", 257);
    wire.expect("MKD folder", 550);
    wire.give("STOR folder/file", b"one\r\n");
    wire.give("APPE folder/file", b"two\r\n");
    wire.give("APPE new", b"x");
    assert_eq!(wire.fetch("RETR folder/file"), b"one\r\ntwo\r\n");
    wire.expect("REST 5", 350);
    assert_eq!(wire.fetch("RETR folder/file"), b"two\r\n");
    wire.expect("REST 3", 350);
    wire.give("STOR folder/file", b"!");
    assert_eq!(wire.fetch("RETR folder/file"), b"one!\ntwo\r\n");
    assert_eq!(wire.expect("SIZE folder/file", 213).text(), "213 10");
    wire.expect("MFMT 20200102030405 folder/file", 213);
    assert_eq!(wire.expect("MDTM folder/file", 213).text(), "213 20200102030405");
    wire.expect("CWD folder/file", 550);
    wire.expect("CWD folder", 250);
    assert_eq!(wire.list("NLST"), ["file"]);
    assert!(wire.list("LIST")[0].ends_with(" file"));
    wire.expect("CDUP", 250);
    let facts = wire.list("MLSD");
    assert!(facts.iter().any(|line| line.contains("type=dir") && line.ends_with(" folder")), "{facts:?}");
    wire.expect("RMD folder", 550);
    wire.expect("DELE folder", 550);
    wire.expect("RNFR folder", 350);
    wire.expect("RNTO folder/inner", 550);
    wire.expect("RNFR folder", 350);
    wire.expect("RNTO other", 250);
    assert_eq!(wire.fetch("RETR other/file"), b"one!\ntwo\r\n");
    let refused = wire.expect("SITE CHMOD 600 other/file", 550).text();
    assert_eq!(refused, "550 CHMOD 600 other/file: Operation not supported");
    wire.expect("DELE other/file", 250);
    wire.expect("RMD other", 250);
    wire.expect("RMD /", 550);
    let missing = wire.expect("RETR other/file", 550).text();
    assert_eq!(missing, "550 other/file: No such file or directory");
    assert_eq!(wire.list("NLST"), ["new"]);
}

fn an_upload_to_a_store_counts_when_it_is_finished(layout: Layout) {
    let server = memory(layout, |config| {
        config.add("MemoryStoreSize", "100000");
    });
    let mut wire = server.login();
    wire.give("STOR file", b"before");
    let mut stream = wire.passive();
    wire.expect("STOR file", 150);
    stream.write_all(b"half").unwrap();
    assert_eq!(server.login().fetch("RETR file"), b"before", "what is on its way is not there yet");
    wire.send("ABOR");
    assert_eq!((wire.reply().code, wire.reply().code), (426, 226));
    assert_eq!(wire.fetch("RETR file"), b"before");
    let mut stream = wire.passive();
    wire.expect("STOR large", 150);
    // The rest may find nobody who reads it.
    let _ = stream.write_all(&[7; 300_000]);
    drop(stream);
    assert_eq!(wire.reply().code, 452);
    assert_eq!(wire.list("NLST"), ["file"]);
}

fn the_gate_judges_a_store_by_its_paths(layout: Layout) {
    let server = memory(layout, |config| {
        config.block("<Directory /closed>\n  <Limit WRITE>\n    DenyAll\n  </Limit>\n</Directory>");
        config.block("<Limit MKD>\n  DenyAll\n</Limit>\n<Directory /open>\n  <Limit MKD>\n    AllowAll\n  </Limit>\n</Directory>");
    });
    let mut wire = server.login();
    wire.give("STOR file", b"x");
    wire.expect("MKD closed", 550);
    wire.expect("MKD other", 550);
    wire.expect("MKD open", 257);
    wire.expect("MKD open/inner", 257);
    wire.expect("RNFR open/inner", 350);
    wire.expect("RNTO closed", 550);
    wire.expect("RNFR file", 350);
    wire.expect("RNTO open/file", 250);
    assert!(wire.store("closed") >= 500);
    assert_eq!(wire.list("NLST open"), ["open/file", "open/inner"]);
}

fn a_store_that_nobody_provides_keeps_the_server_from_starting(layout: Layout) {
    let trial = Trial::run(&gantryd(layout), &["-n"], |config| {
        prepare(config, layout, "mod_memory_store");
        config.add("FileStore", "attic");
    });
    assert!(trial.fatal().contains("FileStore: no module provides the store 'attic' on line "), "{}", trial.fatal());
}

/// A server whose files are in memory.
fn memory(layout: Layout, change: impl FnOnce(&mut Config)) -> Server {
    server(layout, "mod_memory_store", |config| {
        config.add("FileStore", "memory");
        change(config);
    })
}

both_layouts!(
    a_store_in_memory_serves_real_clients,
    a_store_in_memory_knows_the_commands_of_files,
    an_upload_to_a_store_counts_when_it_is_finished,
    the_gate_judges_a_store_by_its_paths,
    a_store_that_nobody_provides_keeps_the_server_from_starting,
    a_site_command_answers_with_what_holds_where_the_client_is,
    without_its_directive_there_is_no_motto,
    a_limit_counts_for_each_address,
    what_was_read_is_a_variable_of_logs,
    a_token_logs_in_and_another_user_is_left_to_others,
    a_faulty_file_of_tokens_keeps_the_server_from_starting,
    an_upload_is_told_and_what_fails_in_passing_is_told_again,
    no_client_waits_for_a_web_server_and_the_queue_is_bounded,
    a_web_server_that_is_not_there_does_not_keep_the_server_from_ending,
    an_address_that_is_none_is_a_fault_of_the_file,
    checksums_are_those_of_cksum,
);

#[test]
fn a_c_library_in_a_folder_of_its_own_is_linked_and_loaded() {
    let server = Server::of(&gantryd(Layout::Shared), |config| {
        config.without_sql().set("ModulePath", built().elsewhere.display().to_string());
        config.add("LoadFile", built().library.display().to_string()).add("LoadModule", "mod_cksum.c");
    });
    assert!(server.log_line(&["mod_cksum", "libcksum 9.9"]).is_some());
    assert_sums(&server);
}

#[test]
fn variables_that_are_no_compilers_flags_are_refused() {
    let workspace = examples("flags-of-c");
    let mut build = module(&workspace, &["build", "--profile", "dev", "mod_cksum"]);
    let done = finish(build.env("MODULE_LIBS", "cksum"));
    assert!(
        !done.status.success() && done.err.contains("MODULE_LIBS: 'cksum' does not start with -l"),
        "{}",
        done.text()
    );
}
