//! Makes events from the facts so far.

use std::time::Duration;

use super::facts::Facts;
use super::moment::Timestamp;
use crate::base::{ExitCode, Outcome};
use crate::facts::Event;
use crate::machine::{Phase, Seen, UnitIndex};
use crate::plan::Registered;

/// The facts so far, and the time of the next change.
pub(crate) struct View<'a> {
    pub(crate) facts: &'a Facts,
    pub(super) now: Timestamp,
}

impl View<'_> {
    pub(crate) fn unit(&self, index: usize) -> Registered {
        self.facts.registrations.get(index)
    }

    pub(crate) fn since_launch(&self) -> Duration {
        self.now.since_launch().unwrap_or_default()
    }

    /// Makes the event of the run's end.
    pub(crate) fn ended(&self, exit_code: ExitCode) -> Event {
        let took = self.since_launch();
        Event::Ended { exit_code, took, summary: self.facts.run_end(exit_code).headline(took).into() }
    }
}

impl Facts {
    /// Makes the event of a unit's change of phase; `None` if users see no change, or if another event reports it.
    pub(super) fn event(&self, of: UnitIndex, from: Phase, to: Phase, now: Timestamp) -> Option<Event> {
        let (was, is) = (self.machine.see(of, from), self.machine.see(of, to));
        if was == is {
            return None;
        }
        let (index, unit) = (of.at(), self.registrations.get(of.at()));
        let ran = self.machine.record(of).started.elapsed(now);
        let (earlier, was_stopping) = (to.earlier(), was == Seen::Stopping);
        let outcome = match (earlier, is) {
            (Some(outcome), _) | (None, Seen::Ended(outcome)) => outcome,
            (None, Seen::Starting) => return Some(Event::Starting { unit }),
            (None, Seen::Up) => return Some(Event::Up { unit, took: ran }),
            (None, Seen::Stopping) => return Some(Event::Stopping { unit }),
            (None, Seen::Waiting | Seen::BackingOff) => return None,
        };
        match outcome {
            // Its failure or its restart was reported, or it never ran.
            outcome
                if earlier.is_some() && !was_stopping
                    || outcome == Outcome::Failed
                    || matches!(was, Seen::Waiting | Seen::BackingOff) =>
            {
                None
            }
            Outcome::Returned => {
                // Counted by the events so far: the machine may be ahead of them.
                let is_going = !self.requests.is_empty();
                let warns_of_return = !is_going && self.registrations.entries[index].warns_of_return();
                Some(if warns_of_return { Event::EndedByItself { unit, ran } } else { Event::Returned { unit, ran } })
            }
            outcome => Some(Event::Stopped { unit, outcome, took: self.machine.end_of(of).stopping.elapsed(now) }),
        }
    }
}
