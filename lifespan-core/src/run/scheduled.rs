//! A schedule in place: a body that calls its unit's function again for each time that comes, within one supervised
//! future.
//!
//! # Invariants
//! - No run starts once shutdown was requested, or the unit was told to stop. The runs under way go on; when they have
//!   ended, so has the unit.
//! - No more runs are under way than may overlap, whoever asked for them.
//! - A time that has come gets its run, waits for it, or is counted as missed; each once. A time that comes during runs
//!   which leave no room is missed or waits, as `overlap` says; `missed` decides on times that came while nothing could run.
//! - Where the schedule stands is kept on the state of the schedule from one start of the unit to the next, unless shutdown was requested.
//! - A run that ended is dropped before it is told of. Each gets fresh arguments and draws its resources anew; a panic in
//!   that, or in its destructors, is how it ended.
//! - What a run says goes into the stream of events and nowhere else: it wakes nobody, the driver neither.

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
    /// The body of a unit with a schedule. Ten thousand of them are looked at in turn, so what a look touches is little and
    /// lies together. And they are aligned as tokio's tasks are: they then stand at even distances, and a processor that
    /// walks through their timers fetches the next ahead.
    #[repr(C, align(128))]
    pub(super) struct Scheduled {
        #[pin]
        timer: Sleep,
        driver: ScheduleDriver,
    }
}

/// All of it but the timer.
struct ScheduleDriver {
    starter: Starter,
    timetable: Timetable,
    /// Times that have come and wait for their run.
    waiting: Waiting,
    /// Those under way.
    current: Vec<Current>,
    schedule_state: Arc<ScheduleState>,
    /// Times without a run since the last scheduled one was started.
    missed: u64,
    /// Who is woken when the unit is told to stop, or asked for a run.
    wakes: Option<Waker>,
    told: StopListener,
    /// What becomes of times without a run.
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
    /// Goes on with the schedule where an earlier start of the unit has left it; begins it at the first start, and where it
    /// has changed.
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
            wakes: None,
            told: StopListener::new(run.stop_signals.of(index as usize).incarnation()),
            rule,
            overlap,
            timeout: timeout.map(|timeout| timeout.min(FAR)),
        };
        if kept.schedule != *schedule {
            // The times that came before the change.
            driver.look(now);
            driver.timetable = Kept::begin(run, index, schedule, now).timetable;
        }
        Box::pin(Self { timer: sleep_until(now), driver })
    }
}

impl Kept {
    /// Begins a schedule, and tells its first times.
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

    fn cell(&self) -> &StopSignal {
        self.run().stop_signals.of(self.starter.index as usize)
    }

    #[inline]
    fn happened(&self, happened: RunEvent) {
        self.run().app.hub().run_changed(self.starter.index, &self.schedule_state, happened);
    }

    /// Whether the unit is told to stop; if not, it will be woken then.
    fn is_asked_to_stop(&mut self, context: &mut Context<'_>) -> bool {
        if self.told.is_stop_requested(self.cell()) {
            return true;
        }
        if self.wakes.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            return false;
        }
        self.wakes = Some(context.waker().clone());
        self.schedule_state.triggers.wakes(context.waker());
        self.told.poll(self.starter.run.stop_signals.of(self.starter.index as usize), context).is_ready()
    }

    /// Whether somebody has requested shutdown, of which the driver may not have heard yet.
    fn is_shutdown_requested(&self) -> bool {
        self.run().app.inbox().is_requested() || self.run().stop_signals.reason.get().is_some()
    }

    /// Takes in the times that have come while there was room for a run.
    fn look(&mut self, now: Instant) {
        let missed = self.timetable.take(now, self.rule.into(), &mut self.waiting);
        self.miss(missed, false, self.rule == Missed::Fold);
        let keeps_all = self.rule == Missed::All || self.overlap == Overlap::Queue;
        self.keep_waiting(if keeps_all { MOST } else { 1 });
    }

    /// Takes in the times that have come during runs that left no room. At the very moment of a run's end, a time is not
    /// during it.
    fn look_back(&mut self, now: Instant) {
        let before = now.checked_sub(Duration::from_nanos(1)).filter(|_| self.has_room());
        let pick = if self.overlap == Overlap::Queue { Pick::All } else { Pick::None };
        let missed = self.timetable.take(before.unwrap_or(now), pick, &mut self.waiting);
        self.miss(missed, true, false);
        self.keep_waiting(MOST);
    }

    /// Lets so many wait at most; those that have waited longest are missed.
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

    /// How many runs may be under way at once.
    fn most(&self) -> u32 {
        match self.overlap {
            Overlap::Skip | Overlap::Queue => 1,
            Overlap::Parallel(most) => most,
        }
    }

    fn limit(&self) -> usize {
        self.most() as usize
    }

    /// Starts what waits, as far as there is room. The unit's own ending, where a run's is that.
    fn start_waiting(&mut self, now: Instant, context: &mut Context<'_>) -> Option<Ending> {
        // Runs that end at once leave room, but others get their turn between two.
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
        let here = Here::run(self.cell(), start.number, self.most());
        if let Some(result) = poll_run(here, &mut body, || self.starter.body(Some(&start)), context) {
            return self.ended(start, request, result);
        }
        let deadline = self.timeout.map(|timeout| now + timeout);
        self.current.push(Current { body, start, deadline, request });
        None
    }

    /// Polls the runs under way. The unit's own ending, where a run's is that.
    fn poll_runs(&mut self, context: &mut Context<'_>) -> Option<Ending> {
        let mut position = 0;
        let most = self.most();
        while let Some(Current { body, deadline, start, .. }) = self.current.get_mut(position) {
            let cell = self.starter.run.stop_signals.of(self.starter.index as usize);
            let here = Here::run(cell, start.number, most);
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

    /// A run has ended, and is dropped. The unit's own ending, where it is that.
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
        let told = self.told.is_stop_requested(self.cell());
        let stage = if told { Stage::Shutdown } else { Stage::Running };
        // The error tells its text here, outside the lock on the facts: it is user code.
        let unit = self.run().plan.registrations.get(self.starter.index as usize);
        let failure = Arc::new(Failure::new(unit, stage, broken, Severity::Recovered));
        self.happened(RunEvent::Failed { number, ran: started.elapsed(), failure: Arc::clone(&failure) });
        answer(request, RunOutcome::Failed(failure));
        None
    }

    /// Waits until then, or until a run under way is past its limit.
    fn poll_timer(&self, mut timer: Pin<&mut Sleep>, next: Option<Instant>, context: &mut Context<'_>) -> Poll<()> {
        let deadlines = self.current.iter().filter_map(|current| current.deadline);
        let Some(at) = deadlines.chain(next).min() else { return Poll::Pending };
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.poll(context)
    }

    /// Leaves the schedule to the next start of the unit; once shutdown was requested there is none.
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
            let (told, shuts_down, now) =
                (self.is_asked_to_stop(context), self.is_shutdown_requested(), Instant::now());
            if was_full && !shuts_down {
                self.look_back(now);
            }
            let next = if told || shuts_down {
                if told && self.current.is_empty() {
                    return Poll::Ready(Ending::Done);
                }
                None
            } else {
                if self.has_room() {
                    self.look(now);
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

/// Polls a run, which is made where there is none yet. When it has ended it is dropped, and this says what went wrong: as
/// its last poll says, unless its destructor is the first thing to panic.
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

/// Drops a run that broke so: what its destructor has to say comes second.
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
    /// One by one: of two destructors that panic, the second would else end the process.
    fn drop(&mut self) {
        self.schedule_state.triggers.wakes_nobody();
        self.told.leave(self.starter.run.stop_signals.of(self.starter.index as usize));
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
