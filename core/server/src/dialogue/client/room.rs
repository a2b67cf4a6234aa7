//! A session without a client, only for benches: commands take the way of a real session's, without
//! the lines that bring them and without sending replies. The daemon never makes one.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream as Plain};
use std::sync::Arc;

use gantry_api::moment::SettingsBox;
use gantry_api::settings::of_values;
use gantry_api::{Command, CommandEntry, Dialogue, Hook, Lent, Moment, Phase, ServerId, Session, World};
use gantry_config::{Directories, Layers};
use gantry_sys::Credentials;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use super::{Arrival, Client, Guest};
use crate::dialogue::command;
use crate::files::blocking::Blocking;
use crate::files::privileged::Unprivileged;
use crate::files::session_files::SessionFiles;
use crate::filters::LimitFilters;
use crate::gate::Rules;
use crate::generation::base::{Base, Spot};
use crate::generation::dispatch::{Member, Table};
use crate::generation::running::Running;
use crate::generation::scope::{Scope, ScopeId};
use crate::generation::scopes::Scopes;
use crate::generation::server::{HostNames, Server, ServerKey};
use crate::generation::snapshot::Generation;
use crate::identity::Identity;
use crate::session::sessions::Sessions;
use crate::session::work::Work;

/// A module of the room's generation.
pub struct Occupant {
    /// The instance and its image.
    pub running: Running,
    /// Its settings, made by its image.
    pub settings: SettingsBox,
    /// What it hooks.
    pub hooks: Vec<Hook>,
    /// The commands that it declares.
    pub commands: Vec<&'static CommandEntry>,
}

/// The session.
pub struct Room {
    client: Guest,
    // The parts that belong to a client's connection; nothing is sent over it.
    _peer: Plain,
    _sessions: Sessions,
    _runtime: Runtime,
}

#[cfg_attr(not(feature = "bench"), allow(dead_code, reason = "benches need more of it than tests do"))]
impl Room {
    /// A session of a generation with these modules, in this order: one server,
    /// no sections, no limits.
    ///
    /// # Errors
    /// The system gives no loopback connection or no threads.
    pub fn new(occupants: Vec<Occupant>) -> io::Result<Self> {
        Self::of(Arc::new(generation(occupants)))
    }

    fn of(generation: Arc<Generation>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let peer = Plain::connect(listener.local_addr()?)?;
        let (stream, remote) = listener.accept()?;
        stream.set_nonblocking(true)?;
        let (sessions, key) = (Sessions::default(), generation.server(ServerId(0)).key.clone());
        let (wishes, counted_at) = sessions.enter(1, generation.number, key);
        let arrival = Arrival {
            id: 1,
            local: stream.local_addr()?,
            remote,
            stream: {
                let _entered = runtime.enter();
                TcpStream::from_std(stream)?
            },
            server: ServerId(0),
            generation,
            census: Arc::default(),
            names: Arc::default(),
            stranger: None,
            blocking: Arc::new(Blocking::new()?),
            identity: Arc::new(Identity::new(Credentials::current()?, false)),
            privileged: Arc::new(Unprivileged),
            reverse_dns: None,
            wishes,
            counted_at,
        };
        Ok(Self { client: Client::of(arrival), _peer: peer, _sessions: sessions, _runtime: runtime })
    }

    /// Takes a command through all its phases. The reply stays in the session.
    pub async fn command(&mut self, command: &Command) {
        let Client { seats, session, dialogue, progress, footing, shared, .. } = &mut *self.client;
        let mut work = Work { seats, session, dialogue, progress, shared, base: &footing.base };
        let answered = command::answer(&mut work, command).await;
        command::log(&mut work, command, &answered).await;
    }

    /// The dialogue.
    pub fn dialogue(&mut self) -> &mut Dialogue {
        &mut self.client.dialogue
    }

    /// The session.
    pub fn session(&mut self) -> &mut Session {
        &mut self.client.session
    }

    /// Calls with a moment of the module at a position.
    pub fn in_moment(&mut self, at: usize, command: &Command, phase: Phase, call: impl FnOnce(&mut Moment<'_>)) {
        let Client { seats, session, dialogue, footing, shared, .. } = &mut *self.client;
        let generation = &shared.generation;
        let state = seats[at].state(generation.modules[at].home());
        let settings = &*generation.held(&footing.base.own.held).modules[at];
        let files = SessionFiles::new(shared, command.verb);
        call(&mut Moment::new((session, &files), dialogue, command, phase, state, &generation.world, settings));
    }
}

fn generation(occupants: Vec<Occupant>) -> Generation {
    let member = |occupant: &Occupant| Member {
        hooks: occupant.hooks.clone(),
        commands: occupant.commands.clone(),
        declared: Vec::new(),
    };
    let table = Table::new(&occupants.iter().map(member).collect::<Vec<_>>());
    let (modules, settings): (Vec<Running>, _) =
        occupants.into_iter().map(|occupant| (occupant.running, occupant.settings)).unzip();
    let usual = of_values([]).expect("the server's settings can all do without a line");
    let scope = Scope {
        server: ServerId(0),
        settings: usual,
        rules: Rules::default(),
        limit_filters: LimitFilters::default(),
        modules: settings,
    };
    let base = Base {
        server: ServerId(0),
        own: Spot { held: ScopeId(0).into(), layers: Layers::default() },
        directories: Directories::default(),
        inner: Vec::new(),
        reads_files: false,
    };
    let (name, key) = ("a room".into(), ServerKey::Main.into());
    let (anonymous, personal) = (Vec::new(), Vec::new());
    let server = Server {
        base: base.into(),
        anonymous,
        personal,
        name,
        addresses: Vec::new(),
        key,
        names: HostNames::default(),
        log: Default::default(),
    };
    let images = modules.iter().map(|running| (running.image().clone(), 0)).collect();
    let scopes = Scopes::new(Lent::new(vec![scope], images), &[], Arc::default());
    // No client needs a goodbye: it is simply dropped.
    let (retire, _) = mpsc::unbounded_channel();
    Generation::new(1, vec![server], scopes, modules, table, World::default(), retire)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use gantry_api::VirtualPath;
    use gantry_api::guard::{Guarded, Home};
    use gantry_api::runtime::Task;
    use gantry_api::transfer::{Direction, Outcome, Transfer, Type};
    use gantry_api::{Account, ErrorKind, Image, Lent, Module, NoSettings, Step, Verb, command, instance};

    use super::*;
    use crate::generation::images::Images;
    use crate::generation::witness::{self, Report, Witness};
    use crate::plan::build::{Basis, Plan};
    use crate::plan::source::{Family, Source};
    use crate::{ImageRef, LOGGER};

    #[derive(Default)]
    struct Runtime(AtomicUsize);

    impl gantry_api::Runtime for Runtime {
        fn within(&self, work: &mut dyn FnMut()) {
            self.0.fetch_add(1, Ordering::Relaxed);
            work();
        }

        fn spawn(&self, _task: Task) {}

        fn stop(&self, _limit: Duration) {}
    }

    /// Waits if the command has an argument.
    #[derive(Default)]
    struct Waiting;

    impl Module for Waiting {}

    command! {
        /// Does nothing.
        NOOP "", class: MISC, login: no, at_once: at_once, wait: later;
    }

    fn at_once(at: &mut Moment<'_>) -> gantry_api::Result<Step> {
        at.respond(200, "at once");
        Ok(if at.command.argument.is_empty() { Step::Done } else { Step::Wait })
    }

    async fn later(_: &Waiting, at: &mut Moment<'_>) -> gantry_api::Result<Step> {
        at.respond(200, "later");
        Ok(Step::Done)
    }

    /// Keeps the value that it gets in the session.
    struct Keeping(Mutex<Option<Witness>>);

    #[derive(Default)]
    struct Kept(Option<Witness>);

    impl Module for Keeping {
        fn at_once(&self, at: &mut Moment<'_>) -> gantry_api::Result<Step> {
            at.state.of::<Kept>().0 = self.0.lock().unwrap().take();
            Ok(Step::Done)
        }
    }

    #[test]
    fn what_modules_keep_with_a_session_goes_before_their_images() {
        let (image, report) = (witness::image(), Report::default());
        let home = Home { module: "mod_keeping".into(), runtime: None };
        let keeping = Guarded::new(home, Keeping(Mutex::new(Some(report.witness(&image)))));
        // It has no command of its own, and sees how another one fails.
        let (settings, hooks) = (Box::new(report.witness(&image)), vec![Hook::log_error(Verb::NOOP)]);
        let running = Running::new("mod_keeping".to_owned(), String::new(), Lent::new(Box::new(keeping), image));
        let mut room = Room::new(vec![Occupant { running, settings, hooks, commands: Vec::new() }]).unwrap();
        let runner = Builder::new_current_thread().build().unwrap();
        runner.block_on(room.command(&Command { verb: Verb::NOOP, argument: Vec::new() }));
        // Only the session keeps the generation alive.
        drop(room);
        report.assert_sound(2);
    }

    #[test]
    fn a_transfer_that_was_not_finished_is_recorded_as_broken_off() {
        let mut room = Room::new(Vec::new()).unwrap();
        let Client { session, progress, .. } = &mut *room.client;
        for (finishes, succeeds, outcome) in [
            (false, false, Outcome::Incomplete),
            (false, true, Outcome::Incomplete),
            (true, false, Outcome::Incomplete),
            (true, true, Outcome::Complete),
        ] {
            progress.reset();
            progress.begin(Direction::In);
            progress.record(session, Transfer::new(VirtualPath::root(), Direction::In, Type::Image));
            progress.add(5);
            if finishes {
                progress.finish();
            }
            let before = session.bytes;
            // Once only: the end of the session settles a task that was dropped.
            progress.settle(session, succeeds);
            progress.settle(session, succeeds);
            let transfer = session.transfer.as_ref().unwrap();
            assert_eq!((transfer.bytes, transfer.outcome), (5, outcome));
            assert!(transfer.ended >= transfer.began);
            assert_eq!(session.bytes, (before.0 + 5, before.1));
        }
    }

    #[test]
    fn a_runtime_is_entered_by_those_who_wait_alone() {
        let runtime = Arc::new(Runtime::default());
        let home = Home { module: "mod_waiting".into(), runtime: Some(runtime.clone()) };
        let instance = instance::create::<Waiting>(home).unwrap();
        let image = ImageRef::Linked(Arc::new(Image::this(&LOGGER)));
        let running = Running::new("mod_waiting".to_owned(), String::new(), Lent::new(instance, image));
        let commands = Image::this(&LOGGER).commands;
        let occupant = Occupant { running, settings: Box::new(NoSettings), hooks: Vec::new(), commands };
        let mut room = Room::new(vec![occupant]).unwrap();
        let runner = Builder::new_current_thread().build().unwrap();
        for (argument, reply, entered) in [("", "at once", false), ("wait", "later", true)] {
            runtime.0.store(0, Ordering::Relaxed);
            runner.block_on(room.command(&Command { verb: Verb::NOOP, argument: argument.into() }));
            assert_eq!(room.dialogue().reply.as_ref().unwrap().last_line(), reply.as_bytes());
            assert_eq!(runtime.0.load(Ordering::Relaxed) > 0, entered, "'{argument}'");
        }
    }

    /// A generation of a configuration, without modules.
    fn configured(text: &str) -> Arc<Generation> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.conf");
        std::fs::write(&path, text).unwrap();
        let source = Source { path, defines: Vec::new(), overrides: Vec::new(), family: Family::Any };
        let plan = Plan::read(&source, &Images::new(Vec::new()), &Basis::default()).unwrap();
        let (retire, _) = mpsc::unbounded_channel();
        Builder::new_multi_thread().build().unwrap().block_on(plan.start(1, None, retire)).unwrap()
    }

    #[test]
    fn before_its_login_a_session_may_move_to_another_server() {
        let mut room = Room::of(configured(
            "ServerName main\nPassivePorts 50000 50010\nTimeoutIdle 60\n\
             <VirtualHost 127.0.0.9>\nServerName other\nPort 2199\nPassivePorts 60000 60010\nTimeoutIdle 7\n\
             <Limit LOGIN>\nDenyAll\n</Limit>\n</VirtualHost>\n",
        ))
        .unwrap();
        let client = &mut *room.client;
        let now = |client: &Client, sessions: &Sessions| {
            let keys: Vec<String> = sessions.by_server().keys().map(ToString::to_string).collect();
            let Session { server, server_name, server_key, .. } = &client.session;
            assert_eq!(keys, [server_key.to_string()]);
            (server.0, server_name.to_string(), client.data.settings().ports, client.settings().timeout_idle)
        };
        let main = (0, "main".to_owned(), Some((50000, 50010)), 60);
        assert_eq!(now(client, &room._sessions), main);
        assert!(client.session.lets_in().is_ok());

        client.session.user = Some("ann".to_owned());
        client.session.move_to(ServerId(1)).unwrap();
        client.follow();
        assert_eq!(now(client, &room._sessions), (1, "other".to_owned(), Some((60000, 60010)), 7));
        assert_eq!(client.session.user, None, "who it was is another server's to say");
        assert_eq!(client.session.lets_in().map_err(|error| error.kind()), Err(ErrorKind::LoginRefused));

        assert!(client.session.move_to(ServerId(2)).is_err(), "there is none");
        assert_eq!(client.session.server, ServerId(1));
        client.session.move_to(ServerId(0)).unwrap();
        client.follow();
        assert_eq!(now(client, &room._sessions), main);
        assert!(client.session.lets_in().is_ok());

        let (name, home, shell) = ("ann".to_owned(), "/".into(), String::new());
        let account = Account { name, uid: 1, gid: 1, groups: Vec::new(), home, shell, secret: None };
        client.session.account = Some(account.into());
        let late = client.session.move_to(ServerId(1)).map_err(|error| error.kind());
        assert_eq!((late, client.session.server), (Err(ErrorKind::OutOfOrder), ServerId(0)));
    }
}
