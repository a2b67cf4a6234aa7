//! Operators' actions: each request is checked and passed to the module that declares the action.
//! The operations of the daemon that modules use are implemented here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use gantry_api::control::{Answer, ControlRequest, Daemon as Does, Kick, Leave, Operation};
use gantry_api::log::Level;
use gantry_api::proto::text::Escaped;
use gantry_api::{ControlAction, Error, ErrorKind, Result, ServerId, Value, async_trait};
use tokio::sync::oneshot;

use super::change::{Cause, ChangeReport};
use super::clients::session_count;
use super::current::Current;
use super::told::directives;
use super::{Daemon, StartError};
use crate::caught::caught;
use crate::generation::images::module_name;
use crate::generation::running::Running;
use crate::generation::snapshot::Generation;
use crate::log::{LOGGER, say};
use crate::operators::frame::{Question, Reason};
use crate::operators::{Acl, Control, Host, Peer, judge};
use crate::session::sessions::{About, Closing};
use crate::times::unix;

/// The text for clients that an operator disconnects.
const KICKED: &str = "Closed by the administrator";
/// The text for clients whose session uses a module that is being removed, or a former configuration.
const DRAINED: &str = "The server was changed: please connect again";

/// The part of an unknown action's name that is shown, in bytes.
const NAME_SHOWN: usize = 64;

/// These actions enable others, so they cannot be disabled.
const ALWAYS: [&str; 4] = ["help", "insctrl", "lsctrl", "rmctrl"];

impl Host for Daemon {
    fn with_control<T>(&self, work: impl FnOnce(&Control) -> T) -> Option<T> {
        Some(work(&self.current()?.control))
    }

    async fn answer(self: &Arc<Self>, question: &Question, peer: &Peer) -> Result<Answer, (Reason, String)> {
        let current = self.current().ok_or_else(|| (Reason::Refused, "the daemon is shutting down".to_owned()))?;
        let generation = &current.generation;
        let name = question.action.as_str();
        let found = actions(generation).find(|(_, action)| action.name == name);
        let Some((running, action)) = found else {
            return Err((Reason::Unknown, unknown(generation, name)));
        };
        let lines = generation.read.main.entry(action.acl).cloned().unwrap_or_default();
        let lines: Vec<Acl> = if lines == Value::None { Vec::new() } else { lines.extract().unwrap_or_default() };
        if !judge(&lines, Some(name), peer) {
            let user = peer.user.clone().unwrap_or_else(|| peer.uid.to_string());
            let line = format!("{} {name} allow user {user}", action.acl);
            return Err((
                Reason::Denied,
                format!("access denied: {peer} may not use '{name}'; '{line}' would allow it"),
            ));
        }
        if self.is_disabled(action) {
            return Err((Reason::Disabled, format!("'{name}' is disabled; 'insctrl {name}' enables it")));
        }
        let words: Vec<&str> = question.arguments.iter().map(String::as_str).collect();
        let operator = peer.to_string();
        let hand = Hand(self.clone());
        let request =
            ControlRequest { action: name, words: &words, input: &question.input, operator: &operator, daemon: &hand };
        if running.has_failed() {
            return Err((Reason::Refused, format!("{} is marked failed: it panicked too often", running.name)));
        }
        let done = running.instance().control(&request).await;
        done.map_err(|error| {
            generation.count_panic(&error);
            match error.kind() {
                ErrorKind::Usage => (Reason::Usage, format!("{error}\nusage: {name} {}", action.syntax)),
                _ => (Reason::Refused, error.to_string()),
            }
        })
    }
}

/// The actions of a generation's modules, in module order.
fn actions(generation: &Generation) -> impl Iterator<Item = (&Running, &ControlAction)> {
    generation.modules.iter().flat_map(|running| {
        let own = running.image().image().controls.iter();
        own.filter(|action| action.module == running.name).map(move |action| (running, *action))
    })
}

fn unknown(generation: &Generation, name: &str) -> String {
    let mut names: Vec<&str> = actions(generation).map(|(_, action)| action.name).collect();
    names.sort_unstable();
    let shown = Escaped(&name.as_bytes()[..name.len().min(NAME_SHOWN)]);
    format!("unknown action '{shown}' (its module may not be loaded); known actions: {}", names.join(", "))
}

/// The daemon, as modules' actions see it.
struct Hand(Arc<Daemon>);

#[async_trait]
impl Does for Hand {
    async fn operate(&self, operation: Operation) -> Result<Value> {
        caught(self.0.operate(operation)).await
    }
}

impl Daemon {
    async fn operate(self: &Arc<Self>, operation: Operation) -> Result<Value> {
        let current = self.current().ok_or_else(|| Error::system("the daemon is shutting down"))?;
        match operation {
            Operation::Modules => Ok(Value::map([
                ("generation", current.generation.number.into()),
                ("modules", Value::List(self.registry.modules(&self.images, &self.sessions))),
            ])),
            Operation::Insert { module, file, directives } => {
                let file = file.map(PathBuf::from);
                self.change_module(Cause::Insert { module: module.clone(), file, directives }, &module).await
            }
            Operation::Remove { module, leave } => {
                let done = self.change_module(Cause::Remove { module: module.clone() }, &module).await?;
                self.leave(module_name(&module), leave);
                Ok(done)
            }
            Operation::Swap { module, file } => {
                let file = file.map(PathBuf::from);
                self.change_module(Cause::Swap { module: module.clone(), file }, &module).await
            }
            Operation::Reload { leave } => {
                let ChangeReport { generation, notices } = self.changed_safely(Cause::Reload).await?;
                let ended = self.end_former(generation, leave);
                Ok(Value::map([
                    ("generation", generation.into()),
                    ("notices", Value::list(notices)),
                    ("ended", ended.into()),
                ]))
            }
            Operation::Sessions => Ok(self.told(&current).await),
            Operation::Kick { by, names, most } => Ok(self.kick(by, &names, most).await),
            Operation::Status => Ok(self.status(&current)),
            Operation::Serve { server, up } => serve(&current, server.as_deref(), up),
            Operation::Shutdown { grace } => {
                let sessions = self.sessions.count();
                self.shutdown.send_replace(Some(grace));
                Ok(Value::map([("sessions", sessions.into())]))
            }
            Operation::LogLevel(level) => {
                if let Some(level) = level {
                    LOGGER.set_verbosity(level);
                }
                Ok(Value::map([("level", usize::from(LOGGER.verbosity()).into())]))
            }
            Operation::Trace(channels) => {
                channels.into_iter().for_each(|(channel, level)| LOGGER.trace(channel, level));
                let told = LOGGER.traced().into_iter().map(|(channel, level)| {
                    Value::map([("channel", channel.into()), ("level", usize::from(level).into())])
                });
                Ok(Value::map([("channels", Value::List(told.collect()))]))
            }
            Operation::ReverseDns(on) => {
                self.names.forget();
                *self.reverse_dns.lock().unwrap_or_else(PoisonError::into_inner) = Some(on);
                Ok(Value::map([("dns", on.into())]))
            }
            Operation::Configuration => Ok(Value::map([("text", current.generation.read.shown.as_str().into())])),
            Operation::Directives => Ok(directives(&current.generation)),
            Operation::Actions => Ok(self.actions(&current.generation)),
            Operation::Enable { action, module, on } => {
                self.enable(&current.generation, action.as_deref(), module.as_deref(), on)
            }
        }
    }

    /// The operator may disconnect; a change that has begun completes.
    async fn changed_safely(self: &Arc<Self>, cause: Cause) -> Result<ChangeReport> {
        let daemon = self.clone();
        let (told, done) = oneshot::channel();
        self.work(async move {
            let _ = told.send(daemon.change(cause).await);
        });
        let done = done.await.map_err(|_| Error::system("the daemon is shutting down"))?;
        done.map_err(|error: StartError| Error::configuration(error.to_string()))
    }

    /// Runs work independently of the request that started it; it ends when the daemon ends.
    fn work(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut works = self.works.lock().unwrap_or_else(PoisonError::into_inner);
        while works.try_join_next().is_some() {}
        works.spawn(work);
    }

    async fn change_module(self: &Arc<Self>, cause: Cause, module: &str) -> Result<Value> {
        let ChangeReport { generation, notices } = self.changed_safely(cause).await?;
        let module = module_name(module);
        let keeping = self.sessions.count_of(&self.registry.keeping(module));
        Ok(Value::map([
            ("module", module.into()),
            ("generation", generation.into()),
            ("sessions", keeping.into()),
            ("notices", Value::list(notices)),
        ]))
    }

    /// Ends the sessions of generations before one; how many those are.
    fn end_former(&self, generation: u64, leave: Leave) -> usize {
        let closing = match leave {
            Leave::Stay => return 0,
            Leave::Drain(_) => Closing::Soon,
            Leave::Now => Closing::Now,
        };
        let ended = self.sessions.end_before(generation, closing, DRAINED);
        say(Level::Info, format_args!("ending {} of former generations", session_count(ended)));
        ended
    }

    /// Handles the sessions that still use a removed module.
    fn leave(self: &Arc<Self>, module: &str, leave: Leave) {
        let keeping = self.registry.keeping(module);
        match leave {
            Leave::Stay => {}
            Leave::Now => {
                self.sessions.end_of(&keeping, Closing::Now, DRAINED);
            }
            Leave::Drain(time) => {
                let (daemon, module) = (self.clone(), module.to_owned());
                self.work(async move {
                    tokio::time::sleep(time).await;
                    let ended = daemon.sessions.end_of(&keeping, Closing::Soon, DRAINED);
                    say(Level::Info, format_args!("ending {} that still used {module}", session_count(ended)));
                });
            }
        }
    }

    async fn told(&self, current: &Current) -> Value {
        let sessions = self.sessions.ask().await;
        Value::map([
            ("pid", u64::from(std::process::id()).into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("started", unix(self.began)),
            ("generation", current.generation.number.into()),
            ("sessions", Value::List(sessions.iter().map(About::value).collect())),
        ])
    }

    async fn kick(&self, by: Kick, names: &[String], most: Option<usize>) -> Value {
        let is = |about: &About, name: &String| match by {
            Kick::User => about.user.as_deref() == Some(name),
            Kick::Host => about.host.eq_ignore_ascii_case(name) || name.parse() == Ok(about.remote.ip()),
            Kick::Class => about.class.as_deref() == Some(name),
            Kick::Session => false,
        };
        if by == Kick::Session {
            let ids: Vec<u64> =
                names.iter().filter_map(|name| name.parse().ok()).take(most.unwrap_or(usize::MAX)).collect();
            return Value::map([("kicked", Value::list(self.sessions.end_these(&ids, Closing::Now, KICKED)))]);
        }
        let told = self.sessions.ask().await;
        let chosen = told.iter().filter(|about| names.iter().any(|name| is(about, name)));
        let ids: Vec<u64> = chosen.map(|about| about.id).take(most.unwrap_or(usize::MAX)).collect();
        Value::map([("kicked", Value::list(self.sessions.end_these(&ids, Closing::Now, KICKED)))])
    }

    fn is_disabled(&self, action: &ControlAction) -> bool {
        let disabled = self.disabled.lock().unwrap_or_else(PoisonError::into_inner);
        disabled.contains(&(action.module.to_owned(), action.name.to_owned()))
    }

    fn actions(&self, generation: &Generation) -> Value {
        let named: BTreeMap<(&str, &str), &ControlAction> =
            actions(generation).map(|(_, action)| ((action.name, action.module), action)).collect();
        let told = named.into_values().map(|action| {
            Value::map([
                ("action", action.name.into()),
                ("module", action.module.into()),
                ("syntax", action.syntax.into()),
                ("help", action.help.trim().into()),
                ("enabled", (!self.is_disabled(action)).into()),
            ])
        });
        Value::List(told.collect())
    }

    fn enable(&self, generation: &Generation, action: Option<&str>, module: Option<&str>, on: bool) -> Result<Value> {
        let module = module.map(module_name);
        let meant = |found: &&ControlAction| {
            action.is_none_or(|action| action == found.name) && module.is_none_or(|module| module == found.module)
        };
        let found: Vec<&ControlAction> = actions(generation).map(|(_, action)| action).filter(meant).collect();
        if found.is_empty() {
            return Err(Error::usage(unknown(generation, action.unwrap_or("all"))));
        }
        let stays = |found: &&&ControlAction| ALWAYS.contains(&found.name);
        if !on && action.is_some() && found.iter().any(|found| stays(&found)) {
            return Err(Error::usage(format!("'{}' control cannot be removed", action.unwrap_or_default())));
        }
        let mut disabled = self.disabled.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = Vec::new();
        for found in found.iter().filter(|found| on || !stays(found)) {
            let key = (found.module.to_owned(), found.name.to_owned());
            let changed = if on { disabled.remove(&key) } else { disabled.insert(key) };
            if changed || action.is_some() {
                names.push(found.name);
            }
        }
        Ok(Value::list(names))
    }
}

/// Makes the named servers accept new clients or turn them away.
fn serve(current: &Current, meant: Option<&str>, up: bool) -> Result<Value> {
    let found: Vec<ServerId> = (0..current.generation.servers.len())
        .map(ServerId)
        .filter(|id| meant.is_none_or(|meant| is_at(current, *id, meant)))
        .collect();
    if found.is_empty() {
        let all = (0..current.generation.servers.len()).flat_map(|id| current.heard_at(ServerId(id)));
        let all: Vec<String> = all.map(|address| address.to_string()).collect();
        let words = format!("no server matches '{}'; addresses: {}", meant.unwrap_or_default(), all.join(", "));
        return Err(Error::usage(words));
    }
    let mut down = current.down.lock().unwrap_or_else(PoisonError::into_inner);
    match up {
        true => down.retain(|id| !found.contains(id)),
        false => down.extend(found.iter().copied()),
    }
    let names = found.iter().map(|id| current.generation.server(*id).name.to_string());
    Ok(Value::map([("servers", Value::list(names))]))
}

/// Whether `meant` names this server, as `address`, `address#port` or its ServerName.
fn is_at(current: &Current, id: ServerId, meant: &str) -> bool {
    let server = current.generation.server(id);
    let (host, port) = match meant.rsplit_once('#') {
        Some((host, port)) => (host, port.parse::<u16>().ok()),
        None => (meant, None),
    };
    let heard = current.heard_at(id);
    let named = server.addresses.iter().any(|name| name.eq_ignore_ascii_case(host));
    let at_host = heard.iter().any(|address| {
        let here = host.parse().is_ok_and(|ip: std::net::IpAddr| address.ip().is_unspecified() || address.ip() == ip);
        here || address.to_string() == host
    });
    let at_port = port.is_none_or(|port| heard.iter().any(|address| address.port() == port));
    (named || at_host || *server.name == *meant) && at_port
}
