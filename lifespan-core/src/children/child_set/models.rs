//! Loom models of a set of children.

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

/// Ends a new child on a thread of its own.
fn ends_child(child_set: &Arc<ChildSet>, first: impl FnOnce(&ChildSet) + Send + 'static) -> thread::JoinHandle<()> {
    let (key, child_set) = (child_set.enter("child".into()).unwrap(), Arc::clone(child_set));
    thread::spawn(move || {
        first(&child_set);
        child_set.leave(key, Outcome::Returned);
    })
}

#[test]
fn loom_the_action_runs_once_and_when_no_child_is_alive() {
    model(|| {
        let (child_set, calls) = (child_set(), Arc::new(AtomicU32::new(0)));
        let children = [(); 2].map(|()| ends_child(&child_set, |_| {}));
        let (seen, counted) = (Arc::clone(&child_set), Arc::clone(&calls));
        child_set.close_and_then(move |_| {
            assert!(seen.alive().is_empty());
            counted.fetch_add(1, Ordering::Relaxed);
        });
        for child in children {
            child.join().unwrap();
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_the_action_runs_also_when_the_set_is_closed_again() {
    model(|| {
        let (child_set, calls) = (child_set(), Arc::new(AtomicU32::new(0)));
        let child = ends_child(&child_set, |_| {});
        let counted = Arc::clone(&calls);
        child_set.close_and_then(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        child_set.close();
        child.join().unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_a_waiter_for_the_last_child_is_woken() {
    model(|| {
        let child_set = child_set();
        let children = [(); 2].map(|()| ends_child(&child_set, |_| {}));
        child_set.close();
        assert!(block_on(poll_fn(|context| child_set.poll_ended(context))).is_none());
        for child in children {
            child.join().unwrap();
        }
    });
}

#[test]
fn loom_a_failure_wakes_the_parent() {
    model(|| {
        let child_set = child_set();
        let child = ends_child(&child_set, |child_set| {
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
fn loom_the_action_receives_a_failure_that_happens_as_the_parent_ends() {
    model(|| {
        let (child_set, failed) = (child_set(), Arc::new(AtomicBool::new(false)));
        let child = ends_child(&child_set, |child_set| {
            child_set.fail("child".into(), RawFailure::Other(Cause::Lost), (false, 0))
        });
        let noted = Arc::clone(&failed);
        child_set.close_and_then(move |failure| noted.store(failure.is_some(), Ordering::Relaxed));
        child.join().unwrap();
        assert!(failed.load(Ordering::Relaxed));
    });
}

#[test]
fn loom_a_child_that_is_spawned_as_its_parent_ends_is_aborted_or_not_added() {
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
