//! The history, in `SQLite` on disk.
//!
//! One connection writes and another one reads; writes do not block reads (write-ahead log). Both run on threads for
//! blocking work. After a check is committed, subscribers are notified.

mod read;
mod schema;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use lifespan::{Health, Scope, lifespan_context};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::broadcast;
use tokio::task::spawn_blocking;

use crate::clock::Millis;
pub(crate) use read::{Endpoint, Hour, State};
pub(crate) use write::Change;

/// The number of changes that a reader may lag before it has to read all endpoints.
const BEHIND: usize = 256;

/// The time limit for waiting on another program that has locked the file.
const BUSY: Duration = Duration::from_secs(2);

/// One check of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// The time of its end.
    pub(crate) at: Millis,
    /// Its latency, in microseconds.
    pub(crate) latency: u32,
    /// The error; `None` if the check succeeded.
    pub(crate) error: Option<String>,
}

pub(crate) struct Store {
    path: Arc<PathBuf>,
    // It is closed first: the last connection to close removes the log, and a read-only one can't.
    reader: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
    changes: broadcast::Sender<Arc<str>>,
    health: Health,
}

/// Opens the database before any check, and closes it after its last user has stopped.
#[lifespan_context]
async fn database(
    /// The path of the file, which is created if it is missing.
    #[config(default = "uptime.db")]
    path: PathBuf,
    health: Health,
    scope: Scope<Store>,
) -> anyhow::Result<()> {
    let store = Store::open(path, health).await?;
    tracing::info!("history in {}", store.path.display());
    let store = scope.provide_until_shutdown(store).await;
    store.close().await
}

impl Store {
    async fn open(path: PathBuf, health: Health) -> anyhow::Result<Self> {
        let advice = "set `path` under [tasks.database] to a file in a writable directory";
        let path = Arc::new(path);
        let file = Arc::clone(&path);
        let (writer, reader) = spawn_blocking(move || connect(&file))
            .await?
            .with_context(|| format!("cannot open the database {}; {advice}", path.display()))?;
        let [reader, writer] = [reader, writer].map(|connection| Arc::new(Mutex::new(connection)));
        Ok(Self { path, reader, writer, changes: broadcast::Sender::new(BEHIND), health })
    }

    /// Writes the log back into the database file, so that only this file remains.
    async fn close(&self) -> anyhow::Result<()> {
        self.on(&self.writer, "close", |connection| {
            connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)")
        })
        .await
    }

    /// Subscribes to checks: receives the name of each endpoint that has been checked.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Arc<str>> {
        self.changes.subscribe()
    }

    /// Stores a check, and returns whether the endpoint went down or came up with it. The database is not healthy from a
    /// failed write until the next successful one.
    pub(crate) async fn record(&self, name: &str, url: &str, check: Check) -> anyhow::Result<Option<Change>> {
        let name: Arc<str> = name.into();
        let (of, url) = (Arc::clone(&name), url.to_owned());
        let change = self
            .on(&self.writer, "record a check in", move |c| write::record(c, &of, &url, &check))
            .await
            .inspect_err(|error| self.health.set_unhealthy(error))?;
        self.health.set_healthy();
        // There may be no subscriber.
        let _ = self.changes.send(name);
        Ok(change)
    }

    /// Summarizes completed hours; returns the number of new summaries.
    pub(crate) async fn roll_up(&self, now: Millis) -> anyhow::Result<usize> {
        self.on(&self.writer, "roll up hours in", move |c| write::roll_up(c, now)).await
    }

    /// Deletes older rows; returns their number.
    pub(crate) async fn prune(&self, now: Millis, checks: Millis, hours: Millis) -> anyhow::Result<usize> {
        self.on(&self.writer, "prune", move |c| write::prune(c, now, checks, hours)).await
    }

    /// Returns these endpoints, with their last checks and their last day.
    pub(crate) async fn endpoints(&self, names: Vec<String>, now: Millis) -> anyhow::Result<Vec<Endpoint>> {
        self.on(&self.reader, "read", move |c| names.iter().map(|name| read::endpoint(c, name, now)).collect()).await
    }

    /// Returns all stored hours of one endpoint, the oldest first.
    pub(crate) async fn hours(&self, name: String) -> anyhow::Result<Vec<Hour>> {
        self.on(&self.reader, "read", move |c| read::hours(c, &name)).await
    }

    async fn on<T: Send + 'static>(
        &self,
        connection: &Arc<Mutex<Connection>>,
        doing: &str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let connection = Arc::clone(connection);
        // A panic rolls its transaction back, so the connection is still valid.
        spawn_blocking(move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner)))
            .await?
            // One text: the source of SQLite's error repeats the same message.
            .map_err(|error| anyhow!("cannot {doing} the database {}: {error}", self.path.display()))
    }
}

/// Opens the writing and the reading connection.
fn connect(path: &PathBuf) -> anyhow::Result<(Connection, Connection)> {
    let mut writer = Connection::open(path)?;
    writer.busy_timeout(BUSY)?;
    // A write transaction waits for other writers, such as a backup, before it reads anything.
    writer.set_transaction_behavior(TransactionBehavior::Immediate);
    // With the log, a commit need not wait for the disk: a power failure may lose the last checks, never the file.
    writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")?;
    schema::migrate(&mut writer)?;
    let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    reader.busy_timeout(BUSY)?;
    Ok((writer, reader))
}

#[cfg(test)]
mod tests;
