//! What a child may return.
#![allow(unused)]
use lifespan::{Children, lifespan_task};

struct NoError;

#[lifespan_task]
async fn spawns(children: Children) {
    children.spawn("a value", async { 5 });
    children.spawn("no error", async { Ok::<(), NoError>(()) });
}

fn main() {}
