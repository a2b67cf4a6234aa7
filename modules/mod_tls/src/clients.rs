//! Client certificates: the trusted authorities, and the revocation lists.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gantry_sys::as_daemon;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use crate::depth::DepthLimit;
use crate::files;
use crate::settings::Clients;
use crate::words::Verify;

/// The directives for its files.
pub(crate) const DIRECTIVES: [&str; 4] =
    ["TLSCACertificateFile", "TLSCACertificatePath", "TLSCARevocationFile", "TLSCARevocationPath"];

/// Makes the verifier of clients' certificates.
pub(crate) fn verifier(
    settings: &Clients,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    if settings.verify == Verify::Off {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    for (path, found) in all(&settings.authorities, &settings.authorities_folder, files::certificates_of)? {
        for certificate in found {
            roots.add(certificate).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    if roots.is_empty() {
        return Err(
            "TLSVerifyClient needs authorities that vouch for clients: TLSCACertificateFile or TLSCACertificatePath"
                .to_owned(),
        );
    }
    let lists = all(&settings.revoked, &settings.revoked_folder, files::revocations_of)?;
    let revoked: Vec<_> = lists.into_iter().flat_map(|(_, lists)| lists).collect();
    if revoked.is_empty() && (settings.revoked.is_some() || settings.revoked_folder.is_some()) {
        return Err("TLSCARevocationPath has no revocation list".to_owned());
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).with_crls(revoked);
    let builder = if settings.verify == Verify::Optional { builder.allow_unauthenticated() } else { builder };
    let verifier = builder.build().map_err(|error| format!("TLSVerifyClient: {error}"))?;
    Ok(Arc::new(DepthLimit::new(verifier, settings.depth)))
}

/// All files that it is read from.
pub(crate) fn paths(settings: &Clients) -> Vec<PathBuf> {
    let all = [(&settings.authorities, &settings.authorities_folder), (&settings.revoked, &settings.revoked_folder)];
    all.into_iter().flat_map(|(file, folder)| listed(file, folder).unwrap_or_default()).collect()
}

/// The items in a file, and those in the files of a folder, which may also contain other files.
fn all<T>(
    file: &Option<PathBuf>,
    folder: &Option<PathBuf>,
    read: fn(&Path) -> Result<Vec<T>, String>,
) -> Result<Vec<(PathBuf, Vec<T>)>, String> {
    let read = |path: PathBuf| match read(&path) {
        Err(error) if file.as_ref() == Some(&path) => Err(error),
        found => Ok((path, found.unwrap_or_default())),
    };
    listed(file, folder)?.into_iter().map(read).collect()
}

/// A file, and the files of a folder, sorted by name.
fn listed(file: &Option<PathBuf>, folder: &Option<PathBuf>) -> Result<Vec<PathBuf>, String> {
    let mut paths: Vec<PathBuf> = file.iter().cloned().collect();
    if let Some(folder) = folder {
        let names = as_daemon(|| fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>());
        let mut names = names.map_err(|error| format!("unable to read {}: {error}", folder.display()))?;
        names.retain(|path| as_daemon(|| fs::metadata(path)).is_ok_and(|about| about.is_file()));
        names.sort();
        paths.extend(names);
    }
    Ok(paths)
}
