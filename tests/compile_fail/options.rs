//! What the attributes take.
#![allow(unused)]
use lifespan::{lifespan_context, lifespan_task};

struct Shutdown;
type Stop = Shutdown;

#[lifespan_task(retries = 3)]
async fn unknown() {}

#[lifespan_task(once, once)]
async fn repeated() {}

#[lifespan_task(first, last)]
async fn first_and_last() {}

#[lifespan_task(name = "", config = a::B)]
async fn names() {}

#[lifespan_task(name = poll, config = "Poll", crate = "lifespan")]
async fn forms() {}

#[lifespan_task(manual = true, once(1))]
async fn switches() {}

#[lifespan_task(after, before = names)]
async fn edges() {}

#[lifespan_task(after(), before("names"))]
async fn empty_edges() {}

#[lifespan_task(after(names, itself))]
async fn itself() {}

#[lifespan_task(startup_timeout = "5", shutdown_timeout = "0s")]
async fn limits() {}

#[lifespan_task(startup_timeout = 5, shutdown_timeout = "99999999999999999999d")]
async fn more_limits() {}

#[lifespan_task(on_failure = "restart", on_return = "tell", on_shutdown = "tell")]
async fn choices() {}

#[lifespan_task(on_shutdown = "notify")]
async fn notified_without_shutdown() {}

#[lifespan_task(on_shutdown = "notify")]
async fn notified_by_an_alias(#[inject] stop: Stop) -> impl Send {}

#[lifespan_task(on_shutdown = "drop", shutdown_timeout = "5s")]
async fn dropped_with_a_limit() {}

#[lifespan_task(on_shutdown = "finish", on_return = "ignore")]
async fn never_finishes() -> ! {
    loop {}
}

#[lifespan_context(once, on_return = "ignore", on_shutdown = "finish")]
async fn context() -> u8 {
    0
}

#[lifespan_task(5, "x")]
async fn nonsense() {}

#[lifespan_task(once manual)]
async fn no_comma() {}

#[lifespan_task(readiness = "degraded")]
async fn readiness() {}

#[lifespan_task(readiness = required)]
async fn unquoted_readiness() {}

#[lifespan_context(readiness)]
async fn readiness_without_a_value() -> u8 {
    0
}

#[lifespan_task(background, once, on_return = "shutdown")]
async fn keeps_open_and_does_not() {}

#[lifespan_task(background = true)]
async fn background_with_a_value() {}

#[lifespan_context(background)]
async fn background_context() -> u8 {
    0
}

#[lifespan_task(manual, always, configured)]
async fn runs_and_does_not() {}

#[lifespan_task(manual, profile("a"))]
async fn manual_and_profile() {}

#[lifespan_task(always, profile("a b", "c", "c"))]
async fn always_and_profile() {}

#[lifespan_task(profile = "a")]
async fn profile_without_a_list() {}

#[lifespan_task(profile())]
async fn no_profile() {}

#[lifespan_task(profile(a))]
async fn unquoted_profile() {}

fn main() {}
