//! The file of the control socket: its path, owner and mode, how it is created and removed. A
//! socket left behind by a killed daemon is replaced; one that a running daemon uses is not.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use gantry_sys::as_daemon;
use gantry_sys::own_file::check_own_path;
use gantry_sys::users::{Group, User};
use rustix::fs::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket as Socket2, Type};

/// How many operators may wait to be accepted.
const BACKLOG: i32 = 128;

/// The path, owner and mode of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    path: PathBuf,
    /// Whether to create its folder if it is missing.
    usual: bool,
    owner: Option<(u32, u32)>,
    mode: u32,
}

impl Place {
    /// From the directives. With an owner, its group may connect too. With an ACL, anybody may
    /// connect, and the ACL decides by the peer that the kernel reports.
    pub(crate) fn new(
        path: Option<&Path>,
        usual: &Path,
        owner: Option<(String, String)>,
        has_acl: bool,
    ) -> Result<Self, String> {
        let owner = owner.map(|(user, group)| Ok::<_, String>((uid(&user)?, gid(&group)?))).transpose()?;
        let mode = match (has_acl, owner) {
            (true, _) => 0o666,
            (false, Some(_)) => 0o660,
            (false, None) => 0o600,
        };
        Ok(Self { path: path.unwrap_or(usual).to_owned(), usual: path.is_none(), owner, mode })
    }
}

impl Place {
    /// Sets the file's owner and mode. Nobody may connect before the mode is set.
    fn take(&self) -> io::Result<()> {
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600))?;
        if let Some((uid, gid)) = self.owner {
            let words = |error| {
                io::Error::other(format!(
                    "ControlsSocketOwner: {error} (gantryd no longer runs as root and cannot change the owner: restart it)"
                ))
            };
            chown(&self.path, Some(uid), Some(gid)).map_err(words)?;
        }
        fs::set_permissions(&self.path, fs::Permissions::from_mode(self.mode))
    }
}

fn uid(name: &str) -> Result<u32, String> {
    if let Ok(uid) = name.parse() {
        return Ok(uid);
    }
    let found = User::by_name(name).map_err(|error| format!("ControlsSocketOwner: {name}: {error}"))?;
    found.map(|user| user.uid).ok_or_else(|| format!("ControlsSocketOwner: unknown user '{name}'"))
}

fn gid(name: &str) -> Result<u32, String> {
    if let Ok(gid) = name.parse() {
        return Ok(gid);
    }
    let found = Group::by_name(name).map_err(|error| format!("ControlsSocketOwner: {name}: {error}"))?;
    found.map(|group| group.gid).ok_or_else(|| format!("ControlsSocketOwner: unknown group '{name}'"))
}

/// An open socket; dropping it removes its file.
#[derive(Debug)]
pub(crate) struct Socket {
    place: Place,
    listener: UnixListener,
    /// The file's device and inode: another daemon may have put its own file there.
    file: (u64, u64),
}

impl Socket {
    /// Opens a socket.
    ///
    /// # Errors
    /// Names the file, and says why it cannot be used.
    pub(crate) fn bind(place: Place) -> Result<Self, String> {
        let path = &place.path;
        let failed = |error: io::Error| format!("ControlsSocket: cannot listen at {}: {error}", path.display());
        if place.usual
            && let Some(folder) = path.parent()
        {
            as_daemon(|| fs::create_dir_all(folder)).map_err(failed)?;
        }
        as_daemon(|| check_own_path(path).and_then(|_| clear(path))).map_err(failed)?;
        let listener = as_daemon(|| bind_closed(path)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let about = as_daemon(|| place.take().and_then(|()| fs::metadata(path))).inspect_err(|_| {
            // Do not leave a socket that nobody may use.
            let _ = as_daemon(|| fs::remove_file(path));
        });
        let about = about.map_err(failed)?;
        let file = (about.dev(), about.ino());
        Ok(Self { place, listener, file })
    }

    /// Whether it is at the given place, and its file still exists.
    pub(crate) fn is_at(&self, place: &Place) -> bool {
        self.place.path == place.path && self.is_there()
    }

    /// Sets its owner and mode, once these are final.
    ///
    /// # Errors
    /// A system error.
    pub(crate) fn settle(&self, place: &Place) -> io::Result<()> {
        if !self.is_there() {
            return Ok(());
        }
        as_daemon(|| place.take())
    }

    fn is_there(&self) -> bool {
        let found = as_daemon(|| fs::symlink_metadata(&self.place.path));
        found.is_ok_and(|about| (about.dev(), about.ino()) == self.file)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.place.path
    }

    /// The file's device and inode.
    pub(crate) fn file(&self) -> (u64, u64) {
        self.file
    }

    /// Another handle of it, for tokio.
    pub(crate) fn accepting(&self) -> io::Result<tokio::net::UnixListener> {
        tokio::net::UnixListener::from_std(self.listener.try_clone()?)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.is_there() {
            let _ = as_daemon(|| fs::remove_file(&self.place.path));
        }
    }
}

/// Binds a socket that only the owner may connect to, from the first moment: its file gets the mode
/// of the socket, whatever the umask is.
fn bind_closed(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket2::new(Domain::UNIX, Type::STREAM, None)?;
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    socket.bind(&SockAddr::unix(path)?)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Makes room for a socket: removes one that nobody listens on any more.
fn clear(path: &Path) -> io::Result<()> {
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about?,
    };
    if !about.file_type().is_socket() {
        return Err(io::Error::other("this is not a socket: remove it, or choose another path"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::Error::other("another daemon listens there: give each its own ControlsSocket")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_may_connect_before_the_mode_is_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = bind_closed(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        UnixStream::connect(&path).unwrap();
    }
}
