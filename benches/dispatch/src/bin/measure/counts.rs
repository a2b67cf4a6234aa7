//! The number of instructions per call, counted by valgrind's callgrind, and of malloc calls,
//! counted by `malloc.c`. Other work on the machine does not affect either.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::error::{Error, Result, output};
use crate::record::{self, Record};

/// How often a call is made to count its instructions.
const CALLS: u64 = 2000;

/// Callgrind's counters, and their names in a record.
const EVENTS: [(&str, &str); 4] = [
    ("Ir", "instructions"),
    ("Bi", "indirect branches"),
    ("Bim", "indirect branches mispredicted"),
    ("Bcm", "conditional branches mispredicted"),
];

/// Counts all cases of the bench's program, and writes the records.
pub fn run(profile: &str, program: &Path, out: &Path) -> Result<()> {
    let mut records = if out.exists() { record::read(out)? } else { Vec::new() };
    records.retain(|record| record.profile != profile);
    let (names, _) = output(Command::new(program).arg("--list-cases"))?;
    let names: Vec<&str> = names.lines().collect();
    // Divide the cases among the processors; time does not matter here.
    let shares: Vec<Vec<&str>> = (0..2).map(|share| names.iter().skip(share).step_by(2).copied().collect()).collect();
    let count = |share: &[&str]| share.iter().map(|case| instructions(profile, program, case)).collect();
    let counted: Vec<Result<Vec<Vec<Record>>>> = thread::scope(|scope| {
        let threads: Vec<_> = shares.iter().map(|share| scope.spawn(move || count(share))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(Error::new("a thread failed")))).collect()
    });
    for share in counted {
        records.extend(share?.into_iter().flatten());
    }
    let counter = Counter::new(program)?;
    for case in &names {
        let (group, layout) = parts(case);
        records.push(Record::exact(profile, group, layout, "allocations", counter.allocations(case)?));
    }
    records.sort_by(|one, other| {
        (&one.profile, &one.case, &one.layout, &one.unit).cmp(&(
            &other.profile,
            &other.case,
            &other.layout,
            &other.unit,
        ))
    });
    record::write(out, &records)
}

/// Checks that a command with hooks that do not wait allocates no more than one without hooks, and
/// that such hooks allocate nothing.
pub fn check(program: &Path) -> Result<()> {
    let counter = Counter::new(program)?;
    let command = counter.allocations("f-command-with-0/linked")?;
    let (names, _) = output(Command::new(program).arg("--list-cases"))?;
    for case in names.lines() {
        let most = match parts(case).0 {
            group if group.starts_with("f-command-with-") => command,
            group if group.starts_with(['a', 'b', 'c', 'e', 'i']) => 0.0,
            group if group.starts_with("d-") => 1.0,
            _ => continue,
        };
        let found = counter.allocations(case)?;
        if found > most {
            return Err(Error::new(format!("{case} calls malloc {found} times, not {most} times")));
        }
    }
    println!("no hook that answers at once calls malloc, in either layout");
    Ok(())
}

fn parts(case: &str) -> (&str, &str) {
    case.split_once('/').unwrap_or((case, ""))
}

/// Callgrind's counts inside the bench's `counted`, per call.
fn instructions(profile: &str, program: &Path, case: &str) -> Result<Vec<Record>> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--branch-sim=yes"]);
    valgrind.arg("--toggle-collect=*counted*").arg(program).args(["--count", case, &CALLS.to_string()]);
    let (_, text) = output(&mut valgrind)?;
    let line = |name: &str| {
        let found = text.lines().filter_map(|line| line.split_once(name)).next_back();
        found.map(|(_, rest)| rest.trim_start_matches([' ', ':']).split_whitespace().collect::<Vec<_>>())
    };
    let missing = || Error::new(format!("valgrind does not say what it counted:\n{text}"));
    let (events, counts) = (line("Events").ok_or_else(missing)?, line("Collected").ok_or_else(missing)?);
    let (group, layout) = parts(case);
    let of_event = |(event, unit): &(&str, &str)| {
        let at = events.iter().position(|name| name == event)?;
        let count: f64 = counts.get(at)?.parse().ok()?;
        Some(Record::exact(profile, group, layout, unit, count / CALLS as f64))
    };
    EVENTS.iter().map(|event| of_event(event).ok_or_else(missing)).collect()
}

/// Counts calls of malloc.
struct Counter {
    program: PathBuf,
    object: PathBuf,
    _folder: tempfile::TempDir,
}

impl Counter {
    fn new(program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let object = folder.path().join("malloc.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("malloc.c");
        output(Command::new("cc").args(["-O2", "-fPIC", "-shared", "-o"]).arg(&object).arg(source))?;
        Ok(Self { program: program.to_owned(), object, _folder: folder })
    }

    /// Per call; allocations before and after the calls are left out.
    fn allocations(&self, case: &str) -> Result<f64> {
        Ok((self.sum(case, 1000)? - self.sum(case, 0)?) / 1000.0)
    }

    fn sum(&self, case: &str, calls: u64) -> Result<f64> {
        let mut program = Command::new(&self.program);
        program.args(["--count", case, &calls.to_string()]).env("LD_PRELOAD", &self.object);
        let (_, text) = output(&mut program)?;
        let sum = text.lines().find_map(|line| line.strip_prefix("malloc: ")?.parse().ok());
        sum.ok_or_else(|| Error::new(format!("{case}: calls of malloc were not counted: {text}")))
    }
}
