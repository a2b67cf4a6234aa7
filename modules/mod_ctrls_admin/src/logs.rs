//! Actions about log levels.

use gantry_api::control::Operation;
use gantry_api::prelude::*;

const MOST: u8 = 10;

fn level(word: &str) -> Result<u8> {
    let level = word.parse().ok().filter(|level| *level <= MOST);
    level.ok_or_else(|| Error::usage(format!("'{word}' is not a level from 0 to {MOST}")))
}

/// `debug [level [number]]`, and `debug number`.
pub async fn debug(request: &ControlRequest<'_>) -> Result<Answer> {
    let wanted = match request.words {
        [] | ["level"] => None,
        ["level", number] | [number] => Some(level(number)?),
        _ => return usage("wrong parameters"),
    };
    let value = request.daemon.operate(Operation::LogLevel(wanted)).await?;
    let level = value.entry("level").and_then(Value::int).unwrap_or_default();
    // ProFTPD prints the same when the level is only shown.
    Ok(Answer::new(format!("debug level set to {level}"), value))
}

/// `trace channel:level ...`, `trace info`.
pub async fn trace(request: &ControlRequest<'_>) -> Result<Answer> {
    let wanted = match request.words {
        [] => return usage("trace: missing required parameters"),
        ["info"] => Vec::new(),
        words => words.iter().map(|word| channel(word)).collect::<Result<_>>()?,
    };
    let asks = wanted.is_empty();
    let value = request.daemon.operate(Operation::Trace(wanted)).await?;
    let channels = value.entry("channels").map(Value::items).unwrap_or_default();
    let shown = channels.iter().map(|one| {
        let name = one.entry("channel").and_then(Value::text).unwrap_or_default();
        format!("{name:>10} {}", one.entry("level").and_then(Value::int).unwrap_or_default())
    });
    let mut lines = Vec::new();
    if asks {
        lines.extend([format!("{:<10} Level", "Channel"), format!("{} ------", "-".repeat(10))]);
        lines.extend(shown);
    } else {
        lines.extend(request.words.iter().map(|word| {
            let (name, level) = word.rsplit_once(':').unwrap_or((word, "0"));
            let least = if level == "0" { 0 } else { 1 };
            format!("trace: set channel '{name}' to levels {least}-{level}")
        }));
    }
    Ok(Answer { lines, value })
}

fn channel(word: &str) -> Result<(String, u8)> {
    let (name, number) =
        word.rsplit_once(':').ok_or_else(|| Error::usage(format!("'{word}' does not have the form channel:level")))?;
    if name.is_empty() {
        return usage(format!("'{word}' has no channel name"));
    }
    Ok((name.to_owned(), level(number)?))
}
