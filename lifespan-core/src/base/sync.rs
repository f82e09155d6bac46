//! Primitives for wakers, slots and countdowns: the standard library's or, in models, loom's, which tries every
//! interleaving of two threads. How to run the models: `.ci/run`.

#[cfg(not(all(test, lifespan_loom)))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
};

#[cfg(all(test, lifespan_loom))]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
};

/// Tries every order in which the threads of a model can run, with up to three preemptions.
#[cfg(all(test, lifespan_loom))]
pub(crate) fn model(threads: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(threads);
}
