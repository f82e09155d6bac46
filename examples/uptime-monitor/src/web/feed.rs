//! Live updates as server-sent events, with the rendered parts of the page that changed.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;
use lifespan::{App, Events, Live, Shutdown};
use lifespan_axum::ShutdownExt;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::page;
use crate::store::Store;
use crate::{clock, probe};

/// Streams updates until shutdown; a browser then reconnects until the server is back.
pub(crate) async fn events(
    app: App,
    store: Live<Store>,
    shutdown: Shutdown,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, StatusCode> {
    let changes = store.try_get().ok_or(StatusCode::SERVICE_UNAVAILABLE)?.changes();
    let feed = Feed { events: app.events(), app, store, changes, listed: None };
    let updates = unfold(feed, |mut feed| async move {
        let update = feed.next().await?;
        let event = Event::default().event("update").retry(Duration::from_secs(2)).json_data(update);
        Some((Ok(event.expect("strings are JSON")), feed))
    });
    Ok(Sse::new(shutdown.wrap_stream(updates)).keep_alive(KeepAlive::default()))
}

struct Feed {
    app: App,
    /// Not a `Res`: an open page must not keep a database in use that has to be opened again.
    store: Live<Store>,
    changes: Receiver<Arc<str>>,
    /// The events of the app: a probe may be added or removed.
    events: Events,
    /// The rows of the page; `None` at the beginning.
    listed: Option<Vec<String>>,
}

/// An update of the page.
#[derive(Serialize)]
struct Update {
    /// True if these are all rows; otherwise they replace the rows with the same names.
    all: bool,
    rows: Vec<String>,
    summary: String,
    title: String,
}

impl Feed {
    /// Returns `None` when the store or the app has ended.
    async fn next(&mut self) -> Option<Update> {
        loop {
            let mut changed = BTreeSet::new();
            let mut has_lagged = false;
            if self.listed.is_some() {
                tokio::select! {
                    change = self.changes.recv() => match change {
                        Ok(name) => drop(changed.insert(name)),
                        Err(RecvError::Lagged(_)) => has_lagged = true,
                        Err(RecvError::Closed) => return None,
                    },
                    event = self.events.next() => drop(event?),
                }
                // Include changes that arrived in the meantime.
                while let Ok(name) = self.changes.try_recv() {
                    changed.insert(name);
                }
            }
            let names = probe::watched(&self.app);
            let all = has_lagged || self.listed.as_ref() != Some(&names);
            if !all && changed.is_empty() {
                continue;
            }
            self.listed = Some(names.clone());
            let now = clock::now();
            let endpoints = match self.store.try_get()?.endpoints(names, now).await {
                Ok(endpoints) => endpoints,
                Err(error) => {
                    tracing::error!("an event stream failed: {error:#}");
                    return None;
                }
            };
            let shown = endpoints.iter().filter(|endpoint| all || changed.contains(endpoint.name.as_str()));
            return Some(Update {
                all,
                rows: shown.map(|endpoint| page::row(endpoint, now)).collect(),
                summary: page::summary(&endpoints),
                title: page::title(&endpoints),
            });
        }
    }
}
