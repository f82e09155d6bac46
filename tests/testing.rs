//! The test kit: parts of a program, fakes, paused time, and what a test has happen.

mod common;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use common::Broken;
use lifespan::testing::{TestApp, TestRun};
use lifespan::{App, Outcome, Res, Scope, Shutdown, lifespan_context, lifespan_task};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

struct Store(&'static str);

#[lifespan_context]
async fn store(scope: Scope<Store>) {
    scope.provide_until_shutdown(Store("real")).await;
}

struct Cache(Res<Store>);

#[lifespan_context]
async fn cache(store: Res<Store>) -> Cache {
    Cache(store)
}

#[lifespan_task]
async fn serve(#[config(default = 3_u64)] every: u64, cache: Res<Cache>, shutdown: Shutdown) -> Result<(), Broken> {
    while shutdown.sleep(seconds(every)).await.is_elapsed() {
        assert!(!cache.0.0.is_empty());
    }
    Ok(())
}

/// No test here needs it.
#[lifespan_task]
async fn other(_missing: String) {}

/// Restarts, whatever happens to it.
#[lifespan_task(restart(permanent, backoff = "1s", jitter = 0.0))]
async fn stubborn(shutdown: Shutdown) {
    shutdown.requested().await;
}

fn words(run: &TestRun, from: usize) -> Vec<String> {
    run.events().split_off(from)
}

#[tokio::test]
async fn rule_30_only_what_is_named_and_what_it_needs_is_there() {
    let app = TestApp::new().with(serve).start().await;
    assert_eq!(
        app.events(),
        [
            "launched 3",
            "starting store",
            "up store",
            "starting cache",
            "up cache",
            "starting serve",
            "up serve",
            "app up"
        ]
    );
    assert_eq!(app.resource::<Store>().unwrap().0, "real");
    let before = app.events().len();
    assert!(app.stop().await.is_success());
    assert_eq!(before, 8);
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_fake_replaces_its_context_and_the_units_that_only_that_needs() {
    let fake = Cache(Res::new(Store("fake")));
    let app = TestApp::new().register(ServeConfig { every: 5 }).provide(fake).start().await;
    assert_eq!(app.events()[..3], ["launched 1", "starting serve", "up serve"]);
    assert!(app.resource::<Store>().is_none());
    assert!(app.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_30_arguments_are_set_in_code_and_a_plan_that_lacks_one_says_so() {
    let report = TestApp::new().with(other).try_start().await.unwrap_err();
    assert!(report.to_string().contains("_missing"), "{report}");
    let app = TestApp::new().register_named("mine", OtherConfig { _missing: String::new() }).start().await;
    let report = app.stop().await;
    assert_eq!(report.unit("mine").unwrap().outcome, Outcome::Returned);
}

#[tokio::test(start_paused = true)]
async fn rule_30_time_passes_only_when_the_test_advances_it_and_all_that_is_due_happens() {
    let begun = tokio::time::Instant::now();
    let app = TestApp::new().with(stubborn).start().await;
    app.panic(stubborn, "as the test says");
    app.advance(Duration::ZERO).await;
    assert_eq!(words(&app, 4), ["restarting stubborn 1"]);
    app.advance(seconds(3600)).await;
    assert_eq!(begun.elapsed(), seconds(3600));
    assert!(app.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_unit_fails_with_the_tests_error_at_its_next_step() {
    let app = TestApp::new().with(serve).start().await;
    app.fail("serve", Broken::Wire);
    app.advance(Duration::ZERO).await;
    assert_eq!(words(&app, 8)[..2], ["failed serve", "shutdown: task `serve` failed"]);
    let report = app.stop().await;
    assert_eq!((report.exit_code(), report.take_error()), (1, Some(Broken::Wire)));
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_unit_that_hangs_is_overdue() {
    let app = TestApp::new().with(serve).start().await;
    app.hang(store);
    app.hang(serve);
    let report = app.stop().await;
    assert_eq!(report.unit("serve").unwrap().outcome, Outcome::TimedOut);
    assert_eq!(report.unit("store").unwrap().outcome, Outcome::TimedOut);
    assert_eq!(report.took(), seconds(15));
}

/// What a test that panics says.
async fn said(test: impl Future<Output = ()>) -> String {
    let mut test = Box::pin(test);
    let result = std::future::poll_fn(|context| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| test.as_mut().poll(context))) {
            Ok(poll) => poll.map(|()| None),
            Err(payload) => std::task::Poll::Ready(payload.downcast_ref::<String>().cloned()),
        }
    });
    result.await.expect("it panics")
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_test_that_does_not_stop_its_app_fails_and_names_what_runs() {
    let said = said(async {
        let _app = TestApp::new().with(serve).start().await;
    });
    let said = said.await;
    assert!(said.contains("without `stop().await`") && said.contains("`serve`") && said.contains("`cache`"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_task_that_is_still_running_fails_the_test() {
    #[lifespan_task(manual)]
    async fn spawns(shutdown: Shutdown) {
        tokio::spawn(std::future::pending::<()>());
        shutdown.requested().await;
    }
    let said = said(async {
        let app = TestApp::new().with(spawns).start().await;
        drop(app.stop().await);
    });
    let said = said.await;
    assert!(said.contains("1 task was spawned while `spawns` ran and keeps running"), "{said}");
    let app = TestApp::new().with(spawns).may_leave_tasks().start().await;
    assert!(app.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_30_what_a_test_names_must_be_there() {
    async fn no_unit() {}
    let said_of_with = said(async {
        drop(TestApp::new().with(no_unit));
    });
    assert!(said_of_with.await.contains("no_unit` is not a unit"));
    let said_of_hang = said(async {
        let app = TestApp::new().with(stubborn).start().await;
        app.hang(serve);
    });
    assert!(said_of_hang.await.contains("is not registered in this app"));
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_shared_fake_and_other_settings() {
    trait Greets: Send + Sync {
        fn greet(&self) -> &'static str;
    }
    struct Fake;
    impl Greets for Fake {
        fn greet(&self) -> &'static str {
            "hello"
        }
    }
    #[lifespan_task(manual, once)]
    async fn greets(greeter: Res<dyn Greets>) -> Result<(), Broken> {
        if greeter.greet() == "hello" { Ok(()) } else { Err(Broken::Pipe) }
    }
    let app = TestApp::new()
        .with(greets)
        .provide_shared::<dyn Greets>(Arc::new(Fake))
        .configure(|app| app.concurrent_startup().stay_up())
        .start()
        .await;
    app.advance(seconds(1)).await;
    assert_eq!(app.app().state(), lifespan::State::Up);
    assert!(app.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_run_is_asked_for_and_fails_panics_and_hangs_as_a_test_says() {
    #[lifespan_task(manual, every = "1h", start = "after_first_period")]
    async fn sweeps(shutdown: Shutdown) -> Result<(), Broken> {
        let _ = shutdown.sleep(seconds(5)).await;
        Ok(())
    }
    let app = TestApp::new().with(sweeps).start().await;
    let begun = tokio::time::Instant::now();
    assert!(app.trigger(sweeps).await.is_success());
    assert_eq!(begun.elapsed(), seconds(5));
    // Between two runs it takes no step: it fails with the next.
    app.fail(sweeps, Broken::Wire);
    assert_eq!(app.trigger("sweeps").await.failure().unwrap().take_error(), Some(Broken::Wire));
    app.panic(sweeps, "as the test says");
    assert!(app.trigger(sweeps).await.failure().unwrap().to_string().contains("as the test says"));
    let from = app.events().len();
    app.hang(sweeps);
    app.advance(seconds(3 * 3600)).await;
    assert_eq!(words(&app, from), ["run 4 of sweeps", "skipped 1 of sweeps", "skipped 1 of sweeps"]);
    let report = app.stop().await;
    assert_eq!(
        (report.unit("sweeps").unwrap().outcome, report.took()),
        (Outcome::TimedOut, seconds(3 * 3600 + 5 + 10))
    );
}

#[tokio::test(start_paused = true)]
async fn rule_30_a_run_that_can_not_be_had_fails_the_test() {
    let said = said(async {
        let app = TestApp::new().with(stubborn).may_leave_tasks().start().await;
        let _ = app.trigger(stubborn).await;
    });
    let said = said.await;
    assert!(said.contains("`stubborn`: it has no schedule") && said.contains("testing.rs:"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn rule_30_what_fails_as_a_test_says_takes_its_group_and_its_users_along() {
    struct Link;
    lifespan::group! { pair: one_for_all }
    #[lifespan_context(manual, restart(transient, backoff = "1s", jitter = 0.0))]
    async fn link(scope: Scope<Link>) {
        scope.provide_until_shutdown(Link).await;
    }
    #[lifespan_task(manual, group = pair, restart(transient, backoff = "0s"))]
    async fn reads(#[inject] _link: Res<Link>, shutdown: Shutdown) {
        shutdown.requested().await;
    }
    #[lifespan_task(manual, group = pair, restart(transient, backoff = "0s"))]
    async fn writes(shutdown: Shutdown) {
        shutdown.requested().await;
    }
    let app = TestApp::new().with(reads).with(writes).start().await;
    let from = app.events().len();
    app.fail(writes, Broken::Pipe);
    app.advance(Duration::ZERO).await;
    assert_eq!(
        words(&app, from),
        [
            "restarting writes 1",
            "restarting part writes reads",
            "stopping reads",
            "stopped reads",
            "starting reads",
            "up reads",
            "starting writes",
            "up writes",
        ]
    );
    let from = app.events().len();
    app.panic(link, "as the test says");
    app.advance(seconds(1)).await;
    assert_eq!(
        words(&app, from),
        [
            "restarting link 1",
            "restarting part link reads",
            "stopping reads",
            "stopped reads",
            "starting link",
            "up link",
            "starting reads",
            "up reads",
        ]
    );
    // One that hangs is overdue in a part as well, and starts again.
    app.hang(link);
    app.app().restart(link).await.unwrap();
    let report = app.stop().await;
    assert_eq!((report.exit_code(), report.unit("link").unwrap().restarts), (0, 2), "{report}");
    assert!(report.failures().iter().all(|failure| failure.is_recovered()), "{report}");
}

/// A setup that waits for something outside of tokio's time, as a server's answer is.
#[lifespan_context(manual)]
async fn remote() -> Remote {
    let (answer, answered) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        let _ = answer.send(());
    });
    answered.await.unwrap();
    Remote
}

struct Remote;

/// A run that waits in the same way.
#[lifespan_task(manual, every = "1h", timeout = "10s")]
async fn ask() {
    std::future::pending::<()>().await;
}

const HINT: &str = "time is paused in a TestApp, so that a real server or thread seems to take forever: use \
                    `.real_time()`, or a fake";

#[tokio::test]
async fn rule_137_a_setup_or_run_that_times_out_in_paused_time_hints_at_real_time() {
    let report = TestApp::new().with(remote).try_start().await.unwrap_err();
    assert!(report.to_string().contains(HINT), "{report}");
    assert!(report.failures()[0].to_string().ends_with(HINT), "{report}");

    let app = TestApp::new().with(ask).start().await;
    app.advance(seconds(20)).await;
    let report = app.stop().await;
    assert!(report.to_string().contains(HINT), "{report}");

    // A unit that does not stop in time, or that fails, waits for nothing real.
    let app = TestApp::new().with(stubborn).start().await;
    app.hang(stubborn);
    let report = app.stop().await;
    assert!(!report.to_string().contains("real_time"), "{report}");
}

struct Unprovided;

#[lifespan_task(manual)]
async fn lonely(_unprovided: Res<Unprovided>) {}

#[lifespan_task(manual)]
async fn wired(#[config(code)] _wire: Arc<str>) {}

/// The text of the report of an app that does not start.
async fn refused(app: TestApp) -> String {
    app.try_start().await.expect_err("it can't start").to_string()
}

#[tokio::test(start_paused = true)]
async fn rule_136_messages_name_the_ways_of_the_test_kit() {
    let lonely = refused(TestApp::new().with(lonely)).await;
    assert!(lonely.contains("name its context with `.with(…)`, or give a fake: `.provide(fake)`"), "{lonely}");
    let skipping = TestApp::new().with(serve).configure(|app| {
        app.skip(store).unwrap();
        app
    });
    let skipped = refused(skipping).await;
    assert!(skipped.contains("remove that call, or give a fake: `.provide(fake)`"), "{skipped}");
    let other = refused(TestApp::new().with(other)).await;
    assert!(
        other.contains(
            "write `_missing = …` under `[tasks.other]` in `.toml(\"…\")`, call `.set(\"tasks.other._missing\", …)`, pass \
             its config to `.register(…)`, or declare a default"
        ),
        "{other}"
    );
    let wired = refused(TestApp::new().with(wired)).await;
    assert!(wired.contains("pass its config to `.register(…)`"), "{wired}");
    let nothing = refused(TestApp::new()).await;
    assert!(nothing.contains("name a unit: `.with(…)`"), "{nothing}");
    for said in [lonely, skipped, other, wired, nothing] {
        assert!(!said.contains("app.") && !said.contains("discover!") && !said.contains("LIFESPAN_"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_135_the_arguments_policies_and_settings_come_from_a_text() {
    let text = "
        tasks.other._missing = 'there'
        lifespan.grace = '2s'
        lifespan.policy.serve.shutdown_timeout = '1s'
    ";
    let app = TestApp::new().with(other).with(serve).with(stubborn).toml(text).start().await;
    app.hang(serve);
    app.hang(stubborn);
    let report = app.stop().await;
    let took = |name: &str| {
        let unit = report.unit(name).unwrap();
        unit.ended.unwrap().saturating_sub(unit.stopping.unwrap())
    };
    assert_eq!((took("serve"), took("stubborn")), (seconds(1), seconds(2)), "{report}");
    assert_eq!(report.unit("other").unwrap().outcome, Outcome::Returned);

    // One registration for each table.
    let two = "[[tasks.other]]\n_missing = 'one'\n[[tasks.other]]\n_missing = 'two'";
    let app = TestApp::new().with(other).toml(two).configure(App::stay_up).start().await;
    assert_eq!(app.app().registered().len(), 2);
    assert!(app.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_135_a_problem_in_the_text_is_reported_with_its_place() {
    let unknown = refused(TestApp::new().with(serve).toml("\n[tasks.serve]\nevry = 3")).await;
    assert!(unknown.contains("toml:3:1") && unknown.contains("did you mean `every`"), "{unknown}");
    let broken = refused(TestApp::new().with(serve).toml("[tasks")).await;
    assert!(broken.contains("toml:1:"), "{broken}");
    let missing = refused(TestApp::new().with(other).toml("[[tasks.other]]")).await;
    assert!(missing.contains("write `_missing = …` in this `[[tasks.other]]` of toml, pass"), "{missing}");
    let said = said(async {
        let _ = TestApp::new().with(serve).toml("[tasks.serve]\nevery = 'x'").start().await;
    });
    let said = said.await;
    assert!(said.contains("the app did not start") && said.contains("toml:2:9"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn rule_135_a_value_set_by_its_name_is_above_the_text() {
    let text = "[lifespan]\ngrace = '20s'";
    let app = TestApp::new().with(serve).toml(text).set("lifespan.grace", "3s").set("tasks.serve.every", 60);
    let app = app.start().await;
    app.hang(serve);
    assert_eq!(app.stop().await.took(), seconds(3));
    let wrong = refused(TestApp::new().with(serve).set("tasks.serve.evry", 3)).await;
    assert!(wrong.contains("did you mean `tasks.serve.every`") && wrong.contains("tests/testing.rs:"), "{wrong}");
}

struct Rate(&'static str);

#[lifespan_context(profile("live"))]
async fn bank() -> Rate {
    Rate("live")
}

#[lifespan_context(profile("offline"))]
async fn fixed() -> Rate {
    Rate("offline")
}

#[lifespan_task(manual)]
async fn convert(_rate: Res<Rate>, shutdown: Shutdown) {
    shutdown.requested().await;
}

#[tokio::test(start_paused = true)]
async fn rule_135_a_profile_says_which_of_several_contexts_runs() {
    let set = [
        TestApp::new().with(convert).profile("offline"),
        TestApp::new().with(convert).toml("[lifespan]\nprofiles = 'offline'"),
        TestApp::new().with(convert).profile("live").set("lifespan.profiles", "offline"),
    ];
    for app in set {
        let app = app.start().await;
        assert_eq!(app.resource::<Rate>().unwrap().0, "offline");
        assert!(app.stop().await.is_success());
    }
    let wrong = refused(TestApp::new().with(convert).profile("ofline")).await;
    assert!(wrong.contains("no unit has the profile `ofline`") && wrong.contains("did you mean `offline`"), "{wrong}");
    let both = refused(TestApp::new().with(convert).profile("live").profile("offline")).await;
    assert!(both.contains("`bank`") && both.contains("`fixed`"), "{both}");
}

#[tokio::test]
async fn rule_137_real_time_lets_a_setup_wait_for_a_real_server() {
    let app = TestApp::new().with(remote).real_time().start().await;
    assert!(app.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_137_real_time_resumes_time_that_the_test_has_paused() {
    let app = TestApp::new().with(remote).real_time().start().await;
    assert!(app.stop().await.is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_137_real_time_needs_no_runtime_of_one_thread() {
    let app = TestApp::new().with(remote).with(serve).real_time().start().await;
    assert!(app.stop().await.is_success());
}
