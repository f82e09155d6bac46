//! Rules 70 to 74 and 76: the snapshot, readiness, events, log, report and exit code tell one story, the true one.

mod common;

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::{Broken, Log, Story, outcome, record};
use lifespan::{
    App, Cause, Children, Event, Outcome, Ready, Report, Res, Running, Scope, Shutdown, Stage, State, Status,
    lifespan_context, lifespan_task,
};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The status of one registration.
fn status(app: &App, name: &str) -> Status {
    let events = app.events();
    let mut units = events.so_far().units.iter();
    units.find(|(unit, _)| unit.name() == name).expect("it is registered").1
}

/// It waits for its restart of this number, which comes within that time.
#[track_caller]
fn backs_off(status: Status, number: u32, delay: Duration) {
    let Status::BackingOff { until, restart } = status else { panic!("{status:?}") };
    let rest = until.duration_since(tokio::time::Instant::now());
    assert_eq!(restart, number);
    assert!(rest < delay && rest + seconds(1) > delay, "{rest:?} of {delay:?}");
}

#[track_caller]
fn has_failure(report: &Report, name: &str, stage: Stage, error: Broken) {
    let failure = report.failures().iter().find(|failure| failure.unit().name() == name);
    let failure = failure.unwrap_or_else(|| panic!("no failure of {name}:\n{report}"));
    assert_eq!((failure.stage(), failure.take_error::<Broken>()), (stage, Some(error)), "{report}");
}

/// Captures the log of this thread.
fn captured() -> (Log, tracing::subscriber::DefaultGuard) {
    Log::captured(tracing::Level::INFO)
}

/// Registers what a case runs.
type Register = fn(&App);

/// How often a unit has been started.
type Starts = Arc<AtomicU32>;

fn next(starts: &Starts) -> u32 {
    starts.fetch_add(1, Ordering::Relaxed) + 1
}

/// Fails 50 ms after its first start; its second start is the last.
async fn fail_once(starts: &Starts, shutdown: &Shutdown) -> Result<(), Broken> {
    if next(starts) == 1 {
        sleep(millis(50)).await;
        return Err(Broken::Wire);
    }
    shutdown.requested().await;
    Ok(())
}

#[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0))]
async fn flaky(#[config(code)] starts: Starts, shutdown: Shutdown) -> Result<(), Broken> {
    fail_once(&starts, &shutdown).await
}

async fn start_flaky() -> (App, Running) {
    let app = App::empty();
    app.register(FlakyConfig { starts: Starts::default() }).unwrap();
    let running = app.start().await.unwrap();
    (app, running)
}

mod phases {
    use super::*;

    lifespan::group! { crew: one_for_all }

    #[lifespan_task(manual, group = crew, restart(transient, backoff = "10s", jitter = 0.0))]
    async fn member(#[config(code)] starts: Starts, shutdown: Shutdown) -> Result<(), Broken> {
        fail_once(&starts, &shutdown).await
    }

    #[lifespan_task(manual, group = crew)]
    async fn other_member(shutdown: Shutdown) {
        shutdown.requested().await;
    }

    struct Link;

    /// Loses its resource 50 ms after its first setup.
    #[lifespan_context(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    async fn link(#[config(code)] starts: Starts, scope: Scope<Link>) -> Result<(), Broken> {
        let lost = async move { if next(&starts) == 1 { sleep(millis(50)).await } else { pending().await } };
        scope.provide_until_shutdown_or(Link, lost).await.1.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    #[lifespan_task(manual)]
    async fn uses_link(_link: Res<Link>, shutdown: Shutdown) {
        shutdown.requested().await;
    }

    #[tokio::test(start_paused = true)]
    async fn rule_70_a_task_that_waits_for_its_restart_is_not_up() {
        let (app, running) = start_flaky().await;
        assert_eq!(status(&app, "flaky"), Status::Up);
        sleep(millis(300)).await;
        backs_off(status(&app, "flaky"), 1, seconds(10));
        // No server needs it.
        assert!(app.is_ready() && app.is_degraded());
        sleep(seconds(10)).await;
        assert_eq!(status(&app, "flaky"), Status::Up);
        assert!(running.stop().await.is_success());
    }

    #[tokio::test(start_paused = true)]
    async fn rule_70_a_member_of_a_group_that_waits_for_its_restart_is_not_up() {
        let app = App::empty();
        app.register(MemberConfig { starts: Starts::default() }).unwrap();
        app.register(OtherMemberConfig {}).unwrap();
        let running = app.start().await.unwrap();
        sleep(millis(300)).await;
        backs_off(status(&app, "member"), 1, seconds(10));
        assert_eq!(status(&app, "other_member"), Status::Waiting);
        assert!(app.is_degraded());
        drop(running.stop().await);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_70_a_context_that_waits_for_its_restart_is_not_up_and_neither_are_its_users() {
        let app = App::empty();
        app.register(LinkConfig { starts: Starts::default() }).unwrap();
        app.register(UsesLinkConfig {}).unwrap();
        let running = app.start().await.unwrap();
        sleep(millis(300)).await;
        backs_off(status(&app, "link"), 1, seconds(10));
        assert_eq!(status(&app, "uses_link"), Status::Waiting);
        assert!(app.is_degraded());
        drop(running.stop().await);
    }

    #[tokio::test]
    async fn rule_70_a_blocking_task_that_waits_for_its_restart_is_not_up() {
        #[lifespan_task(manual, blocking, restart(transient, backoff = "1h", jitter = 0.0))]
        fn blocks_and_fails(#[config(code)] story: Story) -> Result<(), Broken> {
            story.record("start");
            Err(Broken::Wire)
        }
        let app = App::empty();
        app.register(BlocksAndFailsConfig { story: Story::default() }).unwrap();
        let mut events = app.events();
        let running = app.start().await.unwrap();
        while !matches!(events.next().await, Some(Event::Restarting { .. })) {}
        let waiting = status(&app, "blocks_and_fails");
        assert!(matches!(waiting, Status::BackingOff { restart: 1, .. }), "{waiting:?}");
        assert!(app.is_degraded());
        drop(running.stop().await);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_70_a_task_whose_attempts_hang_before_they_are_ready_is_not_up() {
        #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "1s..1s", jitter = 0.0))]
        async fn connects(#[config(code)] starts: Starts, ready: Ready) -> Result<(), Broken> {
            if next(&starts) > 1 {
                sleep(seconds(30)).await;
                return Err(Broken::Pipe);
            }
            ready.notify();
            sleep(millis(50)).await;
            Err(Broken::Wire)
        }
        let app = App::empty();
        app.register(ConnectsConfig { starts: Starts::default() }).unwrap();
        let running = app.start().await.unwrap();
        let mut seen = Vec::new();
        for _ in 0..10 {
            // Well into an attempt, which takes 31 s with its delay.
            sleep(seconds(31)).await;
            seen.push((status(&app, "connects"), app.is_degraded()));
        }
        drop(running.stop().await);
        assert_eq!(seen, [(Status::Starting, true); 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_a_task_that_never_stays_up_is_recovering_all_the_while() {
        #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "1s..1s", jitter = 0.0))]
        async fn flaps() -> Result<(), Broken> {
            sleep(seconds(9)).await;
            Err(Broken::Wire)
        }
        let app = App::empty();
        app.register(FlapsConfig {}).unwrap();
        let running = app.start().await.unwrap();
        // Its first failure comes after 9 s.
        sleep(seconds(4)).await;
        let mut seen = vec![(status(&app, "flaps"), app.is_degraded())];
        for _ in 0..10 {
            sleep(seconds(10)).await;
            seen.push((status(&app, "flaps"), app.is_degraded()));
        }
        drop(running.stop().await);
        assert_eq!(seen[0], (Status::Up, false));
        assert_eq!(seen[1..], [(Status::Up, true); 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_70_an_event_says_when_a_unit_runs_again_after_its_delay() {
        let (app, running) = start_flaky().await;
        let recorded = record(&app);
        sleep(seconds(11)).await;
        assert!(running.stop().await.is_success());
        let events = recorded.await.unwrap();
        let restart = events.iter().position(|event| event == "restarting flaky 1").expect("it is restarted");
        let stop = events.iter().position(|event| event.starts_with("shutdown")).expect("it is stopped");
        assert!(events[restart + 1..stop].iter().any(|event| event.contains("flaky")), "{events:#?}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_70_a_unit_that_is_stopped_while_it_waits_for_its_restart_ran_until_it_failed() {
        let (_, running) = start_flaky().await;
        sleep(millis(300)).await;
        let report = running.stop().await;
        assert_eq!(report.exit_code(), 0, "{report}");
        // The restart was pending, and never came.
        assert_eq!(report.unit("flaky").unwrap().restarts, 0, "{report}");
        let text = report.to_string();
        assert!(text.contains("50 ms") && !text.contains("300 ms,"), "{text}");
    }
}

mod readiness {
    use super::*;

    /// Records the state of the app before and after a request for shutdown, without a step between.
    #[lifespan_task(manual)]
    async fn requests(#[config(code)] story: Story, app: App, shutdown: Shutdown) {
        app.when_up().await;
        let stands = || format!("{} {} {}", app.is_ready(), app.state(), shutdown.is_requested());
        story.record(stands());
        app.shutdown();
        story.record(stands());
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_from_the_request_for_shutdown_on_the_app_is_not_ready() {
        let requests: [Register; 3] = [App::shutdown, |app| app.exit(0), |app| app.shutdown_because("a test")];
        for request in requests {
            let (app, running) = start_flaky().await;
            assert!(app.is_ready());
            request(&app);
            let (ready, state, so_far) = (app.is_ready(), app.state(), app.events().so_far().state);
            drop(running.wait().await);
            assert_eq!((ready, state, so_far), (false, State::Draining, State::Draining));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_the_task_that_requests_shutdown_sees_it_at_once() {
        let (app, story) = (App::empty(), Story::default());
        app.register(RequestsConfig { story: story.clone() }).unwrap();
        assert!(app.launch().await.is_success());
        assert_eq!(story.lines(), ["true up false", "false draining true"]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_an_app_that_was_asked_to_stop_while_it_started_is_never_up() {
        #[lifespan_task(manual)]
        async fn requests_at_once(app: App, shutdown: Shutdown) {
            app.shutdown();
            shutdown.requested().await;
        }
        let app = App::empty();
        app.register(RequestsAtOnceConfig {}).unwrap();
        let recorded = record(&app);
        let report = app.launch().await;
        assert_eq!(report.exit_code(), 0, "{report}");
        let events = recorded.await.unwrap();
        assert!(!events.contains(&"app up".to_owned()), "{events:#?}");
    }

    struct Link;

    /// One unit of each kind, with what they say of readiness. The task and the context fail 50 ms after their first start, and
    /// start again 10 s later; the one by a schedule needs the context.
    macro_rules! units {
        ($($readiness:tt)*) => {
            use super::*;

            #[lifespan_task(manual, restart(transient, backoff = "10s", jitter = 0.0), $($readiness)*)]
            async fn works(#[config(code)] starts: Starts, shutdown: Shutdown) -> Result<(), Broken> {
                fail_once(&starts, &shutdown).await
            }

            #[lifespan_context(manual, restart(transient, backoff = "10s", jitter = 0.0), $($readiness)*)]
            async fn connects(#[config(code)] starts: Starts, scope: Scope<Link>) -> Result<(), Broken> {
                let lost = async move { if next(&starts) == 1 { sleep(millis(50)).await } else { pending().await } };
                scope.provide_until_shutdown_or(Link, lost).await.1.map_or(Ok(()), |()| Err(Broken::Wire))
            }

            #[lifespan_task(manual, every = "1h", $($readiness)*)]
            async fn sweeps(_link: Res<Link>) {}

            /// Fails at its second start, that is, when it is restarted.
            #[lifespan_task(manual, once, restart(transient, backoff = "10s", jitter = 0.0), $($readiness)*)]
            async fn computes(#[config(code)] starts: Starts) -> Result<u8, Broken> {
                if next(&starts) == 2 { Err(Broken::Wire) } else { Ok(1) }
            }

            /// Fails at once, and goes on when it is started again.
            #[lifespan_task(manual, blocking, restart(transient, backoff = "1h", jitter = 0.0), $($readiness)*)]
            fn blocks(#[config(code)] starts: Starts, shutdown: Shutdown) -> Result<(), Broken> {
                if next(&starts) == 1 {
                    return Err(Broken::Wire);
                }
                shutdown.wait();
                Ok(())
            }

            pub(super) fn works_here(app: &App) {
                drop(app.register(WorksConfig { starts: Starts::default() }).unwrap());
            }

            pub(super) fn connects_here(app: &App) {
                drop(app.register(ConnectsConfig { starts: Starts::default() }).unwrap());
            }

            pub(super) fn computes_here(app: &App) {
                drop(app.register(ComputesConfig { starts: Starts::default() }).unwrap());
            }

            pub(super) fn sweeps_here(app: &App) {
                drop(app.register(SweepsConfig {}).unwrap());
            }

            pub(super) fn blocks_here(app: &App) {
                drop(app.register(BlocksConfig { starts: Starts::default() }).unwrap());
            }

            pub(super) async fn restart_computes(app: &App) {
                drop(app.restart(computes).await);
            }

            pub(super) async fn restart_blocks(app: &App) {
                app.restart(blocks).await.unwrap();
            }
        };
    }

    mod required {
        units!(readiness = "required");
    }

    mod plain {
        units!();
    }

    /// Whether the app is ready, and whether it is degraded.
    fn stands(app: &App) -> (bool, bool) {
        (app.is_ready(), app.is_degraded())
    }

    const READY: (bool, bool) = (true, false);
    const DEGRADED: (bool, bool) = (true, true);
    const NOT_READY: (bool, bool) = (false, false);

    /// How an app stands: before the failure at 50 ms, while the unit waits for its restart, while it recovers, after that.
    async fn course(app: App) -> [(bool, bool); 4] {
        let running = app.start().await.unwrap();
        let mut course = [NOT_READY; 4];
        let times = [0, 300, 12_000, 25_000];
        let mut now = 0;
        for (stood, time) in course.iter_mut().zip(times) {
            sleep(millis(time - now)).await;
            (*stood, now) = (stands(&app), time);
        }
        assert!(running.stop().await.is_success());
        course
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_an_app_is_not_ready_while_a_required_unit_waits_or_recovers_and_degraded_by_any_other() {
        let required: [Register; 3] = [required::works_here, required::connects_here, |app| {
            plain::connects_here(app);
            required::sweeps_here(app);
        }];
        for register in required {
            let app = App::empty();
            register(&app);
            assert_eq!(course(app).await, [READY, NOT_READY, NOT_READY, READY]);
        }
        let plain: [Register; 3] = [plain::works_here, plain::connects_here, |app| {
            plain::connects_here(app);
            plain::sweeps_here(app);
        }];
        for register in plain {
            let app = App::empty();
            register(&app);
            assert_eq!(course(app).await, [READY, DEGRADED, DEGRADED, READY]);
        }
    }

    /// How an app stands: before its `once` task is restarted and fails, and while it waits to start again; when it has
    /// returned its value, it has recovered.
    async fn course_of_once(register: Register, restart: impl AsyncFn(&App)) -> [(bool, bool); 3] {
        let app = App::empty().stay_up();
        register(&app);
        let running = app.start().await.unwrap();
        let begin = stands(&app);
        let restarts = async {
            tokio::select! {
                () = restart(&app) => {}
                () = sleep(seconds(1)) => {}
            }
            stands(&app)
        };
        let waits = restarts.await;
        sleep(seconds(12)).await;
        let end = stands(&app);
        assert!(running.stop().await.is_success());
        [begin, waits, end]
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_an_app_is_not_ready_while_a_required_once_task_waits_for_its_restart() {
        let required = course_of_once(required::computes_here, required::restart_computes).await;
        assert_eq!(required, [READY, NOT_READY, READY]);
        let plain = course_of_once(plain::computes_here, plain::restart_computes).await;
        assert_eq!(plain, [READY, DEGRADED, READY]);
    }

    /// How an app stands while its `blocking` task waits for its restart, and when it has been started again.
    async fn course_of_blocking(register: Register, restart: impl AsyncFn(&App)) -> [(bool, bool); 2] {
        let app = App::empty();
        register(&app);
        let mut events = app.events();
        let running = app.start().await.unwrap();
        while !matches!(events.next().await, Some(Event::Restarting { .. })) {}
        let waits = stands(&app);
        restart(&app).await;
        let recovers = stands(&app);
        assert!(running.stop().await.is_success());
        [waits, recovers]
    }

    #[tokio::test]
    async fn rule_71_an_app_is_not_ready_while_a_required_blocking_task_waits_or_recovers() {
        let required = course_of_blocking(required::blocks_here, required::restart_blocks).await;
        assert_eq!(required, [NOT_READY, NOT_READY]);
        let plain = course_of_blocking(plain::blocks_here, plain::restart_blocks).await;
        assert_eq!(plain, [DEGRADED, DEGRADED]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_the_snapshot_says_whether_the_app_is_ready_and_degraded() {
        let look = |app: &App| {
            let so_far = app.events().so_far().clone();
            assert_eq!((so_far.ready, so_far.degraded), stands(app));
            stands(app)
        };
        for (register, waits) in [(plain::works_here as Register, DEGRADED), (required::works_here, NOT_READY)] {
            let app = App::empty();
            register(&app);
            let mut seen = vec![look(&app)];
            let running = app.start().await.unwrap();
            seen.push(look(&app));
            sleep(millis(300)).await;
            seen.push(look(&app));
            app.shutdown();
            seen.push(look(&app));
            drop(running.wait().await);
            seen.push(look(&app));
            assert_eq!(seen, [NOT_READY, READY, waits, NOT_READY, NOT_READY]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_what_a_required_unit_needs_is_required_too_and_is_named() {
        let app = App::empty();
        plain::connects_here(&app);
        required::sweeps_here(&app);
        let running = app.start().await.unwrap();
        sleep(millis(300)).await;
        let names: Vec<_> = app.weak_units().iter().map(ToString::to_string).collect();
        drop(running.stop().await);
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].ends_with("connects") && names[1].ends_with("sweeps"), "{names:?}");
    }

    #[test]
    fn rule_71_the_plan_shows_what_readiness_requires() {
        let app = App::empty();
        required::works_here(&app);
        plain::blocks_here(&app);
        let plan = app.check().unwrap().to_string();
        let shown: Vec<bool> = plan.lines().map(|line| line.contains("required for readiness")).collect();
        assert_eq!(shown, [true, false], "{plan}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_a_unit_has_recovered_when_it_has_stayed_up_for_the_apps_stable_after() {
        type Set = fn(App) -> App;
        let limits: [(Set, _); 3] = [
            (|app| app.stable_after(seconds(1)), [READY, NOT_READY, READY, READY]),
            (|app| app.stable_after(Duration::ZERO), [READY, NOT_READY, READY, READY]),
            (|app| app.stable_after(Duration::MAX), [READY, NOT_READY, NOT_READY, NOT_READY]),
        ];
        for (set, expected) in limits {
            let app = set(App::empty());
            required::works_here(&app);
            assert_eq!(course(app).await, expected);
        }
    }
}

mod failures {
    use super::*;

    lifespan::group! { crew: one_for_one }
    lifespan::group! { patient: one_for_one, intensity = 100, period = "1m" }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_failure_whose_restart_is_pending_when_the_stop_comes_is_in_the_report() {
        let (_, running) = start_flaky().await;
        sleep(millis(300)).await;
        let report = running.stop().await;
        has_failure(&report, "flaky", Stage::Running, Broken::Wire);
        assert_eq!(report.exit_code(), 0, "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_failure_whose_restart_is_pending_during_startup_is_in_the_report() {
        #[lifespan_task(manual, restart(transient, backoff = "1m", jitter = 0.0), startup_timeout = "1h")]
        async fn never_connects() -> Result<(), Broken> {
            Err(Broken::Wire)
        }
        #[lifespan_task(manual, once, restart(transient, backoff = "1m", jitter = 0.0))]
        async fn step() -> Result<(), Broken> {
            sleep(millis(50)).await;
            Err(Broken::Wire)
        }
        #[lifespan_context(manual, restart(transient, backoff = "1m", jitter = 0.0), startup_timeout = "1h")]
        async fn setup() -> Result<u8, Broken> {
            Err(Broken::Wire)
        }
        let cases: [Register; 3] = [
            |app| drop(app.register(NeverConnectsConfig {}).unwrap()),
            |app| drop(app.register(StepConfig {}).unwrap()),
            |app| drop(app.register(SetupConfig {}).unwrap()),
        ];
        let mut shown = Vec::new();
        for register in cases {
            let app = App::empty();
            register(&app);
            let stop = async {
                sleep(seconds(10)).await;
                app.shutdown();
            };
            let (report, ()) = tokio::join!(app.launch(), stop);
            let failure = report.failures().first();
            shown.push((failure.map(|failure| failure.stage()), report.take_error(), report.exit_code()));
        }
        let expected = || (Some(Stage::Startup), Some(Broken::Wire), 0);
        assert_eq!(shown, [expected(), expected(), expected()]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_failure_of_a_member_whose_restart_is_pending_is_in_the_report() {
        #[lifespan_task(manual, group = crew, restart(transient, backoff = "10s", jitter = 0.0))]
        async fn member(#[config(code)] starts: Starts, shutdown: Shutdown) -> Result<(), Broken> {
            fail_once(&starts, &shutdown).await
        }
        let app = App::empty();
        app.register(MemberConfig { starts: Starts::default() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(millis(300)).await;
        let report = running.stop().await;
        has_failure(&report, "member", Stage::Running, Broken::Wire);
    }

    /// A request for shutdown, and the error that follows it.
    async fn request(app: &App, code: Option<u8>) -> Result<(), Broken> {
        app.when_up().await;
        match code {
            None => app.shutdown(),
            Some(code) => app.exit(code),
        }
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, restart(transient))]
    async fn restarted(#[config(code)] code: Option<u8>, app: App) -> Result<(), Broken> {
        request(&app, code).await
    }

    #[lifespan_task(manual, group = crew, restart(transient))]
    async fn grouped(#[config(code)] code: Option<u8>, app: App) -> Result<(), Broken> {
        request(&app, code).await
    }

    #[lifespan_task(manual, on_failure = "ignore")]
    async fn ignored(#[config(code)] code: Option<u8>, app: App) -> Result<(), Broken> {
        request(&app, code).await
    }

    #[lifespan_task(manual)]
    async fn plain(#[config(code)] code: Option<u8>, app: App) -> Result<(), Broken> {
        request(&app, code).await
    }

    struct Link;

    #[lifespan_context(manual, restart(transient))]
    async fn link(#[config(code)] code: Option<u8>, app: App, scope: Scope<Link>) -> Result<(), Broken> {
        let failed = async { request(&app, code).await };
        scope.provide_until_shutdown_or(Link, failed).await.1.unwrap_or(Ok(()))
    }

    /// Runs one unit that requests shutdown and fails, with its log.
    async fn requests_and_fails(register: impl FnOnce(&App)) -> (Report, String) {
        let (log, guard) = captured();
        let app = App::empty();
        register(&app);
        let report = app.launch().await;
        drop(guard);
        (report, log.text())
    }

    #[track_caller]
    fn both_show((report, log): &(Report, String), name: &str) {
        let shown = |text: &str| text.contains("the wire is broken");
        assert!(shown(&report.to_string()) && shown(log), "{name}\n{report}\n{log}");
        assert!(!log.contains("restarts in") && report.units()[0].restarts == 0, "{name}\n{report}\n{log}");
        assert!(report.failures().iter().any(|failure| failure.unit().name() == name), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_task_that_requests_shutdown_and_then_fails_is_reported_and_not_restarted() {
        for code in [None, Some(75)] {
            let shown = requests_and_fails(|app| drop(app.register(RestartedConfig { code }).unwrap())).await;
            both_show(&shown, "restarted");
            // Its policy would have absorbed it, and the first cause decides.
            assert_eq!(shown.0.exit_code(), code.unwrap_or(0), "{}", shown.0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_member_of_a_group_that_requests_shutdown_and_then_fails_is_reported() {
        for code in [None, Some(75)] {
            let shown = requests_and_fails(|app| drop(app.register(GroupedConfig { code }).unwrap())).await;
            both_show(&shown, "grouped");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_context_that_requests_shutdown_and_then_fails_is_reported() {
        for code in [None, Some(75)] {
            let shown = requests_and_fails(|app| drop(app.register(LinkConfig { code }).unwrap())).await;
            both_show(&shown, "link");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_task_without_a_policy_that_requests_shutdown_and_then_fails_is_reported() {
        for code in [None, Some(75)] {
            let shown = requests_and_fails(|app| drop(app.register(PlainConfig { code }).unwrap())).await;
            both_show(&shown, "plain");
            let shown = requests_and_fails(|app| drop(app.register(IgnoredConfig { code }).unwrap())).await;
            both_show(&shown, "ignored");
        }
    }

    /// Fails at each of its first 22 starts, `password expired` the last time.
    async fn expire(starts: &Starts) -> Result<(), String> {
        match next(starts) {
            start @ 1..22 => Err(format!("no answer, start {start}")),
            22 => Err("password expired".to_owned()),
            _ => pending().await,
        }
    }

    #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "0s"))]
    async fn expires(#[config(code)] starts: Starts) -> Result<(), String> {
        tokio::task::yield_now().await;
        expire(&starts).await
    }

    #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "1ms..1ms"))]
    async fn expires_slowly(#[config(code)] starts: Starts) -> Result<(), String> {
        tokio::task::yield_now().await;
        expire(&starts).await
    }

    #[lifespan_task(manual, group = patient, restart(transient, backoff = "0s"))]
    async fn expires_in_a_group(#[config(code)] starts: Starts) -> Result<(), String> {
        tokio::task::yield_now().await;
        expire(&starts).await
    }

    #[lifespan_context(manual, restart(transient, intensity = 100, backoff = "0s"))]
    async fn expiring_link(#[config(code)] starts: Starts, scope: Scope<Link>) -> Result<(), String> {
        let failed = async {
            tokio::task::yield_now().await;
            expire(&starts).await
        };
        scope.provide_until_shutdown_or(Link, failed).await.1.unwrap_or(Ok(()))
    }

    /// Returns the line of a unit.
    fn unit_line(report: &Report, name: &str) -> String {
        let text = report.to_string();
        let is_it = |line: &&str| line.split_whitespace().nth(1) == Some(name);
        text.lines().skip(1).find(is_it).unwrap_or_else(|| panic!("no line of {name}:\n{report}")).to_owned()
    }

    async fn run_for_a_minute(register: impl FnOnce(&App)) -> Report {
        let app = App::empty();
        register(&app);
        let running = app.start().await.unwrap();
        sleep(seconds(60)).await;
        running.stop().await
    }

    #[track_caller]
    fn has_the_last(report: &Report) {
        assert_eq!((report.exit_code(), report.units()[0].restarts), (0, 22), "{report}");
        assert_eq!(report.take_error::<String>().as_deref(), Some("password expired"), "{report}");
        assert_eq!(report.failures().len(), 1, "{report}");
        assert!(report.to_string().contains("password expired"), "{report}");
        let line = unit_line(report, report.units()[0].unit.name().as_str());
        assert!(line.ends_with(", restarted 22 times, last: password expired"), "{report}");
        let last = report.units()[0].last_failure.as_ref().expect("it has failed");
        assert_eq!((last.chain(), last.is_recovered()), (&["password expired".to_owned()][..], true), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_the_line_of_a_unit_ends_with_its_error() {
        #[lifespan_task(manual, on_failure = "ignore")]
        async fn optional() -> Result<(), anyhow::Error> {
            Err(anyhow::anyhow!("one\ntwo").context("the feed is gone"))
        }
        #[lifespan_task(manual, on_failure = "ignore")]
        async fn panicking() {
            panic!("as it should");
        }
        #[lifespan_task(manual)]
        async fn needs_a_child(children: Children, shutdown: Shutdown) {
            children.spawn("feed", async {
                sleep(seconds(1)).await;
                Err::<(), _>(Broken::Pipe)
            });
            shutdown.requested().await;
        }
        let app = App::empty();
        app.register(OptionalConfig {}).unwrap();
        app.register(PanickingConfig {}).unwrap();
        app.register(NeedsAChildConfig {}).unwrap();
        app.register(FlakyConfig { starts: Starts::default() }).unwrap();
        let report = app.launch().await;
        assert!(unit_line(&report, "optional").ends_with(": the feed is gone: one\\ntwo"), "{report}");
        let panicked = unit_line(&report, "panicking");
        assert!(panicked.contains(": panicked at ") && panicked.ends_with(": as it should"), "{report}");
        assert!(unit_line(&report, "needs_a_child").ends_with(": child `feed` failed: the pipe is broken"), "{report}");
        // Its restart was pending.
        assert!(unit_line(&report, "flaky").ends_with(": the wire is broken"), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_unit_that_asks_for_the_stop_and_fails_has_failed_while_it_stopped() {
        let (report, _) = requests_and_fails(|app| drop(app.register(PlainConfig { code: None }).unwrap())).await;
        let line = unit_line(&report, "plain");
        assert!(line.contains("  failed while stopping, was up "), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_unit_that_fails_as_it_stops_says_how_long_that_took() {
        #[lifespan_task(manual)]
        async fn flushes(shutdown: Shutdown) -> Result<(), Broken> {
            shutdown.requested().await;
            sleep(seconds(2)).await;
            Err(Broken::Pipe)
        }
        let app = App::empty();
        app.register(FlushesConfig {}).unwrap();
        let report = app.start().await.unwrap().stop().await;
        let line = unit_line(&report, "flushes");
        assert!(line.contains("  failed 2 s after it was asked to stop, was up 0 s: the pipe is broken"), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_the_last_failure_that_a_policy_absorbed_is_in_the_report() {
        let starts = Starts::default;
        has_the_last(&run_for_a_minute(|app| drop(app.register(ExpiresConfig { starts: starts() }).unwrap())).await);
        has_the_last(
            &run_for_a_minute(|app| drop(app.register(ExpiresSlowlyConfig { starts: starts() }).unwrap())).await,
        );
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_the_last_failure_of_a_member_is_in_the_report() {
        let config = ExpiresInAGroupConfig { starts: Starts::default() };
        has_the_last(&run_for_a_minute(|app| drop(app.register(config).unwrap())).await);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_the_last_failure_of_a_context_is_in_the_report() {
        let config = ExpiringLinkConfig { starts: Starts::default() };
        has_the_last(&run_for_a_minute(|app| drop(app.register(config).unwrap())).await);
    }

    /// Its users take a while to stop; its own error comes after that.
    #[lifespan_task(manual)]
    async fn slow_user(_link: Res<Link>, #[config(code)] takes: Duration, shutdown: Shutdown) {
        shutdown.requested().await;
        sleep(takes).await;
    }

    #[lifespan_context(manual)]
    async fn loses(scope: Scope<Link>, #[config(code)] panics: bool) -> Result<(), Broken> {
        let lost = scope.provide_until_shutdown_or(Link, sleep(seconds(1))).await.1;
        assert!(!panics, "the wire is cut");
        lost.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    #[lifespan_context(manual)]
    async fn lets_go(scope: Scope<Link>, #[config(code)] goes_on: Duration) -> Result<(), Broken> {
        let _ = timeout(seconds(1), scope.provide_until_shutdown(Link)).await;
        sleep(goes_on).await;
        Err(Broken::Wire)
    }

    #[lifespan_context(manual, restart(transient, backoff = "10s", jitter = 0.0))]
    async fn loses_and_restarts(scope: Scope<Link>) -> Result<(), Broken> {
        let lost = scope.provide_until_shutdown_or(Link, sleep(seconds(1))).await.1;
        lost.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    #[lifespan_context(manual, on_failure = "ignore")]
    async fn loses_and_is_ignored(scope: Scope<Link>) -> Result<(), Broken> {
        let lost = scope.provide_until_shutdown_or(Link, sleep(seconds(1))).await.1;
        lost.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    #[lifespan_task(manual)]
    async fn drops_its_ready(ready: Ready, #[config(code)] goes_on: Duration) -> Result<(), Broken> {
        drop(ready);
        sleep(goes_on).await;
        Err(Broken::Wire)
    }

    /// Launches it; returns the report, and the lines of warnings and errors.
    async fn launched(app: App) -> (Report, Vec<String>) {
        let (log, _guard) = captured();
        let report = app.launch().await;
        let is_loud = |line: &&str| line.contains("WARN") || line.contains("ERROR");
        let lines = log.text().lines().filter(is_loud).map(str::to_owned).collect();
        (report, lines)
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_what_a_context_loses_and_the_error_that_it_returns_are_one_failure() {
        for (takes, panics) in [(millis(10), false), (seconds(3), false), (millis(10), true), (seconds(3), true)] {
            let app = App::empty();
            app.register(LosesConfig { panics }).unwrap();
            app.register(SlowUserConfig { takes }).unwrap();
            let (report, lines) = launched(app).await;
            let [failure] = report.failures() else { panic!("one failure: {report}") };
            assert_eq!((failure.stage(), report.exit_code()), (Stage::Running, 1), "{report}");
            assert_eq!(
                (matches!(failure.cause(), Cause::Panic { .. }), failure.cause() == &Cause::Error),
                (panics, !panics)
            );
            let reason = if panics { "the wire is cut" } else { "the wire is broken" };
            assert!(lines.iter().any(|line| line.contains(reason)), "{lines:?}");
            // It is not kept back for as long as its users take.
            let is_early = lines.iter().any(|line| line.contains("lost its resource"));
            assert_eq!(is_early, takes > seconds(1), "{lines:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_what_a_context_lets_go_and_the_error_that_it_returns_are_one_failure() {
        for goes_on in [millis(10), seconds(3)] {
            let app = App::empty();
            app.register(LetsGoConfig { goes_on }).unwrap();
            app.register(SlowUserConfig { takes: Duration::ZERO }).unwrap();
            let (report, lines) = launched(app).await;
            assert_eq!((report.failures().len(), report.exit_code()), (1, 1), "{report}");
            has_failure(&report, "lets_go", Stage::Running, Broken::Wire);
            let is_early = lines
                .iter()
                .any(|line| line.contains("returned or dropped its resource while other units still needed it"));
            assert_eq!(is_early, goes_on > seconds(1), "{lines:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_signal_before_a_lost_context_has_said_why_makes_nothing_of_its_teardown() {
        // It comes before the error is known, and after the loss was reported, and after the error.
        for stops_after in [millis(1_100), seconds(2), seconds(5)] {
            let app = App::empty();
            app.register(LosesAndRestartsConfig {}).unwrap();
            app.register(SlowUserConfig { takes: seconds(3) }).unwrap();
            let running = app.start().await.unwrap();
            sleep(stops_after).await;
            let report = running.stop().await;
            assert_eq!((report.failures().len(), report.exit_code()), (1, 0), "{report}");
            assert!(report.failures()[0].is_unrecovered(), "{report}");
            has_failure(&report, "loses_and_restarts", Stage::Running, Broken::Wire);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_an_ignored_context_that_is_lost_says_why_once() {
        let app = App::empty().stay_up();
        app.register(LosesAndIsIgnoredConfig {}).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(5)).await;
        let report = running.stop().await;
        assert_eq!((report.failures().len(), report.exit_code()), (1, 0), "{report}");
        assert!(report.failures()[0].is_ignored(), "{report}");
        has_failure(&report, "loses_and_is_ignored", Stage::Running, Broken::Wire);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_task_that_drops_its_ready_says_why_if_it_returns_soon() {
        let app = App::empty().concurrent_startup();
        app.register(DropsItsReadyConfig { goes_on: millis(10) }).unwrap();
        let (report, lines) = launched(app).await;
        assert_eq!((report.failures().len(), report.exit_code()), (1, 3), "{report}");
        has_failure(&report, "drops_its_ready", Stage::Startup, Broken::Wire);
        assert_eq!(lines.iter().filter(|line| line.contains("drops_its_ready")).count(), 1, "{lines:?}");
        let app = App::empty();
        app.register(DropsItsReadyConfig { goes_on: seconds(3) }).unwrap();
        let (report, _) = launched(app).await;
        assert_eq!((report.failures()[0].cause(), report.exit_code()), (&Cause::NeverReady, 3), "{report}");
        assert!(report.took() < seconds(1), "{report}");
    }

    /// Returns the headline of a report, if it names another cause than the exit code that was asked for.
    fn names_another_cause(report: &Report) -> Option<String> {
        let headline = report.to_string().lines().next().unwrap().to_owned();
        let others = ["startup failed", "incomplete", "force", "nothing was started"];
        let asked_for = format!("exit with code {} was requested", report.exit_code());
        let right = headline.contains(&asked_for) && !others.iter().any(|other| headline.contains(other));
        (!right).then_some(headline)
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_the_headline_names_the_cause_and_not_the_number() {
        let mut wrong = Vec::new();
        for code in 1..=u8::MAX {
            let (app, running) = start_flaky().await;
            app.exit(code);
            let report = running.wait().await;
            assert_eq!(report.exit_code(), code);
            wrong.extend(names_another_cause(&report));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_the_headline_of_an_exit_before_the_app_is_up_names_the_request() {
        #[lifespan_context(manual)]
        async fn exits_in_setup(#[config(code)] code: u8, app: App) -> Result<u8, Broken> {
            app.exit(code);
            pending().await
        }
        let mut wrong = Vec::new();
        for code in [1, 2, 3, 4, 7, 130, 143] {
            let app = App::empty();
            app.register(ExitsInSetupConfig { code }).unwrap();
            let report = app.launch().await;
            assert_eq!(report.exit_code(), code);
            wrong.extend(names_another_cause(&report));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn headline(report: &Report) -> String {
        let text = report.to_string();
        text.lines().next().unwrap().strip_prefix("lifespan: ").expect("it begins so").to_owned()
    }

    #[lifespan_task(manual)]
    async fn fails_when_asked(shutdown: Shutdown) -> Result<(), Broken> {
        shutdown.requested().await;
        Err(Broken::Wire)
    }

    #[lifespan_context(manual)]
    async fn never_comes_up() -> u8 {
        pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_stop_during_startup_is_no_startup_that_failed() {
        let app = App::empty();
        app.register(FailsWhenAskedConfig {}).unwrap();
        app.register(NeverComesUpConfig {}).unwrap();
        let stop = async {
            sleep(seconds(3)).await;
            app.shutdown_because("not today");
        };
        let (report, ()) = tokio::join!(app.launch(), stop);
        assert_eq!(
            headline(&report),
            "stopped during startup after 3 s (not today, then task `fails_when_asked` failed during shutdown), exit code 3"
        );
        // Nothing failed at all.
        let app = App::empty();
        app.register(NeverComesUpConfig {}).unwrap();
        let stop = async {
            sleep(seconds(3)).await;
            app.shutdown_because("not today");
        };
        let (report, ()) = tokio::join!(app.launch(), stop);
        assert_eq!(headline(&report), "stopped in order during startup after 3 s (not today)");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_an_exit_before_launch_started_nothing() {
        let app = App::empty();
        app.register(FlakyConfig { starts: Starts::default() }).unwrap();
        app.exit(9);
        let report = app.launch().await;
        assert_eq!(
            headline(&report),
            "nothing was started: shutdown was requested before launch (exit with code 9 was requested), exit code 9"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_an_incomplete_stop_names_what_was_not_stopped() {
        #[lifespan_context(manual)]
        async fn fails_in_teardown(scope: Scope<Link>) -> Result<(), Broken> {
            scope.provide_until_shutdown(Link).await;
            Err(Broken::Wire)
        }
        #[lifespan_task(manual, shutdown_timeout = "1s")]
        async fn deaf(shutdown: Shutdown) {
            let _never_asked = shutdown;
            pending::<()>().await;
        }
        let stop = async |register: Register| {
            let app = App::empty();
            register(&app);
            app.start().await.unwrap().stop().await
        };
        let report = stop(|app| drop(app.register(FailsInTeardownConfig {}).unwrap())).await;
        assert_eq!(
            headline(&report),
            "shutdown was incomplete after 0 s (the app requested shutdown, then context `fails_in_teardown` failed during \
             teardown), exit code 4"
        );
        let report = stop(|app| drop(app.register(DeafConfig {}).unwrap())).await;
        assert_eq!(
            headline(&report),
            "shutdown was incomplete after 1 s (the app requested shutdown, then task `deaf` timed out during shutdown), \
             exit code 4"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_the_last_line_of_the_log_is_the_headline() {
        #[lifespan_task(manual)]
        async fn never_connects() -> Result<(), Broken> {
            Err(Broken::Wire)
        }
        let register: [Register; 3] = [
            |app| drop(app.register(NeverConnectsConfig {}).unwrap()),
            |app| drop(app.register(RestartedConfig { code: Some(3) }).unwrap()),
            |app| drop(app.register(RestartedConfig { code: None }).unwrap()),
        ];
        for register in register {
            let (report, log) = requests_and_fails(register).await;
            assert_eq!(log.lines().last().unwrap().split_once("lifespan: ").unwrap().1, headline(&report), "{log}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_restart_for_which_the_startup_leaves_no_time_is_named() {
        #[lifespan_context(manual, restart(transient, backoff = "4s..4s", jitter = 0.0), startup_timeout = "10s")]
        async fn connects() -> Result<u8, Broken> {
            Err(Broken::Wire)
        }
        let app = App::empty();
        app.register(ConnectsConfig {}).unwrap();
        let report = app.launch().await;
        assert_eq!(report.exit_code(), 3, "{report}");
        let failure = report.failures().last().unwrap();
        assert_eq!(
            failure.to_string(),
            "context `connects` failed during setup: the wire is broken; `startup_timeout` (10 s) leaves no time for \
             restart 3"
        );
    }
}

mod exit_codes {
    use super::*;

    lifespan::group! { crew: one_for_all }

    struct Pool;

    /// Its first teardown hangs, and its second setup takes a minute.
    #[lifespan_context(manual, shutdown_timeout = "1s")]
    async fn hangs_once(#[config(code)] starts: Starts, scope: Scope<Pool>) {
        let start = next(&starts);
        if start == 2 {
            sleep(seconds(60)).await;
        }
        scope.provide_until_shutdown(Pool).await;
        if start == 1 {
            pending::<()>().await;
        }
    }

    /// Its second setup takes a minute.
    #[lifespan_context(manual)]
    async fn slow_again(#[config(code)] starts: Starts, scope: Scope<Pool>) {
        if next(&starts) == 2 {
            sleep(seconds(60)).await;
        }
        scope.provide_until_shutdown(Pool).await;
    }

    #[lifespan_task(manual, shutdown_timeout = "1s")]
    async fn deaf(_pool: Res<Pool>, shutdown: Shutdown) {
        let _never_asked = shutdown;
        pending::<()>().await;
    }

    /// Restarts a unit, and stops the app before the unit is up again.
    async fn stopped_during_a_restart<U: Copy + 'static>(unit: U, register: impl FnOnce(&App)) -> Report {
        let app = App::empty();
        register(&app);
        let running = app.start().await.unwrap();
        let restart = app.restart(unit);
        sleep(seconds(10)).await;
        let report = running.stop().await;
        drop(restart);
        report
    }

    #[tokio::test(start_paused = true)]
    async fn rule_73_a_teardown_past_its_limit_is_not_recovered_where_the_unit_never_started_again() {
        let config = HangsOnceConfig { starts: Starts::default() };
        let report = stopped_during_a_restart(hangs_once, |app| drop(app.register(config).unwrap())).await;
        assert_eq!(report.exit_code(), 4, "{report}");
        assert_eq!((report.failures().len(), report.failures()[0].is_recovered()), (1, false), "{report}");
        assert!(matches!(report.failures()[0].cause(), Cause::TimedOut { .. }), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_73_a_task_past_its_grace_is_not_recovered_where_it_never_started_again() {
        let report = stopped_during_a_restart(slow_again, |app| {
            app.register(SlowAgainConfig { starts: Starts::default() }).unwrap();
            app.register(DeafConfig {}).unwrap();
        })
        .await;
        assert_eq!((report.exit_code(), outcome(&report, "deaf")), (4, Outcome::TimedOut), "{report}");
        assert!(!report.failures()[0].is_recovered(), "{report}");
    }

    #[lifespan_task(manual, group = crew, restart(transient, backoff = "1m", jitter = 0.0))]
    async fn fails_first(#[config(code)] starts: Starts, shutdown: Shutdown) -> Result<(), Broken> {
        fail_once(&starts, &shutdown).await
    }

    #[lifespan_task(manual, group = crew, shutdown_timeout = "1s")]
    async fn deaf_member(shutdown: Shutdown) {
        let _never_asked = shutdown;
        pending::<()>().await;
    }

    #[tokio::test(start_paused = true)]
    async fn rule_73_a_member_past_its_grace_is_not_recovered_where_it_never_started_again() {
        let app = App::empty();
        app.register(FailsFirstConfig { starts: Starts::default() }).unwrap();
        app.register(DeafMemberConfig {}).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(10)).await;
        let report = running.stop().await;
        assert_eq!((report.exit_code(), outcome(&report, "deaf_member")), (4, Outcome::TimedOut), "{report}");
        has_failure(&report, "fails_first", Stage::Running, Broken::Wire);
    }

    async fn launch(register: impl FnOnce(&App)) -> Report {
        let app = App::empty().startup_timeout(seconds(5));
        register(&app);
        app.launch().await
    }

    #[tokio::test(start_paused = true)]
    async fn rule_63_a_restart_by_hand_does_not_make_the_app_degraded() {
        let app = App::empty();
        app.register(SlowAgainConfig { starts: Starts::default() }).unwrap();
        app.register(ServesConfig {}).unwrap();
        let running = app.start().await.unwrap();
        let restart = app.restart(slow_again);
        sleep(seconds(10)).await;
        assert_eq!(status(&app, "slow_again"), Status::Starting);
        assert!(app.is_ready() && !app.is_degraded());
        restart.await.unwrap();
        assert!(app.is_ready() && !app.is_degraded());
        assert!(running.stop().await.is_success());
    }

    /// Its failure is ignored, but it must stop.
    #[lifespan_task(manual, on_failure = "ignore", shutdown_timeout = "1s")]
    async fn may_be_deaf(shutdown: Shutdown) {
        let _never_asked = shutdown;
        pending::<()>().await;
    }

    #[lifespan_context(manual, on_failure = "ignore")]
    async fn may_not_tear_down(scope: Scope<Pool>) -> Result<(), Broken> {
        scope.provide_until_shutdown(Pool).await;
        Err(Broken::Pipe)
    }

    #[lifespan_context(manual, on_failure = "ignore", shutdown_timeout = "1s")]
    async fn may_hang_in_teardown(scope: Scope<Pool>) {
        scope.provide_until_shutdown(Pool).await;
        pending::<()>().await;
    }

    /// Returns once the test is over.
    #[lifespan_task(manual, blocking, on_failure = "ignore", shutdown_timeout = "1s")]
    fn may_not_return(#[config(code)] hold: Arc<Mutex<mpsc::Receiver<()>>>) {
        let _ = hold.lock().unwrap().recv();
    }

    #[lifespan_task(manual, on_failure = "ignore")]
    async fn may_fail(shutdown: Shutdown) -> Result<(), Broken> {
        shutdown.requested().await;
        Err(Broken::Wire)
    }

    #[tokio::test(start_paused = true)]
    async fn rule_62_a_unit_whose_failure_is_ignored_must_still_stop() {
        let cases: [(&str, u8, Register); 4] = [
            ("may_be_deaf", 4, |app| drop(app.register(MayBeDeafConfig {}).unwrap())),
            ("may_not_tear_down", 4, |app| drop(app.register(MayNotTearDownConfig {}).unwrap())),
            ("may_hang_in_teardown", 4, |app| drop(app.register(MayHangInTeardownConfig {}).unwrap())),
            ("may_fail", 0, |app| drop(app.register(MayFailConfig {}).unwrap())),
        ];
        for (name, code, register) in cases {
            let report = stop_at_once(|app| {
                app.register(ServesConfig {}).unwrap();
                register(app);
            })
            .await;
            let failure = report.failures().iter().find(|failure| failure.unit().name() == name).expect(name);
            assert_eq!((report.exit_code(), failure.is_ignored()), (code, code == 0), "{report}");
        }
        let (release, hold) = mpsc::channel::<()>();
        let hold = Arc::new(Mutex::new(hold));
        let report = stop_at_once(|app| drop(app.register(MayNotReturnConfig { hold }).unwrap())).await;
        assert_eq!((report.exit_code(), outcome(&report, "may_not_return")), (4, Outcome::NotYielding), "{report}");
        drop(release);
    }

    /// How a setup fails.
    #[derive(Clone, Copy, Debug)]
    enum How {
        Error,
        Panic,
    }

    /// Shutdown is requested in the step in which it fails.
    fn fail_as_it_stops(app: &App, how: How) -> Result<Pool, Broken> {
        app.shutdown();
        match how {
            How::Error => Err(Broken::Wire),
            How::Panic => panic!("as it should"),
        }
    }

    #[lifespan_context(manual)]
    async fn fails_in_setup(#[config(code)] how: How, app: App) -> Result<Pool, Broken> {
        fail_as_it_stops(&app, how)
    }

    #[lifespan_context(manual, restart(transient))]
    async fn patient_in_setup(#[config(code)] how: How, app: App) -> Result<Pool, Broken> {
        fail_as_it_stops(&app, how)
    }

    #[tokio::test(start_paused = true)]
    async fn rule_73_a_setup_that_fails_as_the_stop_comes_is_a_failure_of_the_startup() {
        for how in [How::Error, How::Panic] {
            let report = launch(|app| drop(app.register(FailsInSetupConfig { how }).unwrap())).await;
            let patient = launch(|app| drop(app.register(PatientInSetupConfig { how }).unwrap())).await;
            for (report, code) in [(report, 3), (patient, 0)] {
                let [failure] = report.failures() else { panic!("one failure: {report}") };
                assert_eq!((report.exit_code(), failure.stage()), (code, Stage::Startup), "{how:?}\n{report}");
            }
        }
    }

    /// Keeps the app from being a batch.
    #[lifespan_task(manual)]
    async fn serves(shutdown: Shutdown) {
        shutdown.requested().await;
    }

    #[lifespan_task(manual)]
    async fn binds() -> Result<(), Broken> {
        Err(Broken::Wire)
    }

    #[lifespan_task(manual)]
    async fn binds_before_it_is_ready(ready: Ready) -> Result<(), Broken> {
        sleep(millis(50)).await;
        let _ready = ready;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual)]
    async fn never_ready(ready: Ready) {
        let _ready = ready;
        pending::<()>().await;
    }

    #[lifespan_task(manual)]
    async fn panics() {
        panic!("as it should");
    }

    #[lifespan_task(manual, restart(transient, intensity = 2, backoff = "0s"))]
    async fn gives_up() -> Result<(), Broken> {
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, every = "10s", on_failure = "shutdown")]
    async fn first_run_fails() -> Result<(), Broken> {
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, once)]
    async fn step() -> Result<(), Broken> {
        sleep(millis(50)).await;
        Err(Broken::Wire)
    }

    #[tokio::test(start_paused = true)]
    async fn rule_73_a_task_that_fails_before_the_app_is_up_ends_it_with_3() {
        let cases: [(&str, Register); 7] = [
            ("binds", |app| drop(app.register(BindsConfig {}).unwrap())),
            ("binds_before_it_is_ready", |app| drop(app.register(BindsBeforeItIsReadyConfig {}).unwrap())),
            ("never_ready", |app| drop(app.register(NeverReadyConfig {}).unwrap())),
            ("panics", |app| drop(app.register(PanicsConfig {}).unwrap())),
            ("gives_up", |app| drop(app.register(GivesUpConfig {}).unwrap())),
            ("first_run_fails", |app| drop(app.register(FirstRunFailsConfig {}).unwrap())),
            ("step", |app| drop(app.register(StepConfig {}).unwrap())),
        ];
        let mut codes = Vec::new();
        for (name, register) in cases {
            let report = launch(|app| {
                app.register(ServesConfig {}).unwrap();
                register(app);
            })
            .await;
            assert!(report.failures().iter().any(|failure| failure.unit().name() == name), "{report}");
            codes.push((name, report.exit_code(), report.to_string().contains("startup failed and was rolled back")));
        }
        assert_eq!(codes, cases.map(|(name, _)| (name, 3, true)));
        // In a batch, all that runs is its steps.
        let batch = launch(|app| drop(app.register(StepConfig {}).unwrap())).await;
        assert_eq!(batch.exit_code(), 1, "{batch}");
    }

    #[lifespan_task(manual, group = crew, restart(transient))]
    async fn grouped(shutdown: Shutdown) -> Result<(), Broken> {
        shutdown.requested().await;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, restart(transient))]
    async fn transient(shutdown: Shutdown) -> Result<(), Broken> {
        shutdown.requested().await;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, restart(permanent), on_shutdown = "finish")]
    async fn finishes() -> Result<(), Broken> {
        sleep(seconds(2)).await;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, restart(temporary))]
    async fn temporary(shutdown: Shutdown) -> Result<(), Broken> {
        shutdown.requested().await;
        Err(Broken::Wire)
    }

    async fn stop_at_once(register: impl FnOnce(&App)) -> Report {
        let app = App::empty();
        register(&app);
        app.start().await.unwrap().stop().await
    }

    #[tokio::test(start_paused = true)]
    async fn rule_73_a_failure_during_the_stop_that_the_policy_would_have_absorbed_keeps_the_exit_code() {
        let cases: [(&str, u8, Register); 4] = [
            ("grouped", 0, |app| drop(app.register(GroupedConfig {}).unwrap())),
            ("transient", 0, |app| drop(app.register(TransientConfig {}).unwrap())),
            ("finishes", 0, |app| drop(app.register(FinishesConfig {}).unwrap())),
            ("temporary", 1, |app| drop(app.register(TemporaryConfig {}).unwrap())),
        ];
        let mut codes = Vec::new();
        for (name, _, register) in cases {
            let report = stop_at_once(register).await;
            has_failure(&report, name, Stage::Shutdown, Broken::Wire);
            codes.push((name, report.exit_code()));
        }
        assert_eq!(codes, cases.map(|(name, code, _)| (name, code)));
    }
}

mod children {
    use super::*;

    /// How the parent treats the handles of its children.
    #[derive(Clone, Copy, Debug)]
    enum Holds {
        One,
        Several,
    }

    /// Has a child that fails after a second, and does something else.
    #[lifespan_task(manual)]
    async fn parent(#[config(code)] holds: Holds, children: Children, shutdown: Shutdown) {
        let fails = || async {
            sleep(seconds(1)).await;
            Err::<(), _>(Broken::Pipe)
        };
        match holds {
            Holds::One => {
                let _child = children.spawn("feed", fails());
                shutdown.requested().await;
            }
            Holds::Several => {
                let _children: Vec<_> = (0..3).map(|_| children.spawn("feed", fails())).collect();
                shutdown.requested().await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_74_a_child_that_fails_fails_its_parent_at_once_even_if_its_handle_is_held() {
        for holds in [Holds::One, Holds::Several] {
            let app = App::empty();
            app.register(ParentConfig { holds }).unwrap();
            let launch = timeout(seconds(60), app.launch()).await;
            let report = launch.unwrap_or_else(|_| panic!("{holds:?}: up after a minute, ready: {}", app.is_ready()));
            assert_eq!((report.exit_code(), report.took()), (1, seconds(1)), "{report}");
            assert_eq!(report.failures()[0].child(), Some("feed"), "{report}");
            has_failure(&report, "parent", Stage::Running, Broken::Pipe);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_74_a_child_that_fails_is_a_warning_with_its_error_when_it_does() {
        let (log, guard) = captured();
        let app = App::empty().stay_up();
        app.register(ParentConfig { holds: Holds::One }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(2)).await;
        let text = log.text();
        drop(running.stop().await);
        drop(guard);
        assert!(text.contains("`feed`") && text.contains("the pipe is broken"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_74_a_child_that_panics_fails_its_parent_at_once() {
        #[lifespan_task(manual)]
        async fn holds_what_panics(children: Children, shutdown: Shutdown) {
            let _child = children.spawn("feed", async {
                sleep(seconds(1)).await;
                panic!("as it should");
            });
            shutdown.requested().await;
        }
        let app = App::empty();
        app.register(HoldsWhatPanicsConfig {}).unwrap();
        let report = timeout(seconds(60), app.launch()).await.expect("it ends when the child does");
        assert_eq!((report.exit_code(), report.took()), (1, seconds(1)), "{report}");
        assert!(matches!(report.failures()[0].cause(), Cause::Panic { .. }), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_74_a_child_of_a_context_that_fails_fails_the_context() {
        #[lifespan_context(manual)]
        async fn holds_in_context(children: Children, scope: Scope) {
            let _child = children.spawn("feed", async {
                sleep(seconds(1)).await;
                Err::<(), _>(Broken::Pipe)
            });
            scope.until_shutdown().await;
        }
        let app = App::empty().stay_up();
        app.register(HoldsInContextConfig {}).unwrap();
        let report = timeout(seconds(60), app.launch()).await.expect("it ends when the child does");
        has_failure(&report, "holds_in_context", Stage::Running, Broken::Pipe);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_74_the_stage_of_a_childs_failure_is_that_of_its_moment() {
        let app = App::empty();
        app.register(ParentConfig { holds: Holds::One }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(61)).await;
        let report = running.stop().await;
        assert!(!report.to_string().contains("during shutdown"), "{report}");
        has_failure(&report, "parent", Stage::Running, Broken::Pipe);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_74_a_child_of_a_run_that_fails_fails_the_run_at_once() {
        #[lifespan_task(manual, every = "10s")]
        async fn holds_in_a_run(children: Children) {
            let _child = children.spawn("feed", async {
                sleep(seconds(1)).await;
                Err::<(), _>(Broken::Pipe)
            });
            pending::<()>().await;
        }
        let app = App::empty().grace(seconds(1));
        app.register(HoldsInARunConfig {}).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(25)).await;
        let report = running.stop().await;
        let runs = report.unit("holds_in_a_run").unwrap().runs.as_ref().expect("it has a schedule");
        assert_eq!((runs.started, runs.failed), (3, 3), "{report}");
    }
}

mod triggers {
    use super::*;
    use lifespan::{RunOutcome, TriggerError};

    /// The first run takes a minute.
    #[lifespan_task(manual, every = "1h", start = "now", on_shutdown = "finish")]
    async fn works(#[config(code)] starts: Starts) {
        if next(&starts) == 1 {
            sleep(seconds(60)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_99_a_run_that_was_asked_for_before_the_stop_and_never_began_was_refused_by_it() {
        let app = App::empty().grace(seconds(100)).shutdown_timeout(seconds(200));
        app.register(WorksConfig { starts: Starts::default() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(1)).await;
        let asked = app.trigger(works);
        app.shutdown();
        let error = asked.await.map(|_: RunOutcome| ()).unwrap_err();
        assert!(matches!(error, TriggerError::ShuttingDown { .. }), "{error}");
        assert_eq!(error.to_string(), "cannot trigger `works`: shutdown was requested, so no run starts");
        assert!(running.wait().await.is_success());
    }
}

mod given_up {
    use super::*;
    use lifespan::{RestartError, TriggerError};

    struct NeverDropped;

    impl Drop for NeverDropped {
        fn drop(&mut self) {
            loop {
                std::thread::park();
            }
        }
    }

    /// Blocks the thread of the driver when it is restarted.
    #[lifespan_task(manual, once)]
    async fn cache() -> NeverDropped {
        NeverDropped
    }

    #[lifespan_task(manual, every = "1h", start = "now", overlap = "queue")]
    async fn never_ends(#[config(code)] begun: Arc<Notify>) {
        begun.notify_one();
        pending::<()>().await;
    }

    #[test]
    fn rule_99_callers_are_answered_when_the_watch_thread_ends_a_run_whose_driver_is_blocked() {
        // Its drop would wait for the blocked thread.
        let runtime = std::mem::ManuallyDrop::new(tokio::runtime::Runtime::new().unwrap());
        runtime.block_on(async {
            let app = App::empty().shutdown_timeout(millis(50));
            let begun = Arc::default();
            app.register(CacheConfig {}).unwrap();
            app.register(NeverEndsConfig { begun: Arc::clone(&begun) }).unwrap();
            let running = app.start().await.unwrap();
            begun.notified().await;
            let trigger = app.trigger(never_ends);
            // Awaited here, on a thread that is not blocked.
            let restart = app.restart(cache);
            let late = app.clone();
            let report = running.stop().await;
            assert_eq!(report.exit_code(), 4, "{report}");
            let error = timeout(seconds(10), restart).await.expect("it is answered").unwrap_err();
            assert_eq!(error, RestartError::NotRunning { state: State::Stopped });
            let error = timeout(seconds(10), trigger).await.expect("it is answered").unwrap_err();
            assert_eq!(error, TriggerError::ShuttingDown { name: "never_ends".into() });
            let error = timeout(seconds(10), late.trigger(never_ends)).await.expect("it is answered").unwrap_err();
            assert_eq!(error, TriggerError::NotRunning { name: "never_ends".into() });
        });
    }
}

mod goes_on_after {
    use super::*;
    use std::sync::mpsc::Receiver;

    /// Blocks the only thread before anything asks the app to stop, so that the watch thread gives the run up.
    #[lifespan_task(manual)]
    async fn blocks(#[config(code)] gate: Arc<Mutex<Receiver<()>>>) {
        // Until the other unit waits for its restart.
        sleep(millis(50)).await;
        gate.lock().unwrap().recv().unwrap();
        pending::<()>().await;
    }

    #[lifespan_task(manual)]
    async fn hears(#[config(code)] heard: Arc<Notify>, shutdown: Shutdown) {
        shutdown.requested().await;
        heard.notify_one();
    }

    /// Sets a timer of the driver, by which the watch thread notices the blocked thread.
    #[lifespan_task(manual, restart(transient, backoff = "200ms", jitter = 0.0))]
    async fn waits_for_its_restart(#[config(code)] starts: Starts) -> Result<(), Broken> {
        sleep(millis(1)).await;
        if next(&starts) == 1 {
            return Err(Broken::Wire);
        }
        pending().await
    }

    #[test]
    fn rule_14_units_are_asked_to_stop_when_a_run_was_given_up() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (open, gate) = mpsc::channel();
        let heard = Arc::new(Notify::new());
        let app = App::empty().shutdown_timeout(millis(50));
        app.register(HearsConfig { heard: Arc::clone(&heard) }).unwrap();
        app.register(WaitsForItsRestartConfig { starts: Starts::default() }).unwrap();
        app.register(BlocksConfig { gate: Arc::new(Mutex::new(gate)) }).unwrap();
        let report = runtime.block_on(app.launch());
        assert_eq!(report.exit_code(), 4, "{report}");
        open.send(()).unwrap();
        runtime.block_on(async { timeout(seconds(5), heard.notified()).await.expect("it is asked to stop") });
        runtime.shutdown_background();
    }
}

mod recovery {
    use super::*;

    /// Fails twice in a row, the second time in place.
    #[lifespan_task(manual, restart(transient, intensity = 5, period = "1m", backoff = "0s"))]
    async fn flaps(#[config(code)] starts: Starts) -> Result<(), Broken> {
        if next(&starts) <= 2 {
            sleep(seconds(1)).await;
            return Err(Broken::Wire);
        }
        pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn rule_71_a_recovery_counts_from_the_last_failure_whether_events_are_read_or_not() {
        for is_read in [false, true] {
            let app = App::empty().stable_after(seconds(10));
            app.register(FlapsConfig { starts: Starts::default() }).unwrap();
            let _events = is_read.then(|| app.events());
            let running = app.start().await.unwrap();
            sleep(millis(11_900)).await;
            assert!(app.is_degraded(), "read: {is_read}");
            sleep(millis(200)).await;
            assert!(!app.is_degraded(), "read: {is_read}");
            assert!(running.stop().await.is_success());
        }
    }
}

mod slow_teardowns {
    use super::*;

    macro_rules! contexts {
        ($($name:ident $config:ident $ty:ident),*) => { $(
            struct $ty;

            #[lifespan_context(manual)]
            async fn $name(scope: Scope<$ty>) {
                scope.provide_until_shutdown($ty).await;
                pending::<()>().await;
            }
        )*

        fn register_all(app: &App) {
            $(app.register($config {}).unwrap();)*
        } };
    }

    contexts!(
        c1 C1Config T1, c2 C2Config T2, c3 C3Config T3, c4 C4Config T4, c5 C5Config T5, c6 C6Config T6, c7 C7Config T7,
        c8 C8Config T8, c9 C9Config T9, c10 C10Config T10, c11 C11Config T11, c12 C12Config T12, c13 C13Config T13,
        c14 C14Config T14, c15 C15Config T15
    );

    /// Each context has at least 100 ms, so the stop takes longer than the limit, and longer than a second beyond it.
    #[tokio::test]
    async fn rule_13_every_context_is_asked_to_stop_however_many_hang() {
        let app = App::empty().shutdown_timeout(millis(100));
        register_all(&app);
        let running = app.start().await.unwrap();
        let report = running.stop().await;
        assert_eq!(report.units().len(), 15);
        for unit in report.units() {
            assert_eq!(unit.outcome, Outcome::TimedOut, "{report}");
        }
    }
}

mod order {
    use super::*;

    #[lifespan_task(manual)]
    async fn falls(#[config(code)] go: Arc<Notify>) -> Result<(), Broken> {
        go.notified().await;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual)]
    async fn asks_to_stop(#[config(code)] go: Arc<Notify>, app: App) {
        go.notified().await;
        app.shutdown();
    }

    /// Both act before the driver hears of either: it runs on the same thread, after them.
    async fn both(fails_first: bool) -> Report {
        let app = App::empty();
        let (fall, ask) = (Arc::default(), Arc::default());
        app.register(FallsConfig { go: Arc::clone(&fall) }).unwrap();
        app.register(AsksToStopConfig { go: Arc::clone(&ask) }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(1)).await;
        let (first, second) = if fails_first { (fall, ask) } else { (ask, fall) };
        first.notify_one();
        second.notify_one();
        running.wait().await
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_failure_just_before_a_request_for_shutdown_is_the_cause_of_the_stop() {
        let report = both(true).await;
        has_failure(&report, "falls", Stage::Running, Broken::Wire);
        assert_eq!(report.exit_code(), 1, "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_72_a_failure_just_after_a_request_for_shutdown_happened_during_the_stop() {
        let report = both(false).await;
        has_failure(&report, "falls", Stage::Shutdown, Broken::Wire);
    }
}

mod starved {
    use super::*;

    /// Blocks the only thread for three times the grace of the others, once all of them are asked to stop.
    #[lifespan_task(manual)]
    async fn blocks(#[config(code)] asked: Arc<Notify>, shutdown: Shutdown) {
        shutdown.requested().await;
        asked.notified().await;
        // The block is the subject.
        std::thread::sleep(millis(1500));
    }

    /// Needs one turn after the block: its timer ends meanwhile.
    #[lifespan_task(manual, shutdown_timeout = "500ms")]
    async fn needs_a_turn(#[config(code)] asked: Arc<Notify>, #[config(code)] story: Story, shutdown: Shutdown) {
        shutdown.requested().await;
        asked.notify_one();
        sleep(millis(50)).await;
        story.record("cleaned up");
    }

    /// Needs far more than one turn.
    #[lifespan_task(manual, shutdown_timeout = "500ms")]
    async fn needs_many_turns(#[config(code)] asked: Arc<Notify>, shutdown: Shutdown) {
        shutdown.requested().await;
        asked.notify_one();
        pending::<()>().await;
    }

    #[tokio::test]
    async fn rule_76_a_unit_whose_thread_was_blocked_gets_a_turn_before_it_is_judged() {
        let (asked, story) = (Arc::new(Notify::new()), Story::default());
        let app = App::empty();
        app.register(BlocksConfig { asked: asked.clone() }).unwrap();
        app.register(NeedsATurnConfig { asked, story: story.clone() }).unwrap();
        let report = app.start().await.unwrap().stop().await;
        assert_eq!(
            (story.text().as_str(), outcome(&report, "needs_a_turn")),
            ("cleaned up", Outcome::Stopped),
            "{report}"
        );
        assert_eq!(report.exit_code(), 0, "{report}");
    }

    #[tokio::test]
    async fn rule_76_the_report_blames_the_unit_that_blocked_the_thread() {
        let asked = Arc::new(Notify::new());
        let app = App::empty();
        app.register(BlocksConfig { asked: asked.clone() }).unwrap();
        app.register(NeedsManyTurnsConfig { asked }).unwrap();
        let report = app.start().await.unwrap().stop().await;
        assert_eq!(report.exit_code(), 4, "{report}");
        assert_eq!(outcome(&report, "needs_many_turns"), Outcome::Starved, "{report}");
        assert_eq!(
            report.failures()[0].to_string(),
            "task `blocks` blocked its thread during shutdown, so `needs_many_turns` timed out"
        );
        let blamed: Vec<_> = report.failures().iter().map(|failure| failure.unit().name()).collect();
        assert_eq!(blamed, ["blocks"], "{report}");
    }

    /// How a unit comes up.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Comes {
        /// After 50 ms, for which it needs one turn.
        Late,
        Never,
    }

    /// The start of a unit that another one blocks.
    struct Held {
        start: u32,
        begun: Arc<Notify>,
        starts: Starts,
        comes: Comes,
    }

    impl Held {
        async fn come_up(&self) {
            if next(&self.starts) == self.start {
                self.begun.notify_one();
                sleep(millis(50)).await;
                if self.comes == Comes::Never {
                    pending::<()>().await;
                }
            }
        }
    }

    /// Is up, and blocks the only thread for three times the limit of another one once that starts.
    #[lifespan_task(manual)]
    async fn blocks_a_start(#[config(code)] begun: Arc<Notify>, shutdown: Shutdown) {
        begun.notified().await;
        // The block is the subject.
        std::thread::sleep(millis(700));
        shutdown.requested().await;
    }

    #[lifespan_task(manual, startup_timeout = "200ms", restart(transient, intensity = 1, backoff = "0s"))]
    async fn held_task(
        #[config(code)] held: Arc<Held>,
        #[config(code)] breaks: Arc<Notify>,
        ready: Ready,
        shutdown: Shutdown,
    ) -> Result<(), Broken> {
        held.come_up().await;
        ready.notify();
        if shutdown.or(breaks.notified()).await.is_some() { Err(Broken::Wire) } else { Ok(()) }
    }

    struct Pool;

    #[lifespan_context(manual, startup_timeout = "200ms", restart(transient, intensity = 1, backoff = "0s"))]
    async fn held_context(
        #[config(code)] held: Arc<Held>,
        #[config(code)] breaks: Arc<Notify>,
        scope: Scope<Pool>,
    ) -> Result<(), Broken> {
        held.come_up().await;
        let (_, lost) = scope.provide_until_shutdown_or(Pool, async { breaks.notified().await }).await;
        lost.map_or(Ok(()), |()| Err(Broken::Wire))
    }

    /// Runs an app of both, whose unit is held up at its first start or when it restarts.
    async fn held_up(is_context: bool, concurrent: bool, start: u32, comes: Comes) -> Report {
        let (begun, breaks) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let app = if concurrent { App::empty().concurrent_startup() } else { App::empty() };
        app.register(BlocksAStartConfig { begun: begun.clone() }).unwrap();
        let held = Arc::new(Held { start, begun, starts: Starts::default(), comes });
        if is_context {
            app.register(HeldContextConfig { held, breaks: breaks.clone() }).unwrap();
        } else {
            app.register(HeldTaskConfig { held, breaks: breaks.clone() }).unwrap();
        }
        let mut events = app.events();
        let running = match app.start().await {
            Ok(running) => running,
            Err(error) => return error.into_report(),
        };
        if start == 2 {
            while !matches!(events.next().await, Some(Event::AppUp { .. })) {}
            breaks.notify_one();
            loop {
                match events.next().await {
                    Some(Event::Up { .. }) => break,
                    Some(_) => {}
                    None => return running.wait().await,
                }
            }
        }
        running.stop().await
    }

    /// What is held up, and when: a task or a context, in order or at once, at its first start or at its second.
    fn all_held_up() -> impl Iterator<Item = (bool, bool, u32)> {
        let both = [false, true];
        both.into_iter()
            .flat_map(move |context| both.map(|concurrent| (context, concurrent)))
            .flat_map(|(context, concurrent)| [1, 2].map(|start| (context, concurrent, start)))
    }

    #[tokio::test]
    async fn rule_76_a_unit_whose_thread_was_blocked_while_it_starts_gets_a_turn() {
        for (is_context, concurrent, start) in all_held_up() {
            let report = held_up(is_context, concurrent, start, Comes::Late).await;
            let case = format!("context: {is_context}, concurrent: {concurrent}, start {start}\n{report}");
            assert_eq!(report.exit_code(), 0, "{case}");
            let unit = &report.units()[1];
            assert_eq!((unit.outcome, unit.restarts), (Outcome::Stopped, start - 1), "{case}");
        }
    }

    #[tokio::test]
    async fn rule_76_the_unit_that_blocked_the_thread_of_a_start_is_blamed() {
        for (is_context, concurrent, start) in all_held_up() {
            let report = held_up(is_context, concurrent, start, Comes::Never).await;
            let case = format!("context: {is_context}, concurrent: {concurrent}, start {start}\n{report}");
            let failure = report.failures().iter().find(|failure| failure.unit().name() == "blocks_a_start");
            let failure = failure.unwrap_or_else(|| panic!("it is not blamed; {case}"));
            assert!(matches!(failure.cause(), Cause::Blocked { starved } if starved.contains("held")), "{case}");
            if start == 1 {
                assert_eq!(report.exit_code(), if failure.is_recovered() { 0 } else { 3 }, "{case}");
            }
        }
    }
}

#[lifespan_task(manual)]
async fn asks_for_the_stop(app: App, shutdown: Shutdown, #[config(code)] seen: Arc<Mutex<Option<String>>>) {
    tokio::task::yield_now().await;
    app.shutdown_because("the license has expired");
    assert!(shutdown.is_requested());
    *seen.lock().unwrap() = shutdown.reason().map(|reason| reason.to_string());
}

#[tokio::test(start_paused = true)]
async fn rule_71_a_unit_that_sees_the_request_sees_its_reason() {
    let (app, seen) = (App::empty(), Arc::new(Mutex::new(None)));
    app.register(AsksForTheStopConfig { seen: Arc::clone(&seen) }).unwrap();
    assert!(app.launch().await.is_success());
    assert_eq!(seen.lock().unwrap().as_deref(), Some("the license has expired"));
}

mod background {
    //! Tasks that keep nothing open.
    use super::*;

    #[lifespan_task(manual, once)]
    async fn step(#[config(code)] takes: Duration, #[config(default = false)] fails: bool) -> Result<(), Broken> {
        sleep(takes).await;
        if fails { Err(Broken::Wire) } else { Ok(()) }
    }

    /// Says each second that the batch is alive.
    #[lifespan_task(manual, background)]
    async fn ticks(#[config(code)] story: Story, shutdown: Shutdown) {
        while shutdown.sleep(seconds(1)).await.is_elapsed() {
            story.record("tick");
        }
        story.record("stopped");
    }

    #[lifespan_task(manual, background, every = "1s")]
    async fn scheduled(#[config(code)] story: Story) {
        story.record("run");
    }

    #[lifespan_task(manual, background)]
    async fn dropped() {
        pending::<()>().await;
    }

    #[lifespan_task(manual, background, blocking)]
    fn blocks(shutdown: Shutdown) {
        shutdown.wait();
    }

    /// Fails once it is up, and is started again long after the batch.
    #[lifespan_task(manual, background, restart(transient, backoff = "1h"))]
    async fn backs_off() -> Result<(), Broken> {
        sleep(millis(500)).await;
        Err(Broken::Wire)
    }

    #[lifespan_task(manual, background)]
    async fn fails(#[config(code)] after: Duration) -> Result<(), Broken> {
        sleep(after).await;
        Err(Broken::Pipe)
    }

    /// Fails before it is up.
    #[lifespan_task(manual, background)]
    async fn fails_at_its_start(_ready: Ready) -> Result<(), Broken> {
        Err(Broken::Pipe)
    }

    #[lifespan_context(manual)]
    async fn context(scope: Scope) {
        scope.until_shutdown().await;
    }

    #[lifespan_task(manual)]
    async fn serves(shutdown: Shutdown) {
        shutdown.requested().await;
    }

    async fn launch(register: impl FnOnce(&App)) -> (Report, Duration) {
        let app = App::empty();
        register(&app);
        let begun = tokio::time::Instant::now();
        let report = timeout(seconds(60), app.launch()).await.expect("it ends by itself");
        (report, begun.elapsed())
    }

    fn two_steps(app: &App) {
        for _ in 0..2 {
            app.register(StepConfig::new(millis(1250))).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rule_115_a_batch_ends_with_its_steps_whatever_runs_beside_them() {
        let story = Story::default();
        let (report, took) = launch(|app| {
            app.register(TicksConfig::new(story.clone())).unwrap();
            two_steps(app);
        })
        .await;
        assert_eq!((report.exit_code(), took), (0, millis(2500)), "{report}");
        assert_eq!(story.text(), "tick tick stopped");
        assert_eq!(outcome(&report, "ticks"), Outcome::Stopped);
        assert!(report.to_string().contains("all tasks have finished"), "{report}");
        let cases: [Register; 4] = [
            |app| drop(app.register(ScheduledConfig::new(Story::default())).unwrap()),
            |app| drop(app.register(DroppedConfig {}).unwrap()),
            |app| drop(app.register(BacksOffConfig {}).unwrap()),
            |app| drop(app.register(ContextConfig {}).unwrap()),
        ];
        for beside in cases {
            for is_first in [true, false] {
                let (report, took) = launch(|app| {
                    if is_first {
                        beside(app);
                    }
                    two_steps(app);
                    if !is_first {
                        beside(app);
                    }
                })
                .await;
                assert_eq!((report.exit_code(), took), (0, millis(2500)), "first: {is_first}, {report}");
            }
        }
    }

    #[tokio::test]
    async fn rule_115_a_thread_in_the_background_keeps_nothing_open() {
        let (report, _) = launch(|app| {
            app.register(BlocksConfig {}).unwrap();
            app.register(StepConfig::new(millis(20))).unwrap();
        })
        .await;
        assert!(report.is_success(), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_115_a_failure_in_a_batch_is_1_at_any_time() {
        let failing = || StepConfig::new(millis(50)).with_fails(true);
        let beside = |app: &App| drop(app.register(TicksConfig::new(Story::default())).unwrap());
        let (step, _) = launch(|app| {
            beside(app);
            app.register(failing()).unwrap();
        })
        .await;
        let (before_it_is_up, _) = launch(|app| {
            app.register(FailsAtItsStartConfig {}).unwrap();
            two_steps(app);
        })
        .await;
        let (beside_a_step, _) = launch(|app| {
            app.register(FailsConfig::new(seconds(1))).unwrap();
            two_steps(app);
        })
        .await;
        for report in [&step, &before_it_is_up, &beside_a_step] {
            assert_eq!(report.exit_code(), 1, "{report}");
        }
        has_failure(&step, "step", Stage::Startup, Broken::Wire);
        has_failure(&beside_a_step, "fails", Stage::Running, Broken::Pipe);
        // With a task that is neither `once` nor `background` it is a service, which did not come up.
        let (service, _) = launch(|app| {
            beside(app);
            app.register(ServesConfig {}).unwrap();
            app.register(failing()).unwrap();
        })
        .await;
        assert_eq!(service.exit_code(), 3, "{service}");
        // Without a `once` task it is no batch.
        let (no_batch, _) = launch(|app| drop(app.register(FailsAtItsStartConfig {}).unwrap())).await;
        assert_eq!(no_batch.exit_code(), 3, "{no_batch}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_115_an_app_of_background_tasks_waits_for_a_request() {
        for stays_up in [false, true] {
            let app = if stays_up { App::empty().stay_up() } else { App::empty() };
            app.register(ScheduledConfig::new(Story::default())).unwrap();
            app.register(DroppedConfig {}).unwrap();
            if stays_up {
                two_steps(&app);
            }
            let running = app.start().await.unwrap();
            sleep(seconds(3600)).await;
            assert_eq!(app.state(), State::Up);
            assert!(running.stop().await.is_success());
        }
    }
}
