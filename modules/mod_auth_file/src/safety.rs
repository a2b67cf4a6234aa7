//! Checks that a password file is safe from others, as ProFTPD does for AuthUserFile and AuthGroupFile.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use gantry_sys::resolve::resolve;

/// Whether others may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// They may not.
    NotTheWorld,
    /// They may.
    Anybody,
}

const WORLD_READS: u32 = 0o004;
const WORLD_WRITES: u32 = 0o002;

/// Checks that only its owner and group can change or replace a file; the error is the reason why not.
pub(crate) fn check(path: &Path, file: &Metadata, readers: Readers) -> Result<(), String> {
    if !file.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if file.mode() & WORLD_WRITES != 0 {
        return Err("it is world-writable".to_owned());
    }
    if file.mode() & WORLD_READS != 0 && readers == Readers::NotTheWorld {
        return Err("it is world-readable".to_owned());
    }
    match resolve(path).open_folder() {
        Ok(None) => Ok(()),
        Ok(Some(folder)) => Err(format!("the folder {} is world-writable", folder.display())),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_world_keeps_off() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("open");
        fs::create_dir(&folder).unwrap();
        let file = folder.join("users");
        fs::write(&file, "").unwrap();
        let checked = |mode: u32, folder_mode: u32, readers: Readers| {
            fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            check(&file, &fs::metadata(&file).unwrap(), readers)
        };
        assert_eq!(checked(0o640, 0o755, Readers::NotTheWorld), Ok(()));
        assert_eq!(checked(0o640, 0o1777, Readers::NotTheWorld), Ok(()));
        assert_eq!(checked(0o644, 0o755, Readers::Anybody), Ok(()));
        assert!(checked(0o644, 0o755, Readers::NotTheWorld).is_err());
        assert!(checked(0o642, 0o755, Readers::Anybody).is_err());
        assert!(checked(0o640, 0o777, Readers::NotTheWorld).unwrap_err().contains("open"));
        let links = dir.path().join("links");
        fs::create_dir(&links).unwrap();
        std::os::unix::fs::symlink(&file, links.join("users")).unwrap();
        let linked = |mode: u32, folder_mode: u32| {
            fs::set_permissions(&links, Permissions::from_mode(mode)).unwrap();
            fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
            check(&links.join("users"), &fs::metadata(&file).unwrap(), Readers::NotTheWorld)
        };
        assert_eq!(linked(0o755, 0o755), Ok(()));
        assert!(linked(0o755, 0o777).unwrap_err().contains("open"), "where the file really is");
        assert!(linked(0o777, 0o755).unwrap_err().contains("links"), "where the link is");
        assert!(check(&folder, &fs::metadata(&folder).unwrap(), Readers::Anybody).is_err());
    }
}
