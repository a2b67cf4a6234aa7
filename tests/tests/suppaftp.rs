//! suppaftp as a client: all that it carries arrives byte for byte.

use gantry_tests::clients::Suppaftp;

gantry_tests::client_suite!(Suppaftp);

mod resuming {
    use super::*;

    fn resumes_both_ways(layout: Layout) {
        suite::resumes_both_ways(layout, &Suppaftp);
    }

    gantry_tests::both_layouts!(resumes_both_ways);
}
