//! Whole servers in both layouts: NOOP over a socket, logins by SQL, start-up, loading, reload and
//! swap, size and memory. The servers to compare take turns, so that other work on the machine
//! affects both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gantry_loader::{Loader, Trial, Trust};
use gantry_server::LOGGER;

use crate::daemon::{Daemon, controlled, loading, modules};
use crate::error::{Error, Result, output};
use crate::pin;
use crate::record::{self, Estimate, Record};
use crate::wire::Wire;

/// The amounts to measure.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    processes: usize,
    blocks: usize,
    commands: u32,
    logins: usize,
    starts: usize,
    swaps: usize,
}

/// For real figures.
pub const FULL: Amount = Amount { processes: 10, blocks: 25, commands: 1000, logins: 30, starts: 50, swaps: 40 };
/// To check that it works.
pub const ONCE: Amount = Amount { processes: 1, blocks: 1, commands: 1, logins: 1, starts: 1, swaps: 1 };

/// Measured side by side: linked in, and loaded.
type Pair = (f64, f64);

/// Measures everything, or what the prefixes in `folder` allow, and writes the records.
pub fn run(profile: &str, folder: &Path, out: &Path, amount: Amount) -> Result<()> {
    pin::to_one_processor()?;
    // The servers are started in other folders.
    let folder = folder.canonicalize().map_err(Error::of(folder))?;
    let mut bench = Bench { profile, folder, amount, records: Vec::new() };
    bench.commands()?;
    bench.logins()?;
    bench.start_up()?;
    bench.swaps()?;
    bench.loads()?;
    bench.sizes()?;
    bench.memory()?;
    let mut records = if out.exists() { record::read(out)? } else { Vec::new() };
    records.retain(|record| record.profile != profile);
    records.extend(bench.records);
    record::write(out, &records)
}

struct Bench<'a> {
    profile: &'a str,
    folder: PathBuf,
    amount: Amount,
    records: Vec<Record>,
}

impl Bench<'_> {
    fn prefix(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn gantryd(&self, name: &str) -> PathBuf {
        self.prefix(name).join("sbin/gantryd")
    }

    fn probes(&self) -> Result<Vec<String>> {
        modules(&self.prefix("loaded"))
    }

    fn exact(&mut self, case: &str, layout: &str, unit: &str, value: f64) {
        self.records.push(Record::exact(self.profile, case, layout, unit, value));
    }

    fn estimate(&mut self, case: &str, layout: &str, unit: &str, samples: Vec<f64>) {
        let record = Record::estimate(self.profile, case, layout, unit, Estimate::of(samples));
        println!("{case} {layout}: {} {unit} [{}, {}]", record.value, record.low, record.high);
        self.records.push(record);
    }

    /// The samples of both layouts, and the ratio of each pair.
    fn pairs(&mut self, case: &str, unit: &str, pairs: Vec<Pair>) {
        self.processes(case, unit, pairs.into_iter().map(|pair| vec![pair]).collect());
    }

    /// The same for several processes, each of which counts with its median, since the addresses of
    /// code and data differ between processes.
    fn processes(&mut self, case: &str, unit: &str, processes: Vec<Vec<Pair>>) {
        let medians = |of: fn(&Pair) -> f64| {
            processes.iter().map(|pairs| Estimate::of(pairs.iter().map(of).collect()).value).collect()
        };
        self.estimate(case, "linked", unit, medians(|(linked, _)| *linked));
        self.estimate(case, "loaded", unit, medians(|(_, loaded)| *loaded));
        self.estimate(case, "loaded/linked", &format!("{unit}, ratio"), medians(|(linked, loaded)| loaded / linked));
    }

    /// (g): NOOP, hooked by no probe or by all.
    fn commands(&mut self) -> Result<()> {
        let probes = self.probes()?;
        for (which, verb) in [("none", "STOR"), ("all", "NOOP")] {
            let text = format!("{}ProbeVerb {verb}\n", loading(&self.prefix("loaded"), &probes));
            let start = |name: &str| Daemon::start(&self.gantryd(name), |_| Ok(text.clone()));
            let (mut times, mut runs) = (Vec::new(), Vec::new());
            for _ in 0..self.amount.processes {
                let (linked, loaded) = (start("linked")?.0, start("loaded")?.0);
                let mut wires = (Wire::connect(linked.address())?, Wire::connect(loaded.address())?);
                let (mut time, mut ran) = (Vec::new(), Vec::new());
                for turn in 0..self.amount.blocks {
                    let (one, other) =
                        in_turn(turn, || self.noops(&linked, &mut wires.0), || self.noops(&loaded, &mut wires.1))?;
                    time.push((one.0, other.0));
                    ran.push((one.1, other.1));
                }
                times.push(time);
                runs.push(ran);
                linked.end()?;
                loaded.end()?;
            }
            let case = format!("g-noop-with-{}-{which}", probes.len());
            self.processes(&case, "ns", times);
            self.processes(&case, "ns of the server's processor", runs);
        }
        Ok(())
    }

    /// The time, and the server's processor time, for one NOOP.
    fn noops(&self, daemon: &Daemon, wire: &mut Wire) -> Result<(f64, f64)> {
        let (ran, began) = (daemon.ran()?, Instant::now());
        for _ in 0..self.amount.commands {
            wire.command(b"NOOP\r\n", b"200")?;
        }
        let took = began.elapsed().as_nanos() as f64;
        let count = f64::from(self.amount.commands);
        Ok((took / count, (daemon.ran()? - ran) as f64 / count))
    }

    /// (h): connect, USER, PASS, QUIT; the user is in a database.
    fn logins(&mut self) -> Result<()> {
        let mut times = Vec::new();
        for _ in 0..self.amount.processes {
            let (linked, loaded) = (self.with_sql("linked")?, self.with_sql("loaded")?);
            let pairs = (0..self.amount.logins).map(|turn| in_turn(turn, || login(&linked), || login(&loaded)));
            times.push(pairs.collect::<Result<_>>()?);
            linked.end()?;
            loaded.end()?;
        }
        self.processes("h-login-by-sql", "ns", times);
        Ok(())
    }

    /// A daemon with mod_sql and mod_sql_sqlite in this layout.
    fn with_sql(&self, layout: &str) -> Result<Daemon> {
        let prefix = self.prefix("sql-loaded");
        let lines = loading(&prefix, &modules(&prefix)?);
        let gantryd = self.gantryd(&format!("sql-{layout}"));
        Ok(Daemon::start(&gantryd, |folder| Ok(format!("{lines}{}", with_users(folder)?)))?.0)
    }

    /// (j): from the start of the process until clients can connect.
    fn start_up(&mut self) -> Result<()> {
        let probes = self.probes()?;
        let one = "linked-one";
        for (count, linked) in [(1, one), (probes.len(), "linked")] {
            if !self.gantryd(linked).exists() {
                continue;
            }
            let text = loading(&self.prefix("loaded"), &probes[..count]);
            let start = |name: &str| {
                let (daemon, took) = Daemon::start(&self.gantryd(name), |_| Ok(text.clone()))?;
                daemon.end().map(|()| millis(took))
            };
            let mut times = Vec::new();
            for turn in 0..self.amount.starts {
                times.push(in_turn(turn, || start(linked), || start("loaded"))?);
            }
            self.pairs(&format!("j-start-up-with-{count}"), "ms", times);
        }
        Ok(())
    }

    /// (j): from SIGHUP or `gantry swap` until new sessions get the next generation, with the same
    /// or new module files.
    fn swaps(&mut self) -> Result<()> {
        let probes = self.probes()?;
        for (count, linked) in [(1, "linked-one"), (probes.len(), "linked")] {
            if !self.gantryd(linked).exists() {
                continue;
            }
            let text = loading(&self.prefix("loaded"), &probes[..count]);
            let start = |name: &str| Daemon::start(&self.gantryd(name), |_| Ok(text.clone()));
            let (mut linked, mut loaded) = (start(linked)?.0, start("loaded")?.0);
            let mut times = Vec::new();
            for turn in 0..self.amount.swaps {
                let pair = in_turn(turn, || linked.reload().map(millis), || loaded.reload().map(millis))?;
                times.push(pair);
            }
            self.pairs(&format!("j-reload-with-{count}"), "ms", times);
            linked.end()?;
            loaded.end()?;
            self.swap(&probes[..count])?;
        }
        Ok(())
    }

    fn swap(&mut self, probes: &[String]) -> Result<()> {
        let prefix = self.prefix("loaded");
        let (mut daemon, _) = Daemon::start(&self.gantryd("loaded"), |folder| {
            copy_modules(&prefix, folder, probes, 0)?;
            Ok(format!("{}{}", loading(folder, probes), controlled(folder)))
        })?;
        let mut times = Vec::new();
        for turn in 0..self.amount.swaps {
            copy_modules(&prefix, daemon.folder(), probes, turn + 1)?;
            times.push(millis(daemon.reload()?));
        }
        self.estimate(&format!("j-swap-of-{}", probes.len()), "loaded", "ms", times);
        // And a single one, by command.
        let mut times = Vec::new();
        for turn in 0..self.amount.swaps {
            copy_modules(&prefix, daemon.folder(), &probes[..1], self.amount.swaps + turn + 1)?;
            times.push(millis(daemon.swap(&probes[0])?));
        }
        self.estimate(&format!("j-swap-by-command-of-1-among-{}", probes.len()), "loaded", "ms", times);
        daemon.end()
    }

    /// (j): from the files' paths to checked images that can be called; without a trial, and with
    /// one per file.
    fn loads(&mut self) -> Result<()> {
        let probes = self.probes()?;
        let times = self.amount.starts;
        for count in [1, probes.len()] {
            let new = || Loader::with_trust(Trust::Lenient);
            self.load(&format!("j-load-of-{count}"), &probes[..count], times, new)?;
            let program = self.gantryd("loaded");
            let trial = || Trial::new(program.clone(), Vec::new(), Duration::from_secs(60), &LOGGER);
            self.load(&format!("j-load-of-{count}-tried-first"), &probes[..count], times, || new().trying(trial()))?;
        }
        Ok(())
    }

    fn load(&mut self, case: &str, probes: &[String], times: usize, new: impl Fn() -> Loader) -> Result<()> {
        let folder = self.prefix("loaded").join("libexec");
        let mut took = Vec::new();
        for _ in 0..times {
            // A new loader maps the files again.
            let (loader, began, mut loaded) = (new(), Instant::now(), Vec::new());
            for probe in probes {
                let image = loader.load(&folder.join(format!("{probe}.so")), probe, None, &LOGGER);
                loaded.push(image.map_err(|error| Error::new(error.to_string()))?);
            }
            took.push(millis(began.elapsed()));
        }
        self.estimate(case, "loaded", "ms", took);
        Ok(())
    }

    /// (k): the files, stripped.
    fn sizes(&mut self) -> Result<()> {
        for (name, case) in [
            ("linked", "k-size-of-gantryd-with-all"),
            ("linked-one", "k-size-of-gantryd-with-1"),
            ("loaded", "k-size-of-gantryd-with-0"),
            ("sql-linked", "k-size-of-gantryd-with-sql"),
        ] {
            let path = self.gantryd(name);
            if path.exists() {
                self.exact(case, "linked", "bytes", size(&path)?);
            }
        }
        let probe = self.probes()?.first().cloned().unwrap_or_default();
        for (prefix, module) in
            [("loaded", probe.as_str()), ("sql-loaded", "mod_sql"), ("sql-loaded", "mod_sql_sqlite")]
        {
            let path = self.prefix(prefix).join(format!("libexec/{module}.so"));
            let case = if module == probe { "mod_probe" } else { module };
            self.exact(&format!("k-size-of-{case}"), "loaded", "bytes", size(&path)?);
        }
        Ok(())
    }

    /// (k): the memory of the process with 0, 1 and all of the probes, and with SQL.
    fn memory(&mut self) -> Result<()> {
        let prefix = self.prefix("loaded");
        let probes = self.probes()?;
        let all = probes.len();
        for (count, name, layout) in [
            (0, "loaded", "loaded"),
            (1, "loaded", "loaded"),
            (all, "loaded", "loaded"),
            (1, "linked-one", "linked"),
            (all, "linked", "linked"),
        ] {
            if !self.gantryd(name).exists() {
                continue;
            }
            let wanted = if layout == "loaded" { &probes[..count] } else { &[] };
            let text = loading(&prefix, wanted);
            self.held(&format!("k-memory-with-{count}"), layout, files(&prefix, wanted)?, |bench| {
                Ok(Daemon::start(&bench.gantryd(name), |_| Ok(text.clone()))?.0)
            })?;
        }
        let sql = self.prefix("sql-loaded");
        let objects = files(&sql, &modules(&sql)?)?;
        self.held("k-memory-with-sql", "linked", 0.0, |bench| bench.with_sql("linked"))?;
        self.held("k-memory-with-sql", "loaded", objects, |bench| bench.with_sql("loaded"))
    }

    /// The memory of a daemon once clients can connect. The sealed copies of its module files, with
    /// a total size of `objects` bytes, are entirely in memory, so their untouched parts count too.
    fn held(&mut self, case: &str, layout: &str, objects: f64, start: impl Fn(&Self) -> Result<Daemon>) -> Result<()> {
        let mut sizes = Vec::new();
        for _ in 0..self.amount.starts.div_ceil(5) {
            let daemon = start(self)?;
            let held = daemon.memory()?;
            sizes.push(held.proportional as f64 + (objects - held.of_copies as f64).max(0.0));
            daemon.end()?;
        }
        self.estimate(case, layout, "bytes", sizes);
        Ok(())
    }
}

/// The total size of module files.
fn files(prefix: &Path, modules: &[String]) -> Result<f64> {
    modules.iter().map(|module| size(&prefix.join(format!("libexec/{module}.so")))).sum()
}

/// Does both, taking turns at going first.
fn in_turn<T>(turn: usize, one: impl FnOnce() -> Result<T>, other: impl FnOnce() -> Result<T>) -> Result<(T, T)> {
    if turn.is_multiple_of(2) {
        let first = one()?;
        return Ok((first, other()?));
    }
    let second = other()?;
    Ok((one()?, second))
}

/// One login, up to the end of the session.
fn login(daemon: &Daemon) -> Result<f64> {
    const LOGINS: u32 = 20;
    let began = Instant::now();
    for _ in 0..LOGINS {
        let mut wire = Wire::connect(daemon.address())?;
        wire.command(b"USER alice\r\n", b"331")?;
        wire.command(b"PASS wonderland\r\n", b"230")?;
        wire.close()?;
    }
    Ok(began.elapsed().as_nanos() as f64 / f64::from(LOGINS))
}

/// A database with a user, and the lines that name it.
fn with_users(folder: &Path) -> Result<String> {
    let (database, home) = (folder.join("users.db"), folder.join("home"));
    fs::create_dir(&home)?;
    // The ids do not matter: the user's files are not used.
    let statement = format!(
        "CREATE TABLE users (userid TEXT PRIMARY KEY, passwd TEXT, uid INTEGER, gid INTEGER, homedir TEXT, shell TEXT);\
         INSERT INTO users VALUES ('alice', 'wonderland', {0}, {0}, '{1}', '/bin/sh');",
        rustix::process::getuid().as_raw().max(1),
        home.display()
    );
    output(std::process::Command::new("sqlite3").arg(&database).arg(statement))?;
    Ok(format!(
        "AuthOrder mod_sql.c\nSQLBackend sqlite3\nSQLConnectInfo {}\nSQLAuthenticate users\nSQLAuthTypes Plaintext\n\
         SQLUserInfo users userid passwd uid gid homedir shell\nSQLMinID 1\n",
        database.display()
    ))
}

/// Puts modules into `FOLDER/libexec` by renaming, each time with different bytes: nothing reads
/// what follows a file's tables.
fn copy_modules(prefix: &Path, folder: &Path, probes: &[String], turn: usize) -> Result<()> {
    let to = folder.join("libexec");
    fs::create_dir_all(&to)?;
    for probe in probes {
        let from = prefix.join(format!("libexec/{probe}.so"));
        let mut bytes = fs::read(&from).map_err(Error::of(&from))?;
        bytes.extend(std::iter::repeat_n(b'\n', turn));
        let new = to.join("new");
        fs::write(&new, bytes).and_then(|()| fs::rename(&new, to.join(format!("{probe}.so"))))?;
    }
    Ok(())
}

fn size(path: &Path) -> Result<f64> {
    Ok(fs::metadata(path).map_err(Error::of(path))?.len() as f64)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
