//! New files and directories that belong to others than the session's user: UserOwner, GroupOwner.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use gantry_api::files::OpenFile;
use gantry_api::log::Level;
use gantry_api::store::{Access, ApprovedPlace};
use gantry_api::{Error, ErrorKind, Result};
use gantry_sys::handle::{self, Attributes, Freshness, attributes};
use gantry_sys::{FileType, Mode};

use super::HostStore;
use super::file::HostFile;
use super::place::{HostPlace, metadata};
use crate::files::privileged::NewOwners;
use crate::log::say;

impl HostStore {
    /// Creates and opens a new file that belongs to others; `None` if the name is taken.
    pub(super) async fn create_file_for(
        &self,
        at: ApprovedPlace<HostPlace>,
        access: Access,
        mode: u32,
        owners: NewOwners,
    ) -> Result<Option<OpenFile>> {
        let place = at.into_place();
        let again = place.try_clone()?;
        let made = self.actor.later(move |user| {
            let Some(file) = place.named()?.create_file(super::writing(access), Mode::from_raw_mode(mode))? else {
                return Ok(None);
            };
            let found = attributes(file.as_fd(), Freshness::Now)?;
            let near = user.is_near(&found).then_some(user.root.medium);
            Ok(Some((file.try_clone()?, file, found, near)))
        });
        let Some((same, file, found, near)) = made.await? else { return Ok(None) };
        self.give(again, same, found, owners).await?;
        let found =
            Attributes { uid: owners.user.unwrap_or(found.uid), gid: owners.group.unwrap_or(found.gid), ..found };
        let file = HostFile::new(self.actor.blocking.clone(), file, access, near);
        Ok(Some(OpenFile { file: Box::new(file), metadata: metadata(&found) }))
    }

    /// Makes a directory that belongs to others.
    pub(super) async fn make_directory_for(
        &self,
        at: ApprovedPlace<HostPlace>,
        mode: u32,
        owners: NewOwners,
    ) -> Result<()> {
        let place = at.into_place();
        let again = place.try_clone()?;
        let made = self.actor.later(move |user| {
            let place = place.named()?;
            place.create_directory(Mode::from_raw_mode(mode))?;
            let made = place.handle()?;
            let found = attributes(made.as_fd(), Freshness::Now)?;
            // Another user may have put another thing there.
            match FileType::from_raw_mode(found.mode) == FileType::Directory && found.uid == user.uid() {
                true => Ok((made, found)),
                false => Err(Error::of(ErrorKind::Denied)),
            }
        });
        let (made, found) = made.await?;
        self.give(again, made, found, owners).await
    }

    /// Gives away what was just made at a place, or removes it.
    async fn give(&self, at: HostPlace, thing: OwnedFd, found: Attributes, owners: NewOwners) -> Result<()> {
        if owners.user.is_none() {
            let changed = self.actor.later(move |_| Ok(handle::set_owner(thing.as_fd(), None, owners.group)?));
            if let Err(error) = changed.await {
                let group = owners.group.unwrap_or_default();
                say(Level::Warn, format_args!("GroupOwner: a new file cannot have the group {group}: {error}"));
            }
            return Ok(());
        }
        // Without root, all files belong to the daemon's user, whatever the configuration says.
        if !self.privileged.is_root() {
            return Ok(());
        }
        let given = self.privileged.give(thing, owners).await;
        if given.is_err() {
            self.actor.later(move |_| Ok(remove(&at, &found)?)).await?;
        }
        given.map_err(|error| Error::system(format!("UserOwner: {error}")))
    }
}

/// Removes what was made, if its name still stands for that.
fn remove(at: &HostPlace, made: &Attributes) -> io::Result<()> {
    let place = at.named()?;
    let found = handle::attributes_of_name(place.directory.as_fd(), &place.name)?;
    if (found.device, found.inode) != (made.device, made.inode) {
        return Ok(());
    }
    match FileType::from_raw_mode(found.mode) {
        FileType::Directory => place.remove_directory(),
        _ => place.remove_file(),
    }
}
