//! The floor: the cheapest code that a user would write, a `JoinSet` and one `CancellationToken`.

use std::hint::black_box;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::sample::{Numbers, timed};
use crate::{arrivals, heap};

/// The body that all contestants run, with the peers' way to learn of the stop.
pub async fn body(id: u64, token: CancellationToken) {
    arrivals::arrive();
    token.cancelled().await;
    black_box(id);
}

/// From `main`, as most programs do.
pub async fn join_set(number: usize) -> Numbers {
    arrivals::expect(number);
    let before = heap::live();
    let (mut tasks, token) = (JoinSet::new(), CancellationToken::new());
    let (start, ()) = timed(async {
        for id in 0..number as u64 {
            tasks.spawn(body(id, token.clone()));
        }
        arrivals::all().await;
    })
    .await;
    let heap = heap::live() - before;
    let (stop, ()) = timed(async {
        token.cancel();
        while tasks.join_next().await.is_some() {}
    })
    .await;
    Numbers { start, stop, heap, ..Numbers::default() }
}

/// From a task, where a multi-thread runtime takes new tasks for less.
pub async fn join_set_in_a_task(number: usize) -> Numbers {
    tokio::spawn(join_set(number)).await.expect("nothing here panics")
}
