//! Python's ftplib: a script next to this file, which gets its instructions as JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Client, make_local_folders, program};
use super::job::{From, Job, Mode, Target, jobs_of};
use crate::process::run;
use crate::sample::Tree;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Ftplib;

impl Client for Ftplib {
    fn put(&self, target: &Target, jobs: &[Job]) {
        transfer(target, "put", &[], jobs);
    }

    fn get(&self, target: &Target, jobs: &[Job]) {
        transfer(target, "get", &[], jobs);
    }

    fn put_tree(&self, target: &Target, tree: &Tree, local: &Path, remote: &str) {
        let inner = tree.folders.iter().map(|folder| format!("{remote}/{folder}"));
        let folders: Vec<String> = std::iter::once(remote.to_owned()).chain(inner).collect();
        transfer(target, "put", &folders, &jobs_of(tree, local, remote));
    }

    fn get_tree(&self, target: &Target, tree: &Tree, remote: &str, local: &Path) {
        make_local_folders(tree, local);
        transfer(target, "get", &[], &jobs_of(tree, local, remote));
    }
}

fn transfer(target: &Target, way: &str, folders: &[String], jobs: &[Job]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let Some(mut python) = program("python3", folder.path()) else { return };
    let job = |job: &Job| json!({ "local": job.local, "remote": job.remote, "rest": job.from == From::WhatIsThere });
    let order = json!({
        "host": target.address.ip().to_string(),
        "port": target.address.port(),
        "user": target.user,
        "password": target.password,
        "passive": target.mode.is_passive(),
        // On IPv4 it uses PASV and PORT by default.
        "extended": matches!(target.mode, Mode::ExtendedPassive | Mode::ExtendedActive),
        "way": way,
        "folders": folders,
        "jobs": jobs.iter().map(job).collect::<Vec<Value>>(),
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/clients/python_ftplib.py");
    run(python.arg(script), &order.to_string()).ok();
}
