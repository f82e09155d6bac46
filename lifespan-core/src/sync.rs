//! What hand-written wakers, slots and countdowns are made of: the standard library's primitives, or loom's, which tries
//! every order of what two threads do, in the models that stand beside them. How to run these: `.ci/run`.

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
