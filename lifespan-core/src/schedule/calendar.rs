//! The times of a cron line by the wall clock, which may be set.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::due::{Due, MOST, Pick, Waiting, reduce};
use crate::base::{Clock, FAR};
use crate::declare::Line;

/// If the wall clock is set back by no more than this, a line's single times do not repeat.
const SLIGHT: Duration = Duration::from_secs(60);
/// The interval at which the wall clock is read: it may be set, or advance while the machine sleeps.
const NAP: Duration = Duration::from_secs(60);
/// If the wall clock is set back by more than this, it was wrong before: the new time counts, even for a line with
/// fixed hours.
const WRONG: Duration = Duration::from_secs(3 * 60 * 60);

pub(super) struct Calendar {
    line: Line,
    clock: Clock,
    /// A first run that is not a time of the line.
    at_once: Option<Instant>,
    /// `None` when the calendar has no more.
    next: Option<SystemTime>,
    /// The wall clock's time when it was last read.
    seen: SystemTime,
}

impl Calendar {
    /// Creates the calendar of a line from now on; its first run may be one that is not a time of the line.
    pub(super) fn new(clock: Clock, now: Instant, at_once: Option<Instant>, line: Line) -> Self {
        let seen = clock.wall(now);
        Self { at_once, next: line.after(seen), line, clock, seen }
    }

    /// Returns when to look again.
    pub(super) fn wake_at(&self, now: Instant, offset: Duration) -> Option<Instant> {
        if let Some(first) = self.at_once {
            return Some(first + offset);
        }
        let left = (self.next? + offset).duration_since(self.clock.wall(now)).unwrap_or_default();
        let nap = if self.clock.may_jump() { NAP } else { FAR };
        Some(now + left.min(nap))
    }

    /// Takes the due times that get a run and returns the number of the others; `None` if no time is due. The limit says
    /// how late a time may be.
    pub(super) fn take(
        &mut self,
        now: Instant,
        offset: Duration,
        limits: (Pick, Option<Duration>),
        due: &mut Waiting,
    ) -> Option<u64> {
        if let Some(at) = self.at_once.take_if(|first| *first + offset <= now) {
            due.push(Due { at, wall: None });
            return Some(0);
        }
        let wall = self.clock.wall(now);
        self.take_at(now, wall, offset, limits, due)
    }

    fn take_at(
        &mut self,
        now: Instant,
        wall: SystemTime,
        offset: Duration,
        (pick, latest): (Pick, Option<Duration>),
        due: &mut Waiting,
    ) -> Option<u64> {
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
        let wall_time = |number: u64| {
            let position = usize::try_from(number.saturating_sub(forgotten)).ok();
            position.and_then(|position| come.get(position)).copied().unwrap_or(last)
        };
        let time = |number: u64| {
            let time = wall_time(number);
            Due { at: now.checked_sub(late(time)).unwrap_or(now), wall: Some(time) }
        };
        let is_too_late = |number: u64| {
            let late = shown.duration_since(wall_time(number)).unwrap_or_default();
            latest.is_some_and(|latest| late > latest)
        };
        Some(reduce(pick, total - 1, is_too_late, time, due))
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

#[cfg(all(test, feature = "cron"))]
mod tests {
    use super::*;

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
        let left = calendar.take_at(Instant::now(), at(shown), Duration::ZERO, (pick, None), &mut due)?;
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
}
