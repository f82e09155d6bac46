//! A unit's children: who of them is alive, what failed among them, and what is told once the last has gone.
//!
//! # Invariants
//! - A child is alive from before it is spawned until its future has been dropped. What the supervisor has to tell of its
//!   unit is told when none is alive: a resource outlives the children that hold it.
//! - Once it is closed, no child is taken in, and each that is alive has been aborted, or is by whoever spawns it.
//! - A failure whose child has a handle to await is taken by the handle's holder, or is told: at the latest when this
//!   closes, or, after that, before its child counts as gone. That of an isolated child is only counted. Of those that are
//!   told, the first that happened is the unit's, with the others beside it; while one is being told, none counts as the
//!   last to go.
//! - Once the unit has its failure, those that are told later are late: they are handed over when the last child has gone.
//! - No user code runs under the lock: what a child leaves behind is dropped, and wakers are woken, outside it.
//! - It is the innermost lock: the facts' may be held around it.

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
use crate::signal::StopSignal;

/// What is told once the last child has gone, with the failures that are the unit's.
type OnEmpty = Box<dyn FnOnce(Option<ChildFailures>) + Send>;

/// Failures of children that are the unit's.
pub(crate) enum ChildFailures {
    /// The unit has had no other of a child.
    First(RawFailure),
    /// The unit's failure is another one of a child, which is known already.
    Late(RawFailure),
}

/// The unit whose children these are: hears what happens to them.
pub(crate) trait Parent: Send + Sync {
    /// Returns whether anybody reads what happens to a child.
    fn is_read(&self) -> bool;
    fn child_started(&self, child: Arc<str>);
    fn child_ended(&self, child: Arc<str>, outcome: Outcome);
    /// Hears of a failure at its moment: a panic or an error, and how many more there were since the last that was told.
    /// Returns whether the unit is up then.
    fn child_failed(&self, child: &str, error: &str, what: (bool, u64)) -> bool;
    /// What the blocked-thread watch knows the unit by.
    fn stop_signal(&self) -> Option<&StopSignal>;
}

/// How many failures are kept of one body's children. Of more, the report has the number.
const KEPT: usize = 100;

/// The children of one body of a unit.
pub struct ChildSet {
    /// Tells sets of children apart, as threads name what they poll.
    id: u32,
    /// None for one made by hand.
    parent: Option<Arc<dyn Parent>>,
    pub(crate) runtime: Handle,
    /// The parent's, in which its children run.
    pub(crate) span: Span,
    inner: Mutex<Inner>,
}

struct Inner {
    closed: bool,
    slots: Vec<Slot>,
    /// The first free slot.
    free: u32,
    /// How many slots are not free.
    taken: usize,
    /// Of those that are alive, and of failures that are being told.
    alive: usize,
    /// That of the last child.
    number: u32,
    tally: ChildrenReport,
    /// How many children have failed.
    failed: u32,
    /// Those that are the parent's, each with how many had failed before.
    failures: Vec<(u32, RawFailure)>,
    /// The parent has taken some, and has failed.
    has_failed: bool,
    unclaimed: Vec<Weak<dyn UnclaimedFailure>>,
    /// The parent.
    waiting: Option<Waker>,
    on_empty: Option<OnEmpty>,
}

enum Slot {
    /// The next free slot.
    Free(u32),
    Alive(Entry),
}

/// A child that is alive.
struct Entry {
    name: Cow<'static, str>,
    number: u32,
    /// None until it is spawned, and once it is aborted.
    abort: Option<AbortHandle>,
}

/// A failure that somebody may take who holds the handle of its child.
pub(crate) trait UnclaimedFailure: Send + Sync {
    /// Tells of it, unless it is taken.
    fn tell(&self);
}

/// Which child: a slot is used again, a number is not.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    slot: u32,
    number: u32,
}

/// In place of a slot.
const NONE: u32 = u32::MAX;
/// For how many children room is kept when there is none.
const ROOM: usize = 64;

impl ChildSet {
    /// For the body that is about to be made, in the span at hand.
    pub(crate) fn new(parent: Option<Arc<dyn Parent>>) -> Arc<Self> {
        static IDS: AtomicU32 = AtomicU32::new(1);
        let inner = Inner {
            closed: false,
            slots: Vec::new(),
            free: NONE,
            taken: 0,
            alive: 0,
            number: 0,
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

    /// Takes in a child that is about to be spawned; none when it is closed.
    pub(crate) fn enter(&self, name: Cow<'static, str>) -> Option<Key> {
        let told = self.reader().map(|parent| (parent, Arc::<str>::from(&*name)));
        let key = self.lock().enter(name)?;
        if let Some((parent, child)) = told {
            parent.child_started(child);
        }
        Some(key)
    }

    /// The child is spawned.
    pub(crate) fn spawned(&self, key: Key, abort: AbortHandle) {
        let mut inner = self.lock();
        let closed = inner.closed;
        match inner.entry(key) {
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

    /// The name of a child that is alive.
    pub(crate) fn name(&self, key: Key) -> Cow<'static, str> {
        self.lock().entry(key).map(|entry| entry.name.clone()).unwrap_or_default()
    }

    /// A child has failed: whether whoever holds its handle may take the failure. It is looked for when this closes; once
    /// that is done, nobody may.
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
    pub(crate) fn tell_failure(&self, child: &str, error: &str, panicked: bool, more: u64) -> bool {
        self.parent.as_ref().is_some_and(|parent| parent.child_failed(child, error, (panicked, more)))
    }

    /// Keeps the error of the last isolated child that failed.
    pub(crate) fn keep_last_error(&self, name: Cow<'static, str>, error: &str) {
        self.lock().tally.set_error(name, error);
    }

    /// A child fails at this moment. Returns how many have failed before.
    pub(crate) fn count_failed(&self) -> u32 {
        let mut inner = self.lock();
        let before = inner.failed;
        inner.failed = before.saturating_add(1);
        before
    }

    /// A child's failure is the parent's, which is woken for the first.
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

    /// A child's future is dropped. The last to go tells what is to be told.
    pub(crate) fn leave(&self, key: Key, outcome: Outcome) {
        if let Some(parent) = self.reader() {
            parent.child_ended(self.name(key).as_ref().into(), outcome);
        }
        let mut inner = self.lock();
        let left = inner.leave(key, outcome);
        Self::one_less(inner);
        drop(left);
    }

    /// A failure is about to be told of a child that may have gone: until that is done, nobody is the last.
    pub(crate) fn begin_to_fail(&self) {
        self.lock().alive += 1;
    }

    /// It is told.
    pub(crate) fn end_failing(&self) {
        Self::one_less(self.lock());
    }

    fn one_less(mut inner: MutexGuard<'_, Inner>) {
        inner.alive -= 1;
        let (mut waiting, mut word) = (None, None);
        if inner.alive == 0 && inner.closed {
            waiting = inner.waiting.take();
            word = inner.on_empty.take().map(|word| (word, inner.take_failures()));
        }
        drop(inner);
        waiting.into_iter().for_each(Waker::wake);
        if let Some((word, failure)) = word {
            word(failure);
        }
    }

    /// Returns the parent, if anybody reads what happens to its children.
    fn reader(&self) -> Option<&dyn Parent> {
        self.parent.as_deref().filter(|parent| parent.is_read())
    }

    /// Returns whether there is a failure that is the parent's, which has none of a child yet; else wakes it when there is.
    pub(crate) fn has_failure(&self, waker: &Waker) -> bool {
        let mut inner = self.lock();
        let has_failure = !inner.failures.is_empty() && !inner.has_failed;
        let old = if has_failure { None } else { inner.wait(waker) };
        drop(inner);
        drop(old);
        has_failure
    }

    /// Takes the failures that are the parent's; those that follow are late.
    pub(crate) fn take_failure(&self) -> Option<RawFailure> {
        match self.lock().take_failures()? {
            ChildFailures::First(broken) | ChildFailures::Late(broken) => Some(broken),
        }
    }

    /// The parent's body has ended: aborts all that are alive.
    pub(crate) fn close(&self) {
        self.end(None);
    }

    /// As [`close`](Self::close), and has the word told when none is alive.
    pub(crate) fn close_and_tell(&self, word: impl FnOnce(Option<ChildFailures>) + Send + 'static) {
        self.end(Some(Box::new(word)));
    }

    fn end(&self, word: Option<OnEmpty>) {
        let mut inner = self.lock();
        inner.closed = true;
        let unclaimed = std::mem::take(&mut inner.unclaimed);
        drop(inner);
        for failure in unclaimed.iter().filter_map(Weak::upgrade) {
            failure.tell();
        }
        let mut inner = self.lock();
        let alive: Vec<AbortHandle> = inner.alive_mut().filter_map(|entry| entry.abort.take()).collect();
        let told = if inner.alive > 0 {
            // It may be closed again after that.
            inner.on_empty = word.or(inner.on_empty.take());
            None
        } else {
            word.map(|word| (word, inner.take_failures()))
        };
        drop(inner);
        for child in alive {
            child.abort();
        }
        if let Some((word, failure)) = told {
            word(failure);
        }
    }

    /// Ready when it is closed and the last child has gone, with the failures that are the parent's.
    pub(crate) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<Option<ChildFailures>> {
        let mut inner = self.lock();
        if inner.alive == 0 {
            return Poll::Ready(inner.take_failures());
        }
        let old = inner.wait(context.waker());
        drop(inner);
        drop(old);
        Poll::Pending
    }

    /// Those that are alive, by name.
    pub(crate) fn alive(&self) -> Vec<(String, usize)> {
        let mut inner = self.lock();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in inner.alive_mut() {
            *names.entry(&entry.name).or_default() += 1;
        }
        names.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
    }

    /// What became of them so far.
    pub(crate) fn report(&self) -> ChildrenReport {
        let mut inner = self.lock();
        let mut tally = inner.tally.clone();
        if inner.closed {
            // They are cancelled, and don't go.
            inner.alive_mut().for_each(|entry| tally.add_cancelled(entry.name.clone()));
        }
        tally
    }

    /// The child that some thread is polling at this moment.
    pub(crate) fn polled(&self) -> Option<Cow<'static, str>> {
        let polled = polls::of(self.id);
        let mut inner = self.lock();
        polled.into_iter().find_map(|slot| match inner.slots.get_mut(slot as usize)? {
            Slot::Alive(entry) => Some(entry.name.clone()),
            Slot::Free(_) => None,
        })
    }

    /// What the blocked-thread watch knows the unit by; its children's polls count as its own.
    pub(crate) fn cell(&self) -> Option<&StopSignal> {
        self.parent.as_ref()?.stop_signal()
    }

    /// How a thread names a child that it polls.
    pub(crate) fn names(&self, key: Key) -> (u32, u32) {
        (self.id, key.slot)
    }
}

impl Inner {
    fn enter(&mut self, name: Cow<'static, str>) -> Option<Key> {
        if self.closed {
            return None;
        }
        self.tally.spawned += 1;
        self.alive += 1;
        self.taken += 1;
        self.number = self.number.wrapping_add(1);
        let number = self.number;
        let entry = Slot::Alive(Entry { name, number, abort: None });
        let slot = self.free;
        if let Some(free) = self.slots.get_mut(slot as usize) {
            if let Slot::Free(next) = std::mem::replace(free, entry) {
                self.free = next;
            }
            return Some(Key { slot, number });
        }
        let slot = crate::base::index::index(self.slots.len());
        self.slots.push(entry);
        Some(Key { slot, number })
    }

    /// Takes the failures that are the parent's: the first that happened, and the others beside it, in their order.
    fn take_failures(&mut self) -> Option<ChildFailures> {
        let failures = sort_by_number(std::mem::take(&mut self.failures), |(before, _)| *before);
        let all = failures.into_iter().map(|(_, broken)| broken).reduce(RawFailure::with)?;
        Some(if std::mem::replace(&mut self.has_failed, true) {
            ChildFailures::Late(all)
        } else {
            ChildFailures::First(all)
        })
    }

    fn entry(&mut self, key: Key) -> Option<&mut Entry> {
        match self.slots.get_mut(key.slot as usize)? {
            Slot::Alive(entry) if entry.number == key.number => Some(entry),
            _ => None,
        }
    }

    fn alive_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.slots.iter_mut().filter_map(|slot| match slot {
            Slot::Alive(entry) => Some(entry),
            Slot::Free(_) => None,
        })
    }

    /// Gives what is to be dropped outside the lock.
    fn leave(&mut self, key: Key, outcome: Outcome) -> Option<AbortHandle> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        let Slot::Alive(Entry { name, abort, .. }) = std::mem::replace(slot, Slot::Free(self.free)) else {
            return None;
        };
        self.free = key.slot;
        match outcome {
            Outcome::Failed => self.tally.add_failed(name),
            Outcome::Dropped if self.closed => self.tally.add_cancelled(name),
            _ => {}
        }
        self.taken -= 1;
        if self.taken == 0 && (self.closed || self.slots.len() > ROOM) {
            self.slots = Vec::new();
            self.free = NONE;
        }
        abort
    }

    /// Notes who waits. Gives the old waker, to be dropped outside the lock.
    fn wait(&mut self, waker: &Waker) -> Option<Waker> {
        match &self.waiting {
            Some(known) if known.will_wake(waker) => None,
            _ => self.waiting.replace(waker.clone()),
        }
    }
}

#[cfg(all(test, lifespan_loom))]
mod models {
    use std::future::{pending, poll_fn};
    use std::sync::LazyLock;
    use std::sync::atomic::AtomicBool;

    use loom::future::block_on;
    use loom::thread;
    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::base::raw_failure::Cause;
    use crate::base::sync::model;

    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().unwrap());

    fn child_set() -> Arc<ChildSet> {
        let _inside = RUNTIME.enter();
        ChildSet::new(None)
    }

    /// Goes on a thread of its own.
    fn goes(child_set: &Arc<ChildSet>, first: impl FnOnce(&ChildSet) + Send + 'static) -> thread::JoinHandle<()> {
        let (key, child_set) = (child_set.enter("child".into()).unwrap(), Arc::clone(child_set));
        thread::spawn(move || {
            first(&child_set);
            child_set.leave(key, Outcome::Returned);
        })
    }

    #[test]
    fn loom_the_last_word_is_told_once_and_when_no_child_is_alive() {
        model(|| {
            let (child_set, told) = (child_set(), Arc::new(AtomicU32::new(0)));
            let children = [(); 2].map(|()| goes(&child_set, |_| {}));
            let (seen, counted) = (Arc::clone(&child_set), Arc::clone(&told));
            child_set.close_and_tell(move |_| {
                assert!(seen.alive().is_empty());
                counted.fetch_add(1, Ordering::Relaxed);
            });
            for child in children {
                child.join().unwrap();
            }
            assert_eq!(told.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn loom_the_last_word_is_told_also_when_the_family_is_closed_again() {
        model(|| {
            let (child_set, told) = (child_set(), Arc::new(AtomicU32::new(0)));
            let child = goes(&child_set, |_| {});
            let counted = Arc::clone(&told);
            child_set.close_and_tell(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
            });
            child_set.close();
            child.join().unwrap();
            assert_eq!(told.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn loom_whoever_waits_for_the_last_child_is_woken() {
        model(|| {
            let child_set = child_set();
            let children = [(); 2].map(|()| goes(&child_set, |_| {}));
            child_set.close();
            assert!(block_on(poll_fn(|context| child_set.poll_gone(context))).is_none());
            for child in children {
                child.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_a_failure_wakes_the_parent() {
        model(|| {
            let child_set = child_set();
            let child = goes(&child_set, |child_set| {
                child_set.fail("child".into(), RawFailure::Other(Cause::Lost), (false, 0))
            });
            block_on(poll_fn(
                |context| if child_set.has_failure(context.waker()) { Poll::Ready(()) } else { Poll::Pending },
            ));
            assert!(child_set.take_failure().is_some());
            child.join().unwrap();
        });
    }

    #[test]
    fn loom_a_failure_is_in_the_last_word_also_when_it_comes_as_the_parent_ends() {
        model(|| {
            let (child_set, failed) = (child_set(), Arc::new(AtomicBool::new(false)));
            let child = goes(&child_set, |child_set| {
                child_set.fail("child".into(), RawFailure::Other(Cause::Lost), (false, 0))
            });
            let noted = Arc::clone(&failed);
            child_set.close_and_tell(move |failure| noted.store(failure.is_some(), Ordering::Relaxed));
            child.join().unwrap();
            assert!(failed.load(Ordering::Relaxed));
        });
    }

    #[test]
    fn loom_a_child_that_is_spawned_as_its_parent_ends_is_aborted_or_not_taken_in() {
        model(|| {
            let child_set = child_set();
            let spawns = {
                let child_set = Arc::clone(&child_set);
                thread::spawn(move || {
                    let key = child_set.enter("child".into())?;
                    let child = RUNTIME.spawn(pending::<()>());
                    child_set.spawned(key, child.abort_handle());
                    Some(child)
                })
            };
            child_set.close();
            if let Some(child) = spawns.join().unwrap() {
                RUNTIME.block_on(tokio::task::yield_now());
                assert!(child.is_finished());
            }
        });
    }
}
