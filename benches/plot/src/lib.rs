//! Two kinds of plots in SVG, written by hand: bars side by side, and lines over a count. No
//! scripts or fonts, and a background of their own for dark pages.

use std::fmt::Write as _;

/// One for each of the series, in their order.
const COLOURS: [&str; 8] = ["#3b6fb6", "#d9822b", "#8fb3de", "#f0b67f", "#4c9a6a", "#a2c9a0", "#8c6bb1", "#b0b0b0"];
const WIDTH: f64 = 860.0;
const LEFT: f64 = 330.0;
const LINE: f64 = 14.0;

/// A value with its interval.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// The value.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Bars: in each row, one for each of `series`. A value that is not a number has none.
pub fn bars(title: &str, unit: &str, series: &[&str], rows: &[(String, Vec<Point>)]) -> String {
    let most = rows.iter().flat_map(|(_, points)| points).map(|point| point.high).fold(0.0, f64::max);
    let scale = (WIDTH - LEFT - 90.0) / most.max(f64::MIN_POSITIVE);
    let step = LINE * series.len() as f64 + 10.0;
    let top = 56.0;
    let mut out = begin(title, unit, series, top + step * rows.len() as f64 + 10.0);
    for (row, (name, points)) in rows.iter().enumerate() {
        let y = top + step * row as f64;
        text(&mut out, LEFT - 8.0, y + step / 2.0 - 1.0, "end", name);
        for (at, point) in points.iter().enumerate() {
            let y = y + LINE * at as f64;
            if point.value.is_nan() {
                text(&mut out, LEFT + 6.0, y + LINE / 2.0 + 3.0, "start", "-");
                continue;
            }
            let (width, middle) = (point.value * scale, y + LINE / 2.0 - 1.0);
            let colour = COLOURS[at % COLOURS.len()];
            let _ = writeln!(
                out,
                r#"<rect x="{LEFT}" y="{y:.1}" width="{width:.1}" height="{:.1}" fill="{colour}"/>"#,
                LINE - 2.0
            );
            let (from, to) = (LEFT + point.low * scale, LEFT + point.high * scale);
            let _ = writeln!(
                out,
                r##"<line x1="{from:.1}" x2="{to:.1}" y1="{middle:.1}" y2="{middle:.1}" stroke="#222"/>"##
            );
            text(&mut out, to.max(LEFT + width) + 6.0, middle + 4.0, "start", &short(point.value));
        }
    }
    out + "</svg>\n"
}

/// Lines over a count on the horizontal axis.
pub fn lines(title: &str, unit: &str, across: &str, series: &[(&str, Vec<(f64, Point)>)]) -> String {
    let (left, top, height, width) = (70.0, 56.0, 280.0, WIDTH - 110.0);
    let all = || series.iter().flat_map(|(_, points)| points);
    let most_x = all().map(|(x, _)| *x).fold(0.0, f64::max).max(1.0);
    let most_y = round_up(all().map(|(_, point)| point.high).fold(0.0, f64::max));
    let place = |x: f64, y: f64| (left + x / most_x * width, top + height - y / most_y * height);
    let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
    let mut out = begin(title, unit, &names, top + height + 46.0);
    for part in 0..=4 {
        let value = most_y * f64::from(part) / 4.0;
        let (_, y) = place(0.0, value);
        let _ =
            writeln!(out, r##"<line x1="{left}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}" stroke="#ddd"/>"##, left + width);
        text(&mut out, left - 6.0, y + 4.0, "end", &short(value));
    }
    let mut marks: Vec<f64> = all().map(|(x, _)| *x).collect();
    marks.sort_unstable_by(f64::total_cmp);
    marks.dedup();
    let mut free = 0.0;
    for (x, at) in marks.into_iter().map(|x| (x, place(x, 0.0).0)).filter(|(x, _)| *x > 0.0) {
        // If two labels would overlap, only the first is drawn.
        if at >= free {
            text(&mut out, at, top + height + 16.0, "middle", &short(x));
            free = at + 24.0;
        }
    }
    text(&mut out, left + width / 2.0, top + height + 36.0, "middle", across);
    for (at, (_, points)) in series.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let dash = if at % 2 == 1 { r#" stroke-dasharray="6 4""# } else { "" };
        let path: Vec<String> =
            points.iter().map(|(x, point)| place(*x, point.value)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            out,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>"#,
            path.join(" ")
        );
        for (x, point) in points {
            let ((x, low), (_, high)) = (place(*x, point.low), place(*x, point.high));
            let _ = writeln!(out, r##"<line x1="{x:.1}" x2="{x:.1}" y1="{low:.1}" y2="{high:.1}" stroke="#222"/>"##);
        }
    }
    out + "</svg>\n"
}

/// Rounds up to 1, 2, 4, 6, 8 or 10 times a power of ten, whose quarters are easy to read.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(f64::MIN_POSITIVE).log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

fn begin(title: &str, unit: &str, series: &[&str], height: f64) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" \
         height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    text(&mut out, 12.0, 20.0, "start", &format!("{title}, {unit}"));
    let mut x = 12.0;
    for (at, name) in series.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let _ = writeln!(out, r#"<rect x="{x:.1}" y="30" width="12" height="12" fill="{colour}"/>"#);
        text(&mut out, x + 17.0, 40.0, "start", name);
        x += 40.0 + 7.0 * name.len() as f64;
    }
    out
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(out, r##"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="#222">{words}</text>"##);
}

/// Three digits; whole numbers unchanged.
pub fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
