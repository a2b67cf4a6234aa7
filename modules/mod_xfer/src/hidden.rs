//! HiddenStores: an upload has another name until it is complete, so that nobody sees a part of it, and what has its name
//! stays as it is until then.

use gantry_api::ParseError;
use gantry_api::files::{File, Kind, Links, Metadata, Open, Target};
use gantry_api::prelude::*;
use serde::Deserialize;

use crate::shown::shown;

/// The names of uploads that are not complete: what comes before the file's own name, and what behind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Affixes {
    prefix: String,
    suffix: String,
}

/// An upload under another name.
pub(crate) struct Hidden {
    /// The path that it has now.
    pub(crate) path: VirtualPath,
    /// The path that it gets.
    to: VirtualPath,
    /// Whether something of that name may be replaced.
    target: Target,
}

impl Affixes {
    /// Begins an upload to a path, whose file may be replaced (AllowOverwrite) or not.
    pub(crate) async fn begin(
        &self,
        at: &mut Moment<'_>,
        path: &VirtualPath,
        target: Target,
    ) -> Result<(Hidden, Box<dyn File>)> {
        // An upload through a link replaces the file, and not the link.
        let is_link = |found: &Metadata| found.kind == Kind::Link;
        let to = match at.files.metadata(path, Links::Keep).await {
            Ok(found) if is_link(&found) => at.files.resolved(path).await?,
            _ => path.clone(),
        };
        let name = [self.prefix.as_bytes(), to.name(), self.suffix.as_bytes()].concat();
        let hidden = Hidden { path: to.parent().join(&name), to, target };
        match at.files.open(&hidden.path, Open::Create).await {
            Ok(opened) => Ok((hidden, opened.file)),
            Err(error) if error.kind() == ErrorKind::Exists => {
                let name = String::from_utf8_lossy(&name).into_owned();
                Err(Error::client(550, format!("{}: Temporary hidden file {name} already exists", shown(at.command))))
            }
            Err(error) => Err(error),
        }
    }
}

impl Hidden {
    /// Gives a complete upload its name.
    pub(crate) async fn finish(&self, at: &mut Moment<'_>) -> Result<()> {
        at.files.rename(&self.path, &self.to, self.target).await
    }
}

/// Parses HiddenStores. A prefix alone is put between dots, as the default is.
pub(crate) fn affixes(words: &[&str]) -> std::result::Result<Value, ParseError> {
    let (prefix, suffix) = match words {
        [word] => match parse::switch(word) {
            Some(false) => return Ok(Value::None),
            Some(true) => (".in.".to_owned(), "."),
            None => (format!(".{word}."), "."),
        },
        [prefix, suffix] => ((*prefix).to_owned(), *suffix),
        _ => return Err("wrong number of parameters: on, off, or a prefix and at most one suffix".into()),
    };
    if let Some(word) = words.iter().find(|word| word.contains('/')) {
        return Err(ParseError::of(word, "contains a slash"));
    }
    if prefix.is_empty() && suffix.is_empty() || words == [""] {
        return Err("prefix and suffix are both empty".into());
    }
    Ok(Value::map([("prefix", Value::from(prefix)), ("suffix", Value::from(suffix))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_proftpd_makes_them() {
        let made = |words: &[&str]| {
            let Value::Map(entries) = affixes(words).unwrap() else { return None };
            let text = |name: &str| match entries.iter().find(|(key, _)| key == name) {
                Some((_, Value::Text(text))) => text.clone(),
                _ => panic!("no {name}"),
            };
            Some(format!("{}file{}", text("prefix"), text("suffix")))
        };
        assert_eq!(made(&["off"]), None);
        for (words, name) in [
            (&["on"][..], ".in.file."),
            (&["filepart-"], ".filepart-.file."),
            (&["incoming-", ".lock"], "incoming-file.lock"),
            (&["", ".filepart"], "file.filepart"),
            (&["in-", ""], "in-file"),
        ] {
            assert_eq!(made(words).as_deref(), Some(name));
        }
        for bad in [&[][..], &[""], &["", ""], &["a/", "b"], &["a", "b", "c"]] {
            assert!(affixes(bad).is_err(), "{bad:?}");
        }
    }
}
