//! Runs cargo to build the daemon, and reads what it built.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::Error;
use crate::features::{Choice, Table};
use crate::layout::Layout;

/// The package whose features choose the modules.
const PACKAGE: &str = "gantry";

/// The result of a build.
#[derive(Debug, Default)]
pub struct Built {
    /// Executables by name.
    pub executables: BTreeMap<String, PathBuf>,
    /// Shared objects of modules, by module name.
    pub modules: BTreeMap<String, PathBuf>,
}

/// Options of a build.
pub struct Order<'a> {
    /// Cargo's profile.
    pub profile: &'a str,
    /// The features.
    pub choice: &'a Choice,
    /// Cargo's folder, if not the default.
    pub target_dir: Option<&'a Path>,
    /// The paths to compile in.
    pub layout: &'a Layout,
}

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The package's features.
pub fn features() -> Result<Table, Error> {
    let mut cargo = cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).stderr(Stdio::inherit());
    let output = cargo.output().map_err(|source| Error::Start { program: "cargo".to_owned(), source })?;
    if !output.status.success() {
        return Err(Error::Program { program: "cargo metadata".to_owned() });
    }
    let not_understood = |detail: String| Error::Answer { program: "cargo metadata".to_owned(), detail };
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| not_understood(error.to_string()))?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages.find(|package| package["name"] == PACKAGE);
    let package =
        package.ok_or_else(|| not_understood(format!("no package {PACKAGE} in {}", workspace().display())))?;
    serde_json::from_value(package["features"].clone()).map_err(|error| not_understood(error.to_string()))
}

/// Builds the package's executables and, with them, the modules.
pub fn build(order: &Order<'_>) -> Result<Built, Error> {
    let mut cargo = cargo();
    cargo.args(["build", "--package", PACKAGE, "--bins", "--message-format", "json-render-diagnostics"]);
    cargo.args(["--profile", order.profile]).args(order.choice.options()).envs(order.layout.built_in());
    if let Some(folder) = order.target_dir {
        cargo.arg("--target-dir").arg(folder);
    }
    let start = |source| Error::Start { program: "cargo".to_owned(), source };
    let mut running = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(start)?;
    let mut built = Built::default();
    for line in running.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let line = line.map_err(start)?;
        // A build script's own output is not a message.
        if let Ok(message) = serde_json::from_str(&line) {
            built.take(&message);
        }
    }
    if !running.wait().map_err(start)?.success() {
        return Err(Error::Program { program: "cargo build".to_owned() });
    }
    Ok(built)
}

impl Built {
    /// Adds the files of one message.
    fn take(&mut self, message: &Value) {
        if message["reason"] != "compiler-artifact" {
            return;
        }
        let (target, Some(name)) = (&message["target"], message["target"]["name"].as_str()) else { return };
        if let Some(path) = message["executable"].as_str() {
            self.executables.insert(name.to_owned(), path.into());
        }
        let kinds = target["kind"].as_array().into_iter().flatten();
        if !name.starts_with("mod_") || !kinds.into_iter().any(|kind| kind == "cdylib") {
            return;
        }
        let mut files = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if let Some(path) = files.find(|path| path.ends_with(".so")) {
            self.modules.insert(name.to_owned(), path.into());
        }
    }
}

fn cargo() -> Command {
    // Cargo sets CARGO for the programs that it runs; use the same cargo.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut cargo = Command::new(program);
    cargo.current_dir(workspace());
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_and_modules_are_taken_from_the_messages() {
        let mut built = Built::default();
        let messages = [
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"gantryd"},"filenames":["/t/gantryd"],"executable":"/t/gantryd"}"#,
            r#"{"reason":"compiler-artifact","target":{"kind":["rlib","cdylib"],"name":"mod_sql"},
                "filenames":["/t/deps/libmod_sql.rlib","/t/deps/libmod_sql.so"],"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"mod_ls"},"filenames":["/t/deps/libmod_ls.rlib"],"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"kind":["proc-macro"],"name":"serde_derive"},"filenames":["/t/deps/libserde_derive.so"]}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ];
        for message in messages {
            built.take(&serde_json::from_str(message).unwrap());
        }
        assert_eq!(built.executables["gantryd"], Path::new("/t/gantryd"));
        assert_eq!(built.executables.len(), 1);
        assert_eq!(built.modules["mod_sql"], Path::new("/t/deps/libmod_sql.so"));
        assert_eq!(built.modules.len(), 1);
    }

    #[test]
    fn the_workspace_has_the_package_and_its_groups() {
        let table = features().unwrap();
        let choice = Choice { features: vec!["shared-all".to_owned()], ..Choice::default() };
        assert!(choice.shared_modules(&table).contains("mod_sql"));
    }
}
