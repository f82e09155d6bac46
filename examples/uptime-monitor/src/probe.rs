//! The task that watches one endpoint; `lifespan.toml` has a `[[tasks.probe]]` for each.

use std::time::Duration;

use lifespan::{App, Registered, Res, Shutdown, lifespan_task};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;
use crate::http::{HttpClient, Url};
use crate::store::{Change, Store};

/// Checks one endpoint periodically, and records the results.
///
/// It fails if a result can't be recorded, and is then restarted, so that a briefly full disk does not stop the monitor.
#[lifespan_task(configured, restart(transient, intensity = 10, period = "10m", backoff = "1s..1m"))]
async fn probe(
    /// The name on the page.
    #[config(key)]
    name: String,
    /// The URL, `http://…` or `https://…`.
    url: Url,
    /// The time between two checks, at least 100 ms.
    #[config(default = Duration::from_secs(30))]
    period: Duration,
    /// The time limit for the complete response.
    #[config(default = Duration::from_secs(10))]
    timeout: Duration,
    /// The expected status.
    #[config(default = 200)]
    status: u16,
    client: Res<HttpClient>,
    store: Res<Store>,
    app: App,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    // The endpoints of this app are available once the app is up.
    shutdown.or(app.when_up()).await;
    let mut times = interval(period.max(Duration::from_millis(100)));
    times.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while shutdown.or(times.tick()).await.is_some() {
        let Some(check) = shutdown.or(client.check(&url, status, timeout)).await else { break };
        // During shutdown the server of this app stops first, so a failed check says nothing about an endpoint.
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

/// Returns the names of the watched endpoints, in the order of the file.
pub(crate) fn watched(app: &App) -> Vec<String> {
    let name = |unit: Registered| unit.key().filter(|_| unit.is(probe)).map(str::to_owned);
    app.registered().into_iter().filter_map(name).collect()
}
