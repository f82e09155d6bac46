//! The failures of a run. A failure with a reason replaces the one that lacked it. Of the failures that a unit
//! recovered from, the last is kept.

use std::iter;
use std::sync::Arc;

use super::facts::Facts;
use crate::base::Cause;
use crate::facts::Failure;

impl Facts {
    /// Returns the position of the last failure of a unit that lacks its reason.
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

    /// Returns a failure as the reason of the unit's last one that lacks it, if that is a timeout of the same stage.
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

    /// Keeps a failure for the report, with those beside it. Returns the failures that it replaces.
    pub(super) fn keep(&mut self, failure: &Arc<Failure>) -> Vec<Arc<Failure>> {
        if failure.explains()
            && let Some(at) = self.unexplained(failure.judged())
        {
            let all = iter::once(failure).chain(failure.beside()).cloned();
            return self.failures.splice(at..=at, all).collect();
        }
        let mut replaced = Vec::new();
        if failure.is_recovered() {
            // A service that loses its connection every hour would otherwise collect failures without limit.
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
