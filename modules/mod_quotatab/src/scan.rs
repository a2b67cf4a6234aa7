//! QuotaOptions ScanOnLogin: the user's tally is set to what is in the user's home directory.

use gantry_api::files::Kind;
use gantry_api::prelude::*;
use gantry_api::quota::{QuotaNumbers, QuotaType};

use crate::Quotatab;
use crate::limits::Quota;
use crate::settings::{Settings, excludes};
use crate::sizes::Measure;

/// How deep directories are looked into. What is deeper is counted no more, and the tally stays as it is.
const DEPTH: usize = 256;

/// Counts the home directory, where uploads are limited. Where something cannot be read, or another session of the same
/// subject counts meanwhile, the tally stays as it is.
pub(crate) async fn scan(quotatab: &Quotatab, at: &mut Moment<'_>, quota: &Quota) {
    let most = &quota.limit.most;
    if quota.ledger.subject.kind != QuotaType::User || most.bytes_in <= 0 && most.files_in <= 0 {
        return;
    }
    let counted = quota.ledger.counted();
    let found = match count(quotatab, at).await {
        Ok(found) => found,
        Err(error) => return log!(Warn, "QuotaOptions ScanOnLogin: the tally stays as it is: {error}"),
    };
    let text = format!("ScanOnLogin found {} bytes in {} files", found.bytes, found.files);
    quota.server.note(at.session, &text);
    if quota.ledger.counted() != counted {
        return;
    }
    let used = quota.ledger.used();
    quota.count(QuotaNumbers {
        bytes_in: found.bytes.saturating_sub(used.bytes_in),
        files_in: found.files.saturating_sub(used.files_in),
        ..QuotaNumbers::default()
    });
}

async fn count(quotatab: &Quotatab, at: &mut Moment<'_>) -> Result<Measure> {
    let directories = at.settings::<Settings>().directories;
    let mut sum = Measure::default();
    let mut open = vec![(at.session.cwd.clone(), 0_usize)];
    while let Some((folder, depth)) = open.pop() {
        let mut listing = at.files.list(&folder).await?;
        loop {
            let entries = listing.next().await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                let path = folder.join(&entry.name);
                let counts = match entry.metadata.kind {
                    Kind::Directory if depth >= DEPTH => return Err(Error::system(format!("{path} is too deep"))),
                    Kind::Directory => {
                        open.push((path.clone(), depth.saturating_add(1)));
                        directories
                    }
                    kind => kind == Kind::File,
                };
                if !counts || excludes(at, &path) {
                    continue;
                }
                // Of a file that is being uploaded, what has been counted so far.
                let under_way = quotatab.sizes.counted(&at.session.server_key, at.files.shown(&path)).await;
                let size = i64::try_from(entry.metadata.size).unwrap_or(i64::MAX);
                let measure = under_way.unwrap_or(Measure { files: 1, bytes: size });
                sum.files = sum.files.saturating_add(measure.files);
                sum.bytes = sum.bytes.saturating_add(measure.bytes);
            }
        }
    }
    Ok(sum)
}
