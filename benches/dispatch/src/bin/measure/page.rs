//! Generates the page of a run: `page.md` with the figures filled in, and the plots next to it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use plot::{Point, short};

use crate::error::{Error, Result};
use crate::figures::Figures;
use crate::names::{name, plain};

/// The calls to show, in this order.
const CALLS: [&str; 10] = [
    "b-bare",
    "c-guarded",
    "e-at-once-of-large",
    "e-at-once-with-runtime",
    "d-small-bare",
    "d-small-guarded",
    "d-small-with-runtime",
    "d-large-bare",
    "d-large-guarded",
    "f-command-waits-once",
];

/// The headings for the figures of a call or a command.
const COMPARED: [&str; 7] =
    ["linked in", "loaded", "loaded against linked", "linked, LTO", "loaded, LTO", "instructions", "allocations"];

/// A difference between loaded and linked in above this gets an explanation.
const CALL_LIMIT: f64 = 0.10;
const SOCKET_LIMIT: f64 = 0.05;

/// Generates `page` and its plots from the run in a folder.
pub fn run(run: &Path, page: &Path) -> Result<()> {
    let figures = Figures::read(run)?;
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let machine = run.join("machine.txt");
    let machine = fs::read_to_string(&machine).map_err(Error::of(&machine))?;
    let drawing = Drawing { figures };
    let mut parts = drawing.parts()?;
    parts.insert("run", name);
    parts.insert("machine", machine.trim_end().to_owned());
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("page.md");
    let text = fs::read_to_string(&template).map_err(Error::of(&template))?;
    fs::write(page, filled(&text, &parts)?).map_err(Error::of(page))?;
    let folder = page.with_extension("");
    fs::create_dir_all(&folder)?;
    for (name, plot) in drawing.plots()? {
        fs::write(folder.join(name), plot)?;
    }
    Ok(())
}

/// The text with each `{{name}}` replaced.
fn filled(text: &str, parts: &HashMap<&str, String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("{{") {
        let (name, behind) = from.split_once("}}").ok_or_else(|| Error::new("page.md: a '{{' without '}}'"))?;
        out.push_str(before);
        out.push_str(parts.get(name).ok_or_else(|| Error::new(format!("page.md: there is no '{name}'")))?);
        rest = behind;
    }
    Ok(out + rest)
}

struct Drawing {
    figures: Figures,
}

impl Drawing {
    fn parts(&self) -> Result<HashMap<&'static str, String>> {
        let mut parts = HashMap::from([
            ("calls", self.calls()),
            ("commands", self.commands()),
            ("sockets", self.sockets()),
            ("chain", self.chain()?),
            ("start", self.start()),
            ("memory", self.memory()),
            ("beyond", self.beyond()),
            ("modules", self.all().to_string()),
        ]);
        let ns = |case: &str, layout: &str| self.figures.get("release", case, layout, "ns").map(|point| point.value);
        let hook = |layout: &str| -> Result<f64> {
            Ok((ns("f-command-with-50-all", layout)? - ns("f-command-with-0", "linked")?) / 50.0)
        };
        let ms =
            |case: &str, layout: &str| self.figures.get("release", case, layout, "ms").map(|point| short(point.value));
        let all = self.all();
        let start_up = |layout: &str| -> Result<f64> {
            Ok(self.figures.get("release", &format!("j-start-up-with-{all}"), layout, "ms")?.value)
        };
        let load = |how: &str| -> Result<f64> {
            Ok(self.figures.get("release", &format!("j-load-of-1{how}"), "loaded", "ms")?.value)
        };
        for (name, text) in [
            ("chain-saves", short((ns("i-chain-of-10", "dyn")? - ns("i-chain-of-10", "typed")?) / 10.0)),
            ("noop", short(ns(&format!("g-noop-with-{all}-all"), "linked")? / 1e3)),
            ("inlined", short(ns("a-inlined", "linked")?)),
            ("box-small", short(ns("d-small-bare", "linked")? - ns("b-bare", "linked")?)),
            ("box-large", short(ns("d-large-bare", "linked")? - ns("b-bare", "linked")?)),
            ("bare-linked", short(ns("b-bare", "linked")?)),
            ("guard-waiting", short(ns("d-small-guarded", "linked")? - ns("d-small-bare", "linked")?)),
            ("runtime-linked", short(ns("d-small-with-runtime", "linked")? - ns("d-small-guarded", "linked")?)),
            ("runtime-loaded", short(ns("d-small-with-runtime", "loaded")? - ns("d-small-guarded", "loaded")?)),
            ("call-limit", format!("{:.0} %", CALL_LIMIT * 100.0)),
            ("socket-limit", format!("{:.0} %", SOCKET_LIMIT * 100.0)),
            ("socket-most", self.most(&["g-", "h-"])),
            ("command-most", self.most(&["f-command-with-"])),
            ("trial", short(load("-tried-first")? - load("")?)),
            (
                "object",
                kib(self.figures.find("release", "k-size-of-mod_probe", "loaded", "bytes").map(|size| size.value)),
            ),
            ("guarded-linked", short(ns("c-guarded", "linked")?)),
            ("guarded-loaded", short(ns("c-guarded", "loaded")?)),
            ("hook-linked", short(hook("linked")?)),
            ("hook-loaded", short(hook("loaded")?)),
            ("start-all-linked", short(start_up("linked")?)),
            ("start-all-loaded", short(start_up("loaded")?)),
            ("start-each", short((start_up("loaded")? - start_up("linked")?) / f64::from(all.max(1)))),
            ("load", ms("j-load-of-1", "loaded")?),
            ("swap", ms(&format!("j-swap-by-command-of-1-among-{all}"), "loaded")?),
            ("swap-all", ms(&format!("j-swap-of-{all}"), "loaded")?),
            ("memory-linked", kib(self.each_module("linked"))),
            ("memory-loaded", kib(self.each_module("loaded"))),
            ("noop-change", change(self.figures.ratio("release", &format!("g-noop-with-{all}-all"), "ns"))),
            ("login-change", change(self.figures.ratio("release", "h-login-by-sql", "ns"))),
        ] {
            parts.insert(name, text);
        }
        Ok(parts)
    }

    fn plots(&self) -> Result<Vec<(&'static str, String)>> {
        let both = |case: &str, unit: &str| -> Result<Vec<Point>> {
            ["linked", "loaded"].iter().map(|layout| self.figures.get("release", case, layout, unit)).collect()
        };
        let calls: Result<Vec<_>> = CALLS
            .iter()
            .filter(|case| !case.starts_with('f'))
            .map(|case| Ok((plain(case), both(case, "ns")?)))
            .collect();
        let layouts = ["linked in", "loaded"];
        let zero = self.figures.get("release", "f-command-with-0", "linked", "ns")?;
        let line = |which: &str, layout: &str| -> Result<Vec<(f64, Point)>> {
            let mut points = vec![(0.0, zero)];
            for count in [1, 10, 50] {
                let case = format!("f-command-with-{count}-{which}");
                points.push((f64::from(count), self.figures.get("release", &case, layout, "ns")?));
            }
            Ok(points)
        };
        let commands = [
            ("all hook it, linked in", line("all", "linked")?),
            ("all hook it, loaded", line("all", "loaded")?),
            ("none hooks it, linked in", line("none", "linked")?),
            ("none hooks it, loaded", line("none", "loaded")?),
        ];
        let mut sockets = Vec::new();
        for which in ["none", "all"] {
            let case = format!("g-noop-with-{}-{which}", self.all());
            let micros = both(&case, "ns")?.into_iter().map(|point| scaled(point, 1e-3)).collect();
            sockets.push((plain(&case), micros));
        }
        let login = both("h-login-by-sql", "ns")?.into_iter().map(|point| scaled(point, 1e-3)).collect();
        sockets.push((plain("h-login-by-sql"), login));
        let mut start = Vec::new();
        for count in [1, self.all()] {
            for what in ["start-up", "reload"] {
                let case = format!("j-{what}-with-{count}");
                start.push((plain(&case), both(&case, "ms")?));
            }
        }
        Ok(vec![
            ("calls.svg", plot::bars("One call of one module", "ns", &layouts, &calls?)),
            ("commands.svg", plot::lines("One command through the table", "ns", "modules", &commands)),
            ("sockets.svg", plot::bars("Over a socket", "µs", &layouts, &sockets)),
            ("start.svg", plot::bars("Start-up and reload", "ms", &layouts, &start)),
        ])
    }

    /// The largest number of modules.
    fn all(&self) -> u32 {
        let counts = self.figures.cases("j-start-up-with-").into_iter();
        counts.filter_map(|case| case.rsplit('-').next()?.parse().ok()).max().unwrap_or(0)
    }

    fn calls(&self) -> String {
        let rows = std::iter::once("a-inlined").chain(CALLS).map(|case| self.compared(case));
        self.comparison("call", rows.collect())
    }

    fn commands(&self) -> String {
        let rows = self.figures.cases("f-command-with-").into_iter().map(|case| self.compared(case));
        self.comparison("command", rows.collect())
    }

    fn comparison(&self, what: &str, rows: Vec<Vec<String>>) -> String {
        table(&[&[what], &COMPARED[..]].concat(), &rows)
    }

    /// A row for a call or a command: name, times, counts.
    fn compared(&self, case: &str) -> Vec<String> {
        let time = |profile: &str, layout: &str| shown(self.figures.find(profile, case, layout, "ns"));
        let counts = |unit: &str| {
            let count = |layout: &str| self.figures.find("release", case, layout, unit).map(|point| short(point.value));
            match (count("linked"), count("loaded")) {
                (Some(linked), Some(loaded)) if linked != loaded => format!("{linked} / {loaded}"),
                (one, other) => one.or(other).unwrap_or_else(|| "-".to_owned()),
            }
        };
        vec![
            name(case),
            time("release", "linked"),
            time("release", "loaded"),
            change(self.figures.ratio("release", case, "ns")),
            time("lto", "linked"),
            time("lto", "loaded"),
            counts("instructions"),
            counts("allocations"),
        ]
    }

    fn sockets(&self) -> String {
        let mut rows = Vec::new();
        let cases = self.figures.cases("g-").into_iter().chain(self.figures.cases("h-"));
        for case in cases {
            for unit in ["ns", "ns of the server's processor"] {
                for profile in ["release", "lto"] {
                    let micros = |layout: &str| {
                        let found = self.figures.find(profile, case, layout, unit);
                        shown(found.map(|point| scaled(point, 1e-3)))
                    };
                    if self.figures.find(profile, case, "linked", unit).is_none() {
                        continue;
                    }
                    let what = if unit == "ns" { "" } else { ", the server's processor alone" };
                    rows.push(vec![
                        format!("{}{what}", name(case)),
                        profile.to_owned(),
                        micros("linked"),
                        micros("loaded"),
                        change(self.figures.ratio(profile, case, unit)),
                    ]);
                }
            }
        }
        table(&["what", "build", "linked in, µs", "loaded, µs", "loaded against linked"], &rows)
    }

    fn chain(&self) -> Result<String> {
        let mut rows = Vec::new();
        for how in ["dyn", "typed"] {
            let of = |profile: &str| shown(self.figures.find(profile, "i-chain-of-10", how, "ns"));
            let count = self.figures.get("release", "i-chain-of-10", how, "instructions")?;
            let name = if how == "dyn" { "through `dyn`" } else { "types known, inlined" };
            rows.push(vec![name.to_owned(), of("release"), of("lto"), short(count.value)]);
        }
        Ok(table(&["ten linked-in modules", "ns", "ns, LTO", "instructions"], &rows))
    }

    fn start(&self) -> String {
        let rows = self.figures.cases("j-").into_iter().map(|case| {
            let of = |layout: &str| shown(self.figures.find("release", case, layout, "ms"));
            vec![name(case), of("linked"), of("loaded"), change(self.figures.ratio("release", case, "ms"))]
        });
        table(&["what", "linked in, ms", "loaded, ms", "loaded against linked"], &rows.collect::<Vec<_>>())
    }

    fn memory(&self) -> String {
        let rows = self.figures.cases("k-").into_iter().map(|case| {
            let of = |profile: &str, layout: &str| {
                let found = self.figures.find(profile, case, layout, "bytes");
                found.map_or_else(|| "-".to_owned(), |point| short(point.value / 1024.0))
            };
            vec![name(case), of("release", "linked"), of("release", "loaded"), of("lto", "linked"), of("lto", "loaded")]
        });
        table(
            &["what", "linked in, KiB", "loaded, KiB", "linked in, LTO, KiB", "loaded, LTO, KiB"],
            &rows.collect::<Vec<_>>(),
        )
    }

    /// Memory per additional module, in bytes.
    fn each_module(&self, layout: &str) -> Option<f64> {
        let all = self.all();
        let of = |count: u32| {
            let found = self.figures.find("release", &format!("k-memory-with-{count}"), layout, "bytes");
            found.map(|point| point.value)
        };
        Some((of(all)? - of(1)?) / f64::from(all.checked_sub(1).filter(|more| *more > 0)?))
    }

    /// The largest difference between the layouts, in the times of these cases.
    fn most(&self, begin: &[&str]) -> String {
        let cases = begin.iter().flat_map(|begin| self.figures.cases(begin));
        let ratios = cases.flat_map(|case| {
            ["release", "lto"].into_iter().filter_map(|profile| self.figures.ratio(profile, case, "ns"))
        });
        format!("{:.1} %", ratios.map(|ratio| (ratio.value - 1.0).abs() * 100.0).fold(0.0, f64::max))
    }

    /// The comparisons with a larger difference, with callgrind's counts for both layouts, and the
    /// times of the same machine code at another address.
    fn beyond(&self) -> String {
        let limits =
            [("b-", CALL_LIMIT), ("c-", CALL_LIMIT), ("d-", CALL_LIMIT), ("f-", CALL_LIMIT), ("g-", SOCKET_LIMIT)];
        let cases = limits
            .into_iter()
            .flat_map(|(begin, limit)| self.figures.cases(begin).into_iter().map(move |case| (case, limit)));
        let cases = cases.flat_map(|(case, limit)| ["release", "lto"].map(|profile| (case, profile, limit)));
        let rows = cases.filter_map(|(case, profile, limit)| {
            let ratio = self.figures.ratio(profile, case, "ns")?;
            ((ratio.value - 1.0).abs() > limit).then(|| self.explained(case, profile, ratio))
        });
        let rows: Vec<Vec<String>> = rows.collect();
        if rows.is_empty() {
            return "None.".to_owned();
        }
        let head = [
            "what",
            "build",
            "loaded against linked",
            "instructions",
            "indirect branches",
            "mispredicted",
            "elsewhere: linked in, ns",
            "loaded, ns",
            "loaded against linked",
        ];
        table(&head, &rows)
    }

    fn explained(&self, case: &str, profile: &str, ratio: Point) -> Vec<String> {
        let count = |layout: &str, unit: &str| self.figures.find(profile, case, layout, unit).map(|point| point.value);
        let both = |units: &[&str]| {
            let sum = |layout: &str| units.iter().map(|unit| count(layout, unit)).sum::<Option<f64>>();
            let of = |layout: &str| sum(layout).map_or_else(|| "-".to_owned(), short);
            format!("{} / {}", of("linked"), of("loaded"))
        };
        let there = format!("{profile}-elsewhere");
        let elsewhere = |layout: &str| shown(self.figures.find(&there, case, layout, "ns"));
        vec![
            name(case),
            profile.to_owned(),
            change(Some(ratio)),
            both(&["instructions"]),
            both(&["indirect branches"]),
            both(&["indirect branches mispredicted", "conditional branches mispredicted"]),
            elsewhere("linked"),
            elsewhere("loaded"),
            change(self.figures.ratio(&there, case, "ns")),
        ]
    }
}

fn scaled(point: Point, by: f64) -> Point {
    Point { value: point.value * by, low: point.low * by, high: point.high * by }
}

/// The value, with its interval.
fn shown(point: Option<Point>) -> String {
    let Some(Point { value, low, high }) = point else { return "-".to_owned() };
    let (low, high, value) = (short(low), short(high), short(value));
    if low == high { value } else { format!("{value} [{low}, {high}]") }
}

/// A ratio as a percentage more or less.
fn change(ratio: Option<Point>) -> String {
    let Some(ratio) = ratio else { return "-".to_owned() };
    let percent = |value: f64| format!("{:+.1}", (value - 1.0) * 100.0);
    format!("{} % [{}, {}]", percent(ratio.value), percent(ratio.low), percent(ratio.high))
}

fn kib(bytes: Option<f64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{} KiB", short(bytes / 1024.0)))
}

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(head.to_vec());
    out.push_str(&line(head.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" }).collect()));
    for row in rows {
        out.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    out.trim_end().to_owned()
}
