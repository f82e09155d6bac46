//! A config struct that has the name of a type of the user's.
#![allow(unused)]
use lifespan::lifespan_task;

pub struct PollConfig {
    pub every: u8,
}

#[lifespan_task]
async fn poll(every: u8) {}

fn main() {}
