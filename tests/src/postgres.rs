//! PostgreSQL for tests (Debian's package postgresql, of any version).

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::instance::{Instance, OWNER, OWNER_PASSWORD, unprivileged};
use crate::process::run_within;

/// The folder of the newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.flatten().map(|entry| entry.path()).max_by_key(number)?;
    Some(newest.join("bin")).filter(|folder| folder.join("postgres").exists() && folder.join("initdb").exists())
}

pub(crate) fn is_there() -> bool {
    programs().is_some()
}

fn program(name: &str) -> Command {
    Command::new(programs().expect("it is installed").join(name))
}

/// Makes the data folder.
pub(crate) fn prepare(server: &Instance) {
    let data = server.folder.join("data");
    let mut command = program("initdb");
    command.args(["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-D"]);
    command.arg(&data).current_dir(&server.folder);
    run_within(unprivileged(&mut command), "", Duration::from_secs(120)).ok();
    let rules = format!(
        "local all postgres trust\nlocal all all scram-sha-256\nhostssl all {OWNER}_tls 127.0.0.1/32 scram-sha-256\n\
         hostssl all {OWNER}_tls ::1/128 scram-sha-256\nhost all {OWNER} 127.0.0.1/32 scram-sha-256\n\
         host all {OWNER} ::1/128 scram-sha-256\n"
    );
    fs::write(data.join("pg_hba.conf"), rules).expect("a file can be written");
}

pub(crate) fn command(server: &Instance) -> Command {
    let signed = server.signed();
    let mut command = program("postgres");
    command.arg("-D").arg(server.folder.join("data"));
    for setting in [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={}", server.port),
        format!("unix_socket_directories={}", server.folder.display()),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", signed.certificate.display()),
        format!("ssl_key_file={}", signed.key.display()),
        "max_connections=100".to_owned(),
        "fsync=off".to_owned(),
        "lc_messages=C".to_owned(),
    ] {
        command.arg("-c").arg(setting);
    }
    command.current_dir(&server.folder);
    command
}

pub(crate) fn make_owner() -> Vec<String> {
    let make = |name: &str| format!("CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{OWNER_PASSWORD}'");
    vec![make(OWNER), make(&format!("{OWNER}_tls"))]
}

pub(crate) fn client(server: &Instance, name: &str) -> Command {
    let mut command = program("psql");
    command.arg("-h").arg(&server.folder).arg("-p").arg(server.port.to_string());
    command.args(["-U", "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"]);
    command.arg(if name.is_empty() { "postgres" } else { name });
    command.current_dir(&server.folder);
    command
}
