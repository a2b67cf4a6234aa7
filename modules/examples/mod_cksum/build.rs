//! Links the C library: the one that three variables tell of, as a compiler's
//! command line would, or else the copy in `c/`.
//!
//! MODULE_CFLAGS   where its headers are:  -I/opt/cksum/include
//! MODULE_LDFLAGS  where the library is:   -L/opt/cksum/lib
//! MODULE_LIBS     which library it is:    -lcksum
//!
//! ProFTPD's configure takes variables of these names for the same purpose.

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
    // What the glue needs of the library comes behind it on the linker's line.
    glue.compile("mod_cksum_glue");
    folders.iter().for_each(|folder| println!("cargo::rustc-link-search=native={folder}"));
    libraries.iter().for_each(|library| println!("cargo::rustc-link-lib={library}"));
}

/// What stands behind the flag in each word of a variable.
fn words(name: &str, flag: &str) -> Result<Vec<String>, String> {
    let word = |word: String| match word.strip_prefix(flag) {
        Some(rest) if !rest.is_empty() => Ok(rest.to_owned()),
        _ => Err(format!("{name}: '{word}' is not understood: words that begin with {flag} are")),
    };
    given(name).into_iter().map(word).collect()
}

fn given(name: &str) -> Vec<String> {
    env::var(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
