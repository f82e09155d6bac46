//! Rules 75 and 77: a schedule belongs to the registration and not to one start of its unit, and a wait that could never
//! end is refused.

mod common;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use common::{Broken, Story, record};
use lifespan::testing::{TestApp, TestRun, WallClock};
use lifespan::{
    App, Children, Live, Ready, Report, Res, Scope, Shutdown, Tick, TriggerError, lifespan_context, lifespan_task,
};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

const EPOCH: SystemTime = SystemTime::UNIX_EPOCH;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The runs that were started: for which second of the wall clock, and in which.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<Vec<Run>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    scheduled: u64,
    started: u64,
    missed: u64,
}

impl Runs {
    fn note(&self, tick: &Tick) {
        let second = |time: SystemTime| time.duration_since(EPOCH).unwrap().as_secs();
        let run = Run { scheduled: second(tick.scheduled()), started: second(tick.started()), missed: tick.missed() };
        self.0.lock().unwrap().push(run);
    }

    fn all(&self) -> Vec<Run> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn scheduled(&self) -> Vec<u64> {
        self.all().iter().map(|run| run.scheduled).collect()
    }

    fn started(&self) -> Vec<u64> {
        self.all().iter().map(|run| run.started).collect()
    }
}

/// An app whose wall clock shows so many seconds after the epoch at the launch.
fn app_at(second: u64) -> App {
    App::empty().wall_clock(EPOCH + seconds(second))
}

/// Registers what a case runs.
type Register = fn(&App);

fn counts(report: &Report, name: &str) -> (u64, u64) {
    let runs = report.unit(name).unwrap().runs.as_ref().expect("its schedule has begun");
    (runs.started, runs.missed)
}

/// 2:30:00 on the first day.
const NIGHTLY: u64 = 2 * 3600 + 30 * 60;

/// Lines of `cron` on a clock that a test sets.
mod set_clocks {
    use super::*;

    #[lifespan_task(manual, cron = "*/5 * * * * *")]
    async fn every_5_seconds(#[config(code)] runs: Runs, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, cron = "0 */10 * * * *")]
    async fn every_10_minutes(#[config(code)] runs: Runs, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, cron = "0 0 * * * *")]
    async fn hourly(#[config(code)] runs: Runs, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, cron = "0 30 2 * * *")]
    async fn nightly(#[config(code)] runs: Runs, tick: Tick) {
        runs.note(&tick);
    }

    async fn start(begin: u64, register: impl FnOnce(TestApp) -> TestApp) -> (TestRun, WallClock) {
        let clock = WallClock::new(EPOCH + seconds(begin));
        let run = register(TestApp::new().wall_clock(&clock)).start().await;
        (run, clock)
    }

    /// Far less than the 3 hours from which on the clock counts as having been wrong.
    const BACK: [u64; 4] = [100, 3600, 2 * 3600 + 59 * 60, 4 * 3600];

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_clock_set_back_never_silences_a_frequent_line() {
        let mut silent = Vec::new();
        for back in BACK {
            let (often, now_and_then) = (Runs::default(), Runs::default());
            let (run, clock) = start(20 * 3600, |app| {
                let app = app.register(Every5SecondsConfig { runs: often.clone() });
                app.register(Every10MinutesConfig { runs: now_and_then.clone() })
            })
            .await;
            run.advance(seconds(1200)).await;
            clock.step_back(seconds(back));
            let before = (often.count(), now_and_then.count());
            run.advance(seconds(1200)).await;
            assert!(run.stop().await.is_success());
            // Within a minute a step is noticed.
            if often.count() - before.0 < 1140 / 5 || now_and_then.count() == before.1 {
                silent.push((back, often.count() - before.0, now_and_then.count() - before.1));
            }
        }
        assert_eq!(silent, []);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_an_hourly_line_goes_by_the_clock_that_was_set_back() {
        let runs = Runs::default();
        let (run, clock) = start(20 * 3600 - 60, |app| app.register(HourlyConfig { runs: runs.clone() })).await;
        run.advance(seconds(360)).await;
        // It shows 20:05, and then 19:05.
        clock.step_back(seconds(3600));
        run.advance(seconds(3600)).await;
        assert!(run.stop().await.is_success());
        assert_eq!(runs.scheduled(), [20 * 3600, 20 * 3600]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_line_with_fixed_hours_does_not_run_twice_on_a_clock_set_back() {
        let runs = Runs::default();
        let (run, clock) = start(NIGHTLY - 60, |app| app.register(NightlyConfig { runs: runs.clone() })).await;
        run.advance(seconds(15 * 60)).await;
        clock.step_back(seconds(30 * 60));
        run.advance(seconds(3600)).await;
        assert!(run.stop().await.is_success());
        assert_eq!(runs.scheduled(), [NIGHTLY]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_clock_set_far_ahead_counts_all_times_and_names_the_latest() {
        #[lifespan_task(manual, cron = "* * * * * *")]
        async fn folds(#[config(code)] runs: Runs, tick: Tick) {
            runs.note(&tick);
        }
        #[lifespan_task(manual, cron = "* * * * * *", missed = "skip")]
        async fn skips(#[config(code)] runs: Runs, tick: Tick) {
            runs.note(&tick);
        }
        let (folded, skipped) = (Runs::default(), Runs::default());
        let (run, clock) = start(0, |app| {
            let app = app.register(FoldsConfig { runs: folded.clone() });
            app.register(SkipsConfig { runs: skipped.clone() })
        })
        .await;
        run.advance(seconds(2)).await;
        clock.step_forward(seconds(3600));
        run.advance(seconds(3)).await;
        let report = run.stop().await;
        let mut wrong = Vec::new();
        for (name, runs) in [("folds", folded), ("skips", skipped)] {
            let (started, missed) = counts(&report, name);
            let late = runs.all().iter().map(|run| run.started - run.scheduled).max();
            // Seconds 1 to 3,605.
            if started + missed != 3605 || late > Some(1) {
                wrong.push((name, started, missed, late));
            }
        }
        assert_eq!(wrong, []);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_with_missed_all_the_times_above_the_limit_are_reported_as_missed() {
        #[lifespan_task(manual, cron = "* * * * * *", missed = "all")]
        async fn makes_up(#[config(code)] runs: Runs, tick: Tick) {
            runs.note(&tick);
        }
        let runs = Runs::default();
        let (run, clock) = start(0, |app| app.register(MakesUpConfig { runs: runs.clone() })).await;
        run.advance(seconds(2)).await;
        clock.step_forward(seconds(3600));
        run.advance(seconds(3)).await;
        let report = run.stop().await;
        let (started, missed) = counts(&report, "makes_up");
        assert_eq!((started + missed, runs.scheduled().last()), (3605, Some(&3605)), "{started} {missed}");
    }
}

/// A unit that starts again while a time of its schedule passes.
mod restarts {
    use super::*;

    struct Pool;

    /// Takes 4 s to be set up again.
    #[lifespan_context(manual)]
    async fn pool(#[config(code)] setups: Arc<AtomicU32>, scope: Scope<Pool>) {
        if setups.fetch_add(1, Ordering::Relaxed) > 0 {
            sleep(seconds(4)).await;
        }
        scope.provide_until_shutdown(Pool).await;
    }

    #[lifespan_task(manual, cron = "0 30 2 * * *")]
    async fn by_default(#[config(code)] runs: Runs, _pool: Res<Pool>, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, cron = "0 30 2 * * *", missed = "skip")]
    async fn skips(#[config(code)] runs: Runs, _pool: Res<Pool>, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, cron = "0 30 2 * * *", missed = "all")]
    async fn makes_up(#[config(code)] runs: Runs, _pool: Res<Pool>, tick: Tick) {
        runs.note(&tick);
    }

    /// Is not restarted with the pool: its run waits for it.
    #[lifespan_task(manual, cron = "0 30 2 * * *")]
    async fn live(#[config(code)] runs: Runs, pool: Live<Pool>, tick: Tick) {
        let _pool = pool.get().await;
        runs.note(&tick);
    }

    /// Restarts the pool 2 s before 2:30:00; it is there again 2 s later than that. How many runs there were until 2:31.
    async fn restart_over_the_time(name: &str, register: impl FnOnce(&App, Runs)) -> (usize, Report, Vec<String>) {
        let (app, runs) = (app_at(NIGHTLY - 10), Runs::default());
        app.register(PoolConfig { setups: Arc::default() }).unwrap();
        register(&app, runs.clone());
        let recorded = record(&app);
        let running = app.start().await.unwrap();
        sleep(seconds(8)).await;
        app.restart(pool).await.unwrap();
        sleep(seconds(60)).await;
        let report = running.stop().await;
        assert!(report.is_success(), "{name}: {report}");
        (runs.count(), report, recorded.await.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_time_that_passes_during_a_restart_has_its_run_or_is_reported_as_missed() {
        let runs = [
            restart_over_the_time("by_default", |app, runs| drop(app.register(ByDefaultConfig { runs }).unwrap()))
                .await,
            restart_over_the_time("makes_up", |app, runs| drop(app.register(MakesUpConfig { runs }).unwrap())).await,
            restart_over_the_time("live", |app, runs| drop(app.register(LiveConfig { runs }).unwrap())).await,
        ];
        assert_eq!(runs.map(|(runs, ..)| runs), [1, 1, 1]);
        let (_, report, events) =
            restart_over_the_time("skips", |app, runs| drop(app.register(SkipsConfig { runs }).unwrap())).await;
        let (started, missed) = counts(&report, "skips");
        assert_eq!(started + missed, 1, "{events:#?}");
        assert!(missed == 0 || events.contains(&"skipped 1 of skips".to_owned()), "{events:#?}");
    }

    /// Loses its connection 2 s before 2:30:00, and has another 2 s after.
    #[lifespan_context(manual, restart(transient, backoff = "4s", jitter = 0.0))]
    async fn lost_once(#[config(code)] setups: Arc<AtomicU32>, scope: Scope<Pool>) -> Result<(), Broken> {
        let lost = async move {
            if setups.fetch_add(1, Ordering::Relaxed) > 0 {
                std::future::pending::<()>().await;
            }
            sleep(seconds(8)).await;
        };
        scope.provide_until_shutdown_or(Pool, lost).await.1.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    lifespan::group! { pair: one_for_all }

    #[lifespan_task(manual, group = pair, restart(transient, backoff = "4s", jitter = 0.0))]
    async fn fails_once(#[config(code)] setups: Arc<AtomicU32>, shutdown: Shutdown) -> Result<(), Broken> {
        if setups.fetch_add(1, Ordering::Relaxed) > 0 {
            shutdown.requested().await;
            return Ok(());
        }
        sleep(seconds(8)).await;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, group = pair, cron = "0 30 2 * * *")]
    async fn nightly_member(#[config(code)] runs: Runs, tick: Tick) {
        runs.note(&tick);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_time_that_passes_while_a_resource_or_a_group_waits_for_its_restart_has_its_run() {
        let runs: [Runs; 2] = std::array::from_fn(|_| Runs::default());
        let app = app_at(NIGHTLY - 10);
        app.register(LostOnceConfig { setups: Arc::default() }).unwrap();
        app.register(ByDefaultConfig { runs: runs[0].clone() }).unwrap();
        app.register(FailsOnceConfig { setups: Arc::default() }).unwrap();
        app.register(NightlyMemberConfig { runs: runs[1].clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(60)).await;
        let report = running.stop().await;
        assert!(report.is_success(), "{report}");
        assert_eq!(runs.map(|runs| runs.scheduled()), [[NIGHTLY], [NIGHTLY]]);
    }

    lifespan::group! { crew: one_for_all, intensity = 1000, period = "1h" }

    /// A resource that is lost every 9 s.
    #[lifespan_context(manual, restart(transient, intensity = 1000, backoff = "0s"))]
    async fn lost_again(scope: Scope<Pool>) -> Result<(), Broken> {
        let lost = sleep(seconds(9));
        scope.provide_until_shutdown_or(Pool, lost).await.1.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    #[lifespan_task(manual, group = crew, restart(transient, backoff = "0s"))]
    async fn fails_again() -> Result<(), Broken> {
        sleep(seconds(9)).await;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, every = "10s", start = "after_first_period")]
    async fn periodic(#[config(code)] runs: Runs, _pool: Option<Res<Pool>>, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, delay = "10s", start = "after_first_period")]
    async fn delayed(#[config(code)] runs: Runs, _pool: Option<Res<Pool>>, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, every = "1h")]
    async fn rare(#[config(code)] runs: Runs, _pool: Option<Res<Pool>>, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, cron = "0 0 3 * * *", start = "now")]
    async fn nightly(#[config(code)] runs: Runs, _pool: Option<Res<Pool>>, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, group = crew, every = "10s", start = "after_first_period")]
    async fn periodic_member(#[config(code)] runs: Runs, tick: Tick) {
        runs.note(&tick);
    }

    #[lifespan_task(manual, group = crew, every = "1h")]
    async fn rare_member(#[config(code)] runs: Runs, tick: Tick) {
        runs.note(&tick);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_schedule_keeps_its_phase_while_a_resource_is_lost_again_and_again() {
        let runs: [Runs; 4] = std::array::from_fn(|_| Runs::default());
        let app = app_at(0);
        app.register(LostAgainConfig {}).unwrap();
        app.register(PeriodicConfig { runs: runs[0].clone() }).unwrap();
        app.register(DelayedConfig { runs: runs[1].clone() }).unwrap();
        app.register(RareConfig { runs: runs[2].clone() }).unwrap();
        app.register(NightlyConfig { runs: runs[3].clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(600)).await;
        let report = running.stop().await;
        assert!(report.is_success(), "{report}");
        let [periodic, delayed, rare, nightly] = runs.map(|runs| runs.count());
        assert!(
            (55..=60).contains(&periodic) && (45..=60).contains(&delayed) && (rare, nightly) == (1, 1),
            "{periodic} {delayed} {rare} {nightly}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_schedule_keeps_its_phase_in_a_group_that_restarts_again_and_again() {
        let runs: [Runs; 2] = std::array::from_fn(|_| Runs::default());
        let app = app_at(0);
        app.register(FailsAgainConfig {}).unwrap();
        app.register(PeriodicMemberConfig { runs: runs[0].clone() }).unwrap();
        app.register(RareMemberConfig { runs: runs[1].clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(600)).await;
        let report = running.stop().await;
        let [periodic, rare] = runs.map(|runs| runs.count());
        assert!((55..=60).contains(&periodic) && rare == 1, "{periodic} {rare}\n{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_restart_by_hand_keeps_the_phase_and_runs_nothing_at_once() {
        let (periodic_runs, rare_runs) = (Runs::default(), Runs::default());
        let app = app_at(0);
        app.register(PeriodicConfig { runs: periodic_runs.clone() }).unwrap();
        app.register(RareConfig { runs: rare_runs.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(Duration::from_millis(5_500)).await;
        app.restart(periodic).await.unwrap();
        app.restart(rare).await.unwrap();
        sleep(seconds(20)).await;
        let report = running.stop().await;
        assert!(report.is_success(), "{report}");
        assert_eq!((periodic_runs.started(), rare_runs.started()), (vec![10, 20], vec![0]));
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_restart_keeps_the_number_of_runs() {
        #[lifespan_task(manual, every = "10s", start = "after_first_period")]
        async fn numbered(#[config(code)] story: Story, tick: Tick) {
            story.tell(tick.number().to_string());
        }
        let (app, story) = (app_at(0), Story::default());
        app.register(NumberedConfig { story: story.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(25)).await;
        app.restart(numbered).await.unwrap();
        sleep(seconds(20)).await;
        assert!(running.stop().await.is_success());
        assert_eq!(story.text(), "1 2 3 4");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_run_that_was_asked_for_survives_a_restart() {
        #[lifespan_task(manual, every = "1h", start = "after_first_period", on_shutdown = "drop")]
        async fn slow(#[config(code)] runs: Runs, tick: Tick) {
            runs.note(&tick);
            sleep(seconds(10)).await;
        }
        let (app, runs) = (app_at(0), Runs::default());
        app.register(SlowConfig { runs: runs.clone() }).unwrap();
        let running = app.start().await.unwrap();
        let (_under_way, queued) = (app.trigger(slow), app.trigger(slow));
        sleep(seconds(1)).await;
        app.restart(slow).await.unwrap();
        let queued = queued.await;
        let report = running.stop().await;
        assert!(queued.is_ok_and(|outcome| outcome.is_success()) && report.is_success(), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_delay_goes_on_after_a_restart_that_cut_its_run_off() {
        #[lifespan_task(manual, delay = "10s", on_shutdown = "drop")]
        async fn cut_off(#[config(code)] runs: Runs, tick: Tick) {
            runs.note(&tick);
            sleep(seconds(if tick.number() == 1 { 100 } else { 1 })).await;
        }
        let (app, runs) = (app_at(0), Runs::default());
        app.register(CutOffConfig { runs: runs.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(5)).await;
        app.restart(cut_off).await.unwrap();
        sleep(seconds(22)).await;
        assert!(running.stop().await.is_success());
        assert_eq!(runs.started(), [0, 15, 26]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_time_during_the_last_run_before_a_restart_is_skipped() {
        #[lifespan_task(manual, every = "10s")]
        async fn runs_on(#[config(code)] runs: Runs, tick: Tick) {
            runs.note(&tick);
            sleep(seconds(if tick.number() == 1 { 25 } else { 1 })).await;
        }
        let (app, runs) = (app_at(0).grace(seconds(60)), Runs::default());
        app.register(RunsOnConfig { runs: runs.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(5)).await;
        app.restart(runs_on).await.unwrap();
        sleep(seconds(12)).await;
        let report = running.stop().await;
        assert_eq!((runs.started(), counts(&report, "runs_on")), (vec![0, 30], (2, 2)));
    }

    /// Is lost after 5 s, and comes back after an hour.
    #[lifespan_context(manual, restart(transient, backoff = "1h", jitter = 0.0))]
    async fn lost_for_long(scope: Scope<Pool>) -> Result<(), Broken> {
        let lost = sleep(seconds(5));
        scope.provide_until_shutdown_or(Pool, lost).await.1.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_run_that_was_asked_for_while_the_task_is_away_is_answered_at_the_shutdown() {
        #[lifespan_task(manual, every = "10s")]
        async fn away(#[config(code)] runs: Runs, _pool: Res<Pool>, tick: Tick) {
            runs.note(&tick);
        }
        let (app, runs) = (app_at(0), Runs::default());
        app.register(LostForLongConfig {}).unwrap();
        app.register(AwayConfig { runs: runs.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(15)).await;
        let asked = app.trigger(away);
        app.shutdown();
        let asked = timeout(seconds(1), asked).await.expect("it is answered");
        assert!(matches!(asked, Err(TriggerError::ShuttingDown { .. })), "{asked:?}");
        assert!(running.wait().await.unit("away").is_some());
        assert_eq!(runs.started(), [0]);
    }
}

/// A run that asks for a run.
mod triggers {
    use super::*;

    #[lifespan_task(manual, every = "10s")]
    async fn triggers_itself(#[config(code)] story: Story, app: App, tick: Tick) {
        if tick.number() == 1 {
            story.tell(outcome(app.trigger(triggers_itself)).await);
        } else {
            story.tell("run");
        }
    }

    #[lifespan_task(manual, every = "1h")]
    async fn triggers_in_a_child(#[config(code)] story: Story, app: App, children: Children) {
        let (done, is_done) = oneshot::channel();
        drop(children.spawn("asks", async move {
            story.tell(outcome(app.trigger(triggers_in_a_child)).await);
            // The run waits for it.
            let _ = done.send(());
        }));
        is_done.await.unwrap();
    }

    #[lifespan_task(manual, every = "1h")]
    async fn one(#[config(code)] story: Story, app: App) {
        story.tell(outcome(app.trigger(other)).await);
    }

    #[lifespan_task(manual, every = "1h")]
    async fn other(#[config(code)] story: Story, app: App) {
        story.tell(outcome(app.trigger(one)).await);
    }

    #[lifespan_task(manual, every = "1h", overlap = "parallel(2)")]
    async fn runs_beside_itself(#[config(code)] story: Story, app: App, tick: Tick) {
        if tick.number() == 1 {
            story.tell(outcome(app.trigger(runs_beside_itself)).await);
        }
    }

    async fn outcome(run: impl Future<Output = Result<lifespan::RunOutcome, TriggerError>>) -> &'static str {
        match timeout(seconds(5), run).await {
            Ok(Ok(_)) => "has run",
            Ok(Err(_)) => "refused",
            Err(_) => "waits",
        }
    }

    async fn run_for(time: Duration, register: impl FnOnce(&App, Story)) -> Vec<String> {
        let (app, story) = (app_at(0), Story::default());
        register(&app, story.clone());
        let running = app.start().await.unwrap();
        sleep(time).await;
        let report = running.stop().await;
        assert!(report.is_success(), "{report}");
        story.lines()
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_a_run_that_waits_for_a_run_of_itself_is_refused_it() {
        let itself = |app: &App, story| drop(app.register(TriggersItselfConfig { story }).unwrap());
        assert_eq!(run_for(seconds(25), itself).await, ["refused", "run", "run"]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_a_child_of_a_run_is_refused_a_run_that_waits_for_its_parent() {
        let child = |app: &App, story| drop(app.register(TriggersInAChildConfig { story }).unwrap());
        assert_eq!(run_for(seconds(100), child).await, ["refused"]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_of_two_runs_that_wait_for_each_other_one_is_refused_it() {
        let two = |app: &App, story: Story| {
            app.register(OneConfig { story: story.clone() }).unwrap();
            app.register(OtherConfig { story }).unwrap();
        };
        let started: HashSet<_> = run_for(seconds(100), two).await.into_iter().collect();
        assert!(started.contains("refused") && !started.contains("waits"), "{started:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_a_run_that_may_overlap_may_wait_for_another_of_its_task() {
        let beside = |app: &App, story| drop(app.register(RunsBesideItselfConfig { story }).unwrap());
        assert_eq!(run_for(seconds(1), beside).await, ["has run"]);
    }

    #[lifespan_task(manual, every = "1h", overlap = "parallel(2)")]
    async fn two_wait(#[config(code)] story: Story, app: App) {
        story.tell(outcome(app.trigger(two_wait)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_the_last_of_the_runs_that_may_overlap_may_not_wait_for_another() {
        let two = |app: &App, story| drop(app.register(TwoWaitConfig { story }).unwrap());
        assert_eq!(run_for(seconds(100), two).await, ["refused", "has run"]);
    }

    #[lifespan_task(manual, every = "10s")]
    async fn asks_for_one_more(#[config(code)] story: Story, app: App, tick: Tick) {
        if tick.number() == 1 {
            drop(app.trigger(asks_for_one_more));
        }
        story.tell(tick.number().to_string());
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_a_run_may_ask_for_a_run_of_itself_that_it_does_not_wait_for() {
        let more = |app: &App, story| drop(app.register(AsksForOneMoreConfig { story }).unwrap());
        assert_eq!(run_for(seconds(5), more).await, ["1", "2"]);
    }

    #[lifespan_task(manual, blocking, every = "1h")]
    fn blocks(#[config(code)] answer: std::sync::mpsc::Sender<bool>, app: App) {
        let refused = tokio::runtime::Handle::current().block_on(app.trigger(blocks));
        answer.send(matches!(refused, Err(TriggerError::WouldDeadlock { .. }))).unwrap();
    }

    #[tokio::test]
    async fn rule_77_a_blocking_run_is_refused_a_run_of_itself() {
        let (app, (answer, refused)) = (app_at(0), std::sync::mpsc::channel());
        app.register(BlocksConfig { answer }).unwrap();
        let running = app.start().await.unwrap();
        let refused = tokio::task::spawn_blocking(move || refused.recv_timeout(seconds(20))).await.unwrap();
        assert_eq!(refused, Ok(true));
        assert!(running.stop().await.is_success());
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_trigger_during_the_stop_says_that_shutdown_came_first() {
        #[lifespan_task(manual, every = "1h", start = "after_first_period")]
        async fn work() {
            sleep(seconds(1)).await;
        }
        #[lifespan_task(manual, after(work))]
        async fn lingers(shutdown: Shutdown) {
            shutdown.requested().await;
            sleep(seconds(1)).await;
        }
        let app = app_at(0);
        app.register(WorkConfig {}).unwrap();
        app.register(LingersConfig {}).unwrap();
        let running = app.start().await.unwrap();
        let before = app.trigger(work);
        app.shutdown();
        let at_once = app.trigger(work).await.unwrap_err();
        sleep(Duration::from_millis(500)).await;
        let later = app.trigger(work).await.unwrap_err();
        drop(before);
        drop(running.wait().await);
        for error in [at_once, later] {
            let text = error.to_string();
            assert!(text.contains("shutdown") && !text.contains("had ended"), "{text}");
        }
    }
}

/// What waits for the app before the app can be up.
mod waits_for_up {
    use super::*;

    #[lifespan_context(manual)]
    async fn context(app: App, scope: Scope) {
        app.when_up().await;
        scope.until_shutdown().await;
    }

    #[lifespan_task(manual, once)]
    async fn step(app: App) {
        app.when_up().await;
    }

    #[lifespan_task(manual)]
    async fn not_ready(app: App, ready: Ready, shutdown: Shutdown) {
        app.when_up().await;
        ready.notify();
        shutdown.requested().await;
    }

    #[lifespan_context(manual)]
    async fn context_with_a_child(app: App, children: Children, scope: Scope) {
        let (done, is_done) = oneshot::channel();
        drop(children.spawn("waits", async move {
            app.when_up().await;
            // The receiver is dropped if the setup has failed already.
            let _ = done.send(());
        }));
        // An error where the child was dropped.
        let _ = is_done.await;
        scope.until_shutdown().await;
    }

    #[lifespan_task(manual)]
    async fn up(#[config(code)] story: Story, app: App, shutdown: Shutdown) {
        story.tell(format!("{}", app.when_up().await));
        shutdown.requested().await;
    }

    #[lifespan_task(manual, every = "1h")]
    async fn scheduled(#[config(code)] story: Story, app: App) {
        story.tell(format!("{}", app.when_up().await));
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_a_unit_that_waits_for_the_app_before_it_is_up_itself_fails_at_once_and_says_why() {
        let cases: [(&str, Register); 4] = [
            ("context", |app| drop(app.register(ContextConfig {}).unwrap())),
            ("step", |app| drop(app.register(StepConfig {}).unwrap())),
            ("not_ready", |app| drop(app.register(NotReadyConfig {}).unwrap())),
            ("context_with_a_child", |app| drop(app.register(ContextWithAChildConfig {}).unwrap())),
        ];
        let mut silent = Vec::new();
        for (name, register) in cases {
            for concurrent in [false, true] {
                let app = if concurrent { App::empty().concurrent_startup() } else { App::empty() };
                register(&app);
                let report = timeout(seconds(3600), app.launch()).await.ok();
                let is_reported = report.as_ref().is_some_and(|report| {
                    report.took() < seconds(1)
                        && report.failures().iter().any(|failure| failure.to_string().contains("when_up"))
                });
                if !is_reported {
                    silent.push((name, concurrent, report.map(|report| report.took())));
                }
            }
        }
        assert!(silent.is_empty(), "{silent:#?}");
    }

    /// Says that it is up, and waits in the same step.
    #[lifespan_task(manual)]
    async fn just_ready(#[config(code)] story: Story, app: App, ready: Ready, shutdown: Shutdown) {
        ready.notify();
        story.tell(format!("{}", app.when_up().await));
        shutdown.requested().await;
    }

    #[lifespan_context(manual)]
    async fn provides_first(#[config(code)] story: Story, app: App, children: Children, scope: Scope) {
        drop(children.spawn("waits", async move { story.tell(format!("{}", app.when_up().await)) }));
        scope.until_shutdown().await;
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_a_unit_that_has_said_so_may_wait_for_the_app_and_so_may_its_children() {
        let (app, story) = (App::empty(), Story::default());
        app.register(JustReadyConfig { story: story.clone() }).unwrap();
        app.register(ProvidesFirstConfig { story: story.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(1)).await;
        let report = running.stop().await;
        assert!(report.is_success(), "{report}");
        assert_eq!(story.text(), "true true");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_77_a_unit_that_is_up_may_wait_for_the_app() {
        let (app, story) = (App::empty(), Story::default());
        app.register(UpConfig { story: story.clone() }).unwrap();
        app.register(ScheduledConfig { story: story.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(1)).await;
        assert!(running.stop().await.is_success());
        assert_eq!(story.text(), "true true");
    }
}

/// Times that come during a run.
mod overlaps {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rule_75_a_time_that_is_skipped_during_a_run_has_no_run_after_it() {
        macro_rules! skips {
            ($($name:ident $config:ident ($($schedule:tt)*);)*) => {[$({
                #[lifespan_task(manual, overlap = "skip", $($schedule)*)]
                async fn $name(#[config(code)] runs: Runs, tick: Tick) {
                    runs.note(&tick);
                    sleep(seconds(if tick.number() == 1 { 35 } else { 1 })).await;
                }
                let (app, runs) = (app_at(0), Runs::default());
                app.register($config { runs: runs.clone() }).unwrap();
                let running = app.start().await.unwrap();
                sleep(seconds(65)).await;
                let report = running.stop().await;
                (runs.started(), counts(&report, stringify!($name)).1)
            }),*]};
        }
        let runs = skips! {
            by_default ByDefaultConfig (every = "10s", start = "after_first_period");
            folds FoldsConfig (every = "10s", start = "after_first_period", missed = "fold");
            leaves_out LeavesOutConfig (every = "10s", start = "after_first_period", missed = "skip");
            makes_up MakesUpConfig (every = "10s", start = "after_first_period", missed = "all");
            cron CronConfig (cron = "*/10 * * * * *");
        };
        // The first run is from 10 to 45 s.
        assert_eq!(runs, std::array::from_fn(|_| (vec![10, 50, 60], 3)));
    }

    #[tokio::test(start_paused = true)]
    async fn rule_75_times_during_a_run_are_skipped_though_its_thread_was_blocked() {
        #[lifespan_task(manual, every = "10s", missed = "all")]
        async fn held_up(#[config(code)] runs: Runs, tick: Tick) {
            runs.note(&tick);
            sleep(seconds(if tick.number() == 1 { 5 } else { 1 })).await;
        }
        let (app, runs) = (app_at(0), Runs::default());
        app.register(HeldUpConfig { runs: runs.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(1)).await;
        // As if the thread had been blocked.
        tokio::time::advance(seconds(34)).await;
        sleep(seconds(10)).await;
        let report = running.stop().await;
        assert_eq!((runs.started(), counts(&report, "held_up")), (vec![0, 40], (2, 3)));
    }
}

/// What a reload means to a schedule: the sources belong to a process, so each case runs in one of its own.
mod reload {
    use super::*;

    const CASE: &str = "LIFESPAN_TEST_CASE";

    #[lifespan_task(configured, every = "10s", start = "after_first_period")]
    async fn reloaded_periodic(#[config(default = 1)] version: u32, tick: Tick) {
        note("reloaded_periodic", version, &tick);
    }

    #[lifespan_task(configured, every = "1h")]
    async fn reloaded_rare(#[config(default = 1)] version: u32, tick: Tick) {
        note("reloaded_rare", version, &tick);
    }

    #[lifespan_task(configured, every = "1h", start = "after_first_period", on_shutdown = "drop")]
    async fn reloaded_slow(#[config(default = 1)] version: u32, tick: Tick) {
        note("reloaded_slow", version, &tick);
        sleep(seconds(10)).await;
    }

    struct Pool;

    #[lifespan_context(configured)]
    async fn reloaded_pool(#[config(default = 1)] version: u32, scope: Scope<Pool>) {
        if version > 1 {
            sleep(seconds(4)).await;
        }
        scope.provide_until_shutdown(Pool).await;
    }

    #[lifespan_task(configured, cron = "0 30 2 * * *")]
    async fn reloaded_nightly(#[config(default = 1)] version: u32, _pool: Res<Pool>, tick: Tick) {
        note("reloaded_nightly", version, &tick);
    }

    static NOTES: Mutex<Vec<String>> = Mutex::new(Vec::new());

    fn note(name: &str, version: u32, tick: &Tick) {
        let second = tick.scheduled().duration_since(EPOCH).unwrap().as_secs();
        NOTES.lock().unwrap().push(format!("{name} {version} {second}"));
    }

    fn notes() -> Vec<String> {
        NOTES.lock().unwrap().clone()
    }

    /// Runs a case in a process and a directory of its own; this is also what that process does.
    fn case(name: &str, file: &str, body: impl AsyncFnOnce()) {
        if std::env::var(CASE).as_deref() == Ok(name) {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_all().start_paused(true).build().unwrap().block_on(body());
            return;
        }
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("truth-{name}"));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("lifespan.toml"), file).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("reload::{name}"), "--nocapture", "--include-ignored"]);
        let output = command.current_dir(&directory).env(CASE, name).env_remove("LIFESPAN_CONFIG").output().unwrap();
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n");
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    fn app_from_the_file(second: u64) -> App {
        App::new().without_signals().wall_clock(EPOCH + seconds(second))
    }

    async fn reload(app: &App, file: &str) {
        std::fs::write("lifespan.toml", file).unwrap();
        assert!(!app.reload().await.unwrap().is_empty());
    }

    #[test]
    fn rule_75_a_reload_keeps_the_phase_and_runs_nothing_at_once() {
        let file = "[tasks.reloaded_periodic]\n[tasks.reloaded_rare]\n";
        case("rule_75_a_reload_keeps_the_phase_and_runs_nothing_at_once", file, async || {
            let app = app_from_the_file(0);
            let running = app.start().await.unwrap();
            sleep(seconds(15)).await;
            reload(&app, "[tasks.reloaded_periodic]\nversion = 2\n[tasks.reloaded_rare]\nversion = 2\n").await;
            sleep(seconds(20)).await;
            let report = running.stop().await;
            assert!(report.is_success(), "{report}");
            assert_eq!(
                notes(),
                ["reloaded_rare 1 0", "reloaded_periodic 1 10", "reloaded_periodic 2 20", "reloaded_periodic 2 30"]
            );
        });
    }

    #[test]
    fn rule_75_a_time_that_passes_during_a_reload_has_its_run() {
        let file = "[tasks.reloaded_nightly]\n[tasks.reloaded_pool]\n";
        case("rule_75_a_time_that_passes_during_a_reload_has_its_run", file, async || {
            let app = app_from_the_file(NIGHTLY - 10);
            let running = app.start().await.unwrap();
            sleep(seconds(8)).await;
            reload(&app, "[tasks.reloaded_nightly]\nversion = 2\n[tasks.reloaded_pool]\nversion = 2\n").await;
            sleep(seconds(60)).await;
            let report = running.stop().await;
            assert!(report.is_success(), "{report}");
            assert_eq!(notes(), [format!("reloaded_nightly 2 {NIGHTLY}")]);
        });
    }

    #[test]
    fn rule_75_a_run_that_was_asked_for_has_the_new_arguments_after_a_reload() {
        let file = "[tasks.reloaded_slow]\n";
        case("rule_75_a_run_that_was_asked_for_has_the_new_arguments_after_a_reload", file, async || {
            let app = app_from_the_file(0);
            let running = app.start().await.unwrap();
            let (_under_way, queued) = (app.trigger(reloaded_slow), app.trigger(reloaded_slow));
            sleep(seconds(1)).await;
            reload(&app, "[tasks.reloaded_slow]\nversion = 2\n").await;
            let queued = queued.await;
            let report = running.stop().await;
            assert!(report.is_success(), "{report}");
            assert!(queued.is_ok_and(|outcome| outcome.is_success()), "{:?}", notes());
            assert_eq!(notes(), ["reloaded_slow 1 0", "reloaded_slow 2 1"]);
        });
    }

    #[test]
    fn rule_75_a_changed_schedule_begins_a_new_phase_and_so_does_one_that_comes_back() {
        let file = "[tasks.reloaded_periodic]\n[tasks.reloaded_rare]\n";
        case("rule_75_a_changed_schedule_begins_a_new_phase_and_so_does_one_that_comes_back", file, async || {
            let app = app_from_the_file(0);
            let running = app.start().await.unwrap();
            sleep(seconds(15)).await;
            reload(&app, "[tasks.reloaded_periodic]\n[lifespan.policy.reloaded_periodic]\nevery = '20s'\n").await;
            sleep(seconds(25)).await;
            reload(&app, "[tasks.reloaded_rare]\n").await;
            sleep(seconds(10)).await;
            let report = running.stop().await;
            assert!(report.is_success(), "{report}");
            assert_eq!(
                notes(),
                ["reloaded_rare 1 0", "reloaded_periodic 1 10", "reloaded_periodic 1 35", "reloaded_rare 1 40"]
            );
        });
    }
    // To come: `late = "1h"` leaves out a time that passed earlier.
}
