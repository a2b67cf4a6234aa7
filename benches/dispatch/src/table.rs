//! One command through the whole dispatch table, including its reply and the phases after it, but
//! without sending. Besides the module that handles it there are 0 to 50 others, of which none or
//! all hook it. Fair: the handler is always the same.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use gantry_api::guard::Home;
use gantry_api::prelude::*;
use gantry_api::{Image, Lent, NoSettings, instance};
use gantry_server::{ImageRef, LOGGER, Occupant, Room, Running};

use crate::case::Case;
use crate::probe::{Probe, Probes};

/// The numbers of modules.
const COUNTS: [usize; 3] = [1, 10, 50];

pub(crate) fn cases(probes: &Probes) -> Vec<Case> {
    let mut cases = vec![case("f-command-with-0", "linked", Vec::new())];
    for count in COUNTS {
        // Modules that do not hook the command hook one that is never sent.
        for (which, verb) in [("none", Verb::STOR), ("all", Verb::NOOP)] {
            for probe in &probes.layouts {
                let occupants = (0..count).map(|number| probes.occupant(probe, number, verb)).collect();
                cases.push(case(&format!("f-command-with-{count}-{which}"), probe.name(), occupants));
            }
        }
    }
    let waits = |probe: &Probe| {
        let occupants = vec![probes.occupant(probe, 0, Verb::NOOP)];
        with_argument("f-command-waits-once", probe.name(), occupants, "wait")
    };
    cases.extend(probes.layouts.iter().map(waits));
    cases
}

fn case(group: &str, layout: &str, occupants: Vec<Occupant>) -> Case {
    with_argument(group, layout, occupants, "")
}

fn with_argument(group: &str, layout: &str, mut occupants: Vec<Occupant>, argument: &str) -> Case {
    occupants.push(handler());
    let mut room = Room::new(occupants).expect("a loopback connection can be had");
    let command = Command { verb: Verb::NOOP, argument: argument.as_bytes().to_vec() };
    Case::new(group, layout, move |times| {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..times {
            let mut running = pin!(room.command(&command));
            assert_eq!(running.as_mut().poll(&mut context), Poll::Ready(()));
        }
    })
}

/// Replaces mod_core.
#[derive(Default)]
struct Handler;

impl Module for Handler {}

command! {
    /// Does nothing.
    NOOP "", class: MISC, login: no, at_once: done;
    /// Is never sent.
    STOR "", class: WRITE, at_once: done;
}

fn done(at: &mut Moment<'_>) -> Result<Step> {
    at.respond(200, "NOOP command successful");
    Ok(Step::Done)
}

pub(crate) fn handler() -> Occupant {
    let home = Home { module: "handler".into(), runtime: None };
    let instance = instance::create::<Handler>(home).expect("it is made without failing");
    let image = Image::this(&LOGGER);
    let commands = image.commands.iter().copied().filter(|command| command.module == env!("CARGO_PKG_NAME")).collect();
    let image = ImageRef::Linked(Arc::new(image));
    let running = Running::new("handler".to_owned(), String::new(), Lent::new(instance, image));
    Occupant { running, settings: Box::new(NoSettings), hooks: Vec::new(), commands }
}
