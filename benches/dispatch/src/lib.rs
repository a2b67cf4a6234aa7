//! What does a module cost linked in, and what as a shared object? The calls
//! that answer it, each a case with a name: `group/layout`. One program holds both
//! layouts: mod_probe is linked into it, and loaded from the shared object that
//! cargo built beside it of the same sources.
//!
//! Here are the calls alone. `benches/dispatch.rs` has them timed and counted;
//! what takes a whole server is in `src/bin/measure/servers.rs`.

// What nothing names is not linked.
extern crate mod_probe_runtime as _;

mod calls;
mod case;
mod chain;
mod probe;
mod table;

pub use case::Case;

/// All of them, those of one group side by side.
///
/// # Panics
/// When the shared objects are not beside this program, or do not fit it.
pub fn cases() -> Vec<Case> {
    let probes = probe::Probes::new();
    let mut cases = calls::cases(&probes);
    cases.extend(table::cases(&probes));
    cases.extend(chain::cases());
    // What the loops around the calls cost, and all that comes before them.
    cases.push(Case::new("nothing", "none", |times| {
        for _ in 0..times {
            std::hint::black_box(());
        }
    }));
    cases
}
