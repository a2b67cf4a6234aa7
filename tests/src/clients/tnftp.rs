//! tnftp, the BSD ftp client: commands on its standard input. Trees use `mput` and `mget` folder by
//! folder, since it has no recursion. Its exit status does not reflect its commands, so only the
//! transferred files count.

use std::fmt::Write;
use std::path::Path;

use super::client::{Client, make_local_folders, program, text};
use super::job::{From, Job, Mode, Target};
use crate::process::run;
use crate::sample::Tree;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Tnftp;

impl Client for Tnftp {
    fn put(&self, target: &Target, jobs: &[Job]) {
        let mut script = String::new();
        for job in jobs {
            let (local, remote) = (quote(text(&job.local)), quote(&job.remote));
            // It resumes uploads with APPE, which needs the rest in a separate file; `restart` only
            // works for downloads.
            let verb = if job.from == From::WhatIsThere { "append" } else { "put" };
            writeln!(script, "{verb} {local} {remote}").expect("a String takes text");
        }
        transfer(target, &script);
    }

    fn get(&self, target: &Target, jobs: &[Job]) {
        let mut script = String::new();
        for job in jobs {
            let verb = if job.from == From::WhatIsThere { "reget" } else { "get" };
            writeln!(script, "{verb} {} {}", quote(&job.remote), quote(text(&job.local))).expect("a String takes text");
        }
        transfer(target, &script);
    }

    fn put_tree(&self, target: &Target, tree: &Tree, local: &Path, remote: &str) {
        let mut script = format!("mkdir {}\n", quote(remote));
        for folder in &tree.folders {
            writeln!(script, "mkdir {}", quote(&format!("/{remote}/{folder}"))).expect("a String takes text");
        }
        script.push_str(&in_each_leaf(tree, local, remote, "mput *"));
        transfer(target, &script);
    }

    fn get_tree(&self, target: &Target, tree: &Tree, remote: &str, local: &Path) {
        make_local_folders(tree, local);
        transfer(target, &in_each_leaf(tree, local, remote, "mget *"));
    }
}

fn in_each_leaf(tree: &Tree, local: &Path, remote: &str, what: &str) -> String {
    tree.leaves().fold(String::new(), |mut script, folder| {
        let (here, there) = (local.join(folder), format!("/{remote}/{folder}"));
        writeln!(script, "lcd {}\ncd {}\n{what}", quote(text(&here)), quote(&there)).expect("a String takes text");
        script
    })
}

fn transfer(target: &Target, work: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let Some(mut tnftp) = program("tnftp", folder.path()) else { return };
    let (ip, port) = (target.address.ip(), target.address.port());
    let extended = matches!(target.mode, Mode::ExtendedPassive | Mode::ExtendedActive);
    let epsv = if extended { "" } else { "epsv4\n" };
    let script = format!("{epsv}open {ip} {port}\nuser {} {}\nbinary\n{work}quit\n", target.user, target.password);
    tnftp.args(["-n", "-i", "-v"]).arg(if target.mode.is_passive() { "-p" } else { "-A" });
    let done = run(&mut tnftp, &script).ok();
    assert!(!done.text().contains("?Invalid"), "{}", done.text());
}

// A name in its quotation marks cannot contain one; backslashes work.
fn quote(path: &str) -> String {
    path.chars().flat_map(|letter| [Some('\\').filter(|_| " \"\\".contains(letter)), Some(letter)]).flatten().collect()
}
