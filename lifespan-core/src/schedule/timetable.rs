//! The timetable of a schedule: the times that have passed, and the next one.
//!
//! # Invariants
//! - Each time comes once and in order, unless the wall clock is set back.
//! - The times of `every` are whole periods from the first, so neither the length of runs nor a late check moves them.

use std::time::Duration;

use tokio::time::Instant;

use super::calendar::Calendar;
use super::due::{Due, Pick, Waiting, latest, reduce};
use crate::base::{Clock, FAR, random};
use crate::declare::{Begin, Line, Schedule, Timing};

pub(crate) struct Timetable {
    timing: Counted,
    jitter: Jitter,
    /// The maximum delay with which a time gets its run; `None` for no limit.
    latest: Option<Duration>,
}

/// The jitter of a schedule. Most have none, and use no memory for it.
struct Jitter(Option<Box<Drawn>>);

struct Drawn {
    most: Duration,
    /// The jitter of the next time.
    now: Duration,
}

enum Counted {
    Every {
        period: Duration,
        next: Instant,
    },
    Delay {
        period: Duration,
        /// `None` while a run is awaited.
        next: Option<Instant>,
    },
    Cron(Box<Calendar>),
}

impl Timetable {
    #[cfg_attr(not(feature = "cron"), expect(unreachable_code, reason = "there is no line then"))]
    pub(crate) fn new(schedule: &Schedule<Line>, clock: Clock, now: Instant) -> Self {
        let first = |period: Duration| if schedule.begin() == Begin::Now { now } else { now + period };
        let timing = match &schedule.timing {
            Timing::Every(period) => {
                let period = (*period).min(FAR);
                Counted::Every { period, next: first(period) }
            }
            Timing::Delay(period) => {
                let period = (*period).min(FAR);
                Counted::Delay { period, next: Some(first(period)) }
            }
            Timing::Cron(line) => {
                let at_once = (schedule.begin() == Begin::Now).then_some(now);
                Counted::Cron(Box::new(Calendar::new(clock, now, at_once, line.clone())))
            }
        };
        let jitter = Jitter::new(schedule.jitter.min(FAR));
        let mut timetable = Self { timing, jitter, latest: latest(schedule) };
        timetable.jitter.draw();
        timetable
    }

    /// Creates a timetable without times.
    pub(crate) fn over() -> Self {
        Self { timing: Counted::Delay { period: FAR, next: None }, jitter: Jitter(None), latest: None }
    }

    /// Returns when to look again; `None` while that depends on the end of a run.
    pub(crate) fn wake_at(&self, now: Instant) -> Option<Instant> {
        match &self.timing {
            Counted::Every { next, .. } => Some(self.jitter.shift(*next)),
            Counted::Delay { next, .. } => next.map(|next| self.jitter.shift(next)),
            Counted::Cron(calendar) => calendar.wake_at(now, self.jitter.now()),
        }
    }

    /// Takes the times that have come and get a run, in order, with the number of those that get none. The one time of
    /// a `delay` always gets a run: otherwise no other would follow.
    pub(crate) fn take(&mut self, now: Instant, pick: Pick, due: &mut Waiting) -> u64 {
        let latest = self.latest;
        let is_too_late = |late: Duration| latest.is_some_and(|latest| late > latest);
        let missed = match &mut self.timing {
            Counted::Every { period, next } => {
                if now < self.jitter.shift(*next) {
                    return 0;
                }
                let (first, second) = (*next, *next + *period);
                let late = now - self.jitter.shift(first);
                // In nearly all cases one time has come, and in time.
                if pick != Pick::None && now < self.jitter.shift(second) && !is_too_late(late) {
                    *next = second;
                    due.push(Due { at: first, wall: None });
                    self.jitter.draw();
                    return 0;
                }
                let last = u64::try_from(late.as_nanos() / period.as_nanos()).unwrap_or(u64::MAX);
                let time = |number| Due { at: first + times(*period, number), wall: None };
                *next = time(last).at + *period;
                let is_too_late = |number| is_too_late(late.saturating_sub(times(*period, number)));
                reduce(pick, last, is_too_late, time, due)
            }
            Counted::Delay { next, .. } => {
                let Some(at) = next.take_if(|next| self.jitter.shift(*next) <= now) else { return 0 };
                due.push(Due { at, wall: None });
                0
            }
            Counted::Cron(calendar) => match calendar.take(now, self.jitter.now(), (pick, latest), due) {
                Some(missed) => missed,
                None => return 0,
            },
        };
        self.jitter.draw();
        missed
    }

    /// Records that a run of the schedule has ended.
    pub(crate) fn run_ended(&mut self) {
        if let Counted::Delay { period, next } = &mut self.timing {
            *next = Some(Instant::now() + *period);
            self.jitter.draw();
        }
    }
}

impl Jitter {
    fn new(most: Duration) -> Self {
        Self((!most.is_zero()).then(|| Box::new(Drawn { most, now: Duration::ZERO })))
    }

    fn draw(&mut self) {
        if let Some(drawn) = &mut self.0 {
            drawn.now = drawn.most.mul_f64(random());
        }
    }

    fn now(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |drawn| drawn.now)
    }

    /// Returns when the run of this time starts.
    fn shift(&self, time: Instant) -> Instant {
        match &self.0 {
            Some(drawn) => time + drawn.now,
            None => time,
        }
    }
}

fn times(period: Duration, number: u64) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    if number == 0 {
        return Duration::ZERO;
    }
    let nanos = period.as_nanos().saturating_mul(u128::from(number));
    let (seconds, rest) =
        (u64::try_from(nanos / SECOND).unwrap_or(u64::MAX), u32::try_from(nanos % SECOND).unwrap_or(0));
    Duration::new(seconds, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::due::MOST;

    #[test]
    fn a_period_longer_than_the_clock_can_count_is_no_panic() {
        let schedule = Schedule::of(Timing::Every(Duration::MAX));
        let now = Instant::now();
        let mut timetable = Timetable::new(&schedule, Clock::new(None), now);
        let mut due = Waiting::default();
        assert_eq!((timetable.take(now, Pick::Last, &mut due), due.len()), (0, 1));
        assert!(timetable.wake_at(now).is_some_and(|at| at > now + FAR / 2));
        let all = Schedule::of(Timing::Every(Duration::from_nanos(1)));
        let mut timetable = Timetable::new(&all, Clock::new(None), now);
        let mut due = Waiting::default();
        let left = timetable.take(now + FAR, Pick::All, &mut due);
        assert_eq!((due.len(), left), (MOST, u64::try_from(FAR.as_nanos()).expect("100 years") + 1 - MOST as u64));
    }
}
