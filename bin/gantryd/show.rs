//! What `-l`, `-V` and `-v` print.

use gantry_api::stamp::{self, Stamp};
use gantry_server::Images;

use crate::paths;

/// `-v`.
pub fn version() {
    println!("Gantry Version {}", env!("CARGO_PKG_VERSION"));
}

/// `-l`, in ProFTPD's form.
pub fn modules(images: &Images) {
    println!("Compiled-in modules:");
    for module in images.linked() {
        println!("  {}.c", module.name);
    }
}

/// `-V`.
pub fn settings(images: &Images) {
    let stamp = Stamp::of_this_build();
    println!("Compile-time Settings:");
    println!("  Version: {}", env!("CARGO_PKG_VERSION"));
    println!("  Stamp: {}", stamp::build_id());
    for (key, value) in stamp.fields() {
        println!("    {key}: {value}");
    }
    println!("\n  Files:");
    println!("    Configuration File: {}", paths::configuration().display());
    for folder in paths::modules() {
        println!("    Modules: {}", folder.display());
    }
    println!("\n  Features:");
    for (on, name) in FEATURES {
        println!("    {} {name}", if *on { '+' } else { '-' });
    }
    println!("\n  Modules linked in:");
    for module in images.linked() {
        println!("    {} {}", module.name, module.version);
    }
}

const FEATURES: &[(bool, &str)] = &[(cfg!(feature = "dso"), "DSO support")];
