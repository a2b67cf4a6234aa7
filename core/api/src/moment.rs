//! One call of a module: the command, and everything the module can use.

use std::any::Any;
use std::time::SystemTime;

use gantry_proto::command::Command;
use gantry_proto::reply::Reply;

use crate::data::DataLink;
use crate::dialogue::Dialogue;
use crate::error::Result;
use crate::files::Files;
use crate::guard::{Guarded, Home};
use crate::hook::Phase;
use crate::layer::{Layer, LayerMaker};
use crate::meter::Meter;
use crate::session::Session;
use crate::settings::{AnySettings, typed};
use crate::transfer::Transfer;
use crate::variable::Subject;
use crate::voucher::Voucher;
use crate::world::World;

/// A module's settings in one scope, made and read by its own image.
pub type SettingsBox = Box<dyn AnySettings>;

/// A module's own value in a session; see [`State`].
pub type StateBox = Box<dyn Any + Send>;

/// One call of a module.
pub struct Moment<'a> {
    /// The session whose command this is.
    pub session: &'a mut Session,
    /// The session's files, for this command.
    pub files: &'a dyn Files,
    /// The dialogue that brought the command.
    pub dialogue: &'a mut Dialogue,
    /// The command.
    pub command: &'a Command,
    /// The phase.
    pub phase: Phase,
    /// This module's own value in the session.
    pub state: State<'a>,
    /// What the generation offers to modules.
    pub world: &'a World,
    settings: &'a dyn AnySettings,
}

impl<'a> Moment<'a> {
    /// The server makes one for each call.
    pub fn new(
        (session, files): (&'a mut Session, &'a dyn Files),
        dialogue: &'a mut Dialogue,
        command: &'a Command,
        phase: Phase,
        state: State<'a>,
        world: &'a World,
        settings: &'a dyn AnySettings,
    ) -> Self {
        Self { session, files, dialogue, command, phase, state, world, settings }
    }

    /// The module's settings in the scope of this command.
    ///
    /// # Panics
    /// If `S` is neither the type in the module's `module!` nor a part of it, which is a bug in the module.
    pub fn settings<S: 'static>(&self) -> &'a S {
        typed(self.settings)
    }

    /// Sets the command's reply.
    pub fn respond(&mut self, code: u16, text: impl AsRef<[u8]>) {
        self.dialogue.respond(code, text);
    }

    /// Adds a line to the command's reply.
    pub fn say(&mut self, text: impl AsRef<[u8]>) {
        self.dialogue.say(text);
    }

    /// Adds a meter to the transfer that this command makes, if any. PRE_CMD hooks may do so, and
    /// the command's handler before it begins the transfer.
    pub fn meter(&mut self, meter: impl Meter + 'static) {
        self.session.meters.push(Box::new(Guarded::new(self.state.home.clone(), meter)));
    }

    /// Puts a layer around the control connection, after this command's positive reply
    /// ([`crate::data::Control::secure`]). Errors: 503.
    pub fn secure(&mut self, layer: impl Layer + 'static) -> Result<()> {
        self.dialogue.control.secure(Box::new(Guarded::new(self.state.home.clone(), layer)))
    }

    /// Gives the session what vouches for its client besides a password.
    pub fn vouch(&mut self, voucher: impl Voucher + 'static) {
        self.session.voucher = Some(Box::new(Guarded::new(self.state.home.clone(), voucher)));
    }

    /// Puts layers that protect around later data connections (PROT P).
    pub fn protect(&mut self, maker: impl LayerMaker + 'static) {
        self.dialogue.data.protect(Some(Box::new(Guarded::new(self.state.home.clone(), maker))));
    }

    /// Puts layers that encode around later data connections (MODE Z).
    pub fn encode(&mut self, maker: impl LayerMaker + 'static) {
        self.dialogue.data.encode(Some(Box::new(Guarded::new(self.state.home.clone(), maker))));
    }

    /// Begins a transfer: waits for the data connection and sends `opening`, the 150
    /// ([`Transfer::opening`] is the usual one). Errors: 425, 426.
    pub async fn begin(&mut self, transfer: Transfer, opening: Reply) -> Result<Box<dyn DataLink>> {
        self.dialogue.data.begin(self.session, transfer, opening).await
    }

    /// The subject for variables in logs and messages: this command, at the given time.
    pub fn subject(&self, now: SystemTime) -> Subject<'_> {
        let info = self.world.command(self.command.verb);
        Subject { session: self.session, files: self.files, dialogue: self.dialogue, command: self.command, info, now }
    }

    /// The command's whole argument as a path.
    pub fn path(&self) -> crate::path::VirtualPath {
        self.session.resolve(&self.command.argument)
    }
}

/// A module's own value in a session.
pub struct State<'a> {
    slot: &'a mut Option<StateBox>,
    // For the few calls that hand over an object of the module.
    home: &'a Home,
}

impl<'a> State<'a> {
    /// The server makes one for each call.
    pub fn new(slot: &'a mut Option<StateBox>, home: &'a Home) -> Self {
        Self { slot, home }
    }

    /// The value, created on first use. A module has one type; a value of another type replaces it.
    pub fn of<T: Default + Send + 'static>(&mut self) -> &mut T {
        if !self.slot.as_ref().is_some_and(|held| held.is::<Guarded<T>>()) {
            *self.slot = Some(Box::new(Guarded::new(self.home.clone(), T::default())));
        }
        let held = self.slot.as_mut().and_then(|held| held.downcast_mut::<Guarded<T>>());
        held.expect("was put there just now").value_mut()
    }
}
