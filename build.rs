//! Makes cargo rebuild the daemon when the paths to compile in change.

fn main() {
    for name in ["GANTRY_PREFIX", "GANTRY_LIBEXECDIR", "GANTRY_SYSCONFDIR"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
}
