//! Periodic work: acceptance cases 30 to 33, and what else a schedule promises.

mod common;

use std::cell::Cell;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use common::{Broken, Guard, Story, outcome, record};
use lifespan::__private as lower;
use lifespan::{
    App, Cause, Children, Event, Outcome, ProblemKind, Report, Res, RunOutcome, Shutdown, Stage, State, Tick,
    TriggerError, lifespan_context, lifespan_task,
};
use proptest::prelude::*;
use tokio::time::{Instant, advance, sleep};

const EPOCH: SystemTime = SystemTime::UNIX_EPOCH;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// An app whose wall clock shows the epoch at the launch, so that times read as what has passed since.
fn app() -> App {
    App::empty().wall_clock(EPOCH)
}

/// A run: when it was started, for when, its number, and how many before it were missed; in milliseconds since the launch.
type Run = (u64, u64, u64, u64);

/// The runs that were started.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Run>>>);

impl Log {
    fn note(&self, tick: &Tick) {
        let millis = |time: SystemTime| u64::try_from(time.duration_since(EPOCH).unwrap().as_millis()).unwrap();
        let run = (millis(tick.started()), millis(tick.scheduled()), tick.number(), tick.missed());
        self.0.lock().unwrap().push(run);
    }

    fn all(&self) -> Vec<Run> {
        self.0.lock().unwrap().clone()
    }

    /// When runs were started.
    fn starts(&self) -> Vec<u64> {
        self.all().iter().map(|run| run.0).collect()
    }
}

/// Runs an app for so long after it is up, with its events in short words.
async fn run_for(app: &App, time: Duration) -> (Report, Vec<String>) {
    let recorded = record(app);
    let running = app.start().await.unwrap();
    sleep(time).await;
    let report = running.stop().await;
    (report, recorded.await.unwrap())
}

fn runs(report: &Report, name: &str) -> (u64, u64, u64) {
    let runs = report.unit(name).unwrap().runs.as_ref().expect("it has a schedule");
    (runs.started, runs.failed, runs.missed)
}

#[tokio::test(start_paused = true)]
async fn case_30_every_keeps_its_phase_over_10_000_ticks() {
    #[lifespan_task(manual, every = "100ms")]
    async fn beat(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
        sleep(Duration::from_millis(tick.number() % 100)).await;
    }
    let (app, log) = (app(), Log::default());
    app.register(BeatConfig { log: log.clone() }).unwrap();
    let (report, _) = run_for(&app, Duration::from_millis(999_950)).await;
    let expected: Vec<_> = (0..10_000).map(|number| (number * 100, number * 100, number + 1, 0)).collect();
    assert_eq!(log.all(), expected);
    assert_eq!(runs(&report, "beat"), (10_000, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn case_30_delay_counts_from_the_end_of_a_run() {
    #[lifespan_task(manual, delay = "5s")]
    async fn rest(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
        sleep(seconds(tick.number())).await;
    }
    let (app, log) = (app(), Log::default());
    app.register(RestConfig { log: log.clone() }).unwrap();
    let (report, _) = run_for(&app, seconds(31)).await;
    assert_eq!(log.starts(), [0, 6_000, 13_000, 21_000, 30_000]);
    assert_eq!((runs(&report, "rest"), report.exit_code()), ((5, 0, 0), 0));
}

#[tokio::test(start_paused = true)]
async fn case_31_times_during_a_run_are_skipped_and_each_is_an_event() {
    #[lifespan_task(manual, every = "10s")]
    async fn slow(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
        sleep(seconds(if tick.number() == 1 { 35 } else { 1 })).await;
    }
    let (app, log) = (app(), Log::default());
    app.register(SlowConfig { log: log.clone() }).unwrap();
    let (report, events) = run_for(&app, seconds(52)).await;
    // The next run after the first, which ends at 35 s, is at the next time.
    assert_eq!(log.all(), [(0, 0, 1, 0), (40_000, 40_000, 2, 3), (50_000, 50_000, 3, 0)]);
    assert_eq!(events.iter().filter(|event| *event == "skipped 1 of slow").count(), 3, "{events:#?}");
    assert_eq!(runs(&report, "slow"), (3, 0, 3));
    assert!(report.to_string().contains("3 runs, 3 missed"), "{report}");
}

/// Seconds since the epoch of a moment in UTC.
fn utc(text: &str) -> SystemTime {
    let moment: jiff::Timestamp = text.parse().unwrap();
    moment.into()
}

#[tokio::test(start_paused = true)]
async fn case_32_a_time_in_the_gap_runs_after_it_and_one_in_the_fold_once() {
    #[lifespan_task(manual, cron = "0 30 2 * * *", zone = "Europe/Berlin")]
    async fn nightly(#[config(code)] at: Arc<Mutex<Vec<SystemTime>>>, tick: Tick) {
        assert_eq!(tick.late(), Duration::ZERO);
        at.lock().unwrap().push(tick.scheduled());
    }
    for (begin, expected) in [
        // At 2:00 the clock is put forward to 3:00: the first moment after the gap.
        ("2026-03-28T00:00:00Z", ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
        // At 3:00 it is put back to 2:00: the first of the two.
        ("2026-10-24T00:00:00Z", ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
    ] {
        let at: Arc<Mutex<Vec<SystemTime>>> = Arc::default();
        let app = App::empty().wall_clock(utc(begin));
        app.register(NightlyConfig { at: Arc::clone(&at) }).unwrap();
        let (report, _) = run_for(&app, seconds(3 * 24 * 3600 - 1)).await;
        assert_eq!(*at.lock().unwrap(), expected.map(utc), "{begin}");
        assert_eq!(runs(&report, "nightly"), (3, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn case_33_shutdown_waits_for_a_run_within_its_grace_and_starts_none() {
    #[lifespan_task(manual, every = "1s", overlap = "queue", shutdown_timeout = "5s")]
    async fn work(#[config(code)] story: Story) {
        story.record("start");
        sleep(seconds(4)).await;
        story.record("end");
    }
    // Asked to stop last, since another unit is after it: it must not start a run meanwhile.
    #[lifespan_task(manual, after(work))]
    async fn lingers(shutdown: Shutdown) {
        shutdown.requested().await;
        sleep(seconds(3)).await;
    }
    #[lifespan_task(manual, every = "1s", after(work), overlap = "parallel(9)")]
    async fn endless(#[config(code)] story: Story) {
        let _guard = Guard(story, "dropped");
        std::future::pending::<()>().await;
    }
    let (app, story) = (app(), Story::default());
    app.register(WorkConfig { story: story.clone() }).unwrap();
    app.register(LingersConfig {}).unwrap();
    let (report, _) = run_for(&app, Duration::from_millis(3_500)).await;
    assert_eq!((story.text().as_str(), report.exit_code()), ("start end", 0), "{report}");
    assert_eq!((outcome(&report, "work"), runs(&report, "work")), (Outcome::Stopped, (1, 0, 0)));

    // Past its grace it is dropped and named, all its runs with it.
    let (app, story) = (self::app().grace(seconds(2)), Story::default());
    app.register(WorkConfig { story: Story::default() }).unwrap();
    app.register(EndlessConfig { story: story.clone() }).unwrap();
    let (report, _) = run_for(&app, Duration::from_millis(1_500)).await;
    assert_eq!(
        (story.text().as_str(), outcome(&report, "endless")),
        ("dropped dropped", Outcome::TimedOut),
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn case_33_no_run_starts_at_the_very_moment_of_the_request() {
    #[lifespan_task(manual, every = "1s")]
    async fn beat(#[config(code)] log: Log, tick: Tick, app: App) {
        log.note(&tick);
        if tick.number() == 3 {
            // The next time comes while the driver has not heard of it yet.
            app.shutdown();
            advance(seconds(5)).await;
        }
    }
    let (app, log) = (app(), Log::default());
    app.register(BeatConfig { log: log.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((log.starts(), runs(&report, "beat")), (vec![0, 1_000, 2_000], (3, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn rule_31_the_first_run_is_at_once_or_after_the_first_period() {
    macro_rules! tasks {
        ($($name:ident $config:ident ($($schedule:tt)*) => $expected:expr;)*) => {$({
            #[lifespan_task(manual, $($schedule)*)]
            async fn $name(#[config(code)] log: Log, tick: Tick) {
                log.note(&tick);
                sleep(seconds(1)).await;
            }
            let (app, log) = (app(), Log::default());
            app.register($config { log: log.clone() }).unwrap();
            assert!(run_for(&app, seconds(149)).await.0.is_success());
            assert_eq!(log.starts(), $expected.map(|at: u64| at * 1000), "{}", stringify!($($schedule)*));
        })*};
    }
    tasks! {
        every EveryConfig (every = "1m") => [0, 60, 120];
        every_now EveryNowConfig (every = "1m", start = "now") => [0, 60, 120];
        every_later EveryLaterConfig (every = "1m", start = "after_first_period") => [60, 120];
        delay DelayConfig (delay = "1m") => [0, 61, 122];
        delay_later DelayLaterConfig (delay = "1m", start = "after_first_period") => [60, 121];
        cron CronConfig (cron = "0 * * * * *") => [60, 120];
        cron_now CronNowConfig (cron = "10 * * * *", start = "now") => [0];
        cron_now_and_then CronNowAndThenConfig (cron = "30 * * * * *", start = "now") => [0, 30, 90];
    }
}

#[tokio::test(start_paused = true)]
async fn rule_31_it_is_up_when_its_schedule_has_begun() {
    #[lifespan_task(manual, every = "1h")]
    async fn long(#[config(code)] story: Story) {
        story.record("run");
        sleep(seconds(1_000)).await;
    }
    #[lifespan_task(manual, after(long))]
    async fn dependent(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("dependent");
        shutdown.requested().await;
    }
    let (app, story) = (app(), Story::default());
    app.register(LongConfig { story: story.clone() }).unwrap();
    app.register(DependentConfig { story: story.clone() }).unwrap();
    let (begun, running) = (Instant::now(), app.start().await.unwrap());
    assert_eq!((story.text().as_str(), begun.elapsed()), ("run dependent", Duration::ZERO));
    // Its run is past the grace.
    assert_eq!(outcome(&running.stop().await, "long"), Outcome::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn rule_31_a_run_is_notified_or_dropped_as_the_task_is() {
    #[lifespan_task(manual, every = "1m")]
    async fn notified(#[config(code)] story: Story, shutdown: Shutdown) {
        shutdown.requested().await;
        story.record("notified");
    }
    #[lifespan_task(manual, every = "1m", on_shutdown = "drop")]
    async fn dropped(#[config(code)] story: Story) {
        let _guard = Guard(story, "dropped");
        std::future::pending::<()>().await;
    }
    let (app, story) = (app(), Story::default());
    app.register(NotifiedConfig { story: story.clone() }).unwrap();
    app.register(DroppedConfig { story: story.clone() }).unwrap();
    let (report, _) = run_for(&app, seconds(1)).await;
    assert_eq!((outcome(&report, "notified"), outcome(&report, "dropped")), (Outcome::Stopped, Outcome::Dropped));
    let mut lines = story.lines();
    lines.sort();
    assert_eq!(lines, ["dropped", "notified"]);
}

#[tokio::test(start_paused = true)]
async fn rule_32_missed_times_fold_are_skipped_or_are_all_made_up_for() {
    macro_rules! held_up {
        ($($name:ident $config:ident ($($missed:tt)*) => $expected:expr;)*) => {$({
            #[lifespan_task(manual, every = "10s", $($missed)*)]
            async fn $name(#[config(code)] log: Log, tick: Tick) {
                log.note(&tick);
            }
            let (app, log) = (app(), Log::default());
            app.register($config { log: log.clone() }).unwrap();
            let running = app.start().await.unwrap();
            // As if the thread had been blocked.
            advance(seconds(35)).await;
            sleep(seconds(6)).await;
            let report = running.stop().await;
            let expected: Vec<Run> = $expected.into();
            assert_eq!(log.all(), expected, "{}", stringify!($($missed)*));
            let missed = expected.iter().map(|run| run.3).sum();
            assert_eq!(runs(&report, stringify!($name)), (expected.len() as u64, 0, missed));
        })*};
    }
    held_up! {
        by_default ByDefaultConfig () => [(0, 0, 1, 0), (35_000, 30_000, 2, 2), (40_000, 40_000, 3, 0)];
        folds FoldsConfig (missed = "fold") => [(0, 0, 1, 0), (35_000, 30_000, 2, 2), (40_000, 40_000, 3, 0)];
        skips SkipsConfig (missed = "skip") => [(0, 0, 1, 0), (35_000, 30_000, 2, 2), (40_000, 40_000, 3, 0)];
        all AllConfig (missed = "all") => [
            (0, 0, 1, 0), (35_000, 10_000, 2, 0), (35_000, 20_000, 3, 0), (35_000, 30_000, 4, 0), (40_000, 40_000, 5, 0)
        ];
    }
}

#[tokio::test(start_paused = true)]
async fn rule_32_a_time_that_is_over_by_more_than_a_minute_is_skipped_where_missed_ones_are() {
    #[lifespan_task(manual, every = "1h", missed = "skip")]
    async fn skips(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
    }
    #[lifespan_task(manual, cron = "0 30 2 * * *", missed = "skip")]
    async fn skips_cron(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
    }
    #[lifespan_task(manual, cron = "0 30 2 * * *")]
    async fn folds_cron(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
    }
    let (app, every, skipped, folded) = (app(), Log::default(), Log::default(), Log::default());
    app.register(SkipsConfig { log: every.clone() }).unwrap();
    app.register(SkipsCronConfig { log: skipped.clone() }).unwrap();
    app.register(FoldsCronConfig { log: folded.clone() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(Duration::from_millis(1)).await;
    advance(seconds(2 * 86_400 + 8 * 3_600 + 61)).await;
    sleep(seconds(86_400)).await;
    let report = running.stop().await;
    assert_eq!(every.all()[..2], [(0, 0, 1, 0), (205_200_000, 205_200_000, 2, 56)]);
    assert_eq!(skipped.all(), [(3 * 86_400_000 + 9_000_000, 3 * 86_400_000 + 9_000_000, 1, 3)]);
    assert_eq!((folded.all()[0].1, folded.all()[0].3), (2 * 86_400_000 + 9_000_000, 2));
    assert_eq!((runs(&report, "skips_cron"), runs(&report, "folds_cron")), ((1, 0, 3), (2, 0, 2)));
}

#[tokio::test(start_paused = true)]
async fn rule_151_a_time_that_is_later_than_allowed_gets_no_run() {
    macro_rules! held_up {
        ($($name:ident $config:ident ($($schedule:tt)*) => $expected:expr, of $times:literal;)*) => {$({
            #[lifespan_task(manual, $($schedule)*)]
            async fn $name(#[config(code)] log: Log, tick: Tick) {
                log.note(&tick);
            }
            let (app, log) = (app(), Log::default());
            app.register($config { log: log.clone() }).unwrap();
            let mut events = app.events();
            let running = app.start().await.unwrap();
            sleep(Duration::from_millis(1)).await;
            // As if the thread had been blocked: the times after 10, 20 and 30 s are 25, 15 and 5 s late.
            advance(Duration::from_millis(34_999)).await;
            sleep(seconds(1)).await;
            let report = running.stop().await;
            let late: Vec<u64> = log.all().iter().filter(|run| run.0 >= 35_000).map(|run| run.1).collect();
            assert_eq!(late, $expected, "{}", stringify!($($schedule)*));
            let mut missed = Vec::new();
            while let Some(event) = events.next().await {
                if let Event::RunsMissed { count, folded, .. } = event {
                    missed.push((count, folded));
                }
            }
            let folded = stringify!($($schedule)*).contains("fold") && !late.is_empty();
            let expected: Vec<_> = std::iter::once(($times - late.len() as u64, folded)).filter(|(count, _)| *count > 0).collect();
            assert_eq!(missed, expected, "{report}");
        })*};
    }
    let none: [u64; 0] = [];
    held_up! {
        all AllConfig (every = "10s", missed = "all", late = "15s") => [20_000, 30_000], of 3;
        all_in_time AllInTimeConfig (every = "10s", missed = "all", late = "25s") => [10_000, 20_000, 30_000], of 3;
        folds FoldsConfig (every = "10s", missed = "fold", late = "5s") => [30_000], of 3;
        folds_none FoldsNoneConfig (every = "10s", missed = "fold", late = "4s") => none, of 3;
        skips SkipsConfig (every = "10s", missed = "skip", late = "4s") => none, of 3;
        cron CronConfig (cron = "*/10 * * * * *", missed = "all", late = "15s") => [20_000, 30_000], of 3;
        cron_folds CronFoldsConfig (cron = "*/10 * * * * *", missed = "fold", late = "4s") => none, of 3;
        one OneConfig (every = "30s", missed = "fold", late = "4s") => none, of 1;
        one_in_time OneInTimeConfig (every = "30s", missed = "fold", late = "5s") => [30_000], of 1;
    }
}

#[tokio::test(start_paused = true)]
async fn rule_33_an_error_a_panic_and_a_timeout_end_the_run_and_not_the_schedule() {
    #[lifespan_task(manual, every = "10s", timeout = "3s")]
    async fn fragile(#[config(code)] story: Story, tick: Tick) -> Result<(), Broken> {
        let _guard = Guard(story, "dropped");
        match tick.number() {
            1 => Err(Broken::Wire),
            2 => panic!("as it should"),
            3 => std::future::pending().await,
            4 => Err(Broken::Pipe),
            _ => Ok(()),
        }
    }
    let (app, story) = (app(), Story::default());
    app.register(FragileConfig { story: story.clone() }).unwrap();
    let mut events = app.events();
    let running = app.start().await.unwrap();
    sleep(seconds(45)).await;
    assert_eq!(app.state(), State::Up);
    let report = running.stop().await;
    assert_eq!((report.exit_code(), outcome(&report, "fragile"), report.failures().len()), (0, Outcome::Stopped, 0));
    assert_eq!((runs(&report, "fragile"), story.lines().len()), ((5, 4, 0), 5));
    let mut failed = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::RunFailed { number, ran, failure, .. } = event {
            assert_eq!(failure.stage(), Stage::Running);
            failed.push((number, ran, failure.cause().clone()));
        }
    }
    assert_eq!(failed.len(), 4);
    assert_eq!(failed[0], (1, Duration::ZERO, Cause::Error));
    assert!(matches!(&failed[1], (2, _, Cause::Panic { message, .. }) if message == "as it should"));
    assert_eq!(failed[2], (3, seconds(3), Cause::RunTimedOut { limit: seconds(3) }));
    let last = report.unit("fragile").unwrap().runs.as_ref().unwrap().last_failure.clone().unwrap();
    assert_eq!(last.take_error::<Broken>(), Some(Broken::Pipe));
    let text = report.to_string();
    assert!(text.contains("5 runs, 4 failed") && text.contains("last failed run: task `fragile` failed"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn rule_33_on_failure_shutdown_makes_a_runs_failure_the_apps() {
    #[lifespan_task(manual, every = "10s", timeout = "3s", on_failure = "shutdown")]
    async fn vital(script: String, tick: Tick) -> Result<(), Broken> {
        match (script.as_str(), tick.number()) {
            ("error", 3) => Err(Broken::Wire),
            ("late", 3) => std::future::pending().await,
            ("at once", _) => Err(Broken::Pipe),
            _ => Ok(()),
        }
    }
    let run = |script: &str| {
        let app = app();
        app.register(VitalConfig { script: script.into() }).unwrap();
        async move { app.launch().await }
    };
    let report = run("error").await;
    assert_eq!((report.exit_code(), report.took(), outcome(&report, "vital")), (1, seconds(20), Outcome::Failed));
    assert_eq!((report.take_error(), report.failures()[0].stage()), (Some(Broken::Wire), Stage::Running));
    let report = run("late").await;
    assert_eq!((report.exit_code(), report.took(), outcome(&report, "vital")), (1, seconds(23), Outcome::Failed));
    assert_eq!(report.failures()[0].cause(), &Cause::RunTimedOut { limit: seconds(3) });
    let report = run("at once").await;
    assert_eq!((report.exit_code(), report.failures()[0].stage()), (3, Stage::Startup));
}

#[tokio::test(start_paused = true)]
async fn rule_33_a_destructor_that_panics_fails_its_run_and_two_of_them_end_no_process() {
    struct Fragile(bool);

    impl Drop for Fragile {
        fn drop(&mut self) {
            assert!(!self.0, "as it should");
        }
    }
    #[lifespan_task(manual, every = "10s", overlap = "parallel(2)", on_shutdown = "drop")]
    async fn fragile(tick: Tick) {
        let _fragile = Fragile(tick.number() != 2);
        if tick.number() > 2 {
            std::future::pending::<()>().await;
        }
    }
    let app = app();
    app.register(FragileConfig {}).unwrap();
    let (report, _) = run_for(&app, seconds(35)).await;
    assert_eq!(runs(&report, "fragile"), (4, 1, 0));
    assert_eq!((report.failures().len(), report.exit_code()), (1, 1), "{report}");
    assert!(matches!(report.failures()[0].cause(), Cause::Panic { place: Some(_), .. }));
}

#[tokio::test(start_paused = true)]
async fn rule_33_each_run_has_fresh_arguments_and_draws_its_resources() {
    #[lifespan_context(manual)]
    async fn shared() -> Story {
        Story::default()
    }
    #[lifespan_task(manual, every = "10s")]
    async fn counts(mut list: Vec<u32>, story: Res<Story>) {
        list.push(7);
        story.record(format!("{list:?}"));
    }
    let app = app();
    app.register(CountsConfig { list: vec![9] }).unwrap();
    app.register(SharedConfig {}).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(25)).await;
    assert_eq!(app.resource::<Story>().unwrap().lines(), ["[9, 7]"; 3]);
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_33_a_runs_children_go_with_it_and_their_failure_is_its_own() {
    #[lifespan_task(manual, every = "10s")]
    async fn spawns(#[config(code)] story: Story, tick: Tick, children: Children) {
        let guard = Guard(story, "dropped");
        let fails = tick.number() == 2;
        drop(children.spawn("child", async move {
            let _guard = guard;
            if fails { Err::<(), _>(Broken::Wire) } else { std::future::pending().await }
        }));
        sleep(seconds(2)).await;
    }
    let (app, story) = (app(), Story::default());
    app.register(SpawnsConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(35)).await;
    assert_eq!(story.text(), "dropped dropped dropped dropped");
    let report = running.stop().await;
    assert_eq!((runs(&report, "spawns"), report.exit_code()), ((4, 1, 0), 0), "{report}");
    let last = report.unit("spawns").unwrap().runs.as_ref().unwrap().last_failure.clone().unwrap();
    assert_eq!((last.child(), last.take_error()), (Some("child"), Some(Broken::Wire)));
}

#[tokio::test(start_paused = true)]
async fn rule_31_jitter_comes_later_and_moves_no_other_time() {
    #[lifespan_task(manual, every = "10s", jitter = "5s")]
    async fn spread(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
    }
    let (app, log) = (app(), Log::default());
    app.register(SpreadConfig { log: log.clone() }).unwrap();
    assert!(run_for(&app, seconds(1_005)).await.0.is_success());
    let runs = log.all();
    assert_eq!(runs.len(), 101);
    for (number, (started, scheduled, ..)) in (0..).zip(&runs) {
        assert_eq!(*scheduled, number * 10_000);
        assert!((0..=5_001).contains(&(started - scheduled)), "{started} {scheduled}");
    }
    assert!(runs.iter().any(|run| run.0 - run.1 > 2_000) && runs.iter().any(|run| run.0 - run.1 < 2_000));
}

#[tokio::test(start_paused = true)]
async fn rule_34_trigger_runs_one_now_and_gives_its_outcome() {
    #[lifespan_task(manual, every = "10s")]
    async fn work(#[config(code)] log: Log, tick: Tick) -> Result<(), Broken> {
        log.note(&tick);
        sleep(seconds(3)).await;
        if tick.is_triggered() && tick.number() == 3 { Err(Broken::Wire) } else { Ok(()) }
    }
    let (app, log) = (app(), Log::default());
    app.register(WorkConfig { log: log.clone() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(1)).await;
    // One run is under way: these wait for their turn, one after the other.
    let (first, second) = (app.trigger(work), app.trigger("work"));
    assert!(first.await.unwrap().is_success());
    assert_eq!(log.starts(), [0, 3_000, 6_000]);
    let outcome = second.await.unwrap();
    assert!(matches!(&outcome, RunOutcome::Failed(failure) if failure.take_error() == Some(Broken::Wire)));
    // It is dropped, and the run is made all the same, once; the time at 10 s comes during it and is skipped. The phase
    // stays.
    drop(app.trigger(String::from("work")));
    sleep(seconds(22)).await;
    let expected = [(0, 0), (3_000, 3_000), (6_000, 6_000), (9_000, 9_000), (20_000, 20_000), (30_000, 30_000)];
    assert_eq!(log.all().iter().map(|run| (run.0, run.1)).collect::<Vec<_>>(), expected);
    assert_eq!(runs(&running.stop().await, "work"), (6, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn rule_34_trigger_says_why_it_can_not() {
    #[lifespan_task(manual, every = "10s", start = "after_first_period", on_shutdown = "drop")]
    async fn work(#[config(key)] name: String) {
        let _ = name;
        std::future::pending::<()>().await;
    }
    #[lifespan_task(manual)]
    async fn plain(shutdown: Shutdown) {
        shutdown.requested().await;
    }
    #[lifespan_task(manual, every = "10s")]
    async fn elsewhere() {}
    let app = app();
    for name in ["home", "away"] {
        app.register(WorkConfig { name: name.into() }).unwrap();
    }
    app.register(PlainConfig {}).unwrap();
    assert!(matches!(app.trigger(work).await, Err(TriggerError::NotRunning { .. })));
    let running = app.start().await.unwrap();
    assert!(matches!(app.trigger(elsewhere).await, Err(TriggerError::NotRegistered { .. })));
    assert!(matches!(app.trigger("work").await, Err(TriggerError::NotRegistered { .. })));
    assert!(matches!(app.trigger(plain).await, Err(TriggerError::NotScheduled { name }) if name == "plain"));
    let several = app.trigger(work).await.unwrap_err();
    assert!(several.to_string().ends_with("`work[home]`, `work[away]`"), "{several}");
    let (begun, left) = (app.trigger("work[home]"), app.trigger("work[home]"));
    sleep(seconds(1)).await;
    app.shutdown();
    let report = running.wait().await;
    assert!(matches!(begun.await, Err(TriggerError::Stopping { name }) if name == "work[home]"));
    assert!(matches!(left.await, Err(TriggerError::ShuttingDown { name }) if name == "work[home]"));
    assert_eq!(runs(&report, "work[home]"), (1, 0, 0));
    assert!(matches!(app.trigger("work[home]").await, Err(TriggerError::NotRunning { .. })));
}

#[tokio::test(start_paused = true)]
async fn rule_34_a_triggered_run_moves_no_delay() {
    #[lifespan_task(manual, delay = "10s", start = "after_first_period")]
    async fn rest(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
        sleep(seconds(1)).await;
    }
    let (app, log) = (app(), Log::default());
    app.register(RestConfig { log: log.clone() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(5)).await;
    app.trigger(rest).await.unwrap();
    sleep(seconds(16)).await;
    assert_eq!(log.starts(), [5_000, 10_000, 21_000]);
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_31_a_restart_of_the_task_leaves_its_schedule_as_it_is() {
    #[lifespan_task(manual, every = "10s")]
    async fn work(#[config(code)] log: Log, tick: Tick) {
        log.note(&tick);
        sleep(seconds(1)).await;
    }
    let (app, log) = (app(), Log::default());
    app.register(WorkConfig { log: log.clone() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(Duration::from_millis(10_500)).await;
    // It waits for the run under way.
    app.restart(work).await.unwrap();
    sleep(seconds(11)).await;
    assert_eq!(log.starts(), [0, 10_000, 20_000]);
    assert!(app.trigger(work).await.unwrap().is_success());
    assert_eq!(runs(&running.stop().await, "work"), (4, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn rule_35_the_plan_and_the_log_show_the_next_three_times() {
    #[lifespan_task(manual, every = "90s")]
    async fn periodic() {}
    #[lifespan_task(manual, every = "90s", start = "after_first_period")]
    async fn later() {}
    #[lifespan_task(manual, delay = "5s")]
    async fn resting() {}
    #[lifespan_task(manual, cron = "30 2 * * *", zone = "Europe/Berlin")]
    async fn nightly() {}
    let app = App::empty().wall_clock(utc("2026-03-28T00:00:00Z"));
    app.register(PeriodicConfig {}).unwrap();
    app.register(LaterConfig {}).unwrap();
    app.register(RestingConfig {}).unwrap();
    app.register(NightlyConfig {}).unwrap();
    let plan = app.check().unwrap().to_string();
    for part in [
        "runs every 90 s: at once, in 90 s, in 180 s",
        "runs every 90 s: in 90 s, in 180 s, in 270 s",
        "runs at once, and 5 s after each run",
        "runs cron `30 2 * * *` in Europe/Berlin: 2026-03-28 02:30:00, 2026-03-29 03:00:00, 2026-03-30 02:30:00",
    ] {
        assert!(plan.contains(part), "{part}\n{plan}");
    }
    let (_, events) = run_for(&app, seconds(1)).await;
    let begun: Vec<_> = events.iter().filter(|event| event.starts_with("scheduled ")).collect();
    assert_eq!(begun.len(), 4, "{events:#?}");
    assert!(begun[3].contains("in Europe/Berlin: 2026-03-28 02:30:00, 2026-03-29 03:00:00"), "{}", begun[3]);
}

#[test]
fn rule_35_an_aliased_tick_and_an_aliased_ready_are_problems_of_the_plan() {
    type Which = Tick;
    type Up = lifespan::Ready;
    #[lifespan_task(manual)]
    async fn no_schedule(#[inject] which: Which) {
        let _ = which;
    }
    #[lifespan_task(manual, every = "5s")]
    async fn takes_ready(#[inject] up: Up) {
        up.notify();
    }
    let app = App::empty();
    app.register(NoScheduleConfig {}).unwrap();
    app.register(TakesReadyConfig {}).unwrap();
    let error = app.check().unwrap_err();
    assert!(error.problems().iter().all(|problem| problem.kind() == ProblemKind::Declaration));
    let text = error.to_string();
    assert!(
        text.contains("task `no_schedule`: a `Tick` describes a run of a schedule, but this unit has none"),
        "{text}"
    );
    assert!(
        text.contains(
            "task `takes_ready`: a task with a schedule is up once the schedule has started, so it takes no `Ready`"
        ),
        "{text}"
    );
}

/// What the operator says over: a real process, to which the environment and the file belong.
mod policy {
    use super::*;

    const PROGRAM: &str = "LIFESPAN_TEST_PROGRAM";

    /// Overridden in the test.
    #[lifespan_task(every = "1h")]
    async fn sweep(app: App, tick: Tick) {
        println!("run at {:?} s", tick.scheduled().duration_since(EPOCH).unwrap().as_secs());
        if tick.number() == 3 {
            app.shutdown();
        }
    }

    /// The program itself; nothing where it is not asked to be.
    #[test]
    fn program() {
        if std::env::var_os(PROGRAM).is_none() {
            return;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let report = runtime.block_on(App::new().wall_clock(EPOCH).launch());
        println!("{report}");
        std::process::exit(report.exit_code().into());
    }

    fn run(name: &str, file: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let directory = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("schedules-{name}"));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("lifespan.toml"), file).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "policy::program", "--nocapture"]).current_dir(&directory).env(PROGRAM, "1");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), text)
    }

    #[test]
    fn rule_36_the_operator_overrides_a_schedule_by_file_and_variable() {
        let (code, text) = run("declared", "", &[]);
        assert!(code == 0 && text.contains("run at 0 s\nrun at 3600 s\nrun at 7200 s"), "{text}");
        let file = "[lifespan.policy.sweep]\ncron = '30 2 * * *'\nzone = 'Asia/Tokyo'";
        let (code, text) = run("cron", file, &[]);
        assert!(code == 0 && text.contains("run at 63000 s\nrun at 149400 s"), "{text}");
        let (code, text) = run("zone", file, &[("LIFESPAN_POLICY__SWEEP__ZONE", "UTC")]);
        assert!(code == 0 && text.contains("run at 9000 s\nrun at 95400 s"), "{text}");
    }

    #[test]
    fn rule_36_an_operators_invalid_setting_is_reported_before_anything_runs() {
        let (code, text) = run("never", "[lifespan.policy.sweep]\ncron = '0 0 0 31 2 *'", &[]);
        assert!(code == 2 && text.contains("never comes") && text.contains("lifespan.toml:2"), "{text}");
    }
}

/// A unit whose schedule is made at run time, for the property.
struct Random {
    lengths: Vec<u64>,
    log: Log,
}

thread_local! {
    static UNIT: Cell<Option<&'static lower::Descriptor>> = const { Cell::new(None) };
}

impl lower::Config for Random {
    fn descriptor() -> &'static lower::Descriptor {
        UNIT.get().expect("a case has made one")
    }
}

/// Runs for as long as its number says, in milliseconds.
async fn random(lengths: Vec<u64>, log: Log, tick: Tick) {
    log.note(&tick);
    let position = usize::try_from(tick.number()).unwrap() % lengths.len();
    if lengths[position] > 0 {
        sleep(Duration::from_millis(lengths[position])).await;
    }
}

fn unit(schedule: lower::Schedule<lower::Written>) -> &'static lower::Descriptor {
    let place = lower::Location { file: file!(), line: line!(), column: column!() };
    Box::leak(Box::new(lower::Descriptor {
        info: lower::UnitInfo {
            kind: lower::Kind::Task,
            name: "random",
            module: module_path!(),
            place,
            name_place: place,
            docs: "",
            id: || lower::id_of(random),
            options: lower::Options { manual: true, schedule: Some(schedule), ..lower::Options::NONE },
            after: &[],
            before: &[],
            needs: &[<Tick as lower::Inject>::need],
            returns: None,
            arguments: &[],
        },
        bind: |_| None,
        key: None,
        start: |mut start| {
            let again = |config: &Random| Some(Random { lengths: config.lengths.clone(), log: config.log.clone() });
            let config = start.config::<Random>(again);
            let future = random(config.lengths, config.log, start.inject::<Tick>());
            lower::runs(future, lower::Output::<()>::NEW.how())
        },
    }))
}

/// A schedule, for the model.
#[derive(Clone, Debug)]
struct Case {
    period: u64,
    at_once: bool,
    missed: lower::Missed,
    overlap: lower::Overlap,
    lengths: Vec<u64>,
}

impl Case {
    fn any() -> impl Strategy<Value = Case> {
        use lower::{Missed, Overlap};
        let missed = prop_oneof![Just(Missed::Fold), Just(Missed::Skip), Just(Missed::All)];
        let overlap = prop_oneof![Just(Overlap::Skip), Just(Overlap::Queue), (1..4_u32).prop_map(Overlap::Parallel)];
        (1..30_u64, any::<bool>(), missed, overlap, prop::collection::vec(0..60_u64, 1..6))
            .prop_map(|(period, at_once, missed, overlap, lengths)| Case { period, at_once, missed, overlap, lengths })
    }

    /// Slow and simple: looks at every millisecond. No time is late, so `missed` has nothing to decide.
    fn model(&self, until: u64) -> Vec<Run> {
        use lower::Overlap;
        let limit = if let Overlap::Parallel(limit) = self.overlap { limit as usize } else { 1 };
        let (mut runs, mut under_way, mut waiting, mut missed) = (Vec::new(), Vec::<u64>::new(), Vec::<u64>::new(), 0);
        for now in 0..=until {
            under_way.retain(|end| *end > now);
            if now % self.period == 0 && (self.at_once || now > 0) {
                if under_way.len() < limit || self.overlap == Overlap::Queue {
                    waiting.push(now);
                } else {
                    missed += 1;
                }
            }
            while under_way.len() < limit && !waiting.is_empty() {
                let number = runs.len() as u64 + 1;
                runs.push((now, waiting.remove(0), number, std::mem::take(&mut missed)));
                let length = self.lengths[usize::try_from(number).unwrap() % self.lengths.len()];
                under_way.extend((length > 0).then_some(now + length));
            }
        }
        runs
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_runs_as_a_slow_and_simple_model_says(case in Case::any()) {
        const UNTIL: u64 = 400;
        let begin = if case.at_once { lower::Begin::Now } else { lower::Begin::AfterFirstPeriod };
        UNIT.set(Some(unit(lower::Schedule {
            start: Some(begin),
            missed: case.missed,
            overlap: case.overlap,
            ..lower::Schedule::of(lower::Timing::Every(Duration::from_millis(case.period)))
        })));
        let log = Log::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let report = runtime.block_on(async {
            let app = app().grace(Duration::from_secs(1));
            app.register(Random { lengths: case.lengths.clone(), log: log.clone() }).unwrap();
            let running = app.start().await.unwrap();
            // Between two milliseconds, so that it comes neither before nor after an event in one.
            sleep(Duration::from_millis(UNTIL)).await;
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            running.stop().await
        });
        prop_assert!(report.is_success(), "{}", report);
        prop_assert_eq!(log.all(), case.model(UNTIL));
    }
}
