//! `prxs`: builds and installs modules with `gantry module build` and `install`. A
//! module is a folder with a crate, not a C file: `mod_x.c` means the folder mod_x, or
//! the current folder if it contains that crate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

use super::options::{Item, Options};
use crate::arguments::{self, Arguments};
use crate::show;
use crate::show::text::visible;

const USAGE: &str = "\
usage: prxs <action> <opts> <modules>

Actions:

 -c, --compile          Builds the listed modules with gantry module build.

 -i, --install          Installs built modules into the directory where gantryd
                        expects to find loadable modules, with gantry module install.

 -d, --clean            Removes what cargo built in the modules' folders.

Options:

 -h, --help             Displays this message.

 -n, --name             The name of the module, if none is listed.

List a module as the folder of its crate, or as mod_x.c for the folder mod_x.
-D, -I, -L and -l are options for C and are refused: the crate declares what it links.
Give one or more actions.
";

const OPTIONS: Options = Options {
    letters: "cidhn:D:I:L:l:",
    names: &[("compile", 'c'), ("install", 'i'), ("clean", 'd'), ("help", 'h'), ("name", 'n')],
    stops: false,
};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Prxs {
    compile: bool,
    install: bool,
    clean: bool,
    modules: Vec<String>,
}

/// Runs the command line.
pub fn run(words: &[String]) -> ExitCode {
    let prxs = match parsed(&OPTIONS.items(words)) {
        Ok(Some(prxs)) => prxs,
        Ok(None) => {
            let _ = show::print(USAGE);
            return ExitCode::SUCCESS;
        }
        Err(fault) => {
            eprint!("prxs: {}\n{USAGE}", visible(&fault));
            return ExitCode::FAILURE;
        }
    };
    for module in &prxs.modules {
        let done = place(Path::new("."), module).and_then(|place| prxs.act(&place));
        if let Err(fault) = done {
            if !fault.is_empty() {
                eprintln!("prxs: {}", visible(&fault));
            }
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Reads a command line; `None` if it asks for the usage.
fn parsed(items: &[Item]) -> Result<Option<Prxs>, String> {
    let (mut prxs, mut name) = (Prxs::default(), None);
    for item in items {
        match item {
            Item::Flag('c') => prxs.compile = true,
            Item::Flag('i') => prxs.install = true,
            Item::Flag('d') => prxs.clean = true,
            Item::Flag(_) => return Ok(None),
            Item::Value('n', module) => name = Some(module.clone()),
            Item::Value(option, _) => {
                return Err(format!("-{option} is for C: declare what the crate links in its build script"));
            }
            Item::Unknown(option) => return Err(format!("unknown option: {option}")),
            Item::Word(word) => prxs.modules.push(word.clone()),
        }
    }
    if prxs.modules.is_empty() {
        prxs.modules.extend(name.map(|name| if name.starts_with("mod_") { name } else { format!("mod_{name}") }));
    }
    match () {
        () if !(prxs.compile || prxs.install || prxs.clean) => Err("missing required action".to_owned()),
        () if prxs.modules.is_empty() => Err("missing required modules".to_owned()),
        () => Ok(Some(prxs)),
    }
}

/// The place of a module: a folder with a crate, or a shared object.
fn place(here: &Path, module: &str) -> Result<PathBuf, String> {
    let given = here.join(module);
    if given.join("Cargo.toml").is_file() || (module.ends_with(".so") && given.is_file()) {
        return Ok(given);
    }
    let name = module.trim_end_matches(".c").trim_end_matches(".la");
    let folder = here.join(name);
    if folder.join("Cargo.toml").is_file() {
        return Ok(folder);
    }
    let manifest = fs::read_to_string(here.join("Cargo.toml")).unwrap_or_default();
    let is_named = |line: &str| line.replace([' ', '\''], "").replace('"', "") == format!("name={name}");
    if manifest.lines().any(is_named) {
        return Ok(here.to_owned());
    }
    Err(match given.is_file() {
        true => format!("{module} is C source code, but a module is a crate; to write one: gantry module new {name}"),
        false => format!("module {module} not found: it is neither a folder with a crate nor a shared object"),
    })
}

impl Prxs {
    /// Builds, installs, cleans. An empty error has already been printed.
    fn act(&self, place: &Path) -> Result<(), String> {
        let of_kit = |step: &str| {
            let words = ["gantry".as_ref(), "module".as_ref(), step.as_ref(), place.as_os_str()];
            let Ok(Arguments { command: arguments::Command::Module(command) }) = Arguments::try_parse_from(words)
            else {
                return Err("this build has no loader (feature dso), and so no module kit".to_owned());
            };
            if command.run() == ExitCode::SUCCESS { Ok(()) } else { Err(String::new()) }
        };
        if self.compile && place.is_dir() {
            of_kit("build")?;
        }
        if self.install {
            of_kit("install")?;
        }
        if self.clean && place.is_dir() {
            let manifest = place.join("Cargo.toml");
            let status = Command::new("cargo").args(["clean", "--quiet", "--manifest-path"]).arg(manifest).status();
            return match status {
                Ok(status) if status.success() => Ok(()),
                Ok(_) => Err(String::new()),
                Err(error) => Err(format!("cannot run cargo: {error}")),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Prxs>, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parsed(&OPTIONS.items(&words))
    }

    #[test]
    fn the_options_are_the_manuals() {
        let all = Prxs { compile: true, install: true, clean: true, modules: vec!["mod_custom.c".to_owned()] };
        assert_eq!(parse("-c -i -d mod_custom.c"), Ok(Some(all)));
        assert_eq!(parse("--compile -n custom").unwrap().unwrap().modules, ["mod_custom"]);
        assert_eq!(parse("-h"), Ok(None));
        for (line, words) in [
            ("mod_custom.c", "action"),
            ("-c", "modules"),
            ("-c -I /usr/include mod_x.c", "-I is for C"),
            ("-x", "unknown option: x"),
        ] {
            assert!(parse(line).unwrap_err().contains(words), "{line}");
        }
    }

    #[test]
    fn a_module_is_a_folder_with_a_crate() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let found = |module: &str| place(here, module).map(|found| found.strip_prefix(here).unwrap().to_owned());
        fs::create_dir(here.join("mod_a")).unwrap();
        fs::write(here.join("mod_a/Cargo.toml"), "").unwrap();
        fs::write(here.join("mod_c.c"), "").unwrap();
        fs::write(here.join("mod_s.so"), "").unwrap();
        fs::write(here.join("Cargo.toml"), "[package]\nname = \"mod_here\"\n").unwrap();
        assert_eq!(found("mod_a.c"), Ok("mod_a".into()));
        assert_eq!(found("mod_a"), Ok("mod_a".into()));
        assert_eq!(found("mod_here.c"), Ok("".into()));
        assert_eq!(found("mod_s.so"), Ok("mod_s.so".into()));
        assert!(found("mod_c.c").unwrap_err().contains("gantry module new mod_c"));
        assert!(found("mod_none").unwrap_err().contains("not found"));
    }
}
