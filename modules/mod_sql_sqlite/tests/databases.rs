//! The back end with real files: the behaviour that mod_sql relies on.

use std::path::Path;
use std::time::{Duration, Instant};

use gantry_api::service::{SqlBackend, SqlConnect, SqlPool, SqlRows, SqlStatement, SqlValue};
use gantry_sys::users::own_name;
use mod_sql_sqlite::Sqlite;
use tempfile::TempDir;

/// A statement with its parameters in place of each `?`.
fn statement(sql: &str, parameters: Vec<SqlValue>) -> SqlStatement {
    SqlStatement { pieces: sql.split('?').map(str::to_owned).collect(), parameters }
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

fn connect(path: &Path) -> SqlConnect {
    SqlConnect { database: path.display().to_string(), ..SqlConnect::default() }
}

async fn opened(folder: &TempDir) -> (Sqlite, SqlPool) {
    let path = folder.path().join("ftp.db");
    // An empty file is an empty database.
    std::fs::write(&path, b"").unwrap();
    let sqlite = Sqlite::default();
    let pool = sqlite.open(&connect(&path)).await.unwrap();
    (sqlite, pool)
}

async fn run(sqlite: &Sqlite, pool: SqlPool, sql: &str, parameters: Vec<SqlValue>) -> SqlRows {
    sqlite.run(pool, &statement(sql, parameters)).await.unwrap()
}

#[tokio::test]
async fn values_come_back_as_they_were_stored() {
    let folder = TempDir::new().unwrap();
    let (sqlite, pool) = opened(&folder).await;
    run(&sqlite, pool, "CREATE TABLE t (a, b, c, d, e)", vec![]).await;
    let row = vec![
        SqlValue::Null,
        SqlValue::Int(i64::MIN),
        SqlValue::Real(0.5),
        text("'); DROP TABLE t; --\u{1F600}"),
        SqlValue::Bytes(vec![0, 255]),
    ];
    let done = run(&sqlite, pool, "INSERT INTO t VALUES (?, ?, ?, ?, ?)", row.clone()).await;
    assert_eq!(done.affected, 1);
    assert_eq!(run(&sqlite, pool, "SELECT a, b, c, d, e FROM t", vec![]).await.rows, std::slice::from_ref(&row));
    let found =
        run(&sqlite, pool, "SELECT count(*) FROM t WHERE d = ? AND b = ?", vec![row[3].clone(), row[1].clone()]).await;
    assert_eq!(found.rows, [[SqlValue::Int(1)]]);
    let odd = run(&sqlite, pool, "SELECT CAST(x'ff' AS TEXT), ''", vec![]).await;
    assert_eq!(odd.rows, [[SqlValue::Bytes(vec![255]), text("")]]);
    sqlite.close(pool).await.unwrap();
}

#[tokio::test]
async fn what_is_at_the_path_now_counts() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let (sqlite, pool) = opened(&folder).await;
    let (path, other) = (folder.path().join("ftp.db"), folder.path().join("other.db"));
    std::fs::write(&other, b"").unwrap();
    let second = sqlite.open(&connect(&other)).await.unwrap();
    for (pool, name) in [(pool, "old"), (second, "new")] {
        run(&sqlite, pool, "CREATE TABLE t (a)", vec![]).await;
        run(&sqlite, pool, "INSERT INTO t VALUES (?)", vec![text(name)]).await;
    }
    sqlite.close(second).await.unwrap();
    assert_eq!(run(&sqlite, pool, "SELECT a FROM t", vec![]).await.rows, [[text("old")]]);
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(run(&sqlite, pool, "SELECT a FROM t", vec![]).await.rows, [[text("new")]]);

    let set_mode = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let ask = async || sqlite.run(pool, &statement("SELECT a FROM t", vec![])).await.map_err(|error| error.to_string());
    set_mode(&path, 0o666);
    assert!(ask().await.unwrap_err().ends_with("ftp.db is world-writable"));
    set_mode(&path, 0o600);
    set_mode(folder.path(), 0o777);
    assert!(ask().await.unwrap_err().ends_with(" is world-writable"));
    set_mode(folder.path(), 0o700);
    assert!(ask().await.is_ok());
    let shared = TempDir::new().unwrap();
    let link = shared.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    set_mode(shared.path(), 0o777);
    let error = sqlite.open(&connect(&link)).await.unwrap_err();
    assert!(error.message().ends_with(&format!("{} is world-writable", shared.path().display())), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(ask().await.unwrap_err().contains("No such file"));
    sqlite.close_all().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made() {
    let folder = TempDir::new().unwrap();
    let sqlite = Sqlite::default();
    let path = folder.path().join("missing.db");
    let error = sqlite.open(&connect(&path)).await.unwrap_err();
    assert_eq!(
        error.message(),
        format!("database file '{}': No such file or directory (os error 2), as user {}", path.display(), own_name())
    );
    assert!(!path.exists());

    let error = sqlite.open(&connect(Path::new("ftp.db"))).await.unwrap_err();
    assert_eq!(error.message(), "'ftp.db' is not the full path of a database file");
    let error = sqlite.open(&connect(folder.path())).await.unwrap_err();
    assert!(error.message().ends_with("is not a file"), "{error}");

    let other = folder.path().join("notes.txt");
    std::fs::write(&other, "these are notes, and many of them\n".repeat(100)).unwrap();
    let error = sqlite.open(&connect(&other)).await.unwrap_err();
    assert_eq!(error.message(), format!("database file '{}': file is not a database", other.display()));
}

#[tokio::test]
async fn errors_are_told_and_harm_nothing() {
    let folder = TempDir::new().unwrap();
    let (sqlite, pool) = opened(&folder).await;
    let error = sqlite.run(pool, &statement("SELEKT 1", vec![])).await.unwrap_err();
    assert_eq!(error.message(), "near \"SELEKT\": syntax error");
    let error = sqlite.run(pool, &statement("SELECT * FROM nowhere", vec![])).await.unwrap_err();
    assert_eq!(error.message(), "no such table: nowhere");
    let error = sqlite.run(pool, &statement("SELECT ?", vec![])).await.unwrap_err();
    assert_eq!(error.message(), "a statement of 2 pieces has 0 parameters");
    assert_eq!(run(&sqlite, pool, "SELECT 1", vec![]).await.rows.len(), 1);
    sqlite.close(pool).await.unwrap();
    let error = sqlite.run(pool, &statement("SELECT 1", vec![])).await.unwrap_err();
    assert_eq!(error.message(), "the database is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rows_land_though_two_pools_write_and_close_at_once() {
    let folder = TempDir::new().unwrap();
    let (sqlite, first) = opened(&folder).await;
    let second = sqlite.open(&connect(&folder.path().join("ftp.db"))).await.unwrap();
    // So that the test measures locks, not this machine's disk.
    for pool in [first, second] {
        run(&sqlite, pool, "PRAGMA journal_mode = WAL", vec![]).await;
    }
    run(&sqlite, first, "CREATE TABLE log (at INTEGER, name TEXT)", vec![]).await;
    let mut writers = tokio::task::JoinSet::new();
    for at in 0..1000_i64 {
        let sqlite = sqlite.clone();
        let pool = if at % 2 == 0 { first } else { second };
        writers.spawn(async move {
            let values = vec![SqlValue::Int(at), text("it's")];
            run(&sqlite, pool, "INSERT INTO log VALUES (?, ?)", values).await;
        });
    }
    writers.join_all().await;
    let count = run(&sqlite, second, "SELECT count(DISTINCT at) FROM log", vec![]).await;
    assert_eq!(count.rows, [[SqlValue::Int(1000)]]);

    // Statements that began before the pool closes are completed.
    let mut late = tokio::task::JoinSet::new();
    for at in 1000..1050_i64 {
        let sqlite = sqlite.clone();
        late.spawn(async move {
            sqlite.run(first, &statement("INSERT INTO log VALUES (?, 'late')", vec![SqlValue::Int(at)])).await.is_ok()
        });
    }
    tokio::task::yield_now().await;
    sqlite.close(first).await.unwrap();
    let written = late.join_all().await.into_iter().filter(|done| *done).count();
    let count = run(&sqlite, second, "SELECT count(*) FROM log WHERE name = 'late'", vec![]).await;
    assert_eq!(count.rows, [[SqlValue::Int(i64::try_from(written).unwrap())]]);
    sqlite.close_all().await;
    threads_end().await;
}

/// Waits until no connection thread is left. Other tests in this process may still have some for a
/// while.
async fn threads_end() {
    let begun = Instant::now();
    while connection_threads() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "connection threads are still running");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn connection_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("sqlite-")).count()
}
