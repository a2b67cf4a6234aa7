//! Python's ftplib as a client: all that it carries arrives byte for byte.

use gantry_tests::clients::Ftplib;

gantry_tests::client_suite!(Ftplib);

mod resuming {
    use super::*;

    fn resumes_both_ways(layout: Layout) {
        suite::resumes_both_ways(layout, &Ftplib);
    }

    gantry_tests::both_layouts!(resumes_both_ways);
}
