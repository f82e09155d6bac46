//! Loom models of a stop signal.

use std::sync::Arc;
use std::sync::atomic::{self, AtomicU32};
use std::task::{Wake, Waker};

use loom::future::block_on;
use loom::thread;

use super::*;
use crate::base::sync::model;

type Shared = loom::sync::Arc<StopSignal>;

/// Waits on a thread of its own, in the present incarnation.
fn waits(signal: &Shared) -> thread::JoinHandle<()> {
    let (signal, incarnation) = (signal.clone(), signal.incarnation());
    thread::spawn(move || block_on(signal.stop_requested(incarnation)))
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, atomic::Ordering::Relaxed);
    }
}

impl Woken {
    fn times(&self) -> u32 {
        self.0.load(atomic::Ordering::Relaxed)
    }
}

fn poll(waiting: &mut StopFuture<'_>, woken: &Arc<Woken>) -> bool {
    let waker = Waker::from(Arc::clone(woken));
    Pin::new(waiting).poll(&mut Context::from_waker(&waker)).is_ready()
}

#[test]
fn loom_every_waiter_is_woken() {
    model(|| {
        let signal = Shared::default();
        let waiters = [waits(&signal), waits(&signal)];
        signal.request_stop();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

#[test]
fn loom_a_waiter_is_woken_when_another_leaves() {
    model(|| {
        let signal = Shared::default();
        let woken = Arc::new(Woken::default());
        let mut leaves = Box::new(signal.stop_requested(Incarnation::FIRST));
        let _ = poll(&mut leaves, &woken);
        let stays = waits(&signal);
        let requests = {
            let signal = signal.clone();
            thread::spawn(move || signal.request_stop())
        };
        drop(leaves);
        stays.join().unwrap();
        requests.join().unwrap();
    });
}

#[test]
fn loom_a_waiter_that_moves_to_another_task_is_woken_there_unless_it_sees_the_request() {
    model(|| {
        let signal = Shared::default();
        let [before, after] = [(); 2].map(|()| Arc::new(Woken::default()));
        let mut waiting = signal.stop_requested(Incarnation::FIRST);
        assert!(!poll(&mut waiting, &before));
        let requests = {
            let signal = signal.clone();
            thread::spawn(move || signal.request_stop())
        };
        let seen = poll(&mut waiting, &after);
        requests.join().unwrap();
        assert!(seen || after.times() == 1);
    });
}

#[test]
fn loom_a_context_has_provided_or_its_setup_is_dropped_and_both_know_which() {
    model(|| {
        let signal = Shared::default();
        let provides = {
            let signal = signal.clone();
            thread::spawn(move || signal.provide(Incarnation::FIRST))
        };
        let drops = signal.drop_setup();
        assert_ne!(provides.join().unwrap(), drops);
    });
}

#[test]
fn loom_a_provide_of_an_earlier_incarnation_does_not_count_in_the_next() {
    model(|| {
        let signal = Shared::default();
        let provides = {
            let signal = signal.clone();
            thread::spawn(move || signal.provide(Incarnation::FIRST))
        };
        signal.begin(1);
        let _ = provides.join().unwrap();
        assert!(signal.provide(signal.incarnation()));
    });
}

#[test]
fn loom_a_new_incarnation_wakes_waiters_of_the_last() {
    model(|| {
        let signal = Shared::default();
        let waiter = waits(&signal);
        signal.begin(1);
        waiter.join().unwrap();
        assert!(signal.is_stop_requested(Incarnation::FIRST) && !signal.is_stop_requested(signal.incarnation()));
    });
}

#[test]
fn loom_a_waiter_of_the_last_incarnation_that_leaves_late_removes_no_other() {
    model(|| {
        let signal = Shared::default();
        let leaves = {
            let (signal, incarnation) = (signal.clone(), signal.incarnation());
            thread::spawn(move || {
                let mut old = signal.stop_requested(incarnation);
                let _ = poll(&mut old, &Arc::default());
            })
        };
        signal.begin(1);
        let woken = Arc::new(Woken::default());
        let mut new = signal.stop_requested(signal.incarnation());
        assert!(!poll(&mut new, &woken));
        leaves.join().unwrap();
        signal.request_stop();
        assert_eq!(woken.times(), 1);
    });
}
