//! Home directories that are made at a login: CreateHome. What fails is logged; the login then fails because there is no home.

use gantry_api::Account;
use gantry_api::log::Level;
use gantry_api::{Error, Result};
use gantry_sys::Switch;
use gantry_sys::home::{HomeOwners, NewHome, create};

use crate::files::shared::SessionParts;
use crate::log::say;
use crate::settings::CreateHome;

/// Makes an account's home directory if there is none.
pub async fn make(shared: &SessionParts, wanted: &CreateHome, account: &Account) {
    let home = account.home.display();
    match make_missing(shared, wanted, account).await {
        Ok(false) => {}
        Ok(true) => say(Level::Info, format_args!("CreateHome: {home} has been made for {}", account.name)),
        Err(error) => {
            say(Level::Warn, format_args!("CreateHome: cannot make {home} for {}: {error}", account.name));
        }
    }
}

async fn make_missing(shared: &SessionParts, wanted: &CreateHome, account: &Account) -> Result<bool> {
    let switch = Switch::new(shared.identity.own.clone(), shared.credentials(account));
    let (path, user) = (account.home.clone(), switch.clone());
    let is_there = move || Ok(user.run(|| path.is_dir())?);
    if shared.blocking.run(is_there).await? {
        return Ok(false);
    }
    let home = NewHome {
        path: account.home.clone(),
        mode: wanted.mode,
        parent_mode: wanted.parent_mode,
        skeleton: wanted.skeleton.clone(),
        owners: None,
    };
    if wanted.as_user || !shared.privileged.is_root() {
        return shared.blocking.run(move || switch.run(|| create(&home))?.map_err(Error::from)).await;
    }
    let owners = HomeOwners {
        user: account.uid,
        group: account.gid,
        home_group: wanted.home_group.unwrap_or(account.gid),
        parents: (wanted.parent_user.unwrap_or(account.uid), wanted.parent_group.unwrap_or(account.gid)),
    };
    shared.privileged.create_home(NewHome { owners: Some(owners), ..home }).await?;
    Ok(true)
}
