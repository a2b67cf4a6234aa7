//! MariaDB for tests (Debian's package mariadb-server).

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::instance::{Instance, OWNER, OWNER_PASSWORD, unprivileged};
use crate::process::{exists, run_within};

pub(crate) fn is_there() -> bool {
    exists("mariadbd") && exists("mariadb-install-db") && exists("mariadb")
}

pub(crate) fn socket(server: &Instance) -> PathBuf {
    server.folder.join("socket")
}

/// Makes the data folder.
pub(crate) fn prepare(server: &Instance) {
    let mut command = Command::new("mariadb-install-db");
    command.arg("--no-defaults").arg(format!("--datadir={}", server.folder.join("data").display()));
    command.args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]);
    command.current_dir(&server.folder);
    run_within(unprivileged(&mut command), "", Duration::from_secs(120)).ok();
}

pub(crate) fn command(server: &Instance) -> Command {
    let (folder, signed) = (server.folder.display(), server.signed());
    let mut command = Command::new("mariadbd");
    command.arg("--no-defaults").arg(format!("--datadir={folder}/data")).arg(format!("--pid-file={folder}/data/pid"));
    command.arg(format!("--socket={}", socket(server).display()));
    command.arg("--bind-address=127.0.0.1").arg(format!("--port={}", server.port));
    command.arg(format!("--ssl-ca={}", server.authority().display()));
    command.arg(format!("--ssl-cert={}", signed.certificate.display()));
    command.arg(format!("--ssl-key={}", signed.key.display()));
    command.args(["--skip-log-bin", "--skip-name-resolve", "--innodb-buffer-pool-size=32M"]);
    command.args(["--innodb-flush-log-at-trx-commit=2", "--max-connections=200", "--character-set-server=utf8mb4"]);
    command.current_dir(&server.folder);
    command
}

pub(crate) fn make_owner() -> Vec<String> {
    vec![
        format!("CREATE USER '{OWNER}'@'%' IDENTIFIED BY '{OWNER_PASSWORD}'"),
        format!("GRANT ALL ON *.* TO '{OWNER}'@'%'"),
        format!("CREATE USER '{OWNER}_tls'@'%' IDENTIFIED BY '{OWNER_PASSWORD}' REQUIRE SSL"),
        format!("GRANT ALL ON *.* TO '{OWNER}_tls'@'%'"),
    ]
}

pub(crate) fn client(server: &Instance, name: &str) -> Command {
    let mut command = Command::new("mariadb");
    command.arg("--no-defaults").arg(format!("--socket={}", socket(server).display()));
    command.args(["--user=root", "--batch", "--unbuffered", "--skip-column-names", "--default-character-set=utf8mb4"]);
    command.arg(if name.is_empty() { "mysql" } else { name });
    command
}
