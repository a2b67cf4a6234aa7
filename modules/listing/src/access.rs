//! What an account may do with a file according to its permission bits. This is information for clients; the system
//! and the gate decide when a command runs.

use gantry_api::Account;
use gantry_api::files::{Kind, Metadata};
use gantry_api::proto::listing::Access;

const READ: u32 = 4;
const WRITE: u32 = 2;
const EXECUTE: u32 = 1;
const STICKY: u32 = 0o1000;

/// What `account` may do with `file`, a name in `parent`.
pub fn access(account: &Account, file: &Metadata, parent: &Metadata) -> Access {
    let bits = bits(account, file);
    let mut access = Access::NONE;
    if bits & READ != 0 {
        access = access.with(Access::READ);
    }
    if file.kind == Kind::Directory {
        if bits & EXECUTE != 0 {
            access = access.with(Access::ENTER);
        }
        if bits & (WRITE | EXECUTE) == WRITE | EXECUTE {
            access = access.with(Access::WRITE);
        }
    } else if bits & WRITE != 0 {
        access = access.with(Access::WRITE);
    }
    if may_unlink(account, file, parent) {
        access = access.with(Access::DELETE).with(Access::RENAME);
    }
    access
}

/// Removing and renaming depend on the directory's permissions; if it is sticky, also on the owners.
fn may_unlink(account: &Account, file: &Metadata, parent: &Metadata) -> bool {
    let writable = bits(account, parent) & (WRITE | EXECUTE) == WRITE | EXECUTE;
    let is_held = parent.mode & STICKY != 0 && ![file.uid, parent.uid].contains(&account.uid) && account.uid != 0;
    writable && !is_held
}

/// The three bits that apply to the account.
fn bits(account: &Account, file: &Metadata) -> u32 {
    let is_member = || account.gid == file.gid || account.groups.iter().any(|group| group.gid == file.gid);
    match () {
        () if account.uid == 0 => READ | WRITE | EXECUTE,
        () if account.uid == file.uid => file.mode >> 6 & 7,
        () if is_member() => file.mode >> 3 & 7,
        () => file.mode & 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Account {
        Account {
            name: "ann".into(),
            uid: 1000,
            gid: 50,
            groups: Vec::new(),
            home: "/".into(),
            shell: String::new(),
            secret: None,
        }
    }

    fn file(kind: Kind, mode: u32, uid: u32, gid: u32) -> Metadata {
        Metadata { kind, mode, links: 1, uid, gid, size: 0, modified: 0, device: 1, inode: 1 }
    }

    #[test]
    fn the_bits_of_the_first_class_count() {
        let parent = file(Kind::Directory, 0o755, 0, 0);
        let of = |mode, uid, gid| access(&account(), &file(Kind::File, mode, uid, gid), &parent);
        assert_eq!(of(0o644, 1000, 0), Access::READ.with(Access::WRITE));
        assert_eq!(of(0o644, 0, 50), Access::READ);
        assert_eq!(of(0o640, 0, 0), Access::NONE);
        assert_eq!(of(0o044, 1000, 50), Access::NONE);
    }

    #[test]
    fn the_parent_decides_on_names() {
        let names = Access::DELETE.with(Access::RENAME);
        let of = |parent: Metadata, uid| access(&account(), &file(Kind::File, 0, uid, 0), &parent);
        assert_eq!(of(file(Kind::Directory, 0o755, 1000, 0), 0), names);
        assert_eq!(of(file(Kind::Directory, 0o1777, 0, 0), 0), Access::NONE);
        assert_eq!(of(file(Kind::Directory, 0o1777, 0, 0), 1000), names);
        assert_eq!(of(file(Kind::Directory, 0o1777, 1000, 0), 0), names);
    }
}
