//! mod_dso: the actions that add modules to the running daemon and remove them. The
//! server itself does the loading and handles LoadModule and related directives.

use std::path::Path;
use std::time::Duration;

use gantry_api::control::{Leave, Operation};
use gantry_api::prelude::*;

/// The module.
#[derive(Default)]
pub struct Dso;

module! { Dso }

directive! {
    /// Who may use the actions for modules: lsmod, insmod, rmmod, swap; see `ControlsACLs`.
    ModuleControlsACLs "actions|all allow|deny user|group list" in SERVER, inherits: append, parse: parse::control_acl
}

control! {
    /// Lists modules: active ones, those that only older sessions use, and those that failed.
    "lsmod" "" by ModuleControlsACLs;
    /// Adds a module to the running daemon; new sessions use it.
    "insmod" "module [file]" by ModuleControlsACLs;
    /// Removes a module: new sessions run without it; running sessions keep it, unless drain or now ends them.
    "rmmod" "module [drain seconds|now]" by ModuleControlsACLs;
    /// Replaces a module with a new file, for new sessions.
    "swap" "module [file]" by ModuleControlsACLs;
}

#[async_trait]
impl Module for Dso {
    async fn control(&self, request: &ControlRequest<'_>) -> Result<Answer> {
        match request.action {
            "lsmod" => list(request).await,
            "insmod" => insert(request).await,
            "rmmod" => remove(request).await,
            _ => swap(request).await,
        }
    }
}

async fn list(request: &ControlRequest<'_>) -> Result<Answer> {
    let value = request.daemon.operate(Operation::Modules).await?;
    let modules = value.entry("modules").map(Value::items).unwrap_or_default();
    let text = |module: &Value, key: &str| module.entry(key).and_then(Value::text).unwrap_or_default().to_owned();
    let mut lines = vec!["Loaded Modules:".to_owned()];
    lines.extend(modules.iter().map(|module| match text(module, "state").as_str() {
        "active" => format!("  {}.c", text(module, "name")),
        state => format!("  {}.c ({state})", text(module, "name")),
    }));
    Ok(Answer { lines, value })
}

/// The form `mod_x.c` of any spelling of a module's name.
fn shown(module: &str) -> String {
    format!("{}.c", module.strip_suffix(".c").or_else(|| module.strip_suffix(".so")).unwrap_or(module))
}

/// Parses `module [file]`.
fn module_and_file(words: &[&str]) -> Result<(String, Option<String>)> {
    let (module, file) = match words {
        [module] => (*module, None),
        [module, file] => (*module, Some((*file).to_owned())),
        [] => return usage("missing required parameters"),
        _ => return usage("wrong number of parameters"),
    };
    match &file {
        Some(file) if !Path::new(file).is_absolute() => usage(format!("'{file}' must be an absolute path")),
        _ => Ok((module.to_owned(), file)),
    }
}

async fn insert(request: &ControlRequest<'_>) -> Result<Answer> {
    let (module, file) = module_and_file(request.words)?;
    let line = format!("'{}' loaded", shown(&module));
    let (directives, failed) = (request.input.to_owned(), format!("error loading '{}'", shown(&module)));
    let done = request.daemon.operate(Operation::Insert { module, file, directives }).await;
    Ok(Answer::new(line, done.map_err(|error| error.context(failed))?))
}

async fn remove(request: &ControlRequest<'_>) -> Result<Answer> {
    let (module, leave) = match request.words {
        [module] => (*module, Leave::Stay),
        [module, "now"] => (*module, Leave::Now),
        [module, "drain", seconds] => match seconds.parse() {
            Ok(seconds) => (*module, Leave::Drain(Duration::from_secs(seconds))),
            Err(_) => return usage(format!("'{seconds}' is not a number of seconds")),
        },
        [] => return usage("missing required parameters"),
        _ => return usage("wrong parameters"),
    };
    if shown(module) == "mod_dso.c" {
        return Err(Error::system("mod_dso provides rmmod and insmod, so it could not be added again"));
    }
    let mut lines = vec![format!("'{}' unloaded", shown(module))];
    let done = request.daemon.operate(Operation::Remove { module: module.to_owned(), leave }).await;
    let value = done.map_err(|error| error.context(format!("error unloading '{}'", shown(module))))?;
    if let Some(count @ 1..) = value.entry("sessions").and_then(Value::int) {
        let sessions = if count == 1 { "1 session keeps".to_owned() } else { format!("{count} sessions keep") };
        lines.push(format!("{sessions} it until the end"));
    }
    Ok(Answer { lines, value })
}

async fn swap(request: &ControlRequest<'_>) -> Result<Answer> {
    let (module, file) = module_and_file(request.words)?;
    let (line, failed) = (format!("'{}' swapped", shown(&module)), format!("error swapping '{}'", shown(&module)));
    let done = request.daemon.operate(Operation::Swap { module, file }).await;
    Ok(Answer::new(line, done.map_err(|error| error.context(failed))?))
}
