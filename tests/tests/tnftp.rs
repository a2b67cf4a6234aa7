//! tnftp as a client: all that it carries arrives byte for byte.

use std::fs;

use gantry_tests::clients::{Client, Job, Tnftp};
use gantry_tests::sample;
use gantry_tests::server::Server;

gantry_tests::client_suite!(Tnftp);

mod resuming {
    use super::*;

    fn resumes_a_download_and_appends_an_upload(layout: Layout) {
        let server = Server::start(layout);
        let (back, rest) = (server.scratch().join("back"), server.scratch().join("rest"));
        let bytes = sample::bytes(1_000_003, 3);
        server.put("file", &bytes[..400_001]);
        fs::write(&rest, &bytes[400_001..]).unwrap();
        Tnftp.put(&server.target(), &[Job::rest(&rest, "file")]);
        assert!(server.read("file") == bytes);
        fs::write(&back, &bytes[..123_457]).unwrap();
        Tnftp.get(&server.target(), &[Job::rest(&back, "file")]);
        assert!(fs::read(&back).unwrap() == bytes);
    }

    gantry_tests::both_layouts!(resumes_a_download_and_appends_an_upload);
}
