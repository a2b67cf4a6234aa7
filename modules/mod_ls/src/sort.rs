//! The order of a listing's lines.

use std::cmp::Reverse;

use gantry_api::files::DirectoryEntry;
use gantry_api::proto::listing::{ListOptions, Order};

/// Sorts names according to the options.
pub(crate) fn sort(entries: &mut [DirectoryEntry], options: &ListOptions) {
    match options.order {
        Order::Name => entries.sort_by(|a, b| a.name.cmp(&b.name)),
        Order::Time => entries
            .sort_by(|a, b| (Reverse(a.metadata.modified), &a.name).cmp(&(Reverse(b.metadata.modified), &b.name))),
        Order::Size => {
            entries.sort_by(|a, b| (Reverse(a.metadata.size), &a.name).cmp(&(Reverse(b.metadata.size), &b.name)))
        }
        Order::None => {}
    }
    if options.reverse {
        entries.reverse();
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::files::{Kind, Metadata};

    use super::*;

    #[test]
    fn newest_and_largest_come_first() {
        let entry = |name: &[u8], size, modified| {
            let metadata =
                Metadata { kind: Kind::File, mode: 0, links: 1, uid: 0, gid: 0, size, modified, device: 0, inode: 0 };
            DirectoryEntry { name: name.to_vec(), metadata, target: None }
        };
        let sorted = |letters: &[u8]| {
            let mut entries = vec![entry(b"b", 1, 5), entry(b"a", 2, 5), entry(b"c", 2, 9)];
            sort(&mut entries, &ListOptions::parse(letters).0);
            String::from_utf8(entries.into_iter().flat_map(|entry| entry.name).collect()).unwrap()
        };
        assert_eq!(sorted(b""), "abc");
        assert_eq!(sorted(b"-r"), "cba");
        assert_eq!(sorted(b"-t"), "cab");
        assert_eq!(sorted(b"-S"), "acb");
        assert_eq!(sorted(b"-U"), "bac");
    }
}
