//! The history, in `SQLite` on disk.
//!
//! All writing goes through one connection, all reading through another, which it does not hold up (write-ahead log). Both
//! are used on threads for work that blocks. Who writes a check tells whoever has subscribed, once it is committed.

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

/// So many changes may a reader be behind before it is told to read all.
const BEHIND: usize = 256;

/// How long another program may keep the file from us.
const BUSY: Duration = Duration::from_secs(2);

/// One check of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    /// When it ended.
    pub(crate) at: Millis,
    /// How long it took, in microseconds.
    pub(crate) latency: u32,
    /// What was wrong; none where all was well.
    pub(crate) error: Option<String>,
}

pub(crate) struct Store {
    path: Arc<PathBuf>,
    // Closed before the other, since the last to go clears the log away, and this one may not.
    reader: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
    changes: broadcast::Sender<Arc<str>>,
    health: Health,
}

/// Opens the database before anything is asked, and closes it when the last user has stopped.
#[lifespan_context]
async fn database(
    /// The file; it is made where there is none.
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
        let advice = "name a file in a directory that can be written, as `path` under [tasks.database]";
        let path = Arc::new(path);
        let file = Arc::clone(&path);
        let (writer, reader) = spawn_blocking(move || connect(&file))
            .await?
            .with_context(|| format!("cannot open the database {}; {advice}", path.display()))?;
        let [reader, writer] = [reader, writer].map(|connection| Arc::new(Mutex::new(connection)));
        Ok(Self { path, reader, writer, changes: broadcast::Sender::new(BEHIND), health })
    }

    /// Puts what is in the log into the file, which then stands alone.
    async fn close(&self) -> anyhow::Result<()> {
        self.on(&self.writer, "close", |connection| {
            connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)")
        })
        .await
    }

    /// The names of endpoints, each time one has been checked.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Arc<str>> {
        self.changes.subscribe()
    }

    /// Keeps a check, and says whether the endpoint has gone down or come up with it. A database that takes no check is not
    /// healthy, until it takes one.
    pub(crate) async fn record(&self, name: &str, url: &str, check: Check) -> anyhow::Result<Option<Change>> {
        let name: Arc<str> = name.into();
        let (of, url) = (Arc::clone(&name), url.to_owned());
        let change = self
            .on(&self.writer, "record a check in", move |c| write::record(c, &of, &url, &check))
            .await
            .inspect_err(|error| self.health.set_unhealthy(error))?;
        self.health.set_healthy();
        // Nobody may be looking.
        let _ = self.changes.send(name);
        Ok(change)
    }

    /// Condenses the hours that are over; gives how many lines that made.
    pub(crate) async fn roll_up(&self, now: Millis) -> anyhow::Result<usize> {
        self.on(&self.writer, "roll up hours in", move |c| write::roll_up(c, now)).await
    }

    /// Forgets what is older; gives how many rows that were.
    pub(crate) async fn prune(&self, now: Millis, checks: Millis, hours: Millis) -> anyhow::Result<usize> {
        self.on(&self.writer, "prune", move |c| write::prune(c, now, checks, hours)).await
    }

    /// These endpoints, with their last checks and their last day.
    pub(crate) async fn endpoints(&self, names: Vec<String>, now: Millis) -> anyhow::Result<Vec<Endpoint>> {
        self.on(&self.reader, "read", move |c| names.iter().map(|name| read::endpoint(c, name, now)).collect()).await
    }

    /// All hours of one endpoint that are kept, the oldest first.
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
        // A panic has rolled its transaction back: what is behind the lock is sound.
        spawn_blocking(move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner)))
            .await?
            // In one text: what is behind SQLite's error says the same once more.
            .map_err(|error| anyhow!("cannot {doing} the database {}: {error}", self.path.display()))
    }
}

/// The one that writes, and the one that reads.
fn connect(path: &PathBuf) -> anyhow::Result<(Connection, Connection)> {
    let mut writer = Connection::open(path)?;
    writer.busy_timeout(BUSY)?;
    // Who means to write waits for others that do, such as a backup, before it has read anything.
    writer.set_transaction_behavior(TransactionBehavior::Immediate);
    // With the log, a commit need not wait for the disk: a power cut may cost the last checks, never the file.
    writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")?;
    schema::migrate(&mut writer)?;
    let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    reader.busy_timeout(BUSY)?;
    Ok((writer, reader))
}

#[cfg(test)]
mod tests;
