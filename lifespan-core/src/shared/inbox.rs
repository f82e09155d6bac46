//! Where units, the app's handles and the watch thread leave word for the driver.
//!
//! # Invariants
//! - The driver's waker is taken, under the lock, by whoever leaves the first word after it looked: one wake for
//!   each look, however many words.
//! - Nothing is lost: words stay until the driver takes them, also those left before it exists.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::base::RawFailure;
use crate::base::sync::{AtomicBool, Mutex, MutexGuard, Ordering};
use crate::facts::Reason;
use crate::shared::requests::{ReadAnew, ReloadCall, RestartCall};
use crate::signal::{Incarnation, Resource};

/// What a unit's supervisor has seen.
pub(crate) enum Fact {
    /// A context has provided, or a task has run to its first await, or has said that it is ready.
    Up(Incarnation),
    /// It asks to be given until then to come up.
    Extended(Incarnation, Box<Instant>),
    /// It has restarted without asking at these times, and these restarts still count. Its end follows.
    #[expect(clippy::box_collection, reason = "facts are small, and this one is rare")]
    RestartedInPlace(Box<VecDeque<Instant>>),
    /// It returned, with a value to be provided or without; its future is gone.
    Done(Option<Box<Resource>>),
    /// Something went wrong. `Gone` follows, when its future goes.
    RawFailure(Box<RawFailure>),
    /// Children have failed beside the unit's own failure, which is known.
    Beside(Box<RawFailure>),
    /// What a context holds is of no use any more; what broke, where that is known.
    Lost(Incarnation, Option<Box<RawFailure>>),
    /// The future that holds a context's resource was dropped, or a task's `Ready`.
    LetGo(Incarnation),
    /// Its future is gone, after a failure or by being dropped.
    Gone,
}

impl Fact {
    /// In which of its unit's lives it was said, where whoever said it may outlive that.
    pub(crate) fn said_in(&self) -> Option<Incarnation> {
        match self {
            Self::Up(life) | Self::Extended(life, _) | Self::Lost(life, _) | Self::LetGo(life) => Some(*life),
            Self::RestartedInPlace(_) | Self::Done(_) | Self::RawFailure(_) | Self::Beside(_) | Self::Gone => None,
        }
    }
}

/// What was left since the driver looked last.
#[derive(Default)]
pub(crate) struct Post {
    pub(crate) facts: Vec<(u32, Fact)>,
    /// Most of the time nothing is asked.
    pub(crate) asked: Option<Box<Asked>>,
}

/// What was asked since the driver looked last.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) requests: Vec<Reason>,
    pub(crate) calls: Vec<RestartCall>,
    pub(crate) reloads: Vec<ReloadCall>,
    /// The sources have been read again.
    pub(crate) read: Option<Box<ReadAnew>>,
    /// Reading them takes too long.
    pub(crate) is_reading_late: bool,
    /// A second signal.
    pub(crate) forced: Option<i32>,
}

impl Post {
    fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.asked.is_none()
    }

    fn asked(&mut self) -> &mut Asked {
        self.asked.get_or_insert_default()
    }
}

#[derive(Default)]
pub(crate) struct Inbox {
    inner: Mutex<Inner>,
    /// Shutdown was requested; the driver may not have heard of it yet.
    requested: Arc<AtomicBool>,
}

#[derive(Default)]
struct Inner {
    post: Post,
    waker: Option<Waker>,
    /// The run is over: nobody looks any more.
    closed: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, word: impl FnOnce(&mut Inner)) {
        let mut inner = self.lock();
        word(&mut inner);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn fact(&self, index: u32, fact: Fact) {
        self.leave(|inner| inner.post.facts.push((index, fact)));
    }

    pub(crate) fn facts(&self, index: u32, facts: impl IntoIterator<Item = Fact>) {
        self.leave(|inner| inner.post.facts.extend(facts.into_iter().map(|fact| (index, fact))));
    }

    /// Requests shutdown.
    pub(crate) fn request(&self, reason: Reason) {
        self.requested.store(true, Ordering::Release);
        self.leave(|inner| {
            inner.post.asked().requests.push(reason);
        });
    }

    /// Asks for a restart. Once the run is over the call is dropped, which tells whoever waits.
    pub(crate) fn restart(&self, call: RestartCall) {
        self.leave(|inner| {
            if !inner.closed {
                inner.post.asked().calls.push(call);
            }
        });
    }

    /// Asks for the sources to be read anew. Once the run is over the call is dropped, which tells whoever waits.
    pub(crate) fn reload(&self, call: ReloadCall) {
        self.leave(|inner| {
            if !inner.closed {
                inner.post.asked().reloads.push(call);
            }
        });
    }

    /// The sources have been read anew.
    pub(crate) fn read(&self, read: Box<ReadAnew>) {
        let mut late = Some(read);
        self.leave(|inner| {
            if !inner.closed {
                inner.post.asked().read = late.take();
            }
        });
        // Outside the lock: it may hold arguments.
        if let Some(late) = late {
            late.discard();
        }
    }

    /// Reading the sources anew takes too long.
    pub(crate) fn reading_is_late(&self) {
        self.leave(|inner| inner.post.asked().is_reading_late = true);
    }

    /// The run is over.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let (calls, reloads, read) = inner.post.asked.as_mut().map_or_else(Default::default, |asked| {
            (std::mem::take(&mut asked.calls), std::mem::take(&mut asked.reloads), asked.read.take())
        });
        drop(inner);
        drop((calls, reloads));
        if let Some(read) = read {
            read.discard();
        }
    }

    /// The fact that shutdown was requested, which everyone sees at once.
    pub(crate) fn requested(&self) -> &Arc<AtomicBool> {
        &self.requested
    }

    /// Whether somebody has requested shutdown.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Acquire)
    }

    pub(crate) fn force(&self, signal: i32) {
        self.leave(|inner| inner.post.asked().forced = Some(signal));
    }

    /// Wakes the driver to look at the time: where a body holds up the runtime's timers.
    pub(crate) fn nudge(&self) {
        self.leave(|_| {});
    }

    /// Puts what was left into `post`, which is empty; where that is nothing, the driver is woken by the next word.
    pub(crate) fn poll(&self, context: &mut Context<'_>, post: &mut Post) -> Poll<()> {
        let mut inner = self.lock();
        if inner.post.is_empty() {
            match &mut inner.waker {
                Some(waker) => waker.clone_from(context.waker()),
                waker => *waker = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        std::mem::swap(&mut inner.post, post);
        Poll::Ready(())
    }
}

#[cfg(all(test, lifespan_loom))]
mod models {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use loom::future::block_on;
    use loom::thread;

    use super::*;
    use crate::base::sync::model;

    /// Loom's own counts too, so that what a model loses it finds.
    type Shared = loom::sync::Arc<Inbox>;

    async fn next(inbox: &Inbox, post: &mut Post) {
        poll_fn(|context| inbox.poll(context, post)).await;
    }

    #[test]
    fn loom_no_word_is_lost_and_whoever_waits_for_it_is_woken() {
        model(|| {
            let inbox = Shared::default();
            let units: Vec<_> = (0..2)
                .map(|unit| {
                    let inbox = inbox.clone();
                    thread::spawn(move || inbox.fact(unit, Fact::Up(Incarnation::FIRST)))
                })
                .collect();
            let mut heard = Vec::new();
            block_on(async {
                while heard.len() < 2 {
                    let mut post = Post::default();
                    next(&inbox, &mut post).await;
                    heard.extend(post.facts.into_iter().map(|(unit, _)| unit));
                }
            });
            heard.sort_unstable();
            assert_eq!(heard, [0, 1]);
            for unit in units {
                unit.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_a_request_and_a_fact_are_heard_whoever_comes_first() {
        model(|| {
            let inbox = Shared::default();
            let other = {
                let inbox = inbox.clone();
                thread::spawn(move || inbox.request(Reason::Asked))
            };
            inbox.fact(0, Fact::Done(None));
            let (mut facts, mut requests) = (0, 0);
            block_on(async {
                while requests == 0 {
                    let mut post = Post::default();
                    next(&inbox, &mut post).await;
                    facts += post.facts.len();
                    requests += post.asked.map_or(0, |asked| asked.requests.len());
                }
            });
            assert_eq!((facts, requests), (1, 1));
            other.join().unwrap();
        });
    }

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn loom_each_look_is_woken_once_however_many_words_there_are() {
        model(|| {
            let (inbox, woken) = (Shared::default(), Arc::new(Woken::default()));
            let waker = Waker::from(Arc::clone(&woken));
            let (mut context, mut post) = (Context::from_waker(&waker), Post::default());
            assert!(inbox.poll(&mut context, &mut post).is_pending());
            let other = {
                let inbox = inbox.clone();
                thread::spawn(move || inbox.fact(1, Fact::Up(Incarnation::FIRST)))
            };
            inbox.fact(0, Fact::Up(Incarnation::FIRST));
            other.join().unwrap();
            assert_eq!(woken.0.load(Ordering::Relaxed), 1);
            assert!(inbox.poll(&mut context, &mut post).is_ready());
            assert_eq!(post.facts.len(), 2);
        });
    }
}
