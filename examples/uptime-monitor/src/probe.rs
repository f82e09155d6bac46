//! The task that watches one endpoint; `lifespan.toml` has a `[[tasks.probe]]` for each.

use std::time::Duration;

use lifespan::{App, Registered, Res, Shutdown, lifespan_task};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;
use crate::http::{HttpClient, Url};
use crate::store::{Change, Store};

/// Asks one endpoint, period after period, and records what comes of it.
///
/// It fails if that can't be recorded, and then starts again: a disk that is full for a moment stops nobody.
#[lifespan_task(manual, restart(transient, intensity = 10, period = "10m", backoff = "1s..1m"))]
async fn probe(
    /// What the page calls it.
    #[config(key)]
    name: String,
    /// `http://…` or `https://…`.
    url: Url,
    /// From one check to the next, at least 100 ms.
    #[config(default = Duration::from_secs(30))]
    period: Duration,
    /// How long the whole answer may take.
    #[config(default = Duration::from_secs(10))]
    timeout: Duration,
    /// What the answer's status must be.
    #[config(default = 200)]
    status: u16,
    client: Res<HttpClient>,
    store: Res<Store>,
    app: App,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    // What this app serves itself is there when all of it is up.
    shutdown.or(app.when_up()).await;
    let mut times = interval(period.max(Duration::from_millis(100)));
    times.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while shutdown.or(times.tick()).await.is_some() {
        let Some(check) = shutdown.or(client.check(&url, status, timeout)).await else { break };
        // As the app stops, its server goes first: that says nothing of an endpoint.
        if shutdown.reason().is_some() {
            continue;
        }
        let trouble = check.error.clone().unwrap_or_default();
        match store.record(&name, &url.to_string(), check).await? {
            Some(Change::Down) => tracing::warn!("{name} is down: {trouble} ({url})"),
            Some(Change::UpAfter(millis)) => tracing::info!("{name} is up again after {}", clock::span(millis)),
            None => {}
        }
    }
    Ok(())
}

/// The endpoints that are watched now, by name, in the order of the file.
pub(crate) fn watched(app: &App) -> Vec<String> {
    let name = |unit: Registered| unit.key().filter(|_| unit.is(probe)).map(str::to_owned);
    app.registered().into_iter().filter_map(name).collect()
}
