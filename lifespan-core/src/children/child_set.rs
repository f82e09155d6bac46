//! A unit's children: those that are alive, their failures, and the action to run once the last has ended.
//!
//! # Invariants
//! - A child is alive from before it is spawned until its future has been dropped. The supervisor reports the unit's
//!   ending when none is alive, so a resource outlives the children that hold it.
//! - Once the set is closed, no child is added, and each that is alive has been aborted, or is by the thread that
//!   spawns it.
//! - A failure whose child has a handle to await is taken by the handle's holder, or is reported to the parent: when
//!   the set closes, or, after that, before its child counts as ended. A failure of an isolated child is only counted.
//!   Of the reported failures, the first that happened is the unit's, with the others beside it. While one is being
//!   reported, the set does not count as empty.
//! - Once the unit has its failure, those reported later are late: they are passed on when the last child has ended.
//! - No user code runs under the lock: futures and outputs are dropped, and wakers are woken, outside it.
//! - It is the innermost lock: the lock on the facts may be held around it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::Span;

use crate::base::sorting::sort_by_number;
use crate::base::sync::{Mutex, MutexGuard};
use crate::base::{Outcome, RawFailure, unwind};
use crate::children::polls;
use crate::children::report::ChildrenReport;
use crate::children::slots::{Entry, Key, Slots};
use crate::signal::StopSignal;

/// The action to run once the last child has ended, with the failures that are the unit's.
type OnEmpty = Box<dyn FnOnce(Option<ChildFailures>) + Send>;

/// Failures of children that are the unit's.
pub(crate) enum ChildFailures {
    /// The unit has had no other failure of a child.
    First(RawFailure),
    /// The unit has already failed with another failure of a child.
    Late(RawFailure),
}

/// The unit whose children these are; receives their events.
pub(crate) trait Parent: Send + Sync {
    /// Returns whether the events of children are read.
    fn is_read(&self) -> bool;
    fn child_started(&self, child: Arc<str>);
    fn child_ended(&self, child: Arc<str>, outcome: Outcome);
    /// Receives a failure when it happens: `true` for a panic, and the number of failures without an event since the
    /// last event. Returns whether the unit is up.
    fn child_failed(&self, child: &str, error: &str, what: (bool, u64)) -> bool;
    /// Returns the stop signal, by which the blocked-thread watch identifies the unit.
    fn stop_signal(&self) -> Option<&StopSignal>;
}

/// The number of failures that are kept of one body's children. The others are only counted.
const KEPT: usize = 100;

/// The children of one body of a unit.
pub struct ChildSet {
    /// Identifies this set in the record of what each thread polls.
    id: u32,
    /// `None` for a set made by hand.
    parent: Option<Arc<dyn Parent>>,
    pub(crate) runtime: Handle,
    /// The parent's, in which its children run.
    pub(crate) span: Span,
    inner: Mutex<Inner>,
}

struct Inner {
    closed: bool,
    slots: Slots,
    /// The number of children that are alive, and of failures that are being reported.
    alive: usize,
    tally: ChildrenReport,
    /// The number of children that have failed.
    failed: u32,
    /// The failures that are the parent's, each with the number of failures before it.
    failures: Vec<(u32, RawFailure)>,
    /// The parent has taken failures, and has failed.
    has_failed: bool,
    unclaimed: Vec<Weak<dyn UnclaimedFailure>>,
    /// Wakes the parent.
    waiting: Option<Waker>,
    on_empty: Option<OnEmpty>,
}

/// A failure that the holder of its child's handle may take.
pub(crate) trait UnclaimedFailure: Send + Sync {
    /// Reports the failure to the parent, unless it was taken.
    fn report(&self);
}

impl ChildSet {
    /// Creates the set for a body that is about to be made, in the current span.
    pub(crate) fn new(parent: Option<Arc<dyn Parent>>) -> Arc<Self> {
        static IDS: AtomicU32 = AtomicU32::new(1);
        let inner = Inner {
            closed: false,
            slots: Slots::default(),
            alive: 0,
            tally: ChildrenReport::default(),
            failed: 0,
            failures: Vec::new(),
            has_failed: false,
            unclaimed: Vec::new(),
            waiting: None,
            on_empty: None,
        };
        Arc::new(Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            parent,
            runtime: Handle::current(),
            span: Span::current(),
            inner: Mutex::new(inner),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a child that is about to be spawned. Returns `None` if the set is closed.
    pub(crate) fn enter(&self, name: Cow<'static, str>) -> Option<Key> {
        let reader = self.reader().map(|parent| (parent, Arc::<str>::from(&*name)));
        let key = self.lock().enter(name)?;
        if let Some((parent, child)) = reader {
            parent.child_started(child);
        }
        Some(key)
    }

    /// Keeps the abort handle of a child that is spawned; aborts the child if the set was closed meanwhile.
    pub(crate) fn spawned(&self, key: Key, abort: AbortHandle) {
        let mut inner = self.lock();
        let closed = inner.closed;
        match inner.slots.get_mut(key) {
            Some(entry) if !closed => entry.abort = Some(abort),
            entry => {
                let too_late = entry.is_some();
                drop(inner);
                if too_late {
                    abort.abort();
                }
            }
        }
    }

    /// Returns the name of a child that is alive.
    pub(crate) fn name(&self, key: Key) -> Cow<'static, str> {
        self.lock().slots.get_mut(key).map(|entry| entry.name.clone()).unwrap_or_default()
    }

    /// Returns whether the holder of a child's handle may take its failure: until the set is closed. An unclaimed
    /// failure is reported then.
    pub(crate) fn may_be_taken<U: UnclaimedFailure + 'static>(&self, failure: &Arc<U>) -> bool {
        let mut inner = self.lock();
        if inner.closed {
            return false;
        }
        if inner.unclaimed.len() == inner.unclaimed.capacity() {
            inner.unclaimed.retain(|failure| failure.strong_count() > 0);
        }
        let failure: Weak<U> = Arc::downgrade(failure);
        inner.unclaimed.push(failure);
        true
    }

    /// Sends the event of a child's failure, at the moment of the failure; returns whether the unit is up then.
    pub(crate) fn report_failure(&self, child: &str, error: &str, panicked: bool, more: u64) -> bool {
        self.parent.as_ref().is_some_and(|parent| parent.child_failed(child, error, (panicked, more)))
    }

    /// Keeps the error of the last isolated child that failed.
    pub(crate) fn keep_last_error(&self, name: Cow<'static, str>, error: &str) {
        self.lock().tally.set_error(name, error);
    }

    /// Counts a child that fails now. Returns the number of those that failed before.
    pub(crate) fn count_failed(&self) -> u32 {
        let mut inner = self.lock();
        let before = inner.failed;
        inner.failed = before.saturating_add(1);
        before
    }

    /// Keeps a child's failure for the parent, and wakes the parent for the first.
    pub(crate) fn fail(&self, name: Cow<'static, str>, broken: RawFailure, (while_up, before): (bool, u32)) {
        let words = broken.words();
        let mut inner = self.lock();
        inner.tally.add_error(name.clone(), &words);
        if inner.failures.len() == KEPT {
            drop(inner);
            return unwind::drop_quietly(broken);
        }
        inner.failures.push((before, RawFailure::Child { name, broken: Box::new(broken), while_up }));
        let waiting = if inner.failures.len() == 1 && !inner.has_failed { inner.waiting.take() } else { None };
        drop(inner);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Removes a child whose future is dropped. The last one runs the action that waits for that.
    pub(crate) fn leave(&self, key: Key, outcome: Outcome) {
        if let Some(parent) = self.reader() {
            parent.child_ended(self.name(key).as_ref().into(), outcome);
        }
        let mut inner = self.lock();
        let left = inner.leave(key, outcome);
        Self::one_less(inner);
        drop(left);
    }

    /// Begins to report a failure of a child that may have ended: until that is done, the set does not count as empty.
    pub(crate) fn begin_to_fail(&self) {
        self.lock().alive += 1;
    }

    /// Ends the report that `begin_to_fail` began.
    pub(crate) fn end_failing(&self) {
        Self::one_less(self.lock());
    }

    fn one_less(mut inner: MutexGuard<'_, Inner>) {
        inner.alive -= 1;
        let (mut waiting, mut on_empty) = (None, None);
        if inner.alive == 0 && inner.closed {
            waiting = inner.waiting.take();
            on_empty = inner.on_empty.take().map(|on_empty| (on_empty, inner.take_failures()));
        }
        drop(inner);
        waiting.into_iter().for_each(Waker::wake);
        if let Some((on_empty, failure)) = on_empty {
            on_empty(failure);
        }
    }

    /// Returns the parent, if the events of its children are read.
    fn reader(&self) -> Option<&dyn Parent> {
        self.parent.as_deref().filter(|parent| parent.is_read())
    }

    /// Returns whether the parent has a failure to take, and has taken none before. If not, the parent is woken when
    /// there is one.
    pub(crate) fn has_failure(&self, waker: &Waker) -> bool {
        let mut inner = self.lock();
        let has_failure = !inner.failures.is_empty() && !inner.has_failed;
        let old = if has_failure { None } else { inner.wait(waker) };
        drop(inner);
        drop(old);
        has_failure
    }

    /// Takes the failures that are the parent's. Those that follow are late.
    pub(crate) fn take_failure(&self) -> Option<RawFailure> {
        match self.lock().take_failures()? {
            ChildFailures::First(broken) | ChildFailures::Late(broken) => Some(broken),
        }
    }

    /// Closes the set, because the parent's body has ended, and aborts all children that are alive.
    pub(crate) fn close(&self) {
        self.end(None);
    }

    /// Closes the set as [`close`](Self::close) does, and runs an action when no child is alive.
    pub(crate) fn close_and_then(&self, on_empty: impl FnOnce(Option<ChildFailures>) + Send + 'static) {
        self.end(Some(Box::new(on_empty)));
    }

    fn end(&self, on_empty: Option<OnEmpty>) {
        let mut inner = self.lock();
        inner.closed = true;
        let unclaimed = std::mem::take(&mut inner.unclaimed);
        drop(inner);
        for failure in unclaimed.iter().filter_map(Weak::upgrade) {
            failure.report();
        }
        let mut inner = self.lock();
        let alive: Vec<AbortHandle> = inner.slots.iter_mut().filter_map(|entry| entry.abort.take()).collect();
        let empty = if inner.alive > 0 {
            // Kept if the set is closed again without an action.
            inner.on_empty = on_empty.or(inner.on_empty.take());
            None
        } else {
            on_empty.map(|on_empty| (on_empty, inner.take_failures()))
        };
        drop(inner);
        for child in alive {
            child.abort();
        }
        if let Some((on_empty, failure)) = empty {
            on_empty(failure);
        }
    }

    /// Waits until the last child of a closed set has ended. Returns the failures that are the parent's.
    pub(crate) fn poll_ended(&self, context: &mut Context<'_>) -> Poll<Option<ChildFailures>> {
        let mut inner = self.lock();
        if inner.alive == 0 {
            return Poll::Ready(inner.take_failures());
        }
        let old = inner.wait(context.waker());
        drop(inner);
        drop(old);
        Poll::Pending
    }

    /// Returns the number of children that are alive, by name.
    pub(crate) fn alive(&self) -> Vec<(String, usize)> {
        let mut inner = self.lock();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in inner.slots.iter_mut() {
            *names.entry(&entry.name).or_default() += 1;
        }
        names.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
    }

    /// Returns the counts of the children so far.
    pub(crate) fn report(&self) -> ChildrenReport {
        let mut inner = self.lock();
        let mut tally = inner.tally.clone();
        if inner.closed {
            // These are cancelled, but have not ended.
            inner.slots.iter_mut().for_each(|entry| tally.add_cancelled(entry.name.clone()));
        }
        tally
    }

    /// Returns the name of a child that a thread is polling now.
    pub(crate) fn polled(&self) -> Option<Cow<'static, str>> {
        let polled = polls::of(self.id);
        let inner = self.lock();
        polled.into_iter().find_map(|slot| inner.slots.name(slot))
    }

    /// Returns the parent's stop signal, by which the blocked-thread watch identifies the unit. Polls of its children
    /// count as its own.
    pub(crate) fn stop_signal(&self) -> Option<&StopSignal> {
        self.parent.as_ref()?.stop_signal()
    }

    /// Returns the set and the slot of a child, as a thread records what it polls.
    pub(crate) fn names(&self, key: Key) -> (u32, u32) {
        (self.id, key.slot())
    }
}

impl Inner {
    fn enter(&mut self, name: Cow<'static, str>) -> Option<Key> {
        if self.closed {
            return None;
        }
        self.tally.spawned += 1;
        self.alive += 1;
        Some(self.slots.add(name))
    }

    /// Takes the failures that are the parent's: the first that happened, with the others beside it, in order.
    fn take_failures(&mut self) -> Option<ChildFailures> {
        let failures = sort_by_number(std::mem::take(&mut self.failures), |(before, _)| *before);
        let all = failures.into_iter().map(|(_, broken)| broken).reduce(RawFailure::with)?;
        Some(if std::mem::replace(&mut self.has_failed, true) {
            ChildFailures::Late(all)
        } else {
            ChildFailures::First(all)
        })
    }

    /// Removes a child. Returns its abort handle, to be dropped outside the lock.
    fn leave(&mut self, key: Key, outcome: Outcome) -> Option<AbortHandle> {
        let Entry { name, abort } = self.slots.remove(key, !self.closed)?;
        match outcome {
            Outcome::Failed => self.tally.add_failed(name),
            Outcome::Dropped if self.closed => self.tally.add_cancelled(name),
            _ => {}
        }
        abort
    }

    /// Sets the parent's waker. Returns the old one, to be dropped outside the lock.
    fn wait(&mut self, waker: &Waker) -> Option<Waker> {
        match &self.waiting {
            Some(known) if known.will_wake(waker) => None,
            _ => self.waiting.replace(waker.clone()),
        }
    }
}

#[cfg(all(test, lifespan_loom))]
mod models;
