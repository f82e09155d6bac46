//! Waits of runs for other runs, of another task or their own. Finds a deadlock before the wait begins.

use crate::base::sorting::sort;

/// A run that waits for the end of a run that it has triggered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// The index of the task that waits.
    pub(crate) task: u32,
    /// The number of its run.
    pub(crate) run: u64,
    /// The maximum of its overlapping runs.
    pub(crate) limit: u32,
    /// The task whose run was triggered.
    pub(crate) wanted: u32,
}

#[derive(Debug, Default)]
pub(crate) struct RunWaits(Vec<Wait>);

impl RunWaits {
    /// Adds a wait and returns `true`, unless it could never end.
    pub(crate) fn begin(&mut self, wait: Wait) -> bool {
        self.0.push(wait);
        let may_end = !self.is_blocked(wait.wanted, &mut Vec::new());
        if !may_end {
            self.0.pop();
        }
        may_end
    }

    pub(crate) fn end(&mut self, wait: Wait) {
        if let Some(position) = self.0.iter().position(|other| *other == wait) {
            self.0.swap_remove(position);
        }
    }

    /// Returns whether no run of a task can start: as many as may overlap all wait for runs that can't start.
    fn is_blocked(&self, task: u32, seen: &mut Vec<u32>) -> bool {
        if seen.contains(&task) {
            return true;
        }
        seen.push(task);
        let waits: Vec<&Wait> = self.0.iter().filter(|wait| wait.task == task).collect();
        let Some(limit) = waits.first().map(|wait| wait.limit as usize) else { return false };
        let mut runs: Vec<u64> = waits.iter().map(|wait| wait.run).collect();
        sort(&mut runs);
        runs.dedup();
        runs.len() >= limit && waits.iter().all(|wait| self.is_blocked(wait.wanted, seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(task: u32, run: u64, limit: u32, wanted: u32) -> Wait {
        Wait { task, run, limit, wanted }
    }

    #[test]
    fn a_wait_for_itself_and_one_in_a_circle_can_not_end() {
        let mut waits = RunWaits::default();
        assert!(!waits.begin(wait(0, 0, 1, 0)));
        assert!(waits.begin(wait(0, 0, 1, 1)));
        assert!(waits.begin(wait(1, 0, 1, 2)));
        assert!(!waits.begin(wait(2, 0, 1, 0)));
        waits.end(wait(1, 0, 1, 2));
        assert!(waits.begin(wait(2, 0, 1, 0)));
        assert_eq!(waits.0.len(), 2);
    }

    #[test]
    fn a_wait_may_end_while_a_run_has_room_or_waits_for_nothing() {
        let mut waits = RunWaits::default();
        assert!(waits.begin(wait(0, 1, 2, 0)));
        assert!(!waits.begin(wait(0, 2, 2, 0)));
        assert!(waits.begin(wait(0, 2, 2, 1)));
        assert!(waits.begin(wait(1, 0, 1, 2)));
        assert!(!waits.begin(wait(2, 0, 1, 0)));
        // Two waits of one run count as one run.
        let mut waits = RunWaits::default();
        assert!(waits.begin(wait(0, 1, 2, 0)) && waits.begin(wait(0, 1, 2, 0)));
    }
}
