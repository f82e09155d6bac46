//! Times of a schedule that have come: the choice of those that get a run, and those that wait for it.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::declare::Missed;

/// A time that has come.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    /// The scheduled time, for schedules by the wall clock.
    pub(crate) wall: Option<SystemTime>,
}

/// A time this late is missed if missed times are skipped.
pub(super) const LATE: Duration = Duration::from_secs(60);
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

/// Passes on those of the times from 0 to `last` that get a run; returns the number of the others.
pub(super) fn reduce(pick: Pick, last: u64, last_is_late: bool, time: impl Fn(u64) -> Due, due: &mut Waiting) -> u64 {
    let from = match pick {
        Pick::None => last + 1,
        Pick::LastUnlessLate if last_is_late => last + 1,
        Pick::Last | Pick::LastUnlessLate => last,
        Pick::All => last.saturating_sub(MOST as u64 - 1),
    };
    (from..=last).map(time).for_each(|time| due.push(time));
    from
}
