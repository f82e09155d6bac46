//! What `restart(…)` takes, and with what it makes sense.
#![allow(unused)]
use lifespan::{lifespan_context, lifespan_task};

#[lifespan_task(restart)]
async fn no_list() {}

#[lifespan_task(restart = "transient")]
async fn text() {}

#[lifespan_task(restart())]
async fn empty() {}

#[lifespan_task(restart(intensity = 3))]
async fn no_word() {}

#[lifespan_task(restart(permanent, transient))]
async fn two_words() {}

#[lifespan_task(restart(transient, transient, period = "5s", period = "6s"))]
async fn repeated() {}

#[lifespan_task(restart(always, retries = 3, transient))]
async fn unknown() {}

#[lifespan_task(restart(transient = true))]
async fn word_with_a_value() {}

#[lifespan_task(restart(transient, intensity = -1))]
async fn negative_intensity() {}

#[lifespan_task(restart(transient, intensity = "3", jitter = "a little"))]
async fn texts_for_numbers() {}

#[lifespan_task(restart(transient, intensity = 3u8, jitter = 0.2f32))]
async fn numbers_of_a_type() {}

#[lifespan_task(restart(transient, jitter = 1.5))]
async fn too_much_jitter() {}

#[lifespan_task(restart(transient, period = "0s", reset_after = 60))]
async fn limits() {}

#[lifespan_task(restart(transient, backoff = "30s..100ms"))]
async fn backoff_reversed() {}

#[lifespan_task(restart(transient, backoff = "0s..1s"))]
async fn backoff_that_never_grows() {}

#[lifespan_task(restart(temporary, intensity = 3, backoff = "5s"))]
async fn settings_of_what_never_restarts() {}

#[lifespan_task(restart(transient, backoff = "soon..later"))]
async fn backoff_unparsable() {}

#[lifespan_task(restart(transient, backoff = 100))]
async fn backoff_without_a_unit() {}

#[lifespan_context(restart(permanent))]
async fn permanent_context() -> u8 {
    0
}

#[lifespan_task(once, restart(permanent))]
async fn permanent_once() {}

#[lifespan_task(restart(permanent), on_return = "ignore")]
async fn permanent_that_returns() {}

struct NotClone;

#[lifespan_task(restart(transient))]
async fn not_clone(#[config(code)] channel: NotClone) {}

fn main() {}
