//! OPTS MLST: which facts a client wants (RFC 3659 section 7.9), and the line of FEAT that lists them.

use gantry_api::prelude::*;
use gantry_api::proto::listing::Facts;

use crate::settings::Settings;

hook! {
    command [OPTS], at_once: choose;
    post [FEAT], at_once: feature;
}

/// This module's state in a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FactChoice(pub(crate) Facts);

impl Default for FactChoice {
    fn default() -> Self {
        Self(Facts::ALL)
    }
}

/// The start of FEAT's line.
const FEATURE: &[u8] = b"MLST ";

/// OPTS MLST; other modules handle other options.
fn choose(at: &mut Moment<'_>) -> Result<Step> {
    let Some(wanted) = wanted(&at.command.argument) else { return Ok(Step::Next) };
    if wanted.contains(&b' ') {
        return refuse(501, "'OPTS MLST' not understood");
    }
    at.state.of::<FactChoice>().0 = Facts::parse(wanted);
    let reply = format!("MLST OPTS {}", Facts::spelled(wanted));
    at.respond(200, if wanted.is_empty() { reply.trim_end() } else { &reply });
    Ok(Step::Done)
}

/// Makes FEAT list the facts that are on in this session, or leave MLST out.
fn feature(at: &mut Moment<'_>) -> Result<Step> {
    let line = format!("MLST {}", at.state.of::<FactChoice>().0.feature());
    let advertise = at.settings::<Settings>().advertise;
    if let Some(reply) = &mut at.dialogue.reply {
        // As ProFTPD: clients that use none of mod_facts's commands.
        let hidden = [FEATURE, b"MFMT", b"MFF", b"TVFS"];
        reply.lines.retain(|line| advertise || !hidden.iter().any(|name| line.starts_with(name)));
        let told = reply.lines.iter_mut().find(|line| line.starts_with(FEATURE));
        told.into_iter().for_each(|told| *told = line.clone().into_bytes());
    }
    Ok(Step::Next)
}

/// The text after `MLST`, if the options are for MLST.
fn wanted(argument: &[u8]) -> Option<&[u8]> {
    let (name, rest) = argument.split_at_checked(4)?;
    let rest = match rest {
        [] => rest,
        [b' ', rest @ ..] => rest,
        _ => return None,
    };
    name.eq_ignore_ascii_case(b"MLST").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_others_are_left_alone() {
        assert_eq!(wanted(b"MLST type;size;"), Some(&b"type;size;"[..]));
        assert_eq!(wanted(b"mlst"), Some(&b""[..]));
        assert_eq!(wanted(b"mlst "), Some(&b""[..]));
        for other in [&b""[..], b"UTF8 ON", b"MLSTX", b"MLS"] {
            assert_eq!(wanted(other), None);
        }
    }
}
