//! Names that lead nowhere.
#![allow(unused)]
use lifespan::lifespan_task;

#[lifespan_task(after(nowhere), before(crate::never::seen))]
async fn after_nothing() {}

fn main() {}
