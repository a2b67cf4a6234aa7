//! HELP (RFC 959) and SITE HELP, from what the generation's modules say of their commands.

use gantry_api::prelude::*;

use crate::parameters::{done, not_understood, shown};
use crate::settings::Settings;

command! {
    /// Lists the commands, or tells what follows one.
    HELP "[<sp> command]", class: INFO, login: no, at_once: help;
    /// Precedes the commands of this site.
    SITE "<sp> string", class: MISC, limit: NAMED, at_once: site;
    /// Lists the commands of this site.
    SITE_HELP "", class: MISC, limit: NAMED, login: no, at_once: site_commands;
}

/// Columns of HELP's table.
const COLUMNS: usize = 8;

/// The syntax of a command that is known and not served.
const UNIMPLEMENTED: &str = "is not implemented";

fn help(at: &mut Moment<'_>) -> Result<Step> {
    let asked = at.command.argument.trim_ascii();
    if asked.is_empty() {
        return table(at);
    }
    if asked.eq_ignore_ascii_case(b"SITE") {
        return site_commands(at);
    }
    let verb = Verb::parse(asked);
    let Some(help) = verb.and_then(|verb| at.world.command(verb)) else {
        return refuse(502, format!("Unknown command '{}'", shown(asked)));
    };
    done(at, 214, format!("Syntax: {} {}", help.verb, help.syntax))
}

/// SITE with no command that anybody knows.
fn site(at: &mut Moment<'_>) -> Result<Step> {
    match at.command.argument.is_empty() {
        true => refuse(500, "'SITE' requires parameters"),
        false => not_understood(at, 500),
    }
}

fn table(at: &mut Moment<'_>) -> Result<Step> {
    let commands = at.world.commands.iter().filter(|command| !command.verb.is_site() && !command.verb.is_event());
    let names: Vec<String> = commands.map(|command| name(command.verb.name(), &command.syntax)).collect();
    let mut reply = Reply::new(214, "The following commands are recognized (* =>'s unimplemented):");
    for row in names.chunks(COLUMNS) {
        reply.push(row.iter().map(|name| format!("{name:<8}")).collect::<String>());
    }
    finish(at, reply)
}

fn site_commands(at: &mut Moment<'_>) -> Result<Step> {
    let mut reply = Reply::new(214, "The following SITE commands are recognized (* =>'s unimplemented)");
    for command in at.world.commands.iter().filter(|command| command.verb.is_site()) {
        let sub = command.verb.name().replacen("SITE_", "", 1);
        reply.push(format!("{} {}", name(sub, &command.syntax), command.syntax).trim_end());
    }
    finish(at, reply)
}

fn name(name: String, syntax: &str) -> String {
    if syntax == UNIMPLEMENTED { name + "*" } else { name }
}

fn finish(at: &mut Moment<'_>, reply: Reply) -> Result<Step> {
    let admin = match &at.settings::<Settings>().admin {
        Some(admin) => admin.clone(),
        None => format!("root@{}", at.session.local.ip().to_canonical()),
    };
    at.dialogue.reply = Some(reply.line(format!("Direct comments to {admin}")));
    Ok(Step::Done)
}
