//! DisplayConnect, DisplayChdir and DisplayQuit: files that clients are shown.

use std::collections::HashMap;

use gantry_api::files::Links;
use gantry_api::prelude::*;

use crate::settings::{Enter, Settings};

/// The most folders of which a session remembers that it has shown a file.
const MOST: usize = 1000;

/// The files that a session has shown, with their times of modification.
#[derive(Default)]
struct ShownFiles(HashMap<VirtualPath, i64>);

/// The hooks for showing files, if any scope has some.
pub(crate) fn hooks(start: &Start<'_>) -> Vec<Hook> {
    let given = |has: fn(&Settings) -> bool| start.scopes::<Settings>().any(|(_, _, settings)| has(settings));
    let mut hooks = Vec::new();
    if given(|settings| settings.connect.is_some()) {
        hooks.push(Hook::connect());
    }
    if given(|settings| settings.enter.is_some()) {
        hooks.extend([Verb::CWD, Verb::XCWD, Verb::CDUP, Verb::XCUP].map(Hook::post));
    }
    if given(|settings| settings.quit.is_some()) {
        hooks.push(Hook::post(Verb::QUIT));
    }
    hooks
}

/// Whether there is a file to show now.
pub(crate) fn is_due(at: &Moment<'_>) -> bool {
    let settings = at.settings::<Settings>();
    match at.command.verb {
        Verb::CONNECT => settings.connect.is_some(),
        Verb::QUIT => settings.quit.is_some(),
        _ => settings.enter.is_some(),
    }
}

/// Shows it.
pub(crate) async fn show(at: &mut Moment<'_>) {
    let settings = at.settings::<Settings>();
    match at.command.verb {
        Verb::CONNECT => {
            let Some(path) = settings.connect.as_deref().filter(|path| path.starts_with('/')) else { return };
            for line in gantry_display::lines(at, path, &settings.facts).await.unwrap_or_default() {
                at.say(line);
            }
        }
        Verb::QUIT => {
            let Some(path) = &settings.quit else { return };
            let lines = gantry_display::lines(at, path, &settings.facts).await.unwrap_or_default();
            // It replaces the usual text, as in ProFTPD.
            if let (false, Some(reply)) = (lines.is_empty(), &mut at.dialogue.reply) {
                reply.lines = lines;
            }
        }
        _ => {
            let Some(enter) = &settings.enter else { return };
            if !enter.once || is_new(at, enter).await {
                gantry_display::show_inside(at, &enter.path, &settings.facts).await;
            }
        }
    }
}

/// Whether the session has not shown this version of the file yet.
async fn is_new(at: &mut Moment<'_>, enter: &Enter) -> bool {
    let path = gantry_display::place(at.session, &enter.path);
    let Ok(found) = at.files.metadata(&path, Links::Follow).await else { return false };
    let shown = at.state.of::<ShownFiles>();
    if shown.0.len() >= MOST {
        shown.0.clear();
    }
    shown.0.insert(path, found.modified) != Some(found.modified)
}
