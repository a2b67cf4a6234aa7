//! Rounds: each starts all servers anew and goes through the cases, the servers
//! taking turns in each. From case to case and from round to round their order is reversed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use crate::case::{Case, Work};
use crate::error::{Error, Result};
use crate::files::{Files, source};
use crate::load;
use crate::record::{self, Record};
use crate::server::{Origin, Server};
use crate::time_wait;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct Order {
    /// The folder with what was built or unpacked for each server, by its name
    #[arg(long, value_name = "DIR")]
    programs: PathBuf,
    /// The folder for the files that are served; it should be in memory
    #[arg(long, value_name = "DIR")]
    files: PathBuf,
    /// The folder for the figures
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The servers, by the names of their scripts
    #[arg(long, value_delimiter = ',', required = true)]
    servers: Vec<String>,
    /// The cases: WORK-SESSIONS, or WORK-SESSIONS-among-PORTS
    #[arg(long, value_delimiter = ',', required = true)]
    cases: Vec<Case>,
    /// How often all is measured
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// How long each measurement takes
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Give each server a network and mounts of its own
    #[arg(long)]
    isolate: bool,
    /// Fail where a server cannot do a case, rather than leave it out
    #[arg(long)]
    strict: bool,
}

impl Order {
    /// Measures, and writes `figures.tsv` and `left-out.tsv` after each round.
    pub fn run(&self) -> Result<()> {
        fs::create_dir_all(&self.out).map_err(Error::file(&self.out))?;
        let files = Files::write(&self.files)?;
        let programs = fs::canonicalize(&self.programs).map_err(Error::file(&self.programs))?;
        let origin = Origin { scripts: scripts(), programs, files: &files, isolate: self.isolate, attack: false };
        let mut run = Run { order: self, origin, source: source()?, records: Vec::new(), left_out: Vec::new() };
        for round in 1..=self.rounds {
            run.round(round)?;
            run.write()?;
        }
        let none = || Error::Text { text: self.servers.join(","), expected: "list of servers that run" };
        if run.records.is_empty() { Err(none()) } else { Ok(()) }
    }
}

/// The folder of the scripts that start servers.
pub fn scripts() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/servers"))
}

struct Run<'a> {
    order: &'a Order,
    origin: Origin<'a>,
    source: File,
    records: Vec<Record>,
    /// Server, case and why.
    left_out: Vec<(String, String, String)>,
}

impl Run<'_> {
    fn round(&mut self, round: u32) -> Result<()> {
        let mut servers = Vec::new();
        for name in &self.order.servers {
            match Server::start(name, &self.origin) {
                Ok(server) => servers.push(server),
                Err(error) => self.leave_out(name, "all", error)?,
            }
        }
        for (number, case) in (round..).zip(&self.order.cases) {
            let mut turns: Vec<&Server> = servers.iter().collect();
            if number.is_multiple_of(2) {
                turns.reverse();
            }
            for server in turns {
                if self.is_left_out(server.name(), *case) {
                    continue;
                }
                match self.measure(round, server, *case) {
                    Ok(record) => {
                        show(&record);
                        self.records.push(record);
                    }
                    Err(error) => self.leave_out(server.name(), &case.to_string(), error)?,
                }
            }
        }
        Ok(())
    }

    fn measure(&self, round: u32, server: &Server, case: Case) -> Result<Record> {
        server.enter()?;
        if self.order.isolate {
            time_wait::limit(case.among == 0)?;
        }
        if matches!(case.work, Work::Stor | Work::StorSmall) {
            self.origin.files.renew_folders(case.sessions)?;
        }
        if case.work == Work::Idle {
            let bytes = load::idle(server, case.sessions)?;
            return Ok(Record::of_idle(round, server.name(), case, bytes));
        }
        time_wait::fill(case.among)?;
        let outcome = load::run(server, case, Duration::from_secs_f64(self.order.seconds), &self.source)?;
        Ok(Record::of(round, server.name(), case, &outcome))
    }

    fn leave_out(&mut self, server: &str, case: &str, error: Error) -> Result<()> {
        if self.order.strict {
            return Err(error);
        }
        eprintln!("left out: {server}, {case}: {error}");
        let why = error.to_string().replace(['\n', '\t'], " ");
        self.left_out.push((server.to_owned(), case.to_owned(), why));
        Ok(())
    }

    fn is_left_out(&self, server: &str, case: Case) -> bool {
        self.left_out.iter().any(|(name, left_out, _)| name == server && *left_out == case.to_string())
    }

    fn write(&self) -> Result<()> {
        record::write(&self.order.out.join("figures.tsv"), &self.records)?;
        let path = self.order.out.join("left-out.tsv");
        let lines = self.left_out.iter().map(|(server, case, why)| format!("{server}\t{case}\t{why}\n"));
        fs::write(&path, lines.collect::<String>()).map_err(Error::file(&path))
    }
}

fn show(record: &Record) {
    let Record { round, server, case, .. } = record;
    if case.work == Work::Idle {
        println!("{round} {case} {server}: {:.2} KiB a session", record.units / 1024.0);
        return;
    }
    let (unit, [median, p99, _], (before, after)) = (case.work.unit(), record.turns, record.time_wait);
    println!(
        "{round} {case} {server}: {:.0} {unit}/s, {:.2} µs of the server's processor each ({:.2} with the client's), \
         median {median:.0} µs, p99 {p99:.0} µs, TIME_WAIT {before} to {after}",
        record.rate(),
        record.cost(),
        record.cost_with_client(),
    );
}
