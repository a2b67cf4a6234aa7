//! Logins by certificate: TLSUserName, and TLSOptions AllowDotLogin.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_api::voucher::Voucher;
use gantry_api::{Account, Result, async_trait};
use gantry_sys::{Credentials, as_user};
use rustix::fs::OFlags;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::peer::{Attribute, Holder};
use crate::session::Tls;

/// The file with a user's own certificates, in the home folder.
const DOT_LOGIN: &str = ".tlslogin";
/// A size limit in bytes, larger than any such file.
const MOST: u64 = 256 << 10;

/// The client's certificate in one session.
pub(crate) struct Certificate {
    pub(crate) tls: Arc<Tls>,
    /// TLSUserName.
    pub(crate) attribute: Option<Attribute>,
    /// AllowDotLogin.
    pub(crate) dot_login: bool,
}

#[async_trait]
impl Voucher for Certificate {
    async fn vouches_for(&self, user: &str, account: &Account) -> Result<bool> {
        let Some(shown) = self.tls.peer().first() else { return Ok(false) };
        if let Some(attribute) = &self.attribute
            && Holder::of(shown).is_ok_and(|holder| holder.is(attribute, user))
        {
            self.tls.say(|| format!("the client's certificate is user '{user}'s (TLSUserName)"));
            return Ok(true);
        }
        if !self.dot_login {
            return Ok(false);
        }
        let path = Path::new(&account.home).join(DOT_LOGIN);
        let groups = account.groups.iter().map(|group| group.gid).collect();
        let credentials = Credentials { uid: account.uid, gid: account.gid, groups };
        let listed = tokio::task::spawn_blocking(move || listed(&path, &credentials)).await;
        let has = listed.unwrap_or_default().iter().any(|certificate| certificate == shown);
        if has {
            self.tls.say(|| format!("the client's certificate is in {DOT_LOGIN} of user '{user}' (AllowDotLogin)"));
        }
        Ok(has)
    }
}

/// The certificates in a file, read as the user; none if it cannot be read.
fn listed(path: &PathBuf, user: &Credentials) -> Vec<CertificateDer<'static>> {
    let read = || -> io::Result<Vec<u8>> {
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
        let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let mut bytes = Vec::new();
        if file.metadata()?.is_file() {
            file.take(MOST).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    // A daemon that cannot act as the user reads with its own rights.
    let bytes = as_user(user, read).unwrap_or_else(|_| read()).unwrap_or_default();
    CertificateDer::pem_slice_iter(&bytes).filter_map(std::result::Result::ok).collect()
}
