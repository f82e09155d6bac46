//! The same through lifespan.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use lifespan::{App, Report, Shutdown, lifespan_task};

use crate::sample::{Numbers, timed};
use crate::{arrivals, heap};

#[lifespan_task]
async fn wait(id: u64, shutdown: Shutdown) {
    arrivals::arrive();
    shutdown.requested().await;
    black_box(id);
}

/// The same with a restart policy, which is not called upon here.
#[lifespan_task(restart(transient))]
async fn wait_or_restart(id: u64, shutdown: Shutdown) {
    arrivals::arrive();
    shutdown.requested().await;
    black_box(id);
}

/// Registers, starts and stops that many instances.
pub async fn run(app: App, number: usize) -> Numbers {
    up_and_down(app, number, |app, id| app.register(WaitConfig { id })).await
}

/// That many instances that would be restarted.
pub async fn restarting(app: App, number: usize) -> Numbers {
    up_and_down(app, number, |app, id| app.register(WaitOrRestartConfig { id })).await
}

async fn up_and_down<R, E: Debug>(app: App, number: usize, register: impl Fn(&App, u64) -> Result<R, E>) -> Numbers {
    arrivals::expect(number);
    let before = heap::live();
    let begin = Instant::now();
    for id in 0..number as u64 {
        register(&app, id).expect("nothing is launched yet");
    }
    let registering = begin.elapsed();
    let (starting, running) = timed(app.start()).await;
    let running = running.expect("nothing here fails");
    assert_eq!(arrivals::count(), number, "up is: every task has run to its first await");
    let heap = heap::live() - before;
    let (stop, report) = timed(running.stop()).await;
    let start = up_after(&report);
    Numbers { plan: registering + starting.saturating_sub(start), start, stop, heap }
}

/// How long after the launch, which is the end of planning, the last unit was up.
pub fn up_after(report: &Report) -> Duration {
    assert!(report.is_success(), "{report}");
    report.units().iter().filter_map(|unit| unit.up).max().unwrap_or_default()
}
