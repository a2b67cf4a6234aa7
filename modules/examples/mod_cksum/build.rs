//! Links the C library that three environment variables describe, in the syntax of a
//! compiler's command line; without them, the copy in `c/`.
//!
//! MODULE_CFLAGS   the folder of its headers:  -I/opt/cksum/include
//! MODULE_LDFLAGS  the folder of the library:  -L/opt/cksum/lib
//! MODULE_LIBS     the name of the library:    -lcksum
//!
//! ProFTPD's configure has variables with these names for the same purpose.

use std::env;

fn main() {
    for name in ["MODULE_CFLAGS", "MODULE_LDFLAGS", "MODULE_LIBS"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    println!("cargo::rerun-if-changed=glue");
    println!("cargo::rerun-if-changed=c");
    let (folders, libraries) = match (words("MODULE_LDFLAGS", "-L"), words("MODULE_LIBS", "-l")) {
        (Ok(folders), Ok(libraries)) => (folders, libraries),
        (Err(fault), _) | (_, Err(fault)) => return println!("cargo::error={fault}"),
    };
    let mut glue = cc::Build::new();
    glue.file("glue/glue.c").warnings_into_errors(true);
    glue.flags(given("MODULE_CFLAGS"));
    if libraries.is_empty() {
        glue.include("c/include").file("c/cksum.c");
    }
    // The glue needs the library, so the library comes after it on the linker's line.
    glue.compile("mod_cksum_glue");
    folders.iter().for_each(|folder| println!("cargo::rustc-link-search=native={folder}"));
    libraries.iter().for_each(|library| println!("cargo::rustc-link-lib={library}"));
}

/// The text after the flag in each word of a variable.
fn words(name: &str, flag: &str) -> Result<Vec<String>, String> {
    let word = |word: String| match word.strip_prefix(flag) {
        Some(rest) if !rest.is_empty() => Ok(rest.to_owned()),
        _ => Err(format!("{name}: '{word}' does not start with {flag}")),
    };
    given(name).into_iter().map(word).collect()
}

fn given(name: &str) -> Vec<String> {
    env::var(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
