//! Starting and rolling back: acceptance cases 8, 10, 12 to 14, 16, 18, 20, 21, and rules 3, 4, 5 and 8.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Broken, Story, outcome, record};
use lifespan::{
    App, Cause, Event, Outcome, ProblemKind, Reason, Res, Scope, Shutdown, Stage, State, lifespan_context,
    lifespan_task,
};
use tokio::sync::Notify;

struct A;
struct B;
struct C;

#[lifespan_context(manual)]
async fn a(#[config(code)] story: Story, scope: Scope<A>) {
    story.record("a+");
    scope.provide_until_shutdown(A).await;
    story.record("a-");
}

#[lifespan_context(manual)]
async fn b(#[config(code)] story: Story, _a: Res<A>, scope: Scope<B>) {
    story.record("b+");
    scope.provide_until_shutdown(B).await;
    story.record("b-");
}

#[lifespan_context(manual)]
async fn c(#[config(code)] story: Story, _b: Res<B>, scope: Scope<C>) {
    story.record("c+");
    scope.provide_until_shutdown(C).await;
    story.record("c-");
}

/// Fails in setup, and would provide the resource of `b`.
#[lifespan_context(manual)]
async fn fails(#[config(code)] story: Story, _a: Res<A>, _scope: Scope<B>) -> Result<(), Broken> {
    story.record("fails+");
    Err(Broken::Wire)
}

#[lifespan_context(manual)]
async fn teardown_fails(#[config(code)] story: Story, scope: Scope<A>) -> Result<(), Broken> {
    scope.provide_until_shutdown(A).await;
    story.record("a-");
    Err(Broken::Pipe)
}

#[tokio::test(start_paused = true)]
async fn case_12_rule_10_setup_and_teardown_are_nested_exactly() {
    let story = Story::default();
    let app = App::empty();
    // What a unit needs is pulled ahead of it.
    app.register(CConfig { story: story.clone() }).unwrap();
    app.register(BConfig { story: story.clone() }).unwrap();
    app.register(AConfig { story: story.clone() }).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!(story.text(), "a+ b+ c+ c- b- a-");
    assert_eq!(report.exit_code(), 0);
}

#[tokio::test(start_paused = true)]
async fn case_8_and_13_a_failed_setup_rolls_back_and_keeps_its_own_error() {
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story: story.clone() }).unwrap();
    app.register(FailsConfig { story: story.clone() }).unwrap();
    app.register(CConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!(story.text(), "a+ fails+ a-");
    assert_eq!(report.exit_code(), 3);
    let failure = &report.failures()[0];
    assert_eq!((failure.unit().name().as_str(), failure.stage()), ("fails", Stage::Startup));
    assert_eq!(failure.inspect_error(|error: &Broken| *error == Broken::Wire), Some(true));
    assert_eq!(report.take_error::<Broken>(), Some(Broken::Wire));
    assert_eq!(report.take_error::<Broken>(), None);
    assert_eq!(outcome(&report, "c"), Outcome::NotStarted);
    assert!(report.to_string().contains("the wire is broken"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn case_8_an_anyhow_error_is_taken_out_as_itself() {
    #[lifespan_context(manual)]
    async fn loads(_scope: Scope<u8>) -> anyhow::Result<()> {
        Err(anyhow::Error::new(Broken::Wire).context("cannot load"))
    }
    let app = App::empty();
    app.register(LoadsConfig {}).unwrap();
    let report = app.launch().await;
    assert_eq!(report.failures()[0].chain(), ["cannot load", "the wire is broken"]);
    assert!(report.to_string().contains("caused by: the wire is broken"), "{report}");
    let error = report.take_error::<anyhow::Error>().unwrap();
    assert_eq!(error.downcast::<Broken>().unwrap(), Broken::Wire);
}

#[tokio::test(start_paused = true)]
async fn case_14_setup_and_rollback_both_fail_and_the_first_cause_comes_first() {
    let story = Story::default();
    let app = App::empty();
    app.register(TeardownFailsConfig { story: story.clone() }).unwrap();
    app.register(FailsConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    let failed: Vec<_> = report.failures().iter().map(|failure| (failure.unit().name(), failure.stage())).collect();
    assert_eq!(failed, [("fails".into(), Stage::Startup), ("teardown_fails".into(), Stage::Shutdown)]);
    assert_eq!(report.exit_code(), 3);
}

#[tokio::test(start_paused = true)]
async fn case_15_the_events_of_a_rollback_are_exact() {
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story: story.clone() }).unwrap();
    app.register(FailsConfig { story: story.clone() }).unwrap();
    app.register(CConfig { story: story.clone() }).unwrap();
    let recorded = record(&app);
    let _ = app.launch().await;
    assert_eq!(
        recorded.await.unwrap(),
        [
            "launched 3",
            "starting a",
            "up a",
            "starting fails",
            "failed fails",
            "shutdown: context `fails` failed",
            "stopping a",
            "stopped a",
            "ended 3",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn case_16_a_second_launch_is_refused_and_the_first_run_goes_on() {
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    let second = app.launch().await;
    assert_eq!(second.exit_code(), 2);
    assert!(second.to_string().contains("cannot launch the app: it is up"), "{second}");
    assert_eq!(story.text(), "a+");
    assert_eq!(running.stop().await.exit_code(), 0);
    let third = app.launch().await;
    assert!(third.to_string().contains("it has stopped"), "{third}");
    assert_eq!((third.exit_code(), story.text()), (2, "a+ a-".into()));
}

#[tokio::test(start_paused = true)]
async fn case_18_check_runs_no_unit_and_names_the_missing_provider() {
    let story = Story::default();
    let app = App::empty();
    app.register(BConfig { story: story.clone() }).unwrap();
    let error = app.check().unwrap_err();
    assert_eq!(error.problems()[0].kind(), ProblemKind::MissingProvider);
    let text = error.to_string();
    assert!(text.contains("context `b` takes `Res<A>`, but nothing provides a `A`"), "{text}");
    assert!(text.contains("startup.rs:"), "{text}");
    assert_eq!(app.launch().await.exit_code(), 2);
    assert_eq!(story.text(), "");
}

#[tokio::test(start_paused = true)]
async fn rule_5_every_problem_is_reported_at_once() {
    #[lifespan_task(manual, after(not_a_unit))]
    async fn lost(_c: Res<C>) {}
    fn not_a_unit() {}
    #[lifespan_task(manual, after(second))]
    async fn first_of_two() {}
    #[lifespan_task(manual, after(first_of_two))]
    async fn second() {}
    not_a_unit();
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story: story.clone() }).unwrap();
    app.register(TeardownFailsConfig { story: story.clone() }).unwrap();
    app.register(LostConfig {}).unwrap().named("a").unwrap();
    app.register(FirstOfTwoConfig {}).unwrap();
    app.register(SecondConfig {}).unwrap();
    app.provide(A).unwrap();
    let error = app.check().unwrap_err();
    let mut kinds: Vec<ProblemKind> = error.problems().iter().map(lifespan::Problem::kind).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    let expected = [
        ProblemKind::Cycle,
        ProblemKind::DuplicateName,
        ProblemKind::MissingProvider,
        ProblemKind::NotAUnit,
        ProblemKind::TwoProviders,
    ];
    assert_eq!(kinds, expected, "{error}");
    let text = error.to_string();
    assert!(text.contains("first_of_two → second → first_of_two"), "{text}");
    assert!(text.contains("has 3 providers"), "{text}");
    let report = app.launch().await;
    assert_eq!((report.exit_code(), report.problems().len()), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn case_10_shutdown_while_a_setup_hangs_rolls_back_promptly() {
    #[lifespan_context(manual)]
    async fn hangs(_a: Res<A>, _scope: Scope<B>) {
        std::future::pending::<()>().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story: story.clone() }).unwrap();
    app.register(HangsConfig {}).unwrap();
    app.register(CConfig { story: story.clone() }).unwrap();
    let launched = tokio::spawn({
        let app = app.clone();
        async move { app.launch().await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.shutdown();
    let report = launched.await.unwrap();
    assert_eq!(story.text(), "a+ a-");
    assert_eq!((report.exit_code(), report.took()), (0, Duration::from_secs(1)));
    assert_eq!(outcome(&report, "hangs"), Outcome::Dropped);
    assert_eq!(outcome(&report, "c"), Outcome::NotStarted);
}

#[tokio::test(start_paused = true)]
async fn rule_8_and_13_a_setup_that_hangs_times_out_and_rolls_back() {
    #[lifespan_context(manual, startup_timeout = "3s")]
    async fn hangs(_a: Res<A>, _scope: Scope<B>) {
        std::future::pending::<()>().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story: story.clone() }).unwrap();
    app.register(HangsConfig {}).unwrap();
    let report = app.launch().await;
    assert_eq!((report.exit_code(), report.took()), (3, Duration::from_secs(3)));
    assert_eq!(*report.failures()[0].cause(), Cause::TimedOut { limit: Duration::from_secs(3) });
    assert_eq!((outcome(&report, "hangs"), story.text()), (Outcome::TimedOut, "a+ a-".into()));
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_setup_that_returns_without_providing_or_panics_has_failed() {
    #[lifespan_context(manual)]
    async fn forgets(_scope: Scope<B>) {}
    #[lifespan_context(manual)]
    async fn panics(_scope: Scope<B>) {
        panic!("no {}", "luck");
    }
    let app = App::empty();
    app.register(ForgetsConfig {}).unwrap();
    let report = app.launch().await;
    assert_eq!((report.exit_code(), report.failures()[0].cause()), (3, &Cause::NothingProvided));

    let app = App::empty();
    app.register(PanicsConfig {}).unwrap();
    let report = app.launch().await;
    let Cause::Panic { message, place } = report.failures()[0].cause() else { panic!("{report}") };
    assert_eq!((report.exit_code(), message.as_str()), (3, "no luck"));
    assert!(place.as_ref().unwrap().contains("startup.rs:"), "{place:?}");
}

/// Waits for the other of a pair, in its setup.
#[lifespan_context(manual)]
async fn left(#[config(code)] story: Story, #[config(code)] both: Arc<Notify>, scope: Scope<A>) {
    story.record("left begins");
    both.notified().await;
    story.record("left ends");
    scope.provide_until_shutdown(A).await;
}

#[lifespan_context(manual)]
async fn right(#[config(code)] story: Story, #[config(code)] both: Arc<Notify>, scope: Scope<B>) {
    story.record("right begins");
    both.notify_one();
    scope.provide_until_shutdown(B).await;
}

#[tokio::test(start_paused = true)]
async fn case_20_rule_3_concurrent_setups_overlap_and_sequential_ones_do_not() {
    let (story, both) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty().concurrent_startup();
    app.register(LeftConfig { story: story.clone(), both: both.clone() }).unwrap();
    app.register(RightConfig { story: story.clone(), both: both.clone() }).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(story.text(), "left begins right begins left ends");
    assert!(running.stop().await.is_success());

    let (story, both) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty().startup_timeout(Duration::from_secs(1));
    app.register(LeftConfig { story: story.clone(), both: both.clone() }).unwrap();
    app.register(RightConfig { story: story.clone(), both }).unwrap();
    let error = app.start().await.unwrap_err();
    assert_eq!((story.text(), error.report().exit_code()), ("left begins".into(), 3));
}

#[tokio::test(start_paused = true)]
async fn rule_3_concurrent_startup_takes_as_long_as_the_longest_chain() {
    #[lifespan_context(manual)]
    async fn two_seconds() -> A {
        tokio::time::sleep(Duration::from_secs(2)).await;
        A
    }
    #[lifespan_context(manual)]
    async fn three_seconds_more(_a: Res<A>) -> B {
        tokio::time::sleep(Duration::from_secs(3)).await;
        B
    }
    #[lifespan_context(manual)]
    async fn four_seconds() -> C {
        tokio::time::sleep(Duration::from_secs(4)).await;
        C
    }
    for (app, seconds) in [(App::empty().concurrent_startup(), 5), (App::empty(), 9)] {
        app.register(ThreeSecondsMoreConfig {}).unwrap();
        app.register(FourSecondsConfig {}).unwrap();
        app.register(TwoSecondsConfig {}).unwrap();
        let before = tokio::time::Instant::now();
        let running = app.start().await.unwrap();
        assert_eq!(before.elapsed().as_secs(), seconds);
        assert!(running.stop().await.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn case_21_failing_before_the_first_await_and_after_it_end_the_same() {
    #[lifespan_task(manual)]
    async fn at_once() -> Result<(), Broken> {
        Err(Broken::Pipe)
    }
    #[lifespan_task(manual)]
    async fn later() -> Result<(), Broken> {
        tokio::task::yield_now().await;
        Err(Broken::Pipe)
    }
    let app = App::empty();
    app.register(AtOnceConfig {}).unwrap();
    let early = app.launch().await;
    let app = App::empty();
    app.register(LaterConfig {}).unwrap();
    let late = app.launch().await;
    for (report, stage, exit_code) in [(early, Stage::Startup, 3), (late, Stage::Running, 1)] {
        assert_eq!((report.exit_code(), report.failures()[0].stage()), (exit_code, stage));
        assert_eq!(report.take_error::<Broken>(), Some(Broken::Pipe));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_4_no_later_unit_starts_before_a_tasks_first_await() {
    #[lifespan_task(manual)]
    async fn step(name: String, #[config(code)] story: Story) {
        story.record(format!("{name}1"));
        tokio::task::yield_now().await;
        story.record(format!("{name}2"));
    }
    #[lifespan_task(manual)]
    async fn fails_first() -> Result<(), Broken> {
        Err(Broken::Wire)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(StepConfig { name: "a".into(), story: story.clone() }).unwrap();
    app.register(StepConfig { name: "b".into(), story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert!(story.text().starts_with("a1 "), "{story:?}");
    let (a1, b1) = (0, story.lines().iter().position(|line| line == "b1").unwrap());
    assert!(a1 < b1);
    assert_eq!((report.reason(), report.exit_code()), (Some(&Reason::AllFinished), 0));

    let story = Story::default();
    let app = App::empty();
    app.register(FailsFirstConfig {}).unwrap();
    app.register(StepConfig { name: "a".into(), story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((story.text(), report.exit_code()), (String::new(), 3));
}

#[tokio::test(start_paused = true)]
async fn rule_4_a_once_task_is_up_when_it_has_returned_and_its_value_is_a_resource() {
    #[lifespan_task(once, manual)]
    async fn fetch() -> Result<Vec<u32>, Broken> {
        // Far beyond the startup limit of other units.
        tokio::time::sleep(Duration::from_secs(3600)).await;
        Ok(vec![1, 2, 3])
    }
    #[lifespan_task(once, manual)]
    async fn sum(numbers: Res<Vec<u32>>) -> u64 {
        numbers.iter().map(|number| u64::from(*number)).sum()
    }
    #[lifespan_task(once, manual)]
    async fn print(sum: Res<u64>, #[config(code)] story: Story) {
        story.record(sum.to_string());
    }
    let story = Story::default();
    let app = App::empty();
    app.register(PrintConfig { story: story.clone() }).unwrap();
    app.register(SumConfig {}).unwrap();
    app.register(FetchConfig {}).unwrap();
    let report = app.launch().await;
    assert_eq!((story.text(), report.exit_code()), ("6".into(), 0), "{report}");
    assert_eq!(report.reason(), Some(&Reason::AllFinished));
    assert!(app.resource::<u64>().is_none());
}

#[tokio::test(start_paused = true)]
async fn rule_3_after_before_first_and_last_order_units() {
    #[lifespan_task(manual, after(two), shutdown_timeout = "1s")]
    async fn one(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("one");
        shutdown.requested().await;
        story.record("-one");
    }
    #[lifespan_task(manual, before(three))]
    async fn two(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("two");
        shutdown.requested().await;
        story.record("-two");
    }
    #[lifespan_task(manual)]
    async fn three(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("three");
        shutdown.requested().await;
        story.record("-three");
    }
    #[lifespan_task(manual, last)]
    async fn server(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("server");
        shutdown.requested().await;
        story.record("-server");
    }
    #[lifespan_task(manual, first)]
    async fn flusher(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("flusher");
        shutdown.requested().await;
        story.record("-flusher");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(ServerConfig { story: story.clone() }).unwrap();
    app.register(ThreeConfig { story: story.clone() }).unwrap();
    app.register(OneConfig { story: story.clone() }).unwrap();
    app.register(TwoConfig { story: story.clone() }).unwrap();
    app.register(AConfig { story: story.clone() }).unwrap();
    app.register(FlusherConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(story.text(), "flusher two three one a+ server");
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
    let lines = story.lines();
    let place = |line: &str| lines.iter().position(|one| one == line).unwrap();
    assert!(place("-server") < place("-one") && place("-server") < place("-three"), "{story:?}");
    assert!(place("-one") < place("-two") && place("-three") < place("-two"), "{story:?}");
    // What is `first` outlives even the contexts.
    assert_eq!(lines[lines.len() - 3..], ["-two", "a-", "-flusher"]);
}

#[tokio::test(start_paused = true)]
async fn a_replaced_context_is_not_started_and_a_provided_value_is_taken() {
    #[lifespan_task(manual, once)]
    async fn takes(number: Res<u32>, name: Res<str>, missing: Option<Res<u8>>, #[config(code)] story: Story) {
        story.record(format!("{} {} {}", *number, &*name, missing.is_none()));
    }
    #[lifespan_context(manual)]
    async fn number(#[config(code)] story: Story) -> u32 {
        story.record("never");
        1
    }
    let story = Story::default();
    let app = App::empty();
    app.register(NumberConfig { story: story.clone() }).unwrap();
    app.register(TakesConfig { story: story.clone() }).unwrap();
    app.replace(7_u32).unwrap();
    app.provide_shared::<str>(Arc::from("seven")).unwrap();
    let report = app.launch().await;
    assert_eq!((story.text(), report.exit_code()), ("7 seven true".into(), 0), "{report}");
    assert_eq!(report.units().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_7_an_ignored_setup_leaves_its_users_with_none_however_it_fails() {
    #[lifespan_context(manual, on_failure = "ignore", startup_timeout = "1s")]
    async fn may_fail(hangs: bool, _scope: Scope<A>) -> Result<(), Broken> {
        if hangs {
            std::future::pending::<()>().await;
        }
        Err(Broken::Wire)
    }
    #[lifespan_task(manual, once)]
    async fn uses(a: Option<Res<A>>, #[config(code)] story: Story) {
        story.record(format!("{}", a.is_some()));
    }
    #[lifespan_task(manual, once)]
    async fn must_have(_a: Res<A>) {}
    for concurrent in [false, true] {
        for hangs in [false, true] {
            let story = Story::default();
            let app = if concurrent { App::empty().concurrent_startup() } else { App::empty() };
            app.register(UsesConfig { story: story.clone() }).unwrap();
            app.register(MayFailConfig { hangs }).unwrap();
            let report = app.launch().await;
            assert_eq!((story.text(), report.exit_code()), ("false".into(), 0), "{report}");
            assert!(report.failures()[0].is_ignored());
        }
    }
    let app = App::empty();
    app.register(MustHaveConfig {}).unwrap();
    app.register(MayFailConfig { hangs: false }).unwrap();
    let error = app.check().unwrap_err().to_string();
    assert!(error.contains("take `Option<Res<A>>`"), "{error}");
}

#[test]
fn a_runtime_that_goes_away_under_a_run_is_said_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story }).unwrap();
    let running = runtime.block_on(app.start()).unwrap();
    let mut events = app.events();
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = other.block_on(running.wait());
    assert_eq!(report.exit_code(), 4);
    assert!(report.to_string().contains("its tokio runtime was shut down"), "{report}");
    assert!(matches!(report.failures()[0].cause(), Cause::Lost), "{report}");
    assert_eq!((outcome(&report, "a"), app.state()), (Outcome::Failed, State::Stopped));
    let mut last = None;
    while let Some(event) = other.block_on(events.next()) {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Ended { exit_code: lifespan::ExitCode::Incomplete, .. })), "{last:?}");
}

#[test]
fn a_runtime_without_timers_and_no_runtime_at_all_are_problems_of_the_plan() {
    let story = Story::default();
    let app = App::empty();
    app.register(AConfig { story }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let report = runtime.block_on(app.launch());
    assert!(report.to_string().contains("no timers"), "{report}");
    let mut launch = std::pin::pin!(app.launch());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(report) = launch.as_mut().poll(&mut context) else { panic!("it waits") };
    assert!(report.to_string().contains("no tokio runtime"), "{report}");
    assert_eq!(report.exit_code(), 2);
}
