//! Actions on the daemon as a whole.

use std::time::Duration;

use gantry_api::control::{Leave, Operation};
use gantry_api::prelude::*;
use gantry_api::proto::time;

/// `dns on|off`.
pub async fn dns(request: &ControlRequest<'_>) -> Result<Answer> {
    let on = match request.words {
        [word] => parse::switch(word),
        ["clear", "cache"] => {
            return Ok(Answer::new("names are remembered for 5 minutes; dns on and dns off forget them", Value::None));
        }
        _ => None,
    };
    let Some(on) = on else { return usage("dns: expected on or off") };
    let value = request.daemon.operate(Operation::ReverseDns(on)).await?;
    Ok(Answer::new(format!("dns: UseReverseDNS set to '{}'", if on { "on" } else { "off" }), value))
}

/// `get config|directives`.
pub async fn get(request: &ControlRequest<'_>) -> Result<Answer> {
    match request.words {
        ["config"] => {
            let value = request.daemon.operate(Operation::Configuration).await?;
            let text = value.entry("text").and_then(Value::text).unwrap_or_default();
            Ok(Answer { lines: text.lines().map(str::to_owned).collect(), value })
        }
        ["directives"] => {
            let value = request.daemon.operate(Operation::Directives).await?;
            let text = |one: &Value, key: &str| one.entry(key).and_then(Value::text).unwrap_or_default().to_owned();
            let lines = value.items().iter();
            let lines = lines.map(|one| format!("{} ({})", text(one, "directive"), text(one, "module")));
            Ok(Answer { lines: lines.collect(), value })
        }
        _ => usage("expected config or directives"),
    }
}

/// `reload`.
pub async fn reload(request: &ControlRequest<'_>) -> Result<Answer> {
    let leave = match request.words {
        [] => Leave::Stay,
        ["end-old"] => Leave::Drain(Duration::ZERO),
        ["end-old", "now"] => Leave::Now,
        _ => return usage("expected nothing, end-old or end-old now"),
    };
    let value = request.daemon.operate(Operation::Reload { leave }).await?;
    let number = |key: &str| value.entry(key).and_then(Value::int).unwrap_or_default();
    let mut lines = vec![format!("restarted server: generation {} serves new sessions", number("generation"))];
    if leave != Leave::Stay {
        lines.push(format!("ended sessions of former generations: {}", number("ended")));
    }
    Ok(Answer { lines, value })
}

/// `restart [count]`, in ProFTPD's words.
pub async fn restart(request: &ControlRequest<'_>) -> Result<Answer> {
    if request.words != ["count"] {
        return Ok(Answer { lines: vec!["restarted server".to_owned()], ..reload(request).await? });
    }
    let status = request.daemon.operate(Operation::Status).await?;
    let entry = |key: &str| status.entry(key).cloned().unwrap_or_default();
    let (count, since) = (entry("restarts"), entry("started"));
    let times = count.int().unwrap_or_default();
    let times = format!("{times} {}", if times == 1 { "time" } else { "times" });
    let line = format!("server restarted {times} since {}", date(since.int().unwrap_or_default()));
    Ok(Answer::new(line, Value::map([("restarts", count), ("since", since)])))
}

/// `2026-11-25 22:44:26 GMT`.
fn date(seconds: i64) -> String {
    let digits = time::format(seconds);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    format!("{year}-{month}-{day} {}:{}:{} GMT", part(8, 10), part(10, 12), part(12, 14))
}

/// `shutdown [graceful seconds]`.
pub async fn shutdown(request: &ControlRequest<'_>) -> Result<Answer> {
    let grace = match request.words {
        [] => 0,
        ["graceful", seconds] => match seconds.parse() {
            Ok(seconds) => seconds,
            Err(_) => return usage(format!("'{seconds}' is not a number of seconds")),
        },
        _ => return usage("wrong parameters"),
    };
    let value = request.daemon.operate(Operation::Shutdown { grace: Duration::from_secs(grace) }).await?;
    let line =
        if grace == 0 { "shutting down".to_owned() } else { format!("shutting down in at most {grace} seconds") };
    Ok(Answer::new(line, value))
}
