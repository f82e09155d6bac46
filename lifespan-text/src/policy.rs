//! The settings of a unit that its attribute declares and a policy of the operator, `[lifespan.policy.<unit>]`, changes.

use std::time::Duration;

use crate::cron::{CronLine, TimeZoneName};
use crate::duration::{Backoff, Period};
use crate::numbers::Share;
use crate::table::settings;
use crate::words::{Begin, Missed, Overlap, Readiness};

settings! {
    /// The settings of every unit.
    pub struct UnitSettings, keys begin with "" {
        /// The limit of its start.
        startup_timeout: Period = "60s",
        /// The limit of its stop.
        shutdown_timeout: Duration = "10s",
        /// The effect on the app's readiness while it is not up.
        readiness: Readiness = "required",
    }
}

settings! {
    /// The settings of `restart(…)`.
    pub struct RestartSettings, keys begin with "restart_" {
        /// The number of restarts that are allowed within the period.
        intensity: u32 = 3,
        /// The period of the restart limit.
        period: Period = "30s",
        /// The first and the longest delay.
        backoff: Backoff = "100ms..30s",
        /// The random share of a delay.
        jitter: Share = 0.2,
        /// The healthy time after which delays start over.
        reset_after: Duration = "60s",
    }
}

settings! {
    /// The settings of a schedule.
    pub struct ScheduleSettings, keys begin with "" {
        /// A fixed period.
        every: Period = "5s",
        /// A fixed delay after the end of each run.
        delay: Period = "5s",
        /// A cron line.
        cron: CronLine = "0 30 2 * * *",
        /// The time zone of the cron line.
        zone: TimeZoneName = "Europe/Berlin",
        /// The time of the first run.
        start: Begin = "now",
        /// The longest random delay of a run.
        jitter: Duration = "500ms",
        /// The handling of times at which no run was possible.
        missed: Missed = "fold",
        /// The handling of times during a run.
        overlap: Overlap = "skip",
        /// The limit of a run.
        timeout: Period = "30s",
        /// The maximum delay with which a time gets its run.
        late: Period = "1h",
    }
}

impl ScheduleSettings {
    /// The settings of which a schedule has exactly one.
    pub const TIMINGS: [&'static str; 3] = ["every", "delay", "cron"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Examples;

    #[test]
    fn every_example_is_valid() {
        assert_eq!(UnitSettings::read(&mut Examples).count(), UnitSettings::NAMES.len());
        assert_eq!(RestartSettings::read(&mut Examples).count(), RestartSettings::NAMES.len());
        let cron_line = usize::from(cfg!(feature = "cron"));
        assert_eq!(ScheduleSettings::read(&mut Examples).count(), ScheduleSettings::NAMES.len() - 1 + cron_line);
    }
}
