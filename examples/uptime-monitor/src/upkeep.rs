//! Keeps the history small: rolls up every hour, and deletes old rows every night.

use std::time::Duration;

use lifespan::{Res, lifespan_task};

use crate::clock;
use crate::store::Store;

/// Summarizes each completed hour into one row per endpoint. `/api/…` serves these rows for months, and they make the last
/// day cheap to compute.
#[lifespan_task(every = "1h", timeout = "5m")]
async fn roll_up(store: Res<Store>) -> anyhow::Result<()> {
    let hours = store.roll_up(clock::now()).await?;
    if hours > 0 {
        tracing::info!("rolled up {hours} hours of endpoints");
    }
    Ok(())
}

/// Deletes rows older than the limits; also at startup, for monitors that do not run at night.
#[lifespan_task(cron = "0 30 3 * * *", start = "now", timeout = "5m")]
async fn prune(
    /// The retention of single checks.
    #[config(default = Duration::from_secs(7 * 86_400))]
    keep_checks: Duration,
    /// The retention of hourly summaries.
    #[config(default = Duration::from_secs(400 * 86_400))]
    keep_hours: Duration,
    store: Res<Store>,
) -> anyhow::Result<()> {
    let gone = store.prune(clock::now(), clock::in_millis(keep_checks), clock::in_millis(keep_hours)).await?;
    if gone > 0 {
        tracing::info!("deleted {gone} old rows");
    }
    Ok(())
}
