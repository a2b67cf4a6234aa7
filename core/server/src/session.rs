//! The session's loop: one task a client. It reads a line, takes it through
//! the gate and the phases, sends the reply. While a command runs it goes on
//! reading, so that ABOR and STAT reach a transfer (RFC 959 section 4.1.3).

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use gantry_api::log;
use gantry_api::module::StateBox;
use gantry_api::proto::Lines;
use gantry_api::proto::command::CommandError;
use gantry_api::session::Type;
use gantry_api::{
    Command, Error, Fault, Login, Moment, PathArgument, Phase, Reply, Result, ServerId, Session, State, Step, Verb,
    VirtualPath,
};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::blocking::Blocking;
use crate::connection::Connection;
use crate::data::{DataSettings, SessionData};
use crate::dispatch::Row;
use crate::files::{self, SessionFiles};
use crate::gate::{self, LOGIN};
use crate::generation::{Generation, Held};
use crate::identity::Identity;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::shared::Shared;

/// A client that was let in, before its session begins.
pub struct Arrival {
    /// The session's number.
    pub id: u64,
    /// The connection.
    pub stream: TcpStream,
    /// The address that the client reached.
    pub local: SocketAddr,
    /// The client's address.
    pub remote: SocketAddr,
    /// The server that it came to.
    pub server: ServerId,
    /// The generation that it pins.
    pub generation: Arc<Generation>,
    /// The threads for its files.
    pub blocking: Arc<Blocking>,
    /// The daemon's identity.
    pub identity: Arc<Identity>,
    /// Tells when the daemon ends.
    pub closing: watch::Receiver<Closing>,
}

/// What a session hears of the daemon's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closing {
    /// There is none in sight.
    No,
    /// The session ends when its command has.
    Soon,
    /// The session's transfer is broken off.
    Now,
}

/// Serves a client to its end.
pub async fn serve(arrival: Arrival) {
    let id = arrival.id;
    log::write(
        log::Level::Debug,
        TARGET,
        format_args!("session {id}: {} connected to {}", arrival.remote, arrival.local),
    );
    let mut client = Client::new(arrival);
    let why = client.run().await;
    client.event(Verb::EXIT).await.ok();
    client.connection.close().await;
    log::write(log::Level::Debug, TARGET, format_args!("session {id}: ended: {why}"));
}

const TARGET: &str = "gantry-server";

struct Client {
    // First, so that it is dropped before the generation whose code it needs.
    states: Vec<Option<StateBox>>,
    session: Session,
    connection: Connection,
    lines: Lines,
    waiting: VecDeque<Command>,
    progress: Arc<Progress>,
    clock: Clock,
    closing: watch::Receiver<Closing>,
    shared: Arc<Shared>,
}

/// The times that bound a session.
struct Clock {
    began: Instant,
    last_command: Instant,
    last_transfer: Instant,
}

impl Client {
    fn new(arrival: Arrival) -> Self {
        let Arrival { id, stream, local, remote, server, generation, blocking, identity, closing } = arrival;
        let scope = generation.server(server).scope;
        let settings = &generation.scope(scope).settings;
        let connection = Connection::new(stream);
        let progress = Arc::new(Progress::default());
        let data = DataSettings {
            ports: settings.passive_ports,
            masquerade: settings.masquerade,
            stalled: limit(settings.timeout_stalled),
        };
        let lines = Lines::new(settings.line_limit);
        let server_name = generation.server(server).name.clone();
        let states = generation.modules.iter().map(|_| None).collect();
        let shared = Arc::new(Shared {
            generation,
            scope,
            blocking,
            identity,
            view: OnceLock::new(),
            address: remote.ip(),
            client: OnceLock::new(),
        });
        let session = Session {
            id,
            server,
            server_name,
            local,
            remote,
            remote_host: remote.ip().to_string(),
            began: SystemTime::now(),
            user: None,
            account: None,
            attempts: 0,
            cwd: VirtualPath::root(),
            kind: Type::Ascii,
            restart: 0,
            rename_from: None,
            epsv_only: false,
            transfer: None,
            bytes: (0, 0),
            files: Box::new(SessionFiles::new(shared.clone())),
            data: Box::new(SessionData::new(local.ip(), remote.ip(), data, progress.clone())),
            control: Box::new(connection.clone()),
            ending: None,
            reply: None,
        };
        let now = Instant::now();
        let clock = Clock { began: now, last_command: now, last_transfer: now };
        Self { states, session, connection, lines, waiting: VecDeque::new(), progress, clock, closing, shared }
    }

    /// From greeting to end; why it ended.
    async fn run(&mut self) -> String {
        if self.settings().reverse_dns {
            self.session.remote_host = host_name(&self.shared.blocking, self.session.remote.ip()).await;
        }
        let classes = &self.shared.generation.classes;
        let client = gate::Client::new(self.shared.address, &self.session.remote_host, classes);
        let _ = self.shared.client.set(client.into());
        if let Err(error) = self.event(Verb::CONNECT).await {
            let (code, text) = error.reply();
            let code = if (400..600).contains(&code) { code } else { 421 };
            let _ = self.connection.send(&Reply::new(code, text)).await;
            return error.to_string();
        }
        let greeting = self.greeting();
        if let Err(error) = self.connection.send(&greeting).await {
            return error.to_string();
        }
        loop {
            let command = match self.next_command().await {
                Ok(command) => command,
                Err(why) => return why,
            };
            if let Err(error) = self.handle(command).await {
                return format!("control connection: {error}");
            }
            if let Some(ending) = self.session.ending.take() {
                return ending.0;
            }
        }
    }

    fn settings(&self) -> &Settings {
        &self.shared.generation.scope(self.shared.scope).settings
    }

    fn greeting(&self) -> Reply {
        match self.settings().ident.as_deref() {
            None => {
                Reply::new(220, format!("Gantry Server ({}) [{}]", self.session.server_name, self.session.local.ip()))
            }
            Some("") => Reply::new(220, format!("{} FTP server ready", self.session.local.ip())),
            Some(text) => Reply::new(220, text),
        }
    }

    /// The next command; else why the session ends. What is no command is
    /// answered here.
    async fn next_command(&mut self) -> Result<Command, String> {
        loop {
            // Also where commands wait: there may be thousands.
            if *self.closing.borrow() != Closing::No {
                return Err(goodbye(&self.connection).await);
            }
            if let Some(command) = self.waiting.pop_front() {
                return Ok(command);
            }
            if let Some(line) = self.lines.next_line() {
                match read_line(line) {
                    Ok(command) => return Ok(command),
                    Err(reply) => self.connection.send(&reply).await.map_err(|error| error.to_string())?,
                }
                continue;
            }
            self.wait_for_bytes().await?;
        }
    }

    async fn wait_for_bytes(&mut self) -> Result<(), String> {
        let deadline = self.deadline();
        let closing = &mut self.closing;
        tokio::select! {
            // The deadline first: a client that never stops sending shall not
            // outlive it.
            biased;
            () = until(deadline.map(|(time, ..)| time)) => {
                let text = deadline.map_or_else(String::new, |(_, seconds, name)| format!("{name} ({seconds} seconds)"));
                let _ = self.connection.send(&Reply::new(421, format!("{text}: closing control connection"))).await;
                Err(text)
            }
            () = closed(closing, Closing::Soon) => Err(goodbye(&self.connection).await),
            read = self.connection.read(&mut self.lines) => match read {
                Ok(true) => Ok(()),
                Ok(false) => Err("the client closed the connection".to_owned()),
                Err(error) => Err(format!("control connection: {error}")),
            },
        }
    }

    /// When the session has waited too long, how many seconds that are, and
    /// what for.
    fn deadline(&self) -> Option<(Instant, u64, &'static str)> {
        let settings = self.settings();
        let idle = (self.clock.last_command, settings.timeout_idle, "Idle timeout");
        let other = match self.session.account {
            None => (self.clock.began, settings.timeout_login, "Login timeout"),
            Some(_) => (self.clock.last_transfer, settings.timeout_no_transfer, "No transfer timeout"),
        };
        let times = [idle, other].into_iter();
        let times = times.filter_map(|(from, seconds, name)| Some((from + limit(seconds)?, seconds, name)));
        times.min_by_key(|(time, ..)| *time)
    }

    /// One command, from the line to the reply. Errors are those of the
    /// control connection.
    async fn handle(&mut self, command: Command) -> std::io::Result<()> {
        let mut asides = Asides::default();
        {
            let Self { states, session, connection, lines, waiting, progress, closing, shared, .. } = self;
            progress.reset();
            let mut work = Work { states, session, shared, connection };
            let mut running = std::pin::pin!(work.command(&command));
            loop {
                // Once a command waits, or the client has nothing more to
                // say, the running one is all there is to do.
                let listening = waiting.is_empty() && !asides.ended && !lines.is_full();
                tokio::select! {
                    biased;
                    done = &mut running => {
                        done?;
                        break;
                    }
                    () = closed(closing, Closing::Now), if !asides.hurried => {
                        asides.hurried = true;
                        asides.patience = Some(Instant::now());
                    }
                    () = until(asides.patience) => asides.lose_patience(progress)?,
                    read = connection.read(lines), if listening => {
                        asides.ended = !matches!(read, Ok(true));
                        if asides.ended {
                            progress.leave();
                            asides.patience = Some(Instant::now() + GONE_WAIT);
                        }
                        asides.take(lines, waiting, progress, connection).await?;
                    }
                }
            }
        }
        self.clock.last_command = Instant::now();
        if self.progress.is_running() {
            self.clock.last_transfer = self.clock.last_command;
        }
        if asides.aborted {
            self.connection.send(&Reply::new(226, "Abort successful")).await?;
        }
        Ok(())
    }

    /// Calls the modules that want to know of an event of the session.
    async fn event(&mut self, event: Verb) -> Result<()> {
        let command = Command { verb: event, argument: Vec::new() };
        let Self { states, session, connection, shared, .. } = self;
        Work { states, session, shared, connection }.event(&command).await
    }
}

/// How long a transfer may go on whose client has closed the control connection:
/// what is on its way shall arrive.
const GONE_WAIT: Duration = Duration::from_secs(10);
/// How long a command may take to end once it has been stopped.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How long a look-up of a client's name may take.
const NAME_WAIT: Duration = Duration::from_secs(5);

/// The client's name, or its address where it has none in time.
async fn host_name(blocking: &Blocking, ip: IpAddr) -> String {
    let found = tokio::time::timeout(NAME_WAIT, blocking.run(move || Ok(gantry_sys::names::host_name(ip)))).await;
    found.ok().and_then(Result::ok).flatten().unwrap_or_else(|| ip.to_string())
}

fn limit(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// Returns when the daemon's end has come so near.
async fn closed(closing: &mut watch::Receiver<Closing>, near: Closing) {
    let _ = closing.wait_for(|closing| *closing >= near).await;
}

async fn goodbye(connection: &Connection) -> String {
    let _ = connection.send(&Reply::new(421, "Service shutting down: closing control connection")).await;
    "the server ends".to_owned()
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn read_line(line: Result<Vec<u8>, gantry_api::proto::TooLong>) -> Result<Command, Reply> {
    let line = line.map_err(|_| Reply::new(500, "Command line too long"))?;
    Command::parse(&line).map_err(|error| match error {
        CommandError::Empty | CommandError::NotAVerb => Reply::new(500, "Invalid command: try being more creative"),
        error => Reply::new(501, error.to_string()),
    })
}

/// What the client says while a command runs.
#[derive(Default)]
struct Asides {
    aborted: bool,
    ended: bool,
    hurried: bool,
    stopped: bool,
    /// When the command is to be stopped, and then to be given up.
    patience: Option<Instant>,
}

impl Asides {
    /// Stops the transfer; where the command goes on all the same, gives it up.
    fn lose_patience(&mut self, progress: &Progress) -> std::io::Result<()> {
        if self.stopped {
            return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "its command did not end"));
        }
        self.stopped = true;
        self.patience = Some(Instant::now() + STOP_WAIT);
        progress.stop();
        Ok(())
    }

    async fn take(
        &mut self,
        lines: &mut Lines,
        waiting: &mut VecDeque<Command>,
        progress: &Progress,
        connection: &Connection,
    ) -> std::io::Result<()> {
        while waiting.is_empty() {
            let Some(line) = lines.next_line() else { break };
            match read_line(line) {
                Ok(command) if command.verb == Verb::ABOR && progress.is_running() && !self.aborted => {
                    self.aborted = true;
                    progress.stop();
                }
                Ok(command) if command.verb == Verb::STAT && command.argument.is_empty() && progress.is_running() => {
                    let status = format!("Status: {} bytes transferred so far", progress.moved());
                    connection.send(&Reply::new(213, status)).await?;
                }
                Ok(command) => waiting.push_back(command),
                Err(reply) => connection.send(&reply).await?,
            }
        }
        Ok(())
    }
}

/// What a command works on.
struct Work<'a> {
    states: &'a mut Vec<Option<StateBox>>,
    session: &'a mut Session,
    shared: &'a Arc<Shared>,
    connection: &'a Connection,
}

impl Work<'_> {
    async fn command(&mut self, command: &Command) -> std::io::Result<()> {
        let generation = self.shared.generation.clone();
        let row = generation.table.row(command.verb);
        self.session.transfer = None;
        self.session.reply = None;
        self.session.files.begin(command.verb);
        let (scope, unknown) = match scope(self.session, self.shared, command, row).await {
            Ok(scope) => (scope, None),
            Err(error) => (self.shared.scope.into(), Some(error)),
        };
        let mut done = match unknown {
            None => self.perform(command, row, &scope).await,
            Some(error) => Err(error),
        };
        if done.is_ok() && self.session.reply.as_ref().is_some_and(Reply::is_negative) {
            done = Err(Error::client(0, ""));
        } else if let Err(error) = &done {
            self.report(command, error);
            let (code, text) = error.reply();
            self.session.respond(code, answer(command, error, text));
        }
        let (after, logged) =
            if done.is_ok() { (Phase::Post, Phase::Log) } else { (Phase::PostError, Phase::LogError) };
        self.afterwards(command, row, &scope, after).await;
        if self.session.reply.is_none() {
            self.session.respond(200, format!("{} command successful", command.verb));
        }
        if let Some(reply) = &self.session.reply {
            self.connection.send(reply).await?;
        }
        self.afterwards(command, row, &scope, logged).await;
        Ok(())
    }

    async fn perform(&mut self, command: &Command, row: &Row, scope: &Held) -> Result<()> {
        if !row.is_handled() || command.verb.is_event() {
            return Err(not_understood(command));
        }
        if row.login == Login::Required && self.session.account.is_none() {
            return Err(Error::client(530, "Please login with USER and PASS"));
        }
        let rules = &self.shared.generation.held(scope).rules;
        if !rules.is_empty() {
            let person = self.shared.person(self.session.account.as_deref());
            rules.check(command.verb, None, &person)?;
            // A limit that asks for the user is judged once the user is known.
            if command.verb == Verb::PASS && !rules.login_asks_for_user() {
                rules.check(LOGIN, None, &person).map_err(|_| Error::client(530, "Login incorrect."))?;
            }
        }
        self.phase(command, row.modules(Phase::Pre), scope, Phase::Pre).await?;
        match self.phase(command, row.modules(Phase::Command), scope, Phase::Command).await? {
            Step::Done => Ok(()),
            Step::Next | Step::Wait => Err(not_understood(command)),
        }
    }

    async fn phase(&mut self, command: &Command, modules: &[usize], scope: &Held, phase: Phase) -> Result<Step> {
        for at in modules {
            if self.call(command, *at, scope, phase).await? == Step::Done {
                return Ok(Step::Done);
            }
        }
        Ok(Step::Next)
    }

    async fn call(&mut self, command: &Command, at: usize, scope: &Held, phase: Phase) -> Result<Step> {
        let generation = &self.shared.generation;
        let instance = &generation.modules[at].instance;
        let state = State::new(&mut self.states[at], instance.home());
        let mut moment =
            Moment::new(self.session, command, phase, state, &generation.world, &*generation.held(scope).modules[at]);
        match instance.at_once(&mut moment)? {
            Step::Wait => instance.wait(&mut moment).await,
            step => Ok(step),
        }
    }

    /// A phase in which no error changes what has happened: each module is
    /// called.
    async fn afterwards(&mut self, command: &Command, row: &Row, scope: &Held, phase: Phase) {
        for at in row.modules(phase) {
            if let Err(error) = self.call(command, *at, scope, phase).await {
                self.report(command, &error);
                if phase == Phase::Post && error.fault() == Fault::Panic {
                    let (code, text) = error.reply();
                    self.session.respond(code, text);
                }
            }
        }
    }

    /// An event: every module is called; the first refusal counts.
    async fn event(&mut self, command: &Command) -> Result<()> {
        let row = self.shared.generation.table.row(command.verb).clone();
        let mut refused = Ok(());
        for at in row.modules(Phase::Command) {
            if let Err(error) = self.call(command, *at, &self.shared.scope.into(), Phase::Command).await {
                self.report(command, &error);
                refused = refused.and(Err(error));
            }
        }
        refused
    }

    /// Tells the administrator what was not the client's doing.
    fn report(&self, command: &Command, error: &Error) {
        let level = match error.fault() {
            Fault::Client => return,
            Fault::System if error.reply().0 == 550 => log::Level::Debug,
            Fault::System => log::Level::Warn,
            Fault::Configuration | Fault::Panic => log::Level::Error,
        };
        let session = self.session.id;
        let user = self.session.user.as_deref().unwrap_or("-");
        log::write(
            level,
            TARGET,
            format_args!("session {session} ({user} from {}): {command}: {error}", self.session.remote_host),
        );
    }
}

/// The refusal of what no module handles, in ProFTPD's words.
fn not_understood(command: &Command) -> Error {
    let name = command.verb.name();
    let words = match name.strip_prefix("SITE_") {
        Some(site) => format!("'SITE {site}'"),
        None if command.verb == Verb::OPTS => {
            String::from_utf8_lossy(&[b"OPTS ", &command.argument[..]].concat()).into_owned()
        }
        None => name,
    };
    Error::client(500, format!("{words} not understood"))
}

/// What holds where a command acts.
async fn scope(session: &Session, shared: &Arc<Shared>, command: &Command, row: &Row) -> Result<Held> {
    if row.path == PathArgument::None || !shared.generation.depends_on_path(shared.scope) {
        return Ok(shared.scope.into());
    }
    files::scope_of(shared, session.resolve(path_argument(row.path, &command.argument))).await
}

/// The reply to an error: file errors name what the client named, as ProFTPD
/// does.
fn answer(command: &Command, error: &Error, text: &str) -> Vec<u8> {
    let names_file = error.reply().0 == 550 && error.fault() == Fault::System && !command.argument.is_empty();
    let denied = error.fault() == Fault::Client && text == "Permission denied";
    match (names_file, denied) {
        (true, _) => [&command.argument[..], b": ", text.as_bytes()].concat(),
        (_, true) if command.argument.is_empty() => format!("{}: {text}", command.verb).into_bytes(),
        (_, true) => [&command.argument[..], b": ", text.as_bytes()].concat(),
        _ => text.as_bytes().to_vec(),
    }
}

/// The part of an argument that is a path.
fn path_argument(which: PathArgument, argument: &[u8]) -> &[u8] {
    match which {
        PathArgument::None => &[],
        PathArgument::Whole => argument,
        PathArgument::AfterWord => argument.iter().position(|byte| *byte == b' ').map_or(&[], |at| &argument[at + 1..]),
        PathArgument::AfterOptions => {
            let mut rest = argument;
            while rest.first() == Some(&b'-') {
                rest = rest.iter().position(|byte| *byte == b' ').map_or(&[], |at| &rest[at + 1..]);
            }
            rest
        }
    }
}
