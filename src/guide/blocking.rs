//! Run code that blocks or computes for long, without holding up other tasks.
//!
//! Code that computes for long, or waits without an `await`, occupies the thread that runs it, and every other task on
//! that thread waits. Write such a task as a plain function with its own thread:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(blocking)]
//! fn compress(ready: Ready, shutdown: Shutdown) -> std::io::Result<()> {
//!     ready.notify();
//!     while shutdown.wait_timeout(Duration::from_secs(60)).is_elapsed() {
//!         println!("compressing new files");
//!     }
//!     Ok(())
//! }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = lifespan::App::empty();
//! # app.register(CompressConfig {})?;
//! # let running = app.start().await?;
//! # assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! - [`wait_timeout`](crate::Shutdown::wait_timeout) and [`wait`](crate::Shutdown::wait) replace `sleep` and
//!   `requested` of async tasks. A long computation checks [`is_requested`](crate::Shutdown::is_requested) from time to
//!   time.
//! - The thread has the name of the task, and is within the runtime: `Handle::current().block_on(…)` calls async code.
//! - The task is up when its thread has started, or with a `Ready` when it reports so.
//! - `once`, `restart(…)`, `on_failure` and the limits mean the same as for other tasks. Each start has a new thread.
//! - A thread cannot be ended from outside. It is notified, or without a `Shutdown` waited for, and the resources it
//!   uses outlive it. A thread that exceeds its grace period is named in the log. Since it may still use a resource,
//!   the stop waits for it as long as the time of the whole stop allows, and then continues without it: exit code 4. It
//!   does not prevent `main` from returning, which ends the process.
//! - It uses the system's clock. Test the function on a thread with [`Shutdown::pair`](crate::Shutdown::pair), not in
//!   tokio's paused time, which continues while a thread works.
//!
//! For a short piece of blocking code in an async task, use `tokio::task::spawn_blocking`.
//!
//! # Find a unit that blocks
//!
//! A unit that occupies its thread for more than 100 ms is named in the log while it still does, and again each time
//! that this time has doubled. The line has its name and place, the thread, whether the thread computes or waits, and
//! on Linux the command that prints its stack. One more line gives the total time. The events are
//! [`Blocked`](crate::Event::Blocked) and [`Unblocked`](crate::Event::Unblocked).
//!
//! Set the limit with [`App::blocked_after`](crate::App::blocked_after), or with `blocked_after` under `[lifespan]`;
//! `"0s"` turns the watch off. A child that blocks is reported as its parent. `tokio::task::block_in_place` occupies
//! its thread too, on purpose.
//!
//! [Previous: Schedules](super::schedules) · [Contents](super) · Next: [Stopping](super::stopping)
