//! The session's loop: one task a client. It reads a line, takes it through
//! the gate and the phases, sends the reply. While a command runs it goes on
//! reading, so that ABOR and STAT reach a transfer (RFC 959 section 4.1.3).

mod alarm;
#[cfg(any(test, feature = "bench"))]
pub mod room;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use gantry_api::data::Control;
use gantry_api::log::Level;
use gantry_api::proto::Lines;
use gantry_api::proto::command::CommandError;
use gantry_api::session::Ending;
use gantry_api::{Command, Dialogue, Error, Lent, Reply, Result, ServerId, Session, Verb, session};
use gantry_config::Class;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::dialogue::client::alarm::Alarm;
use crate::dialogue::command;
use crate::files::blocking::Blocking;
use crate::files::privileged::Privileged;
use crate::files::shared::{Footing, SessionParts, Standing};
use crate::gate;
use crate::generation::snapshot::Generation;
use crate::identity::Identity;
use crate::log::say;
use crate::log::speaker::Speaker;
use crate::names::Names;
use crate::session::admission::SessionDoor;
use crate::session::census::{DaemonCensus, SessionCensus};
use crate::session::known::{Known, doing};
use crate::session::sessions::{Closing, CountedAt, Doing, Wish};
use crate::session::strangers::Stranger;
use crate::session::work::{Seat, Work};
use crate::settings::{Foreign, RootRevoke, Settings};
use crate::transfer::data::{DataSettings, ForeignPeers, Holding, SessionData};
use crate::transfer::ports::Listener;
use crate::transfer::preparation::NextConnection;
use crate::transfer::progress::Progress;
use crate::wire::connection::Connection;
use crate::wire::options;

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
    /// What the daemon counts.
    pub census: Arc<DaemonCensus>,
    /// Looks for its name.
    pub names: Arc<Names>,
    /// Its place among those who have not logged in.
    pub stranger: Option<Stranger>,
    /// The threads for its files.
    pub blocking: Arc<Blocking>,
    /// The daemon's identity.
    pub identity: Arc<Identity>,
    /// Does what only root may do.
    pub privileged: Arc<dyn Privileged>,
    /// Whether its name is looked up, where an operator said something else than
    /// UseReverseDNS does.
    pub reverse_dns: Option<bool>,
    /// What the daemon wishes of it.
    pub wishes: watch::Receiver<Wish>,
    /// The server at which it is counted.
    pub counted_at: CountedAt,
}

/// Serves a client to its end.
pub async fn serve(arrival: Arrival) {
    let id = arrival.id;
    say(Level::Debug, format_args!("session {id}: {} connected to {}", arrival.remote, arrival.local));
    let guest = Client::of(arrival);
    guest.speaker.clone().run(live(id, guest)).await;
}

/// The session's task, in which the log knows whose records these are.
async fn live(id: u64, mut guest: Guest) {
    let client = &mut *guest;
    let why = client.run().await;
    client.progress.settle(&mut client.session, false);
    client.session.ending = Some(Ending(why.clone()));
    client.event(Verb::EXIT).await.ok();
    client.sum_calls();
    client.connection.close().await;
    say(Level::Debug, format_args!("session {id}: ended: {why}"));
}

/// A client, and the generation whose modules made what it holds.
type Guest = Lent<Client, Arc<Generation>>;

struct Client {
    seats: Vec<Seat>,
    session: Session,
    dialogue: Dialogue,
    connection: Connection,
    lines: Lines,
    waiting: VecDeque<Command>,
    progress: Arc<Progress>,
    clock: Clock,
    alarm: Alarm,
    reverse_dns: Option<bool>,
    names: Arc<Names>,
    /// Lines that it has sent without logging in.
    strange_lines: u32,
    wishes: watch::Receiver<Wish>,
    /// The end that was wished so far, and what the client is told.
    closing: (Closing, &'static str),
    known: Known,
    speaker: Arc<Speaker>,
    counted_at: CountedAt,
    data: Holding,
    prepared: NextConnection<Listener>,
    /// Where the session stood after the last command.
    footing: Footing,
    shared: Arc<SessionParts>,
}

/// The times that bound a session.
struct Clock {
    began: Instant,
    last_command: Instant,
    last_transfer: Instant,
    /// When it logged in.
    logged_in: Option<Instant>,
    /// When the interval of MaxCommandRate began, and how many commands it has had.
    interval: (Instant, u64),
}

/// When a session has waited too long, and for what.
#[derive(Clone, Copy)]
struct Deadline {
    time: Instant,
    seconds: u64,
    name: &'static str,
    /// The session's event when it has passed.
    event: &'static str,
}

impl std::fmt::Display for Deadline {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} ({} seconds)", self.name, self.seconds)
    }
}

impl Client {
    fn of(arrival: Arrival) -> Guest {
        let generation = arrival.generation.clone();
        Lent::new(Self::new(arrival), generation)
    }

    fn new(arrival: Arrival) -> Self {
        let Arrival { id, stream, local, remote, server, generation, .. } = arrival;
        let (blocking, identity, reverse_dns) = (arrival.blocking, arrival.identity, arrival.reverse_dns);
        let (wishes, counted_at) = (arrival.wishes, arrival.counted_at);
        let speaker = Speaker::new(local, remote, generation.server(server).log.clone());
        let base = generation.server(server).base.clone();
        let settings = &generation.held(&base.own.held).settings;
        options::set(&stream, settings.sockets.no_delay.0, &settings.sockets.options);
        let connection = Connection::new(stream);
        let progress = Arc::new(Progress::default());
        let data = Holding::new(data_settings(settings, &generation.classes, local.port()));
        let lines = Lines::new(settings.line_limit);
        let seats = generation.modules.iter().map(|_| Seat::default()).collect();
        let shared = Arc::new(SessionParts {
            generation,
            standing: Standing::on(base),
            blocking,
            identity,
            privileged: arrival.privileged,
            view: OnceLock::new(),
            address: remote.ip(),
            client: OnceLock::new(),
        });
        let session = Session::new(
            session::Arrival { id, server: shared.generation.server(server).at(), local, remote },
            Box::new(SessionDoor::new(shared.clone(), server, arrival.stranger)),
            Box::new(SessionCensus::new(arrival.census)),
        );
        let addresses = (local.ip(), remote.ip());
        let data_side = SessionData::new(addresses, data.clone(), progress.clone(), connection.clone());
        let prepared = data_side.prepared();
        let dialogue = Dialogue::new(Box::new(connection.clone()), Box::new(data_side));
        let footing = Footing::of(&shared.standing);
        let now = Instant::now();
        let clock = Clock { began: now, last_command: now, last_transfer: now, logged_in: None, interval: (now, 0) };
        let (waiting, closing, known) = (VecDeque::new(), (Closing::No, ""), Known::of(&session, &shared));
        Self {
            seats,
            session,
            dialogue,
            connection,
            lines,
            waiting,
            progress,
            clock,
            alarm: Alarm::default(),
            reverse_dns,
            names: arrival.names,
            strange_lines: 0,
            wishes,
            closing,
            known,
            speaker,
            counted_at,
            data,
            prepared,
            footing,
            shared,
        }
    }

    /// From greeting to end; why it ended.
    async fn run(&mut self) -> String {
        if self.reverse_dns.unwrap_or(self.settings().reverse_dns) {
            let ip = self.session.remote.ip();
            self.session.remote_host = self.names.of(ip).await.unwrap_or_else(|| ip.to_string());
            self.speaker.client(&self.session.remote_host);
        }
        let classes = &self.shared.generation.classes;
        let client = gate::Client::new(self.shared.address, &self.session.remote_host, classes);
        self.known.client(&self.session.remote_host, client.class());
        self.session.class = client.class().map(Arc::from);
        let _ = self.shared.client.set(client.into());
        let refused = match self.stand_as_client() {
            Ok(()) => self.event(Verb::CONNECT).await,
            Err(error) => Err(error.with_code(421)),
        };
        if let Err(why) = self.open_layer().await {
            return why;
        }
        if let Err(error) = refused {
            let code = Some(command::code(&error)).filter(|code| (400..600).contains(code)).unwrap_or(421);
            let _ = self.connection.send(&Reply::new(code, error.text())).await;
            return error.to_string();
        }
        let mut greeting = self.greeting();
        // What modules have said comes first.
        if let Some(mut said) = self.dialogue.reply.take() {
            said.lines.append(&mut greeting.lines);
            greeting.lines = said.lines;
        }
        if let Err(error) = self.connection.send(&greeting).await {
            return error.to_string();
        }
        loop {
            let command = match self.next_command().await {
                Ok(command) => command,
                Err(why) => return why,
            };
            if let Err(error) = self.handle(command).await {
                return self.lost(&error);
            }
            if let Some(ending) = self.session.ending.take() {
                return ending.0;
            }
        }
    }

    /// Why the session ends with its control connection: its layer may have panicked.
    fn lost(&self, error: &std::io::Error) -> String {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        inner.inspect(|error| self.shared.generation.count_panic(error));
        format!("control connection: {error}")
    }

    /// Opens the layer that a module has put around the connection before the
    /// greeting, where one has.
    async fn open_layer(&mut self) -> Result<(), String> {
        self.connection.switch(true).map_err(|error| self.lost(&error))?;
        while self.connection.is_opening() {
            self.hear();
            if self.closing.0 != Closing::No {
                return Err(self.closing.1.to_owned());
            }
            self.wait_for_bytes(self.deadline()).await?;
        }
        Ok(())
    }

    /// Goes by the sections for the client's class, now that it is known.
    fn stand_as_client(&mut self) -> Result<()> {
        let (shared, server) = (&self.shared, self.session.server);
        if shared.generation.server(server).personal.is_empty() {
            return Ok(());
        }
        let base = shared.generation.base(server, None, || shared.person(None))?;
        shared.standing.move_to(base);
        self.follow();
        Ok(())
    }

    fn settings(&self) -> &Settings {
        &self.shared.generation.held(&self.footing.base.own.held).settings
    }

    fn greeting(&self) -> Reply {
        let (name, address) = (&self.session.server_name, self.session.local.ip());
        let text = match self.settings().ident.as_deref() {
            None if self.settings().defer_welcome => "Gantry Server ready.".to_owned(),
            None => format!("Gantry Server ({name}) [{address}]"),
            Some("") => format!("{address} FTP server ready"),
            Some(text) => ident(text, name, address),
        };
        Reply::new(220, text)
    }

    /// The next command; else why the session ends. What is no command is
    /// answered here.
    async fn next_command(&mut self) -> Result<Command, String> {
        let mut deadline = self.deadline();
        // The clock has just been looked at.
        let mut now = self.clock.last_command;
        loop {
            // Also where commands wait: there may be thousands.
            self.hear();
            if self.closing.0 != Closing::No {
                return Err(goodbye(&self.connection, self.closing.1).await);
            }
            // By the clock: timers may be late where clients keep the workers busy.
            if deadline.as_ref().is_some_and(|deadline| deadline.time <= now) {
                return Err(self.out_of_time().await);
            }
            let waits = !self.waiting.is_empty() || !self.lines.is_empty();
            self.connection.check_fresh(waits).map_err(|error| self.lost(&error))?;
            if let Some(command) = self.waiting.pop_front() {
                self.count_strange_line().await?;
                self.keep_rate().await;
                return Ok(command);
            }
            if let Some(line) = self.lines.next_line() {
                self.count_strange_line().await?;
                match read_line(line) {
                    Ok(command) => {
                        self.keep_rate().await;
                        return Ok(command);
                    }
                    Err(reply) => {
                        let sent = self.connection.send(&reply).await;
                        sent.map_err(|error| self.lost(&error))?;
                    }
                }
                now = Instant::now();
                continue;
            }
            self.wait_for_bytes(deadline).await?;
            now = Instant::now();
            // A layer may have opened.
            if self.connection.is_layered() {
                deadline = self.deadline();
            }
        }
    }

    /// Waits where MaxCommandRate's interval has had all its commands.
    async fn keep_rate(&mut self) {
        let Some((most, seconds)) = self.settings().command_rate else { return };
        let (interval, now) = (Duration::from_secs(seconds), Instant::now());
        let (began, count) = self.clock.interval;
        // None of an interval that never ends.
        let end = began.checked_add(interval);
        self.clock.interval = match () {
            () if end.is_some_and(|end| end <= now) => (now, 1),
            () if count < most => (began, count.saturating_add(1)),
            () => {
                until(end).await;
                (Instant::now(), 1)
            }
        };
    }

    /// Ends a session that says much and logs in as nobody.
    async fn count_strange_line(&mut self) -> Result<(), String> {
        if self.session.account.is_some() {
            return Ok(());
        }
        self.strange_lines = self.strange_lines.saturating_add(1);
        match self.strange_lines > MOST_STRANGE_LINES {
            true => Err(goodbye(&self.connection, "Too many commands without a login").await),
            false => Ok(()),
        }
    }

    async fn wait_for_bytes(&mut self, deadline: Option<Deadline>) -> Result<(), String> {
        let (wishes, alarm) = (&mut self.wishes, &mut self.alarm);
        tokio::select! {
            // The deadline first: a client that never stops sending shall not
            // outlive it.
            biased;
            () = alarm.wait(deadline.map(|deadline| deadline.time)) => Err(self.out_of_time().await),
            // It is heard before anything else is done.
            () = wished(wishes) => {
                wishes.mark_changed();
                Ok(())
            }
            () = self.prepared.expire() => Ok(()),
            read = self.connection.read(&mut self.lines) => match read {
                Ok(true) => {
                    let sent = self.connection.refuse_options(&mut self.lines).await;
                    sent.map_err(|error| self.lost(&error))
                }
                Ok(false) => Err("the client closed the connection".to_owned()),
                Err(error) => Err(self.lost(&error)),
            },
        }
    }

    /// Tells the client that it has waited too long; what for.
    async fn out_of_time(&mut self) -> String {
        let deadline = self.deadline();
        deadline.iter().for_each(|deadline| self.session.events.announce(deadline.event));
        let text = deadline.map_or_else(String::new, |deadline| deadline.to_string());
        goodbye(&self.connection, &text).await
    }

    /// When the session has waited too long.
    fn deadline(&self) -> Option<Deadline> {
        let settings = self.settings();
        let mut first: Option<Deadline> = None;
        let mut is_due = |from: Option<Instant>, seconds: u64, (name, event)| {
            if let (Some(from), Some(limit)) = (from, limit(seconds))
                && let Some(time) = from.checked_add(limit)
                && first.is_none_or(|first| time < first.time)
            {
                first = Some(Deadline { time, seconds, name, event });
            }
        };
        let clock = &self.clock;
        is_due(Some(clock.last_command), settings.timeout_idle, ("Idle timeout", "core.timeout-idle"));
        match self.session.account {
            None => is_due(Some(clock.began), settings.timeout_login, ("Login timeout", "core.timeout-login")),
            Some(_) => {
                let names = ("No transfer timeout", "core.timeout-no-transfer");
                is_due(Some(clock.last_transfer), settings.timeout_no_transfer, names);
            }
        }
        is_due(clock.logged_in, settings.timeout_session, ("Session Timeout", "core.timeout-session"));
        if let Some((time, limit)) = self.connection.opens_by()
            && first.is_none_or(|first| time < first.time)
        {
            let (seconds, name) = (limit.as_secs(), "Handshake timeout");
            first = Some(Deadline { time, seconds, name, event: "core.timeout-handshake" });
        }
        first
    }

    /// One command, from the line to the reply. Errors are those of the
    /// control connection.
    async fn handle(&mut self, command: Command) -> std::io::Result<()> {
        let mut asides = Asides::default();
        {
            let Self {
                seats,
                session,
                dialogue,
                connection,
                lines,
                waiting,
                progress,
                wishes,
                closing,
                known,
                prepared,
                footing,
                shared,
                ..
            } = self;
            progress.reset();
            let began = SystemTime::now();
            session.command_began = began;
            let mut work = Work { seats, session, dialogue, progress, shared, base: &footing.base };
            let mut running = std::pin::pin!(command::command(&mut work, connection, &command));
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
                    () = wished(wishes) => {
                        let wish = wishes.borrow_and_update().clone();
                        *closing = (wish.closing, wish.words);
                        if let Some(ask) = wish.ask {
                            let _ = ask.send(known.about(doing(&command, progress), began));
                        }
                        if wish.closing == Closing::Now && !asides.hurried {
                            asides.hurried = true;
                            asides.patience = Some(Instant::now());
                        }
                    }
                    () = prepared.expire() => {}
                    () = until(asides.patience) => asides.lose_patience(progress)?,
                    read = connection.read(lines), if listening => {
                        asides.ended = !matches!(read, Ok(true));
                        if asides.ended {
                            progress.leave();
                            asides.patience = Some(Instant::now() + GONE_WAIT);
                        }
                        connection.refuse_options(lines).await?;
                        asides.take(lines, waiting, progress, connection).await?;
                    }
                }
            }
        }
        self.follow();
        self.known.renew(&self.session);
        self.clock.last_command = Instant::now();
        if self.session.account.is_some() && self.clock.logged_in.is_none() {
            self.clock.logged_in = Some(self.clock.last_command);
        }
        if self.progress.is_running() {
            self.clock.last_transfer = self.clock.last_command;
            // REST and RANG are for the next data connection alone.
            self.dialogue.restart = 0;
            self.dialogue.range = None;
        }
        if asides.aborted {
            self.connection.send(&Reply::new(226, "Abort successful")).await?;
        }
        Ok(())
    }

    /// Calls the modules that want to know of an event of the session.
    async fn event(&mut self, event: Verb) -> Result<()> {
        let command = Command { verb: event, argument: Vec::new() };
        let Self { seats, session, dialogue, progress, footing, shared, .. } = self;
        Work { seats, session, dialogue, progress, shared, base: &footing.base }.event(&command).await
    }

    /// Goes by what holds where the session stands now, if it moved: it logged in,
    /// or went to another server.
    fn follow(&mut self) {
        if !self.footing.follow(&self.shared.standing) {
            return;
        }
        let (classes, port) = (&self.shared.generation.classes, self.session.local.port());
        self.data.set(data_settings(self.settings(), classes, port));
        self.known.server(&self.session.server_name);
        self.speaker.server(self.shared.generation.server(self.footing.base.server).log.clone());
        self.counted_at.move_to(self.shared.generation.server(self.footing.base.server).key.clone());
    }

    /// Hears what the daemon wishes, if that is anything new.
    fn hear(&mut self) {
        // The daemon holds the other end for as long as the session lives.
        if !self.wishes.has_changed().unwrap_or(false) {
            return;
        }
        let wish = self.wishes.borrow_and_update().clone();
        self.closing = (wish.closing, wish.words);
        if let Some(ask) = wish.ask {
            self.known.renew(&self.session);
            let idle = SystemTime::now().checked_sub(self.clock.last_command.elapsed());
            let _ = ask.send(self.known.about(Doing::Nothing, idle.unwrap_or(self.session.began)));
        }
    }

    /// Adds the session's calls to its generation's.
    fn sum_calls(&self) {
        for (running, seat) in self.shared.generation.modules.iter().zip(&self.seats) {
            running.called(seat.calls);
        }
    }
}

/// ServerIdent's text with the values of its variables.
fn ident(text: &str, name: &str, address: IpAddr) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let address = address.to_string();
    let values = [("%L", address.as_str()), ("%V", &address), ("%v", name), ("%{version}", env!("CARGO_PKG_VERSION"))];
    let (mut out, mut rest) = (String::new(), text);
    while let Some((plain, _)) = rest.split_once('%') {
        out.push_str(plain);
        rest = rest.get(plain.len()..).unwrap_or_default();
        let value = values.iter().find(|(variable, _)| rest.starts_with(variable));
        let (variable, value) = value.copied().unwrap_or(("%", "%"));
        out.push_str(value);
        rest = rest.get(variable.len()..).unwrap_or_default();
    }
    out + rest
}

/// How long a transfer may go on whose client has closed the control connection:
/// what is on its way shall arrive.
const GONE_WAIT: Duration = Duration::from_secs(10);
/// How long a command may take to end once it has been stopped.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How many lines a client may send before it logs in: more than any client needs, for
/// each costs work.
const MOST_STRANGE_LINES: u32 = 500;

fn data_settings(settings: &Settings, classes: &[Class], port: u16) -> DataSettings {
    let foreign = match &settings.sockets.foreign {
        Foreign::Never => ForeignPeers::Nobody,
        Foreign::Always => ForeignPeers::Anybody,
        // A class that is not there contains nobody.
        Foreign::Class(name) => {
            let class = classes.iter().find(|class| class.name == *name);
            class.map_or(ForeignPeers::Nobody, |class| ForeignPeers::OfClass(class.clone()))
        }
    };
    DataSettings {
        no_delay: settings.sockets.no_delay.1,
        options: settings.sockets.options,
        foreign,
        active: settings.sockets.root_revoke != RootRevoke::On || port >= 1024,
        ports: settings.passive_ports,
        masquerade: settings.masquerade,
        stalled: limit(settings.timeout_stalled),
    }
}

fn limit(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// Returns when the daemon wishes something new.
async fn wished(wishes: &mut watch::Receiver<Wish>) {
    if wishes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Tells the client that the session ends; why it does.
async fn goodbye(connection: &Connection, words: &str) -> String {
    let _ = connection.send(&Reply::new(421, format!("{words}: closing control connection"))).await;
    words.to_owned()
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
        CommandError::Empty | CommandError::NotAVerb => no_command(&line),
        error => Reply::new(501, error.to_string()),
    })
}

/// The refusal of a line that begins with the name of no command. Only what can be read is repeated.
fn no_command(line: &[u8]) -> Reply {
    let name = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    match name.is_empty() || name.iter().any(u8::is_ascii_control) {
        true => Reply::new(500, "Invalid command: try being more creative"),
        false => Reply::new(500, [&name.to_ascii_uppercase()[..], b" not understood"].concat()),
    }
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
