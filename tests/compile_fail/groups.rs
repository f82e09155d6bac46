//! What `group!` takes, and what a member of a group may say.
#![allow(unused)]
use lifespan::lifespan_task;

lifespan::group! { no_strategy: }
lifespan::group! { no_colon }
lifespan::group! { two_strategies: one_for_one, one_for_all }
lifespan::group! { unknown: rest_for_two, retries = 3, rest_for_one }
lifespan::group! { repeated: one_for_all, period = "5s", period = "6s" }
lifespan::group! { not_numbers: one_for_all, intensity = "3", period = 5 }
lifespan::group! { strategy_with_a_value: one_for_all = true }

lifespan::group! { ingest: one_for_all, intensity = 3 }

#[lifespan_task(group)]
async fn no_path() {}

#[lifespan_task(group = "ingest")]
async fn text() {}

#[lifespan_task(group = missing)]
async fn no_such_group() {}

#[lifespan_task(group = no_path)]
async fn no_group() {}

#[lifespan_task(group = ingest, restart(transient, intensity = 3, period = "5s"))]
async fn counted_twice() {}

#[lifespan_task(group = ingest, restart(temporary))]
async fn temporary_member() {}

struct NotClone;

#[lifespan_task(group = ingest)]
async fn member_with_an_argument_that_is_not_clone(#[config(code)] thing: NotClone) {}

fn main() {}
