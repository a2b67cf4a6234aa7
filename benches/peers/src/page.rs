//! Draws the page of a run: `page.md` with its figures filled in, and the plots
//! beside it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use plot::{Point, bars, short};

use crate::case::{Case, Work};
use crate::error::{Error, Result};
use crate::figures::{Figures, Measure};
use crate::record;

/// Works that are shown together, in one unit.
struct Group {
    /// The plots' names begin with it.
    name: &'static str,
    title: &'static str,
    works: &'static [Work],
    /// The unit of a rate, and how many of it one unit a second is.
    rate: (&'static str, f64),
    /// The unit of what the server's processor takes, and how many of it a
    /// microsecond for each unit is.
    cost: (&'static str, f64),
    /// The unit of a turn's time, and how many of it a microsecond is.
    turn: (&'static str, f64),
    /// Whether the client's processor is shown with the server's: what one does not
    /// copy, the other may have to.
    with_client: bool,
}

const GROUPS: [Group; 5] = [
    Group {
        name: "logins",
        title: "Logins",
        works: &[Work::Login, Work::LoginSql],
        rate: ("logins/s", 1.0),
        cost: ("ms each", 1e-3),
        turn: ("ms", 1e-3),
        with_client: false,
    },
    Group {
        name: "commands",
        title: "Commands",
        works: &[Work::Noop],
        rate: ("NOOP/s", 1.0),
        cost: ("µs each", 1.0),
        turn: ("µs", 1.0),
        with_client: false,
    },
    Group {
        name: "large-files",
        title: "Large files",
        works: &[Work::Retr, Work::Stor],
        rate: ("MiB/s", 1.0),
        cost: ("s/GiB", 1024e-6),
        turn: ("ms", 1e-3),
        with_client: true,
    },
    Group {
        name: "small-files",
        title: "Files of 4 KiB",
        works: &[Work::RetrSmall, Work::StorSmall],
        rate: ("files/s", 1.0),
        cost: ("µs each", 1.0),
        turn: ("µs", 1.0),
        with_client: false,
    },
    Group {
        name: "listings",
        title: "Listings of 10,000 entries",
        works: &[Work::List, Work::Mlsd],
        rate: ("thousand entries/s", 1e-3),
        cost: ("µs an entry", 1.0),
        turn: ("ms", 1e-3),
        with_client: false,
    },
];

const KIB: f64 = 1.0 / 1024.0;

/// Draws `page` and its plots of the run in a folder.
pub fn draw(run: &Path, page: &Path) -> Result<()> {
    let figures = Figures::new(record::read(&run.join("figures.tsv"))?);
    let read = |path: &Path| fs::read_to_string(path).map_err(Error::file(path));
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("page.md"))?;
    let drawing = Drawing { figures, plots: page.with_extension("") };
    for (part, words) in [
        ("run", name),
        ("machine", read(&run.join("machine.txt"))?.trim_end().to_owned()),
        ("left-out", left_out(&read(&run.join("left-out.tsv"))?)),
        ("groups", drawing.groups()?),
        ("memory", drawing.memory()?),
        ("before", drawing.before()),
    ] {
        text = text.replace(&format!("{{{{{part}}}}}"), &words);
    }
    fs::write(page, text).map_err(Error::file(page))
}

struct Drawing {
    figures: Figures,
    /// The folder for the plots.
    plots: std::path::PathBuf,
}

impl Drawing {
    fn groups(&self) -> Result<String> {
        let mut out = String::new();
        for group in &GROUPS {
            let cases: Vec<Case> =
                self.figures.cases().into_iter().filter(|case| group.works.contains(&case.work)).collect();
            if !cases.is_empty() {
                let _ = write!(out, "## {}\n\n", group.title);
                out += &self.group(group, &cases)?;
            }
        }
        Ok(out.trim_end().to_owned())
    }

    fn group(&self, group: &Group, cases: &[Case]) -> Result<String> {
        let mut out = String::new();
        let cost = if group.with_client { "processor with the client's" } else { "server's processor" };
        let measure: Measure = if group.with_client { |it| it.cost_with_client() } else { |it| it.cost() };
        let (rate_unit, rate_scale) = group.rate;
        let (cost_unit, cost_scale) = group.cost;
        let (turn_unit, turn_scale) = group.turn;
        for (what, plot, unit, scale, of) in [
            ("more is better", "rate", rate_unit, rate_scale, (|it| it.rate()) as Measure),
            ("less is better", "cost", cost_unit, cost_scale, measure),
        ] {
            let name = format!("{}-{plot}", group.name);
            let title = format!("{}, {what}", group.title);
            let title = if plot == "cost" { format!("{title}: {cost}") } else { title };
            out += &self.plot(&name, &title, unit, cases, of, scale)?;
        }
        out += "\n";
        out += &self.header();
        for case in cases {
            let _ = writeln!(out, "| **{}** {}|", self.title(*case), "| ".repeat(self.figures.servers().len()));
            out += &self.row(rate_unit, *case, |it| it.rate(), rate_scale, Best::Most);
            out +=
                &self.row(&format!("server's processor, {cost_unit}"), *case, |it| it.cost(), cost_scale, Best::Least);
            if group.with_client {
                let words = format!("with the client's, {cost_unit}");
                out += &self.row(&words, *case, |it| it.cost_with_client(), cost_scale, Best::Least);
            }
            out += &self.row(&format!("median, {turn_unit}"), *case, |it| it.turns[0], turn_scale, Best::Least);
            out +=
                &self.row(&format!("99th percentile, {turn_unit}"), *case, |it| it.turns[1], turn_scale, Best::Least);
            if matches!(case.work, Work::List | Work::Mlsd) {
                out += &self.row("first bytes after, ms", *case, |it| it.first, 1e-3, Best::Least);
            }
        }
        Ok(out + "\n")
    }

    fn memory(&self) -> Result<String> {
        let cases: Vec<Case> = self.figures.cases().into_iter().filter(|case| case.work == Work::Idle).collect();
        if cases.is_empty() {
            return Ok("This run did not look at memory.".to_owned());
        }
        let mut out = self.plot("memory", "An idle session, less is better", "KiB", &cases, |it| it.units, KIB)?;
        out += "\n";
        out += &self.header();
        for case in cases {
            out += &self.row(&format!("KiB each of {}", case.sessions), case, |it| it.units, KIB, Best::Least);
        }
        Ok(out.trim_end().to_owned())
    }

    /// Each server that was built of another revision too.
    fn before(&self) -> String {
        let servers = self.figures.servers();
        let pairs: Vec<(&str, String)> = servers
            .iter()
            .filter_map(|now| Some((*now, format!("before-{}", now.strip_prefix("gantry-")?))))
            .filter(|(_, before)| servers.contains(&before.as_str()))
            .collect();
        if pairs.is_empty() {
            return "This run has no earlier revision beside it.".to_owned();
        }
        let mut out = "| |".to_owned();
        for (now, _) in &pairs {
            let _ = write!(out, " {now}: rate | {now}: server's processor |");
        }
        let _ = write!(out, "\n|---|{}\n", "---:|---:|".repeat(pairs.len()));
        for case in self.figures.cases() {
            let _ = write!(out, "| {} |", self.title(case));
            for (now, before) in &pairs {
                let of = |measure| self.figures.ratio(now, before, case, measure);
                let (rate, cost) = match case.work {
                    Work::Idle => (None, of(|it| it.units)),
                    _ => (of(|it| it.rate()), of(|it| it.cost())),
                };
                let _ = write!(out, " {} | {} |", times(rate), times(cost));
            }
            out += "\n";
        }
        out.trim_end().to_owned()
    }

    fn header(&self) -> String {
        let servers = self.figures.servers();
        format!("| | {} |\n|---|{}\n", servers.join(" | "), "---:|".repeat(servers.len()))
    }

    fn row(&self, words: &str, case: Case, measure: Measure, scale: f64, best: Best) -> String {
        let servers = self.figures.servers();
        let found: Vec<Option<Point>> = servers.iter().map(|server| self.figures.find(server, case, measure)).collect();
        let values = || found.iter().flatten().map(|point| point.value);
        let best = match best {
            Best::Most => values().fold(f64::MIN, f64::max),
            Best::Least => values().fold(f64::MAX, f64::min),
        };
        let mut out = format!("| {words} |");
        for point in &found {
            let _ = match point {
                None => write!(out, " - |"),
                Some(point) if point.value == best => write!(out, " **{}** |", number(point.value * scale)),
                Some(point) => write!(out, " {} |", number(point.value * scale)),
            };
        }
        out + "\n"
    }

    /// Draws a plot, and returns the line that shows it.
    fn plot(&self, name: &str, title: &str, unit: &str, cases: &[Case], of: Measure, scale: f64) -> Result<String> {
        let servers = self.figures.servers();
        let point = |server: &&str, case: &Case| match self.figures.find(server, *case, of) {
            Some(Point { value, low, high }) => Point { value: value * scale, low: low * scale, high: high * scale },
            None => Point { value: f64::NAN, low: f64::NAN, high: f64::NAN },
        };
        let rows: Vec<_> = cases
            .iter()
            .map(|case| (self.title(*case), servers.iter().map(|server| point(server, case)).collect()))
            .collect();
        fs::create_dir_all(&self.plots).map_err(Error::file(&self.plots))?;
        let path = self.plots.join(format!("{name}.svg"));
        fs::write(&path, bars(title, unit, &servers, &rows)).map_err(Error::file(&path))?;
        let folder = self.plots.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(format!("![{title}]({folder}/{name}.svg)\n"))
    }

    fn title(&self, case: Case) -> String {
        let what = match case.work {
            Work::Login => "a login, users' file",
            Work::LoginSql => "a login, SQLite",
            Work::Noop => "NOOP",
            Work::Retr => "RETR, 128 MiB",
            Work::Stor => "STOR, 128 MiB",
            Work::RetrSmall => "RETR, 4 KiB",
            Work::StorSmall => "STOR, 4 KiB",
            Work::List => "LIST",
            Work::Mlsd => "MLSD",
            Work::Idle => "memory of an idle session",
        };
        let sessions = if case.sessions == 1 { "1 session".to_owned() } else { format!("{} sessions", case.sessions) };
        if case.among == 0 {
            return format!("{what}, {sessions}");
        }
        let (before, _) = self.figures.time_wait(case);
        format!("{what}, {sessions}, {before} ports in TIME_WAIT")
    }
}

#[derive(Clone, Copy)]
enum Best {
    Most,
    Least,
}

/// What was not measured, and why.
fn left_out(text: &str) -> String {
    let lines = text.lines().filter_map(|line| {
        let [server, case, why] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
        Some(format!("- {server}, {case}: {why}\n"))
    });
    let lines: String = lines.collect();
    if lines.is_empty() { "Nothing.".to_owned() } else { lines.trim_end().to_owned() }
}

/// With three digits, and thousands apart.
fn number(value: f64) -> String {
    let text = short(value);
    if value < 1000.0 || text.len() < 4 {
        return text;
    }
    let digits = text.len();
    let apart = |at: usize| if at > 0 && (digits - at).is_multiple_of(3) { "," } else { "" };
    text.chars().enumerate().map(|(at, digit)| format!("{}{digit}", apart(at))).collect()
}

/// A quotient, with the least and the greatest of the rounds.
fn times(ratio: Option<Point>) -> String {
    ratio.map_or("-".to_owned(), |Point { value, low, high }| format!("{value:.2} [{low:.2}, {high:.2}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0.262, 12.34, 999.0, 1558.0, 143_210.0].map(number), ["0.26", "12.3", "999", "1,558", "143,210"]);
    }
}
