//! The runtime of a test: its paused time, and the tasks that are alive in it.

use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

/// Pauses tokio's time, if it is not paused.
pub(super) async fn pause() {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    assert!(
        matches!(flavor, Ok(RuntimeFlavor::CurrentThread)),
        "time can be paused only in a runtime of one thread: write `#[tokio::test]`, or \
         `#[tokio::test(start_paused = true)]`"
    );
    if !is_paused() {
        tokio::time::pause();
        // Timers fire at whole milliseconds of the runtime's clock; aligning the clock to one avoids rounding.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Resumes tokio's time, if it is paused.
pub(super) fn resume() {
    if is_paused() {
        tokio::time::resume();
    }
}

/// Returns whether tokio's time is paused. Tokio has no query for this; a clock that does not move is paused.
fn is_paused() -> bool {
    let (real, tokio) = (std::time::Instant::now(), Instant::now());
    while real.elapsed() < Duration::from_micros(10) {}
    tokio.elapsed() == Duration::ZERO
}

/// Lets everything run that can run without time passing.
pub(super) async fn settle() {
    // Each yield lets every ready task run once. Chains of tasks that wake each other are far shorter.
    for _ in 0..256 {
        tokio::task::yield_now().await;
    }
}

/// Waits in real time, for a moment, until no more tasks are alive than before: on other threads they end a little later.
pub(super) async fn wait_for_tasks(before: usize) {
    let limit = std::time::Instant::now() + Duration::from_secs(1);
    while alive_tasks() > before && std::time::Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(super) fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
