//! HELP (RFC 959) and SITE HELP, from the declarations of commands in the generation's modules.

use gantry_api::CommandInfo;
use gantry_api::prelude::*;

use crate::parameters::{done, shown, words};
use crate::settings::Settings;

command! {
    /// Lists the commands, or shows a command's syntax.
    HELP "[<sp> command]", class: INFO, login: no, at_once: help;
    /// Precedes the commands of this site.
    SITE "<sp> string", class: MISC, limit: NAMED, at_once: site;
    /// Lists the commands of this site, or tells what follows one.
    SITE_HELP "[<sp> sitename]", class: MISC, limit: NAMED, login: no, at_once: site_help;
}

/// The number of columns in HELP's table.
const COLUMNS: usize = 8;

/// The syntax of a command that is known and not implemented.
const UNIMPLEMENTED: &str = "is not implemented";

/// ProFTPD's order; it names those of RFC 2228 also where nothing serves them. Others follow by their names.
const ORDER: [&str; 56] = [
    "CWD", "XCWD", "CDUP", "XCUP", "SMNT", "QUIT", "PORT", "PASV", "EPRT", "EPSV", "ALLO", "RNFR", "RNTO", "DELE",
    "MDTM", "RMD", "XRMD", "MKD", "XMKD", "PWD", "XPWD", "SIZE", "SYST", "HELP", "NOOP", "FEAT", "OPTS", "HOST",
    "CLNT", "AUTH", "CCC", "CONF", "ENC", "MIC", "PBSZ", "PROT", "TYPE", "STRU", "MODE", "RETR", "STOR", "STOU",
    "APPE", "REST", "ABOR", "RANG", "USER", "PASS", "ACCT", "REIN", "LIST", "NLST", "STAT", "SITE", "MLSD", "MLST",
];

fn help(at: &mut Moment<'_>) -> Result<Step> {
    let Some(asked) = words(&at.command.argument).next() else { return table(at) };
    if asked.eq_ignore_ascii_case(b"SITE") {
        let names = site_commands(at).map(|(sub, _)| sub).collect::<Vec<_>>();
        let mut reply = Reply { code: 214, lines: Vec::new() };
        names.into_iter().for_each(|name| reply.push(name));
        at.dialogue.reply = Some(reply);
        return Ok(Step::Done);
    }
    let verb = Verb::parse(asked);
    let Some(help) = verb.and_then(|verb| at.world.command(verb)) else {
        return refuse(502, format!("Unknown command '{}'", shown(asked).to_uppercase()));
    };
    done(at, 214, format!("Syntax: {} {}", help.verb, help.syntax))
}

/// SITE with an unknown command.
fn site(at: &mut Moment<'_>) -> Result<Step> {
    match words(&at.command.argument).next() {
        None => refuse(500, "'SITE' requires parameters"),
        Some(_) => refuse(500, format!("'SITE {}' not understood", shown(&at.command.argument))),
    }
}

fn site_help(at: &mut Moment<'_>) -> Result<Step> {
    let asked = shown(at.command.argument.trim_ascii()).to_uppercase();
    if asked.is_empty() {
        let mut reply = Reply::new(214, "The following SITE commands are recognized (* =>'s unimplemented)");
        for (sub, help) in site_commands(at) {
            reply.push(name(sub, &help.syntax));
        }
        return finish(at, reply);
    }
    let found = site_commands(at).find(|(sub, _)| *sub == asked);
    let Some((sub, help)) = found else {
        return refuse(502, format!("Unknown command 'SITE HELP {}'", shown(&at.command.argument)));
    };
    let mut reply = Reply::new(214, "The following SITE commands are recognized (* =>'s unimplemented)");
    reply.push(format!("Syntax: SITE {sub} {}", help.syntax).trim_end());
    finish(at, reply)
}

/// The commands of this site, HELP first.
fn site_commands<'a>(at: &'a Moment<'_>) -> impl Iterator<Item = (String, &'a CommandInfo)> {
    let of_site = at.world.commands.iter().filter(|command| command.verb.is_site());
    let named = of_site.map(|command| (command.verb.name().replacen("SITE_", "", 1), command));
    let mut commands: Vec<_> = named.collect();
    commands.sort_by_key(|(sub, _)| sub != "HELP");
    commands.into_iter()
}

fn table(at: &mut Moment<'_>) -> Result<Step> {
    let commands = at.world.commands.iter().filter(|command| !command.verb.is_site() && !command.verb.is_event());
    let mut served: Vec<(String, &str)> = commands.map(|command| (command.verb.name(), &*command.syntax)).collect();
    let known = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    let missing = ORDER.iter().filter(|name| !served.iter().any(|(served, _)| served == *name));
    let missing: Vec<_> = missing.map(|name| ((*name).to_owned(), UNIMPLEMENTED)).collect();
    served.extend(missing);
    served.sort_by_key(|(name, _)| known(name));
    let names: Vec<String> = served.into_iter().map(|(verb, syntax)| name(verb, syntax)).collect();
    let mut reply = Reply::new(214, "The following commands are recognized (* =>'s unimplemented):");
    for row in names.chunks(COLUMNS) {
        reply.push(row.iter().map(|name| format!("{name:<8}")).collect::<String>());
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
