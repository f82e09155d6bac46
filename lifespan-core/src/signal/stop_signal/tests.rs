//! Tests of a stop signal, on one thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};

use super::*;

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waiter with a waker of its own, polled once.
fn waiter(signal: &StopSignal) -> (Pin<Box<StopFuture<'_>>>, Arc<Woken>) {
    let woken = Arc::new(Woken::default());
    let mut waiting = Box::pin(signal.stop_requested(signal.incarnation()));
    assert!(poll(&mut waiting, &woken).is_pending());
    (waiting, woken)
}

fn poll(waiting: &mut Pin<Box<StopFuture<'_>>>, woken: &Arc<Woken>) -> Poll<()> {
    let waker = Waker::from(Arc::clone(woken));
    waiting.as_mut().poll(&mut Context::from_waker(&waker))
}

fn count(woken: &Woken) -> u32 {
    woken.0.load(Ordering::SeqCst)
}

#[test]
fn every_waiter_is_woken_once_and_those_that_left_are_not() {
    for waiters in 1..5 {
        for leaving in 0..waiters {
            let signal = StopSignal::default();
            let mut all: Vec<_> = (0..waiters).map(|_| waiter(&signal)).collect();
            let (removed, left) = all.remove(leaving);
            drop(removed);
            assert_eq!(Arc::strong_count(&left), 1, "its waker is kept");
            all.push(waiter(&signal));
            signal.request_stop();
            assert_eq!(count(&left), 0);
            for (waiting, woken) in &mut all {
                assert_eq!(count(woken), 1);
                assert!(poll(waiting, woken).is_ready());
            }
        }
    }
}

#[test]
fn a_waiter_that_moves_to_another_task_is_woken_there() {
    for others in 0..3 {
        let signal = StopSignal::default();
        let kept: Vec<_> = (0..others).map(|_| waiter(&signal)).collect();
        let (mut waiting, before) = waiter(&signal);
        let after = Arc::new(Woken::default());
        assert!(poll(&mut waiting, &after).is_pending());
        signal.request_stop();
        assert_eq!((count(&before), count(&after)), (0, 1));
        assert!(kept.iter().all(|(_, woken)| count(woken) == 1));
    }
}

#[test]
fn a_wait_after_the_request_is_ready_at_once() {
    let signal = StopSignal::default();
    signal.request_stop();
    let woken = Arc::new(Woken::default());
    assert!(poll(&mut Box::pin(signal.stop_requested(Incarnation::FIRST)), &woken).is_ready());
}

#[test]
fn an_earlier_incarnation_stays_stopped_and_the_next_has_its_own_request() {
    let signal = StopSignal::default();
    let (mut old, woken) = waiter(&signal);
    signal.begin(1);
    assert!(count(&woken) == 1 && poll(&mut old, &woken).is_ready(), "a waiter of the last incarnation is woken");
    let (mut new, woken) = waiter(&signal);
    assert!(signal.is_stop_requested(Incarnation::FIRST) && !signal.is_stop_requested(signal.incarnation()));
    signal.request_stop();
    assert!(count(&woken) == 1 && poll(&mut new, &woken).is_ready());
}

#[test]
fn dropped_waiters_are_removed() {
    let signal = StopSignal::default();
    let stays = waiter(&signal);
    for _ in 0..1000 {
        drop(waiter(&signal));
    }
    assert_eq!(signal.waiters().count_of_many(), 1);
    drop(stays);
}
