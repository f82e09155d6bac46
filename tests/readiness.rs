//! Readiness: a task that says itself when it is up, acceptance case 29.

mod common;

use std::time::Duration;

use common::{Broken, Story, outcome, record};
use lifespan::{
    App, Cause, Outcome, ProblemKind, Ready, Scope, Shutdown, Stage, State, lifespan_context, lifespan_task,
};
use tokio::time::{Instant, sleep};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Records `dependent` as soon as it is started.
macro_rules! dependent {
    ($unit:ident) => {
        #[lifespan_task(manual, after($unit))]
        async fn dependent(#[config(code)] story: Story, shutdown: Shutdown) {
            story.record("dependent");
            shutdown.requested().await;
        }
    };
}

#[tokio::test(start_paused = true)]
async fn case_29_rule_20_what_is_after_a_task_waits_until_it_says_that_it_is_ready() {
    #[lifespan_task(manual)]
    async fn serve(#[config(code)] story: Story, ready: Ready, shutdown: Shutdown) {
        story.record("warms up");
        sleep(seconds(5)).await;
        story.record("ready");
        ready.notify();
        shutdown.requested().await;
    }
    dependent!(serve);
    for concurrent in [false, true] {
        let story = Story::default();
        let app = if concurrent { App::empty().concurrent_startup() } else { App::empty() };
        app.register(DependentConfig { story: story.clone() }).unwrap();
        app.register(ServeConfig { story: story.clone() }).unwrap();
        let before = Instant::now();
        let running = app.start().await.unwrap();
        assert_eq!((story.text().as_str(), before.elapsed()), ("warms up ready dependent", seconds(5)));
        assert!(running.stop().await.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn case_29_rule_20_a_failure_before_it_is_ready_is_a_startup_failure() {
    #[lifespan_task(manual)]
    async fn fails(_ready: Ready) -> Result<(), Broken> {
        sleep(seconds(5)).await;
        Err(Broken::Wire)
    }
    dependent!(fails);
    let story = Story::default();
    let app = App::empty();
    app.register(FailsConfig {}).unwrap();
    app.register(DependentConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((report.exit_code(), story.text().as_str()), (3, ""), "{report}");
    assert_eq!((report.failures().len(), report.failures()[0].stage()), (1, Stage::Startup), "{report}");
    assert_eq!(report.take_error(), Some(Broken::Wire));
    assert_eq!(outcome(&report, "dependent"), Outcome::NotStarted);
}

#[lifespan_task(manual)]
async fn returns(_ready: Ready, _shutdown: Shutdown) {
    sleep(seconds(1)).await;
}

#[lifespan_task(manual)]
async fn drops(ready: Ready, shutdown: Shutdown) {
    drop(ready);
    shutdown.requested().await;
}

#[lifespan_task(manual)]
async fn drops_elsewhere(ready: Ready, shutdown: Shutdown) {
    tokio::spawn(async move {
        sleep(seconds(1)).await;
        drop(ready);
    });
    shutdown.requested().await;
}

#[lifespan_task(manual, on_failure = "ignore")]
async fn drops_and_may(ready: Ready, shutdown: Shutdown) {
    drop(ready);
    shutdown.requested().await;
}

#[tokio::test(start_paused = true)]
async fn rule_20_returning_or_dropping_it_unused_is_a_startup_failure_that_says_so() {
    for which in 0..3 {
        let app = App::empty();
        match which {
            0 => app.register(ReturnsConfig {}),
            1 => app.register(DropsConfig {}),
            _ => app.register(DropsElsewhereConfig {}),
        }
        .unwrap();
        let report = app.launch().await;
        let [failure] = report.failures() else { panic!("one failure: {report}") };
        assert_eq!((failure.cause(), failure.stage()), (&Cause::NeverReady, Stage::Startup), "{report}");
        assert_eq!((report.exit_code(), report.units()[0].outcome), (3, Outcome::Failed), "{report}");
        assert!(report.took() <= seconds(1), "{report}");
        assert!(report.to_string().contains("without calling `notify()`"), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_20_one_whose_failure_is_ignored_does_not_hold_up_the_startup() {
    let app = App::empty().stay_up();
    app.register(DropsAndMayConfig {}).unwrap();
    let before = Instant::now();
    let running = app.start().await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
    let report = running.stop().await;
    assert_eq!((report.exit_code(), report.units()[0].outcome), (0, Outcome::Failed), "{report}");
}

#[lifespan_task(manual, startup_timeout = "10s")]
async fn slow(
    /// When it asks for more time, and for how much, in seconds.
    asks: Vec<(u64, u64)>,
    takes: u64,
    ready: Ready,
    shutdown: Shutdown,
) {
    let begun = Instant::now();
    for (at, until) in asks {
        tokio::time::sleep_until(begun + seconds(at)).await;
        ready.extend(seconds(until));
    }
    tokio::time::sleep_until(begun + seconds(takes)).await;
    ready.notify();
    shutdown.requested().await;
}

#[tokio::test(start_paused = true)]
async fn rule_20_the_startup_limit_covers_it_and_extend_moves_that_limit() {
    for (asks, takes, timed_out_after) in [
        (vec![], 9, None),
        (vec![], 11, Some(10)),
        (vec![(5, 30)], 34, None),
        (vec![(5, 30)], 36, Some(35)),
        (vec![(5, 30), (20, 30)], 49, None),
        (vec![(5, 2)], 9, Some(7)),
        (vec![(1, u64::MAX), (2, 3)], 9, Some(5)),
    ] {
        let app = App::empty();
        app.register(SlowConfig { asks: asks.clone(), takes }).unwrap();
        match (app.start().await, timed_out_after) {
            (Ok(running), None) => assert!(running.stop().await.is_success()),
            (Err(error), Some(after)) => {
                let report = error.report();
                assert_eq!(report.failures()[0].cause(), &Cause::TimedOut { limit: seconds(after) }, "{asks:?}");
                assert_eq!((report.exit_code(), report.took()), (3, seconds(after)), "{report}");
            }
            (started, _) => panic!("{asks:?} {takes}: {started:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_20_the_limit_that_was_extended_is_named_after_a_restart_too() {
    #[lifespan_task(manual, startup_timeout = "10s", restart(transient, backoff = "1s", jitter = 0.0))]
    async fn slow_again(#[config(code)] story: Story, ready: Ready) -> Result<(), Broken> {
        story.record("start");
        if story.lines().len() == 1 {
            sleep(seconds(5)).await;
            ready.extend(seconds(20));
            return Err(Broken::Wire);
        }
        std::future::pending().await
    }
    let app = App::empty();
    app.register(SlowAgainConfig { story: Story::default() }).unwrap();
    let report = app.start().await.unwrap_err().into_report();
    let last = report.failures().last().unwrap();
    assert_eq!((last.cause(), report.took()), (&Cause::TimedOut { limit: seconds(25) }, seconds(25)), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_20_with_restarts_each_body_has_its_own_ready_and_the_first_notify_counts() {
    #[lifespan_task(manual, restart(permanent, backoff = "1s", jitter = 0.0))]
    async fn retries(#[config(code)] story: Story, ready: Ready, shutdown: Shutdown) -> Result<(), Broken> {
        story.record("start");
        sleep(seconds(1)).await;
        match story.lines().len() {
            1 => return Err(Broken::Wire),
            2 => ready.notify(),
            // Its dependents start once it is up. The third body does not call `notify`, the last calls it again.
            4 => return Err(Broken::Pipe),
            _ => {
                ready.notify();
                shutdown.requested().await;
                return Ok(());
            }
        }
        sleep(seconds(1)).await;
        Err(Broken::Pipe)
    }
    dependent!(retries);
    let story = Story::default();
    let app = App::empty();
    app.register(RetriesConfig { story: story.clone() }).unwrap();
    app.register(DependentConfig { story: story.clone() }).unwrap();
    let recorded = record(&app);
    let running = app.start().await.unwrap();
    assert_eq!(story.text(), "start start dependent");
    sleep(seconds(20)).await;
    assert_eq!(story.text(), "start start dependent start start");
    let report = running.stop().await;
    assert_eq!((report.exit_code(), report.unit("retries").unwrap().restarts), (0, 3), "{report}");
    assert_eq!(recorded.await.unwrap().iter().filter(|word| *word == "up retries").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_20_when_up_returns_whether_the_app_comes_up() {
    let waits = |app: &App| {
        let app = app.clone();
        tokio::spawn(async move { app.when_up().await })
    };
    // It comes up, after a while.
    let app = App::empty();
    app.register(SlowConfig { asks: vec![], takes: 3 }).unwrap();
    let before = waits(&app);
    let starts = tokio::spawn({
        let app = app.clone();
        async move { app.start().await }
    });
    assert!(before.await.unwrap());
    assert_eq!(app.state(), State::Up);
    assert!(app.when_up().await, "it is up");
    let _ = starts.await.unwrap().unwrap().stop().await;
    assert!(app.when_up().await, "it has been up");

    // Its startup fails; shutdown comes first; the launch is refused.
    let failing = App::empty();
    failing.register(DropsConfig {}).unwrap();
    let early = App::empty();
    early.register(SlowConfig { asks: vec![], takes: 3 }).unwrap();
    early.shutdown();
    let refused = App::empty();
    for app in [failing, early, refused] {
        let before = waits(&app);
        tokio::task::yield_now().await;
        let _ = app.launch().await;
        assert!(!before.await.unwrap());
        assert!(!app.when_up().await);
    }
}

#[tokio::test(start_paused = true)]
async fn rule_20_a_pair_made_by_hand_hears_what_the_task_says() {
    let (mut handle, ready) = Ready::pair();
    let (trigger, shutdown) = Shutdown::pair();
    let task = tokio::spawn(slow(vec![(1, 20)], 5, ready, shutdown));
    assert_eq!(handle.extended(), None);
    assert!(handle.notified().await);
    assert_eq!(handle.extended(), Some(seconds(20)));
    trigger.shutdown();
    task.await.unwrap();

    let (mut handle, ready) = Ready::pair();
    tokio::spawn(returns(ready, Shutdown::pair().1));
    assert!(!handle.notified().await, "it was dropped unused");
}

#[test]
fn rule_20_an_aliased_ready_without_a_meaning_is_a_problem_of_the_plan() {
    type Up = Ready;

    #[lifespan_context(manual)]
    async fn context(#[inject] _up: Up, scope: Scope) {
        scope.until_shutdown().await;
    }
    #[lifespan_task(manual, once)]
    async fn step(#[inject] _up: Up) {}
    #[lifespan_task(manual)]
    async fn twice(_ready: Ready, #[inject] _up: Up) {}

    let app = App::empty();
    app.register(ContextConfig {}).unwrap();
    app.register(StepConfig {}).unwrap();
    app.register(TwiceConfig {}).unwrap();
    let error = app.check().unwrap_err();
    let listed: Vec<_> = error.problems().iter().map(|problem| (problem.kind(), problem.what())).collect();
    assert_eq!(
        listed,
        [
            (
                ProblemKind::Declaration,
                "context `context`: a context is up once it provides its resource, so it takes no `Ready`"
            ),
            (ProblemKind::Declaration, "task `step`: a `once` task is up once it has returned, so it takes no `Ready`"),
            (ProblemKind::Declaration, "task `twice`: a task takes at most one `Ready`"),
        ]
    );
}
