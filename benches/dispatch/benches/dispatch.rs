//! Measures the calls of this package with criterion, or counts them:
//!
//! ```text
//! dispatch --list-cases       lists the cases
//! dispatch --count CASE N     runs one N times, for an external counter
//! ```
//!
//! With `DISPATCH_ORDER=backwards` the cases run in reverse order.

use std::process::ExitCode;
use std::time::Instant;

use criterion::Criterion;
use dispatch::{Case, cases};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--list-cases"] => cases().iter().for_each(|case| println!("{}", case.name)),
        [_, "--count", case, times] => return count(case, times),
        _ => time(),
    }
    ExitCode::SUCCESS
}

fn time() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut cases = cases();
    if std::env::var_os("DISPATCH_ORDER").is_some_and(|order| order == "backwards") {
        cases.reverse();
    }
    for Case { name, mut run } in cases {
        let Some((group, layout)) = name.split_once('/').filter(|(group, _)| *group != "nothing") else { continue };
        criterion.benchmark_group(group).bench_function(layout, |bencher| {
            bencher.iter_custom(|times| {
                let began = Instant::now();
                run(times);
                began.elapsed()
            });
        });
    }
    criterion.final_summary();
}

fn count(case: &str, times: &str) -> ExitCode {
    let Ok(times) = times.parse() else {
        eprintln!("'{times}' is not a number");
        return ExitCode::FAILURE;
    };
    match cases().into_iter().find(|known| known.name == case) {
        Some(mut case) => {
            counted(&mut case, times);
            // Skip all cleanup, so that it is not counted.
            std::process::exit(0)
        }
        None => {
            eprintln!("there is no case '{case}': see --list-cases");
            ExitCode::FAILURE
        }
    }
}

/// Callgrind separates the calls from the code around them by this function's name.
#[inline(never)]
fn counted(case: &mut Case, times: u64) {
    (case.run)(times);
}
