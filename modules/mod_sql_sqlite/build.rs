//! Checks that the system's libsqlite3 can be linked, and otherwise says which package contains it,
//! because the linker's message does not help.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const MISSING: &str = "
mod_sql_sqlite needs the system's SQLite library (3.34.1 or newer) with its development files. Install:
    Debian, Ubuntu:     apt-get install libsqlite3-dev
    Fedora, RHEL:       dnf install sqlite-devel
    openSUSE:           zypper install sqlite3-devel
    Arch:               pacman -S sqlite
    Alpine:             apk add sqlite-dev
or set SQLITE3_LIB_DIR to the folder that holds libsqlite3.so, or build without mod_sql_sqlite.
";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["SQLITE3_LIB_DIR", "PKG_CONFIG", "PKG_CONFIG_PATH", "CC"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    let given = env::var_os("SQLITE3_LIB_DIR").is_some();
    let foreign = env::var_os("TARGET") != env::var_os("HOST");
    if given || foreign || known_to_pkg_config() || links() {
        return;
    }
    // `cargo:warning` is shown even if cargo collapses the output of a failure.
    println!(
        "cargo:warning=libsqlite3 not found: install libsqlite3-dev (Debian, Ubuntu) or sqlite-devel (Fedora, RHEL)"
    );
    eprintln!("{MISSING}");
    std::process::exit(1);
}

fn known_to_pkg_config() -> bool {
    let tool = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let mut command = Command::new(tool);
    succeeds(command.args(["--exists", "sqlite3 >= 3.34.1"]))
}

/// Links an empty program with it, as the linker will do later.
fn links() -> bool {
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let probe = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("probe.so");
    let mut command = Command::new(compiler);
    succeeds(command.args(["-shared", "-nostartfiles", "-Wl,--no-as-needed", "-lsqlite3", "-o"]).arg(probe))
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
