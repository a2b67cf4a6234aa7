//! lftp as a client: all that it carries arrives byte for byte.

use std::fs;

use gantry_tests::clients::{Client, Lftp, Listing};
use gantry_tests::sample::{self, AWKWARD_NAMES, Tree};
use gantry_tests::server::Server;

gantry_tests::client_suite!(Lftp::default());

mod further {
    use super::*;

    fn resumes_both_ways(layout: Layout) {
        suite::resumes_both_ways(layout, &Lftp::default());
    }

    fn mirrors_awkward_names_by_either_listing(layout: Layout) {
        let server = Server::start(layout);
        let source = server.scratch().join("source");
        fs::create_dir_all(source.join("a folder/b")).unwrap();
        let folders = ["a folder", "a folder/b"].map(str::to_owned).to_vec();
        let files = AWKWARD_NAMES.map(|name| format!("a folder/b/{name}")).to_vec();
        let tree = Tree { folders, files };
        for (name, length) in tree.files.iter().zip(100..) {
            sample::file(&source.join(name), length, length);
        }
        for listing in [Listing::List, Listing::Mlsd] {
            let (remote, back) = (format!("{listing:?}"), server.scratch().join(format!("{listing:?}")));
            Lftp { listing }.put_tree(&server.target(), &tree, &source, &remote);
            tree.assert_same(&source, &server.home().join(&remote));
            Lftp { listing }.get_tree(&server.target(), &tree, &remote, &back);
            tree.assert_same(&source, &back);
        }
    }

    gantry_tests::both_layouts!(resumes_both_ways, mirrors_awkward_names_by_either_listing);
}
