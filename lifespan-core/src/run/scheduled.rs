//! The body of a unit with a schedule: calls the unit's function for each scheduled time, within one supervised future.
//! Times, triggers and runs share one state, so they are one file.
//!
//! # Invariants
//! - No run starts once shutdown was requested or the unit was asked to stop. The runs under way go on, and the unit
//!   ends when they have ended.
//! - No more runs are under way than may overlap, whether a time or a trigger started them.
//! - Each scheduled time gets its run, waits for it, or is counted as missed; exactly one of these, once. `overlap`
//!   decides on times during runs that leave no room, `missed` on times at which nothing could run.
//! - The schedule's state is kept from one start of the unit to the next, unless shutdown was requested.
//! - A run is dropped before its end is reported. Each gets fresh arguments and takes its resources again; a panic in
//!   that, or in its destructors, is the run's failure.
//! - A run's events go into the event stream only: they do not wake the driver.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::start::Starter;
use crate::base::verdict::Severity;
use crate::base::{Cause, FAR, RawFailure, Stage, unwind};
use crate::declare::{Line, Missed, OnFailure, Overlap, Schedule};
use crate::facts::{Failure, RunOutcome};
use crate::run::current::Run;
use crate::schedule::{Due, Kept, MOST, Pick, Request, RunEvent, RunStart, ScheduleState, Timetable, Waiting};
use crate::signal::{Here, StopListener, StopSignal, panics};
use crate::unit::{Body, BoxBody, Ending};

pin_project! {
    /// The body of a unit with a schedule. Ten thousand of them may be polled in turn, so a poll touches little memory,
    /// all of it adjacent. They are aligned as tokio's tasks are, so that the distance between their timers is constant
    /// and a processor prefetches the next.
    #[repr(C, align(128))]
    pub(super) struct Scheduled {
        #[pin]
        timer: Sleep,
        driver: ScheduleDriver,
    }
}

/// The state of a scheduled body, without its timer.
struct ScheduleDriver {
    starter: Starter,
    timetable: Timetable,
    /// Scheduled times that wait for their run.
    waiting: Waiting,
    /// The runs under way.
    current: Vec<Current>,
    schedule_state: Arc<ScheduleState>,
    /// Times without a run since the last scheduled one was started.
    missed: u64,
    /// Woken when the unit is asked to stop, or a run is requested.
    waker: Option<Waker>,
    stop: StopListener,
    /// The policy for missed times.
    rule: Missed,
    overlap: Overlap,
    timeout: Option<Duration>,
}

/// A run under way.
struct Current {
    body: Option<BoxBody>,
    start: RunStart,
    deadline: Option<Instant>,
    request: Option<Request>,
}

impl Scheduled {
    /// Continues the schedule from an earlier start of the unit. Begins it at the first start, and when it has changed.
    pub(super) fn boxed(run: &Arc<Run>, index: u32, schedule: &Schedule<Line>) -> BoxBody {
        let now = Instant::now();
        let schedule_state = run.app.hub().schedule_state_at_start(index);
        schedule_state.triggers.open();
        let kept = schedule_state.take_kept().map_or_else(|| Kept::begin(run, index, schedule, now), |kept| *kept);
        let &Schedule { missed: rule, overlap, timeout, .. } = schedule;
        let mut driver = ScheduleDriver {
            starter: Starter::new(run, index),
            timetable: kept.timetable,
            waiting: kept.waiting,
            current: Vec::new(),
            schedule_state,
            missed: kept.missed,
            waker: None,
            stop: StopListener::new(run.stop_signals.of(index as usize).incarnation()),
            rule,
            overlap,
            timeout: timeout.map(|timeout| timeout.min(FAR)),
        };
        if kept.schedule != *schedule {
            // Take the times before the change.
            driver.take_due(now);
            driver.timetable = Kept::begin(run, index, schedule, now).timetable;
        }
        Box::pin(Self { timer: sleep_until(now), driver })
    }
}

impl Kept {
    /// Begins a schedule, and reports it to the hub.
    fn begin(run: &Run, index: u32, schedule: &Schedule<Line>, now: Instant) -> Self {
        let hub = run.app.hub();
        let clock = hub.read(|facts| facts.clock.clone());
        hub.schedule_begins(index, schedule.described(clock.wall(now)).to_string().into());
        let timetable = Timetable::new(schedule, clock, now);
        Self { schedule: schedule.clone(), timetable, waiting: Waiting::default(), missed: 0 }
    }
}

impl ScheduleDriver {
    fn run(&self) -> &Run {
        &self.starter.run
    }

    fn stop_signal(&self) -> &StopSignal {
        self.run().stop_signals.of(self.starter.index as usize)
    }

    #[inline]
    fn happened(&self, happened: RunEvent) {
        self.run().app.hub().run_changed(self.starter.index, &self.schedule_state, happened);
    }

    /// Returns whether the unit is asked to stop. If not, the task is woken when it is.
    fn is_asked_to_stop(&mut self, context: &mut Context<'_>) -> bool {
        if self.stop.is_stop_requested(self.stop_signal()) {
            return true;
        }
        if self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            return false;
        }
        self.waker = Some(context.waker().clone());
        self.schedule_state.triggers.set_waker(context.waker());
        self.stop.poll(self.starter.run.stop_signals.of(self.starter.index as usize), context).is_ready()
    }

    /// Returns whether shutdown was requested, even if the driver has not handled the request yet.
    fn is_shutdown_requested(&self) -> bool {
        self.run().stop_signals.request.reason().is_some()
    }

    /// Takes the times that passed while there was room for a run.
    fn take_due(&mut self, now: Instant) {
        let waited = self.waiting.len();
        let missed = self.timetable.take(now, self.rule.into(), &mut self.waiting);
        self.miss(missed, false, self.rule == Missed::Fold && self.waiting.len() > waited);
        let keeps_all = self.rule == Missed::All || self.overlap == Overlap::Queue;
        self.keep_waiting(if keeps_all { MOST } else { 1 });
    }

    /// Takes the times that passed during runs that left no room. A time at the very end of a run is not during it.
    fn take_due_without_room(&mut self, now: Instant) {
        let before = now.checked_sub(Duration::from_nanos(1)).filter(|_| self.has_room());
        let pick = if self.overlap == Overlap::Queue { Pick::All } else { Pick::None };
        let missed = self.timetable.take(before.unwrap_or(now), pick, &mut self.waiting);
        self.miss(missed, true, false);
        self.keep_waiting(MOST);
    }

    /// Lets this many times wait at most; the oldest of the others are missed.
    fn keep_waiting(&mut self, most: usize) {
        let mut missed = 0;
        while self.waiting.len() > most {
            self.waiting.pop();
            missed += 1;
        }
        self.miss(missed, true, self.rule == Missed::Fold);
    }

    fn miss(&mut self, count: u64, busy: bool, folded: bool) {
        if count > 0 {
            self.missed += count;
            self.happened(RunEvent::Missed { count, folded, busy });
        }
    }

    /// Returns the number of runs that may be under way at once.
    fn most(&self) -> u32 {
        match self.overlap {
            Overlap::Skip | Overlap::Queue => 1,
            Overlap::Parallel(most) => most,
        }
    }

    fn limit(&self) -> usize {
        self.most() as usize
    }

    /// Starts the runs that wait, while there is room. Returns the unit's ending if a run ends the unit.
    fn start_waiting(&mut self, now: Instant, context: &mut Context<'_>) -> Option<Ending> {
        // Counted: runs that end at once leave room again, but other tasks get a turn first.
        for _ in self.current.len()..self.limit() {
            let (due, request) = match self.schedule_state.triggers.take() {
                Some(request) => (None, Some(request)),
                None => match self.waiting.pop() {
                    Some(due) => (Some(due), None),
                    None => break,
                },
            };
            if let Some(ending) = self.start(now, due, request, context) {
                return Some(ending);
            }
        }
        None
    }

    fn has_room(&self) -> bool {
        self.current.len() < self.limit()
    }

    fn start(
        &mut self,
        now: Instant,
        due: Option<Due>,
        mut request: Option<Request>,
        context: &mut Context<'_>,
    ) -> Option<Ending> {
        request.iter_mut().for_each(Request::begin);
        let missed = if due.is_some() { std::mem::take(&mut self.missed) } else { 0 };
        let start = RunStart { due, started: now, number: self.schedule_state.next_number(), missed };
        self.happened(RunEvent::Started(start));
        let mut body = None;
        let here = Here::run(self.stop_signal(), start.number, self.most());
        if let Some(result) = poll_run(here, &mut body, || self.starter.body(Some(&start)), context) {
            return self.ended(start, request, result);
        }
        let deadline = self.timeout.map(|timeout| now + timeout);
        self.current.push(Current { body, start, deadline, request });
        None
    }

    /// Polls the runs under way. Returns the unit's ending if a run ends the unit.
    fn poll_runs(&mut self, context: &mut Context<'_>) -> Option<Ending> {
        let mut position = 0;
        let most = self.most();
        while let Some(Current { body, deadline, start, .. }) = self.current.get_mut(position) {
            let signal = self.starter.run.stop_signals.of(self.starter.index as usize);
            let here = Here::run(signal, start.number, most);
            let mut result = poll_run(here, body, || self.starter.body(Some(start)), context);
            if let (None, Some(limit), Some(deadline)) = (&result, self.timeout, *deadline)
                && deadline <= Instant::now()
            {
                result = Some(Err(drop_broken(body, RawFailure::Other(Cause::RunTimedOut { limit }))));
            }
            let Some(result) = result else {
                position += 1;
                continue;
            };
            let Current { start, request, .. } = self.current.remove(position);
            if let Some(ending) = self.ended(start, request, result) {
                return Some(ending);
            }
        }
        None
    }

    /// Handles a run that has ended and is dropped. Returns the unit's ending if the run ends the unit.
    fn ended(&mut self, start: RunStart, request: Option<Request>, result: Result<(), RawFailure>) -> Option<Ending> {
        if start.due.is_some() {
            self.timetable.run_ended();
        }
        let RunStart { number, started, .. } = start;
        let Err(broken) = result else {
            self.happened(RunEvent::Returned { number, started });
            answer(request, RunOutcome::Returned);
            return None;
        };
        if self.starter.unit.options.on_failure == Some(OnFailure::Shutdown) {
            return Some(Ending::RawFailure(broken));
        }
        let is_stopping = self.stop.is_stop_requested(self.stop_signal());
        let stage = if is_stopping { Stage::Shutdown } else { Stage::Running };
        // The error is formatted here, outside the lock on the facts, because its `Display` is user code.
        let unit = self.run().plan.registrations.get(self.starter.index as usize);
        let failure = Failure::new(unit, stage, broken, Severity::Recovered);
        let failure = Arc::new(failure.while_paused(self.run().app.is_time_paused()));
        self.happened(RunEvent::Failed { number, ran: started.elapsed(), failure: Arc::clone(&failure) });
        answer(request, RunOutcome::Failed(failure));
        None
    }

    /// Waits until `next`, or until a run under way exceeds its limit.
    fn poll_timer(&self, mut timer: Pin<&mut Sleep>, next: Option<Instant>, context: &mut Context<'_>) -> Poll<()> {
        let deadlines = self.current.iter().filter_map(|current| current.deadline);
        let Some(at) = deadlines.chain(next).min() else { return Poll::Pending };
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.poll(context)
    }

    /// Keeps the schedule for the next start of the unit. Once shutdown was requested there is no next start.
    fn leave_state(&mut self) {
        if self.is_shutdown_requested() {
            return self.schedule_state.triggers.close();
        }
        let Some(Ok(schedule)) = self.run().plan.registrations.entries[self.starter.index as usize].schedule() else {
            return;
        };
        self.schedule_state.keep(Kept {
            schedule,
            timetable: std::mem::replace(&mut self.timetable, Timetable::over()),
            waiting: std::mem::take(&mut self.waiting),
            missed: self.missed,
        });
    }

    fn poll(&mut self, mut timer: Pin<&mut Sleep>, context: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let was_full = !self.has_room();
            if let Some(ending) = self.poll_runs(context) {
                return Poll::Ready(ending);
            }
            let (is_stopping, shuts_down, now) =
                (self.is_asked_to_stop(context), self.is_shutdown_requested(), Instant::now());
            if was_full && !shuts_down {
                self.take_due_without_room(now);
            }
            let next = if is_stopping || shuts_down {
                if is_stopping && self.current.is_empty() {
                    return Poll::Ready(Ending::Done);
                }
                None
            } else {
                if self.has_room() {
                    self.take_due(now);
                }
                if let Some(ending) = self.start_waiting(now, context) {
                    return Poll::Ready(ending);
                }
                if self.has_room() && (self.waiting.len() > 0 || self.schedule_state.triggers.has_any()) {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                self.timetable.wake_at(now)
            };
            ready!(self.poll_timer(timer.as_mut(), next, context));
        }
    }
}

/// Polls a run, and makes it first if there is none. A run that has ended is dropped. Returns the result of its last
/// poll, or the panic of its destructor if that is its only failure.
fn poll_run(
    here: Here,
    body: &mut Option<BoxBody>,
    make: impl FnOnce() -> BoxBody,
    context: &mut Context<'_>,
) -> Option<Result<(), RawFailure>> {
    let mut ended = None;
    let caught = panics::catch(|| {
        if let Poll::Ready(ending) = here.within(|| body.get_or_insert_with(make).as_mut().poll(context)) {
            ended = Some(match ending {
                Ending::Done | Ending::Value(_) => Ok(()),
                Ending::Failed(error) => Err(RawFailure::Error(error)),
                Ending::RawFailure(broken) => Err(broken),
            });
            drop(body.take());
        }
    });
    match (ended, caught) {
        (None, Err(broken)) => Some(Err(drop_broken(body, broken))),
        (Some(Ok(())), Err(broken)) => Some(Err(broken)),
        (ended, _) => ended,
    }
}

/// Drops a run that failed, and returns its failure. A panic of its destructor is ignored.
fn drop_broken(body: &mut Option<BoxBody>, broken: RawFailure) -> RawFailure {
    let body = body.take();
    unwind::drop_quietly(body);
    broken
}

fn answer(request: Option<Request>, outcome: RunOutcome) {
    if let Some(request) = request {
        request.answer(outcome);
    }
}

impl Future for Scheduled {
    type Output = Ending;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ending> {
        let this = self.project();
        this.driver.poll(this.timer, context)
    }
}

impl Drop for ScheduleDriver {
    /// Drops the runs one by one: if two destructors panicked at once, the process would abort.
    fn drop(&mut self) {
        self.schedule_state.triggers.clear_waker();
        self.stop.leave(self.starter.run.stop_signals.of(self.starter.index as usize));
        if self.current.iter().any(|current| current.start.due.is_some()) {
            self.timetable.run_ended();
        }
        let mut panicked = None;
        for current in self.current.drain(..) {
            match catch_unwind(AssertUnwindSafe(|| drop(current))) {
                Err(payload) if panicked.is_some() => unwind::drop_payload(payload),
                dropped => panicked = panicked.or(dropped.err()),
            }
        }
        self.leave_state();
        if let Some(panic) = panicked {
            resume_unwind(panic);
        }
    }
}

impl Body for Scheduled {
    fn index(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.project().driver.starter.index
    }
}
