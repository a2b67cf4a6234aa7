//! TransferRate: limits the speed of transfers.

use std::time::{Duration, Instant};

use gantry_api::meter::{Grant, Meter};
use gantry_api::prelude::*;
use gantry_api::transfer::Direction;
use serde::Deserialize;

use crate::whom::{Sections, Whom};

settings! {
    /// The settings of one scope.
    #[derive(Debug)]
    pub(crate) struct Rates {
        /// The maximum speed of these commands' transfers, in Kb (1024 bytes) per second; 0 means no limit. The first
        /// free-bytes of each file are not limited. The commands are RETR, STOR, APPE and STOU, separated by commas. The
        /// first line of a section that matches the command and the client counts.
        lines: Sections<Rate> = TransferRate "commands kbytes-per-second[:free-bytes] [user|group|class expression]"
            in SERVER | VHOST | GLOBAL | ANONYMOUS | DIRECTORY | FTPACCESS, inherits: sections, parse: rate;
    }
}

const COMMANDS: [&str; 4] = ["APPE", "RETR", "STOR", "STOU"];

/// One line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Rate {
    commands: Vec<String>,
    /// In bytes per second; 0 for no limit.
    speed: f64,
    free: u64,
    whom: Whom,
}

impl Rates {
    /// Limits the speed of the command's transfer, if a line says so.
    pub(crate) fn slow(&self, at: &mut Moment<'_>) {
        let verb = at.command.verb.name().to_owned();
        let fits = |rate: &Rate| rate.commands.contains(&verb) && rate.whom.includes(at.session);
        if let Some(rate) = self.lines.innermost(fits).filter(|rate| rate.speed > 0.0) {
            at.meter(Pace { speed: rate.speed, free: rate.free, credit: 0.0, seen: None });
        }
    }
}

/// The credit of a transfer. Each second adds credit, and bytes move only with credit, so
/// that a file takes the time given by its size and the speed.
struct Pace {
    /// Bytes per second.
    speed: f64,
    /// Bytes that may still move without a limit.
    free: u64,
    /// The unused credit in bytes: at most one second's, so that a client that was slow for
    /// a while gets no burst.
    credit: f64,
    /// When the credit was last counted.
    seen: Option<Instant>,
}

impl Pace {
    fn allow(&mut self, now: Instant, most: u64) -> Grant {
        if self.free > 0 {
            return Grant::Bytes(self.free.min(most));
        }
        let passed = self.seen.replace(now).map_or(Duration::ZERO, |seen| now.saturating_duration_since(seen));
        self.credit = (self.credit + passed.as_secs_f64() * self.speed).min(self.speed.max(1.0));
        let wanted = self.piece().min(most as f64);
        if self.credit >= wanted {
            return Grant::Bytes(self.credit as u64);
        }
        let wait = (wanted - self.credit) / self.speed;
        Grant::After(Duration::try_from_secs_f64(wait).unwrap_or(LONGEST).min(LONGEST))
    }

    /// The fewest bytes to wait for: those of a twentieth of a second, or at slow speeds those of a
    /// quarter of a second, up to 1 Kb.
    fn piece(&self) -> f64 {
        (self.speed / 20.0).max((self.speed / 4.0).min(1024.0)).max(1.0)
    }
}

/// The longest wait before the clock is checked again.
const LONGEST: Duration = Duration::from_secs(60);

impl Meter for Pace {
    fn grant(&mut self, _: Direction, most: u64) -> Result<Grant> {
        Ok(self.allow(Instant::now(), most))
    }

    fn moved(&mut self, bytes: u64) -> Result<()> {
        let free = self.free.min(bytes);
        self.free -= free;
        self.credit = (self.credit - (bytes - free) as f64).max(0.0);
        Ok(())
    }
}

fn rate(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let [commands, rate, whom @ ..] = words else { return Err("wrong number of parameters".into()) };
    let commands: Vec<String> =
        commands.split(',').filter(|name| !name.is_empty()).map(str::to_ascii_uppercase).collect();
    if let Some(wrong) = commands.iter().find(|name| !COMMANDS.contains(&name.as_str())) {
        return Err(ParseError::new(format!("invalid command '{wrong}': expected APPE, RETR, STOR or STOU")).at(wrong));
    }
    let (speed, free) = match rate.split_once(':') {
        None => (*rate, Ok(0)),
        Some((speed, free)) => (speed, parse::whole(free)),
    };
    let speed = speed.parse::<f64>().ok().filter(|speed| speed.is_finite());
    let speed = speed.ok_or_else(|| ParseError::new(format!("invalid number: '{rate}'")).at(rate))? * 1024.0;
    if speed < 0.0 {
        return Err("rate must be greater than zero".into());
    }
    Ok(Value::map([
        ("commands", Value::list(commands)),
        ("speed", Value::Float(speed)),
        ("free", Value::Int(free?)),
        ("whom", Whom::read(whom)?),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_their_forms() {
        let read = |words: &[&str]| rate(words).unwrap().extract::<Rate>().unwrap();
        let plain = read(&["RETR", "1.5"]);
        assert_eq!((plain.commands, plain.speed, plain.free), (vec!["RETR".to_owned()], 1536.0, 0));
        let free = read(&["appe,STOR", "8.0:1024", "class", "uploaders"]);
        assert_eq!((free.commands.len(), free.speed, free.free), (2, 8192.0, 1024));
        for wrong in [
            &[][..],
            &["RETR"],
            &["LIST", "1"],
            &["RETR", "x"],
            &["RETR", "-1"],
            &["RETR", "inf"],
            &["RETR", "NaN"],
            &["RETR", ":1"],
            &["RETR", "1:x"],
            &["RETR", "1:-5"],
            &["RETR", "1", "user"],
            &["RETR", "1", "foo", "x"],
        ] {
            assert!(rate(wrong).is_err(), "{wrong:?}");
        }
    }

    /// How long a transfer of some bytes takes with a simulated clock.
    fn time(mut pace: Pace, bytes: u64, slice: u64) -> (Duration, u32) {
        let began = Instant::now();
        let (mut now, mut left, mut asked) = (began, bytes, 0);
        while left > 0 {
            asked += 1;
            match pace.allow(now, left.min(slice)) {
                Grant::After(wait) => now += wait,
                Grant::Bytes(granted) => {
                    let moved = granted.min(left).min(slice);
                    assert!(moved > 0);
                    pace.moved(moved).unwrap();
                    left -= moved;
                }
            }
        }
        (now - began, asked)
    }

    fn pace(speed: f64, free: u64) -> Pace {
        Pace { speed, free, credit: 0.0, seen: None }
    }

    #[test]
    fn a_file_takes_the_time_that_its_size_says() {
        for (speed, free, bytes, seconds) in [
            (102_400.0, 0, 204_800, 2.0),
            (102_400.0, 0, 512, 0.005),
            (102_400.0, 100_000, 200_000, 100_000.0 / 102_400.0),
            (102_400.0, 1 << 40, 200_000, 0.0),
            (10.0, 0, 25, 2.5),
            (1e9, 0, 1 << 31, 2.147_483_648),
        ] {
            for slice in [700, 1 << 20] {
                if bytes / slice > 100_000 {
                    continue;
                }
                let (took, _) = time(pace(speed, free), bytes, slice);
                assert!(
                    (took.as_secs_f64() - seconds).abs() < 0.002,
                    "{speed} {free} {bytes}: {took:?}, not {seconds}"
                );
            }
        }
    }

    #[test]
    fn waits_are_few_and_a_pause_earns_no_burst() {
        let (_, asked) = time(pace(102_400.0, 0), 1_024_000, 1 << 20);
        assert!(asked <= 2 * 200 + 2, "asked {asked} times in ten seconds");
        let mut pace = pace(1000.0, 0);
        let began = Instant::now();
        assert!(matches!(pace.allow(began, 5000), Grant::After(_)));
        assert_eq!(pace.allow(began + Duration::from_secs(3600), 5000), Grant::Bytes(1000));
    }
}
