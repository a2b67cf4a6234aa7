//! As which user a thread accesses files. The kernel keeps credentials per thread, and [`as_user`]
//! relies on that; [`become_user`] gives up root for the whole process. Which user a session has is
//! decided elsewhere.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::abort;

use rustix::process::{DumpableBehavior, getgroups, set_dumpable_behavior};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_keep_capabilities, set_no_new_privs,
    set_thread_groups,
};

/// A user with all groups, as the kernel checks access to files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's number.
    pub uid: u32,
    /// The first group's number.
    pub gid: u32,
    /// All supplementary groups.
    pub groups: Vec<u32>,
}

/// What privileges the process keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// None: all sessions act as the user that the process becomes.
    Nothing,
    /// `CAP_SETUID` and `CAP_SETGID`, so that [`as_user`] can act as any user.
    SwitchUsers,
}

impl Credentials {
    /// The credentials with which the calling thread accesses files now.
    ///
    /// # Errors
    ///
    /// A kernel error.
    pub fn current() -> io::Result<Credentials> {
        let groups = getgroups()?;
        Ok(Credentials { uid: fsuid(), gid: fsgid(), groups: groups.into_iter().map(|gid| gid.as_raw()).collect() })
    }

    /// Whether both have the same access to files. The order of groups does not matter, nor whether the
    /// user's own group is among the supplementary ones: the kernel asks for either.
    #[must_use]
    pub fn is_equivalent(&self, other: &Credentials) -> bool {
        self.uid == other.uid && self.gid == other.gid && self.groups_with(self.gid) == other.groups_with(self.gid)
    }

    /// All groups that count for a thread with this group, in order.
    fn groups_with(&self, gid: u32) -> Vec<u32> {
        let mut groups = self.groups.clone();
        groups.push(gid);
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

/// Runs `act` while the calling thread, and no other, accesses files as this user. If it is this
/// user already, nothing is switched.
///
/// The kernel takes root's power over files away while the file system uid is not 0, both from a
/// thread with uid 0 and from one that went through [`become_user`]. Only operations that look up
/// or open paths need this; reading and writing an open file do not. `act` must not pass its work
/// to another thread.
///
/// If the thread's credentials cannot be restored, the process aborts, because nothing else may run
/// with a client's identity.
///
/// # Errors
///
/// If the thread may not act as this user; `act` has not run then.
pub fn as_user<T>(user: &Credentials, act: impl FnOnce() -> T) -> io::Result<T> {
    let before = Credentials::current()?;
    if user.is_equivalent(&before) {
        return Ok(act());
    }
    // Groups, then gid, then uid: the last one takes root's power over files away. Without the
    // right to set groups this fails before anything has changed.
    set_groups(&user.groups)?;
    // From here on the thread is restored, whether a step below fails, `act` panics or all goes
    // well.
    let _restore = Restore(before);
    set_fsgid(user.gid);
    set_fsuid(user.uid);
    // These two calls report no errors.
    if fsgid() != user.gid || fsuid() != user.uid {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(act())
}

/// Switches a thread between the daemon's own credentials and one user's, for threads that do so
/// thousands of times. The differences are computed once, and only what differs is switched.
#[derive(Clone, Debug)]
pub struct Switch {
    own: Credentials,
    user: Credentials,
    groups: bool,
    gid: bool,
    uid: bool,
}

impl Switch {
    /// From `own`, which the calling threads must have, to `user`.
    #[must_use]
    pub fn new(own: Credentials, user: Credentials) -> Switch {
        // Once the thread has the user's own group.
        let groups = own.groups_with(user.gid) != user.groups_with(user.gid);
        let (gid, uid) = (own.gid != user.gid, own.uid != user.uid);
        Switch { own, user, groups, gid, uid }
    }

    /// The credentials that `act` gets.
    #[must_use]
    pub fn user(&self) -> &Credentials {
        &self.user
    }

    /// Runs `act` like [`as_user`], with the same conditions. The thread has the daemon's own
    /// credentials before and after. If it has others, one client could act as another, so the
    /// process ends.
    ///
    /// `act` must not suspend or do work for another session.
    ///
    /// # Errors
    ///
    /// If the thread may not act as this user; `act` has not run then.
    pub fn run<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        debug_assert!(self.is_own(), "a thread has others' credentials");
        if !(self.groups || self.gid || self.uid) {
            return Ok(act());
        }
        if self.groups {
            // Without the right to set groups this fails before anything has changed.
            set_groups(&self.user.groups)?;
        }
        let _restore = Back(self);
        // These calls return the previous value.
        let was_own = (!self.gid || set_fsgid(self.user.gid) == self.own.gid)
            && (!self.uid || set_fsuid(self.user.uid) == self.own.uid);
        if !was_own {
            abort();
        }
        // They do not report errors.
        if self.gid && fsgid() != self.user.gid || self.uid && fsuid() != self.user.uid {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(act())
    }

    fn is_own(&self) -> bool {
        Credentials::current().is_ok_and(|now| now.is_equivalent(&self.own))
    }
}

/// Restores the daemon's own credentials.
struct Back<'a>(&'a Switch);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        let Switch { own, groups, gid, uid, .. } = self.0;
        // In reverse order: root's powers first.
        if *uid {
            set_fsuid(own.uid);
        }
        if *gid {
            set_fsgid(own.gid);
        }
        if *groups && set_groups(&own.groups).is_err() || *gid && fsgid() != own.gid || *uid && fsuid() != own.uid {
            abort();
        }
    }
}

/// Does work for the daemon itself, such as opening a log or a user file: first with the thread's
/// credentials, and if that is refused, again as root, provided that the process once was root and
/// may still switch users.
///
/// # Errors
///
/// The error of `act`; if root is refused too, root's error.
pub fn as_daemon<T>(act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let refused = match act() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => error,
        done => return done,
    };
    let root = Credentials { uid: 0, gid: 0, groups: Vec::new() };
    as_user(&root, act).unwrap_or(Err(refused))
}

/// Makes the whole process this user's for good, as `User` and `Group` say. Only the privileges in
/// `keep` stay: permitted and effective, never inherited. No program that the process starts can
/// gain any.
///
/// Call this before starting any thread: capabilities belong to the calling thread, and new threads
/// inherit them. From then on core dumps are off and /proc/self belongs to root.
///
/// # Errors
///
/// If the process is neither root nor this user already, or lacks a privilege that it should keep.
/// It may have changed in part, so end it.
pub fn become_user(user: &Credentials, keep: Keep) -> io::Result<()> {
    let kept = match keep {
        Keep::Nothing => CapabilitySet::empty(),
        Keep::SwitchUsers => CapabilitySet::SETUID | CapabilitySet::SETGID,
    };
    if !is_wholly(user)? {
        set_keep_capabilities(true)?;
        set_process_ids(user)?;
    }
    // Even if nothing was switched: CAP_SYS_RESOURCE alone would let users exceed their disk
    // quotas.
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() })?;
    set_keep_capabilities(false)?;
    set_no_new_privs(true)?;
    match is_wholly(user)? {
        true => Ok(()),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

/// As [`as_daemon`], for something in the folder of `path`; where that is refused too, once more as the folder's owner:
/// root without its powers over files may not write everywhere.
///
/// # Errors
///
/// If `act` fails: its last error.
pub fn as_daemon_in_folder<T>(path: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let refused = match as_daemon(&act) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => error,
        done => return done,
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(folder) = as_daemon(|| std::fs::metadata(folder)) else { return Err(refused) };
    let owner = Credentials { uid: folder.uid(), gid: folder.gid(), groups: Vec::new() };
    as_user(&owner, act).unwrap_or(Err(refused))
}

/// Makes the process's memory and its entries in /proc root's: no other process of the same user reads them, and a crash
/// leaves no core.
///
/// # Errors
///
/// The kernel's.
pub fn hide_memory() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Gives up what would let data that a process of root's writes for a user differ from what the user could write:
/// setuid bits would stay on files that are overwritten, quotas and reserved blocks would not count. Call this before any
/// thread is started.
///
/// # Errors
///
/// The kernel's.
pub fn give_up_powers_of_writing() -> io::Result<()> {
    let given_up = CapabilitySet::FSETID | CapabilitySet::SYS_RESOURCE;
    let CapabilitySets { effective, permitted, .. } = capabilities(None)?;
    let (effective, permitted) = (effective - given_up, permitted - given_up);
    Ok(set_capabilities(None, CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() })?)
}

/// Puts the thread back to what it was.
struct Restore(Credentials);

impl Drop for Restore {
    fn drop(&mut self) {
        // In reverse order: root's powers first.
        set_fsuid(self.0.uid);
        set_fsgid(self.0.gid);
        if set_groups(&self.0.groups).is_err() || fsuid() != self.0.uid || fsgid() != self.0.gid {
            abort();
        }
    }
}

fn set_groups(groups: &[u32]) -> io::Result<()> {
    if groups.contains(&u32::MAX) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let groups: Vec<_> = groups.iter().map(|&gid| rustix::process::Gid::from_raw(gid)).collect();
    Ok(set_thread_groups(&groups)?)
}

/// The user id by which the thread reaches files.
pub(crate) fn file_user() -> u32 {
    fsuid()
}

/// The file system uid; -1 changes nothing, and every call returns the previous value.
fn fsuid() -> u32 {
    set_fsuid(u32::MAX)
}

fn fsgid() -> u32 {
    set_fsgid(u32::MAX)
}

fn set_fsuid(uid: u32) -> u32 {
    // SAFETY: the call takes a number and no memory. It changes only the calling thread, which is
    // intended here. The result is a uid, whatever type the C library returns it in.
    unsafe { libc::setfsuid(uid).cast_unsigned() }
}

fn set_fsgid(gid: u32) -> u32 {
    // SAFETY: as for set_fsuid.
    unsafe { libc::setfsgid(gid).cast_unsigned() }
}

/// Sets every id of the whole process: groups first, since changing the uid removes the right to.
fn set_process_ids(user: &Credentials) -> io::Result<()> {
    // -1 would leave an id unchanged, possibly root's.
    if user.uid == u32::MAX || user.gid == u32::MAX || user.groups.contains(&u32::MAX) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let check = |result: libc::c_int| match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    // The own group need not be among the supplementary ones. Without it, a switch to a user that has no more than one
    // group need not set any.
    let groups: Vec<_> = user.groups.iter().copied().filter(|group| *group != user.gid).collect();
    // SAFETY: pointer and length come from one slice, which the call only reads.
    check(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) })?;
    // SAFETY: the call takes numbers and no memory.
    check(unsafe { libc::setresgid(user.gid, user.gid, user.gid) })?;
    // SAFETY: the call takes numbers and no memory.
    check(unsafe { libc::setresuid(user.uid, user.uid, user.uid) })
}

/// Whether the real, effective, saved and file system ids and the groups are all this user's.
fn is_wholly(user: &Credentials) -> io::Result<bool> {
    let (mut uids, mut gids) = ([0; 3], [0; 3]);
    let [real, effective, saved] = &mut uids;
    // SAFETY: three valid pointers to numbers of the type that the call writes.
    let uid_result = unsafe { libc::getresuid(real, effective, saved) };
    let [real, effective, saved] = &mut gids;
    // SAFETY: three valid pointers to numbers of the type that the call writes.
    let gid_result = unsafe { libc::getresgid(real, effective, saved) };
    if uid_result != 0 || gid_result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(uids == [user.uid; 3] && gids == [user.gid; 3] && Credentials::current()?.is_equivalent(user))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::fd::AsFd;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::path::PathBuf;
    use std::process::Command;

    use rustix::thread::no_new_privs;

    use super::*;
    use crate::handle;

    const NOBODY: u32 = 65_534;

    fn is_root() -> bool {
        let root = rustix::process::geteuid().is_root();
        if !root {
            println!("left out: needs root");
        }
        root
    }

    fn user(uid: u32) -> Credentials {
        Credentials { uid, gid: uid, groups: vec![uid] }
    }

    /// A directory that everybody may search, with a file that only this user may read.
    fn private_file(dir: &Path, uid: u32) -> PathBuf {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
        let path = dir.join(format!("of-{uid}"));
        fs::write(&path, "private").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(uid), Some(uid)).unwrap();
        path
    }

    #[test]
    fn the_current_user_needs_no_switch() {
        let current = Credentials::current().unwrap();
        let mut reordered = current.clone();
        reordered.groups.reverse();
        assert_eq!(as_user(&reordered, || 7).unwrap(), 7);
        assert_eq!(Credentials::current().unwrap(), current);
    }

    #[test]
    fn a_switch_to_oneself_is_none() {
        let own = Credentials::current().unwrap();
        let mut same = own.clone();
        same.groups.extend(own.groups.first().copied());
        let switch = Switch::new(own.clone(), same);
        assert!(!(switch.groups || switch.gid || switch.uid));
        assert_eq!(switch.run(|| 7).unwrap(), 7);
    }

    #[test]
    fn a_switch_ends_with_its_act_also_when_that_panics() {
        if !is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let roots = private_file(dir.path(), 0);
        let theirs = private_file(dir.path(), 1234);
        let own = Credentials::current().unwrap();
        let switch = Switch::new(own.clone(), user(1234));
        let (inside, read, readable) =
            switch.run(|| (Credentials::current().unwrap(), fs::read(&roots), fs::read(&theirs))).unwrap();
        assert!(inside.is_equivalent(&user(1234)), "{inside:?}");
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(readable.unwrap(), b"private");
        assert_eq!(Credentials::current().unwrap(), own);

        let panicked = std::panic::catch_unwind(|| switch.run(|| panic!("in the act")));
        assert!(panicked.is_err());
        assert_eq!(Credentials::current().unwrap(), own);
        assert_eq!(fs::read(&roots).unwrap(), b"private");
    }

    #[test]
    fn a_switch_changes_what_differs_alone() {
        let user = |gid, uid, groups: &[u32]| Credentials { uid, gid, groups: groups.to_vec() };
        let of = |own: &Credentials, other: &Credentials| {
            let switch = Switch::new(own.clone(), other.clone());
            (switch.groups, switch.gid, switch.uid)
        };
        let own = user(1, 2, &[3, 4]);
        assert_eq!(of(&own, &user(1, 2, &[4, 3])), (false, false, false));
        assert_eq!(of(&own, &user(1, 5, &[4, 3])), (false, false, true));
        assert_eq!(of(&own, &user(5, 2, &[])), (true, true, false));
        // Groups count as the thread has them under the user's own group.
        assert_eq!(of(&own, &user(5, 2, &[5, 4, 3])), (false, true, false));
        assert_eq!(of(&user(1, 2, &[1]), &user(5, 2, &[5])), (true, true, false), "1 would stay");
        assert_eq!(of(&user(1, 2, &[]), &user(5, 2, &[5])), (false, true, false));
        assert_eq!(of(&user(1, 2, &[]), &user(5, 2, &[1])), (true, true, false));
    }

    #[test]
    fn root_reads_no_file_that_the_user_may_not_and_is_root_again() {
        if !is_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let roots = private_file(dir.path(), 0);
        let theirs = private_file(dir.path(), NOBODY);
        let before = Credentials::current().unwrap();

        let (inside, read, own) = as_user(&user(NOBODY), || {
            let inside = Credentials::current().unwrap();
            (inside, fs::read(&roots), fs::read(&theirs))
        })
        .unwrap();
        assert_eq!(inside, user(NOBODY));
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(own.unwrap(), b"private");

        assert_eq!(Credentials::current().unwrap(), before);
        assert_eq!(fs::read(&roots).unwrap(), b"private");
    }

    #[test]
    fn other_threads_stay_what_they_are() {
        if !is_root() {
            return;
        }
        let other = as_user(&user(NOBODY), || {
            // A new thread inherits them; an earlier thread would not have changed.
            assert_eq!(fsuid(), NOBODY);
        });
        other.unwrap();
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let (answer, answers) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            while asked.recv().is_ok() {
                answer.send(Credentials::current().unwrap()).unwrap();
            }
        });
        let before = Credentials::current().unwrap();
        let seen = as_user(&user(NOBODY), || {
            ask.send(()).unwrap();
            answers.recv().unwrap()
        });
        assert_eq!(seen.unwrap(), before);
        drop(ask);
        thread.join().unwrap();
    }

    #[test]
    fn a_panic_leaves_no_thread_behind_as_the_user() {
        if !is_root() {
            return;
        }
        let before = Credentials::current().unwrap();
        let caught = std::panic::catch_unwind(|| as_user(&user(NOBODY), || panic!("inside")));
        assert!(caught.is_err());
        assert_eq!(Credentials::current().unwrap(), before);
    }

    #[test]
    fn numbers_that_mean_no_change_are_refused() {
        if !is_root() {
            return;
        }
        let before = Credentials::current().unwrap();
        for bad in [
            Credentials { uid: u32::MAX, ..user(1) },
            Credentials { gid: u32::MAX, ..user(1) },
            Credentials { groups: vec![u32::MAX], ..user(1) },
        ] {
            assert!(as_user(&bad, || ()).is_err());
        }
        assert_eq!(Credentials::current().unwrap(), before);
    }

    #[test]
    fn the_process_gives_up_root() {
        if is_root() {
            run_in_process("credentials::tests::child_keeps_nothing");
            run_in_process("credentials::tests::child_switches_users");
        }
    }

    /// Runs a test that changes its whole process in a process of its own.
    fn run_in_process(test: &str) {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    #[test]
    #[ignore = "changes its whole process: run by the_process_gives_up_root"]
    fn child_keeps_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let roots = private_file(dir.path(), 0);
        become_user(&user(NOBODY), Keep::Nothing).unwrap();
        let sets = capabilities(None).unwrap();
        assert!(sets.permitted.is_empty() && sets.effective.is_empty());
        assert!(no_new_privs().unwrap());
        assert!(fs::read(&roots).is_err());
        assert!(as_user(&user(1234), || ()).is_err());
        assert!(Switch::new(user(NOBODY), user(1234)).run(|| ()).is_err());
        assert!(become_user(&user(0), Keep::Nothing).is_err());
        assert!(become_user(&user(NOBODY), Keep::SwitchUsers).is_err());
        become_user(&user(NOBODY), Keep::Nothing).unwrap();
    }

    #[test]
    #[ignore = "changes its whole process: run by the_process_gives_up_root"]
    fn child_switches_users() {
        let dir = tempfile::tempdir().unwrap();
        let roots = private_file(dir.path(), 0);
        let theirs = private_file(dir.path(), 1234);
        let ours = private_file(dir.path(), NOBODY);
        let of_group = private_file(dir.path(), 4321);
        fs::set_permissions(&of_group, fs::Permissions::from_mode(0o640)).unwrap();
        chown(&of_group, Some(0), Some(NOBODY)).unwrap();
        become_user(&user(NOBODY), Keep::SwitchUsers).unwrap();
        let own = Credentials::current().unwrap();
        assert!(own.is_equivalent(&user(NOBODY)));

        let kept = CapabilitySet::SETUID | CapabilitySet::SETGID;
        let sets = capabilities(None).unwrap();
        assert_eq!((sets.permitted, sets.effective), (kept, kept));
        assert!(sets.inheritable.is_empty());
        assert!(fs::read(&roots).is_err() && fs::read(&theirs).is_err());
        assert!(fs::read(&ours).is_ok());

        let (root, own_file, daemon) =
            as_user(&user(1234), || (fs::read(&roots), fs::read(&theirs), fs::read(&ours))).unwrap();
        assert!(root.is_err() && own_file.is_ok() && daemon.is_err());
        assert_eq!(Credentials::current().unwrap(), own);

        let switch = Switch::new(own.clone(), user(1234));
        let (root, own_file, daemon) = switch.run(|| (fs::read(&roots), fs::read(&theirs), fs::read(&ours))).unwrap();
        assert!(root.is_err() && own_file.is_ok() && daemon.is_err());
        assert_eq!(Credentials::current().unwrap(), own);

        // Nor does a user have the daemon's group: where no groups are set, it has none to keep.
        let switch = Switch::new(own, user(1234));
        assert!(!switch.groups && fs::read(&of_group).is_ok());
        assert!(switch.run(|| fs::read(&of_group)).unwrap().is_err());
        assert!(switch.run(|| fs::read(&theirs)).unwrap().is_ok());

        // Threads started from here on have the same credentials.
        let thread = std::thread::spawn(move || as_user(&user(1234), || fs::read(&theirs)));
        assert!(thread.join().unwrap().unwrap().is_ok());
        assert!(handle::real_path(File::open("/").unwrap().as_fd()).is_ok());
    }
}
