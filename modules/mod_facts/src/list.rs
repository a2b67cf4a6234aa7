//! MLSD and MLST (RFC 3659 section 7): the facts of a directory's entries, on a data connection,
//! and the facts of one name, in the reply.

use std::sync::Arc;

use gantry_api::Account;
use gantry_api::data::DataLink;
use gantry_api::files::{Kind, Links, Metadata};
use gantry_api::prelude::*;
use gantry_api::proto::listing::Facts;
use gantry_api::transfer::{Direction, Transfer};
use gantry_listing::{Fakes, SessionNames};

use crate::FactsModule;
use crate::options::FactChoice;
use crate::settings::Settings;

command! {
    /// Lists a directory for programs, on a data connection.
    MLSD "[<sp> pathname]", class: DIRS, path: Whole, does: [LIST], wait: folder;
    /// Returns the facts of one name.
    MLST "[<sp> pathname]", class: DIRS, path: Whole,
        feature: "MLST modify*;perm*;size*;type*;unique*;UNIX.group*;UNIX.groupname*;UNIX.mode*;UNIX.owner*;UNIX.ownername*;",
        wait: name;
}

/// How much is collected before it is sent, in bytes.
const PIECE: usize = 32 * 1024;

/// Writes the facts that a session has selected.
struct Writer<'a> {
    account: Arc<Account>,
    names: SessionNames<'a>,
    facts: Facts,
    fakes: &'a Fakes,
}

async fn folder(module: &FactsModule, at: &mut Moment<'_>) -> Result<Step> {
    let path = at.path();
    let shown = shown(at.command, &path);
    let own = at.files.metadata(&path, Links::Follow).await?;
    if own.kind != Kind::Directory {
        at.respond(550, [b"'", &shown[..], b"' is not a directory"].concat());
        return Ok(Step::Done);
    }
    // Errors must come before the data connection is opened.
    let mut listing = at.files.list(&path).await?;
    let real = at.files.enter(&path).await.unwrap_or_else(|_| path.clone());
    let above = at.files.metadata(&real.parent(), Links::Follow).await.unwrap_or(own);
    let (account, fakes) = (at.session.account()?.clone(), &at.settings::<Settings>().fakes);
    let facts = at.state.of::<FactChoice>().0;
    let transfer = Transfer::new(path, Direction::Out, at.dialogue.kind);
    let opening = transfer.opening(b"MLSD");
    let mut link = at.begin(transfer, opening).await?;

    let names = module.names.of(at.session, &at.world.services);
    let writer = Writer { account, names, facts, fakes };
    let mut lines = Vec::new();
    names.learn([&own, &above].into_iter()).await;
    writer.line(b".", &own, &above, &mut lines);
    writer.line(b"..", &above, &above, &mut lines);
    loop {
        let entries = listing.next().await?;
        if entries.is_empty() {
            break;
        }
        names.learn(entries.iter().map(|entry| &entry.metadata)).await;
        for entry in &entries {
            writer.line(&entry.name, &entry.metadata, &own, &mut lines);
        }
        if lines.len() >= PIECE {
            send(&mut *link, &mut lines).await?;
        }
    }
    send(&mut *link, &mut lines).await?;
    link.finish().await?;
    at.respond(226, "Transfer complete");
    Ok(Step::Done)
}

/// MLST: the name is shown as an absolute path, so that it means the same in any working directory.
async fn name(module: &FactsModule, at: &mut Moment<'_>) -> Result<Step> {
    let path = at.path();
    let shown = shown(at.command, &path);
    let Ok(own) = at.files.metadata(&path, Links::Follow).await else {
        at.respond(550, [b"'", &shown[..], b"' cannot be listed"].concat());
        return Ok(Step::Done);
    };
    let above = at.files.metadata(&path.parent(), Links::Follow).await.unwrap_or(own);
    let (account, fakes) = (at.session.account()?.clone(), &at.settings::<Settings>().fakes);
    let facts = at.state.of::<FactChoice>().0;
    let names = module.names.of(at.session, &at.world.services);
    names.learn([&own].into_iter()).await;
    let writer = Writer { account, names, facts, fakes };
    let mut line = Vec::new();
    writer.state(path.as_bytes(), &own, &above, &mut line);
    let start = match at.command.argument.as_slice() {
        [] => path.as_bytes(),
        named => named,
    };
    let reply = Reply::new(250, [b"Start of list for ", start].concat());
    at.dialogue.reply = Some(reply.line(line).line("End of list"));
    Ok(Step::Done)
}

impl Writer<'_> {
    fn state(&self, name: &[u8], metadata: &Metadata, parent: &Metadata, out: &mut Vec<u8>) {
        let owner = self.fakes.owner(self.names, &self.account, metadata.uid);
        let group = self.fakes.group(self.names, &self.account, metadata.gid);
        let mut entry = gantry_listing::entry(name, metadata, &owner, &group);
        (entry.uid, entry.gid) = self.fakes.numbers(&self.account, metadata.uid, metadata.gid);
        entry.mode = self.fakes.mode(metadata);
        entry.access = gantry_listing::access(&self.account, metadata, parent);
        entry.write_facts(self.facts, out);
    }

    fn line(&self, name: &[u8], metadata: &Metadata, parent: &Metadata, out: &mut Vec<u8>) {
        self.state(name, metadata, parent, out);
        out.extend_from_slice(b"\r\n");
    }
}

async fn send(link: &mut dyn DataLink, lines: &mut Vec<u8>) -> Result<()> {
    if !lines.is_empty() {
        link.send(lines).await?;
        lines.clear();
    }
    Ok(())
}

/// The path as the client named it, for error replies.
fn shown(command: &Command, path: &VirtualPath) -> Vec<u8> {
    match command.argument.as_slice() {
        [] => path.as_bytes().to_vec(),
        named => named.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feat_tells_of_all_facts_from_the_start() {
        let told = gantry_api::inventory::iter::<gantry_api::CommandEntry>
            .into_iter()
            .find_map(|entry| entry.feature.filter(|_| entry.verb == Verb::MLST));
        assert_eq!(told, Some(format!("MLST {}", Facts::ALL.feature()).as_str()));
    }
}
