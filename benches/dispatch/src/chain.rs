//! Would linked-in modules be faster if the compiler knew their chain? Ten modules of ten types,
//! called through `dyn` as the server does, and as a chain of types with every call inlined. Both
//! guard each module: a panic ends that module's call and is reported as that module's.

use std::hint::black_box;

use gantry_api::guard::{Guarded, Home};
use gantry_api::prelude::*;
use gantry_api::{Instance, instance};
use gantry_server::Room;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let modules = instances();
    let row: Vec<usize> = (0..modules.len()).collect();
    let through_dyn = in_moment("i-chain-of-10", "dyn", move |at| {
        for place in black_box(&row) {
            let step = modules[*place].at_once(at);
            if !matches!(step, Ok(Step::Next)) {
                return step;
            }
        }
        Ok(Step::Next)
    });
    let chain = chain();
    let typed = in_moment("i-chain-of-10", "typed", move |at| black_box(&chain).call(at));
    vec![through_dyn, typed]
}

fn in_moment(group: &str, how: &str, call: impl Fn(&mut Moment<'_>) -> Result<Step> + 'static) -> Case {
    let mut room = Room::new(vec![crate::table::handler()]).expect("a loopback connection can be had");
    let command = Command { verb: Verb::NOOP, argument: Vec::new() };
    Case::new(group, how, move |times| {
        room.in_moment(0, &command, Phase::Pre, |moment| {
            for _ in 0..times {
                assert!(matches!(call(black_box(moment)), Ok(Step::Next)));
            }
        });
    })
}

/// One of ten different modules.
#[derive(Default)]
struct Link<const N: u64>;

#[async_trait]
impl<const N: u64> Module for Link<N> {
    #[inline]
    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        // Keeps the compiler from merging the chain into one sum, since real modules differ.
        at.dialogue.restart = black_box(at.dialogue.restart.wrapping_add(N));
        Ok(Step::Next)
    }
}

fn home() -> Home {
    Home { module: "link".into(), runtime: None }
}

macro_rules! links {
    ($($number:literal)*) => {
        fn instances() -> Vec<Box<dyn Instance>> {
            let made = [$(instance::create::<Link<$number>>(home())),*];
            made.into_iter().map(|link| link.expect("it is made without failing")).collect()
        }

        fn chain() -> impl Chain {
            links!(@ $($number)*)
        }
    };
    (@) => { () };
    (@ $number:literal $($rest:literal)*) => {
        (Guarded::new(home(), Link::<$number>), links!(@ $($rest)*))
    };
}

links! { 1 2 3 4 5 6 7 8 9 10 }

/// Modules with known types.
trait Chain {
    fn call(&self, at: &mut Moment<'_>) -> Result<Step>;
}

impl Chain for () {
    #[inline]
    fn call(&self, _at: &mut Moment<'_>) -> Result<Step> {
        Ok(Step::Next)
    }
}

impl<M: Module, C: Chain> Chain for (Guarded<M>, C) {
    #[inline]
    fn call(&self, at: &mut Moment<'_>) -> Result<Step> {
        match self.0.at_once(at) {
            Ok(Step::Next) => self.1.call(at),
            step => step,
        }
    }
}
