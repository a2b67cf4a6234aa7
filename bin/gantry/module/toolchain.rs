//! The compiler and cargo that build a module: checks that they are the daemon's,
//! runs them, and recognizes missing crates.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use super::error::KitError;
use super::kit::{Daemon, Kit};
use super::packages::Packages;

/// Options for cargo.
#[derive(clap::Args, Debug)]
pub struct CargoOptions {
    /// Cargo's profile
    #[arg(long, value_name = "PROFILE", default_value = "release")]
    profile: String,
    /// Do not use the network: crates must be in cargo's cache or vendored
    #[arg(long)]
    offline: bool,
    /// Do not change Cargo.lock: it must exist and be up to date
    #[arg(long)]
    locked: bool,
}

/// The programs that build a module, checked to be the daemon's versions.
#[derive(Debug)]
pub struct Toolchain {
    folder: PathBuf,
    lock: PathBuf,
    flags: Vec<String>,
    release: String,
}

impl Toolchain {
    /// The toolchain in use in a folder.
    ///
    /// # Errors
    /// There is none, or it is not the one that built the daemon.
    pub fn in_folder(folder: &Path, kit: &Kit, daemon: &Daemon) -> Result<Self, KitError> {
        let toolchain = Self {
            folder: folder.to_owned(),
            lock: kit.folder.join("Cargo.lock"),
            flags: flags(daemon.stamp.field("flags")),
            release: daemon.release().to_owned(),
        };
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut asked = Command::new(&rustc);
        let output = asked.arg("-vV").current_dir(folder).stderr(Stdio::inherit()).output();
        let output = output.map_err(|source| toolchain.no_start(&rustc, source))?;
        if !output.status.success() {
            return Err(KitError::Compiler {
                found: "(unknown)".to_owned(),
                needed: daemon.stamp.field("rustc").to_owned(),
                release: toolchain.release,
                folder: toolchain.folder,
            });
        }
        let found = identity(&String::from_utf8_lossy(&output.stdout));
        let needed = daemon.stamp.field("rustc");
        if found != needed {
            return Err(KitError::Compiler {
                found,
                needed: needed.to_owned(),
                release: toolchain.release,
                folder: toolchain.folder,
            });
        }
        Ok(toolchain)
    }

    /// Cargo's metadata of a workspace's packages, without dependencies.
    pub fn metadata(&self, manifest: &Path) -> Result<Value, KitError> {
        let mut cargo = self.cargo();
        cargo.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
        let output =
            cargo.stderr(Stdio::inherit()).output().map_err(|source| self.no_start(&cargo_program(), source))?;
        if !output.status.success() {
            return Err(KitError::Program { program: "cargo metadata".to_owned() });
        }
        let detail = |error: serde_json::Error| KitError::Answer {
            program: "cargo metadata".to_owned(),
            detail: error.to_string(),
        };
        serde_json::from_slice(&output.stdout).map_err(detail)
    }

    /// Builds modules and returns the shared object of each.
    pub fn build(
        &self,
        modules: &Packages,
        options: &CargoOptions,
        more: &[OsString],
    ) -> Result<BTreeMap<String, PathBuf>, KitError> {
        let mut cargo = self.command("build", modules, options);
        cargo.args(["--lib", "--message-format", "json-render-diagnostics"]).args(more);
        let mut built = BTreeMap::new();
        self.run(&mut cargo, options, "cargo build", |out| {
            for line in BufReader::new(out).lines() {
                // A build script's own output is not a message.
                let Ok(line) = line else { break };
                let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
                built.extend(shared_object(&message));
            }
        })?;
        Ok(built)
    }

    /// Runs the tests of modules, including the ignored ones that need a server.
    pub fn test(
        &self,
        modules: &Packages,
        options: &CargoOptions,
        more: &[OsString],
        environment: &[(&str, OsString)],
    ) -> Result<(), KitError> {
        let mut cargo = self.command("test", modules, options);
        cargo.envs(environment.iter().map(|(name, value)| (name, value)));
        cargo.args(["--", "--include-ignored"]).args(more);
        self.run(&mut cargo, options, "cargo test", |out| {
            let _ = std::io::copy(out, &mut std::io::stdout());
        })
    }

    fn command(&self, what: &str, modules: &Packages, options: &CargoOptions) -> Command {
        let mut cargo = self.cargo();
        cargo.args([what, "--profile", &options.profile, "--manifest-path"]).arg(self.folder.join("Cargo.toml"));
        cargo.args(modules.names.iter().flat_map(|module| ["--package", module]));
        // In the environment, so that it does not conflict with the user's --target-dir.
        cargo.env("CARGO_TARGET_DIR", &modules.target);
        cargo.envs(modules.intermediate.iter().map(|folder| ("CARGO_BUILD_BUILD_DIR", folder)));
        cargo.args(options.offline.then_some("--offline")).args(options.locked.then_some("--locked"));
        if std::io::stderr().is_terminal() {
            cargo.args(["--color", "always"]);
        }
        if !self.flags.is_empty() {
            cargo.env("CARGO_ENCODED_RUSTFLAGS", self.all_flags().join("\x1f"));
        }
        cargo
    }

    fn cargo(&self) -> Command {
        let mut cargo = Command::new(cargo_program());
        cargo.current_dir(&self.folder).stdin(Stdio::null());
        cargo
    }

    /// Runs cargo and passes its messages on; they show whether crates were missing.
    fn run(
        &self,
        cargo: &mut Command,
        options: &CargoOptions,
        program: &str,
        read: impl FnOnce(&mut dyn Read),
    ) -> Result<(), KitError> {
        let piped = cargo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut running = piped.map_err(|source| self.no_start(&cargo_program(), source))?;
        let words = running.stderr.take().map(|words| thread::spawn(move || pass_on(words)));
        if let Some(mut out) = running.stdout.take() {
            read(&mut out);
        }
        let ended = running.wait().map_err(|source| self.no_start(&cargo_program(), source))?;
        let words = words.and_then(|words| words.join().ok()).unwrap_or_default();
        match ended.success() {
            true => Ok(()),
            false if lacks_crates(&words) => Err(KitError::Crates {
                offline: options.offline || env::var_os("CARGO_NET_OFFLINE").is_some_and(|value| value == "true"),
                manifest: self.folder.join("Cargo.toml"),
                lock: self.lock.clone(),
            }),
            false => Err(KitError::Program { program: program.to_owned() }),
        }
    }

    /// The user's flags, and the daemon's relevant flags.
    fn all_flags(&self) -> Vec<String> {
        let given = match env::var("CARGO_ENCODED_RUSTFLAGS") {
            Ok(encoded) => encoded.split('\x1f').filter(|flag| !flag.is_empty()).map(str::to_owned).collect(),
            Err(_) => {
                env::var("RUSTFLAGS").unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
            }
        };
        // The stamp counts a repeated flag once.
        given.into_iter().chain(self.flags.iter().cloned()).collect()
    }

    fn no_start(&self, program: &OsString, source: std::io::Error) -> KitError {
        KitError::Start { program: program.to_string_lossy().into_owned(), wanted: self.release.clone(), source }
    }
}

fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Release, commit and host, as the stamp has them.
fn identity(version: &str) -> String {
    let field =
        |name: &str| version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or("unknown");
    format!("{} {} {}", field("release"), field("commit-hash"), field("host"))
}

/// Splits a stamp's flags. A value may contain spaces, but no word of it starts with
/// a hyphen.
fn flags(stamped: &str) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    for word in stamped.split(' ').filter(|word| !word.is_empty()) {
        match flags.last_mut() {
            Some(last) if !word.starts_with('-') => {
                last.push(' ');
                last.push_str(word);
            }
            _ => flags.push(word.to_owned()),
        }
    }
    flags
}

fn shared_object(message: &Value) -> Option<(String, PathBuf)> {
    let target = &message["target"];
    let shared = target["kind"].as_array()?.iter().any(|kind| kind == "cdylib");
    let file = message["filenames"].as_array()?.iter().filter_map(Value::as_str).find(|file| file.ends_with(".so"))?;
    (shared && message["reason"] == "compiler-artifact")
        .then(|| Some((target["name"].as_str()?.to_owned(), file.into())))?
}

fn pass_on(mut words: impl Read) -> String {
    let (mut all, mut some) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = words.read(&mut some) {
        let _ = std::io::stderr().write_all(&some[..count]);
        all.extend_from_slice(&some[..count]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn lacks_crates(words: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "you're using offline mode",
        "you may wish to retry without the offline flag",
        "you can retry without the offline flag",
        "--offline was specified",
        "without the offline flag",
        "failed to download",
        "Could not resolve host",
        "Could not connect to server",
    ];
    SIGNS.iter().any(|sign| words.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamps_flags_are_split_as_they_were() {
        assert!(flags("").is_empty());
        assert_eq!(
            flags("--cfg=feature=\"a b\" -Ctarget-feature=+avx"),
            ["--cfg=feature=\"a b\"", "-Ctarget-feature=+avx"]
        );
    }

    #[test]
    fn a_compiler_is_identified_by_release_commit_and_host() {
        let version = "rustc 1.95.0 (abc 2026-01-01)\nbinary: rustc\ncommit-hash: abc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(identity(version), "1.95.0 abc x86_64-unknown-linux-gnu");
    }
}
