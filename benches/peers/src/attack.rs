//! `peers attack`: several attacks on one server at once, and what a user who is
//! logged in notices of them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Builder, Scope, scope};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::case::IN_FILE;
use crate::error::{Error, Result};
use crate::files::Files;
use crate::load::quantile;
use crate::measure::scripts;
use crate::server::{Origin, Server};
use crate::session::Session;

/// A thread is one attacker, and needs little.
const STACK: usize = 128 << 10;
/// Sessions that send NOOP without a pause.
const FLOODERS: usize = 4;
/// Clients that do so without a login, and come back when they are turned away.
const STRANGERS: usize = 4;
/// Sessions that read a download byte by byte.
const SLOW_READERS: usize = 16;
/// Clients that try passwords: enough for the rate, as each refusal takes half a second or more.
const GUESSERS: usize = 800;
/// How many passwords they try in a second, all together.
const GUESSES: u64 = 1000;
/// Connections that are opened and kept, more than the server has descriptors.
const HOARD: usize = 6000;
/// The pause between two of the user's commands.
const PAUSE: Duration = Duration::from_millis(10);
/// How fast the user downloads, in bytes a second.
const PACE: u64 = 30_000_000;
/// How long an attacker waits for the server before it looks whether the attack is over.
const PATIENCE: Duration = Duration::from_millis(500);
/// The name server that never answers, as `servers/gantry` configures it.
const SILENT: (Ipv4Addr, u16) = (Ipv4Addr::new(127, 0, 0, 53), 53);

/// What is attacked.
#[derive(Debug, clap::Args)]
pub struct Order {
    /// The folder with what was built for each server, by its name
    #[arg(long, value_name = "DIR")]
    programs: PathBuf,
    /// The folder for the files that are served; it should be in memory
    #[arg(long, value_name = "DIR")]
    files: PathBuf,
    /// The servers, by the names of their scripts
    #[arg(long, value_delimiter = ',', required = true)]
    servers: Vec<String>,
    /// How long the attack takes
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Give each server a network and mounts of its own, and a name server that is silent
    #[arg(long)]
    isolate: bool,
}

impl Order {
    /// Attacks each server, and prints what its user noticed before and meanwhile.
    pub fn run(&self) -> Result<()> {
        let files = Files::write(&self.files)?;
        let programs = std::fs::canonicalize(&self.programs).map_err(Error::file(&self.programs))?;
        let origin = Origin { scripts: scripts(), programs, files: &files, isolate: self.isolate, attack: true };
        println!("server\twhen\tcommands\tp50 ms\tp99 ms\tmost ms\tMB/s\tguesses/s\tconnections");
        for name in &self.servers {
            let server = Server::start(name, &origin)?;
            server.enter()?;
            let time = Duration::from_secs_f64(self.seconds);
            let _silent = if self.isolate {
                Some(UdpSocket::bind(SILENT).map_err(Error::system("be a silent name server"))?)
            } else {
                None
            };
            let calm = User::of(server.address())?.use_for(time.min(Duration::from_secs(5)))?;
            calm.print(name, "calm", &Tally::default(), time);
            let tally = Tally::default();
            let noticed = under_attack(server.address(), time, &tally)?;
            noticed.print(name, "attacked", &tally, time);
        }
        Ok(())
    }
}

/// What the attackers have done.
#[derive(Debug, Default)]
struct Tally {
    over: AtomicBool,
    guesses: AtomicU64,
    connections: AtomicU64,
}

impl Tally {
    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }
}

/// What the user noticed.
struct Noticed {
    /// The time of each command, sorted.
    commands: Vec<Duration>,
    /// Bytes a second.
    pace: f64,
}

impl Noticed {
    fn print(&self, server: &str, when: &str, tally: &Tally, time: Duration) {
        let ms = |part| quantile(&self.commands, part).as_secs_f64() * 1e3;
        println!(
            "{server}\t{when}\t{}\t{:.2}\t{:.2}\t{:.2}\t{:.1}\t{:.0}\t{}",
            self.commands.len(),
            ms(0.5),
            ms(0.99),
            ms(1.0),
            self.pace / 1e6,
            tally.guesses.load(Ordering::Relaxed) as f64 / time.as_secs_f64(),
            tally.connections.load(Ordering::Relaxed),
        );
    }
}

/// A user with two sessions: one for commands, one for a download.
struct User {
    commands: Session,
    download: Session,
}

impl User {
    fn of(server: SocketAddr) -> Result<Self> {
        let session = || {
            let mut session = Session::connect(server)?;
            session.login(IN_FILE)?;
            Ok(session)
        };
        Ok(Self { commands: session()?, download: session()? })
    }

    fn use_for(self, time: Duration) -> Result<Noticed> {
        let Self { mut commands, mut download } = self;
        let end = Instant::now() + time;
        scope(|scope| {
            let download = scope.spawn(move || {
                let (began, mut bytes) = (Instant::now(), 0);
                while Instant::now() < end {
                    bytes += download.receive_at("RETR big", PACE)?;
                }
                Ok(bytes as f64 / began.elapsed().as_secs_f64())
            });
            let mut took = Vec::new();
            for line in ["NOOP", "CWD small", "MDTM 7", "MLST 7", "CWD ..", "PWD"].into_iter().cycle() {
                if Instant::now() >= end {
                    break;
                }
                let began = Instant::now();
                commands.command(line, b'2')?;
                took.push(began.elapsed());
                thread::sleep(PAUSE);
            }
            took.sort_unstable();
            let pace = download.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(Noticed { commands: took, pace })
        })
    }
}

fn start<'scope>(scope: &'scope Scope<'scope, '_>, attacker: impl FnOnce() + Send + 'scope) -> Result<()> {
    let thread = Builder::new().stack_size(STACK).spawn_scoped(scope, attacker);
    thread.map(drop).map_err(Error::system("start an attacker"))
}

fn under_attack(server: SocketAddr, time: Duration, tally: &Tally) -> Result<Noticed> {
    let user = User::of(server)?;
    // Those who attack after a login; the others keep everybody from one.
    let inside: Vec<Session> = (0..FLOODERS + SLOW_READERS)
        .map(|_| {
            let mut session = Session::connect(server)?;
            session.login(IN_FILE).map(|()| session)
        })
        .collect::<Result<_>>()?;
    scope(|scope| {
        let attack = || {
            for (number, session) in inside.into_iter().enumerate() {
                let is_flooder = number < FLOODERS;
                start(scope, move || {
                    if is_flooder {
                        let _ = session.flood("NOOP", || tally.goes_on());
                    } else {
                        let _ = session.receive_slowly("RETR big", || tally.goes_on());
                    }
                })?;
            }
            for number in 0..STRANGERS {
                start(scope, move || come_back(address(1, number), server, tally))?;
            }
            let began = Instant::now();
            for number in 0..GUESSERS {
                start(scope, move || guess(address(2, number), server, began, tally))?;
            }
            start(scope, move || hoard(server, tally))?;
            user.use_for(time)
        };
        let noticed = attack();
        tally.over.store(true, Ordering::Relaxed);
        noticed
    })
}

/// A client's address: MaxUnauthenticatedPerHost would stop a single one.
fn address(network: u8, number: usize) -> Ipv4Addr {
    let [.., high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 1 + network, high, low)
}

fn connect_from(from: Ipv4Addr, server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from((from, 0)))?;
    connect(&socket, &server)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Sends commands without a login, and again after each refusal.
fn come_back(from: Ipv4Addr, server: SocketAddr, tally: &Tally) {
    let lines = b"NOOP\r\n".repeat(200);
    while tally.goes_on() {
        let Ok(mut stream) = connect_from(from, server) else { continue };
        tally.connections.fetch_add(1, Ordering::Relaxed);
        let mut room = [0; 4096];
        while tally.goes_on() && stream.write_all(&lines).is_ok() && matches!(stream.read(&mut room), Ok(1..)) {}
    }
}

/// Tries passwords at the common rate.
fn guess(from: Ipv4Addr, server: SocketAddr, began: Instant, tally: &Tally) {
    let (mut stream, mut room) = (None, [0; 1024]);
    while tally.goes_on() {
        let due = tally.guesses.load(Ordering::Relaxed) as f64 / GUESSES as f64;
        if began.elapsed().as_secs_f64() < due {
            thread::sleep(Duration::from_millis(20));
            continue;
        }
        if stream.is_none() {
            stream = connect_from(from, server).ok();
            tally.connections.fetch_add(1, Ordering::Relaxed);
        }
        let Some(open) = &mut stream else { continue };
        tally.guesses.fetch_add(1, Ordering::Relaxed);
        let mut answer = || -> std::io::Result<bool> {
            open.write_all(b"USER somebody\r\nPASS something\r\n")?;
            let mut text = Vec::new();
            while !text.windows(4).any(|part| part == b"530 ") {
                match open.read(&mut room) {
                    Ok(0) => return Ok(false),
                    Ok(read) => text.extend_from_slice(room.get(..read).unwrap_or_default()),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && tally.goes_on() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(true)
        };
        if !answer().unwrap_or(false) {
            stream = None;
        }
    }
}

/// Opens connections and keeps them.
fn hoard(server: SocketAddr, tally: &Tally) {
    let mut kept = Vec::new();
    for number in (0..HOARD).cycle() {
        if !tally.goes_on() {
            return;
        }
        if let Ok(stream) = connect_from(address(3, number), server) {
            tally.connections.fetch_add(1, Ordering::Relaxed);
            kept.push(stream);
        }
        if kept.len() >= HOARD {
            // Whoever was turned away comes again.
            kept.clear();
        }
        thread::sleep(Duration::from_millis(1));
    }
}
