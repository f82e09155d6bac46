//! A snapshot of an app and its units.

use super::checks::HealthCheck;
use super::status::{State, Status};
use crate::plan::roster::Registered;

/// A snapshot of an app and its units.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// The app.
    pub state: State,
    /// Whether it was ready, as [`App::is_ready`](crate::App::is_ready) has it.
    pub ready: bool,
    /// Whether it was degraded, as [`App::is_degraded`](crate::App::is_degraded) has it.
    pub degraded: bool,
    /// Its registrations, in registration order.
    pub units: Vec<(Registered, Status)>,
    /// The units that have children, with the names of these and how many have each.
    pub children: Vec<(Registered, Vec<(String, usize)>)>,
    /// The health checks there are, in registration order.
    pub checks: Vec<HealthCheck>,
}
