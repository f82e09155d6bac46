//! Schedules at the hub: counts of runs, triggers and events.

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
    /// Returns the schedule state of a registration, and creates it at the first start.
    pub(crate) fn schedule_state_at_start(&self, index: u32) -> Arc<ScheduleState> {
        Arc::clone(self.lock().facts.schedule_states.entry(index).or_default())
    }

    /// Reports that a schedule has begun, with these times.
    pub(crate) fn schedule_begins(&self, index: u32, times: Arc<str>) {
        self.send(Timestamp::default(), |view| Event::Scheduled { unit: view.unit(index as usize), times });
    }

    /// Closes the triggers of a task with a schedule that has ended, which notifies the callers that wait for a run.
    pub(crate) fn schedule_ends(&self, index: u32) {
        if let Some(schedule_state) = self.schedule_state(index) {
            schedule_state.triggers.close();
        }
    }

    /// Closes all triggers, which notifies the callers that wait for a run: no run starts any more.
    pub(crate) fn all_schedules_end(&self) {
        let schedule_states: Vec<_> = self.lock().facts.schedule_states.values().cloned().collect();
        for schedule_state in schedule_states {
            schedule_state.triggers.close();
        }
    }

    /// Notes that a run is about to wait for another. Returns `false` if that would wait forever.
    pub(crate) fn begin_run_wait(&self, wait: Wait) -> bool {
        self.lock().facts.run_waits.begin(wait)
    }

    /// Removes a wait.
    pub(crate) fn end_run_wait(&self, wait: Wait) {
        self.lock().facts.run_waits.end(wait);
    }

    /// Returns the schedule state of a registration, once the schedule has begun.
    pub(crate) fn schedule_state(&self, index: u32) -> Option<Arc<ScheduleState>> {
        self.read(|facts| facts.schedule_states.get(&index).cloned())
    }

    /// Applies an event of a run of a schedule. Takes the lock that all units share only if the event is read or
    /// logged.
    #[inline]
    pub(crate) fn run_changed(&self, index: u32, schedule_state: &ScheduleState, event: RunEvent) {
        schedule_state.apply(&event);
        let prints = event.level() <= LevelFilter::WARN && self.prints();
        if prints || self.has_readers.load(Ordering::Relaxed) || wanted::is_level_wanted(event.level()) {
            self.send_run(index, event);
        }
    }

    #[cold]
    fn send_run(&self, index: u32, event: RunEvent) {
        self.add(Timestamp::default(), |_| Some(Change::Run(index, event)));
    }
}
