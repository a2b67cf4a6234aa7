//! Draws the page of a run: `page.md` with its figures filled in, and the plots
//! beside it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::error::{Error, Result};
use crate::figures::Figures;
use crate::svg::{self, Point, short};

/// What is shown of calls, and its name there.
const CALLS: [(&str, &str); 9] = [
    ("b-bare", "through `dyn`, without the guard"),
    ("c-guarded", "through `dyn`, guarded: a hook that answers at once"),
    ("e-at-once-of-large", "the same, of a module that could wait with 4 KiB"),
    ("e-at-once-with-runtime", "the same, of a module with a runtime"),
    ("d-small-bare", "small future, boxed, without the guard"),
    ("d-small-guarded", "small future, boxed, guarded at each poll"),
    ("d-large-bare", "future of 4 KiB, boxed, without the guard"),
    ("d-large-guarded", "future of 4 KiB, boxed, guarded at each poll"),
    ("f-command-waits-once", "a whole command with one hook that waits"),
];

/// By how much loaded may differ from linked in without a word.
const CALL_LIMIT: f64 = 0.10;
const SOCKET_LIMIT: f64 = 0.05;

/// Draws `page` and its plots of the run in a folder.
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
            ("calls", self.calls()?),
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
        for (name, text) in [
            ("chain-saves", short((ns("i-chain-of-10", "dyn")? - ns("i-chain-of-10", "typed")?) / 10.0)),
            ("noop", short(ns(&format!("g-noop-with-{all}-all"), "linked")? / 1e3)),
            ("inlined", short(ns("a-inlined", "linked")?)),
            ("bare-linked", short(ns("b-bare", "linked")?)),
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
            .filter(|(case, _)| !case.starts_with('f'))
            .map(|(case, _)| Ok((case[2..].replace('-', " "), both(case, "ns")?)))
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
            let hooks = if which == "all" { "all hook it" } else { "none hooks it" };
            sockets.push((format!("NOOP, {} modules, {hooks}", self.all()), micros));
        }
        let login = both("h-login-by-sql", "ns")?.into_iter().map(|point| scaled(point, 1e-3)).collect();
        sockets.push(("a login by SQL".to_owned(), login));
        let mut start = Vec::new();
        for count in [1, self.all()] {
            for what in ["start-up", "reload"] {
                let case = format!("j-{what}-with-{count}");
                start.push((format!("{what}, {count} modules"), both(&case, "ms")?));
            }
        }
        Ok(vec![
            ("calls.svg", svg::bars("One call of one module", "ns", &layouts, &calls?)),
            ("commands.svg", svg::lines("One command through the table", "ns", "modules", &commands)),
            ("sockets.svg", svg::bars("Over a socket", "µs", &layouts, &sockets)),
            ("start.svg", svg::bars("Start-up and reload", "ms", &layouts, &start)),
        ])
    }

    /// How many modules the servers have.
    fn all(&self) -> u32 {
        let counts = self.figures.cases("j-start-up-with-").into_iter();
        counts.filter_map(|case| case.rsplit('-').next()?.parse().ok()).max().unwrap_or(0)
    }

    fn calls(&self) -> Result<String> {
        let mut rows = Vec::new();
        let inlined = |profile: &str| shown(self.figures.find(profile, "a-inlined", "linked", "ns"));
        let count = |case: &str, layout: &str, unit: &str| {
            self.figures.get("release", case, layout, unit).map(|point| short(point.value))
        };
        rows.push(vec![
            "inlined, as a generic".to_owned(),
            inlined("release"),
            "-".to_owned(),
            "-".to_owned(),
            inlined("lto"),
            "-".to_owned(),
            count("a-inlined", "linked", "instructions")?,
            count("a-inlined", "linked", "allocations")?,
        ]);
        for (case, name) in CALLS {
            let of = |profile: &str, layout: &str| shown(self.figures.find(profile, case, layout, "ns"));
            let two = |unit: &str| -> Result<String> {
                let (one, other) = (count(case, "linked", unit)?, count(case, "loaded", unit)?);
                Ok(if one == other { one } else { format!("{one} / {other}") })
            };
            rows.push(vec![
                name.to_owned(),
                of("release", "linked"),
                of("release", "loaded"),
                change(self.figures.ratio("release", case, "ns")),
                of("lto", "linked"),
                of("lto", "loaded"),
                two("instructions")?,
                two("allocations")?,
            ]);
        }
        Ok(table(
            &[
                "call",
                "linked in",
                "loaded",
                "loaded against linked",
                "linked, LTO",
                "loaded, LTO",
                "instructions",
                "allocations",
            ],
            &rows,
        ))
    }

    fn commands(&self) -> String {
        let rows = self.figures.cases("f-command-with-").into_iter().map(|case| {
            let of = |profile: &str, layout: &str| shown(self.figures.find(profile, case, layout, "ns"));
            let count = |layout: &str, unit: &str| {
                let found = self.figures.find("release", case, layout, unit);
                found.map_or_else(|| "-".to_owned(), |point| short(point.value))
            };
            vec![
                case.trim_start_matches("f-command-with-")
                    .replace("-none", ", none hooks it")
                    .replace("-all", ", all hook it"),
                of("release", "linked"),
                of("release", "loaded"),
                change(self.figures.ratio("release", case, "ns")),
                of("lto", "linked"),
                of("lto", "loaded"),
                format!("{} / {}", count("linked", "instructions"), count("loaded", "instructions")),
                format!("{} / {}", count("linked", "allocations"), count("loaded", "allocations")),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        table(
            &[
                "modules",
                "linked in",
                "loaded",
                "loaded against linked",
                "linked, LTO",
                "loaded, LTO",
                "instructions",
                "allocations",
            ],
            &rows,
        )
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
                        format!("{}{what}", case[2..].replace('-', " ")),
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
            vec![
                case[2..].replace('-', " "),
                of("linked"),
                of("loaded"),
                change(self.figures.ratio("release", case, "ms")),
            ]
        });
        table(&["what", "linked in, ms", "loaded, ms", "loaded against linked"], &rows.collect::<Vec<_>>())
    }

    fn memory(&self) -> String {
        let rows = self.figures.cases("k-").into_iter().map(|case| {
            let of = |profile: &str, layout: &str| {
                let found = self.figures.find(profile, case, layout, "bytes");
                found.map_or_else(|| "-".to_owned(), |point| short(point.value / 1024.0))
            };
            vec![
                case[2..].replace('-', " "),
                of("release", "linked"),
                of("release", "loaded"),
                of("lto", "linked"),
                of("lto", "loaded"),
            ]
        });
        table(
            &["what", "linked in, KiB", "loaded, KiB", "linked in, LTO, KiB", "loaded, LTO, KiB"],
            &rows.collect::<Vec<_>>(),
        )
    }

    /// Memory for each module more, in bytes.
    fn each_module(&self, layout: &str) -> Option<f64> {
        let all = self.all();
        let of = |count: u32| {
            let found = self.figures.find("release", &format!("k-memory-with-{count}"), layout, "bytes");
            found.map(|point| point.value)
        };
        Some((of(all)? - of(1)?) / f64::from(all.checked_sub(1).filter(|more| *more > 0)?))
    }

    /// The comparisons in which the layouts differ by more than a little, with
    /// what callgrind says of both.
    fn beyond(&self) -> String {
        let mut lines = Vec::new();
        for (begin, limit) in
            [("b-", CALL_LIMIT), ("c-", CALL_LIMIT), ("d-", CALL_LIMIT), ("f-", CALL_LIMIT), ("g-", SOCKET_LIMIT)]
        {
            for case in self.figures.cases(begin) {
                for profile in ["release", "lto"] {
                    let Some(ratio) = self.figures.ratio(profile, case, "ns") else { continue };
                    if (ratio.value - 1.0).abs() <= limit {
                        continue;
                    }
                    let count = |layout: &str, unit: &str| {
                        let found = self.figures.find(profile, case, layout, unit);
                        found.map_or_else(|| "-".to_owned(), |point| short(point.value))
                    };
                    let counted: Vec<String> = [
                        "instructions",
                        "indirect branches",
                        "indirect branches mispredicted",
                        "conditional branches mispredicted",
                    ]
                    .iter()
                    .map(|unit| format!("{unit} {} / {}", count("linked", unit), count("loaded", unit)))
                    .collect();
                    lines.push(format!("- `{case}`, {profile}: {} ({})", change(Some(ratio)), counted.join(", ")));
                }
            }
        }
        if lines.is_empty() { "None.".to_owned() } else { lines.join("\n") }
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

/// A quotient as more or less than one.
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
