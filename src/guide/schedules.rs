//! Run a task every five minutes, or at half past two each night.
//!
//! | | the runs start |
//! |---|---|
//! | `every = "5s"` | at fixed periods; a long run does not move the later ones |
//! | `delay = "5s"` | this long after the previous run has ended |
//! | `cron = "0 30 2 * * *"` | by the wall clock of `zone = "Europe/Berlin"`, or of UTC; needs the feature `cron` |
//!
//! A [`Tick`](crate::Tick) gives a run its number, its scheduled time, and how many times before it were missed.
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(every = "10s", timeout = "1m")]
//! async fn collect(tick: Tick) -> Result<(), std::io::Error> {
//!     if tick.number() == 1 {
//!         tokio::time::sleep(Duration::from_secs(35)).await; // the times at 10, 20 and 30 s pass meanwhile
//!     } else if tick.number() == 2 {
//!         assert_eq!(tick.missed(), 3); // they have no run: this one is for 40 s
//!         return Err(std::io::ErrorKind::ConnectionReset.into());
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = App::empty();
//! # app.register(CollectConfig {})?;
//! let running = app.start().await?;
//! tokio::time::sleep(Duration::from_secs(55)).await;
//! assert!(app.trigger(collect).await?.is_success()); // one more run, now
//! let report = running.stop().await;
//! let runs = report.unit("collect").unwrap().runs.as_ref().unwrap();
//! assert_eq!((runs.started, runs.failed, runs.missed), (4, 1, 3)); // at 0, 40, 50 and 55 s
//! assert!(report.is_success());
//! # Ok(()) }
//! ```
//!
//! | setting | default | |
//! |---|---|---|
//! | `start` | `"now"`; with `cron` `"after_first_period"` | the first run is immediate, or at the first scheduled time |
//! | `missed` | `"fold"` | times that passed while no run was possible (the thread was blocked, the task was restarted, the machine slept) get one run together. `"skip"`: the same, but `late` is a minute by default; `"all"`: one each, one after another, at most 1,024 |
//! | `late` | none | a scheduled time that is further in the past than this gets no run: `late = "1h"`. Schedules are not stored: times while the process was not running never get a run |
//! | `overlap` | `"skip"` | a time during a run is missed. `"queue"`: its run waits; `"parallel(4)"`: up to four runs at once, a time beyond them is missed |
//! | `jitter` | none | a random delay of up to this much before each run; the times stay |
//! | `timeout` | none | a run that takes longer is dropped, and has failed |
//!
//! # Runs
//!
//! - The task is up when its schedule has begun, even if its first run is still in progress. Each run gets fresh clones
//!   of the arguments, and takes its resources again.
//! - An error, a panic or a timeout ends the run, not the schedule. It is a warning in the log and an
//!   [`Event::RunFailed`](crate::Event::RunFailed). The report counts it and keeps the last one. With `on_failure =
//!   "shutdown"` it is a failure of the task, and shuts the app down.
//! - [`App::trigger`](crate::App::trigger) runs the task now and returns the outcome. It waits for its turn if runs may
//!   not overlap, and moves no scheduled time. A run must not await a run of its own task: drop that future, or let
//!   runs overlap.
//! - A missed time is an [`Event::RunsMissed`](crate::Event::RunsMissed). With `missed = "skip"`, `late` is a minute by
//!   default. At most 1,024 runs wait; beyond that the oldest is missed.
//! - A restart of the task, a lost resource or a reload keeps the schedule: its times, the run numbers, and triggered
//!   runs. A schedule that a reload changes begins again.
//! - After shutdown is requested no run starts. A run in progress is awaited within the task's grace period
//!   (`shutdown_timeout`). It continues by default, as with `on_shutdown = "finish"`; if it takes a `Shutdown`, it is
//!   notified.
//! - The log and the [`Plan`](crate::Plan) show the next three times.
//!
//! # Cron lines
//!
//! A line has six fields, `second minute hour day month weekday`, or five without the second. If both the day and the
//! weekday are given, either matches. A line that never matches, such as 31 February, and an unknown zone are compile
//! errors. The time zones are those of the system if it has any, otherwise those in the binary.
//!
//! - A line that names hours follows the wall clock. A time skipped by the change to summer time runs at the first
//!   moment after the gap; a time that occurs twice in autumn runs once.
//! - A line for every hour (`*`) follows elapsed time.
//! - When the wall clock is set back, a line for every hour continues at once by the new time; a step of at most a minute repeats no time. One that names hours
//!   does not run twice, unless the clock was wrong by more than three hours.
//!
//! # Change the schedule without a build
//!
//! ```toml
//! [lifespan.policy.collect]   # LIFESPAN_POLICY__COLLECT__CRON
//! cron = "0 */5 * * * *"
//! zone = "Europe/Berlin"
//! ```
//!
//! In a test, tokio's paused time also moves the wall clock, which [`App::wall_clock`](crate::App::wall_clock) sets. To
//! call the function directly, create a [`Tick::at`](crate::Tick::at).
//!
//! [Previous: Children](super::children) · [Contents](super) · Next: [Blocking work](super::blocking)
