//! suppaftp: a Rust client library.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, copy};
use std::path::Path;
use std::time::Duration;

use suppaftp::types::FileType;
use suppaftp::{FtpError, FtpStream};

use super::client::{Client, make_local_folders};
use super::job::{From, Job, Mode, Target, jobs_of};
use crate::sample::Tree;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Suppaftp;

impl Client for Suppaftp {
    fn put(&self, target: &Target, jobs: &[Job]) {
        put(&mut login(target), jobs);
    }

    fn get(&self, target: &Target, jobs: &[Job]) {
        get(&mut login(target), jobs);
    }

    fn put_tree(&self, target: &Target, tree: &Tree, local: &Path, remote: &str) {
        let mut ftp = login(target);
        ftp.mkdir(remote).expect("MKD");
        for folder in &tree.folders {
            ftp.mkdir(format!("{remote}/{folder}")).expect("MKD");
        }
        put(&mut ftp, &jobs_of(tree, local, remote));
    }

    fn get_tree(&self, target: &Target, tree: &Tree, remote: &str, local: &Path) {
        make_local_folders(tree, local);
        get(&mut login(target), &jobs_of(tree, local, remote));
    }
}

fn login(target: &Target) -> FtpStream {
    let mut ftp = FtpStream::connect(target.address).expect("a greeting");
    match target.mode {
        Mode::Passive => ftp.set_mode(suppaftp::Mode::Passive),
        Mode::ExtendedPassive => ftp.set_mode(suppaftp::Mode::ExtendedPassive),
        // It uses EPRT if the server's address is IPv6, otherwise PORT.
        Mode::Active | Mode::ExtendedActive => ftp = ftp.active_mode(Duration::from_secs(20)),
    }
    ftp.login(&target.user, &target.password).expect("a login");
    ftp.transfer_type(FileType::Binary).expect("TYPE I");
    ftp
}

fn put(ftp: &mut FtpStream, jobs: &[Job]) {
    for job in jobs {
        let mut source = File::open(&job.local).expect("a sample can be read");
        if job.from == From::WhatIsThere {
            let there = ftp.size(&job.remote).expect("SIZE");
            source.seek(SeekFrom::Start(there as u64)).expect("a file can be sought in");
            ftp.resume_transfer(there).expect("REST");
        }
        ftp.put_file(&job.remote, &mut source).unwrap_or_else(|error| panic!("STOR {}: {error}", job.remote));
    }
    ftp.quit().expect("QUIT");
}

fn get(ftp: &mut FtpStream, jobs: &[Job]) {
    for job in jobs {
        let here = match job.from {
            From::Start => 0,
            From::WhatIsThere => job.local.metadata().expect("the part is there").len(),
        };
        let mut sink = OpenOptions::new().create(true).append(true).open(&job.local).expect("a file can be made");
        sink.set_len(here).expect("a file can be cut");
        ftp.resume_transfer(usize::try_from(here).expect("64 bits")).expect("REST");
        let carried = ftp.retr(&job.remote, |stream| copy(stream, &mut sink).map_err(FtpError::ConnectionError));
        carried.unwrap_or_else(|error| panic!("RETR {}: {error}", job.remote));
    }
    ftp.quit().expect("QUIT");
}
