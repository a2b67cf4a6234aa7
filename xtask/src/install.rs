//! `xtask install`: builds Gantry and installs it under a prefix.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::{self, Built, Order};
use crate::completions;
use crate::error::Error;
use crate::features::Choice;
use crate::kit;
use crate::layout::Layout;
use crate::place::{self, Symbols};

/// The configuration of a new installation.
const SAMPLE: &str = include_str!("../files/gantry.conf.sample");
/// The systemd unit.
const SERVICE: &str = include_str!("../files/gantryd.service");

/// Folders, the program in each, and ProFTPD's names for it.
const LINKS: [(&str, &str, &str); 2] = [
    ("bin", "gantry", "ftpasswd ftpcount ftpdctl ftpquota ftpshut ftptop ftpwho prxs"),
    ("sbin", "gantryd", "proftpd"),
];

/// Builds Gantry and installs it under a prefix.
///
/// Installs PREFIX/sbin/gantryd and PREFIX/bin/gantry; the shared objects of all modules
/// with enabled shared- features in PREFIX/libexec; gantry.conf.sample in PREFIX/etc, and
/// gantry.conf if it does not exist; the systemd unit
/// PREFIX/lib/systemd/system/gantryd.service; and in PREFIX/share the documentation, the
/// manual pages, completions for bash, zsh and fish, and the module kit (unless there is
/// no loader: --no-default-features). Prints how to link the names of ProFTPD's commands.
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub struct Install {
    /// The prefix of the installation
    #[arg(long, value_name = "DIR")]
    prefix: PathBuf,
    /// The folder for modules [default: PREFIX/libexec]
    #[arg(long, value_name = "DIR")]
    libexecdir: Option<PathBuf>,
    /// The folder for the configuration [default: PREFIX/etc]
    #[arg(long, value_name = "DIR")]
    sysconfdir: Option<PathBuf>,
    /// Write all files below DIR, to be moved to their places later
    #[arg(long, value_name = "DIR")]
    destdir: Option<PathBuf>,
    /// Cargo's profile: release, dev, or your own
    #[arg(long, value_name = "PROFILE", default_value = "release")]
    profile: String,
    /// Remove symbols that are not needed at run time
    #[arg(long)]
    strip: bool,
    /// Cargo's output folder
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
    /// Do not install the module kit, which builds modules without a checkout
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
        // Cargo also builds a shared object for a module that is linked in.
        built.modules.retain(|name, _| shared.contains(name));
        if let Some(name) = shared.iter().find(|name| !built.modules.contains_key(*name)) {
            return Err(Error::Missing {
                what: format!("shared object for {name}, whose crate-type must include cdylib"),
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
        // The daemon comes last, so that its modules are there before it.
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

/// Writes the sample, and a configuration from it if there is none. An existing
/// configuration is never changed.
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

/// Prints how to link the names of ProFTPD's commands. The links are not created, because
/// an installed ProFTPD has these names.
fn links(layout: &Layout) {
    println!("If ProFTPD is not installed, you can link the names of its commands:");
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

/// Installs the documentation with the same layout as in the sources, so that its links
/// work, and the manual pages.
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
    fs::create_dir_all(folder).map_err(Error::file("create the folder", folder))
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
