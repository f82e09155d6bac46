//! Where `Ready` says something.
#![allow(unused)]
use lifespan::{Ready, Scope, lifespan_context, lifespan_task};

#[lifespan_context]
async fn context(ready: Ready, scope: Scope) {
    scope.until_shutdown().await;
}

#[lifespan_task(once)]
async fn step(ready: Ready) {}

#[lifespan_task]
async fn twice(ready: Ready, again: Ready) {}

#[lifespan_task]
async fn optional(ready: Option<Ready>) {}

fn main() {}
