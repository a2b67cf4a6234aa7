//! A module's instance that runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gantry_api::Instance;
use gantry_api::guard::Home;

use crate::generation::images::ImageRef;

/// An instance of a module with what it stands on, which goes after it.
pub struct Running {
    /// The module's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where calls to it go.
    pub home: Home,
    /// The instance.
    pub instance: Box<dyn Instance>,
    /// The image that its code is in.
    pub image: ImageRef,
    calls: AtomicU64,
    panics: AtomicU64,
    failed: AtomicBool,
}

impl Running {
    /// An instance that nothing is known of yet.
    pub fn new(name: String, version: String, instance: Box<dyn Instance>, image: ImageRef) -> Self {
        let (calls, panics, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let home = instance.home().clone();
        Self { name, version, home, instance, image, calls, panics, failed }
    }

    /// How often it was called in sessions that have ended.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Adds the calls of a session that ends.
    pub fn called(&self, calls: u64) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    /// How often it panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Whether it panicked so often that it is called no more.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Goes on as the same build did in the generation before: a change of another
    /// module's begins nothing anew.
    pub fn goes_on(&self, before: &Self) {
        self.failed.store(before.has_failed(), Ordering::Relaxed);
    }

    /// Counts a panic; with the one that reaches `most` it has failed. Whether
    /// that was this one.
    pub fn panicked(&self, most: Option<usize>) -> bool {
        let panics = self.panics.fetch_add(1, Ordering::Relaxed) + 1;
        most.is_some_and(|most| panics >= most as u64) && !self.failed.swap(true, Ordering::Relaxed)
    }
}
