//! Makes cargo build the daemon anew when the paths to be built in change.

fn main() {
    for name in ["GANTRY_PREFIX", "GANTRY_LIBEXECDIR", "GANTRY_SYSCONFDIR"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
}
