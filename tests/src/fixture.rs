//! Modules built for the tests.
