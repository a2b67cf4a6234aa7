//! ExtendedLog: the open logs, and what is written to them.

use std::collections::HashMap;

use gantry_api::prelude::*;
use gantry_api::variable::Variable;
use gantry_api::{LogOutput, ServerId};
use gantry_format::{ClassSet, Dialect, Template, distinct};
use jiff::tz::TimeZone;

use crate::settings::{COMMON, DEFAULT, ExtendedLine, Format, Settings};

/// The open logs, and the formats of their lines.
#[derive(Default)]
pub(crate) struct ExtendedLogs {
    /// By their targets as written.
    open: HashMap<String, LogOutput>,
    formats: HashMap<String, Template>,
    /// The classes of all lines.
    classes: Vec<ClassSet>,
    /// For each server, how many of the lists of lines belong to it and not to a section in it.
    of_servers: HashMap<ServerId, usize>,
}

/// Memory for a session's lines, which is used again.
#[derive(Default)]
pub(crate) struct Draft(pub(crate) Vec<u8>);

impl ExtendedLogs {
    /// Reads the formats; if two have the same name, the first one counts.
    ///
    /// # Errors
    /// The configuration's: a format names a variable of a module that is not there.
    pub(crate) fn new(formats: impl Iterator<Item = Format>, variables: &[Variable]) -> Result<Self> {
        let dialect = Dialect::log(TimeZone::system());
        let mut logs = Self::default();
        let common = Format { name: DEFAULT.to_owned(), text: COMMON.to_owned() };
        for format in [common].into_iter().chain(formats) {
            if logs.formats.contains_key(&format.name) {
                continue;
            }
            let fault =
                |fault: &dyn std::fmt::Display| Error::configuration(format!("LogFormat {}: {fault}", format.name));
            let mut template = Template::parse(&format.text, &dialect).map_err(|error| fault(&error))?;
            template.resolve(variables).map_err(|error| fault(&error))?;
            logs.formats.insert(format.name.clone(), template);
        }
        Ok(logs)
    }

    /// Opens the logs of a scope. A server's own scope comes before those of its sections.
    ///
    /// # Errors
    /// The configuration's: a log cannot be used, or there is no such format.
    pub(crate) fn open(&mut self, server: ServerId, settings: &Settings) -> Result<()> {
        let of_server = *self.of_servers.entry(server).or_insert(settings.extended.len());
        settings.logs(of_server).try_for_each(|line| self.open_line(line, settings.follow_links))
    }

    fn open_line(&mut self, line: &ExtendedLine, follow_links: bool) -> Result<()> {
        if !self.formats.contains_key(&line.format) {
            let names: Vec<String> = self.formats.keys().cloned().collect();
            let mut fault = format!("ExtendedLog {}: there is no LogFormat '{}'", line.target, line.format);
            if let [first, ..] = gantry_api::nearest(&line.format, &names).as_slice() {
                fault.push_str(&format!("; did you mean {first}?"));
            }
            return Err(Error::configuration(fault));
        }
        if !self.classes.contains(&line.classes.0) {
            self.classes.push(line.classes.0.clone());
        }
        if !line.is_written() || self.open.contains_key(&line.target) {
            return Ok(());
        }
        let output = log::open(&line.log_target(follow_links));
        let output = output.map_err(|error| error.context("ExtendedLog"))?;
        self.open.insert(line.target.clone(), output);
        Ok(())
    }

    /// The hooks that the logs need.
    pub(crate) fn hooks(&self) -> Vec<Hook> {
        distinct(self.classes.iter().flat_map(ClassSet::hooks))
    }

    /// Writes the lines for a hook.
    pub(crate) fn write(&self, at: &mut Moment<'_>) {
        let settings = at.settings::<Settings>();
        let (verb, phase) = (at.command.verb, at.phase);
        let classes = at.world.command(verb).map_or(CommandClasses::none(), |info| info.classes);
        let of_server = self.of_servers.get(&at.session.server).copied().unwrap_or_default();
        for line in settings.logs(of_server).filter(|line| line.classes.0.matches(verb, classes, phase)) {
            let (Some(output), Some(format)) = (self.open.get(&line.target), self.formats.get(&line.format)) else {
                continue;
            };
            let mut draft = std::mem::take(&mut at.state.of::<Draft>().0);
            draft.clear();
            format.render_line(&at.subject(std::time::SystemTime::now()), &mut draft);
            output.write(&draft);
            at.state.of::<Draft>().0 = draft;
        }
    }
}
