//! The stop signals of all units of one run.

use std::sync::{Arc, OnceLock, Weak};

use tokio::time::Instant;

use super::stop_request::StopRequest;
use crate::signal::{Incarnation, StopSignal};

/// The stop signals of one run. None of them moves: threads that poll units know them by their addresses.
pub(crate) struct StopSignals {
    first: Row,
    pub(crate) request: Arc<StopRequest>,
    /// Set at the launch, or by the trigger of a test.
    limit: OnceLock<StopLimit>,
}

/// The time that units have to stop.
pub(crate) enum StopLimit {
    OfRun(Weak<dyn StopLimits>),
    /// The same end for all units.
    Until(Instant),
}

/// Knows when units have to have stopped.
pub(crate) trait StopLimits: Send + Sync {
    /// Returns the end of the time that a unit has to stop; `None` if it has no time left.
    fn stop_deadline(&self, index: u32) -> Option<Instant>;
}

/// A block of signals. Those that were added later are in the next row.
struct Row {
    signals: Box<[StopSignal]>,
    next: OnceLock<Box<Row>>,
}

/// The minimum number of signals to add.
const ROW: usize = 16;

impl StopSignals {
    pub(crate) fn new(count: usize, request: Arc<StopRequest>) -> Self {
        Self { first: Row::new(count), request, limit: OnceLock::new() }
    }

    /// Returns whether this incarnation of a unit is asked to stop, or is about to be: shutdown was requested, and no
    /// other unit has to stop before it.
    pub(crate) fn is_to_stop(&self, index: usize, incarnation: Incarnation) -> bool {
        let signal = self.of(index);
        signal.is_stop_requested(incarnation) || self.request.is_made() && signal.stops_first()
    }

    /// Returns the time by which an incarnation of a unit has to have ended, if it is to stop. That is the present for
    /// an incarnation that has ended or is being dropped.
    pub(crate) fn deadline(&self, index: usize, incarnation: Incarnation) -> Option<Instant> {
        if !self.is_to_stop(index, incarnation) {
            return None;
        }
        let end = match self.limit.get() {
            Some(StopLimit::Until(end)) => Some(*end),
            Some(StopLimit::OfRun(limits)) if self.of(index).incarnation() == incarnation => {
                limits.upgrade().and_then(|limits| limits.stop_deadline(u32::try_from(index).ok()?))
            }
            _ => None,
        };
        Some(end.unwrap_or_else(Instant::now))
    }

    /// Sets the time that the units have to stop. Only the first call counts.
    pub(crate) fn set_limit(&self, limit: StopLimit) {
        let _ = self.limit.set(limit);
    }

    pub(crate) fn of(&self, index: usize) -> &StopSignal {
        let (mut row, mut index) = (&self.first, index);
        while index >= row.signals.len() {
            index -= row.signals.len();
            row = row.next.get().expect("room is made before a registration gets its index");
        }
        &row.signals[index]
    }

    /// Makes room for this number of signals in total. Only the driver calls it.
    pub(crate) fn make_room(&self, count: usize) {
        let (mut row, mut left) = (&self.first, count);
        loop {
            left = left.saturating_sub(row.signals.len());
            if left == 0 {
                return;
            }
            row = row.next.get_or_init(|| Box::new(Row::new(left.max(ROW))));
        }
    }

    /// Returns the index of the signal at this address, if it is one of these.
    pub(crate) fn position(&self, address: usize) -> Option<usize> {
        let mut before = 0;
        for row in std::iter::successors(Some(&self.first), |row| row.next.get().map(|row| &**row)) {
            let offset =
                address.checked_sub(row.signals.as_ptr().addr()).map(|offset| offset / size_of::<StopSignal>());
            if let Some(index) = offset.filter(|&index| index < row.signals.len()) {
                return Some(before + index);
            }
            before += row.signals.len();
        }
        None
    }
}

impl Row {
    fn new(count: usize) -> Self {
        Self { signals: (0..count).map(|_| StopSignal::default()).collect(), next: OnceLock::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_that_are_added_leave_the_others_where_they_are() {
        let signals = StopSignals::new(3, Arc::default());
        let address = |index| std::ptr::from_ref(signals.of(index)).addr();
        let before = address(2);
        for room in [2, 4, 40] {
            signals.make_room(room);
        }
        assert_eq!(address(2), before);
        for index in 0..40 {
            assert_eq!(signals.position(address(index)), Some(index));
        }
        assert_eq!(signals.position(std::ptr::from_ref(&StopSignal::default()).addr()), None);
    }
}
