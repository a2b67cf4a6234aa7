//! A gantryd in its own folder, with one user, on a port that the kernel chooses; and a client's
//! control connection. Both end with the test.

use std::env;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// The user that the server knows.
pub const USER: &str = "alice";
/// The user's password.
pub const PASSWORD: &str = "wonderland";

/// A running server.
pub struct Server {
    child: Child,
    address: String,
    folder: PathBuf,
}

impl Server {
    /// Starts a server with these lines in its configuration, and waits until it listens.
    pub fn start(lines: &str) -> Self {
        let gantryd = env::var_os("GANTRY_TEST_GANTRYD").expect("gantry module test names the server");
        let folder = folder();
        let home = folder.join("home");
        fs::create_dir(&home).unwrap();
        // Open to all: the server may be root and act as the user.
        fs::set_permissions(&home, Permissions::from_mode(0o777)).unwrap();
        let passwd = folder.join("passwd");
        fs::write(&passwd, format!("{USER}:{CRYPT}:65534:65534::{}:/bin/sh\n", home.display())).unwrap();
        fs::set_permissions(&passwd, Permissions::from_mode(0o600)).unwrap();
        let modules = env::var("GANTRY_TEST_MODULES").unwrap_or_default();
        let paths: String = modules.split(':').map(|path| format!("ModulePath \"{path}\"\n")).collect();
        let configuration = format!(
            "ServerType standalone\nDefaultAddress 127.0.0.1\nPort any\nDefaultServer on\nUseReverseDNS off\n\
             RequireValidShell off\nDefaultRoot ~\nAuthOrder mod_auth_file.c\nAuthUserFile \"{}\"\n{paths}{lines}",
            passwd.display()
        );
        let file = folder.join("gantry.conf");
        fs::write(&file, configuration).unwrap();
        let mut command = Command::new(gantryd);
        command.arg("-c").arg(file).current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("gantryd can be started");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
        let mut seen = String::new();
        let listens = log.find_map(|line| {
            seen.push_str(&line);
            seen.push('\n');
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split([' ', ',']).next()?.trim_end_matches('.').to_owned())
        });
        let address = listens.unwrap_or_else(|| panic!("gantryd ended at once:\n{seen}"));
        // Print the rest of the log, for a test that fails.
        thread::spawn(move || log.for_each(|line| eprintln!("{line}")));
        Self { child, address, folder }
    }

    /// A client that has read the greeting.
    pub fn connect(&self) -> Client {
        let stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut client = Client { stream: BufReader::new(stream) };
        let greeting = client.reply();
        assert!(greeting.starts_with("220"), "{greeting}");
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A client's control connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Sends a command and returns its reply, which must have this code.
    #[track_caller]
    pub fn expect(&mut self, command: &str, code: &str) -> String {
        self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let reply = self.reply();
        assert!(reply.starts_with(code), "{command}: {reply}");
        reply
    }

    /// One complete reply.
    fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let begin = reply.len();
            let count = self.stream.read_line(&mut reply).expect("the server answers");
            assert!(count > 0, "the server closed the connection: {reply}");
            let line = reply.as_bytes()[begin..].to_vec();
            // The last line has a space after the code (RFC 959 section 4.2).
            if line.len() > 3 && line[..3].iter().all(u8::is_ascii_digit) && line[3] == b' ' {
                return reply;
            }
        }
    }
}

fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("mod_greet-test-{}-{number}", std::process::id()));
    fs::create_dir(&folder).expect("a folder of its own");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    folder
}

/// The password as a crypt(5) hash.
const CRYPT: &str =
    "$6$gantrytests$2IsnpcxA2BmcIgUMTF1F0PDONwEHjxqRlwUJ95GpoIu/l8cFNgxgtx8cZ0Bqif5Lo/A/FutffGrt.BHGXazcS1";
