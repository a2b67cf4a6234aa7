//! The file of SQLPasswordSaltFile.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gantry_sys::as_daemon;
use gantry_sys::users::own_name;

/// More than any salt has.
const MOST: u64 = 64 * 1024;

/// The salt: the file without one newline at its end.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = as_daemon(|| {
        let mut bytes = Vec::new();
        File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let fault = |what: &str| format!("salt file {}: {what}", path.display());
    let mut salt = bytes.map_err(|error| fault(&format!("unable to read it as user {}: {error}", own_name())))?;
    if salt.len() as u64 > MOST {
        return Err(fault("it is too large"));
    }
    if salt.last() == Some(&b'\n') {
        salt.pop();
    }
    match salt.is_empty() {
        true => Err(fault("it is empty")),
        false => Ok(salt),
    }
}
