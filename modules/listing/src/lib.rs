//! Shared by the modules that list directories: the names of owners and groups, what an account may do with a file
//! (RFC 3659's fact `perm`), and a file's metadata as an entry of a listing. This is not a module and has no commands.

mod access;
mod fakes;
mod names;

pub use access::access;
pub use fakes::{Fakes, parse_fake_name};
pub use names::{Names, SessionNames};

use gantry_api::files::{Kind, Metadata};
use gantry_api::proto::listing;

/// The entry of a listing for a file.
pub fn entry<'a>(name: &'a [u8], metadata: &Metadata, owner: &'a str, group: &'a str) -> listing::Entry<'a> {
    listing::Entry {
        name,
        kind: match metadata.kind {
            Kind::File => listing::Kind::File,
            Kind::Directory => listing::Kind::Directory,
            Kind::Link => listing::Kind::Link,
            // The session's file system does not distinguish pipes, sockets and devices.
            Kind::Other => listing::Kind::Pipe,
        },
        mode: metadata.mode,
        links: metadata.links,
        owner,
        group,
        uid: metadata.uid,
        gid: metadata.gid,
        size: metadata.size,
        modified: metadata.modified,
        unique: (metadata.device, metadata.inode),
        ..listing::Entry::default()
    }
}
