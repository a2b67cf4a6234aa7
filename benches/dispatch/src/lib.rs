//! What does a module cost linked in, and what as a shared object? Each case is a call with a name:
//! `group/layout`. One program contains both layouts: mod_probe is linked in, and also loaded from
//! the shared object that cargo built next to it from the same sources.
//!
//! Only the calls are here. `benches/dispatch.rs` measures and counts them; benches of whole
//! servers are in `src/bin/measure/servers.rs`.

// A crate that nothing names is not linked.
extern crate mod_probe_runtime as _;

mod calls;
mod case;
mod chain;
mod probe;
mod table;

pub use case::Case;

/// All cases; those of one group are adjacent.
///
/// # Panics
/// If the shared objects are not next to this program, or do not match it.
pub fn cases() -> Vec<Case> {
    let probes = probe::Probes::new();
    let mut cases = calls::cases(&probes);
    cases.extend(table::cases(&probes));
    cases.extend(chain::cases());
    // The cost of the loop around the calls, and of the preparation.
    cases.push(Case::new("nothing", "none", |times| {
        for _ in 0..times {
            std::hint::black_box(());
        }
    }));
    cases
}
