//! Schedules: a task's attribute, the operator's overrides, and the resulting times.

use std::fmt;
use std::time::{Duration, SystemTime};

pub use lifespan_text::{Begin, Missed, Overlap};

use super::cron::Line;
use crate::base::short;

/// A schedule: `every`, `delay` or `cron`, and its options. `L` is a cron line: as text, or parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule<L> {
    pub timing: Timing<L>,
    /// `start`, if it is set.
    pub start: Option<Begin>,
    /// The jitter: each run starts later by a random time up to this.
    pub jitter: Duration,
    pub missed: Missed,
    pub overlap: Overlap,
    /// The limit of a run.
    pub timeout: Option<Duration>,
    /// The maximum delay with which a time gets its run, if that is limited.
    pub late: Option<Duration>,
}

/// The basis of a schedule's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing<L> {
    /// From the first time on, independent of how long runs take.
    Every(Duration),
    /// From the end of each run.
    Delay(Duration),
    /// By the wall clock.
    Cron(L),
}

/// `cron` and `zone`, as written in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub line: &'static str,
    pub zone: &'static str,
}

impl<L> Schedule<L> {
    #[must_use]
    pub const fn of(timing: Timing<L>) -> Self {
        Self {
            timing,
            start: None,
            jitter: Duration::ZERO,
            missed: Missed::Fold,
            overlap: Overlap::Skip,
            timeout: None,
            late: None,
        }
    }

    /// Returns the time of the first run: a period starts with a run, a cron line waits for its time.
    pub(crate) fn begin(&self) -> Begin {
        self.start.unwrap_or(match self.timing {
            Timing::Every(_) | Timing::Delay(_) => Begin::Now,
            Timing::Cron(_) => Begin::AfterFirstPeriod,
        })
    }
}

impl Schedule<Written> {
    /// Parses the cron line; the error says why it is invalid.
    pub(crate) fn read(self) -> Result<Schedule<Line>, String> {
        let timing = match self.timing {
            Timing::Every(period) => Timing::Every(period),
            Timing::Delay(period) => Timing::Delay(period),
            Timing::Cron(written) => Timing::Cron(Line::read(written.line, written.zone)?),
        };
        let Self { start, jitter, missed, overlap, timeout, late, .. } = self;
        Ok(Schedule { timing, start, jitter, missed, overlap, timeout, late })
    }
}

impl Schedule<Line> {
    /// Returns a text with the next three times: those of a period are relative to the start, those of a cron line are
    /// in its zone.
    pub(crate) fn described(&self, now: SystemTime) -> Described<'_> {
        Described { schedule: self, now }
    }

    /// Returns the next times of a cron line, as far as they are known.
    fn times(line: &Line, begin: Begin, now: SystemTime) -> impl Iterator<Item = SystemTime> + '_ {
        let first = if begin == Begin::Now { Some(now) } else { line.after(now) };
        std::iter::successors(first, |time| line.after(*time)).take(SHOWN)
    }
}

/// The number of times shown.
const SHOWN: usize = 3;

pub(crate) struct Described<'a> {
    schedule: &'a Schedule<Line>,
    now: SystemTime,
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = self.schedule.begin();
        match &self.schedule.timing {
            Timing::Every(period) => {
                write!(f, "every {}: ", short(*period))?;
                let first = u32::from(begin == Begin::AfterFirstPeriod);
                for number in first..first + 3 {
                    let comma = if number == first { "" } else { ", " };
                    match number {
                        0 => f.write_str("at once")?,
                        _ => write!(f, "{comma}in {}", short(period.saturating_mul(number)))?,
                    }
                }
            }
            Timing::Delay(period) => {
                let first = if begin == Begin::Now { "at once".to_owned() } else { format!("in {}", short(*period)) };
                write!(f, "{first}, and {} after each run", short(*period))?;
            }
            Timing::Cron(line) => {
                write!(f, "cron `{}` in {}: ", line.text(), line.zone())?;
                for (position, time) in Schedule::times(line, begin, self.now).enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    match time {
                        now if now == self.now && begin == Begin::Now => f.write_str("at once")?,
                        time => write!(f, "{comma}{}", line.show(time))?,
                    }
                }
            }
        }
        Ok(())
    }
}
