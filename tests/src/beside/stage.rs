//! The folder that one of the two servers serves: files, users, logs.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use tempfile::TempDir;

use crate::beside::case::{bytes, folder};
use crate::beside::disk::contents;
use crate::beside::same::Sameness;
use crate::config::{Account, PASSWORD_CRYPT};
use crate::sample;

/// The users of both servers. Nobody else of the machine has these numbers.
pub const USERS: [(&str, u32); 3] = [("alice", 61_001), ("bob", 61_002), ("carol", 61_003)];

/// The group that alice and bob belong to besides their own.
const SHARED_GROUP: (&str, u32) = ("staff", 61_010);

/// A server's folder.
pub struct Stage {
    folder: TempDir,
    tree: Vec<Item>,
    /// What the tree looks like; empty where it has to be made anew.
    fresh: Mutex<String>,
    /// The moment that all times of the files are counted from.
    began: SystemTime,
}

impl Stage {
    /// An empty one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(began: SystemTime) -> Self {
        // The same length for both, as links may show it.
        let folder = tempfile::Builder::new().prefix("beside-").rand_bytes(8).tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let tree = fs::read_to_string(self::folder().join("tree")).expect("the tree's file can be read");
        let lines = tree.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let tree = lines.map(Item::parse).collect();
        let stage = Self { folder, tree, fresh: Mutex::default(), began };
        open_to_all(stage.path());
        for name in ["var", "logs"] {
            let path = stage.path().join(name);
            fs::create_dir(&path).expect("a folder can be made");
            give_to_server(&path);
        }
        stage.write_users();
        stage
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Alice's home, with the tree.
    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// The moment from which all times are counted.
    pub fn began(&self) -> SystemTime {
        self.began
    }

    /// Makes home as it is at the start of each case, if the case before, which left `contents`, has changed it, and
    /// empties the logs.
    ///
    /// # Panics
    /// When it cannot be made, or the tree's file has an error.
    pub fn reset(&self) {
        for entry in fs::read_dir(self.path().join("logs")).expect("a folder can be read") {
            // Emptied and not removed: the server has it open.
            let path = entry.expect("a folder can be read").path();
            fs::OpenOptions::new().write(true).truncate(true).open(path).expect("a log can be emptied");
        }
        let home = self.home();
        let mut fresh = self.fresh.lock().expect("no other case failed");
        if home.exists() {
            if !fresh.is_empty() && *fresh == contents(&home, &Sameness::new(self.path())) {
                return;
            }
            fs::remove_dir_all(&home).expect("root can remove everything");
        }
        fs::create_dir(&home).expect("a folder can be made");
        self.tree.iter().for_each(|item| item.make(&home));
        chown(&home, Some(USERS[0].1), Some(USERS[0].1)).expect("root can give files away");
        open_to_all(&home);
        // Folders last: what is made in them changes their times.
        self.tree.iter().rev().for_each(|item| self.date(&home.join(&item.name), item.age));
        self.date(&home, 30);
        *fresh = contents(&home, &Sameness::new(self.path()));
    }

    fn date(&self, path: &Path, days: u64) {
        let time = self.began - Duration::from_secs(days * 86_400);
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).expect("it is past 1970").as_secs();
        let stamp = Timespec { tv_sec: i64::try_from(seconds).expect("it is a near time"), tv_nsec: 0 };
        let times = Timestamps { last_access: stamp, last_modification: stamp };
        utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("a time can be set");
    }

    fn write_users(&self) {
        let home = self.home();
        let user =
            |(name, id): &(&str, u32)| format!("{name}:{PASSWORD_CRYPT}:{id}:{id}::{}:/bin/sh\n", home.display());
        let users: String = USERS.iter().map(user).collect();
        let own: String = USERS.iter().map(|(name, id)| format!("{name}:x:{id}:\n")).collect();
        let (name, id) = SHARED_GROUP;
        for (file, text) in [("passwd", users), ("group", format!("{own}{name}:x:{id}:alice,bob\n"))] {
            let path = self.path().join("var").join(file);
            fs::write(&path, text).expect("a file can be written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode can be set");
            give_to_server(&path);
        }
    }
}

/// A line of `tests/beside/tree`: `kind mode owner days name`, and for a file ` = content`, for a link ` -> target`.
struct Item {
    kind: char,
    mode: u32,
    owner: u32,
    age: u64,
    name: PathBuf,
    rest: Vec<u8>,
}

impl Item {
    fn parse(line: &str) -> Self {
        let mut words = line.splitn(5, ' ');
        let mut word = || words.next().unwrap_or_else(|| panic!("the tree's line {line:?} is too short"));
        let (kind, mode, owner, age, rest) = (word(), word(), word(), word(), word());
        let (name, rest) = rest.split_once(" = ").or_else(|| rest.split_once(" -> ")).unwrap_or((rest, ""));
        let owner = USERS.iter().find(|(name, _)| *name == owner).map_or(0, |(_, id)| *id);
        let name = OsString::from_vec(bytes(name));
        let rest = match kind {
            "z" => sample::bytes(rest.parse().expect("a size is a number"), 1),
            _ => bytes(rest),
        };
        Self {
            kind: kind.chars().next().expect("it has a kind"),
            mode: u32::from_str_radix(mode, 8).expect("a mode is octal"),
            owner,
            age: age.parse().expect("an age is a number of days"),
            name: PathBuf::from(name),
            rest,
        }
    }

    fn make(&self, home: &Path) {
        let path = home.join(&self.name);
        let made = match self.kind {
            'd' => fs::create_dir(&path),
            'f' | 'z' => fs::write(&path, &self.rest),
            'l' => symlink(String::from_utf8_lossy(&self.rest).as_ref(), &path),
            other => panic!("the tree has no {other:?}"),
        };
        made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        lchown(&path, Some(self.owner), Some(self.owner)).expect("root can give files away");
        if self.kind != 'l' {
            fs::set_permissions(&path, fs::Permissions::from_mode(self.mode)).expect("a mode can be set");
        }
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
}

fn give_to_server(path: &Path) {
    if let Some(account) = Account::to_drop_to() {
        chown(path, Some(account.uid), Some(account.gid)).expect("root can give files away");
    }
}
