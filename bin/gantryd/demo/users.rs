//! The demonstration's database: its tables and its user, written through the same SQL back end
//! that the server uses.

use gantry_api::service::{SqlBackend, SqlConnect, SqlPool, SqlStatement, SqlValue};
use gantry_server::{Family, Generation, Images, Source, StartError};

use super::state::State;

const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS users (userid TEXT PRIMARY KEY, passwd TEXT NOT NULL, uid INTEGER, gid INTEGER, homedir TEXT, shell TEXT)",
    "CREATE TABLE IF NOT EXISTS groups (groupname TEXT PRIMARY KEY, gid INTEGER NOT NULL, members TEXT)",
    "CREATE TABLE IF NOT EXISTS uploads (userid TEXT, path TEXT, bytes INTEGER)",
];

/// Fills a new database.
pub fn write_database(state: &State, images: &Images) -> Result<(), StartError> {
    let source =
        Source { path: state.first_configuration(), defines: Vec::new(), overrides: Vec::new(), family: Family::Any };
    let failed = |error: gantry_api::Error| StartError::Wanted(format!("the demonstration's database: {error}"));
    gantry_server::with_generation(&source, images, async |generation| fill(state, generation).await)?.map_err(failed)
}

async fn fill(state: &State, generation: &Generation) -> gantry_api::Result<()> {
    let missing = || gantry_api::Error::configuration("no module provides SQLite");
    let backend = generation.world.services.sql_backend("sqlite3").ok_or_else(missing)?;
    let connect = SqlConnect { database: state.database().to_string_lossy().into_owned(), ..SqlConnect::default() };
    let pool = backend.open(&connect).await?;
    let written = write(state, &*backend, pool).await;
    backend.close(pool).await?;
    written
}

async fn write(state: &State, backend: &dyn SqlBackend, pool: SqlPool) -> gantry_api::Result<()> {
    for table in TABLES {
        backend.run(pool, &statement(&[table], Vec::new())).await?;
    }
    let secret = state.secret().map_err(|error| gantry_api::Error::system(error.to_string()))?;
    let (uid, gid) = state.ids();
    let user = vec![
        SqlValue::Text(state.user.clone()),
        SqlValue::Text(secret),
        SqlValue::Int(uid.into()),
        SqlValue::Int(gid.into()),
        SqlValue::Text(state.files().to_string_lossy().into_owned()),
    ];
    backend
        .run(
            pool,
            &statement(&["INSERT OR REPLACE INTO users VALUES (", ", ", ", ", ", ", ", ", ", '/bin/false')"], user),
        )
        .await?;
    let group = vec![SqlValue::Int(gid.into()), SqlValue::Text(state.user.clone())];
    backend.run(pool, &statement(&["INSERT OR REPLACE INTO groups VALUES ('demo', ", ", ", ")"], group)).await?;
    Ok(())
}

fn statement(pieces: &[&str], parameters: Vec<SqlValue>) -> SqlStatement {
    SqlStatement { pieces: pieces.iter().map(|piece| (*piece).to_owned()).collect(), parameters }
}
