//! `gantry insmod`, `swap` and `reload`: the commands that start a new generation of
//! the server. Each is all or nothing, and prints the daemon's notices.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::ValueHint;

use super::common::Common;
use super::connection::Request;
use super::error::ControlError;
use super::value::{self, ChangeReply};
use crate::show::text::visible_lines;
use crate::show::{self, text};

/// Adds a module to the running server: new sessions use it, running sessions do
/// not change. It survives reloads.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Insmod {
    /// The module's name, such as mod_x or mod_x.c
    module: String,
    /// The module's file [default: the one that LoadModule would find]
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// A directive for the module, written as in a configuration; may be repeated
    #[arg(short, long = "directive", value_name = "'NAME WORDS'")]
    directive: Vec<String>,
    /// A file with directives; - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    directives: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

const EXAMPLES: &str = "\
Examples:
  gantry insmod mod_greet -d 'GreetMessage \"Welcome\"'
  gantry insmod mod_sql ./target/release/libmod_sql.so --directives sql.conf

If the module or its directives have an error, nothing changes.";

/// Loads a new file of a module next to the running one. If everything works, new
/// sessions use it, and the old one retires when its sessions have ended. Otherwise
/// nothing changes.
#[derive(clap::Args, Debug)]
pub struct Swap {
    /// The module's name, such as mod_x or mod_x.c
    module: String,
    /// The new file, used until the next swap without a file [default: the file that
    /// LoadModule finds or that insmod named, read again]
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Reloads the configuration and all module files, like SIGHUP, and waits for the
/// result. If there is an error anywhere, nothing changes.
#[derive(clap::Args, Debug)]
pub struct Reload {
    /// End the sessions that use a former configuration, each after its command. Until then
    /// they keep rights that the new one takes away
    #[arg(long)]
    end_old: bool,
    /// With --end-old: at once, transfers included
    #[arg(long, requires = "end_old")]
    now: bool,
    #[command(flatten)]
    common: Common,
}

impl Insmod {
    pub fn run(&self) -> Result<(), ControlError> {
        let request = Request { input: self.input()?, ..request("insmod", &self.module, self.file.as_deref())? };
        changed(&self.common, &request)
    }

    /// All directives, one per line.
    fn input(&self) -> Result<Option<String>, ControlError> {
        let mut lines: Vec<String> = self.directive.clone();
        if let Some(file) = &self.directives {
            lines.push(read(file).map_err(|error| ControlError::Input(file.clone(), error))?);
        }
        Ok((!lines.is_empty()).then(|| lines.join("\n") + "\n"))
    }
}

impl Swap {
    pub fn run(&self) -> Result<(), ControlError> {
        changed(&self.common, &request("swap", &self.module, self.file.as_deref())?)
    }
}

impl Reload {
    pub fn run(&self) -> Result<(), ControlError> {
        changed(&self.common, &self.request())
    }

    fn request(&self) -> Request {
        let request = Request::new("reload");
        match (self.end_old, self.now) {
            (false, _) => request,
            (true, false) => request.word("end-old"),
            (true, true) => request.word("end-old").word("now"),
        }
    }
}

/// Makes a change and reports it; the daemon's notices go to standard error.
fn changed(common: &Common, request: &Request) -> Result<(), ControlError> {
    let answer = common.daemon()?.ask(request)?;
    if common.json {
        return Ok(show::print(&show::document(&answer.value))?);
    }
    let changed: ChangeReply = value::read(&request.action, &answer.value)?;
    for notice in changed.notices.iter().flatten() {
        eprintln!("gantry: note: {}", visible_lines(notice));
    }
    Ok(show::print(&told(&request.action, &changed))?)
}

fn told(action: &str, changed: &ChangeReply) -> String {
    let module = changed.module.as_deref().unwrap_or("the module");
    let what = match action {
        "insmod" => format!("{module} added"),
        "swap" => format!("{module} swapped"),
        _ => "configuration reloaded".to_owned(),
    };
    let since = changed.generation.map(|number| format!(": new sessions use generation {number}"));
    format!("{}{}\n", text::visible(&what), since.unwrap_or_default())
}

fn request(action: &str, module: &str, file: Option<&Path>) -> Result<Request, ControlError> {
    let request = Request::new(action).word(module);
    let Some(file) = file else { return Ok(request) };
    // The daemon has another working directory.
    let fault = |error| ControlError::Input(file.to_owned(), error);
    let path = std::path::absolute(file).map_err(fault)?;
    let path = path.to_str().ok_or_else(|| fault(io::Error::other("its path is not UTF-8")))?;
    Ok(request.word(path))
}

fn read(file: &Path) -> io::Result<String> {
    if file != Path::new("-") {
        return fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_of_both_kinds_go_along() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("more");
        fs::write(&file, "C 3\n").unwrap();
        let mut insmod = Insmod {
            module: "mod_x".to_owned(),
            file: None,
            directive: vec!["A 1".to_owned(), "B 2".to_owned()],
            directives: Some(file),
            common: Common::default(),
        };
        assert_eq!(insmod.input().unwrap().as_deref(), Some("A 1\nB 2\nC 3\n\n"));
        insmod.directives = Some(folder.path().join("none"));
        let error = insmod.input().unwrap_err();
        assert!(error.to_string().ends_with("none: No such file or directory"), "{error}");
        insmod.directives = None;
        insmod.directive.clear();
        assert_eq!(insmod.input().unwrap(), None);
    }

    #[test]
    fn a_file_is_named_as_the_daemon_will_find_it() {
        let made = request("swap", "mod_x", Some(Path::new("x.so"))).unwrap();
        let here = std::env::current_dir().unwrap().join("x.so");
        assert_eq!(made.arguments, ["mod_x", here.to_str().unwrap()]);
    }

    #[test]
    fn what_was_done_is_told() {
        let changed =
            ChangeReply { module: Some("mod_x\u{1b}".to_owned()), generation: Some(4), ..ChangeReply::default() };
        assert_eq!(told("insmod", &changed), "mod_x\\x1b added: new sessions use generation 4\n");
        assert_eq!(told("reload", &ChangeReply::default()), "configuration reloaded\n");
    }
}
