//! What a module is: the trait that its author implements, the moments at
//! which it is called, and the guarded instance that the daemon holds.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use gantry_proto::command::Command;
use gantry_proto::verb::Verb;

use crate::control::{Answer, Asked, Change};
use crate::error::{Error, Result};
use crate::guard::{self, Call, Guarded, Home};
use crate::runtime::{Layout, Runtime};
use crate::service::Services;
use crate::session::{ServerId, Session};
use crate::value::{Value, ValueError};

/// A module. Each generation of the server has an instance of its own: what
/// the configuration says is known at `start` and never changes.
#[async_trait]
pub trait Module: Send + Sync + 'static {
    /// The moments at which it is called; asked once, after `start`.
    fn hooks(&self) -> Vec<Hook> {
        Vec::new()
    }

    /// Gets ready to serve: opens pools, publishes services. An error keeps
    /// the generation from coming up; the running one stays.
    async fn start(&mut self, _start: &mut Start<'_>) -> Result<()> {
        Ok(())
    }

    /// Called at each of its moments: answers at once, or says `Wait`. The
    /// module's runtime is not entered: what needs it is `wait`'s, or is spawned
    /// by [`Start::runtime`].
    fn at_once(&self, _at: &mut Moment<'_>) -> Result<Step> {
        Ok(Step::Wait)
    }

    /// Called when `at_once` said `Wait`.
    async fn wait(&self, _at: &mut Moment<'_>) -> Result<Step> {
        Ok(Step::Next)
    }

    /// Does an action of the control socket that this module declares
    /// (`control!`).
    async fn control(&self, asked: &Asked<'_>) -> Result<Answer> {
        Err(Error::system(format!("the module declares '{}' and does not do it", asked.action)))
    }

    /// What the next instance of this module shall begin with: asked when one is
    /// about to start, of the one that goes on beside it until its last session
    /// ends. It may be of another build: see [`Start::handed_over`].
    fn hand_over(&self) -> Result<Value> {
        Ok(Value::None)
    }

    /// Told when the generation of this instance serves new sessions.
    fn changed(&self, _change: &Change) {}

    /// Ends what `start` began: no session needs this instance any more.
    async fn stop(&self) {}
}

/// What follows a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The next module's turn.
    Next,
    /// This phase is done: no further module is asked.
    Done,
    /// Call `wait`.
    Wait,
}

/// A command's phases, as ProFTPD names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// PRE_CMD: before it; an error refuses the command.
    Pre,
    /// CMD: the first module that answers `Done` has handled it.
    Command,
    /// POST_CMD: after success, before the reply is sent.
    Post,
    /// POST_CMD_ERR: after failure, before the reply is sent.
    PostError,
    /// LOG_CMD: after the reply of a success.
    Log,
    /// LOG_CMD_ERR: after the reply of a failure.
    LogError,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 6] = [Self::Pre, Self::Command, Self::Post, Self::PostError, Self::Log, Self::LogError];
}

/// Whether a command is allowed before login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// 530 before login.
    Required,
    /// Allowed at any time.
    NotNeeded,
}

/// What of a command's argument is a path: the gate and the settings of
/// `<Directory>` go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathArgument {
    /// Nothing.
    None,
    /// All of it; the working directory where it is empty.
    Whole,
    /// What follows options such as `-la`.
    AfterOptions,
    /// What follows the first word.
    AfterWord,
}

/// One moment at which a module wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// The command; none for every command.
    pub verb: Option<Verb>,
    /// The phase.
    pub phase: Phase,
    /// Whether the command needs a login (of CMD hooks).
    pub login: Login,
    /// What of its argument is a path (of CMD hooks).
    pub path: PathArgument,
}

impl Hook {
    const fn of(verb: Option<Verb>, phase: Phase) -> Self {
        Self { verb, phase, login: Login::Required, path: PathArgument::None }
    }

    /// Handles a command.
    pub const fn command(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Command)
    }

    /// Before a command.
    pub const fn pre(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Pre)
    }

    /// After a command's success.
    pub const fn post(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Post)
    }

    /// After a command's failure.
    pub const fn post_error(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::PostError)
    }

    /// Logs a command that succeeded.
    pub const fn log(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::Log)
    }

    /// Logs a command that failed.
    pub const fn log_error(verb: Verb) -> Self {
        Self::of(Some(verb), Phase::LogError)
    }

    /// A phase of every command.
    pub const fn every(phase: Phase) -> Self {
        Self::of(None, phase)
    }

    /// When a client has connected, before the greeting: an error refuses it.
    pub const fn connect() -> Self {
        Self::command(Verb::CONNECT)
    }

    /// When a session ends, however it ends.
    pub const fn exit() -> Self {
        Self::command(Verb::EXIT)
    }

    /// Allows the command before login.
    #[must_use]
    pub const fn before_login(mut self) -> Self {
        self.login = Login::NotNeeded;
        self
    }

    /// Says what of the command's argument is a path.
    #[must_use]
    pub const fn path(mut self, path: PathArgument) -> Self {
        self.path = path;
        self
    }
}

/// A module's settings in one scope; made and read by its own image.
pub type SettingsBox = Box<dyn Any + Send + Sync>;

/// A session's value of a module's own; see [`State`].
pub type StateBox = Box<dyn Any + Send>;

/// One call of a module.
pub struct Moment<'a> {
    /// The session whose command this is.
    pub session: &'a mut Session,
    /// The command.
    pub command: &'a Command,
    /// The phase.
    pub phase: Phase,
    /// What this module keeps with the session.
    pub state: State<'a>,
    /// What the generation offers.
    pub world: &'a World,
    settings: &'a (dyn Any + Send + Sync),
}

impl<'a> Moment<'a> {
    /// Made by the server for each call.
    pub fn new(
        session: &'a mut Session,
        command: &'a Command,
        phase: Phase,
        state: State<'a>,
        world: &'a World,
        settings: &'a (dyn Any + Send + Sync),
    ) -> Self {
        Self { session, command, phase, state, world, settings }
    }

    /// What the configuration says in the scope of this command.
    ///
    /// # Panics
    /// When `S` is not the type that `module!` names: the module's fault.
    pub fn settings<S: 'static>(&self) -> &'a S {
        self.settings.downcast_ref().expect("the settings type that module! names")
    }

    /// Where the command's argument leads, taken as one path.
    pub fn path(&self) -> crate::path::VirtualPath {
        self.session.resolve(&self.command.argument)
    }
}

/// What a module keeps with a session.
pub struct State<'a> {
    slot: &'a mut Option<StateBox>,
    // Asked for its home by the few calls that make a state.
    instance: &'a dyn Instance,
}

impl<'a> State<'a> {
    /// Made by the server for each call.
    pub fn new(slot: &'a mut Option<StateBox>, instance: &'a dyn Instance) -> Self {
        Self { slot, instance }
    }

    /// The value, made when first asked for. One type a module: another one
    /// replaces it.
    pub fn of<T: Default + Send + 'static>(&mut self) -> &mut T {
        if !self.slot.as_ref().is_some_and(|held| held.is::<Guarded<T>>()) {
            *self.slot = Some(Box::new(Guarded::new(self.instance.home().clone(), T::default())));
        }
        let held = self.slot.as_mut().and_then(|held| held.downcast_mut::<Guarded<T>>());
        held.expect("was put there just now").value_mut()
    }
}

/// What a generation offers to modules: fixed for its life.
#[derive(Default)]
pub struct World {
    /// The services that modules published.
    pub services: Services,
    /// The commands that can be used, by name.
    pub commands: Vec<CommandHelp>,
    /// The modules in order.
    pub modules: Vec<String>,
}

/// What HELP and FEAT say of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandHelp {
    /// The command.
    pub verb: Verb,
    /// What follows it.
    pub syntax: String,
    /// Its line in FEAT (RFC 2389), where it has one.
    pub feature: Option<String>,
}

/// What a module gets at its start.
pub struct Start<'a> {
    /// Where its code is.
    pub layout: Layout,
    pub(crate) home: Home,
    servers: &'a [(ServerId, &'a (dyn Any + Send + Sync))],
    handed_over: &'a Value,
    pub(crate) services: &'a mut Services,
}

impl<'a> Start<'a> {
    /// Made by the server for each instance.
    pub fn new(
        layout: Layout,
        home: Home,
        servers: &'a [(ServerId, &'a (dyn Any + Send + Sync))],
        handed_over: &'a Value,
        services: &'a mut Services,
    ) -> Self {
        Self { layout, home, servers, handed_over, services }
    }

    /// What this module's instance of the generation before handed over
    /// ([`Module::hand_over`]); nothing where there was none, or it failed. It
    /// may come from another build: take of it what fits.
    pub fn handed_over(&self) -> &'a Value {
        self.handed_over
    }

    /// The servers of the configuration, with this module's settings in each.
    ///
    /// # Panics
    /// When `S` is not the type that `module!` names: the module's fault.
    pub fn servers<S: 'static>(&self) -> impl Iterator<Item = (ServerId, &'a S)> + use<'a, S> {
        let typed = |settings: &'a (dyn Any + Send + Sync)| {
            settings.downcast_ref().expect("the settings type that module! names")
        };
        self.servers.iter().map(move |(server, settings)| (*server, typed(*settings)))
    }

    /// This instance's runtime, where `module!` names one.
    pub fn runtime(&self) -> Option<Arc<dyn Runtime>> {
        self.home.runtime.clone()
    }

    /// The services published so far: those of the modules before this one.
    pub fn services(&self) -> &Services {
        self.services
    }
}

/// An instance of a module, as the daemon holds it: every call is guarded.
pub trait Instance: Send + Sync {
    /// Where calls go.
    fn home(&self) -> &Home;
    /// See [`Module::hooks`].
    fn hooks(&self) -> Result<Vec<Hook>>;
    /// See [`Module::start`].
    fn start<'a>(&'a mut self, start: &'a mut Start<'_>) -> Call<'a, ()>;
    /// See [`Module::at_once`].
    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step>;
    /// See [`Module::wait`].
    fn wait<'a>(&'a self, at: &'a mut Moment<'_>) -> Call<'a, Step>;
    /// See [`Module::control`].
    fn control<'a>(&'a self, asked: &'a Asked<'_>) -> Call<'a, Answer>;
    /// See [`Module::hand_over`].
    fn hand_over(&self) -> Result<Value>;
    /// See [`Module::changed`].
    fn changed(&self, change: &Change) -> Result<()>;
    /// See [`Module::stop`].
    fn stop(&self) -> Call<'_, ()>;
}

impl<M: Module> Instance for Guarded<M> {
    fn home(&self) -> &Home {
        self.home()
    }

    fn hooks(&self) -> Result<Vec<Hook>> {
        self.home().call(|| Ok(self.value().hooks()))
    }

    fn start<'a>(&'a mut self, start: &'a mut Start<'_>) -> Call<'a, ()> {
        let (module, home) = self.parts_mut();
        Call::new(home, || module.start(start))
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        // Entering a runtime takes ten times as long as this call, and counts in
        // memory that all threads share.
        guard::call(&self.home().module, || self.value().at_once(at))
    }

    fn wait<'a>(&'a self, at: &'a mut Moment<'_>) -> Call<'a, Step> {
        Call::new(self.home(), || self.value().wait(at))
    }

    fn control<'a>(&'a self, asked: &'a Asked<'_>) -> Call<'a, Answer> {
        Call::new(self.home(), || self.value().control(asked))
    }

    fn hand_over(&self) -> Result<Value> {
        self.home().call(|| self.value().hand_over())
    }

    fn changed(&self, change: &Change) -> Result<()> {
        self.home().call(|| {
            self.value().changed(change);
            Ok(())
        })
    }

    fn stop(&self) -> Call<'_, ()> {
        Call::new(self.home(), || {
            Box::pin(async {
                self.value().stop().await;
                Ok(())
            })
        })
    }
}

/// Makes an instance; what `module!` writes into the descriptor.
pub fn create<M: Module + Default>(home: Home) -> Result<Box<dyn Instance>> {
    let guarded = home.clone();
    home.call(|| Ok(Box::new(Guarded::new(guarded, M::default())) as Box<dyn Instance>))
}

/// Makes settings of a scope's value tree; what `module!` writes into the
/// descriptor.
pub fn settings<S>(value: &Value) -> Result<SettingsBox, ValueError>
where
    S: serde::de::DeserializeOwned + Send + Sync + 'static,
{
    let mut made = None;
    let read = || {
        made = Some(value.extract::<S>());
        Ok(())
    };
    if let Err(error) = guard::call("settings", read) {
        return Err(ValueError { message: error.message().to_owned(), key: None });
    }
    let made = made.unwrap_or_else(|| Err(ValueError { message: "not read".to_owned(), key: None }))?;
    Ok(Box::new(made))
}

/// The settings of a module that has none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSettings;

impl<'de> serde::Deserialize<'de> for NoSettings {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// Refuses a command with a reply: `return refuse(550, "...")`.
pub fn refuse<T>(code: u16, text: impl Into<String>) -> Result<T> {
    Err(Error::client(code, text))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::runtime::Task;

    /// A runtime that counts how often it is entered.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Runtime for Counting {
        fn within(&self, work: &mut dyn FnMut()) {
            self.0.fetch_add(1, Ordering::Relaxed);
            work();
        }

        fn spawn(&self, _task: Task) {}

        fn stop(&self, _limit: Duration) {}
    }

    #[derive(Default)]
    struct Idle;

    impl Module for Idle {}

    #[test]
    fn a_runtime_is_entered_where_a_module_may_use_it() {
        let runtime = Arc::new(Counting::default());
        let home = Home { module: "mod_idle".into(), runtime: Some(runtime.clone()) };
        let instance = create::<Idle>(home).unwrap();
        let entered = || runtime.0.swap(0, Ordering::Relaxed);
        assert_eq!(entered(), 1, "it is made there");
        assert!(instance.hooks().unwrap().is_empty());
        assert_eq!(entered(), 1);
        drop(instance.stop());
        assert_eq!(entered(), 2, "a future is made and dropped there");
        drop(instance);
        assert_eq!(entered(), 1);
    }
}
