//! The tables, and how a file of an older version comes to have them.

use rusqlite::Connection;

/// What leads from each version to the next; `PRAGMA user_version` says how many a file has seen. Only ever append.
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
            "it has version {version}, and this program knows versions up to {newest}; use the program that has written it"
        );
    };
    for step in steps {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "user_version", newest)?;
    Ok(change.commit()?)
}
