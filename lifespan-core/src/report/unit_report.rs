//! `UnitReport`: the outcome of one registration.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{Cause, Outcome};
use crate::children::ChildrenReport;
use crate::facts::Failure;
use crate::hub::Facts;
use crate::machine::{Seen, UnitIndex};
use crate::plan::Registered;
use crate::schedule::Runs;

/// The outcome of one unit.
///
/// ```
/// # use lifespan::{App, lifespan_task};
/// # #[lifespan_task(manual)]
/// # async fn fetch() -> Result<(), std::io::Error> {
/// #     tokio::task::yield_now().await;
/// #     Err(std::io::ErrorKind::TimedOut.into())
/// # }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(FetchConfig {})?;
/// let report = app.launch().await;
/// let unit = report.unit("fetch").unwrap();
/// assert_eq!(unit.restarts, 0);
/// assert_eq!(unit.last_failure.as_ref().unwrap().chain(), ["timed out"]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnitReport {
    /// The unit.
    pub unit: Registered,
    /// The outcome.
    pub outcome: Outcome,
    /// The number of restarts, for any reason.
    pub restarts: u32,
    /// The time of its start, since the launch.
    pub started: Option<Duration>,
    /// The time at which it was up, since the launch.
    pub up: Option<Duration>,
    /// The time at which it had ended, since the launch.
    pub ended: Option<Duration>,
    /// The time at which it was asked to stop, since the launch.
    pub stopping: Option<Duration>,
    /// Its children, if it takes `Children` and was started.
    pub children: Option<Box<ChildrenReport>>,
    /// The counts of its runs, if it has a schedule that has begun.
    pub runs: Option<Runs>,
    /// Its last failure, also if it was ignored or followed by a restart. Failures of its runs are in
    /// [`runs`](Self::runs).
    pub last_failure: Option<Arc<Failure>>,
}

impl UnitReport {
    pub(super) fn new(unit: Registered, last_failure: Option<Arc<Failure>>, facts: &Facts) -> Self {
        let of = UnitIndex(unit.index);
        let outcome = match facts.machine.seen(of) {
            Seen::Ended(outcome) => outcome,
            Seen::Waiting => Outcome::NotStarted,
            Seen::BackingOff | Seen::Starting | Seen::Up | Seen::Stopping => {
                let blocks = |failure: &Arc<Failure>| {
                    *failure.unit() == unit && matches!(failure.cause(), Cause::NotYielding { .. })
                };
                let is_lost =
                    |failure: &Arc<Failure>| *failure.unit() == unit && matches!(failure.cause(), Cause::Lost);
                if facts.failures.iter().any(blocks) {
                    Outcome::NotYielding
                } else if facts.failures.iter().any(is_lost) {
                    Outcome::Failed
                } else {
                    Outcome::Starved
                }
            }
        };
        let (record, end) = (facts.machine.record(of), facts.machine.end_of(of));
        Self {
            children: facts.children(unit.index).map(Box::new),
            runs: facts.runs(unit.index),
            unit,
            outcome,
            restarts: facts.restarts(of.at()),
            started: record.started.since_launch(),
            up: record.up.since_launch(),
            ended: end.ended.since_launch(),
            stopping: end.stopping.since_launch(),
            last_failure,
        }
    }
}
