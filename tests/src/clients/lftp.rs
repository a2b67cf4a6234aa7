//! lftp: a script on its standard input. Trees use its `mirror`, which lists folders itself.

use std::fmt::Write;
use std::path::Path;

use super::client::{Client, program, text};
use super::job::{From, Job, Mode, Target};
use crate::process::run;
use crate::sample::Tree;

/// See the module.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lftp {
    /// The command for listings.
    pub listing: Listing,
}

/// The command for listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listing {
    /// LIST.
    #[default]
    List,
    /// MLSD.
    Mlsd,
}

impl Client for Lftp {
    fn put(&self, target: &Target, jobs: &[Job]) {
        let line = |job: &Job| format!("put {} {} -o {}", resume(job), quote(text(&job.local)), quote(&job.remote));
        self.run(target, &lines(jobs, line));
    }

    fn get(&self, target: &Target, jobs: &[Job]) {
        let line = |job: &Job| format!("get {} {} -o {}", resume(job), quote(&job.remote), quote(text(&job.local)));
        self.run(target, &lines(jobs, line));
    }

    fn put_tree(&self, target: &Target, _: &Tree, local: &Path, remote: &str) {
        self.run(target, &format!("mirror -R {} {}\n", quote(text(local)), quote(remote)));
    }

    fn get_tree(&self, target: &Target, _: &Tree, remote: &str, local: &Path) {
        self.run(target, &format!("mirror {} {}\n", quote(remote), quote(text(local))));
    }
}

impl Lftp {
    fn run(self, target: &Target, work: &str) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let Some(mut lftp) = program("lftp", folder.path()) else { return };
        let on = |holds: bool| if holds { "yes" } else { "no" };
        let script = format!(
            "set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 20\nset ftp:ssl-allow no\nset xfer:clobber yes\nset ftp:charset UTF-8\nset file:charset UTF-8\n\
             set ftp:use-mlsd {}\nset ftp:passive-mode {}\nset ftp:prefer-epsv {}\nopen -u {},{} ftp://{}\n{work}exit 0\n",
            on(self.listing == Listing::Mlsd),
            on(target.mode.is_passive()),
            on(target.mode == Mode::ExtendedPassive),
            target.user,
            target.password,
            target.address,
        );
        let done = run(lftp.arg("--norc").arg("-f").arg("/dev/stdin"), &script);
        done.ok();
    }
}

fn lines(jobs: &[Job], line: impl Fn(&Job) -> String) -> String {
    jobs.iter().fold(String::new(), |mut text, job| {
        writeln!(text, "{}", line(job)).expect("a String takes text");
        text
    })
}

fn resume(job: &Job) -> &'static str {
    if job.from == From::WhatIsThere { "-c" } else { "" }
}

fn quote(path: &str) -> String {
    // After `./`, a name that starts with a dash is not an option.
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}
