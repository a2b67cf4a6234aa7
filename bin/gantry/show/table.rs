//! A table. Columns are as wide as their text; if the terminal is too narrow, columns
//! that may shrink are cut.

use super::Page;
use super::text::{fitted, visible, width};

/// The spaces between two columns.
const GAP: usize = 2;
/// The least width of a column that shrinks.
const LEAST: usize = 8;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    name: &'static str,
    side: Side,
    gives: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Column {
    /// A column of text.
    pub const fn text(name: &'static str) -> Self {
        Self { name, side: Side::Left, gives: false }
    }

    /// A column of text that is cut if the terminal is narrow.
    pub const fn long(name: &'static str) -> Self {
        Self { name, side: Side::Left, gives: true }
    }

    /// A column of numbers.
    pub const fn number(name: &'static str) -> Self {
        Self { name, side: Side::Right, gives: false }
    }
}

/// The meaning of a cell's colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// No colour.
    Plain,
    /// A passing state.
    Passing,
    /// A problem.
    Wrong,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Passing => "\x1b[33m",
            Self::Wrong => "\x1b[31m",
        }
    }
}

/// A cell; its text is escaped for the terminal.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell with a tone.
    pub fn toned(text: &str, tone: Tone) -> Self {
        Self { text: visible(text).into_owned(), tone }
    }

    /// The value, or a dash if it is unknown.
    pub fn known(value: Option<impl ToString>) -> Self {
        value.map_or_else(|| Self::from("-"), |value| Self::from(value.to_string()))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

/// Rows under column names.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<Cell>,
    notes: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with one cell per column.
    pub fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(Row { cells: cells.into(), notes: Vec::new() });
    }

    /// Adds a line beneath the last row.
    pub fn note(&mut self, name: &str, value: &str) {
        if let Some(row) = self.rows.last_mut() {
            row.notes.push(format!("    {name}: {}", visible(value)));
        }
    }

    /// The text; every line ends with a newline.
    pub fn text(&self, page: Page) -> String {
        let widths = self.widths(page.width);
        let names: Vec<Cell> = self.columns.iter().map(|column| Cell::from(column.name)).collect();
        let mut text = self.line(&names, &widths, page, page.colour.then_some("\x1b[1m"));
        for row in &self.rows {
            text += &self.line(&row.cells, &widths, page, None);
            for note in &row.notes {
                text += &page.width.map_or_else(|| note.into(), |columns| fitted(note, columns));
                text.push('\n');
            }
        }
        text
    }

    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| width(column.name)).collect();
        for row in &self.rows {
            for (wide, cell) in widths.iter_mut().zip(&row.cells) {
                *wide = (*wide).max(width(&cell.text));
            }
        }
        let Some(limit) = limit else { return widths };
        while widths.iter().sum::<usize>() + GAP * (widths.len().saturating_sub(1)) > limit {
            let giving = self.columns.iter().zip(&mut widths).filter(|(column, wide)| column.gives && **wide > LEAST);
            let Some((_, widest)) = giving.max_by_key(|(_, wide)| **wide) else { break };
            *widest -= 1;
        }
        widths
    }

    fn line(&self, cells: &[Cell], widths: &[usize], page: Page, style: Option<&str>) -> String {
        let (mut line, mut used) = (String::new(), 0);
        for (at, (cell, (column, wide))) in cells.iter().zip(self.columns.iter().zip(widths)).enumerate() {
            let (last, text) = (at + 1 == self.columns.len(), fitted(&cell.text, *wide));
            let space = " ".repeat(wide.saturating_sub(width(&text)));
            let (before, after) = match column.side {
                Side::Right => (space, String::new()),
                Side::Left if last => Default::default(),
                Side::Left => (String::new(), space),
            };
            let style = style.unwrap_or(if page.colour { cell.tone.code() } else { "" });
            let reset = if style.is_empty() { "" } else { "\x1b[0m" };
            // No line is longer than the terminal, even if the columns do not fit.
            let room = page.width.map_or(usize::MAX, |width| width.saturating_sub(used));
            let gap = if last { "" } else { "  " };
            let text = fitted(&text, room.saturating_sub(width(&before)));
            if room > width(&before) {
                line += &format!("{before}{style}{text}{reset}{after}{gap}");
            }
            used += width(&before) + width(&text) + width(&after) + gap.len();
        }
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&[Column::text("NAME"), Column::number("N"), Column::long("COMMAND")]);
        table.row([Cell::from("日本"), Cell::from("7"), Cell::from("RETR a name that is long enough\x1b[2J")]);
        table.note("file", "a\nb");
        table.row([Cell::toned("b", Tone::Wrong), Cell::known(Some(1234)), Cell::known(None::<u8>)]);
        table
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let text = sample().text(Page::PLAIN);
        let expected = "NAME     N  COMMAND\n日本     7  RETR a name that is long enough\\x1b[2J\n    file: a\\x0ab\n\
                        b     1234  -\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut() {
        let text = sample().text(Page { width: Some(24), colour: false });
        assert!(text.contains("日本     7  RETR a name…\n"), "{text}");
        for columns in 0..60 {
            let text = sample().text(Page { width: Some(columns), colour: false });
            assert!(text.lines().all(|line| width(line) <= columns), "{columns}: {text}");
        }
    }

    #[test]
    fn colours_are_there_only_where_they_are_welcome() {
        let text = sample().text(Page { width: None, colour: true });
        assert!(text.contains("\x1b[31mb\x1b[0m") && text.starts_with("\x1b[1mNAME\x1b[0m"), "{text:?}");
        assert!(!sample().text(Page::PLAIN).contains('\x1b'));
    }
}
