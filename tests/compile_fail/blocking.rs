//! What `blocking` can't be said of.
#![allow(unused)]
use std::rc::Rc;

use lifespan::{Scope, Shutdown, lifespan_context, lifespan_task};

#[lifespan_task]
fn neither_async_nor_blocking(shutdown: Shutdown) {
    shutdown.wait();
}

#[lifespan_task(blocking)]
async fn both(shutdown: Shutdown) {
    shutdown.requested().await;
}

#[lifespan_context]
fn context_without_async() -> u8 {
    0
}

#[lifespan_context(blocking)]
fn blocking_context() -> u8 {
    0
}

#[lifespan_context(blocking)]
async fn blocking_async_context(scope: Scope) {
    scope.until_shutdown().await;
}

#[lifespan_task(blocking, on_shutdown = "drop")]
fn dropped() {}

#[lifespan_task(blocking, on_shutdown = "notify")]
fn notified_without_shutdown() {}

#[lifespan_task(blocking)]
fn without_end(shutdown: Shutdown) -> ! {
    loop {}
}

#[lifespan_task(blocking = true)]
fn with_a_value() {}

#[lifespan_task(blocking, once)]
fn everything_at_once() -> impl Send {}

fn main() {}
