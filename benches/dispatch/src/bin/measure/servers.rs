//! Whole servers in both layouts: NOOP over a socket, logins by SQL, start-up,
//! loading, reload and swap, size and memory. What is compared takes turns, so
//! that whatever else the machine does hits both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gantry_loader::{Loader, Trust};
use gantry_server::LOGGER;

use crate::daemon::{Daemon, controlled, loading, modules};
use crate::error::{Error, Result, output};
use crate::pin;
use crate::record::{self, Estimate, Record};
use crate::wire::Wire;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    blocks: usize,
    commands: u32,
    logins: usize,
    starts: usize,
    swaps: usize,
}

/// For figures.
pub const FULL: Amount = Amount { blocks: 250, commands: 1000, logins: 300, starts: 50, swaps: 40 };
/// To see that it works.
pub const ONCE: Amount = Amount { blocks: 1, commands: 1, logins: 1, starts: 1, swaps: 1 };

/// Measures all, or what the prefixes in `folder` allow, and writes the records.
pub fn run(profile: &str, folder: &Path, out: &Path, amount: Amount) -> Result<()> {
    pin::to_one_processor()?;
    // The servers are started elsewhere.
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

    /// Both layouts' samples, and of each pair the quotient.
    fn pairs(&mut self, case: &str, unit: &str, pairs: Vec<(f64, f64)>) {
        let quotients = pairs.iter().map(|(linked, loaded)| loaded / linked).collect();
        let (linked, loaded) = pairs.into_iter().unzip();
        self.estimate(case, "linked", unit, linked);
        self.estimate(case, "loaded", unit, loaded);
        self.estimate(case, "loaded/linked", &format!("{unit}, ratio"), quotients);
    }

    /// (g): NOOP, hooked by none or by all probes.
    fn commands(&mut self) -> Result<()> {
        let probes = self.probes()?;
        for (which, verb) in [("none", "STOR"), ("all", "NOOP")] {
            let text = format!("{}ProbeVerb {verb}\n", loading(&self.prefix("loaded"), &probes));
            let start = |name: &str| Daemon::start(&self.gantryd(name), |_| Ok(text.clone()));
            let (linked, loaded) = (start("linked")?.0, start("loaded")?.0);
            let mut wires = (Wire::connect(linked.address())?, Wire::connect(loaded.address())?);
            let (mut times, mut runs) = (Vec::new(), Vec::new());
            for turn in 0..self.amount.blocks {
                let (one, other) =
                    in_turn(turn, || self.noops(&linked, &mut wires.0), || self.noops(&loaded, &mut wires.1))?;
                times.push((one.0, other.0));
                runs.push((one.1, other.1));
            }
            let case = format!("g-noop-with-{}-{which}", probes.len());
            self.pairs(&case, "ns", times);
            self.pairs(&case, "ns of the server's processor", runs);
            linked.end()?;
            loaded.end()?;
        }
        Ok(())
    }

    /// Time and the server's time for one NOOP.
    fn noops(&self, daemon: &Daemon, wire: &mut Wire) -> Result<(f64, f64)> {
        let (ran, began) = (daemon.ran()?, Instant::now());
        for _ in 0..self.amount.commands {
            wire.command(b"NOOP\r\n", b"200")?;
        }
        let took = began.elapsed().as_nanos() as f64;
        let count = f64::from(self.amount.commands);
        Ok((took / count, (daemon.ran()? - ran) as f64 / count))
    }

    /// (h): connect, USER, PASS, QUIT; the user stands in a database.
    fn logins(&mut self) -> Result<()> {
        let modules = modules(&self.prefix("sql-loaded"))?;
        let start = |name: &str| {
            let lines = loading(&self.prefix("sql-loaded"), &modules);
            Daemon::start(&self.gantryd(name), |folder| Ok(format!("{lines}{}", with_users(folder)?)))
        };
        let (linked, loaded) = (start("sql-linked")?.0, start("sql-loaded")?.0);
        let mut times = Vec::new();
        for turn in 0..self.amount.logins {
            times.push(in_turn(turn, || login(&linked), || login(&loaded))?);
        }
        self.pairs("h-login-by-sql", "ns", times);
        for (daemon, layout) in [(linked, "linked"), (loaded, "loaded")] {
            let memory = daemon.memory()?;
            self.exact("k-memory-with-sql", layout, "bytes", memory as f64);
            daemon.end()?;
        }
        Ok(())
    }

    /// (j): from the start of the process until clients can come.
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

    /// (j): from SIGHUP, or `gantry swap`, until new sessions get the next
    /// generation, the modules' files being the same or others.
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
        // And one of them alone, by command.
        let mut times = Vec::new();
        for turn in 0..self.amount.swaps {
            copy_modules(&prefix, daemon.folder(), &probes[..1], self.amount.swaps + turn + 1)?;
            times.push(millis(daemon.swap(&probes[0])?));
        }
        self.estimate(&format!("j-swap-by-command-of-1-among-{}", probes.len()), "loaded", "ms", times);
        daemon.end()
    }

    /// (j): one file, from its path to a checked image that can be called.
    fn loads(&mut self) -> Result<()> {
        let folder = self.prefix("loaded").join("libexec");
        let probes = self.probes()?;
        let mut times = Vec::new();
        for probe in probes.iter().cycle().take(self.amount.starts * 10) {
            // A new loader maps the file anew.
            let loader = Loader::with_trust(Trust::Lenient);
            let began = Instant::now();
            let loaded = loader.load(&folder.join(format!("{probe}.so")), probe, None, &LOGGER);
            let took = began.elapsed();
            drop(loaded.map_err(|error| Error::new(error.to_string()))?);
            times.push(millis(took));
        }
        self.estimate("j-load-of-1", "loaded", "ms", times);
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

    /// (k): what the process holds with 0, 1 and all of the probes.
    fn memory(&mut self) -> Result<()> {
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
            let text = loading(&self.prefix("loaded"), wanted);
            let mut sizes = Vec::new();
            for _ in 0..self.amount.starts.div_ceil(10) {
                let (daemon, _) = Daemon::start(&self.gantryd(name), |_| Ok(text.clone()))?;
                sizes.push(daemon.memory()? as f64);
                daemon.end()?;
            }
            self.estimate(&format!("k-memory-with-{count}"), layout, "bytes", sizes);
        }
        Ok(())
    }
}

/// Does one and the other, now this one first, now that one.
fn in_turn<T>(turn: usize, one: impl FnOnce() -> Result<T>, other: impl FnOnce() -> Result<T>) -> Result<(T, T)> {
    if turn.is_multiple_of(2) {
        let first = one()?;
        return Ok((first, other()?));
    }
    let second = other()?;
    Ok((one()?, second))
}

/// One login, and on to the end of the session.
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
    // Whoever that is: nothing is done with the user's files.
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

/// Puts modules into `FOLDER/libexec`, by rename, each time with other bytes: what
/// follows the tables of a file is nobody's.
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
