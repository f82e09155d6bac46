//! Running and stopping: acceptance cases 9, 11, 17, 19, 22, and rules 7, 9 to 13, 16 to 18.

mod common;

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use common::{Broken, Guard, Story, outcome, record};
use lifespan::{
    App, Cause, Event, Outcome, Reason, Report, Res, Scope, Shutdown, Stage, State, Status, lifespan_context,
    lifespan_task,
};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Runs until it is asked to stop.
#[lifespan_task(manual)]
async fn waits(shutdown: Shutdown) {
    shutdown.requested().await;
}

/// Does not react to shutdown, though it takes it.
#[lifespan_task(manual)]
async fn deaf(_shutdown: Shutdown) {
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn case_9_one_failing_teardown_of_three_leaves_the_others_and_all_errors_are_kept() {
    #[lifespan_context(manual)]
    async fn one(#[config(code)] story: Story, scope: Scope) {
        scope.until_shutdown().await;
        story.record("one-");
    }
    #[lifespan_context(manual)]
    async fn two(scope: Scope) -> Result<(), Broken> {
        scope.until_shutdown().await;
        Err(Broken::Pipe)
    }
    #[lifespan_context(manual)]
    async fn three(#[config(code)] story: Story, scope: Scope) {
        scope.until_shutdown().await;
        story.record("three-");
    }
    #[lifespan_task(manual)]
    async fn dies() -> Result<(), Broken> {
        tokio::time::sleep(seconds(1)).await;
        Err(Broken::Wire)
    }
    for (dying, code) in [(false, 4), (true, 1)] {
        let story = Story::default();
        let app = App::empty();
        app.register(OneConfig { story: story.clone() }).unwrap();
        app.register(TwoConfig {}).unwrap();
        app.register(ThreeConfig { story: story.clone() }).unwrap();
        if dying {
            app.register(DiesConfig {}).unwrap();
        }
        let running = app.start().await.unwrap();
        let report = if dying { running.wait().await } else { running.stop().await };
        assert_eq!((story.text(), report.exit_code()), ("three- one-".into(), code), "{report}");
        let last = report.failures().last().unwrap();
        assert_eq!((last.unit().name().as_str(), last.stage()), ("two", Stage::Shutdown));
        assert_eq!(report.failures().len(), if dying { 2 } else { 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn case_11_rule_7_a_dying_task_takes_the_app_down_with_its_error() {
    #[lifespan_task(manual)]
    async fn dies(#[config(default = false)] panics: bool) -> Result<(), Broken> {
        tokio::time::sleep(seconds(5)).await;
        assert!(!panics, "panicked as asked");
        Err(Broken::Wire)
    }
    let app = App::empty();
    app.register(WaitsConfig {}).unwrap();
    app.register(DiesConfig { panics: false }).unwrap();
    let report = app.launch().await;
    assert_eq!((report.exit_code(), report.took()), (1, seconds(5)));
    assert_eq!(report.take_error::<Broken>(), Some(Broken::Wire));
    assert_eq!(outcome(&report, "waits"), Outcome::Stopped);
    assert!(matches!(report.reason(), Some(Reason::Failed(unit)) if unit.name() == "dies"));

    let app = App::empty();
    app.register(DiesConfig { panics: true }).unwrap();
    let report = app.launch().await;
    let Cause::Panic { message, place } = report.failures()[0].cause() else { panic!("{report}") };
    assert_eq!((message.as_str(), report.exit_code()), ("panicked as asked", 1));
    assert!(place.as_ref().unwrap().contains("stopping.rs:"), "{place:?}");
}

#[tokio::test(start_paused = true)]
async fn rule_7_an_error_whose_display_fails_still_takes_the_app_down() {
    #[derive(Debug)]
    struct Mute {
        panics: bool,
    }
    impl std::fmt::Display for Mute {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            assert!(!self.panics, "no words");
            Err(std::fmt::Error)
        }
    }
    impl std::error::Error for Mute {}
    #[lifespan_task(manual)]
    async fn fails_mutely(panics: bool) -> Result<(), Mute> {
        tokio::task::yield_now().await;
        Err(Mute { panics })
    }
    for (panics, words) in [(true, "an error that panics"), (false, "(can't be displayed)")] {
        let app = App::empty();
        app.register(WaitsConfig {}).unwrap();
        app.register(FailsMutelyConfig { panics }).unwrap();
        let report = tokio::time::timeout(seconds(60), app.launch()).await.expect("launch returns");
        assert_eq!((report.exit_code(), outcome(&report, "waits")), (1, Outcome::Stopped), "{report}");
        assert!(report.to_string().contains(words), "{report}");
        assert_eq!(report.take_error::<Mute>().map(|error| error.panics), Some(panics));
    }
}

#[tokio::test(start_paused = true)]
async fn case_22_rule_7_an_ignored_failure_keeps_the_app_up_and_the_error() {
    #[lifespan_task(manual, on_failure = "ignore")]
    async fn dies() -> Result<(), Broken> {
        tokio::task::yield_now().await;
        Err(Broken::Wire)
    }
    let app = App::empty();
    app.register(DiesConfig {}).unwrap();
    app.register(WaitsConfig {}).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(app.state(), State::Up);
    let report = running.stop().await;
    assert_eq!((report.exit_code(), outcome(&report, "dies")), (0, Outcome::Failed));
    assert!(report.failures()[0].is_ignored());
    assert_eq!(report.take_error::<Broken>(), Some(Broken::Wire));
}

#[tokio::test(start_paused = true)]
async fn rule_7_a_task_that_ends_by_itself_though_it_takes_shutdown_is_a_warning() {
    #[lifespan_task(manual)]
    async fn leaves(_shutdown: Shutdown) {
        tokio::task::yield_now().await;
    }
    #[lifespan_task(manual, on_return = "ignore")]
    async fn may_leave(_shutdown: Shutdown) {
        tokio::task::yield_now().await;
    }
    #[lifespan_task(manual, on_return = "shutdown")]
    async fn ends_all() {
        tokio::time::sleep(seconds(1)).await;
    }
    let app = App::empty();
    app.register(LeavesConfig {}).unwrap();
    app.register(MayLeaveConfig {}).unwrap();
    app.register(EndsAllConfig {}).unwrap();
    app.register(WaitsConfig {}).unwrap();
    let recorded = record(&app);
    let report = app.launch().await;
    let words = recorded.await.unwrap();
    assert!(words.contains(&"ended by itself leaves".into()), "{words:?}");
    assert!(words.contains(&"returned may_leave".into()), "{words:?}");
    assert!(words.contains(&"shutdown: task `ends_all` returned".into()), "{words:?}");
    assert_eq!((report.exit_code(), report.took()), (0, seconds(1)));
}

#[tokio::test(start_paused = true)]
async fn case_17_shutdown_before_launch_starts_nothing_and_says_so() {
    let app = App::empty();
    app.register(WaitsConfig {}).unwrap();
    app.shutdown_because("not today");
    let report = app.launch().await;
    assert_eq!((outcome(&report, "waits"), report.exit_code()), (Outcome::NotStarted, 0));
    let text = report.to_string();
    assert!(text.contains("nothing was started: shutdown was requested before launch (not today)"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn case_17_shutdown_by_many_at_once_is_seen_by_all_and_none_is_lost() {
    #[lifespan_task(manual)]
    async fn hears(#[config(code)] story: Story, shutdown: Shutdown) {
        shutdown.requested().await;
        story.record(shutdown.reason().unwrap().to_string());
    }
    let story = Story::default();
    let app = App::empty();
    for _ in 0..3 {
        app.register(HearsConfig { story: story.clone() }).unwrap();
    }
    let running = app.start().await.unwrap();
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let app = app.clone();
            std::thread::spawn(move || app.shutdown_because(format!("reason {number}")))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let report = running.wait().await;
    let mut reasons: Vec<String> = report.requests().iter().map(ToString::to_string).collect();
    assert_eq!(story.lines(), vec![reasons[0].clone(); 3]);
    reasons.sort();
    assert_eq!(reasons, (0..8).map(|number| format!("reason {number}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn case_17_rule_9_dropping_the_future_of_launch_half_way_still_stops_in_order() {
    #[lifespan_context(manual)]
    async fn held(#[config(code)] story: Story, scope: Scope) {
        scope.until_shutdown().await;
        tokio::time::sleep(seconds(1)).await;
        story.record("torn down");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(HeldConfig { story: story.clone() }).unwrap();
    let mut events = app.events();
    assert!(tokio::time::timeout(seconds(2), app.launch()).await.is_err());
    while let Some(event) = events.next().await {
        if let Event::ShutdownRequested { reason } = event {
            assert_eq!(reason, Reason::Dropped);
        }
    }
    assert_eq!((story.text(), app.state()), ("torn down".into(), State::Stopped));
}

#[tokio::test(start_paused = true)]
async fn case_19_rule_13_a_teardown_that_hangs_is_dropped_at_its_deadline_and_named() {
    #[lifespan_context(manual, shutdown_timeout = "2s")]
    async fn hangs(#[config(code)] story: Story, scope: Scope<u8>) {
        let _guard = Guard(story, "dropped");
        scope.provide_until_shutdown(1).await;
        std::future::pending::<()>().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(HangsConfig { story: story.clone() }).unwrap();
    app.register(WaitsConfig {}).unwrap();
    let before = tokio::time::Instant::now();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!((before.elapsed(), report.exit_code(), story.text()), (seconds(2), 4, "dropped".into()));
    assert_eq!(*report.failures()[0].cause(), Cause::TimedOut { limit: seconds(2) });
    assert!(
        report.to_string().contains("context `hangs` took longer than its limit of 2 s during teardown"),
        "{report}"
    );
    assert!(app.resource::<u8>().is_none());
}

#[tokio::test(start_paused = true)]
async fn rule_11_notify_finish_and_drop() {
    #[lifespan_task(manual)]
    async fn notified(#[config(code)] story: Story, shutdown: Shutdown) {
        shutdown.requested().await;
        tokio::time::sleep(seconds(3)).await;
        story.record("notified");
    }
    #[lifespan_task(manual, on_shutdown = "finish")]
    async fn finishes(#[config(code)] story: Story) {
        tokio::time::sleep(seconds(4)).await;
        story.record("finished");
    }
    #[lifespan_task(manual)]
    async fn dropped(#[config(code)] story: Story) {
        let _guard = Guard(story, "dropped");
        std::future::pending::<()>().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(NotifiedConfig { story: story.clone() }).unwrap();
    app.register(FinishesConfig { story: story.clone() }).unwrap();
    app.register(DroppedConfig { story: story.clone() }).unwrap();
    app.register(DeafConfig {}).unwrap();
    let plan = app.check().unwrap().to_string();
    assert_eq!(plan.matches("dropped at any await").count(), 1, "{plan}");
    let before = tokio::time::Instant::now();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!((story.text(), before.elapsed()), ("dropped notified finished".into(), seconds(10)));
    let outcomes = ["notified", "finishes", "dropped", "deaf"].map(|name| outcome(&report, name));
    assert_eq!(outcomes, [Outcome::Stopped, Outcome::Stopped, Outcome::Dropped, Outcome::TimedOut]);
    assert_eq!(report.exit_code(), 4);
    assert!(report.to_string().contains("task `deaf` took longer than its limit of 10 s during shutdown"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_context_gets_its_resource_back_after_its_users_have_ended() {
    struct Pool(Story);
    #[lifespan_context(manual)]
    async fn pool(#[config(code)] story: Story, scope: Scope<Pool>) -> anyhow::Result<()> {
        let pool = scope.provide_until_shutdown(Pool(story)).await;
        let pool = pool.into_inner()?;
        pool.0.record("closed");
        Ok(())
    }
    #[lifespan_task(manual)]
    async fn uses(pool: Res<Pool>) {
        let _guard = Guard(pool.0.clone(), "user ended");
        std::future::pending::<()>().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(PoolConfig { story: story.clone() }).unwrap();
    app.register(UsesConfig {}).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!((story.text(), report.exit_code()), ("user ended closed".into(), 0), "{report}");

    // Code outside the units holds it: the error says how many handles.
    let app = App::empty();
    app.register(PoolConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    let held = (app.resource::<Pool>(), app.resource::<Pool>());
    let report = running.stop().await;
    assert!(report.to_string().contains("the resource `Pool` is still held by 2 other handles"), "{report}");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_returned_resource_is_dropped_after_its_last_user() {
    #[lifespan_context(manual)]
    async fn client(#[config(code)] story: Story) -> Guard {
        Guard(story, "client dropped")
    }
    #[lifespan_task(manual)]
    async fn uses(client: Res<Guard>, shutdown: Shutdown) {
        shutdown.requested().await;
        client.0.record("user ended");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(UsesConfig {}).unwrap();
    app.register(ClientConfig { story: story.clone() }).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!((story.text(), outcome(&report, "client")), ("user ended client dropped".into(), Outcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn rule_12_what_another_thread_lets_go_is_noticed_while_the_body_is_polled() {
    #[lifespan_context(manual)]
    async fn hands_over(scope: Scope<u8>, #[config(code)] story: Story) {
        let mut holding = Box::pin(scope.provide_until_shutdown(1));
        let provided = poll_fn(|context| Poll::Ready(holding.as_mut().poll(context).is_pending())).await;
        assert!(provided);
        tokio::time::sleep(seconds(1)).await;
        std::thread::spawn(move || drop(holding)).join().unwrap();
        tokio::time::sleep(seconds(1)).await;
        story.record("returns");
    }
    #[lifespan_task(manual)]
    async fn hears(#[config(code)] story: Story, shutdown: Shutdown) {
        shutdown.requested().await;
        story.record("notified");
    }
    let (app, story) = (App::empty(), Story::default());
    app.register(HandsOverConfig { story: story.clone() }).unwrap();
    app.register(HearsConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((report.failures().len(), report.failures()[0].cause()), (1, &Cause::GaveUp), "{report}");
    assert_eq!(story.text(), "notified returns");
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_context_that_gives_up_while_it_is_needed_has_failed() {
    #[lifespan_context(manual)]
    async fn lets_go(scope: Scope<u8>, #[config(default = false)] goes_on: bool) {
        let _ = tokio::time::timeout(seconds(1), scope.provide_until_shutdown(1)).await;
        if goes_on {
            tokio::time::sleep(seconds(1)).await;
        }
    }
    #[lifespan_context(manual)]
    async fn panics_while_up(scope: Scope<u8>) {
        let holding = scope.provide_until_shutdown(1);
        let boom = async {
            tokio::time::sleep(seconds(1)).await;
            panic!("boom");
        };
        tokio::select! { _ = holding => {}, () = boom => {} }
    }
    for goes_on in [false, true] {
        let app = App::empty();
        app.register(LetsGoConfig { goes_on }).unwrap();
        let report = app.launch().await;
        assert_eq!((report.failures().len(), report.failures()[0].cause()), (1, &Cause::GaveUp), "{report}");
        assert_eq!((report.exit_code(), report.failures()[0].stage()), (1, Stage::Running));
    }
    let app = App::empty();
    app.register(PanicsWhileUpConfig {}).unwrap();
    let report = app.launch().await;
    assert!(matches!(report.failures()[0].cause(), Cause::Panic { message, .. } if message == "boom"), "{report}");
    assert_eq!(report.failures().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_panicking_destructor_is_caught_and_named() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("bomb");
        }
    }
    #[lifespan_context(manual)]
    async fn armed() -> Bomb {
        Bomb
    }
    #[lifespan_task(manual)]
    async fn carries() {
        let _bomb = Bomb;
        std::future::pending::<()>().await;
    }
    let app = App::empty();
    app.register(ArmedConfig {}).unwrap();
    app.register(CarriesConfig {}).unwrap();
    let report = app.start().await.unwrap().stop().await;
    let failed: Vec<String> = report.failures().iter().map(|failure| failure.unit().name()).collect();
    assert_eq!(failed, ["carries", "armed"]);
    for failure in report.failures() {
        assert_eq!(failure.stage(), Stage::Shutdown);
        let Cause::Panic { message, place } = failure.cause() else { panic!("{failure}") };
        assert_eq!(message, "bomb");
        assert!(place.as_ref().unwrap().contains("stopping.rs:"));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_slow_tasks_cannot_eat_what_a_context_needs() {
    #[lifespan_task(manual, shutdown_timeout = "60s")]
    async fn very_deaf(_shutdown: Shutdown) {
        std::future::pending::<()>().await;
    }
    #[lifespan_context(manual)]
    async fn slow(#[config(code)] story: Story, scope: Scope) {
        scope.until_shutdown().await;
        tokio::time::sleep(Duration::from_millis(4900)).await;
        story.record("saved");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(SlowConfig { story: story.clone() }).unwrap();
    app.register(VeryDeafConfig {}).unwrap();
    let before = tokio::time::Instant::now();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!((story.text(), before.elapsed()), ("saved".into(), Duration::from_millis(24_900)));
    assert_eq!((report.exit_code(), outcome(&report, "very_deaf")), (4, Outcome::TimedOut));
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_limit_may_be_as_long_as_a_duration_can_be() {
    let most = Duration::MAX;
    let app = App::empty().startup_timeout(most).grace(most).teardown_timeout(most).shutdown_timeout(most);
    app.register(WaitsConfig {}).unwrap();
    let running = app.start().await.unwrap();
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_9_a_program_of_once_tasks_ends_and_an_app_of_contexts_waits() {
    #[lifespan_task(once, manual)]
    async fn job() {}
    #[lifespan_context(manual)]
    async fn holds() -> u8 {
        1
    }
    let app = App::empty();
    app.register(JobConfig {}).unwrap();
    app.register(HoldsConfig {}).unwrap();
    assert_eq!(app.launch().await.reason(), Some(&Reason::AllFinished));

    for app in [App::empty(), App::empty().stay_up()] {
        app.register(HoldsConfig {}).unwrap();
        let running = app.start().await.unwrap();
        tokio::time::sleep(seconds(3600)).await;
        assert_eq!(app.state(), State::Up);
        assert_eq!(running.stop().await.reason(), Some(&Reason::Asked));
    }

    let app = App::empty().stay_up();
    app.register(JobConfig {}).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(3600)).await;
    assert_eq!(app.state(), State::Up);
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_9_into_result_serves_the_question_mark() {
    #[lifespan_task(manual)]
    async fn dies() -> Result<(), Broken> {
        Err(Broken::Wire)
    }
    async fn run(app: &App) -> Result<(), Box<dyn std::error::Error>> {
        app.launch().await.into_result()?;
        Ok(())
    }
    let app = App::empty();
    app.register(DiesConfig {}).unwrap();
    let error = run(&app).await.unwrap_err();
    assert_eq!(error.source().unwrap().downcast_ref::<Broken>(), Some(&Broken::Wire));
    assert_eq!(error.downcast_ref::<lifespan::RunError>().unwrap().report().exit_code(), 3);
}

#[tokio::test(start_paused = true)]
async fn rule_16_the_first_cause_decides_the_exit_code() {
    #[lifespan_task(manual)]
    async fn exits(app: App, code: u8, shutdown: Shutdown) -> Result<(), Broken> {
        app.exit(code);
        shutdown.requested().await;
        Err(Broken::Wire)
    }
    for (code, expected) in [(7, 7), (0, 3)] {
        let app = App::empty();
        app.register(ExitsConfig { code }).unwrap();
        let report = app.launch().await;
        assert_eq!(report.exit_code(), expected, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_17_events_are_the_state_so_far_and_then_everything_once() {
    #[lifespan_context(manual)]
    async fn holds(scope: Scope<u8>) {
        scope.provide_until_shutdown(1).await;
    }
    let app = App::empty();
    app.register(HoldsConfig {}).unwrap();
    app.register(WaitsConfig {}).unwrap();
    let from_the_start = record(&app);
    let running = app.start().await.unwrap();
    let late = app.events();
    assert_eq!(late.so_far().state, State::Up);
    let so_far: Vec<(String, Status)> =
        late.so_far().units.iter().map(|(unit, status)| (unit.name(), *status)).collect();
    assert_eq!(so_far, [("holds".into(), Status::Up), ("waits".into(), Status::Up)]);
    let later = record(&app);
    let _ = running.stop().await;
    let (all, tail) = (from_the_start.await.unwrap(), later.await.unwrap());
    assert_eq!(
        all,
        [
            "launched 2",
            "starting holds",
            "up holds",
            "starting waits",
            "up waits",
            "app up",
            "shutdown: the app requested shutdown",
            "stopping waits",
            "stopped waits",
            "stopping holds",
            "stopped holds",
            "ended 0",
        ]
    );
    assert_eq!(tail, all[6..]);
    let mut after = app.events();
    assert_eq!(after.so_far().state, State::Stopped);
    assert!(after.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn rule_17_the_events_of_a_launch_that_is_refused_end() {
    let app = App::empty();
    let mut before = app.events();
    assert_eq!(app.launch().await.exit_code(), 2);
    for events in [&mut before, &mut app.events()] {
        let next = tokio::time::timeout(seconds(1), events.next()).await;
        assert!(matches!(next, Ok(None)), "{next:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_17_a_slow_reader_learns_how_many_events_it_missed() {
    let app = App::empty();
    for _ in 0..1000 {
        app.register(WaitsConfig {}).unwrap();
    }
    let mut events = app.events();
    let report = app.start().await.unwrap().stop().await;
    assert!(report.is_success());
    let Some(Event::Lagged { missed }) = events.next().await else { panic!("not lagging") };
    let mut rest = 0;
    while events.next().await.is_some() {
        rest += 1;
    }
    // Launched, up, requested and ended; starting, up, stopping and stopped of each.
    assert_eq!(missed + rest, 4 + 4 * 1000);
}

#[tokio::test(start_paused = true)]
async fn rule_18_two_apps_in_one_process_share_nothing() {
    #[lifespan_context(manual)]
    async fn number(value: u32) -> u32 {
        value
    }
    #[lifespan_task(manual)]
    async fn reads(#[config(code)] sum: Arc<AtomicU32>, number: Res<u32>, shutdown: Shutdown) {
        sum.fetch_add(*number, Ordering::SeqCst);
        shutdown.requested().await;
    }
    let (first, second) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let apps = [App::empty(), App::empty()];
    for (app, sum, value) in [(&apps[0], &first, 1), (&apps[1], &second, 10)] {
        app.register(ReadsConfig { sum: sum.clone() }).unwrap();
        app.register(NumberConfig { value }).unwrap();
    }
    let running = [apps[0].start().await.unwrap(), apps[1].start().await.unwrap()];
    let [one, two] = running;
    let report: Report = one.stop().await;
    assert!(report.is_success());
    assert_eq!((apps[0].state(), apps[1].state()), (State::Stopped, State::Up));
    assert!(two.stop().await.is_success());
    assert_eq!((first.load(Ordering::SeqCst), second.load(Ordering::SeqCst)), (1, 10));
}

#[test]
fn rule_12_a_provided_values_destructor_that_panics_does_not_reach_the_program() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("bomb");
        }
    }
    let app = App::empty();
    app.provide(Bomb).unwrap();
    drop(app);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_panics_is_a_problem_of_the_plan() {
    #[derive(Clone, serde::Deserialize)]
    struct Odd;
    impl std::fmt::Display for Odd {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("odd");
        }
    }
    #[lifespan_task(manual)]
    async fn keyed(#[config(key)] key: Odd) {
        let Odd = key;
    }
    let app = App::empty();
    app.register(KeyedConfig { key: Odd }).unwrap();
    let report = app.launch().await;
    assert!(report.to_string().contains("argument of task `keyed` panicked"), "{report}");
}

/// More tasks than are notified at once; the first that is notified ends all others.
#[tokio::test(start_paused = true)]
async fn tasks_that_end_before_they_are_asked_to_stop_are_stopped_once() {
    #[lifespan_task(manual)]
    async fn follows(#[config(code)] others: Arc<tokio::sync::Notify>, shutdown: Shutdown) {
        tokio::select! {
            () = shutdown.requested() => others.notify_waiters(),
            () = others.notified() => {}
        }
    }
    for app in [App::empty(), App::empty().concurrent_startup()] {
        let others = Arc::default();
        for _ in 0..1000 {
            app.register(FollowsConfig { others: Arc::clone(&others) }).unwrap();
        }
        let report = app.start().await.unwrap().stop().await;
        assert!(report.is_success(), "{report}");
        let stopped = report.units().iter().filter(|unit| unit.outcome == Outcome::Stopped).count();
        assert_eq!(stopped, 1000, "all are asked at once");
    }
}

mod deadlines {
    //! The time that a unit has to stop.
    use super::*;
    use tokio::time::{Instant, sleep};

    /// The time that a unit was given, from the moment at which it saw the request.
    type Seen = Arc<std::sync::Mutex<Vec<Option<Duration>>>>;

    fn look(shutdown: &Shutdown, seen: &Seen) {
        let left = shutdown.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        seen.lock().unwrap().push(left);
    }

    fn lefts(seen: &Seen) -> Vec<Option<u64>> {
        let whole = |left: &Option<Duration>| left.map(|left| u64::try_from(left.as_millis()).unwrap());
        seen.lock().unwrap().iter().map(whole).collect()
    }

    #[lifespan_task(manual)]
    async fn looks(#[config(code)] seen: Seen, shutdown: Shutdown) {
        look(&shutdown, &seen);
        shutdown.requested().await;
        look(&shutdown, &seen);
        sleep(seconds(1)).await;
        look(&shutdown, &seen);
    }

    #[lifespan_task(manual, shutdown_timeout = "3s")]
    async fn looks_with_its_own_limit(#[config(code)] seen: Seen, shutdown: Shutdown) {
        shutdown.requested().await;
        look(&shutdown, &seen);
    }

    /// Requests the shutdown, and looks in the same step.
    #[lifespan_task(manual)]
    async fn asks(#[config(code)] seen: Seen, app: App, shutdown: Shutdown) {
        sleep(seconds(1)).await;
        app.shutdown();
        look(&shutdown, &seen);
        tokio::task::yield_now().await;
        look(&shutdown, &seen);
    }

    #[lifespan_context(manual)]
    async fn pool(#[config(code)] seen: Seen, shutdown: Shutdown, scope: Scope<u8>) {
        let _value = scope.provide_until_shutdown(5).await;
        look(&shutdown, &seen);
    }

    #[lifespan_task(manual)]
    async fn uses(value: Res<u8>, #[config(code)] seen: Seen, shutdown: Shutdown) {
        shutdown.requested().await;
        look(&shutdown, &seen);
        drop(value);
        sleep(seconds(1)).await;
    }

    async fn run(app: App) -> Report {
        let running = app.start().await.unwrap();
        sleep(seconds(1)).await;
        running.stop().await
    }

    #[tokio::test(start_paused = true)]
    async fn rule_116_a_unit_that_is_asked_to_stop_reads_its_deadline() {
        let (seen, own) = (Seen::default(), Seen::default());
        let app = App::empty().grace(seconds(7));
        app.register(LooksConfig::new(Arc::clone(&seen))).unwrap();
        app.register(LooksWithItsOwnLimitConfig::new(Arc::clone(&own))).unwrap();
        assert!(run(app).await.is_success());
        assert_eq!(lefts(&seen), [None, Some(7000), Some(6000)]);
        assert_eq!(lefts(&own), [Some(3000)]);
    }

    #[tokio::test(start_paused = true)]
    async fn rule_116_contexts_keep_their_share_of_the_time() {
        let (task, context) = (Seen::default(), Seen::default());
        let app = App::empty().shutdown_timeout(seconds(6)).teardown_timeout(seconds(2));
        app.register(PoolConfig::new(Arc::clone(&context))).unwrap();
        app.register(UsesConfig::new(Arc::clone(&task))).unwrap();
        assert!(run(app).await.is_success());
        assert_eq!((lefts(&task), lefts(&context)), (vec![Some(4000)], vec![Some(2000)]));
    }

    #[tokio::test(start_paused = true)]
    async fn rule_116_a_unit_that_sees_the_request_sees_a_deadline() {
        let (asking, context) = (Seen::default(), Seen::default());
        let app = App::empty().shutdown_timeout(seconds(6)).teardown_timeout(seconds(2));
        app.register(PoolConfig::new(Arc::clone(&context))).unwrap();
        app.register(AsksConfig::new(Arc::clone(&asking))).unwrap();
        assert!(app.launch().await.is_success());
        assert_eq!(lefts(&asking), [Some(4000), Some(4000)], "before the run has handled the request, and after");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_116_a_unit_is_dropped_at_its_deadline() {
        #[lifespan_task(manual)]
        async fn hangs(#[config(code)] seen: Arc<std::sync::Mutex<Option<Instant>>>, shutdown: Shutdown) {
            shutdown.requested().await;
            *seen.lock().unwrap() = shutdown.deadline();
            std::future::pending::<()>().await;
        }
        let seen = Arc::default();
        let app = App::empty();
        app.register(HangsConfig { seen: Arc::clone(&seen) }).unwrap();
        let report = run(app).await;
        assert_eq!(outcome(&report, "hangs"), Outcome::TimedOut);
        let deadline = seen.lock().unwrap().unwrap();
        let late = Instant::now().duration_since(deadline);
        assert!(late < Duration::from_millis(10), "{late:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn rule_116_a_handle_from_before_a_restart_has_no_time_left() {
        #[lifespan_task(manual)]
        async fn keeps(#[config(code)] handles: Arc<std::sync::Mutex<Vec<Shutdown>>>, shutdown: Shutdown) {
            handles.lock().unwrap().push(shutdown.clone());
            shutdown.requested().await;
            sleep(seconds(1)).await;
        }
        let handles: Arc<std::sync::Mutex<Vec<Shutdown>>> = Arc::default();
        let app = App::empty().grace(seconds(7));
        app.register(KeepsConfig { handles: Arc::clone(&handles) }).unwrap();
        let running = app.start().await.unwrap();
        let left = |index: usize| {
            let handle = handles.lock().unwrap()[index].clone();
            handle.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()).as_millis())
        };
        assert_eq!(left(0), None);
        let restart = tokio::spawn(app.restart(keeps));
        sleep(Duration::from_millis(500)).await;
        assert_eq!(left(0), Some(6500), "a restart gives it the time of its own");
        restart.await.unwrap().unwrap();
        assert_eq!((left(0), left(1)), (Some(0), None));
        assert!(running.stop().await.is_success());
        assert_eq!((left(0), left(1)), (Some(0), Some(0)));
    }
}
