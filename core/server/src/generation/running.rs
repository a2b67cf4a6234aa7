//! A running instance of a module.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gantry_api::guard::Home;
use gantry_api::{Instance, Lent};

use crate::generation::images::ImageRef;

/// A running instance of a module.
pub struct Running {
    /// The module's name.
    pub name: String,
    /// Its version.
    pub version: String,
    code: Lent<Code, ImageRef>,
    calls: AtomicU64,
    panics: AtomicU64,
    failed: AtomicBool,
}

/// The objects made by the module's image.
struct Code {
    home: Home,
    instance: Box<dyn Instance>,
}

impl Running {
    /// A new instance, without any counts.
    pub fn new(name: String, version: String, instance: Lent<Box<dyn Instance>, ImageRef>) -> Self {
        let (calls, panics, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let code = Lent::map(instance, |instance| Code { home: instance.home().clone(), instance });
        Self { name, version, code, calls, panics, failed }
    }

    /// The instance.
    #[inline]
    pub fn instance(&self) -> &dyn Instance {
        &*self.code.instance
    }

    /// The home of its code.
    #[inline]
    pub fn home(&self) -> &Home {
        &self.code.home
    }

    /// The image that contains its code.
    pub fn image(&self) -> &ImageRef {
        Lent::image(&self.code)
    }

    /// How often it was called, in sessions that have ended.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Adds the calls of a session that is ending.
    pub fn called(&self, calls: u64) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    /// How often it panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Whether it panicked so often that it is no longer called.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Stays failed if the same build had failed in the previous generation: a change of another
    /// module must not reset that.
    pub fn goes_on(&self, before: &Self) {
        self.failed.store(before.has_failed(), Ordering::Relaxed);
    }

    /// Counts a panic. Returns whether this was the one that reached `most` and made the module
    /// fail.
    pub fn panicked(&self, most: Option<usize>) -> bool {
        let panics = self.panics.fetch_add(1, Ordering::Relaxed) + 1;
        most.is_some_and(|most| panics >= most as u64) && !self.failed.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generation::witness::{self, Report};

    #[test]
    fn an_instance_and_its_runtime_go_before_its_image() {
        let (image, report) = (witness::image(), Report::default());
        let instance = Lent::new(report.instance(&image), image);
        drop(Running::new("mod_witness".to_owned(), String::new(), instance));
        report.assert_sound(2);
    }
}
