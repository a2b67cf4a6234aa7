//! Builds the servers to compare: `gantryd` from the tree's sources with many copies of mod_probe
//! linked in, and the same with shared objects. A module has its package's name, so each copy is a
//! package. The packages, and a manifest for the daemon that links them, are in a workspace that is
//! rewritten each time.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result, output};

/// The servers: the name, the daemon's features, and its shared objects.
const PREFIXES: [(&str, &str, Objects); 5] = [
    ("linked", "static-mod_greet,all-probes", Objects::None),
    ("linked-one", "static-mod_greet", Objects::None),
    ("loaded", "", Objects::Probes),
    ("sql-linked", "static-sql", Objects::None),
    ("sql-loaded", "shared-sql", Objects::Sql),
];

#[derive(Clone, Copy, PartialEq)]
enum Objects {
    None,
    Probes,
    Sql,
}

/// Builds them as `FOLDER/PROFILE/NAME/sbin/gantryd` and `.../libexec/mod_*.so`.
pub fn run(profile: &str, modules: usize, folder: &Path) -> Result<()> {
    let tree = Tree::new(modules, &folder.join("work"))?;
    tree.write()?;
    for (name, features, objects) in PREFIXES {
        let prefix = folder.join(profile).join(name);
        tree.build(profile, features, objects)?;
        let _ = fs::remove_dir_all(&prefix);
        place(&tree.built(profile).join("gantryd"), &prefix.join("sbin/gantryd"))?;
        let objects = match objects {
            Objects::None => Vec::new(),
            Objects::Probes => tree.probes().map(|probe| (probe.clone(), format!("lib{probe}.so"))).collect(),
            Objects::Sql => {
                ["mod_sql", "mod_sql_sqlite"].map(|sql| (sql.to_owned(), format!("deps/lib{sql}.so"))).into()
            }
        };
        for (module, built) in objects {
            place(&tree.built(profile).join(built), &prefix.join(format!("libexec/{module}.so")))?;
        }
        println!("{}", prefix.display());
    }
    Ok(())
}

struct Tree {
    modules: usize,
    root: PathBuf,
    work: PathBuf,
    target: PathBuf,
}

impl Tree {
    fn new(modules: usize, work: &Path) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        fs::create_dir_all(work)?;
        let work = work.canonicalize()?;
        // Not the tree's target folder: cdylib files have no hash in their names, and cargo does
        // not notice if another workspace overwrites them.
        let target = work.join("target");
        Ok(Self { modules, root, work, target })
    }

    fn probes(&self) -> impl Iterator<Item = String> + use<> {
        (1..=self.modules).map(|number| format!("mod_probe_{number:02}"))
    }

    fn write(&self) -> Result<()> {
        write(&self.work.join("Cargo.toml"), &self.manifest()?)?;
        let locked = fs::read_to_string(self.root.join("Cargo.lock"))?;
        // Cargo adds our packages itself; the rest is as in the tree.
        let (ours, copied) = (self.work.join("Cargo.lock"), self.work.join("Cargo.lock.copied"));
        if !ours.exists() || !fs::read_to_string(&copied).is_ok_and(|copied| copied == locked) {
            write(&ours, &locked)?;
        }
        write(&copied, &locked)?;
        for probe in self.probes() {
            write(&self.work.join(&probe).join("Cargo.toml"), &self.probe_manifest(&probe))?;
        }
        write(&self.work.join("probes/Cargo.toml"), &self.probes_manifest())?;
        let lines = self.probes().enumerate().map(|(at, probe)| {
            let condition = if at == 0 { "" } else { "#[cfg(feature = \"all\")]\n" };
            format!("{condition}extern crate {probe} as _;\n")
        });
        write(&self.work.join("probes/lib.rs"), &format!("//! Links the probes in.\n\n{}", lines.collect::<String>()))
    }

    /// The tree's own manifest with absolute paths. In it, mod_greet is the package that links the
    /// probes, since the daemon names that module in one line.
    fn manifest(&self) -> Result<String> {
        let path = self.root.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(Error::of(&path))?;
        let mut manifest = String::new();
        for line in text.lines() {
            let line = match line {
                line if line.starts_with("members = ") => r#"members = ["mod_probe_*", "probes"]"#.to_owned(),
                line if line.starts_with("mod_greet = ") => {
                    r#"mod_greet = { package = "probes", path = "probes", optional = true }"#.to_owned()
                }
                line if line.starts_with("default-run") => format!("build = \"{}/build.rs\"", self.root.display()),
                "[features]" => "[features]\nall-probes = [\"mod_greet/all\"]".to_owned(),
                line => line.replace("path = \"", &format!("path = \"{}/", self.root.display())),
            };
            manifest.push_str(&line);
            manifest.push('\n');
        }
        let expected = ["all-probes", "mod_probe_*", "package = \"probes\"", "build.rs"];
        match expected.iter().find(|part| !manifest.contains(**part)) {
            Some(part) => Err(Error::new(format!("{} has no place for '{part}'", path.display()))),
            None => Ok(manifest),
        }
    }

    fn probe_manifest(&self, name: &str) -> String {
        let root = self.root.display();
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT OR Apache-2.0\"\n\n\
             [lib]\npath = \"{root}/benches/mod_probe/src/lib.rs\"\ncrate-type = [\"rlib\", \"cdylib\"]\n\n\
             [dependencies]\ngantry-api.workspace = true\nserde.workspace = true\n"
        )
    }

    fn probes_manifest(&self) -> String {
        let dependencies: String = self
            .probes()
            .enumerate()
            .map(|(at, probe)| {
                let optional = if at == 0 { "" } else { ", optional = true" };
                format!("{probe} = {{ path = \"../{probe}\"{optional} }}\n")
            })
            .collect();
        let all: Vec<String> = self.probes().skip(1).map(|probe| format!("\"dep:{probe}\"")).collect();
        format!(
            "[package]\nname = \"probes\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
             [features]\nall = [{}]\n\n[dependencies]\n{dependencies}",
            all.join(", ")
        )
    }

    fn build(&self, profile: &str, features: &str, objects: Objects) -> Result<()> {
        let mut cargo = self.cargo(profile);
        cargo.args(["-p", "gantry", "--bin", "gantryd", "--features", features]);
        output(&mut cargo)?;
        if objects == Objects::Probes {
            let mut cargo = self.cargo(profile);
            cargo.args(self.probes().flat_map(|probe| ["-p".to_owned(), probe]));
            output(&mut cargo)?;
        }
        Ok(())
    }

    fn cargo(&self, profile: &str) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--quiet", "--profile", profile]).current_dir(&self.work);
        cargo.arg("--target-dir").arg(&self.target);
        cargo
    }

    fn built(&self, profile: &str) -> PathBuf {
        self.target.join(if profile == "dev" { "debug" } else { profile })
    }
}

/// Copies a built file, stripped as by `xtask install --strip`.
fn place(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(Error::of(folder))?;
    fs::copy(from, to).map_err(Error::of(from))?;
    output(Command::new("strip").arg("--strip-unneeded").arg(to)).map(|_| ())
}

/// Does not touch a file with the same contents, because cargo compares times.
fn write(path: &Path, text: &str) -> Result<()> {
    if fs::read(path).is_ok_and(|held| held == text.as_bytes()) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(Error::of(path))
}
