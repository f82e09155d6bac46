//! Where a unit has `Children`.
#![allow(unused)]
use lifespan::{Children, Scope, lifespan_context, lifespan_task};

// It would have ended, and its children with it, as soon as it is up.
#[lifespan_context]
async fn client(children: Children) -> u32 {
    5
}

#[lifespan_context]
async fn fallible_client(children: Children) -> Result<u32, String> {
    Ok(5)
}

#[lifespan_task]
async fn optional(children: Option<Children>) {}

// These are as they should be.
#[lifespan_context]
async fn scoped(children: Children, scope: Scope) {
    scope.until_shutdown().await;
}

#[lifespan_task(once)]
async fn step(children: Children) -> u32 {
    5
}

fn main() {}
