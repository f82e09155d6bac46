//! The failures of a run: one that says why takes the place of one that did not, and of those that a unit recovered from
//! the last is kept.

use std::iter;
use std::sync::Arc;

use super::facts::Facts;
use crate::base::Cause;
use crate::facts::Failure;

impl Facts {
    /// Returns where the last failure of a unit is that lacks its reason.
    pub(super) fn unexplained(&self, index: u32) -> Option<usize> {
        self.failures.iter().rposition(|failure| failure.judged() == index && failure.lacks_its_reason())
    }

    /// Returns a failure as the reason of the unit's last one that lacks it.
    pub(crate) fn explaining(&self, failure: Failure) -> Failure {
        match self.unexplained(failure.judged()) {
            Some(at) => failure.explaining(&self.failures[at]),
            None => failure,
        }
    }

    /// The same, where that is the limit of the same stage.
    pub(crate) fn explaining_limit(&self, failure: Failure) -> Failure {
        let earlier = self.unexplained(failure.judged()).map(|at| &self.failures[at]);
        let is_limit = |earlier: &&Arc<Failure>| {
            earlier.stage() == failure.stage() && matches!(earlier.cause(), Cause::TimedOut { .. })
        };
        match earlier.filter(is_limit) {
            Some(earlier) => failure.explaining(earlier),
            None => failure,
        }
    }

    /// Keeps a failure for the report, and those beside it. Gives the ones in whose place it has come.
    pub(super) fn keep(&mut self, failure: &Arc<Failure>) -> Vec<Arc<Failure>> {
        if failure.explains()
            && let Some(at) = self.unexplained(failure.judged())
        {
            let all = iter::once(failure).chain(failure.beside()).cloned();
            return self.failures.splice(at..=at, all).collect();
        }
        let mut replaced = Vec::new();
        if failure.is_recovered() {
            // A service that loses its connection every hour is not to keep each of these for ever.
            let is_earlier = |earlier: &Arc<Failure>| earlier.is_recovered() && earlier.judged() == failure.judged();
            while let Some(at) = self.failures.iter().position(is_earlier) {
                replaced.push(self.failures.remove(at));
            }
        }
        self.add_failure(failure);
        replaced
    }

    pub(super) fn add_failure(&mut self, failure: &Arc<Failure>) {
        self.failures.push(Arc::clone(failure));
        self.failures.extend(failure.beside().iter().cloned());
    }
}
