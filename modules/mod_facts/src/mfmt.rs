//! MFMT (draft-somers-ftp-mfxx section 3.1): sets the time of modification.

use gantry_api::Fault;
use gantry_api::files::Links;
use gantry_api::prelude::*;
use gantry_api::proto::time;

command! {
    /// Sets the time of a file's last modification.
    MFMT "<sp> timestamp <sp> pathname", class: WRITE, path: AfterWord, does: [STOR], feature: "MFMT", wait: modify;
}

async fn modify(at: &mut Moment<'_>) -> Result<Step> {
    let Some((stamp, name)) = split(&at.command.argument) else {
        return refuse(501, "Invalid number of parameters");
    };
    let Ok(seconds) = time::parse(stamp) else {
        // As ProFTPD, to which fourteen digits are a time, though none that the file can have.
        let is_time = stamp.len() == 14 && stamp.iter().all(u8::is_ascii_digit);
        return refuse(
            501,
            format!("{}: Invalid argument", String::from_utf8_lossy(if is_time { name } else { stamp })),
        );
    };
    let path = at.session.resolve(name);
    at.files.metadata(&path, Links::Follow).await.map_err(|error| error.of_file(name))?;
    let done = at.files.set_modified(&path, seconds).await;
    if let Err(error) = done {
        // Otherwise the server would name the whole argument.
        let is_refused = error.fault() == Fault::System;
        return Err(if is_refused { error.with_code(501).of_file(name) } else { error });
    }
    // A file system may round the time; report what MDTM will report.
    let kept = at.files.metadata(&path, Links::Follow).await.map_or(seconds, |metadata| metadata.modified);
    at.respond(213, [format!("Modify={}; ", time::format(kept)).as_bytes(), name].concat());
    Ok(Step::Done)
}

/// The time and the name.
fn split(argument: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = argument.iter().position(|byte| *byte == b' ')?;
    let (stamp, name) = (argument.get(..at)?, argument.get(at + 1..)?);
    (!stamp.is_empty() && !name.is_empty()).then_some((stamp, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_spaces() {
        assert_eq!(split(b"20200101000000 a b "), Some((&b"20200101000000"[..], &b"a b "[..])));
        for bad in [&b""[..], b"20200101000000", b"20200101000000 ", b" x"] {
            assert_eq!(split(bad), None);
        }
    }
}
