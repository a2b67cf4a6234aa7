//! curl: one process; the files are named in a configuration on its standard input, so that it
//! reuses its control connections.

use std::fmt::Write;
use std::path::Path;

use super::client::{Client, make_local_folders, program, text};
use super::job::{From, Job, Mode, Target, jobs_of};
use crate::process::run;
use crate::sample::Tree;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Curl;

impl Client for Curl {
    fn put(&self, target: &Target, jobs: &[Job]) {
        transfer(target, jobs, "upload-file", &[]);
    }

    fn get(&self, target: &Target, jobs: &[Job]) {
        transfer(target, jobs, "output", &[]);
    }

    fn put_tree(&self, target: &Target, tree: &Tree, local: &Path, remote: &str) {
        transfer(target, &jobs_of(tree, local, remote), "upload-file", &["--ftp-create-dirs"]);
    }

    fn get_tree(&self, target: &Target, tree: &Tree, remote: &str, local: &Path) {
        make_local_folders(tree, local);
        transfer(target, &jobs_of(tree, local, remote), "output", &[]);
    }
}

fn transfer(target: &Target, jobs: &[Job], way: &str, options: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let Some(mut curl) = program("curl", folder.path()) else { return };
    curl.args(["--disable", "--silent", "--show-error", "--fail", "--globoff", "--config", "-"]).args(options);
    curl.arg("--user").arg(format!("{}:{}", target.user, target.password));
    match target.mode {
        Mode::Passive => curl.arg("--disable-epsv"),
        Mode::ExtendedPassive => &mut curl,
        Mode::Active => curl.args(["--disable-eprt", "--ftp-port", "-"]),
        Mode::ExtendedActive => curl.args(["--ftp-port", "-"]),
    };
    if jobs.iter().any(|job| job.from == From::WhatIsThere) {
        curl.args(["--continue-at", "-"]);
    }
    // With sequential transfers, curl 7.88 often waits a whole second for nothing on a reused
    // connection; the faster the server answers EPSV, the more often.
    if jobs.len() > 50 {
        curl.args(["--parallel", "--parallel-max", "8"]);
    }
    let mut config = String::new();
    for job in jobs {
        let (url, local) = (format!("ftp://{}/{}", target.address, escape(&job.remote)), quote(text(&job.local)));
        writeln!(config, "url = \"{url}\"\n{way} = \"{local}\"").expect("a String takes text");
    }
    run(&mut curl, &config).ok();
}

fn escape(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn quote(path: &str) -> String {
    path.replace('\\', "\\\\").replace('"', "\\\"")
}
