//! What periodic units cost: the CPU of a process in which many tick once a second.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lifespan::{App, lifespan_task};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::sample::Numbers;
use crate::{arrivals, cpu};

/// The floor: a loop around tokio's interval in each task.
const BY_HAND: &str = "periodic, by hand";
/// Who ticks, the floor first.
pub const TICKING: [&str; 2] = [BY_HAND, OURS];
const OURS: &str = "periodic, lifespan";
/// How many ticks of each unit a sample holds.
pub const TICKS: usize = 5;

const PERIOD: Duration = Duration::from_secs(1);

static TICKED: AtomicUsize = AtomicUsize::new(0);

/// What every contestant does at each tick.
fn tick(id: u64) {
    std::hint::black_box(id);
    TICKED.fetch_add(1, Ordering::Relaxed);
}

/// The CPU of that many units over some ticks.
pub async fn of(case: &str, number: usize) -> Numbers {
    match case {
        BY_HAND => by_hand(number).await,
        OURS => ours(number).await,
        _ => panic!("no case {case}"),
    }
}

/// From the middle between two ticks on, so that each unit has as many within.
async fn measured(number: usize) -> Numbers {
    sleep(PERIOD / 2).await;
    let (used, ticked) = (cpu::used(), TICKED.load(Ordering::Relaxed));
    sleep(PERIOD * u32::try_from(TICKS).expect("a few ticks")).await;
    let start = cpu::used().saturating_sub(used);
    assert_eq!(TICKED.load(Ordering::Relaxed) - ticked, number * TICKS, "a tick was missed, or is late");
    Numbers { start, ..Numbers::default() }
}

#[lifespan_task(manual, every = "1s")]
async fn ticks(id: u64) {
    tick(id);
}

async fn ours(number: usize) -> Numbers {
    let app = App::empty();
    for id in 0..number as u64 {
        app.register(TicksConfig { id }).expect("nothing is launched yet");
    }
    let running = app.start().await.expect("nothing here fails");
    let numbers = measured(number).await;
    // Stopping is not what is measured.
    std::mem::forget(running);
    numbers
}

async fn by_hand(number: usize) -> Numbers {
    arrivals::expect(number);
    let mut tasks = JoinSet::new();
    for id in 0..number as u64 {
        tasks.spawn(async move {
            let mut interval = interval(PERIOD);
            interval.tick().await;
            arrivals::arrive();
            loop {
                interval.tick().await;
                tick(id);
            }
        });
    }
    arrivals::all().await;
    measured(number).await
}
