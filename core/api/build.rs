//! Gathers what the stamp says of this build: compiler, target, flags, and a
//! digest of the sources of core/api and core/proto with their features.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[path = "src/digest.rs"]
mod digest;

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let proto = here.join("../proto");
    set("RUSTC", &compiler());
    set("TARGET", &env::var("TARGET").expect("cargo sets it"));
    set("FLAGS", &flags());
    set("API", &sources(&[("api", &here), ("proto", &proto)]));
    set("PROFILE", &env::var("PROFILE").unwrap_or_default());
    set("CPU", &cpu());
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    for folder in [&here, &proto] {
        for part in ["src", "Cargo.toml", "build.rs"] {
            let path = folder.join(part);
            if path.exists() {
                println!("cargo::rerun-if-changed={}", path.display());
            }
        }
    }
}

fn set(key: &str, value: &str) {
    println!("cargo::rustc-env=GANTRY_STAMP_{key}={value}");
}

/// Release, commit and host of the compiler, as `rustc -vV` prints them.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").expect("cargo sets it");
    let output = Command::new(rustc).arg("-vV").output().expect("the compiler cargo uses runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or("unknown").to_owned()
    };
    format!("{} {} {}", field("release"), field("commit-hash"), field("host"))
}

/// The flags that can change a layout or a `cfg`, sorted; those that only
/// steer linking, linting, debug data, paths and optimisation are dropped.
fn flags() -> String {
    let mut kept: Vec<String> = rustflags().into_iter().filter(|flag| matters(flag)).collect();
    kept.sort();
    kept.dedup();
    kept.join(" ")
}

/// The flags given to the compiler, each joined with its value: `--cfg x` is
/// one, `-C` and `-Z` are joined without a space.
fn rustflags() -> Vec<String> {
    let encoded = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let mut words = encoded.split('\x1f').filter(|word| !word.is_empty());
    let mut flags = Vec::new();
    while let Some(word) = words.next() {
        let takes_value = ["--cfg", "--check-cfg", "-C", "-Z", "-L", "-l", "-A", "-W", "-D", "-F"];
        let long = ["--codegen", "--cap-lints", "--remap-path-prefix", "--allow", "--warn", "--deny", "--forbid"];
        if takes_value.contains(&word) || long.contains(&word) {
            let value = words.next().unwrap_or_default();
            let name = if word == "--codegen" { "-C" } else { word };
            let space = if name.starts_with("--") { "=" } else { "" };
            flags.push(format!("{name}{space}{value}"));
        } else {
            flags.push(word.replacen("--codegen=", "-C", 1));
        }
    }
    flags
}

fn matters(flag: &str) -> bool {
    flag.starts_with("--cfg")
        || flag.starts_with("-Z")
        || flag.starts_with("-Ctarget-feature")
        || flag.starts_with("-Csoft-float")
}

fn cpu() -> String {
    let named = rustflags().into_iter().find_map(|flag| flag.strip_prefix("-Ctarget-cpu=").map(str::to_owned));
    named.unwrap_or_else(|| "generic".to_owned())
}

/// The digest over the sorted relative paths and bytes of the manifests, build
/// scripts and sources, and over this crate's features.
fn sources(crates: &[(&str, &Path)]) -> String {
    let mut files = Vec::new();
    for (name, folder) in crates {
        for part in ["Cargo.toml", "build.rs", "src"] {
            gather(&format!("{name}/{part}"), &folder.join(part), &mut files);
        }
    }
    files.sort();
    let mut digest = digest::Digest::new();
    for (name, path) in files {
        digest = digest.field(name.as_bytes());
        digest = digest.field(&fs::read(&path).expect("a source file that was just listed"));
    }
    let mut features: Vec<String> =
        env::vars().filter_map(|(key, _)| key.strip_prefix("CARGO_FEATURE_").map(str::to_owned)).collect();
    features.sort();
    for feature in features {
        digest = digest.field(feature.as_bytes());
    }
    digest.hex()
}

fn gather(name: &str, path: &Path, files: &mut Vec<(String, PathBuf)>) {
    if path.is_file() {
        files.push((name.to_owned(), path.to_owned()));
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        gather(&format!("{name}/{}", entry.file_name().to_string_lossy()), &entry.path(), files);
    }
}
