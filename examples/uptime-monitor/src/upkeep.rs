//! What keeps the history small: an hourly roll-up, and by night what is too old.

use std::time::Duration;

use lifespan::{Res, lifespan_task};

use crate::clock;
use crate::store::Store;

/// Condenses each hour that is over into one line for each endpoint: what `/api/…` gives for months, and what makes the
/// last day cheap to add up.
#[lifespan_task(every = "1h", timeout = "5m")]
async fn roll_up(store: Res<Store>) -> anyhow::Result<()> {
    let hours = store.roll_up(clock::now()).await?;
    if hours > 0 {
        tracing::info!("rolled up {hours} hours of endpoints");
    }
    Ok(())
}

/// Forgets what is older than wanted; also at the start, for monitors that are off by night.
#[lifespan_task(cron = "0 30 3 * * *", start = "now", timeout = "5m")]
async fn prune(
    /// How long each check is kept.
    #[config(default = Duration::from_secs(7 * 86_400))]
    keep_checks: Duration,
    /// How long the line of each hour is kept.
    #[config(default = Duration::from_secs(400 * 86_400))]
    keep_hours: Duration,
    store: Res<Store>,
) -> anyhow::Result<()> {
    let gone = store.prune(clock::now(), clock::in_millis(keep_checks), clock::in_millis(keep_hours)).await?;
    if gone > 0 {
        tracing::info!("forgot {gone} rows that are too old");
    }
    Ok(())
}
