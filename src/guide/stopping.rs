//! Stop the units in order, each within a limit.
//!
//! A signal, [`App::shutdown`](crate::App::shutdown), a failure, or the end of the last task requests shutdown. A unit
//! is stopped when no unit that depends on it still runs. Tasks stop before contexts, unless a dependency says
//! otherwise.
//!
//! | `on_shutdown` | default for | what happens |
//! |---|---|---|
//! | `"notify"` | tasks that take `Shutdown` | it is notified, and returns within its grace period |
//! | `"finish"` | `once` tasks, tasks with a schedule and `blocking` tasks, without a `Shutdown` | it runs on within its grace period |
//! | `"drop"` | all other tasks | it is dropped at its next await; its destructors run. Not for `blocking` tasks |
//!
//! | limit | default | for one unit | for the app, in code | in `[lifespan]` |
//! |---|---|---|---|---|
//! | startup | 60 s; none for a `once` task | `startup_timeout = "5s"` | [`startup_timeout`](crate::App::startup_timeout) | `startup_timeout` |
//! | a task's grace period | 10 s | `shutdown_timeout = "5s"` | [`grace`](crate::App::grace) | `grace` |
//! | a teardown | 5 s | `shutdown_timeout = "5s"` | [`teardown_timeout`](crate::App::teardown_timeout) | `teardown_timeout` |
//! | the whole stop | 25 s | | [`shutdown_timeout`](crate::App::shutdown_timeout) | `shutdown_timeout` |
//!
//! A unit that exceeds its limit is dropped, and the report names it. During the stop that is exit code 4. Slow tasks
//! cannot use up the time of contexts: up to half of the whole stop is reserved for teardowns.
//! [`Shutdown::deadline`](crate::Shutdown::deadline) returns the time by which a unit that was asked to stop has to have
//! ended.
//!
//! [Deployment](super::deployment) fits these limits to Kubernetes and docker, [systemd](super::systemd) to systemd.
//!
//! [Previous: Blocking work](super::blocking) · [Contents](super) · Next: [Batch jobs](super::batch)
