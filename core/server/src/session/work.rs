//! One command: its way through the gate and the phases (PRE_CMD, CMD, POST_CMD, LOG_CMD and the
//! _ERR ones). The dialogue makes the reply.

use std::sync::Arc;

use gantry_api::command::Handler;
use gantry_api::guard::Home;
use gantry_api::log::Level;
use gantry_api::moment::StateBox;
use gantry_api::{
    Command, Dialogue, Error, ErrorKind, Fault, Login, Moment, PathArgument, Phase, Result, Session, State, Step, Verb,
};

use crate::files::session_files::SessionFiles;
use crate::files::shared::SessionParts;
use crate::filters::{self, Request};
use crate::generation::base::Base;
use crate::generation::dispatch::{Handling, Row};
use crate::generation::held::ScopeHandle;
use crate::generation::running::Running;
use crate::generation::snapshot::Generation;
use crate::log::say;
use crate::transfer::progress::Progress;

/// A module's data in a session.
#[derive(Default)]
pub struct Seat {
    /// The module's state for the session.
    state: Option<StateBox>,
    /// How often the module was called; added to the generation's count at the session's end.
    pub calls: u64,
}

impl Seat {
    /// The module's state, for a call into its image.
    pub fn state<'a>(&'a mut self, home: &'a Home) -> State<'a> {
        State::new(&mut self.state, home)
    }
}

/// What a command needs.
pub struct Work<'a> {
    /// The modules' data, by position.
    pub seats: &'a mut Vec<Seat>,
    /// The session.
    pub session: &'a mut Session,
    /// The dialogue that the commands come from.
    pub dialogue: &'a mut Dialogue,
    /// The progress of the transfer.
    pub progress: &'a Progress,
    /// What the session's parts share.
    pub shared: &'a Arc<SessionParts>,
    /// The session's base.
    pub base: &'a Base,
}

/// A command after PRE_CMD and CMD.
pub struct Performance<'a> {
    /// The modules that hook it.
    pub row: &'a Row,
    /// The scope that it acts in.
    scope: ScopeHandle,
    /// What came of it.
    pub result: Result<()>,
}

impl<'a> Work<'a> {
    /// Takes a command through the gate, PRE_CMD and CMD.
    pub async fn perform(&mut self, command: &Command) -> Performance<'a> {
        let row = self.shared.generation.table.row(command.verb);
        self.session.transfer = None;
        self.session.deleted = None;
        self.session.meters.clear();
        let (scope, result) = match scope(self.session, self.shared, self.base, command, row).await {
            Ok(scope) => {
                let result = self.carry_out(command, row, &scope).await;
                (scope, result)
            }
            Err(error) => (self.base.own.held.clone(), Err(error)),
        };
        self.progress.settle(self.session, result.is_ok());
        self.session.meters.clear();
        Performance { row, scope, result }
    }

    async fn carry_out(&mut self, command: &Command, row: &Row, scope: &ScopeHandle) -> Result<()> {
        if !row.is_handled() || command.verb.is_event() {
            return Err(Error::of(ErrorKind::NotUnderstood));
        }
        if row.login == Login::Required && self.session.account.is_none() {
            return Err(Error::of(ErrorKind::NotLoggedIn));
        }
        let held = self.shared.generation.held(scope);
        if !held.rules.is_empty() {
            let unknown;
            let person = match self.shared.view.get() {
                Some(view) => &view.person,
                None => {
                    unknown = self.shared.person(None);
                    &unknown
                }
            };
            held.rules.check(command.verb, &row.limits, None, person)?;
        }
        if !held.settings.filters.is_empty() || !held.limit_filters.is_empty() {
            let request = Request { command, path: row.path, facts: &row.limits, cwd: &self.session.cwd };
            filters::check(&held.settings.filters, &held.limit_filters, &request)?;
        }
        self.phase(command, row.modules(Phase::Pre), scope, Phase::Pre).await?;
        for handling in row.modules(Phase::Command) {
            if self.call(command, *handling, scope, Phase::Command).await? == Step::Done {
                return Ok(());
            }
        }
        Err(Error::of(ErrorKind::NotUnderstood))
    }

    async fn phase(
        &mut self,
        command: &Command,
        modules: &[Handling],
        scope: &ScopeHandle,
        phase: Phase,
    ) -> Result<Step> {
        for at in modules {
            if self.call(command, *at, scope, phase).await? == Step::Done {
                return Ok(Step::Done);
            }
        }
        Ok(Step::Next)
    }

    #[inline(always)]
    async fn call(&mut self, command: &Command, whom: Handling, scope: &ScopeHandle, phase: Phase) -> Result<Step> {
        match self.at_once(command, whom, scope, phase)? {
            Step::Wait => self.wait(command, whom, scope, phase).await,
            step => Ok(step),
        }
    }

    /// Calls a module's hook, which often needs no future; this function is not async, so it needs
    /// none either.
    // Inlined, so that the answer, which is large, is not moved about.
    #[inline(always)]
    fn at_once(&mut self, command: &Command, whom: Handling, scope: &ScopeHandle, phase: Phase) -> Result<Step> {
        let generation = &*self.shared.generation;
        let at = whom.module;
        let (running, seat) = (&generation.modules[at], &mut self.seats[at]);
        if running.has_failed() {
            return failed(running, phase);
        }
        seat.calls += 1;
        let files = SessionFiles::new(self.shared, command.verb);
        let parties = (&mut *self.session, &mut *self.dialogue, &files);
        let mut moment = moment(parties, command, phase, seat, generation, (at, scope));
        let done = match whom.handler {
            None => running.instance().at_once(&mut moment),
            Some(Handler { at_once: Some(at_once), .. }) => running.instance().handle(at_once, &mut moment),
            Some(Handler { at_once: None, .. }) => return Ok(Step::Wait),
        };
        if let Err(error) = &done {
            generation.count_panic(error);
        }
        done
    }

    async fn wait(&mut self, command: &Command, whom: Handling, scope: &ScopeHandle, phase: Phase) -> Result<Step> {
        let generation = &*self.shared.generation;
        let at = whom.module;
        let (running, seat) = (&generation.modules[at], &mut self.seats[at]);
        let files = SessionFiles::new(self.shared, command.verb);
        let parties = (&mut *self.session, &mut *self.dialogue, &files);
        let mut moment = moment(parties, command, phase, seat, generation, (at, scope));
        let call = match whom.handler {
            None => running.instance().wait(&mut moment),
            Some(Handler { wait: Some(wait), .. }) => running.instance().handle_waiting(wait, &mut moment),
            Some(Handler { wait: None, .. }) => return Ok(Step::Next),
        };
        let done = call.await;
        if let Err(error) = &done {
            generation.count_panic(error);
        }
        done
    }

    /// Takes a command through a phase in which errors have no effect any more: calls each module,
    /// and returns the last panic.
    pub async fn follow(&mut self, command: &Command, performed: &Performance<'_>, phase: Phase) -> Option<Error> {
        let mut panicked = None;
        for at in performed.row.modules(phase) {
            if let Err(error) = self.call(command, *at, &performed.scope, phase).await {
                self.report(command, &error);
                panicked = (error.fault() == Fault::Panic).then_some(error).or(panicked);
            }
        }
        panicked
    }

    /// Calls every module for an event; the first refusal counts.
    pub async fn event(&mut self, command: &Command) -> Result<()> {
        let shared = self.shared;
        let row = shared.generation.table.row(command.verb);
        let mut refused = Ok(());
        for handling in row.modules(Phase::Command) {
            if let Err(error) = self.call(command, *handling, &self.base.own.held, Phase::Command).await {
                self.report(command, &error);
                refused = refused.and(Err(error));
            }
        }
        refused
    }

    /// Logs errors that are not the client's fault.
    pub fn report(&self, command: &Command, error: &Error) {
        let level = match error.fault() {
            Fault::Client => return,
            Fault::System if error.kind().is_of_file() => Level::Debug,
            Fault::System => Level::Warn,
            Fault::Configuration | Fault::Panic => Level::Error,
        };
        let session = self.session.id;
        let user = self.session.user.as_deref().unwrap_or("-");
        say(level, format_args!("session {session} ({user} from {}): {command}: {error}", self.session.remote_host));
    }
}

/// The moment of a call. The module's position and the scope select its settings.
#[inline(always)]
fn moment<'m>(
    (session, dialogue, files): (&'m mut Session, &'m mut Dialogue, &'m SessionFiles<'m>),
    command: &'m Command,
    phase: Phase,
    seat: &'m mut Seat,
    generation: &'m Generation,
    (at, scope): (usize, &'m ScopeHandle),
) -> Moment<'m> {
    let settings = &*generation.held(scope).modules[at];
    let home = generation.modules[at].home();
    Moment::new((session, files), dialogue, command, phase, seat.state(home), &generation.world, settings)
}

/// Replaces a call of a failed module: refuses what the module would have handled or checked, and
/// skips its other hooks.
fn failed(running: &Running, phase: Phase) -> Result<Step> {
    match phase {
        Phase::Pre | Phase::Command => {
            Err(Error::system(format!("{} is marked failed: it panicked too often", running.name)))
        }
        _ => Ok(Step::Next),
    }
}

/// The scope that a command acts in. For a password this is the section of the user's name.
async fn scope(
    session: &Session,
    shared: &Arc<SessionParts>,
    base: &Base,
    command: &Command,
    row: &Row,
) -> Result<ScopeHandle> {
    if row.path != PathArgument::None && base.depends_on_path() {
        let path = session.resolve(path_argument(row.path, &command.argument));
        return SessionFiles::new(shared, command.verb).scope_of(&path).await;
    }
    if command.verb == Verb::PASS && session.section.is_some() {
        let section = shared.generation.base(base.server, session.section, || shared.person(None))?;
        return Ok(section.own.held.clone());
    }
    Ok(base.own.held.clone())
}

/// The part of an argument that is a path.
pub fn path_argument(which: PathArgument, argument: &[u8]) -> &[u8] {
    which.of(argument)
}
