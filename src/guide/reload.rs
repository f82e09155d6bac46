//! Change the configuration of a running service, and restart only the units that it concerns.
//!
//! Edit the file and send SIGHUP. A program that has read a file reads it and the environment again, and checks the
//! whole plan as at launch. If there is a problem, it is reported and nothing changes. Otherwise only the units whose
//! own arguments changed are restarted, with the units that depend on them:
//!
//! ```text
//! INFO reloading the configuration; read lifespan.toml; changed: `port` of `probe[work]` (lifespan.toml:6:1), task `probe[api]` is new (lifespan.toml:8:1)
//! INFO restarting `probe[work]`: the configuration has changed
//! INFO task `probe[work]` stopped in 41.2 µs
//! INFO task `probe[work]` up in 12.9 µs
//! INFO task `probe[api]` up in 9.1 µs
//! INFO configuration in effect after 1.72 ms
//! ```
//!
//! [`App::reload`](crate::App::reload) does the same from code, and returns the changes or the problems.
//!
//! # Effects
//!
//! - A new `[[tasks.x]]` table starts an instance, and a removed one stops its instance. Give instances a
//!   `#[config(key)]` argument: without one they are numbered, and removing the first changes the number of all after
//!   it. A `configured` unit is started and stopped by its table, any unit by `enabled` in its policy.
//! - Limits and other settings apply from then on and restart no unit. A changed schedule or restart policy restarts
//!   its unit.
//! - Values set by code stay. A task that has returned is not started; one that has failed starts with its new
//!   arguments.
//! - Formatting, comments and the order of keys are not changes. Default expressions are evaluated again, and their
//!   results are not changes either.
//! - If a file was read before and is gone, that is a problem. An empty file leaves every value at its default.
//! - A unit that fails with its new arguments fails as at any start: the app shuts down unless the unit restarts or its
//!   failure is ignored. A unit that waits for its restart does not delay a later reload, and starts at once with its
//!   new values.
//!
//! # Limits
//!
//! - Reading may take five seconds. If the file's mount, or code that reads an argument, does not answer by then, the
//!   reload is refused with a log line. Later ones are refused until that reading returns. Shutdown does not wait for
//!   it.
//! - Log and events name a change by key and place, and never show a value.
//! - Without a file, or when the terminal has gone, SIGHUP stops the program.
//!
//! [Previous: Commands and profiles](super::commands) · [Contents](super) · Next: [Order](super::order)
