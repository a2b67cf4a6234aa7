//! One call of one module: inlined, through `dyn`, guarded, boxed. Fair: same source, one process,
//! the same moment for all calls of a run.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gantry_api::{Command, Instance, Module, Moment, Phase, Result, Step, Verb};
use gantry_server::Room;
use mod_probe::Small;

use crate::case::Case;
use crate::probe::{Probe, Probes};

pub(crate) fn cases(probes: &Probes) -> Vec<Case> {
    let small = Small::default();
    let mut cases = vec![at_once("a-inlined", "linked", probes, move |at, times| {
        for _ in 0..times {
            inlined(&small, at);
        }
    })];
    let each = |make: fn(&Probes, &Probe) -> Case| probes.layouts.iter().map(move |probe| make(probes, probe));
    cases.extend(each(bare));
    cases.extend(each(|probes, probe| guarded("c-guarded", probes, probe, &*probe.kit().guarded_small)));
    for make in [waiting_small_bare, waiting_large_bare, waiting_small, waiting_large, waiting_with_runtime] {
        cases.extend(each(make));
    }
    cases.extend(each(|probes, probe| guarded("e-at-once-of-large", probes, probe, &*probe.kit().guarded_large)));
    cases.extend(each(|probes, probe| guarded("e-at-once-with-runtime", probes, probe, with_runtime(probes, probe))));
    cases
}

/// A case with a command that the module answers without waiting.
fn at_once(group: &str, layout: &str, probes: &Probes, run: impl Fn(&mut Moment<'_>, u64) + 'static) -> Case {
    in_moment(group, layout, probes, "", run)
}

/// A case with a command that makes the module wait.
fn waiting(group: &str, probe: &Probe, probes: &Probes, run: impl Fn(&mut Moment<'_>, u64) + 'static) -> Case {
    in_moment(group, probe.name(), probes, "wait", run)
}

fn in_moment(
    group: &str,
    layout: &str,
    probes: &Probes,
    argument: &str,
    run: impl Fn(&mut Moment<'_>, u64) + 'static,
) -> Case {
    // Only the moment belongs to this module; the case decides which instance is called.
    let occupant = probes.occupant(&probes.layouts[0], 0, Verb::NOOP);
    let mut room = Room::new(vec![occupant]).expect("a loopback connection can be had");
    let command = Command { verb: Verb::NOOP, argument: argument.as_bytes().to_vec() };
    Case::new(group, layout, move |times| {
        room.in_moment(0, &command, Phase::Pre, |moment| run(moment, times));
    })
}

fn inlined(module: &impl Module, at: &mut Moment<'_>) {
    assert!(goes_on(&module.at_once(black_box(at))));
}

/// Checks the result as the server does, without moving it.
fn goes_on(answer: &Result<Step>) -> bool {
    matches!(answer, Ok(Step::Next))
}

fn bare(probes: &Probes, probe: &Probe) -> Case {
    let module: &dyn Module = &*probe.kit().small;
    at_once("b-bare", probe.name(), probes, move |at, times| {
        let module = black_box(module);
        for _ in 0..times {
            assert!(goes_on(&module.at_once(black_box(at))));
        }
    })
}

fn guarded(group: &str, probes: &Probes, probe: &Probe, instance: &'static dyn Instance) -> Case {
    at_once(group, probe.name(), probes, move |at, times| {
        let instance = black_box(instance);
        for _ in 0..times {
            assert!(goes_on(&instance.at_once(black_box(at))));
        }
    })
}

/// A module with a runtime; its image's own if it is loaded. An immediate answer does not enter it,
/// but each poll of a future does.
fn with_runtime(probes: &Probes, probe: &Probe) -> &'static dyn Instance {
    Box::leak(Box::new(probes.occupant_with_runtime(probe, Verb::NOOP).running)).instance()
}

fn waiting_small_bare(probes: &Probes, probe: &Probe) -> Case {
    boxed("d-small-bare", probes, probe, &*probe.kit().small)
}

fn waiting_large_bare(probes: &Probes, probe: &Probe) -> Case {
    boxed("d-large-bare", probes, probe, &*probe.kit().large)
}

fn boxed(group: &str, probes: &Probes, probe: &Probe, module: &'static dyn Module) -> Case {
    waiting(group, probe, probes, move |at, times| {
        let module = black_box(module);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..times {
            let mut future = module.wait(black_box(at));
            assert!(matches!(future.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
        }
    })
}

fn waiting_small(probes: &Probes, probe: &Probe) -> Case {
    called("d-small-guarded", probes, probe, &*probe.kit().guarded_small)
}

fn waiting_large(probes: &Probes, probe: &Probe) -> Case {
    called("d-large-guarded", probes, probe, &*probe.kit().guarded_large)
}

fn waiting_with_runtime(probes: &Probes, probe: &Probe) -> Case {
    called("d-small-with-runtime", probes, probe, with_runtime(probes, probe))
}

fn called(group: &str, probes: &Probes, probe: &Probe, instance: &'static dyn Instance) -> Case {
    waiting(group, probe, probes, move |at, times| {
        let instance = black_box(instance);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..times {
            let mut call = pin!(instance.wait(black_box(at)));
            assert!(matches!(call.as_mut().poll(&mut context), Poll::Ready(Ok(_))));
        }
    })
}
