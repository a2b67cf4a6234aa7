//! The order of a listing's lines.

use std::cmp::Reverse;

use gantry_api::files::{DirectoryEntry, Metadata};
use gantry_api::proto::listing::{ListOptions, Order};

/// Sorts names according to the options.
pub(crate) fn sort(entries: &mut [DirectoryEntry], options: &ListOptions) {
    match options.order {
        Order::Name => entries.sort_by(|a, b| a.name.cmp(&b.name)),
        // In reverse, too, what is equal is in the order of the names.
        Order::Time => by(entries, options.reverse, |found| found.modified),
        Order::Size => by(entries, options.reverse, |found| i64::try_from(found.size).unwrap_or(i64::MAX)),
        Order::None => {}
    }
    if options.reverse && matches!(options.order, Order::Name | Order::None) {
        entries.reverse();
    }
}

/// The greatest first; in reverse, the least.
fn by(entries: &mut [DirectoryEntry], reverse: bool, key: impl Fn(&Metadata) -> i64) {
    match reverse {
        false => {
            entries.sort_by(|a, b| (Reverse(key(&a.metadata)), &a.name).cmp(&(Reverse(key(&b.metadata)), &b.name)))
        }
        true => entries.sort_by(|a, b| (key(&a.metadata), &a.name).cmp(&(key(&b.metadata), &b.name))),
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::files::Kind;

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
        assert_eq!(sorted(b"-rS"), "bac");
        assert_eq!(sorted(b"-U"), "bac");
    }
}
