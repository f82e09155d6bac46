//! Schedules at the hub: where runs are counted, asked for, and told.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::level_filters::LevelFilter;

use super::facts::Change;
use super::hub::Hub;
use super::moment::Timestamp;
use crate::facts::Event;
use crate::log::wanted;
use crate::schedule::{RunEvent, ScheduleState, Wait};

impl Hub {
    /// Returns where a registration's runs are counted and asked for, and makes it at its first start.
    pub(crate) fn schedule_state_at_start(&self, index: u32) -> Arc<ScheduleState> {
        Arc::clone(self.lock().facts.schedule_states.entry(index).or_default())
    }

    /// A schedule has begun, with these times.
    pub(crate) fn schedule_begins(&self, index: u32, times: Arc<str>) {
        self.send(Timestamp::default(), |view| Event::Scheduled { unit: view.unit(index as usize), times });
    }

    /// A task with a schedule has ended: whoever waits for a run of it that was asked for is told.
    pub(crate) fn schedule_ends(&self, index: u32) {
        if let Some(schedule_state) = self.schedule_state(index) {
            schedule_state.triggers.close();
        }
    }

    /// No run starts any more: whoever waits for one that was asked for is told.
    pub(crate) fn all_schedules_end(&self) {
        let schedule_states: Vec<_> = self.lock().facts.schedule_states.values().cloned().collect();
        for schedule_state in schedule_states {
            schedule_state.triggers.close();
        }
    }

    /// A run is about to wait for another; whether that may end.
    pub(crate) fn begin_run_wait(&self, wait: Wait) -> bool {
        self.lock().facts.run_waits.begin(wait)
    }

    /// It waits no longer.
    pub(crate) fn end_run_wait(&self, wait: Wait) {
        self.lock().facts.run_waits.end(wait);
    }

    /// Where a run is asked for, once the schedule has begun.
    pub(crate) fn schedule_state(&self, index: u32) -> Option<Arc<ScheduleState>> {
        self.read(|facts| facts.schedule_states.get(&index).cloned())
    }

    /// Takes in what has happened to a run of a unit with a schedule. Where nobody reads of it, no lock is taken that all
    /// units share.
    #[inline]
    pub(crate) fn run_happened(&self, index: u32, schedule_state: &ScheduleState, happened: RunEvent) {
        schedule_state.apply(&happened);
        let prints = happened.level() <= LevelFilter::WARN && self.prints();
        if prints || self.heard.load(Ordering::Relaxed) || wanted::is_heard(happened.level()) {
            self.tell_run(index, happened);
        }
    }

    #[cold]
    fn tell_run(&self, index: u32, happened: RunEvent) {
        self.add(Timestamp::default(), |_| Some(Change::Run(index, happened)));
    }
}
