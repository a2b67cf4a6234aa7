//! For tests: an image without other references, and objects from it. Each object records at its
//! drop whether the image still existed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use gantry_api::guard::{Guarded, Home};
use gantry_api::runtime::Task;
use gantry_api::service::{Authenticator, LoginRequest, Services, Verdict};
use gantry_api::settings::of_values;
use gantry_api::{
    Account, FromScope, Image, Instance, Layout, Module, Result, Runtime, ScopeValues, ServerId, Start, Value,
    ValueError, async_trait,
};

use crate::filters::LimitFilters;
use crate::gate::Rules;
use crate::generation::images::ImageRef;
use crate::generation::scope::Scope;

/// An image that is dropped with its last reference.
pub fn image() -> ImageRef {
    let (directives, commands, hooks) = (Vec::new(), Vec::new(), Vec::new());
    let (controls, variables) = (Vec::new(), Vec::new());
    ImageRef::Linked(Arc::new(Image { modules: &[], directives, commands, hooks, controls, variables }))
}

/// How many witnesses were dropped before their images, and how many after.
#[derive(Clone, Default)]
pub struct Report(Arc<(AtomicUsize, AtomicUsize)>);

impl Report {
    /// An object from the image.
    pub fn witness(&self, image: &ImageRef) -> Witness {
        let image = match image {
            ImageRef::Linked(image) => Arc::downgrade(image),
            ImageRef::Loaded(_) => Weak::new(),
        };
        Witness { image, report: self.clone() }
    }

    /// Asserts that this many have been dropped, each before its image.
    #[track_caller]
    pub fn assert_sound(&self, count: usize) {
        let (sound, late) = (self.0.0.load(Ordering::Relaxed), self.0.1.load(Ordering::Relaxed));
        assert_eq!((sound, late), (count, 0), "dropped before and after their images");
    }

    /// An instance whose home has a runtime: two witnesses.
    pub fn instance(&self, image: &ImageRef) -> Box<dyn Instance> {
        let runtime: Arc<dyn Runtime> = Arc::new(self.witness(image));
        let home = Home { module: "mod_witness".into(), runtime: Some(runtime) };
        Box::new(Guarded::new(home, self.witness(image)))
    }

    /// A scope with settings for one module of each image.
    pub fn scope<'i>(&self, images: impl IntoIterator<Item = &'i ImageRef>) -> Scope {
        let modules = images.into_iter().map(|image| Box::new(self.witness(image)) as _).collect();
        Scope {
            server: ServerId(0),
            settings: of_values([]).unwrap(),
            rules: Rules::default(),
            limit_filters: LimitFilters::default(),
            modules,
        }
    }

    /// A service from one module of each image.
    pub fn services<'i>(&self, images: impl IntoIterator<Item = &'i ImageRef>) -> Services {
        let mut services = Services::default();
        for image in images {
            let home = Home { module: "mod_witness".into(), runtime: None };
            let mut start = Start::new(Layout::Linked, home, &[], &Value::None, &mut services);
            start.publish().authenticator("witness", self.witness(image));
        }
        services
    }
}

/// An object from an image.
pub struct Witness {
    image: Weak<Image>,
    report: Report,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let (sound, late) = &*self.report.0;
        let count = if self.image.strong_count() > 0 { sound } else { late };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Module for Witness {}

/// Only tests make it from settings.
impl FromScope for Witness {
    fn from_scope(_: &ScopeValues<'_>) -> std::result::Result<Self, ValueError> {
        Err(ValueError { message: "made by no configuration".to_owned(), key: None })
    }

    fn directives() -> Vec<&'static str> {
        Vec::new()
    }
}

impl Runtime for Witness {
    fn within(&self, work: &mut dyn FnMut()) {
        work();
    }

    fn spawn(&self, _task: Task) {}

    fn stop(&self, _limit: Duration) {}
}

#[async_trait]
impl Authenticator for Witness {
    async fn account(&self, _: &LoginRequest) -> Result<Option<Account>> {
        Ok(None)
    }

    async fn verify(&self, _: &LoginRequest, _: &Account, _: &[u8]) -> Result<Verdict> {
        Ok(Verdict::Unknown)
    }
}
