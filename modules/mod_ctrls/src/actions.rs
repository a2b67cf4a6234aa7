//! The actions about actions: listing, enabling and disabling them.

use gantry_api::control::Operation;
use gantry_api::prelude::*;

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.entry(key).and_then(Value::text).unwrap_or_default()
}

fn is_enabled(action: &Value) -> bool {
    action.entry("enabled") == Some(&Value::Bool(true))
}

/// Lists the actions with their syntax.
pub async fn help(request: &ControlRequest<'_>) -> Result<Answer> {
    let value = request.daemon.operate(Operation::Actions).await?;
    let shown = value.items().iter().filter(|action| is_enabled(action));
    let lines = shown.map(|action| {
        let name = format!("{} {}", text(action, "action"), text(action, "syntax"));
        format!("{}: {}", name.trim_end(), text(action, "help"))
    });
    Ok(Answer { lines: lines.collect(), value })
}

/// Lists the actions with their modules, in ProFTPD's format.
pub async fn list(request: &ControlRequest<'_>) -> Result<Answer> {
    let value = request.daemon.operate(Operation::Actions).await?;
    let shown = value.items().iter().filter(|action| is_enabled(action));
    let lines = shown.map(|action| format!("{} ({}.c)", text(action, "action"), text(action, "module")));
    Ok(Answer { lines: lines.collect(), value })
}

/// Enables or disables one action or all.
pub async fn switch(request: &ControlRequest<'_>, on: bool) -> Result<Answer> {
    let (action, module) = match request.words {
        [action] => (*action, None),
        [action, module] => (*action, Some((*module).to_owned())),
        _ => return usage("wrong number of parameters"),
    };
    let action = (action != "all").then(|| action.to_owned());
    let value = request.daemon.operate(Operation::Enable { action, module, on }).await?;
    let done = if on { "enabled" } else { "disabled" };
    let names = value.items().iter().filter_map(Value::text);
    let mut lines: Vec<String> = names.map(|name| format!("'{name}' control {done}")).collect();
    if lines.is_empty() {
        lines.push("nothing to do".to_owned());
    }
    Ok(Answer { lines, value })
}
