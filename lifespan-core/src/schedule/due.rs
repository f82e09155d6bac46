//! Times of a schedule that have come: the choice of those that get a run, and those that wait for it.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::declare::{Line, Missed, Schedule};

/// A time that has come.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    /// The scheduled time, for schedules by the wall clock.
    pub(crate) wall: Option<SystemTime>,
}

/// A time this late is missed if missed times are skipped and no other limit is set.
const LATE: Duration = Duration::from_secs(60);
/// The maximum of times that are made up for at once, or that wait for their turn.
pub(crate) const MOST: usize = 1024;

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
    None,
}

impl From<Missed> for Pick {
    /// Returns the choice for times that came while no run could start.
    fn from(rule: Missed) -> Self {
        match rule {
            Missed::Fold | Missed::Skip => Self::Last,
            Missed::All => Self::All,
        }
    }
}

/// Returns how late a time of a schedule may get its run; `None` if there is no limit.
pub(super) fn latest(schedule: &Schedule<Line>) -> Option<Duration> {
    schedule.late.or((schedule.missed == Missed::Skip).then_some(LATE))
}

/// Passes on those of the times from 0 to `last` that get a run; returns the number of the others. If a time is too
/// late, so are all before it.
pub(super) fn reduce(
    pick: Pick,
    last: u64,
    is_too_late: impl Fn(u64) -> bool,
    time: impl Fn(u64) -> Due,
    due: &mut Waiting,
) -> u64 {
    let mut from = match pick {
        Pick::None => last + 1,
        Pick::Last => last,
        Pick::All => last.saturating_sub(MOST as u64 - 1),
    };
    while from <= last && is_too_late(from) {
        from += 1;
    }
    (from..=last).map(time).for_each(|time| due.push(time));
    from
}
