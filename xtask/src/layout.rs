//! The paths of an installed Gantry.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The folders of an installation, as absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The prefix.
    pub prefix: PathBuf,
    /// The modules' folder.
    pub libexec: PathBuf,
    /// The configuration's folder.
    pub etc: PathBuf,
    destdir: Option<PathBuf>,
}

impl Layout {
    /// The layout under `prefix`; folders that are not given are below the prefix.
    ///
    /// # Errors
    /// The working directory is gone, so a relative path leads nowhere.
    pub fn new(
        prefix: &Path,
        libexec: Option<&Path>,
        etc: Option<&Path>,
        destdir: Option<&Path>,
    ) -> Result<Self, Error> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(Error::file("find", path));
        let prefix = absolute(prefix)?;
        Ok(Self {
            libexec: libexec.map_or_else(|| Ok(prefix.join("libexec")), absolute)?,
            etc: etc.map_or_else(|| Ok(prefix.join("etc")), absolute)?,
            destdir: destdir.map(absolute).transpose()?,
            prefix,
        })
    }

    /// The environment variables that compile these folders into the daemon.
    pub fn built_in(&self) -> [(&'static str, &Path); 3] {
        [("GANTRY_PREFIX", &self.prefix), ("GANTRY_LIBEXECDIR", &self.libexec), ("GANTRY_SYSCONFDIR", &self.etc)]
    }

    /// Where to write a file that will be at `path` once installed: below the staging
    /// folder, if there is one.
    pub fn staged(&self, path: &Path) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_the_prefixs_unless_given() {
        let layout =
            Layout::new(Path::new("/opt/gantry"), None, Some(Path::new("/etc/gantry")), Some(Path::new("/stage")))
                .unwrap();
        assert_eq!(layout.libexec, Path::new("/opt/gantry/libexec"));
        assert_eq!(layout.etc, Path::new("/etc/gantry"));
        assert_eq!(layout.staged(&layout.etc), Path::new("/stage/etc/gantry"));
        assert!(Layout::new(Path::new("here"), None, None, None).unwrap().prefix.is_absolute());
    }
}
