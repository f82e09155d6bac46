//! Restarts in place, which no reader of events hears of, tell the same story as those that are heard: rules 70 to 73.

mod common;

use std::fmt;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Broken, record};
use lifespan::{App, Outcome, Report, Shutdown, Stage, lifespan_task};
use tokio::time::{Instant, sleep};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The number of starts of a unit.
type Starts = Arc<AtomicU32>;

fn next(starts: &Starts) -> u32 {
    starts.fetch_add(1, Ordering::Relaxed) + 1
}

/// A way in which a task asks for the stop.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stop {
    Shutdown,
    Because,
    Exit,
}

/// Fails twice, then requests the stop and fails.
async fn stop_and_fail(starts: &Starts, stop: Stop, app: &App) -> Result<(), Broken> {
    let start = next(starts);
    tokio::task::yield_now().await;
    if start < 3 {
        return Err(Broken::Wire);
    }
    match stop {
        Stop::Shutdown => app.shutdown(),
        Stop::Because => app.shutdown_because("it is enough"),
        Stop::Exit => app.exit(75),
    }
    Err(Broken::Pipe)
}

#[lifespan_task(manual, restart(transient, backoff = "0s"))]
async fn stops(#[config(code)] starts: Starts, #[config(code)] stop: Stop, app: App) -> Result<(), Broken> {
    stop_and_fail(&starts, stop, &app).await
}

#[lifespan_task(manual, restart(permanent, backoff = "0s"))]
async fn stops_with_shutdown(
    #[config(code)] starts: Starts,
    #[config(code)] stop: Stop,
    app: App,
    _shutdown: Shutdown,
) -> Result<(), Broken> {
    stop_and_fail(&starts, stop, &app).await
}

async fn run(stop: Stop, is_read: bool, register: impl FnOnce(&App, Starts)) -> (u32, Report) {
    let (app, starts) = (App::empty(), Starts::default());
    register(&app, starts.clone());
    let events = is_read.then(|| record(&app));
    let report = app.launch().await;
    drop(events);
    assert_eq!(report.exit_code(), if stop == Stop::Exit { 75 } else { 0 }, "{stop:?}, read: {is_read}\n{report}");
    (starts.load(Ordering::Relaxed), report)
}

#[tokio::test(start_paused = true)]
async fn rule_72_a_task_that_requests_the_stop_and_fails_does_not_start_again() {
    for stop in [Stop::Shutdown, Stop::Because, Stop::Exit] {
        for is_read in [false, true] {
            let without =
                run(stop, is_read, |app, starts| drop(app.register(StopsConfig { starts, stop }).unwrap())).await;
            let register = |app: &App, starts| drop(app.register(StopsWithShutdownConfig { starts, stop }).unwrap());
            for (starts, report) in [without, run(stop, is_read, register).await] {
                assert_eq!((starts, report.units()[0].restarts), (3, 2), "{stop:?}, read: {is_read}\n{report}");
                let failure = report.failures().last().expect("its last error is kept");
                let error = failure.take_error::<Broken>();
                assert_eq!((failure.stage(), error), (Stage::Shutdown, Some(Broken::Pipe)), "{report}");
                assert!(!failure.is_recovered(), "{report}");
            }
        }
    }
}

/// Fails each 100 ms for so long as it is to.
#[lifespan_task(manual, restart(transient, intensity = 100, period = "1s", backoff = "0s"))]
async fn flaps(#[config(code)] starts: Starts) -> Result<(), Broken> {
    if next(&starts) > 300 {
        pending::<()>().await;
    }
    sleep(Duration::from_millis(100)).await;
    Err(Broken::Wire)
}

#[tokio::test(start_paused = true)]
async fn rule_71_a_task_that_restarts_again_and_again_makes_the_app_degraded() {
    for is_read in [false, true] {
        let (app, starts) = (App::empty(), Starts::default());
        app.register(FlapsConfig { starts: starts.clone() }).unwrap();
        let events = is_read.then(|| record(&app));
        let running = app.start().await.unwrap();
        for second in 1..30 {
            sleep(seconds(1)).await;
            let started = starts.load(Ordering::Relaxed);
            assert!(app.is_degraded(), "read: {is_read}, second {second}, {started} starts");
        }
        assert!(starts.load(Ordering::Relaxed) > 280);
        // 300 starts in 30 s; it has recovered after 10 s more.
        sleep(seconds(15)).await;
        assert!(!app.is_degraded(), "read: {is_read}");
        let report = running.stop().await;
        assert_eq!((report.exit_code(), report.units()[0].restarts), (0, 300), "{report}");
        drop(events);
    }
}

/// An error that says of which start it is.
#[derive(Debug, PartialEq)]
struct Failed(usize);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "start {} failed", self.0)
    }
}

impl std::error::Error for Failed {}

const INTENSITY: usize = 20;
const PERIOD: Duration = Duration::from_secs(10);

/// Fails half as often as it may for so many starts, and from then on ten times as often; notes when it started.
#[lifespan_task(manual, restart(transient, intensity = 20, period = "10s", backoff = "0s"))]
async fn hastens(#[config(code)] starts: Arc<Mutex<Vec<Instant>>>, slow: usize) -> Result<(), Failed> {
    let start = {
        let mut starts = starts.lock().unwrap();
        starts.push(Instant::now());
        starts.len()
    };
    // No sum of these is the period.
    sleep(Duration::from_millis(if start < slow { 997 } else { 97 })).await;
    Err(Failed(start))
}

/// Reads events from then on, for so long as it is polled.
async fn read_from(app: &App, second: u64) {
    sleep(seconds(second)).await;
    let _events = app.events();
    pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_task_restarts_exactly_as_often_as_it_may_within_the_period() {
    // The first restart is the machine's, and so is each after events are read.
    for (slow, reads_from) in [(0, None), (60, None), (60, Some(55))] {
        let (app, starts) = (App::empty(), Arc::<Mutex<Vec<Instant>>>::default());
        app.register(HastensConfig { starts: starts.clone(), slow }).unwrap();
        let launched = Instant::now();
        let report = tokio::select! {
            report = app.launch() => report,
            () = read_from(&app, reads_from.unwrap_or_default()), if reads_from.is_some() => unreachable!("it reads on"),
        };
        let starts = std::mem::take(&mut *starts.lock().unwrap());
        let (ended, restarts) = (launched + report.took(), &starts[1..]);
        let within_period = |now: Instant, restarts: &[Instant]| {
            restarts.iter().filter(|restart| now.duration_since(**restart) < PERIOD).count()
        };
        for (position, &restart) in restarts.iter().enumerate() {
            assert!(
                within_period(restart, &restarts[..position]) < INTENSITY,
                "{slow} slow starts, read from {reads_from:?}, restart {position}"
            );
        }
        assert_eq!(within_period(ended, restarts), INTENSITY, "{slow} slow starts, read from {reads_from:?}\n{report}");
        // The last failure that was absorbed, and the one that was not.
        let failures: Vec<_> =
            report.failures().iter().map(|failure| (failure.take_error(), failure.is_recovered())).collect();
        let last = starts.len();
        assert_eq!(
            failures,
            [(Some(Failed(last - 1)), true), (Some(Failed(last)), false)],
            "{slow} slow starts, read from {reads_from:?}\n{report}"
        );
        let unit = &report.units()[0];
        assert_eq!((report.exit_code(), unit.restarts as usize), (1, restarts.len()), "{report}");
        // It was up for as long as its last incarnation took.
        assert_eq!(unit.up, Some(starts[last - 1] - launched), "{report}");
        assert!(report.to_string().contains("was up 97 ms"), "{report}");
    }
}

/// Returns again and again, as it may.
#[lifespan_task(manual, restart(permanent, intensity = 1000, period = "1s", backoff = "0s"))]
async fn returns() {
    sleep(Duration::from_millis(7)).await;
}

#[tokio::test(start_paused = true)]
async fn rule_63_a_task_that_returns_and_restarts_does_not_make_the_app_degraded() {
    let app = App::empty();
    app.register(ReturnsConfig {}).unwrap();
    let running = app.start().await.unwrap();
    for _ in 0..3 {
        sleep(seconds(5)).await;
        assert!(!app.is_degraded());
        // From here on the restarts are decided elsewhere.
        let events = app.events();
        sleep(seconds(1)).await;
        assert!(!app.is_degraded());
        drop(events);
    }
    assert!(running.stop().await.is_success());
}

/// Fails twice, then does not care that it is asked to stop.
#[lifespan_task(manual, shutdown_timeout = "1s", restart(transient, backoff = "0s"))]
async fn deaf_in_the_end(#[config(code)] starts: Starts, shutdown: Shutdown) -> Result<(), Broken> {
    let _never_asked = shutdown;
    if next(&starts) > 2 {
        pending::<()>().await;
    }
    sleep(Duration::from_millis(100)).await;
    Err(Broken::Wire)
}

#[tokio::test(start_paused = true)]
async fn rule_60_a_task_that_restarted_in_place_has_its_limit_when_it_stops() {
    let app = App::empty();
    app.register(DeafInTheEndConfig { starts: Starts::default() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(1)).await;
    let report = running.stop().await;
    assert_eq!((report.exit_code(), report.units()[0].outcome), (4, Outcome::TimedOut), "{report}");
    assert_eq!(report.took(), seconds(2), "{report}");
}

/// Fails at its first five starts and at its seventh; the sixth waits.
#[lifespan_task(manual, restart(transient, intensity = 5, period = "1h", backoff = "0s"))]
async fn fails_after_a_pause(#[config(code)] starts: Starts) -> Result<(), Broken> {
    if next(&starts) == 6 {
        pending::<()>().await;
    }
    sleep(Duration::from_millis(100)).await;
    Err(Broken::Wire)
}

#[tokio::test(start_paused = true)]
async fn rule_19_restarts_in_place_count_also_after_a_restart_by_hand() {
    for is_read in [false, true] {
        let (app, starts) = (App::empty(), Starts::default());
        app.register(FailsAfterAPauseConfig { starts: starts.clone() }).unwrap();
        let events = is_read.then(|| record(&app));
        let running = app.start().await.unwrap();
        sleep(seconds(1)).await;
        app.restart(fails_after_a_pause).await.unwrap();
        let report = running.wait().await;
        let numbers = (starts.load(Ordering::Relaxed), report.units()[0].restarts, report.exit_code());
        assert_eq!(numbers, (7, 6, 1), "read: {is_read}\n{report}");
        drop(events);
    }
}
