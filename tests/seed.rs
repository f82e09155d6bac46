//! What the framework takes from Python's lifespan tasks: acceptance cases 1 to 7, and rules 1, 2, 5 and 6.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::{Guard, Story};
use lifespan::{App, Kind, Outcome, Res, Scope, Shutdown, State, lifespan_context, lifespan_task};

lifespan::discover! {
    /// Every unit of this file.
    fn discovered();
}

/// Records its arguments.
#[lifespan_task(manual)]
async fn long_running(times: u32, bar: String, #[config(code)] story: Story, shutdown: Shutdown) {
    story.record(format!("{times} {bar}"));
    shutdown.requested().await;
}

#[lifespan_task(manual)]
async fn unbothered(shutdown: Shutdown) {
    shutdown.requested().await;
}

#[tokio::test(start_paused = true)]
async fn case_1_a_task_runs_with_exactly_its_keyword_arguments_and_stays_callable_by_hand() {
    let story = Story::default();
    let app = App::empty();
    app.register(LongRunningConfig { times: 42, bar: "x".into(), story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(story.text(), "42 x");

    let (trigger, shutdown) = Shutdown::pair();
    let by_hand = tokio::spawn(long_running(7, "y".into(), story.clone(), shutdown));
    trigger.shutdown();
    by_hand.await.unwrap();
    assert_eq!(story.text(), "42 x 7 y");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn case_2_a_task_registered_three_times_runs_three_times_and_is_listed_in_call_order() {
    let story = Story::default();
    let app = App::empty();
    for times in [3, 1, 2] {
        app.register(LongRunningConfig { times, bar: "b".into(), story: story.clone() }).unwrap();
    }
    let names: Vec<String> = app.registered().iter().map(lifespan::Registered::name).collect();
    assert_eq!(names, ["long_running", "long_running#2", "long_running#3"]);
    let running = app.start().await.unwrap();
    assert_eq!(story.text(), "3 b 1 b 2 b");
    assert_eq!(running.stop().await.units().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn case_3_a_parameter_named_app_is_the_very_instance_that_launched_it() {
    #[lifespan_task(manual, once)]
    async fn looks(app: App, #[config(code)] story: Story) {
        story.record(format!("{:?} {}", app.resource::<u64>().map(|number| *number), app.registered().len()));
        app.shutdown_because("seen");
    }
    let story = Story::default();
    let app = App::empty();
    app.provide(5_u64).unwrap();
    app.register(LooksConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!(story.text(), "Some(5) 1");
    assert_eq!(report.reason().unwrap().to_string(), "seen");
}

#[tokio::test(start_paused = true)]
async fn case_4_rule_6_registering_late_is_refused_from_anywhere_and_changes_nothing() {
    fn try_all(app: &App) -> String {
        let late = [
            app.register(UnbotheredConfig {}).map(drop).unwrap_err(),
            app.provide(1_u8).unwrap_err(),
            app.replace(1_u8).unwrap_err(),
            app.skip(unbothered).unwrap_err(),
        ];
        late.map(|error| error.to_string()).join("|")
    }
    #[lifespan_task(manual)]
    async fn from_a_task(app: App, #[config(code)] story: Story, shutdown: Shutdown) {
        story.record(try_all(&app));
        shutdown.requested().await;
    }
    #[lifespan_context(manual)]
    async fn from_a_context(app: App, #[config(code)] story: Story, scope: Scope) {
        story.record(try_all(&app));
        scope.until_shutdown().await;
        story.record(try_all(&app));
    }
    let story = Story::default();
    let app = App::empty();
    app.register(FromAContextConfig { story: story.clone() }).unwrap();
    let named = app.register(FromATaskConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    story.record(try_all(&app));
    assert!(named.named("late").is_err());
    let listed = app.registered().len();
    let report = running.stop().await;
    assert!(report.is_success());
    story.record(try_all(&app));
    assert_eq!((listed, report.units().len()), (2, 2));
    assert!(app.resource::<u8>().is_none());
    assert_eq!(story.lines().len(), 5);
    for line in story.lines() {
        assert!(
            line.starts_with(
                "cannot register lifespan task `unbothered` after the lifespan has started; register all tasks before the app starts|"
            ),
            "{line}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn case_5_the_list_is_in_registration_order_before_during_and_after() {
    let app = App::empty();
    app.register(UnbotheredConfig {}).unwrap().named("zebra").unwrap();
    app.register(UnbotheredConfig {}).unwrap().named("ape").unwrap();
    let names = |app: &App| app.registered().iter().map(lifespan::Registered::name).collect::<Vec<_>>();
    let before = names(&app);
    let running = app.start().await.unwrap();
    let during = names(&app);
    let report = running.stop().await;
    assert_eq!([&before, &during, &names(&app)], [&["zebra", "ape"]; 3]);
    let reported: Vec<String> = report.units().iter().map(|unit| unit.unit.name()).collect();
    assert_eq!(reported, before);
}

#[tokio::test(start_paused = true)]
async fn case_6_a_context_works_at_setup_and_at_teardown_and_a_task_in_between() {
    #[lifespan_context(manual)]
    async fn counter(#[config(code)] count: Arc<AtomicU32>, scope: Scope) {
        count.fetch_add(2, Ordering::SeqCst);
        scope.until_shutdown().await;
        count.fetch_add(2, Ordering::SeqCst);
    }
    #[lifespan_task(manual)]
    async fn ticker(#[config(code)] ticks: Arc<AtomicU32>) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            ticks.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (count, ticks) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let app = App::empty();
    app.register(CounterConfig { count: count.clone() }).unwrap();
    app.register(TickerConfig { ticks: ticks.clone() }).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(3500)).await;
    assert_eq!((count.load(Ordering::SeqCst), ticks.load(Ordering::SeqCst)), (2, 3));
    assert!(running.stop().await.is_success());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!((count.load(Ordering::SeqCst), ticks.load(Ordering::SeqCst)), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn case_7_a_cancelled_tasks_guard_is_dropped_before_launch_returns() {
    #[lifespan_task(manual)]
    async fn guarded(#[config(code)] story: Story) {
        let _guard = Guard(story, "dropped");
        std::future::pending::<()>().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(GuardedConfig { story: story.clone() }).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!(story.text(), "dropped");
    assert_eq!(common::outcome(&report, "guarded"), Outcome::Dropped);
}

/// First by place.
#[lifespan_context]
async fn alpha() -> Alpha {
    Alpha(1)
}

/// Takes the first.
#[lifespan_task]
async fn beta(alpha: Res<Alpha>, shutdown: Shutdown) {
    assert_eq!(alpha.0, 1);
    shutdown.requested().await;
}

struct Alpha(u32);

#[test]
fn rule_1_every_annotated_function_is_discovered_and_manual_ones_wait_to_be_asked() {
    let all = discovered();
    let names: Vec<&str> = all.iter().map(lifespan::Unit::name).collect();
    assert_eq!(&names[..2], ["long_running", "unbothered"]);
    assert_eq!(&names[names.len() - 2..], ["alpha", "beta"]);
    let alpha = &all[all.len() - 2];
    assert_eq!((alpha.kind(), alpha.docs()), (Kind::Context, "First by place."));
    assert_eq!(alpha.full_name(), "seed::alpha");
    assert!(alpha.location().to_string().contains("seed.rs:"), "{}", alpha.location());
    assert_eq!(all.last().unwrap().needs(), ["Alpha"]);

    let app = App::new();
    let names: Vec<String> = app.registered().iter().map(lifespan::Registered::name).collect();
    assert_eq!(names, ["alpha", "beta"]);
    assert!(App::empty().registered().is_empty());
}

#[test]
fn rule_2_an_explicit_registration_takes_the_automatic_ones_place_and_further_ones_come_after() {
    let app = App::new();
    app.register(UnbotheredConfig {}).unwrap();
    app.register(BetaConfig {}).unwrap();
    app.register(BetaConfig {}).unwrap();
    let names: Vec<String> = app.registered().iter().map(lifespan::Registered::name).collect();
    assert_eq!(names, ["alpha", "beta", "unbothered", "beta#2"]);
    app.skip(beta).unwrap();
    app.skip(alpha).unwrap();
    let names: Vec<String> = app.registered().iter().map(lifespan::Registered::name).collect();
    assert_eq!(names, ["beta", "unbothered", "beta#2"]);
}

#[test]
fn rule_5_nothing_registered_is_a_problem_that_says_how_to_link_a_crate() {
    let app = App::new();
    app.skip(alpha).unwrap();
    app.skip(beta).unwrap();
    let error = app.check().unwrap_err().to_string();
    assert!(error.contains("nothing is registered") && error.contains("discover!"), "{error}");
    let error = App::empty().check().unwrap_err().to_string();
    assert!(error.contains("app.register"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_automatic_app_runs_what_was_discovered() {
    let app = App::new().without_signals();
    assert_eq!(app.state(), State::New);
    let running = app.start().await.unwrap();
    assert_eq!(app.state(), State::Up);
    assert!(app.resource::<Alpha>().is_some());
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
    assert!(app.resource::<Alpha>().is_none());
    assert_eq!(app.state(), State::Stopped);
}
