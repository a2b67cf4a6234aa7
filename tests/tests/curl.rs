//! curl as a client: all that it carries arrives byte for byte.

use gantry_tests::clients::Curl;

gantry_tests::client_suite!(Curl);

mod resuming {
    use super::*;

    fn resumes_both_ways(layout: Layout) {
        suite::resumes_both_ways(layout, &Curl);
    }

    gantry_tests::both_layouts!(resumes_both_ways);
}
