//! The tables, and the migrations of older files.

use rusqlite::Connection;

/// The migrations from each version to the next; `PRAGMA user_version` is the number applied to a file. Only append.
const STEPS: &[&str] = &["
    CREATE TABLE endpoint (
        id    INTEGER PRIMARY KEY,
        name  TEXT NOT NULL UNIQUE,
        url   TEXT NOT NULL,
        is_up INTEGER,          -- as of the last check
        since INTEGER           -- how long it has been so
    ) STRICT;
    CREATE TABLE checked (
        endpoint INTEGER NOT NULL REFERENCES endpoint,
        at       INTEGER NOT NULL,  -- milliseconds since 1970, UTC
        latency  INTEGER NOT NULL,  -- microseconds
        error    TEXT,              -- none where all was well
        PRIMARY KEY (endpoint, at)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE hour (
        endpoint INTEGER NOT NULL REFERENCES endpoint,
        start    INTEGER NOT NULL,
        checks   INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        p50      INTEGER,           -- of the checks that went well; none where none did
        p95      INTEGER,
        PRIMARY KEY (endpoint, start)
    ) STRICT, WITHOUT ROWID;
"];

pub(super) fn migrate(connection: &mut Connection) -> anyhow::Result<()> {
    let change = connection.transaction()?;
    let version: u32 = change.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))?;
    let newest = u32::try_from(STEPS.len())?;
    let Some(steps) = STEPS.get(usize::try_from(version)?..) else {
        anyhow::bail!(
            "it has version {version}, but this program supports versions up to {newest}; use the version of the program that wrote it"
        );
    };
    for step in steps {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "user_version", newest)?;
    Ok(change.commit()?)
}
