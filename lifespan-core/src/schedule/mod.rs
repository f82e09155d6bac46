//! When a task runs again and again: what its attribute says, what the operator overrides, and the times that follow.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

pub(crate) mod clock;
#[cfg(feature = "cron")]
mod cron;
#[cfg(not(feature = "cron"))]
#[path = "without_cron.rs"]
mod cron;
pub(crate) mod mailbox;
pub(crate) mod runs;
pub(crate) mod timetable;
pub(crate) mod waits;

use std::fmt;
use std::time::{Duration, SystemTime};

pub(crate) use cron::Line;

use crate::log::short;

/// `every`, `delay` or `cron`, and what goes with them. `L` is a cron line: as it is written, or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule<L> {
    pub timing: Timing<L>,
    /// `start`, where it was said.
    pub start: Option<Begin>,
    /// Up to so much later each run starts, as chance has it.
    pub jitter: Duration,
    pub missed: Missed,
    pub overlap: Overlap,
    /// How long a run may take.
    pub timeout: Option<Duration>,
}

/// What the times of a schedule are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing<L> {
    /// From its first time on, whatever the runs take.
    Every(Duration),
    /// From the end of a run.
    Delay(Duration),
    /// By the wall clock.
    Cron(L),
}

/// `cron` and `zone`, as an attribute has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub line: &'static str,
    pub zone: &'static str,
}

/// `start = "…"`: when the first run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    Now,
    AfterFirstPeriod,
}

/// `missed = "…"`: what becomes of times that passed while nothing could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// One run makes up for all of them.
    Fold,
    /// None does.
    Skip,
    /// Each gets its run.
    All,
}

/// `overlap = "…"`: what becomes of a time that comes while a run is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// It is missed.
    Skip,
    /// Its run waits for its turn.
    Queue,
    /// So many runs may be under way at once; one more is missed.
    Parallel(u32),
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
        }
    }

    /// When the first run is: what has a period begins with one, a cron line waits for its time.
    fn begin(&self) -> Begin {
        self.start.unwrap_or(match self.timing {
            Timing::Every(_) | Timing::Delay(_) => Begin::Now,
            Timing::Cron(_) => Begin::AfterFirstPeriod,
        })
    }
}

impl Schedule<Written> {
    /// Reads the cron line, or says why it is none.
    pub(crate) fn read(self) -> Result<Schedule<Line>, String> {
        let timing = match self.timing {
            Timing::Every(period) => Timing::Every(period),
            Timing::Delay(period) => Timing::Delay(period),
            Timing::Cron(written) => Timing::Cron(Line::read(written.line, written.zone)?),
        };
        let Self { start, jitter, missed, overlap, timeout, .. } = self;
        Ok(Schedule { timing, start, jitter, missed, overlap, timeout })
    }
}

impl Schedule<Line> {
    /// Its next three times, as people read them: those of a period count from its start, those of a cron line are in its
    /// zone.
    pub(crate) fn described(&self, now: SystemTime) -> Described<'_> {
        Described { schedule: self, now }
    }

    /// The next times of a cron line, as far as they can be foretold.
    fn times(line: &Line, begin: Begin, now: SystemTime) -> impl Iterator<Item = SystemTime> + '_ {
        let first = if begin == Begin::Now { Some(now) } else { line.after(now) };
        std::iter::successors(first, |time| line.after(*time)).take(SHOWN)
    }
}

/// How many times are shown.
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
