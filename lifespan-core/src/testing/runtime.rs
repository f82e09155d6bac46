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
    // Tokio has no query for this; a clock that does not move is paused.
    let (real, tokio) = (std::time::Instant::now(), Instant::now());
    while real.elapsed() < Duration::from_micros(10) {}
    if tokio.elapsed() > Duration::ZERO {
        tokio::time::pause();
        // Timers fire at whole milliseconds of the runtime's clock; aligning the clock to one avoids rounding.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Lets everything run that can run without time passing.
pub(super) async fn settle() {
    // Each yield lets every ready task run once. Chains of tasks that wake each other are far shorter.
    for _ in 0..256 {
        tokio::task::yield_now().await;
    }
}

pub(super) fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
