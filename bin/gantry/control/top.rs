//! `gantry top`: the sessions in a table that refreshes itself, like ftptop. If the
//! output is not a terminal, it prints the same lines one table after the other.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::{Duration, Instant};

use super::common::Common;
use super::connection::{Daemon, Request};
use super::error::ControlError;
use super::sessions::{self, Filter, Mode};
use super::value::{self, Who};
use crate::show::screen::{Key, Screen};
use crate::show::text::counted;
use crate::show::text::{fitted, visible};
use crate::show::time::{Span, ago, local, now, uptime};
use crate::show::{self, Page};

/// Shows the sessions in a table that refreshes itself.
#[derive(clap::Args, Debug)]
#[command(after_help = KEYS)]
pub struct Top {
    /// The time between refreshes
    #[arg(short, long, value_name = "TIME", default_value = "2s")]
    delay: Span,
    /// Stop after this many refreshes [default: never at a terminal, otherwise 1]
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
    #[command(flatten)]
    common: Common,
}

const KEYS: &str = "\
Keys: q quits, t toggles between commands and speed, d asks for a new delay, the arrow
keys scroll, space refreshes at once.";

/// What to show, how often, and under which title.
#[derive(Debug)]
pub struct View {
    /// The sessions to show.
    pub filter: Filter,
    /// The time between refreshes.
    pub delay: Span,
    /// The number of refreshes; `None` for no limit.
    pub iterations: Option<u64>,
    /// The name in the first line, instead of the daemon's own.
    pub title: Option<&'static str>,
    /// Whether to ignore keys.
    pub batch: bool,
}

impl Top {
    pub fn run(&self) -> Result<(), ControlError> {
        let mut daemon = self.common.daemon()?;
        if self.common.json {
            return json(&mut daemon, self.delay, self.iterations.unwrap_or(1));
        }
        let view = View {
            filter: Filter::default(),
            delay: self.delay,
            iterations: self.iterations,
            title: None,
            batch: false,
        };
        view.run(&mut daemon)
    }
}

impl View {
    /// Shows the sessions until the user quits or the limit is reached.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub fn run(&self, daemon: &mut Daemon) -> Result<(), ControlError> {
        if !self.batch && Screen::is_there() { self.interactive(daemon) } else { self.printed(daemon) }
    }

    fn printed(&self, daemon: &mut Daemon) -> Result<(), ControlError> {
        let page = Page::of_output();
        // Output to a file must end, or the file would grow forever.
        let endless = self.batch || io::stdout().is_terminal();
        let iterations = self.iterations.or((!endless).then_some(1));
        let mut state = State::new(self.delay);
        let mut done = 0;
        loop {
            let who = ask(daemon)?;
            let lines = self.lines(&mut state, &Ok(who), page, usize::MAX);
            let before = if done > 0 { "\n" } else { "" };
            show::print(&format!("{before}{}\n", lines.join("\n")))?;
            done += 1;
            if iterations.is_some_and(|most| done >= most) {
                return Ok(());
            }
            thread::sleep(Duration::from_secs(self.delay.0));
        }
    }

    fn interactive(&self, daemon: &mut Daemon) -> Result<(), ControlError> {
        // A refusal is shown on the normal screen.
        let mut asked = Ok(ask(daemon)?);
        let mut state = State::new(self.delay);
        let mut screen = Screen::enter()?;
        let mut done = 1;
        loop {
            let end = Instant::now() + Duration::from_secs(state.delay.0.max(1));
            loop {
                let (columns, rows) = screen.size();
                let page = Page { width: Some(columns), ..Page::of_output() };
                screen.show(&self.lines(&mut state, &asked, page, rows))?;
                match screen.key(end)?.map(|key| state.key(key)) {
                    Some(Next::Quit) => return Ok(()),
                    Some(Next::Refresh) | None => break,
                    Some(Next::Draw) => {}
                }
            }
            if self.iterations.is_some_and(|most| done >= most) {
                return Ok(());
            }
            done += 1;
            // While the daemon restarts, the table says so and waits for it.
            asked = match ask(daemon) {
                Err(error) if error.code() == 4 => Err(error.to_string()),
                other => Ok(other?),
            };
        }
    }

    /// All lines, with the table scrolled to its offset.
    fn lines(&self, state: &mut State, asked: &Result<Who, String>, page: Page, rows: usize) -> Vec<String> {
        let cut = |line: &str| page.width.map_or_else(|| line.to_owned(), |width| fitted(line, width).into_owned());
        let who = match asked {
            Ok(who) => who,
            Err(error) => return error.lines().chain(["", "q quits"]).map(cut).collect(),
        };
        let now = now();
        let mut lines: Vec<String> = self.heading(who, now).iter().map(|line| cut(line)).collect();
        lines.push(cut(&state.prompt.as_ref().map_or_else(String::new, |typed| format!("Delay in seconds: {typed}_"))));
        let shown = who.sessions.iter().filter(|session| self.filter.takes(session));
        let table = sessions::top(shown, state.mode, now, page);
        let mut table: Vec<String> = table.lines().map(str::to_owned).collect();
        let room = rows.saturating_sub(lines.len() + 1).max(1);
        let hidden = (table.len() - 1).saturating_sub(room);
        state.offset = state.offset.min(hidden);
        table.drain(1..1 + state.offset);
        lines.extend(table);
        lines.truncate(rows);
        lines
    }

    fn heading(&self, who: &Who, now: i64) -> [String; 2] {
        let name = self
            .title
            .map_or_else(|| format!("gantryd {}", visible(who.version.as_deref().unwrap_or_default())), str::to_owned);
        let up = who.started.map(|started| match self.title {
            Some(_) => format!(", up for {}", uptime(ago(started, now))),
            None => format!(", up {}", ago(started, now)),
        });
        let first = format!("{}: {}{}", name.trim_end(), local(now, "%a %b %e %H:%M:%S %Y"), up.unwrap_or_default());
        let (count, parts) = (who.sessions.len() as u64, sessions::summary(&who.sessions));
        let parts = if parts.is_empty() { parts } else { format!(": {parts}") };
        let second = match self.title {
            Some(_) => format!("{count} Total FTP Sessions{parts}"),
            None => format!("{}{parts}", counted(count, "session")),
        };
        [first, second]
    }
}

/// State that keys change.
#[derive(Debug)]
struct State {
    mode: Mode,
    delay: Span,
    offset: usize,
    prompt: Option<String>,
}

/// What to do after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Quit,
    Refresh,
    Draw,
}

impl State {
    fn new(delay: Span) -> Self {
        Self { mode: Mode::Commands, delay, offset: 0, prompt: None }
    }

    fn key(&mut self, key: Key) -> Next {
        if key == Key::End {
            return Next::Quit;
        }
        if let Some(typed) = self.prompt.take() {
            return self.typed(typed, key);
        }
        match key {
            Key::Letter('q' | 'Q') => return Next::Quit,
            Key::Letter(' ') | Key::Enter => return Next::Refresh,
            Key::Letter('t' | 'T') => {
                self.mode = match self.mode {
                    Mode::Commands => Mode::Speed,
                    Mode::Speed => Mode::Commands,
                }
            }
            Key::Letter('d' | 'D') => self.prompt = Some(String::new()),
            Key::Letter('k') | Key::Up => self.offset = self.offset.saturating_sub(1),
            Key::Letter('j') | Key::Down => self.offset += 1,
            _ => {}
        }
        Next::Draw
    }

    fn typed(&mut self, mut typed: String, key: Key) -> Next {
        match key {
            Key::Escape => return Next::Draw,
            Key::Enter => {
                self.delay = typed.parse().ok().filter(|delay: &Span| delay.0 > 0).unwrap_or(self.delay);
                return Next::Refresh;
            }
            Key::Erase => {
                typed.pop();
            }
            // Four digits: an hour is long enough.
            Key::Letter(letter) if letter.is_ascii_digit() && typed.len() < 4 => typed.push(letter),
            _ => {}
        }
        self.prompt = Some(typed);
        Next::Draw
    }
}

fn ask(daemon: &mut Daemon) -> Result<Who, ControlError> {
    let answer = daemon.ask_again(&Request::new("who"))?;
    value::read("who", &answer.value)
}

fn json(daemon: &mut Daemon, delay: Span, iterations: u64) -> Result<(), ControlError> {
    for done in 1.. {
        let answer = daemon.ask_again(&Request::new("who"))?;
        show::print(&show::document(&answer.value))?;
        if done >= iterations {
            break;
        }
        thread::sleep(Duration::from_secs(delay.0.max(1)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::show::text::width;

    fn state() -> State {
        State::new(Span(2))
    }

    #[test]
    fn keys_change_what_is_shown() {
        let mut state = state();
        assert_eq!(state.key(Key::Letter('t')), Next::Draw);
        assert_eq!(state.mode, Mode::Speed);
        assert_eq!(state.key(Key::Letter('q')), Next::Quit);
        assert_eq!(state.key(Key::Letter(' ')), Next::Refresh);
        state.key(Key::Letter('d'));
        for key in [Key::Letter('1'), Key::Letter('q'), Key::Letter('7'), Key::Erase, Key::Letter('5')] {
            assert_eq!(state.key(key), Next::Draw);
        }
        assert_eq!((state.key(Key::Enter), state.delay), (Next::Refresh, Span(15)));
        state.key(Key::Letter('d'));
        assert_eq!((state.key(Key::Enter), state.delay), (Next::Refresh, Span(15)));
        state.key(Key::Letter('d'));
        assert_eq!((state.key(Key::End), state.key(Key::Down)), (Next::Quit, Next::Draw));
    }

    #[test]
    fn lines_fit_the_terminal_and_can_be_moved() {
        let sessions: Vec<_> = (0..50).map(|id| json!({"id": id, "user": "u", "state": "idle"})).collect();
        let who: Who = value::read("who", &json!({"started": 0, "version": "1\u{1b}", "sessions": sessions})).unwrap();
        let view = View { filter: Filter::default(), delay: Span(2), iterations: None, title: None, batch: false };
        let mut state = state();
        let page = Page { width: Some(40), colour: false };
        let lines = view.lines(&mut state, &Ok(who.clone()), page, 10);
        assert_eq!(lines.len(), 10);
        assert!(lines.iter().all(|line| width(line) <= 40 && !line.contains('\x1b')), "{lines:?}");
        assert!(lines[3].starts_with("ID") && lines[4].starts_with(" 0"), "{lines:?}");
        state.offset = 1000;
        let lines = view.lines(&mut state, &Ok(who), page, 10);
        assert!(lines[3].starts_with("ID") && lines[9].starts_with("49"), "{lines:?}");
        let lines = view.lines(&mut state, &Err("gone\nreally".to_owned()), page, 10);
        assert_eq!(lines, ["gone", "really", "", "q quits"]);
    }
}
