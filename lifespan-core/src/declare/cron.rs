//! A cron line in a time zone: `croner` parses it and searches the calendar, `jiff` converts between the zone's wall
//! clock and time.
//!
//! A line that names hours follows the wall clock: a time that a clock change skips runs at the first moment after the
//! gap, and a time that occurs twice runs at the first occurrence. A line for every hour follows elapsed time: it has
//! no time in a gap, and both of two.

use std::collections::VecDeque;
use std::fmt;
use std::time::SystemTime;

use croner::{Cron, CronComponent};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use lifespan_text::{cron_line, time_zone};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A parsed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    text: String,
    /// The zone's name as given.
    zone: String,
    cron: Cron,
    tz: TimeZone,
    every_hour: bool,
}

impl Line {
    /// Parses a line. The error says what is wrong and what to do, without quoting the line.
    pub(crate) fn read(text: &str, zone: &str) -> Result<Self, String> {
        let cron = cron_line(text)?;
        let tz = time_zone(zone)?;
        let every_hour = cron.pattern.hours.values().len() == 24;
        Ok(Self { text: text.to_owned(), zone: zone.to_owned(), cron, tz, every_hour })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn zone(&self) -> &str {
        &self.zone
    }

    /// Returns the first time after a moment; `None` once the calendar has no more.
    pub(crate) fn after(&self, moment: SystemTime) -> Option<SystemTime> {
        let moment = Timestamp::try_from(moment).ok()?;
        let mut civil = self.tz.to_datetime(moment);
        if self.every_hour {
            return self.after_by_the_hour(moment, civil);
        }
        loop {
            civil = self.cron.find_next_occurrence(&civil, false).ok()?;
            let ambiguous = self.tz.to_ambiguous_timestamp(civil);
            let in_gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
            let earlier = ambiguous.earlier().ok()?;
            let found = if in_gap { self.tz.following(earlier).next()?.timestamp() } else { earlier };
            // After a clock that was set back, and for all but the first time in one gap.
            if found > moment {
                return Some(found.into());
            }
        }
    }

    /// By elapsed time: between two changes of the clock, wall clock and time advance together.
    fn after_by_the_hour(&self, moment: Timestamp, civil: DateTime) -> Option<SystemTime> {
        let mut from = moment;
        let mut next = self.cron.find_next_occurrence(&civil, false);
        loop {
            let offset = self.tz.to_offset(from);
            let found = offset.to_timestamp(next.ok()?).ok()?;
            match self.tz.following(from).next() {
                Some(change) if change.timestamp() <= found => {
                    from = change.timestamp();
                    next = self.cron.find_next_occurrence(&self.tz.to_datetime(from), true);
                }
                _ => return Some(found.into()),
            }
        }
    }

    /// Returns whether the line is an interval of the calendar: it names no hours.
    pub(crate) fn is_interval(&self) -> bool {
        self.every_hour
    }

    /// Returns the last times up to a moment, at most `most`, in order.
    pub(crate) fn last(&self, most: usize, until: SystemTime) -> VecDeque<SystemTime> {
        let mut last = VecDeque::new();
        let Ok(moment) = Timestamp::try_from(until) else { return last };
        let mut civil = self.tz.to_datetime(moment);
        for _ in 0..most {
            let Ok(earlier) = self.cron.find_previous_occurrence(&civil, false) else { break };
            civil = earlier;
        }
        let before = self.tz.to_timestamp(civil).ok().and_then(|first| first.checked_sub(SECOND).ok());
        let first = before.and_then(|before| self.after(before.into()));
        // The zone's clock may have changed in between.
        for time in std::iter::successors(first, |time| self.after(*time)).take_while(|time| *time <= until) {
            last.push_back(time);
            if last.len() > most {
                last.pop_front();
            }
        }
        last
    }

    /// Counts the times after one moment up to another, by whole days, hours and minutes: decades cost milliseconds. If
    /// the zone's clock changes in between, the count may be off by the times of that hour.
    pub(crate) fn count(&self, after: SystemTime, until: SystemTime) -> u64 {
        let civil = |moment| Some(self.tz.to_datetime(Timestamp::try_from(moment).ok()?));
        let Some((after, until)) = civil(after).zip(civil(until)) else { return 0 };
        let values = |component: &CronComponent| component.values().len() as u64;
        let in_a_minute = values(&self.cron.pattern.seconds);
        let in_an_hour = in_a_minute * values(&self.cron.pattern.minutes);
        let in_a_day = in_an_hour * values(&self.cron.pattern.hours);
        let (mut count, mut from) = (0, after.saturating_add(SECOND));
        while let Ok(time) = self.cron.find_next_occurrence(&from, true)
            && time <= until
        {
            let (date, hour, minute) = (time.date(), time.hour(), time.minute());
            let wholes = [
                (date.at(0, 0, 0, 0), SECOND * 24 * 60 * 60, in_a_day),
                (date.at(hour, 0, 0, 0), SECOND * 60 * 60, in_an_hour),
                (date.at(hour, minute, 0, 0), SECOND * 60, in_a_minute),
            ];
            let whole = wholes.into_iter().find_map(|(begin, length, times)| {
                let end = begin.checked_add(length).ok()?;
                (from <= begin && end <= until).then_some((end, times))
            });
            let (end, times) = whole.unwrap_or((time.saturating_add(SECOND), 1));
            (count, from) = (count + times, end);
        }
        count
    }

    /// Returns a time as the wall clock of the zone shows it.
    pub(crate) fn show(&self, time: SystemTime) -> impl fmt::Display + use<> {
        match Timestamp::try_from(time) {
            Ok(time) => self.tz.to_datetime(time).strftime("%F %T").to_string(),
            Err(_) => "(beyond the calendar)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().expect("a moment in UTC").into()
    }

    /// The times of a line after a moment, in UTC.
    fn times(line: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let line = Line::read(line, zone).expect("a line");
        let times = std::iter::successors(line.after(at(from)), |time| line.after(*time));
        let text = |time| Timestamp::try_from(time).expect("in the calendar").strftime("%m-%d %H:%M").to_string();
        times.take(count).map(text).collect()
    }

    const GAP: &str = "2026-03-29T00:00:00Z";
    const FOLD: &str = "2026-10-25T00:00:00Z";

    #[test]
    fn a_line_that_names_hours_is_read_off_the_wall_clock() {
        // The clock goes from 2:00 to 3:00 at 1:00 UTC.
        let berlin = |line, from| times(line, "Europe/Berlin", from, 3);
        assert_eq!(berlin("30 2 * * *", GAP), ["03-29 01:00", "03-30 00:30", "03-31 00:30"]);
        assert_eq!(berlin("15,45 2 * * *", GAP), ["03-29 01:00", "03-30 00:15", "03-30 00:45"]);
        assert_eq!(berlin("0 2,3 * * *", GAP), ["03-29 01:00", "03-30 00:00", "03-30 01:00"]);
        assert_eq!(berlin("30 2,3 * * *", GAP), ["03-29 01:00", "03-29 01:30", "03-30 00:30"]);
        assert_eq!(berlin("30 1 * * *", GAP), ["03-29 00:30", "03-29 23:30", "03-30 23:30"]);
        // It goes from 3:00 to 2:00 at 1:00 UTC.
        assert_eq!(berlin("30 2 * * *", FOLD), ["10-25 00:30", "10-26 01:30", "10-27 01:30"]);
        assert_eq!(berlin("15,45 2 * * *", FOLD), ["10-25 00:15", "10-25 00:45", "10-26 01:15"]);
        assert_eq!(berlin("30 2,3 * * *", FOLD), ["10-25 00:30", "10-25 02:30", "10-26 01:30"]);
        // From within the second pass, in which nothing runs.
        assert_eq!(berlin("15,45 2 * * *", "2026-10-25T01:20:00Z"), ["10-26 01:15", "10-26 01:45", "10-27 01:15"]);
        // Half an hour is left out on Lord Howe, at 15:30 UTC the day before.
        let howe = times("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", 2);
        assert_eq!(howe, ["10-03 15:30", "10-04 15:15"]);
    }

    #[test]
    fn a_line_for_every_hour_goes_by_the_hours_that_pass() {
        let berlin = |line, from| times(line, "Europe/Berlin", from, 3);
        assert_eq!(berlin("30 * * * *", GAP), ["03-29 00:30", "03-29 01:30", "03-29 02:30"]);
        assert_eq!(berlin("30 * * * *", FOLD), ["10-25 00:30", "10-25 01:30", "10-25 02:30"]);
        assert_eq!(berlin("0 * * * *", GAP), ["03-29 01:00", "03-29 02:00", "03-29 03:00"]);
        assert_eq!(berlin("0 * * * *", FOLD), ["10-25 01:00", "10-25 02:00", "10-25 03:00"]);
        assert_eq!(berlin("*/30 * * * *", "2026-10-25T00:45:00Z"), ["10-25 01:00", "10-25 01:30", "10-25 02:00"]);
        assert_eq!(berlin("30 * 25 10 *", "2026-10-25T21:00:00Z"), ["10-25 21:30", "10-25 22:30", "10-24 22:30"]);
    }

    #[test]
    fn five_fields_begin_with_the_minute_and_six_with_the_second() {
        let line = |text, seconds| {
            let next = Line::read(text, "UTC").expect("a line").after(SystemTime::UNIX_EPOCH);
            assert_eq!(next, Some(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)), "{text}");
        };
        line("30 2 * * *", 9_000);
        line("0 30 2 * * *", 9_000);
        line("15 30 2 * * *", 9_015);
        line("@daily", 86_400);
    }
}
