//! The builds of modules that serve or have served, for lsmod. A build is a module's code: linked
//! in, or the bytes of a file.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::SystemTime;

use gantry_api::{Layout, Value, stamp};

use crate::generation::images::Images;
use crate::generation::retired::RetiredGeneration;
use crate::generation::running::Running;
use crate::generation::snapshot::Generation;
use crate::session::sessions::Sessions;
use crate::times::unix;

/// The maximum number of retired builds to remember; each came from an operator's change.
const MOST: usize = 256;

/// All known builds.
#[derive(Default)]
pub struct Registry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    builds: Vec<Build>,
    /// Generations that are in use or being stopped; the current one is last.
    generations: Vec<(u64, Weak<Generation>, Vec<Key>)>,
}

/// The identity of a build: its module, and the digest of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    module: String,
    sha256: Option<[u8; 32]>,
}

impl Key {
    fn of(running: &Running) -> Self {
        Self { module: running.name.clone(), sha256: running.image().sha256() }
    }
}

struct Build {
    key: Key,
    version: String,
    layout: Layout,
    stamp: String,
    file: Option<String>,
    signer: Option<String>,
    /// The generation with which it began to serve, and when.
    began: (u64, SystemTime),
    /// Calls in generations that have ended.
    calls: u64,
    panics: u64,
}

impl Registry {
    /// A generation now serves new sessions.
    pub fn serve(&self, generation: &Arc<Generation>) {
        let mut state = self.state();
        let keys: Vec<Key> = generation.modules.iter().map(Key::of).collect();
        let before: Vec<Key> = state.generations.last().map(|(.., keys)| keys.clone()).unwrap_or_default();
        let now = (generation.number, SystemTime::now());
        for (running, key) in generation.modules.iter().zip(&keys) {
            let serves_on = before.contains(key);
            match state.builds.iter_mut().find(|build| build.key == *key) {
                Some(build) => build.serves(running, (!serves_on).then_some(now)),
                None => state.builds.push(Build::of(running, key.clone(), now)),
            }
        }
        state.generations.push((generation.number, Arc::downgrade(generation), keys));
    }

    /// A generation has ended, and its modules have stopped.
    pub fn ended(&self, retired: &RetiredGeneration) {
        let mut state = self.state();
        state.generations.retain(|(number, ..)| *number != retired.number);
        for running in retired.modules() {
            let key = Key::of(running);
            if let Some(build) = state.builds.iter_mut().find(|build| build.key == key) {
                build.calls += running.calls();
                build.panics += running.panics();
            }
        }
    }

    /// The former generations that still use a module.
    pub fn keeping(&self, module: &str) -> Vec<u64> {
        let state = self.state();
        let Some(((serving, ..), old)) = state.generations.split_last() else { return Vec::new() };
        let has = |keys: &[Key]| keys.iter().any(|key| key.module == module);
        old.iter().filter(|(number, _, keys)| number != serving && has(keys)).map(|(number, ..)| *number).collect()
    }

    /// The list for lsmod: active builds in order, then the others.
    pub fn modules(&self, images: &Images, sessions: &Sessions) -> Vec<Value> {
        let mut state = self.state();
        state.forget(images);
        let serving = state.generations.last().and_then(|(_, serving, _)| serving.upgrade());
        let order = |build: &Build| {
            let mut modules = serving.iter().flat_map(|serving| &serving.modules);
            modules.position(|running| Key::of(running) == build.key)
        };
        let mut shown: Vec<(Option<usize>, &Build)> = state.builds.iter().map(|build| (order(build), build)).collect();
        shown.sort_by_key(|(order, _)| order.map_or((1, 0), |order| (0, order)));
        let serving = serving.as_deref();
        shown.into_iter().map(|(order, build)| state.about(build, order, serving, images, sessions)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets builds that neither serve nor are mapped.
    fn forget(&mut self, images: &Images) {
        let Self { builds, generations } = self;
        let needed = |build: &Build| generations.iter().any(|(.., keys)| keys.contains(&build.key));
        builds.retain(|build| needed(build) || build.key.sha256.is_none_or(|sha256| images.is_mapped(&sha256)));
        while builds.len() > MOST {
            let Some(oldest) = builds.iter().position(|build| !needed(build)) else { return };
            builds.remove(oldest);
        }
    }

    fn about(
        &self,
        build: &Build,
        order: Option<usize>,
        serving: Option<&Generation>,
        images: &Images,
        sessions: &Sessions,
    ) -> Value {
        let holders: Vec<_> = self.generations.iter().filter(|(.., keys)| keys.contains(&build.key)).collect();
        let numbers: Vec<u64> = holders.iter().map(|(number, ..)| *number).collect();
        let living: Vec<Arc<Generation>> = holders.iter().filter_map(|(_, held, _)| held.upgrade()).collect();
        let runnings = || living.iter().flat_map(|held| held.modules.iter().filter(|one| Key::of(one) == build.key));
        let failed = order.zip(serving).is_some_and(|(at, serving)| serving.modules[at].has_failed());
        let state = match (order, failed) {
            (Some(_), true) => "failed",
            (Some(_), false) => "active",
            (None, _) if !holders.is_empty() => "retiring",
            (None, _) => "retired",
        };
        let reason = failed.then_some("it panicked too often (ModulePanicLimit)");
        let mapped = build.key.sha256.is_none_or(|sha256| images.is_mapped(&sha256));
        Value::map([
            ("name", build.key.module.as_str().into()),
            ("version", build.version.as_str().into()),
            ("layout", if build.layout == Layout::Linked { "linked" } else { "loaded" }.into()),
            ("order", order.into()),
            ("state", state.into()),
            ("sessions", sessions.count_of(&numbers).into()),
            ("mapped", mapped.into()),
            ("reason", reason.into()),
            ("stamp", build.stamp.as_str().into()),
            ("file", build.file.as_deref().into()),
            ("sha256", build.key.sha256.map(|digest| hex(&digest)).into()),
            ("signer", build.signer.as_deref().into()),
            ("generation", build.began.0.into()),
            ("since", unix(build.began.1)),
            ("panics", (build.panics + runnings().map(Running::panics).sum::<u64>()).into()),
            ("calls", (build.calls + runnings().map(Running::calls).sum::<u64>()).into()),
        ])
    }
}

impl Build {
    fn of(running: &Running, key: Key, began: (u64, SystemTime)) -> Self {
        let (version, layout, stamp) = (running.version.clone(), running.image().layout(), String::new());
        let mut build = Self { key, version, layout, stamp, file: None, signer: None, began, calls: 0, panics: 0 };
        build.serves(running, None);
        build
    }

    /// It serves, perhaps after a change; another file may have the same bytes.
    fn serves(&mut self, running: &Running, anew: Option<(u64, SystemTime)>) {
        (self.stamp, self.file, self.signer) = match running.image().loaded() {
            None => (stamp::build_id().to_owned(), None, None),
            Some(loaded) => (loaded.stamp(), Some(loaded.path().display().to_string()), loaded.signer()),
        };
        self.began = anew.unwrap_or(self.began);
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
