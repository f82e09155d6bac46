//! Reading the sources again, on a thread of its own, within a limit.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::base::spawn_with;
use crate::facts::ReloadError;
use crate::plan::Reading;
use crate::shared::{AppShared, SourcesRead};
use crate::signal::panics;
use crate::watch::Work;

/// How long a reading may take, on the system's clock: a file on a mount that does not answer is never read to its end.
pub(super) const READING_LIMIT: Duration = Duration::from_secs(5);

/// The limit of a reading, which is watched until this is dropped.
pub(super) struct Limited {
    pub(super) since: std::time::Instant,
    _watched: Work,
}

/// Reads on a thread of its own: files may be slow, and what reads an argument is user code. Where there is no thread, the
/// reading is given back.
pub(super) fn begin_reading(app: &Arc<AppShared>, reading: Reading) -> Result<Limited, Box<(io::Error, Reading)>> {
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
        app.inbox().read(Box::new(SourcesRead { reading, prepared }));
    })?;
    Ok(Limited { since: std::time::Instant::now(), _watched: watched })
}

/// Tells the driver when a reading takes too long, unless the returned value is dropped before.
fn watch_reading(app: Arc<AppShared>) -> io::Result<Work> {
    let (watched, over) = Work::begin();
    let watch = move || {
        if !over.is_within(READING_LIMIT) {
            app.inbox().reading_is_late();
        }
    };
    // A thread of the runtime: as long as it waits, time that is paused does not run on. Tokio panics where there is none and
    // the system gives none.
    panics::quietly(|| drop(tokio::task::spawn_blocking(watch))).map_err(io::Error::other)?;
    Ok(watched)
}
