//! `xtask install`: builds Gantry, and lays it out under a prefix.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::{self, Built, Order};
use crate::completions;
use crate::error::Error;
use crate::features::Choice;
use crate::kit;
use crate::layout::Layout;
use crate::place::{self, Symbols};

/// The configuration that a new installation begins with.
const SAMPLE: &str = include_str!("../files/gantry.conf.sample");
/// What systemd is to know.
const SERVICE: &str = include_str!("../files/gantryd.service");

/// Folders, what is there, and ProFTPD's names for it.
const LINKS: [(&str, &str, &str); 2] =
    [("bin", "gantry", "ftpasswd ftpcount ftpdctl ftpshut ftptop ftpwho prxs"), ("sbin", "gantryd", "proftpd")];

/// Builds Gantry and lays it out under a prefix.
///
/// PREFIX/sbin/gantryd, PREFIX/bin/gantry, the shared objects of the modules
/// whose shared- features are enabled in PREFIX/libexec, PREFIX/etc with
/// gantry.conf.sample (and gantry.conf, if there is none), systemd's unit
/// PREFIX/lib/systemd/system/gantryd.service, PREFIX/share with documents, manual
/// pages, the completions of bash, zsh and fish, and the module kit (unless there is
/// no loader: --no-default-features). Tells which links may be made.
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Install {
    /// Where Gantry will be
    #[arg(long, value_name = "DIR")]
    prefix: PathBuf,
    /// Where its modules will be [default: PREFIX/libexec]
    #[arg(long, value_name = "DIR")]
    libexecdir: Option<PathBuf>,
    /// Where its configuration will be [default: PREFIX/etc]
    #[arg(long, value_name = "DIR")]
    sysconfdir: Option<PathBuf>,
    /// Puts all files below DIR, from where they are moved later on
    #[arg(long, value_name = "DIR")]
    destdir: Option<PathBuf>,
    /// Cargo's profile: release or dev, or one of your own
    #[arg(long, value_name = "PROFILE", default_value = "release")]
    profile: String,
    /// Removes symbols that nothing needs at run time
    #[arg(long)]
    strip: bool,
    /// Cargo's folder for what it builds
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
    /// Leaves out the module kit, with which modules are built without a checkout
    #[arg(long)]
    no_kit: bool,
    #[command(flatten)]
    choice: Choice,
}

impl Install {
    /// Builds and installs.
    pub fn run(&self) -> Result<(), Error> {
        let layout =
            Layout::new(&self.prefix, self.libexecdir.as_deref(), self.sysconfdir.as_deref(), self.destdir.as_deref())?;
        let target_dir =
            self.target_dir.as_deref().map(|folder| std::path::absolute(folder).map_err(Error::file("find", folder)));
        let target_dir = target_dir.transpose()?;
        let features = cargo::features()?;
        let shared = self.choice.shared_modules(&features);
        let order =
            Order { profile: &self.profile, choice: &self.choice, target_dir: target_dir.as_deref(), layout: &layout };
        let mut built = cargo::build(&order)?;
        // A module that is linked in has a shared object too: cargo builds both.
        built.modules.retain(|name, _| shared.contains(name));
        if let Some(name) = shared.iter().find(|name| !built.modules.contains_key(*name)) {
            return Err(Error::Missing {
                what: format!("shared object of {name}, which is to have crate-type cdylib"),
            });
        }
        self.programs(&layout, &built)?;
        configuration(&layout, &built)?;
        service(&layout)?;
        completions::install(&layout, &built, install_text)?;
        documents(&layout)?;
        if !self.no_kit && self.choice.enabled(&features).contains("dso") {
            kit::install(&layout.staged(&layout.prefix.join("share/gantry/kit")))?;
        }
        links(&layout);
        Ok(())
    }

    fn programs(&self, layout: &Layout, built: &Built) -> Result<(), Error> {
        let symbols = if self.strip { Symbols::Stripped } else { Symbols::Kept };
        // The daemon last: a module that it cannot load yet is there before it.
        for (name, from) in &built.modules {
            let to = layout.staged(&layout.libexec.join(format!("{name}.so")));
            place::module(from, &to, symbols)?;
            println!("{}", to.display());
        }
        make_folder(&layout.staged(&layout.libexec))?;
        for (folder, name) in [("bin", "gantry"), ("sbin", "gantryd")] {
            let from =
                built.executables.get(name).ok_or_else(|| Error::Missing { what: format!("executable {name}") })?;
            let to = layout.staged(&layout.prefix.join(folder).join(name));
            place::program(from, &to, symbols)?;
            println!("{}", to.display());
        }
        Ok(())
    }
}

/// The sample, and a configuration made from it where there is none: the
/// administrator's own is never touched.
fn configuration(layout: &Layout, built: &Built) -> Result<(), Error> {
    let sample = sample(layout, built);
    let folder = layout.staged(&layout.etc);
    install_text(sample.as_bytes(), &folder.join("gantry.conf.sample"))?;
    let configuration = folder.join("gantry.conf");
    if fs::symlink_metadata(&configuration).is_ok() {
        println!("{} (kept)", configuration.display());
        return Ok(());
    }
    install_text(sample.as_bytes(), &configuration)
}

/// Tells of the names of ProFTPD's that may be given to what is installed. They are
/// not made: a ProFTPD that is there has them.
fn links(layout: &Layout) {
    println!("Where ProFTPD is not installed, its names may be links:");
    for (folder, program, names) in LINKS {
        let folder = layout.staged(&layout.prefix.join(folder));
        println!("  cd {} && for name in {names}; do ln -s {program} $name; done", folder.display());
    }
}

fn service(layout: &Layout) -> Result<(), Error> {
    let text = SERVICE.replace("@PREFIX@", &layout.prefix.display().to_string());
    install_text(text.as_bytes(), &layout.staged(&layout.prefix.join("lib/systemd/system/gantryd.service")))
}

fn sample(layout: &Layout, built: &Built) -> String {
    let load = built.modules.keys().map(|name| format!("#LoadModule {name}.c\n"));
    let load = load.collect::<String>();
    let modules = if load.is_empty() { "# (No module was built as a shared object.)\n" } else { &load };
    SAMPLE.replace("@MODULES@\n", modules).replace("@SYSCONFDIR@", &layout.etc.display().to_string())
}

/// README and such, laid out as in the sources so that their links lead on, and
/// manual pages, as far as the sources have them.
fn documents(layout: &Layout) -> Result<(), Error> {
    let sources = cargo::workspace();
    let share = layout.prefix.join("share");
    let put = |name: &Path| copy_text(&sources.join(name), &layout.staged(&share.join("doc/gantry").join(name)));
    for name in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "core/README.md"] {
        put(Path::new(name))?;
    }
    for page in entries(&sources.join("docs")) {
        let ending = page.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if let (Some(name), "md" | "json") = (page.file_name(), ending) {
            put(&Path::new("docs").join(name))?;
        }
    }
    for plot in entries(&sources.join("docs/dispatch")) {
        if let Some(name) = plot.file_name() {
            put(&Path::new("docs/dispatch").join(name))?;
        }
    }
    for page in entries(&sources.join("docs/man")) {
        let section = page.extension().and_then(|section| section.to_str()).unwrap_or_default();
        if let (Some(name), "1" | "5" | "8") = (page.file_name(), section) {
            copy_text(&page, &layout.staged(&share.join(format!("man/man{section}")).join(name)))?;
        }
    }
    Ok(())
}

fn copy_text(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_file() {
        return Ok(());
    }
    install_text(&fs::read(from).map_err(Error::file("read", from))?, to)
}

fn install_text(text: &[u8], to: &Path) -> Result<(), Error> {
    place::text(text, to)?;
    println!("{}", to.display());
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::file("make the folder", folder))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_is_there_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path(), None, None, None).unwrap();
        let mut built = Built::default();
        built.modules.insert("mod_sql".to_owned(), PathBuf::new());
        configuration(&layout, &built).unwrap();
        let made = fs::read_to_string(layout.etc.join("gantry.conf")).unwrap();
        assert!(made.contains("\n#LoadModule mod_sql.c\n") && !made.contains('@'), "{made}");
        fs::write(layout.etc.join("gantry.conf"), "mine").unwrap();
        configuration(&layout, &Built::default()).unwrap();
        assert_eq!(fs::read_to_string(layout.etc.join("gantry.conf")).unwrap(), "mine");
        assert!(!fs::read_to_string(layout.etc.join("gantry.conf.sample")).unwrap().contains("mod_sql.c\n"));
    }
}
