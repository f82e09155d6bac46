//! What 100,000 children of one task cost, beside a `JoinSet` in one task.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifespan::{App, Children, Shutdown, lifespan_task};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::by_hand::body;
use crate::sample::{Numbers, timed};
use crate::{arrivals, heap};

async fn waits(id: u64) {
    arrivals::arrive();
    std::future::pending::<()>().await;
    black_box(id);
}

async fn waits_for_shutdown(id: u64, shutdown: Shutdown) {
    arrivals::arrive();
    shutdown.requested().await;
    black_box(id);
}

/// In one task, notified through a token, or aborted.
pub async fn by_hand(number: usize, notified: bool) -> Numbers {
    let parent = async move {
        arrivals::expect(number);
        let before = heap::live();
        let (mut children, token) = (JoinSet::new(), CancellationToken::new());
        let (start, ()) = timed(async {
            for id in 0..number as u64 {
                if notified {
                    children.spawn(body(id, token.clone()));
                } else {
                    children.spawn(waits(id));
                }
            }
            arrivals::all().await;
        })
        .await;
        let heap = heap::live() - before;
        let (stop, ()) = timed(async {
            if notified {
                token.cancel();
            } else {
                children.abort_all();
            }
            while children.join_next().await.is_some() {}
        })
        .await;
        Numbers { start, stop, heap, ..Numbers::default() }
    };
    tokio::spawn(parent).await.expect("nothing here panics")
}

/// What a parent has measured.
type Measured = Arc<Mutex<(Duration, isize)>>;

#[lifespan_task]
async fn parent(number: usize, notified: bool, #[config(code)] measured: Measured, children: Children, shutdown: Shutdown) {
    let before = heap::live();
    let (start, ()) = timed(async {
        for id in 0..number as u64 {
            if notified {
                children.spawn("child", waits_for_shutdown(id, shutdown.clone()));
            } else {
                children.spawn("child", waits(id));
            }
        }
        arrivals::all().await;
    })
    .await;
    *measured.lock().expect("nothing here panics") = (start, heap::live() - before);
    arrivals::arrive();
    shutdown.requested().await;
}

/// Children of a unit.
pub async fn ours(number: usize, notified: bool) -> Numbers {
    arrivals::expect(number);
    let measured = Measured::default();
    let app = App::empty();
    app.register(ParentConfig { number, notified, measured: Arc::clone(&measured) }).expect("nothing is launched yet");
    let running = app.start().await.expect("nothing here fails");
    while arrivals::count() <= number {
        tokio::task::yield_now().await;
    }
    let (stop, report) = timed(running.stop()).await;
    let ended = report.units()[0].children.as_deref().map(|children| children.spawned);
    assert_eq!((report.is_success(), ended), (true, Some(number as u64)), "{report}");
    let (start, heap) = *measured.lock().expect("nothing here panics");
    Numbers { start, stop, heap, ..Numbers::default() }
}
