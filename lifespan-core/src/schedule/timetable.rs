//! The timetable of a schedule: the times that have passed, and the next one.
//!
//! # Invariants
//! - Each time comes once and in order, unless the wall clock is set back.
//! - The times of `every` are whole periods from the first, so neither the length of runs nor a late check moves them.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::base::{Clock, FAR, random};
use crate::declare::{Begin, Line, Missed, Schedule, Timing};

/// A time that has come.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    /// The scheduled time, for schedules by the wall clock.
    pub(crate) wall: Option<SystemTime>,
}

/// A time this late is missed if missed times are skipped.
const LATE: Duration = Duration::from_secs(60);
/// If the wall clock is set back by no more than this, a line's single times do not repeat.
const SLIGHT: Duration = Duration::from_secs(60);
/// The maximum of times that are made up for at once, or that wait for their turn.
pub(crate) const MOST: usize = 1024;
/// The interval at which the wall clock is read: it may be set, or advance while the machine sleeps.
const NAP: Duration = Duration::from_secs(60);
/// If the wall clock is set back by more than this, it was wrong before: the new time counts, even for a line with
/// fixed hours.
const WRONG: Duration = Duration::from_secs(3 * 60 * 60);

/// Times that have come and wait for their run. One is stored inline, since there are rarely more.
#[derive(Default)]
pub(crate) struct Waiting {
    first: Option<Due>,
    others: VecDeque<Due>,
}

impl Waiting {
    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    pub(crate) fn push(&mut self, due: Due) {
        if self.first.is_none() {
            self.first = Some(due);
        } else {
            self.others.push_back(due);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Due> {
        let first = self.first.take()?;
        if !self.others.is_empty() {
            self.first = self.others.pop_front();
        }
        Some(first)
    }
}

/// The choice of times that get a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    /// All, up to the maximum.
    All,
    Last,
    LastUnlessLate,
    None,
}

impl From<Missed> for Pick {
    /// Returns the choice for times that came while no run could start.
    fn from(rule: Missed) -> Self {
        match rule {
            Missed::Fold => Self::Last,
            Missed::Skip => Self::LastUnlessLate,
            Missed::All => Self::All,
        }
    }
}

pub(crate) struct Timetable {
    timing: Counted,
    jitter: Jitter,
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

struct Calendar {
    line: Line,
    clock: Clock,
    /// A first run that is not a time of the line.
    at_once: Option<Instant>,
    /// `None` when the calendar has no more.
    next: Option<SystemTime>,
    /// The wall clock's time when it was last read.
    seen: SystemTime,
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
                let seen = clock.wall(now);
                Counted::Cron(Box::new(Calendar {
                    at_once: (schedule.begin() == Begin::Now).then_some(now),
                    next: line.after(seen),
                    line: line.clone(),
                    clock,
                    seen,
                }))
            }
        };
        let mut timetable = Self { timing, jitter: Jitter::new(schedule.jitter.min(FAR)) };
        timetable.jitter.draw();
        timetable
    }

    /// Creates a timetable without times.
    pub(crate) fn over() -> Self {
        Self { timing: Counted::Delay { period: FAR, next: None }, jitter: Jitter(None) }
    }

    /// Returns when to look again; `None` while that depends on the end of a run.
    pub(crate) fn wake_at(&self, now: Instant) -> Option<Instant> {
        match &self.timing {
            Counted::Every { next, .. } => Some(self.jitter.shift(*next)),
            Counted::Delay { next, .. } => next.map(|next| self.jitter.shift(next)),
            Counted::Cron(calendar) => {
                if let Some(first) = calendar.at_once {
                    return Some(self.jitter.shift(first));
                }
                let left =
                    (calendar.next? + self.jitter.now()).duration_since(calendar.clock.wall(now)).unwrap_or_default();
                let nap = if calendar.clock.may_jump() { NAP } else { FAR };
                Some(now + left.min(nap))
            }
        }
    }

    /// Takes the times that have come and get a run, in order, with the number of those that get none. The one time of
    /// a `delay` always gets a run: otherwise no other would follow.
    pub(crate) fn take(&mut self, now: Instant, pick: Pick, due: &mut Waiting) -> u64 {
        let missed = match &mut self.timing {
            Counted::Every { period, next } => {
                if now < self.jitter.shift(*next) {
                    return 0;
                }
                let (first, second) = (*next, *next + *period);
                // In nearly all cases one time has come, and in time.
                if matches!(pick, Pick::All | Pick::Last) && now < self.jitter.shift(second) {
                    *next = second;
                    due.push(Due { at: first, wall: None });
                    self.jitter.draw();
                    return 0;
                }
                let late = now - self.jitter.shift(first);
                let last = u64::try_from(late.as_nanos() / period.as_nanos()).unwrap_or(u64::MAX);
                let time = |number| Due { at: first + times(*period, number), wall: None };
                *next = time(last).at + *period;
                let last_is_late = late.saturating_sub(times(*period, last)) > LATE;
                reduce(pick, last, last_is_late, time, due)
            }
            Counted::Delay { next, .. } => {
                let Some(at) = next.take_if(|next| self.jitter.shift(*next) <= now) else { return 0 };
                due.push(Due { at, wall: None });
                0
            }
            Counted::Cron(calendar) => {
                if let Some(at) = calendar.at_once.take_if(|first| self.jitter.shift(*first) <= now) {
                    due.push(Due { at, wall: None });
                    self.jitter.draw();
                    return 0;
                }
                let wall = calendar.clock.wall(now);
                match calendar.take(now, wall, self.jitter.now(), pick, due) {
                    Some(missed) => missed,
                    None => return 0,
                }
            }
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

impl Calendar {
    /// Takes times as the timetable does; `None` if none has come.
    fn take(&mut self, now: Instant, wall: SystemTime, offset: Duration, pick: Pick, due: &mut Waiting) -> Option<u64> {
        self.adjust(wall);
        let shown = wall.checked_sub(offset)?;
        let mut come = VecDeque::new();
        while let Some(time) = self.next.filter(|time| *time <= shown && come.len() < MOST) {
            come.push_back(time);
            self.next = self.line.after(time);
        }
        let mut last = *come.back()?;
        let mut total = come.len() as u64;
        if self.next.is_some_and(|time| time <= shown) {
            total += self.line.count(last, shown);
            come = self.line.last(MOST, shown);
            last = come.back().copied().unwrap_or(last);
            self.next = self.line.after(shown);
        }
        let late = |time: SystemTime| wall.duration_since(time).unwrap_or_default();
        let forgotten = total.saturating_sub(come.len() as u64);
        let time = |number: u64| {
            let position = usize::try_from(number.saturating_sub(forgotten)).ok();
            let time = position.and_then(|position| come.get(position)).copied().unwrap_or(last);
            Due { at: now.checked_sub(late(time)).unwrap_or(now), wall: Some(time) }
        };
        Some(reduce(pick, total - 1, shown.duration_since(last).is_ok_and(|late| late > LATE), time, due))
    }

    /// Adjusts to a wall clock that was set back: a line without fixed hours at once, so that its runs do not pause for
    /// long; one with fixed hours does not run twice, unless the clock was wrong before.
    fn adjust(&mut self, wall: SystemTime) {
        let seen = std::mem::replace(&mut self.seen, wall);
        let Some(back) = seen.duration_since(wall).ok().filter(|back| !back.is_zero()) else { return };
        let next = self.line.after(wall);
        let is_slight = || back <= SLIGHT && next.and_then(|next| self.line.after(next)) >= self.next;
        if back > WRONG || self.line.is_interval() && !is_slight() {
            self.next = next;
        }
    }
}

/// Passes on those of the times from 0 to `last` that get a run; returns the number of the others.
fn reduce(pick: Pick, last: u64, last_is_late: bool, time: impl Fn(u64) -> Due, due: &mut Waiting) -> u64 {
    let from = match pick {
        Pick::None => last + 1,
        Pick::LastUnlessLate if last_is_late => last + 1,
        Pick::Last | Pick::LastUnlessLate => last,
        Pick::All => last.saturating_sub(MOST as u64 - 1),
    };
    (from..=last).map(time).for_each(|time| due.push(time));
    from
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

#[cfg(all(test, feature = "cron"))]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::declare::schedule::Schedule;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn calendar(line: &str, seen: SystemTime) -> Calendar {
        let line = Line::read(line, "UTC").expect("a line");
        Calendar { at_once: None, next: line.after(seen), line, clock: Clock::new(None), seen }
    }

    /// Returns the times that a calendar takes at this wall clock time, and the number of those that it omits.
    fn take(calendar: &mut Calendar, shown: u64, pick: Pick) -> Option<(Vec<SystemTime>, u64)> {
        let mut due = Waiting::default();
        let left = calendar.take(Instant::now(), at(shown), Duration::ZERO, pick, &mut due)?;
        let due = std::iter::from_fn(|| due.pop());
        Some((due.filter_map(|due| due.wall).collect(), left))
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_repeats_no_time_and_one_that_was_wrong_starts_again() {
        let mut hourly = calendar("0 * * * *", at(100));
        assert_eq!(take(&mut hourly, 3_600, Pick::Last), Some((vec![at(3_600)], 0)));
        assert_eq!(take(&mut hourly, 3_590, Pick::Last), None);
        assert_eq!(take(&mut hourly, 3_605, Pick::Last), None);
        assert_eq!(take(&mut hourly, 7_200, Pick::Last), Some((vec![at(7_200)], 0)));
        let mut wrong = calendar("0 * * * *", at(1_000_000_000));
        assert_eq!(take(&mut wrong, 50, Pick::Last), None);
        assert_eq!(take(&mut wrong, 3_600, Pick::Last), Some((vec![at(3_600)], 0)));
    }

    #[test]
    fn a_clock_set_back_repeats_the_times_of_an_interval_and_none_of_fixed_hours() {
        let hour = 3_600;
        let mut interval = calendar("*/5 * * * * *", at(20 * hour));
        assert_eq!(take(&mut interval, 20 * hour + 5, Pick::Last), Some((vec![at(20 * hour + 5)], 0)));
        for back in [7, 100, 3 * hour - 60] {
            let shown = interval.seen.duration_since(SystemTime::UNIX_EPOCH).expect("after it").as_secs() - back;
            let now = shown.div_ceil(5) * 5;
            take(&mut interval, shown, Pick::Last);
            take(&mut interval, now, Pick::Last);
            assert_eq!(take(&mut interval, now + 5, Pick::Last), Some((vec![at(now + 5)], 0)), "{back}");
        }
        let mut fixed = calendar("0 30 2 * * *", at(2 * hour));
        assert_eq!(take(&mut fixed, 3 * hour, Pick::Last), Some((vec![at(9_000)], 0)));
        assert_eq!(take(&mut fixed, 2 * hour, Pick::Last), None);
        assert_eq!(take(&mut fixed, 3 * hour, Pick::Last), None);
    }

    #[test]
    fn a_clock_that_is_set_far_ahead_has_all_its_times_counted_without_looking_at_each() {
        const DAYS: u64 = 20_833;
        let until = DAYS * 86_400 + 28_800;
        for (line, all, last) in [
            ("* * * * * *", until, until),
            ("*/7 * * * * *", (DAYS * 1_440 + 480) * 9, until),
            ("30 2 * * *", DAYS + 1, until - 28_800 + 9_000),
        ] {
            for (pick, runs) in [(Pick::Last, 1), (Pick::None, 0), (Pick::All, MOST as u64)] {
                let mut far = calendar(line, at(0));
                let (taken, left) = take(&mut far, until, pick).expect("times have come");
                assert_eq!((taken.len() as u64, taken.len() as u64 + left), (runs, all), "{line}");
                assert!(taken.last().is_none_or(|time| *time == at(last)), "{line} {taken:?}");
                assert!(taken.windows(2).all(|two| two[0] < two[1]), "{line}");
                assert!(far.next > Some(at(until)), "{line}");
            }
        }
    }

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
