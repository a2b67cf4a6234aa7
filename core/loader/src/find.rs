//! Finds the file of the module that LoadModule names.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::LoadError;

/// The module that a word of the configuration names: `mod_sql`, `mod_sql.c`
/// and `mod_sql.so` are all `mod_sql`.
///
/// # Errors
/// The word contains a slash or is not a module name. As in ProFTPD, modules are found
/// only in the module folders.
pub fn module_name(word: &str) -> Result<&str, LoadError> {
    let name = word.strip_suffix(".c").or_else(|| word.strip_suffix(".so")).unwrap_or(word);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(LoadError::Name { name: word.to_owned() });
    }
    Ok(name)
}

/// The file of a module in the first folder that has one: `mod_x.so`, or `libmod_x.so`
/// as cargo names it.
///
/// # Errors
/// The name is not valid, or no folder has such a file.
pub fn find(module: &str, folders: &[PathBuf]) -> Result<PathBuf, LoadError> {
    let module = module_name(module)?;
    let mut barred = None;
    for folder in folders {
        for name in [format!("{module}.so"), format!("lib{module}.so")] {
            let path = folder.join(name);
            // Anything with this name counts. If it is a folder or a broken link, the
            // loader reports that.
            match fs::symlink_metadata(&path) {
                Ok(_) => return Ok(path),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(source) => barred = barred.or(Some(LoadError::Read { path, source })),
            }
        }
    }
    let missing = || LoadError::NotFound { module: module.to_owned(), folders: folders.to_vec() };
    Err(barred.unwrap_or_else(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_three_spellings() {
        for word in ["mod_sql", "mod_sql.c", "mod_sql.so"] {
            assert_eq!(module_name(word).unwrap(), "mod_sql");
        }
        for word in ["", ".c", "/lib/mod_sql.so", "../mod_sql", "mod sql", "mod_\0", "mod_sql.c.so"] {
            assert!(matches!(module_name(word), Err(LoadError::Name { .. })), "{word}");
        }
    }

    #[test]
    fn the_first_folder_that_has_it_gives_the_file() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let paths = folders.each_ref().map(|folder| folder.path().to_owned());
        let error = find("mod_x.c", &paths).unwrap_err().to_string();
        assert!(error.contains("mod_x.so") && error.contains(&paths[1].display().to_string()), "{error}");
        fs::write(paths[1].join("mod_x.so"), "").unwrap();
        assert_eq!(find("mod_x.c", &paths).unwrap(), paths[1].join("mod_x.so"));
        fs::write(paths[0].join("libmod_x.so"), "").unwrap();
        assert_eq!(find("mod_x.so", &paths).unwrap(), paths[0].join("libmod_x.so"));
        assert!(find("mod_x/../mod_x", &paths).is_err());
    }
}
