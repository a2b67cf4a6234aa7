//! MFF (draft-somers-ftp-mfxx section 5): sets facts of a file. As in ProFTPD: the time of modification, the permission
//! bits and the group.

use gantry_api::files::{Files, Links};
use gantry_api::prelude::*;
use gantry_api::proto::time;
use gantry_api::{Account, Fault};

command! {
    /// Sets facts of a file.
    MFF "<sp> mff-facts <sp> pathname", class: WRITE, path: AfterWord, does: [STOR],
        feature: "MFF modify;UNIX.group;UNIX.mode;", wait: modify;
}

async fn modify(at: &mut Moment<'_>) -> Result<Step> {
    let Some((facts, name)) = split(&at.command.argument) else {
        return refuse(501, "Invalid number of parameters");
    };
    let Some(facts) = facts.strip_suffix(b";") else {
        let text = [facts, b": Invalid argument"].concat();
        return refuse(550, String::from_utf8_lossy(&text));
    };
    let (path, account) = (at.session.resolve(name), at.session.account()?.clone());
    at.files.metadata(&path, Links::Follow).await.map_err(|error| error.of_file(name))?;
    for fact in facts.split(|byte| *byte == b';') {
        set((at.files, &account), &path, fact, name).await?;
    }
    at.respond(213, at.command.argument.clone());
    Ok(Step::Done)
}

/// Sets one fact. As in ProFTPD, those before one that cannot be set stay set.
async fn set((files, account): (&dyn Files, &Account), path: &VirtualPath, fact: &[u8], name: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(fact);
    let (key, value) = text.split_once('=').unwrap_or((&text, &text));
    let invalid = || Error::client(501, format!("{}: Invalid argument", String::from_utf8_lossy(name)));
    let done = match key.to_ascii_lowercase().as_str() {
        "modify" => {
            let seconds = time::parse(value.as_bytes());
            let seconds = seconds.map_err(|_| Error::client(501, format!("{value}: Invalid argument")))?;
            files.set_modified(path, seconds).await
        }
        "unix.mode" => {
            let mode = u32::from_str_radix(value, 8).map_err(|_| invalid())?;
            files.set_mode(path, mode & 0o7777).await
        }
        "unix.group" => {
            let own = account.groups.iter().find(|group| group.name == value).map(|group| group.gid);
            let gid = own.or_else(|| value.parse().ok().filter(|gid| *gid != u32::MAX)).ok_or_else(invalid)?;
            files.set_group(path, gid).await
        }
        _ => return refuse(504, format!("Cannot modify fact '{text}'")),
    };
    done.map_err(|error| match error.fault() {
        Fault::System => error.with_code(501).of_file(name),
        _ => error,
    })
}

/// The facts and the name.
fn split(argument: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = argument.iter().position(|byte| *byte == b' ')?;
    let (facts, name) = (argument.get(..at)?, argument.get(at + 1..)?);
    (!facts.is_empty() && !name.is_empty()).then_some((facts, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_spaces() {
        assert_eq!(split(b"modify=20200101000000; a b"), Some((&b"modify=20200101000000;"[..], &b"a b"[..])));
        for bad in [&b""[..], b"modify=1;", b"modify=1; ", b" x"] {
            assert_eq!(split(bad), None);
        }
    }
}
