//! mod_keep: leaves a thread-local value with a destructor on each thread that
//! calls it, which keeps its code mapped.

use std::cell::RefCell;

use gantry_api::prelude::*;

thread_local! {
    static SEEN: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

#[derive(Default)]
struct Keep;

module! { Keep }

#[async_trait]
impl Module for Keep {
    fn hooks(&self) -> Vec<Hook> {
        vec![Hook::post(Verb::NOOP)]
    }

    fn at_once(&self, at: &mut Moment<'_>) -> Result<Step> {
        let seen = SEEN.with_borrow_mut(|seen| {
            seen.push(at.session.id);
            seen.len()
        });
        at.say(format!("seen {}", seen > 0));
        Ok(Step::Next)
    }
}
