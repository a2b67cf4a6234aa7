//! Writes what a listing shows: single names, folders, and with -R the folders below them. All that a folder holds is
//! in memory while it is sorted, and of those below it the paths alone.

use std::sync::Arc;
use std::time::SystemTime;

use gantry_api::Account;
use gantry_api::files::{DirectoryEntry, Files, Kind, Links, Metadata};
use gantry_api::prelude::*;
use gantry_api::proto::listing::options::HiddenNames;
use gantry_api::proto::listing::{ListOptions, Order};
use gantry_listing::SessionNames;

use crate::expand::below;
use crate::output::Output;
use crate::settings::{Settings, Style};
use crate::sort::sort;
use crate::zone::Zone;

/// How many names are kept in a folder that is sorted as it is, in other words not at all.
const UNSORTED: usize = 512;

/// The width of a tab, and of the screen for which -C makes columns.
const TAB: usize = 8;
const SCREEN: usize = 80;

/// How each line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// LIST's.
    Long,
    /// NLST's: the name alone.
    Name,
    /// NLST's of a folder: the path, as the client can use it.
    Path,
}

/// The names of an owner and a group.
type Owners = (Arc<str>, Arc<str>);

/// A listing under way.
pub(crate) struct Walk<'a> {
    session: &'a Session,
    files: &'a dyn Files,
    account: Arc<Account>,
    names: SessionNames<'a>,
    settings: &'a Settings,
    options: ListOptions,
    form: Form,
    zone: Zone,
    now: i64,
    output: Output,
    files_left: u64,
    folders_left: u64,
    /// Owner and group of the last name, and what they are called.
    owners: Option<((u32, u32), Owners)>,
}

impl<'a> Walk<'a> {
    /// Begins a listing; 530 before login.
    pub(crate) fn new(
        (session, files): (&'a Session, &'a dyn Files),
        names: SessionNames<'a>,
        settings: &'a Settings,
        options: ListOptions,
        form: Form,
        output: Output,
    ) -> Result<Self> {
        let zone = settings.zone();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = zone.shown(i64::try_from(now).unwrap_or(i64::MAX));
        let account = session.account()?.clone();
        let (files_left, folders_left) = (settings.options.files, settings.options.folders);
        Ok(Self {
            session,
            files,
            account,
            names,
            settings,
            options,
            form,
            zone,
            now,
            output,
            files_left,
            folders_left,
            owners: None,
        })
    }

    /// Bounds how many names it shows.
    pub(crate) fn limit(&mut self, files: u64) {
        self.files_left = self.files_left.min(files);
    }

    /// Ends it.
    pub(crate) fn into_output(self) -> Output {
        self.output
    }

    /// One line for a name, as the client wrote it.
    pub(crate) async fn single(&mut self, name: &[u8], metadata: Metadata) -> Result<()> {
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let is_hidden = last.starts_with(b".") && last != b"." && last != b"..";
        if is_hidden && self.form == Form::Long && self.options.hidden == HiddenNames::No {
            return Ok(());
        }
        let target = match metadata.kind {
            Kind::Link => self.files.link_text(&self.session.resolve(name)).await.ok(),
            _ => None,
        };
        self.write(vec![DirectoryEntry { name: name.to_vec(), metadata, target }], b"").await
    }

    /// The lines of a folder, and with -R of those below it.
    pub(crate) async fn folder(&mut self, shown: &[u8]) -> Result<()> {
        self.folders_left = self.folders_left.saturating_sub(1);
        let mut waiting = match self.contents(shown, 0).await {
            // As ProFTPD: what must not be read is listed as empty.
            Err(error) if error.kind() == ErrorKind::Denied => return Ok(()),
            waiting => waiting?,
        };
        while let Some((folder, depth)) = waiting.pop() {
            if self.folders_left == 0 || self.files_left == 0 {
                return Ok(());
            }
            self.folders_left -= 1;
            // A folder that must not be entered is left out; one that must not be read has no lines.
            if self.files.enter(&self.session.resolve(&folder)).await.is_err() {
                continue;
            }
            let lines = self.output.lines();
            lines.extend_from_slice(b"\r\n");
            lines.extend(folder.iter().map(|byte| if matches!(byte, b'\r' | b'\n' | 0) { b'?' } else { *byte }));
            lines.extend_from_slice(b":\r\n");
            let Ok(inner) = self.contents(&folder, depth).await else { continue };
            waiting.extend(inner);
        }
        Ok(())
    }

    /// Writes a folder's lines; the folders in it that are to follow, the last one first.
    async fn contents(&mut self, shown: &[u8], depth: usize) -> Result<Vec<(Vec<u8>, usize)>> {
        let path = self.session.resolve(shown);
        let mut listing = self.files.list(&path).await?;
        let mut entries = self.dots(&path).await?;
        let mut folders = Vec::new();
        loop {
            let next = listing.next().await?;
            let is_end = next.is_empty();
            entries.extend(
                next.into_iter()
                    .filter(|entry| self.options.hidden != HiddenNames::No || !entry.name.starts_with(b".")),
            );
            let unsorted = self.options.order == Order::None && !self.options.reverse;
            let is_enough = unsorted && entries.len() >= UNSORTED;
            if !is_end && !is_enough {
                continue;
            }
            sort(&mut entries, &self.options);
            if self.options.recursive && depth < self.settings.options.depth {
                let inner = entries.iter().filter(|entry| {
                    entry.metadata.kind == Kind::Directory && !matches!(entry.name.as_slice(), b"." | b"..")
                });
                folders.extend(inner.map(|entry| (below(shown, &entry.name), depth + 1)));
            }
            self.write(std::mem::take(&mut entries), shown).await?;
            if is_end {
                folders.reverse();
                return Ok(folders);
            }
        }
    }

    /// `.` and `..`, where all names are wanted.
    async fn dots(&mut self, path: &VirtualPath) -> Result<Vec<DirectoryEntry>> {
        if self.options.hidden != HiddenNames::All || self.settings.style == Style::Windows {
            return Ok(Vec::new());
        }
        let own = self.files.metadata(path, Links::Follow).await?;
        // Above the root is the root; a folder above that must not be looked at is shown as the one below it.
        let real = self.files.enter(path).await.unwrap_or_else(|_| path.clone());
        let above = self.files.metadata(&real.parent(), Links::Follow).await.unwrap_or(own);
        let dot = |name: &[u8], metadata| DirectoryEntry { name: name.to_vec(), metadata, target: None };
        Ok(vec![dot(b".", own), dot(b"..", above)])
    }

    async fn write(&mut self, mut entries: Vec<DirectoryEntry>, folder: &[u8]) -> Result<()> {
        entries.truncate(usize::try_from(self.files_left).unwrap_or(usize::MAX));
        self.files_left = self.files_left.saturating_sub(entries.len() as u64);
        if self.form == Form::Long && !self.options.names_only && !self.options.numeric {
            self.names.learn(entries.iter().map(|entry| &entry.metadata)).await;
        }
        if self.options.columns && self.form == Form::Long {
            self.columns(&entries);
            return self.output.flush().await;
        }
        for mut entry in entries {
            if entry.metadata.kind == Kind::Link && self.form == Form::Long && !self.follow(&mut entry, folder).await {
                continue;
            }
            self.line(entry, folder);
            self.output.flush().await?;
        }
        Ok(())
    }

    /// With -L, or where links are not shown, makes a link what it leads to; false where that is nothing. With -F,
    /// marks the link's text by that.
    async fn follow(&mut self, entry: &mut DirectoryEntry, folder: &[u8]) -> bool {
        let is_followed = self.options.follow || !self.settings.links;
        if !is_followed && !self.options.classify {
            return true;
        }
        let path = self.session.resolve(&below(folder, &entry.name));
        let found = self.files.metadata(&path, Links::Follow).await;
        match found {
            Ok(metadata) if is_followed => (entry.metadata, entry.target) = (metadata, None),
            Ok(metadata) => entry.target.iter_mut().for_each(|target| target.extend(mark(&metadata))),
            Err(_) => return !is_followed,
        }
        true
    }

    /// The names in columns as wide as the longest one, those of a column below each other.
    fn columns(&mut self, entries: &[DirectoryEntry]) {
        let longest = entries.iter().map(|entry| entry.name.len()).max().unwrap_or_default();
        let width = ((longest + 1) / TAB + 1) * TAB;
        let rows = entries.len().div_ceil((SCREEN / width).max(1));
        let lines = self.output.lines();
        for row in 0..rows {
            let mut in_row = entries.iter().skip(row).step_by(rows).peekable();
            while let Some(entry) = in_row.next() {
                lines
                    .extend(entry.name.iter().map(|byte| if matches!(byte, b'\r' | b'\n' | 0) { b'?' } else { *byte }));
                if in_row.peek().is_some() {
                    lines.extend(std::iter::repeat_n(b'\t', width.saturating_sub(entry.name.len()).div_ceil(TAB)));
                }
            }
            lines.extend_from_slice(b"\r\n");
        }
    }

    /// What an owner and a group are called.
    fn owners(&mut self, (uid, gid): (u32, u32)) -> Owners {
        if let Some((ids, names)) = &self.owners
            && *ids == (uid, gid)
        {
            return names.clone();
        }
        let names: Owners = match self.options.numeric {
            true => (uid.to_string().into(), gid.to_string().into()),
            false => {
                let (fakes, names, account) = (&self.settings.fakes, self.names, &self.account);
                (fakes.owner(names, account, uid), fakes.group(names, account, gid))
            }
        };
        self.owners = Some(((uid, gid), names.clone()));
        names
    }

    fn line(&mut self, entry: DirectoryEntry, folder: &[u8]) {
        let DirectoryEntry { name, metadata, target } = entry;
        let metadata = &metadata;
        let (owner, group) = self.owners((metadata.uid, metadata.gid));
        let mut name = match self.form {
            Form::Path => below(folder, &name),
            Form::Long | Form::Name => name,
        };
        if self.options.classify && self.form == Form::Long {
            name.extend(mark(metadata));
        }
        let mut line = gantry_listing::entry(&name, metadata, &owner, &group);
        line.target = target.as_deref();
        line.in_units = self.options.in_units;
        line.mode = self.settings.fakes.list_mode(metadata);
        line.modified = self.zone.shown(metadata.modified);
        match self.form {
            Form::Long if !self.options.names_only && self.settings.style == Style::Windows => {
                line.write_windows(self.output.lines());
            }
            Form::Long if !self.options.names_only => line.write_list(self.now, self.output.lines()),
            _ => line.write_name(self.output.lines()),
        }
    }
}

/// What -F puts behind a name.
fn mark(metadata: &Metadata) -> Option<u8> {
    match metadata.kind {
        Kind::Directory => Some(b'/'),
        Kind::File if metadata.mode & 0o111 != 0 => Some(b'*'),
        Kind::Link | Kind::File | Kind::Other => None,
    }
}
