//! The tables, and how a file gets them.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::HistoryError;
use super::hours::bucket_columns;
use crate::base::file;

/// What the file is called in the state directory.
pub const FILE: &str = "history.db";

/// How long somebody else may have the file.
pub(super) const BUSY: Duration = Duration::from_secs(2);

/// What each version of the tables adds to the one before it. A released one never changes.
const MIGRATIONS: &[fn() -> String] = &[first];

/// The settings of a connection that writes. `auto_vacuum` counts only before there is a table, and cannot be
/// changed within a transaction.
const SETTINGS: &str = "
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -512;
    PRAGMA journal_size_limit = 4194304;
    PRAGMA trusted_schema = OFF;
";

/// Opens the file to write, makes it if there is none, and brings its tables up to today.
pub(super) fn open(path: &Path) -> Result<Connection, HistoryError> {
    if let Some(dir) = path.parent() {
        file::make_dir(dir)?;
    }
    // The files that SQLite makes beside it get its mode. One that is there is not touched: closing it would let go of
    // the locks that this process has on it.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // Without links above it, of which the one at the end alone would be refused.
    let place = path.parent().and_then(|dir| dir.canonicalize().ok()).zip(path.file_name());
    let place = place.map_or_else(|| path.to_owned(), |(dir, name)| dir.join(name));
    let mut connection = Connection::open_with_flags(place, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(SETTINGS)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// The version of the tables that are there; 0: there are none.
pub(super) fn version(connection: &Connection) -> Result<i64, HistoryError> {
    Ok(connection.query_row("PRAGMA user_version", (), |row| row.get(0))?)
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// What of the migrations is missing, all of it or nothing.
fn migrate(connection: &mut Connection) -> Result<(), HistoryError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    let missing = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
    for migration in missing.ok_or(HistoryError::Newer(version))? {
        transaction.execute_batch(&migration())?;
    }
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()?;
    Ok(())
}

/// Whether a reader of today understands the tables.
pub(super) fn check(connection: &Connection) -> Result<(), HistoryError> {
    match version(connection)? {
        0 => Err(HistoryError::Missing),
        version if version <= newest() => Ok(()),
        version => Err(HistoryError::Newer(version)),
    }
}

/// Calls and other events have their ids of one sequence, which is in `state` with the number of both. `call_events`
/// is what the npm callmux called its table, for whoever has queries of it.
fn first() -> String {
    let buckets: Vec<String> =
        bucket_columns().map(|name| format!("{name} INTEGER NOT NULL")).collect();
    format!(
        "
        CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO state VALUES ('last_id', 0), ('rows', 0), ('is_open', 0);
        CREATE TABLE calls (
            id INTEGER PRIMARY KEY,
            ts_us INTEGER NOT NULL,
            call TEXT NOT NULL UNIQUE,
            session TEXT,
            principal TEXT NOT NULL,
            client TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            server TEXT,
            outcome TEXT NOT NULL,
            reason TEXT,
            rule TEXT,
            took_us INTEGER NOT NULL,
            request_bytes INTEGER NOT NULL,
            reply_bytes INTEGER NOT NULL,
            via TEXT,
            trace TEXT,
            is_inner INTEGER NOT NULL,
            arguments TEXT
        ) STRICT;
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            ts_us INTEGER NOT NULL,
            kind TEXT NOT NULL,
            level TEXT NOT NULL,
            server TEXT,
            session TEXT,
            message TEXT NOT NULL,
            fields TEXT NOT NULL
        ) STRICT;
        CREATE TABLE hours (
            hour INTEGER NOT NULL,
            kind TEXT NOT NULL,
            server TEXT NOT NULL,
            tool TEXT NOT NULL,
            outcome TEXT NOT NULL,
            n INTEGER NOT NULL,
            took_us INTEGER NOT NULL,
            request_bytes INTEGER NOT NULL,
            reply_bytes INTEGER NOT NULL,
            {},
            PRIMARY KEY (hour, kind, server, tool, outcome)
        ) STRICT, WITHOUT ROWID;
        CREATE VIEW call_events AS SELECT
            id, ts_us / 1000 AS ts_ms, server, name AS tool, session AS session_id, principal,
            via AS transport, took_us / 1000.0 AS duration_ms, outcome = 'done' AS ok,
            outcome AS status, reason AS error_class, request_bytes AS bytes_in,
            reply_bytes AS bytes_out, kind AS tool_kind
        FROM calls;
        ",
        buckets.join(",\n            ")
    )
}
