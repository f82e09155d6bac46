//! The same through the peers.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::by_hand::body;
use crate::sample::{Numbers, timed};
use crate::{arrivals, heap};

/// `tokio_util::task::TaskTracker` and one token.
pub async fn task_tracker(number: usize) -> Numbers {
    arrivals::expect(number);
    let before = heap::live();
    let (tasks, token) = (TaskTracker::new(), CancellationToken::new());
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
        tasks.close();
        tasks.wait().await;
    })
    .await;
    Numbers { start, stop, heap, ..Numbers::default() }
}

/// `tokio-graceful-shutdown`, one subsystem for each task.
pub async fn graceful_shutdown(number: usize) -> Numbers {
    arrivals::expect(number);
    let before = heap::live();
    let stop = CancellationToken::new();
    let begin = Instant::now();
    let serving = {
        let root = async move |root: &mut SubsystemHandle| {
            for id in 0..number as u64 {
                let unit = async move |unit: &mut SubsystemHandle| {
                    arrivals::arrive();
                    unit.on_shutdown_requested().await;
                    std::hint::black_box(id);
                    Ok::<(), Infallible>(())
                };
                root.start(SubsystemBuilder::new(format!("wait#{id}"), unit));
            }
        };
        let top = Toplevel::new_with_shutdown_token(root, stop.clone());
        let serving = tokio::spawn(top.handle_shutdown_requests(Duration::from_mins(1)));
        arrivals::all().await;
        serving
    };
    let start = begin.elapsed();
    let heap = heap::live() - before;
    let (stop, stopped) = timed(async {
        stop.cancel();
        serving.await
    })
    .await;
    stopped.expect("nothing here panics").expect("every subsystem stops in time");
    Numbers { start, stop, heap, ..Numbers::default() }
}
