//! Reading the sources again, on a thread of its own, within a limit.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::base::spawn_with;
use crate::facts::ReloadError;
use crate::plan::Reading;
use crate::shared::{AppShared, Request, SourcesRead};
use crate::signal::panics;
use crate::watch::Work;

/// The time that a reading may take, on the system's clock: reading a file on a mount that does not answer never ends.
pub(super) const READING_LIMIT: Duration = Duration::from_secs(5);

/// The limit of a reading, which is watched until this is dropped.
pub(super) struct Limited {
    pub(super) since: Instant,
    _watched: Work,
}

/// Reads on a thread of its own: files may be slow, and the code that reads an argument is user code. Returns the
/// reading if no thread could be started.
pub(super) fn begin_reading(app: &Arc<AppShared>, reading: Reading) -> Result<Limited, Box<(io::Error, Reading)>> {
    // Before the watch begins: its notification comes after the limit, by this time too.
    let since = Instant::now();
    let watched = match watch_reading(Arc::clone(app)) {
        Ok(watched) => watched,
        Err(error) => return Err(Box::new((error, reading))),
    };
    let (app, runtime) = (Arc::clone(app), Handle::current());
    spawn_with("lifespan-config", reading, move |reading| {
        let _entered = runtime.enter();
        let prepared = match panics::catch(|| reading.again()) {
            Ok(prepared) => prepared.map(Box::new).map_err(ReloadError::invalid),
            Err(_) => Err(ReloadError::Panicked),
        };
        app.inbox().request(Request::SourcesRead(Box::new(SourcesRead { reading, prepared })));
    })?;
    Ok(Limited { since, _watched: watched })
}

/// Notifies the driver when a reading takes too long, unless the returned value is dropped before.
fn watch_reading(app: Arc<AppShared>) -> io::Result<Work> {
    let (watched, over) = Work::begin();
    let watch = move || {
        if !over.is_within(READING_LIMIT) {
            app.inbox().request(Request::ReadingIsLate);
        }
    };
    // A thread of the runtime: while it waits, paused time does not advance. Tokio panics if it can't start a thread.
    panics::quietly(|| drop(tokio::task::spawn_blocking(watch))).map_err(io::Error::other)?;
    Ok(watched)
}
