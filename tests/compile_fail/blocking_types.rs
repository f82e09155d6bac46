//! What the function of a `blocking` task can't return.
#![allow(unused)]
use std::rc::Rc;

use lifespan::lifespan_task;

#[lifespan_task(blocking)]
fn returns_a_value() -> u8 {
    0
}

#[lifespan_task(blocking, once)]
fn returns_what_is_not_sync() -> Rc<u8> {
    Rc::new(0)
}

#[lifespan_task(blocking)]
fn takes_what_is_not_send(#[config(code)] shared: Rc<u8>) {}

fn main() {}
