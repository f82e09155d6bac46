//! A demo endpoint, sometimes slow and sometimes failing, always in the same order.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use lifespan::{Res, Shutdown, lifespan_context};

/// The number of requests to the demo.
#[derive(Default)]
pub(crate) struct Asked(AtomicU32);

/// Provides the counter. A context without a teardown returns its resource.
#[lifespan_context]
async fn demo() -> Asked {
    Asked::default()
}

pub(crate) async fn answer(asked: Res<Asked>, shutdown: Shutdown) -> (StatusCode, &'static str) {
    let (pause, status) = nth(asked.0.fetch_add(1, Ordering::Relaxed));
    // On shutdown it answers immediately.
    let _ = shutdown.sleep(pause).await;
    (status, if status.is_success() { "fine\n" } else { "not now\n" })
}

fn nth(number: u32) -> (Duration, StatusCode) {
    let wave = [38, 47, 61, 80, 72, 58, 49, 41][number as usize % 8];
    let slow = if number % 11 == 7 { 240 } else { 0 };
    let status = if number % 19 == 13 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (Duration::from_millis(wave + slow), status)
}
