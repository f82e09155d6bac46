//! The content of the page, as JSON.

use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lifespan::{App, Res};
use serde::Serialize;

use super::Trouble;
use crate::store::{self, State, Store};
use crate::{clock, probe};

/// An endpoint. Times are in UTC, latencies in milliseconds, shares from 0 to 1; unknown values are `null`.
#[derive(Serialize)]
struct Endpoint {
    name: String,
    url: Option<String>,
    state: State,
    since: Option<String>,
    /// The share of successful checks in the last 24 hours.
    uptime: Option<f64>,
    /// The latency of the last check, if it succeeded.
    latency_ms: Option<f64>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
}

/// One endpoint, with its history.
#[derive(Serialize)]
struct History {
    #[serde(flatten)]
    endpoint: Endpoint,
    /// The last checks, the oldest first.
    checks: Vec<Check>,
    /// The completed hours, the oldest first.
    hours: Vec<Hour>,
}

#[derive(Serialize)]
struct Check {
    at: String,
    latency_ms: f64,
    error: Option<String>,
}

#[derive(Serialize)]
struct Hour {
    start: String,
    checks: u32,
    failures: u32,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
}

pub(crate) async fn endpoints(app: App, store: Res<Store>) -> Result<impl IntoResponse, Trouble> {
    let endpoints = store.endpoints(probe::watched(&app), clock::now()).await?;
    Ok(Json(endpoints.iter().map(summary).collect::<Vec<_>>()))
}

/// Returns one endpoint, also one that is no longer watched, as long as its history is kept.
pub(crate) async fn endpoint(app: App, store: Res<Store>, Path(name): Path<String>) -> Result<Response, Trouble> {
    let found = store.endpoints(vec![name.clone()], clock::now()).await?;
    let Some(found) = found.first().filter(|found| found.known.is_some() || probe::watched(&app).contains(&name))
    else {
        return Ok((StatusCode::NOT_FOUND, "no such endpoint; /api/endpoints lists the valid names\n").into_response());
    };
    let check = |check: &store::Check| Check {
        at: clock::timestamp(check.at),
        latency_ms: in_ms(check.latency),
        error: check.error.clone(),
    };
    let hour = |hour: store::Hour| Hour {
        start: clock::timestamp(hour.start),
        checks: hour.checks,
        failures: hour.failures,
        p50_ms: hour.p50.map(in_ms),
        p95_ms: hour.p95.map(in_ms),
    };
    Ok(Json(History {
        endpoint: summary(found),
        checks: found.checks.iter().map(check).collect(),
        hours: store.hours(name).await?.into_iter().map(hour).collect(),
    })
    .into_response())
}

fn summary(endpoint: &store::Endpoint) -> Endpoint {
    let last = endpoint.checks.last().filter(|check| check.error.is_none());
    Endpoint {
        name: endpoint.name.clone(),
        url: endpoint.known.as_ref().map(|known| known.url.clone()),
        state: endpoint.state(),
        since: endpoint.known.as_ref().map(|known| clock::timestamp(known.since)),
        uptime: endpoint.uptime(),
        latency_ms: last.map(|check| in_ms(check.latency)),
        p50_ms: endpoint.percentile(50).map(in_ms),
        p95_ms: endpoint.percentile(95).map(in_ms),
    }
}

fn in_ms(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}
