//! What each client must be able to do, written once for all of them.

use std::fs;

use crate::clients::{Client, Job, Mode};
use crate::full;
use crate::layout::Layout;
use crate::sample::{self, AWKWARD_NAMES, Tree, assert_same};
use crate::server::Server;

/// Makes a client's tests: each function in this file, in both layouts.
#[macro_export]
macro_rules! client_suite {
    ($client:expr) => {
        use $crate::layout::Layout;
        use $crate::suite;

        fn carries_a_large_file(layout: Layout) {
            suite::carries_a_large_file(layout, &$client);
        }

        fn carries_a_tree_of_many_small_files(layout: Layout) {
            suite::carries_a_tree_of_many_small_files(layout, &$client);
        }

        fn carries_awkward_names(layout: Layout) {
            suite::carries_awkward_names(layout, &$client);
        }

        fn carries_files_over_each_kind_of_data_connection(layout: Layout) {
            suite::carries_files_over_each_kind_of_data_connection(layout, &$client);
        }

        $crate::both_layouts!(
            carries_a_large_file,
            carries_a_tree_of_many_small_files,
            carries_awkward_names,
            carries_files_over_each_kind_of_data_connection,
        );
    };
}

/// Transfers a large file in both directions.
pub fn carries_a_large_file(layout: Layout, client: &dyn Client) {
    let server = Server::start(layout);
    let (source, back) = (server.scratch().join("large"), server.scratch().join("back"));
    sample::file(&source, full::large_file() + 5, 1);
    client.put(&server.target(), &[Job::whole(&source, "large")]);
    assert_same(&source, &server.home().join("large"));
    client.get(&server.target(), &[Job::whole(&back, "large")]);
    assert_same(&source, &back);
}

/// Transfers many small files in folders in both directions.
pub fn carries_a_tree_of_many_small_files(layout: Layout, client: &dyn Client) {
    let server = Server::start(layout);
    let (source, back) = (server.scratch().join("tree"), server.scratch().join("back"));
    fs::create_dir(&source).expect("a folder can be made");
    let tree = Tree::make(&source, full::many_files());
    client.put_tree(&server.target(), &tree, &source, "the tree");
    tree.assert_same(&source, &server.home().join("the tree"));
    client.get_tree(&server.target(), &tree, "the tree", &back);
    tree.assert_same(&source, &back);
}

/// Transfers names with spaces, UTF-8, quotes and more in both directions.
pub fn carries_awkward_names(layout: Layout, client: &dyn Client) {
    let server = Server::start(layout);
    let (source, back) = (server.scratch().join("source"), server.scratch().join("back"));
    fs::create_dir(&source).and_then(|()| fs::create_dir(&back)).expect("folders can be made");
    for (name, length) in AWKWARD_NAMES.iter().zip(10..) {
        sample::file(&source.join(name), length, length);
    }
    let jobs = |folder: &std::path::Path| AWKWARD_NAMES.map(|name| Job::whole(folder.join(name), name));
    client.put(&server.target(), &jobs(&source));
    for name in AWKWARD_NAMES {
        assert_same(&source.join(name), &server.home().join(name));
    }
    client.get(&server.target(), &jobs(&back));
    for name in AWKWARD_NAMES {
        assert_same(&source.join(name), &back.join(name));
    }
}

/// Transfers a file in both directions by PASV, EPSV, PORT and EPRT, as far as the client can be
/// configured.
pub fn carries_files_over_each_kind_of_data_connection(layout: Layout, client: &dyn Client) {
    let server = Server::start(layout);
    let (source, back) = (server.scratch().join("source"), server.scratch().join("back"));
    sample::file(&source, 300_001, 2);
    for mode in Mode::ALL {
        let (target, name) = (server.target().with(mode), format!("{mode:?}"));
        client.put(&target, &[Job::whole(&source, &name)]);
        assert_same(&source, &server.home().join(&name));
        let _ = fs::remove_file(&back);
        client.get(&target, &[Job::whole(&back, &name)]);
        assert_same(&source, &back);
    }
}

/// Transfers both halves of a file separately; the second starts where the first ends.
pub fn resumes_both_ways(layout: Layout, client: &dyn Client) {
    let server = Server::start(layout);
    let (source, back) = (server.scratch().join("source"), server.scratch().join("back"));
    sample::file(&source, 1_000_003, 3);
    let bytes = fs::read(&source).expect("a sample can be read");
    server.put("file", &bytes[..400_001]);
    client.put(&server.target(), &[Job::rest(&source, "file")]);
    assert_same(&source, &server.home().join("file"));
    fs::write(&back, &bytes[..123_457]).expect("a file can be written");
    client.get(&server.target(), &[Job::rest(&back, "file")]);
    assert_same(&source, &back);
}
