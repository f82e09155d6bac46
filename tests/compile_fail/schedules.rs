//! What a schedule takes, and with what it makes sense.
#![allow(unused)]
use lifespan::{Children, Ready, Scope, Tick, lifespan_context, lifespan_task};

#[lifespan_task(every = "0s")]
async fn zero_period() {}

#[lifespan_task(every = "-5s")]
async fn negative_period() {}

#[lifespan_task(every = 5)]
async fn period_without_a_unit() {}

#[lifespan_task(every = "often")]
async fn unparsable_period() {}

#[lifespan_task(every)]
async fn no_period() {}

#[lifespan_task(delay = "0ms")]
async fn zero_delay() {}

#[lifespan_task(every = "5s", timeout = "0s", jitter = "-1s")]
async fn zero_timeout_and_negative_jitter() {}

#[lifespan_task(every = "5s", every = "6s")]
async fn twice() {}

#[lifespan_task(every = "5s", delay = "5s", cron = "* * * * *")]
async fn three_schedules() {}

#[lifespan_task(cron = "0 0 0 31 2 *")]
async fn thirty_first_of_february() {}

#[lifespan_task(cron = "0 60 * * * *")]
async fn sixtieth_minute() {}

#[lifespan_task(cron = "every night")]
async fn no_cron_line() {}

#[lifespan_task(cron = "")]
async fn empty_cron_line() {}

#[lifespan_task(cron = "0 0 12 * * * 2030")]
async fn with_a_year() {}

#[lifespan_task(cron = "30 2 * * *", zone = "Europe/Berlim")]
async fn unknown_zone() {}

#[lifespan_task(every = "5s", zone = "UTC")]
async fn zone_without_cron() {}

#[lifespan_task(every = "5s", start = "later", missed = "burst", overlap = "often")]
async fn unknown_words() {}

#[lifespan_task(every = "5s", overlap = "parallel(0)")]
async fn parallel_to_nothing() {}

#[lifespan_task(every = "5s", overlap = 2)]
async fn overlap_of_a_number() {}

#[lifespan_task(every = "5s", jitter = "5s")]
async fn jitter_as_long_as_the_period() {}

#[lifespan_task(delay = "5s", missed = "skip", overlap = "queue")]
async fn delay_misses_nothing() {}

#[lifespan_task(zone = "UTC", start = "now", timeout = "5s")]
async fn no_schedule() {}

#[lifespan_task(every = "5s", once, restart(transient), on_return = "ignore")]
async fn what_a_schedule_replaces() {}

#[lifespan_task(every = "5s")]
async fn never_returns() -> ! {
    loop {}
}

#[lifespan_task(every = "5s")]
async fn takes_ready(ready: Ready) {}

#[lifespan_task(every = "5s")]
async fn optional_tick(tick: Option<Tick>) {}

#[lifespan_task]
async fn tick_without_a_schedule(tick: Tick) {}

#[lifespan_context(every = "5s", overlap = "skip")]
async fn context(tick: Tick) -> u8 {
    0
}

#[lifespan_task(every = "5s", overlap = "parallel(2)")]
async fn children_of_runs_that_overlap(children: Children) {}

struct NotClone;

#[lifespan_task(every = "5s")]
async fn not_clone(#[config(code)] channel: NotClone) {}

#[lifespan_task(blocking, every = "5s", timeout = "1s", overlap = "parallel(2)")]
fn a_thread_can_be_neither_dropped_nor_shared() {}

fn main() {}
