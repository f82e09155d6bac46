//! Restarts in OTP's words: acceptance cases 24, 25, 27 and 28.

mod common;

use std::time::Duration;

use common::{Broken, Story, outcome, record};
use lifespan::{App, Cause, Event, Outcome, Reason, Res, Shutdown, Stage, State, lifespan_context, lifespan_task};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Ends as the script says: o(k), e(rror), p(anic); then waits. Records every start.
async fn follow(script: &str, story: &Story, shutdown: &Shutdown) -> Result<(), Broken> {
    let starts = story.lines().len();
    story.record("start");
    tokio::task::yield_now().await;
    match script.as_bytes().get(starts) {
        Some(b'o') => Ok(()),
        Some(b'e') => Err(Broken::Wire),
        Some(b'p') => panic!("as it should"),
        _ => {
            shutdown.requested().await;
            Ok(())
        }
    }
}

#[lifespan_task(manual, restart(permanent))]
async fn permanent(script: String, #[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
    follow(&script, &story, &shutdown).await
}

#[lifespan_task(manual, restart(transient))]
async fn transient(script: String, #[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
    follow(&script, &story, &shutdown).await
}

#[lifespan_task(manual, restart(temporary))]
async fn temporary(script: String, #[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
    follow(&script, &story, &shutdown).await
}

#[tokio::test(start_paused = true)]
async fn case_24_permanent_restarts_always_transient_after_failures_temporary_never() {
    // How often each is started, and whether the app stays up.
    for (script, permanently, transiently, temporarily) in [
        ("o", (2, true), (1, false), (1, false)),
        ("e", (2, true), (2, true), (1, false)),
        ("p", (2, true), (2, true), (1, false)),
    ] {
        for (which, (starts, stays_up)) in [permanently, transiently, temporarily].into_iter().enumerate() {
            let story = Story::default();
            let app = App::empty();
            let (text, recorded) = (script.to_owned(), story.clone());
            match which {
                0 => app.register(PermanentConfig { script: text, story: recorded }),
                1 => app.register(TransientConfig { script: text, story: recorded }),
                _ => app.register(TemporaryConfig { script: text, story: recorded }),
            }
            .unwrap();
            let running = app.start().await.unwrap();
            tokio::time::sleep(seconds(60)).await;
            assert_eq!(app.state() == lifespan::State::Up, stays_up, "{script} {which}");
            let report = running.stop().await;
            assert_eq!(story.lines().len(), starts, "{script} {which}: {report}");
            assert_eq!(report.units()[0].restarts as usize, starts - 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn case_25_more_restarts_than_the_intensity_escalate_with_the_own_error() {
    let story = Story::default();
    let app = App::empty();
    app.register(TransientConfig { script: "eeeeee".into(), story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((story.lines().len(), report.exit_code()), (4, 1));
    assert_eq!(report.take_error::<Broken>(), Some(Broken::Wire));
    assert!(matches!(report.reason(), Some(Reason::Failed(_))));
    assert!(report.to_string().contains("restarted 3 times"), "{report}");
    assert!(
        report.to_string().contains("; restart limit reached (3 restarts within 30 s, set by `restart(…)`)"),
        "{report}"
    );

    let app = App::empty();
    app.register(PermanentConfig { script: "oooooo".into(), story: Story::default() }).unwrap();
    let report = app.launch().await;
    let expected = Cause::RestartedTooOften { intensity: 3, period: seconds(30) };
    assert_eq!((report.failures()[0].cause(), report.exit_code()), (&expected, 1));
}

#[tokio::test(start_paused = true)]
async fn case_25_restarts_that_are_spaced_wider_than_the_period_never_escalate() {
    #[lifespan_task(manual, restart(transient, intensity = 1, period = "10s", backoff = "0s", jitter = 0.0))]
    async fn fails_now_and_then(#[config(code)] story: Story) -> Result<(), Broken> {
        story.record("start");
        tokio::time::sleep(seconds(11)).await;
        Err(Broken::Pipe)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(FailsNowAndThenConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(11 * 50)).await;
    assert!(story.lines().len() >= 49);
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn case_27_shutdown_ends_a_backoff_at_once() {
    #[lifespan_task(manual, restart(permanent, backoff = "1h", jitter = 0.0))]
    async fn notified(_shutdown: Shutdown) -> Result<(), Broken> {
        tokio::task::yield_now().await;
        Err(Broken::Wire)
    }
    #[lifespan_task(manual, restart(permanent, backoff = "1h", jitter = 0.0))]
    async fn dropped() -> Result<(), Broken> {
        tokio::task::yield_now().await;
        Err(Broken::Wire)
    }
    let app = App::empty();
    app.register(NotifiedConfig {}).unwrap();
    app.register(DroppedConfig {}).unwrap();
    let recorded = record(&app);
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(60)).await;
    let before = tokio::time::Instant::now();
    let report = running.stop().await;
    assert_eq!((before.elapsed(), report.exit_code()), (Duration::ZERO, 0), "{report}");
    assert_eq!(outcome(&report, "notified"), Outcome::Failed);
    assert_eq!(outcome(&report, "dropped"), Outcome::Failed);
    assert!(recorded.await.unwrap().iter().any(|word| word.starts_with("restarting")));
}

#[tokio::test(start_paused = true)]
async fn case_28_delays_double_up_to_their_cap_and_are_reset_after_a_healthy_while() {
    #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "1s..4s", jitter = 0.0, reset_after = "1m"))]
    async fn fails(#[config(code)] story: Story, #[config(code)] begun: tokio::time::Instant) -> Result<(), Broken> {
        story.record(begun.elapsed().as_secs().to_string());
        if story.lines().len() == 5 {
            tokio::time::sleep(seconds(60)).await;
        }
        Err(Broken::Wire)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(FailsConfig { story: story.clone(), begun: tokio::time::Instant::now() }).unwrap();
    // It is up when its fifth body, after 11 s, has come to an await.
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(64)).await;
    assert!(running.stop().await.is_success());
    // Delays of 1, 2, 4 and 4 s; after a run of a minute 1 and 2 s again.
    assert_eq!(story.text(), "0 1 3 7 11 72 74");
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_task_that_waits_for_its_next_start_is_not_up() {
    #[lifespan_task(manual, restart(transient, backoff = "1s", jitter = 0.0))]
    async fn connects(#[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
        story.record("connects");
        if story.lines().len() < 3 {
            return Err(Broken::Wire);
        }
        shutdown.requested().await;
        Ok(())
    }
    #[lifespan_task(manual, after(connects))]
    async fn dependent(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("dependent");
        shutdown.requested().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(DependentConfig { story: story.clone() }).unwrap();
    app.register(ConnectsConfig { story: story.clone() }).unwrap();
    let mut events = app.events();
    let running = app.start().await.unwrap();
    assert_eq!(story.text(), "connects connects connects dependent");
    let mut stages = Vec::new();
    assert!(running.stop().await.is_success());
    while let Some(event) = events.next().await {
        if let Event::Restarting { failure: Some(failure), .. } = event {
            stages.push(failure.stage());
        }
    }
    assert_eq!(stages, [Stage::Startup; 2]);
}

#[tokio::test(start_paused = true)]
async fn rule_19_restarts_in_the_startup_are_bounded_by_its_limit_and_by_the_intensity() {
    #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "4s"), startup_timeout = "10s")]
    async fn never_connects() -> Result<(), Broken> {
        Err(Broken::Wire)
    }
    #[lifespan_task(manual, restart(transient, intensity = 2, backoff = "0s"))]
    async fn soon_given_up() -> Result<(), Broken> {
        Err(Broken::Wire)
    }
    let app = App::empty();
    app.register(NeverConnectsConfig {}).unwrap();
    let report = app.launch().await;
    let last = report.failures().last().unwrap();
    assert_eq!((last.cause(), report.exit_code()), (&Cause::TimedOut { limit: seconds(10) }, 3), "{report}");

    let app = App::empty();
    app.register(SoonGivenUpConfig {}).unwrap();
    let report = app.launch().await;
    assert_eq!((report.failures()[0].stage(), report.exit_code()), (Stage::Startup, 3));
    assert_eq!((report.take_error(), report.units()[0].restarts), (Some(Broken::Wire), 2));
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_panic_between_two_bodies_is_a_failure_like_any_other() {
    /// Panics at every other clone, and at every other drop in a body.
    struct Fragile(Story, bool);

    impl Clone for Fragile {
        fn clone(&self) -> Self {
            self.0.record("clone");
            assert!(self.0.lines().len().is_multiple_of(2), "as it should");
            Self(self.0.clone(), true)
        }
    }

    impl Drop for Fragile {
        fn drop(&mut self) {
            assert!(!self.1 || self.0.lines().len() >= 4, "as it should");
        }
    }

    #[lifespan_task(manual, restart(transient, backoff = "1s"))]
    async fn takes_what_is_fragile(#[config(code)] fragile: Fragile, shutdown: Shutdown) {
        if fragile.0.lines().len() == 4 {
            shutdown.requested().await;
        }
    }
    let story = Story::default();
    let app = App::empty();
    app.register(TakesWhatIsFragileConfig { fragile: Fragile(story.clone(), false) }).unwrap();
    let running = app.start().await.unwrap();
    let report = running.stop().await;
    assert_eq!((story.lines().len(), report.exit_code(), report.units()[0].restarts), (4, 0, 3), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_task_that_is_asked_to_stop_is_not_restarted_and_its_error_is_kept() {
    #[lifespan_task(manual, restart(permanent, backoff = "0s"))]
    async fn fails_when_asked(#[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
        story.record("start");
        shutdown.requested().await;
        Err(Broken::Pipe)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(FailsWhenAskedConfig { story: story.clone() }).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!((story.text().as_str(), report.exit_code()), ("start", 0));
    assert_eq!((report.failures()[0].stage(), report.take_error()), (Stage::Shutdown, Some(Broken::Pipe)));
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_once_task_that_is_tried_again_provides_its_value() {
    #[lifespan_task(manual, once, restart(transient, backoff = "1s"))]
    async fn fetch(#[config(code)] story: Story) -> Result<u32, Broken> {
        story.record("fetch");
        tokio::task::yield_now().await;
        if story.lines().len() < 3 { Err(Broken::Wire) } else { Ok(7) }
    }
    #[lifespan_task(manual, once)]
    async fn use_it(#[config(code)] story: Story, #[inject] fetched: Res<u32>) {
        story.record(fetched.to_string());
    }
    let story = Story::default();
    let app = App::empty();
    app.register(UseItConfig { story: story.clone() }).unwrap();
    app.register(FetchConfig { story: story.clone() }).unwrap();
    assert!(app.launch().await.is_success());
    assert_eq!(story.text(), "fetch fetch fetch 7");
}

#[tokio::test(start_paused = true)]
async fn rule_19_too_many_restarts_of_a_task_whose_failure_is_ignored_leave_the_app_up() {
    #[lifespan_task(manual, restart(transient, intensity = 2, backoff = "1s"), on_failure = "ignore")]
    async fn optional() -> Result<(), Broken> {
        tokio::task::yield_now().await;
        Err(Broken::Wire)
    }
    let app = App::empty().stay_up();
    app.register(OptionalConfig {}).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(app.state(), State::Up);
    let report = running.stop().await;
    assert_eq!((report.exit_code(), outcome(&report, "optional")), (0, Outcome::Failed));
    assert_eq!((report.units()[0].restarts, report.take_error()), (2, Some(Broken::Wire)));
}

#[tokio::test(start_paused = true)]
async fn rule_19_every_body_has_fresh_arguments_its_resources_and_its_span() {
    struct Counter(std::sync::atomic::AtomicU32);

    #[lifespan_context(manual)]
    async fn counter() -> Counter {
        Counter(0.into())
    }
    #[lifespan_task(manual, restart(permanent, backoff = "0s"))]
    async fn counts(mut list: Vec<u32>, #[config(code)] story: Story, counter: Res<Counter>, shutdown: Shutdown) {
        list.push(counter.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let span = tracing::Span::current();
        story.record(format!("{}{list:?}", span.metadata().map_or("", |metadata| metadata.name())));
        if list.last() == Some(&2) {
            shutdown.requested().await;
        }
    }
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
    // For all threads: a span that another test's thread has met first would be off otherwise.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let story = Story::default();
    let app = App::empty();
    app.register(CountsConfig { list: vec![9], story: story.clone() }).unwrap();
    app.register(CounterConfig {}).unwrap();
    assert!(app.start().await.unwrap().stop().await.is_success());
    assert_eq!(story.text(), "task[9, 0] task[9, 1] task[9, 2]");
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_task_that_finishes_is_not_restarted_after_shutdown_is_requested() {
    #[lifespan_task(manual, restart(transient, backoff = "0s"), on_shutdown = "finish")]
    async fn finishes(#[config(code)] story: Story) -> Result<(), Broken> {
        story.record("start");
        tokio::time::sleep(seconds(2)).await;
        Err(Broken::Wire)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(FinishesConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(3)).await;
    let report = running.stop().await;
    assert_eq!((story.lines().len(), report.exit_code()), (2, 0));
    assert_eq!(report.take_error(), Some(Broken::Wire));
    let after = story.lines().len();
    tokio::time::sleep(seconds(600)).await;
    assert_eq!(story.lines().len(), after, "nothing runs after the run");
}

#[derive(Debug)]
struct PanicsWhenDropped;

impl std::fmt::Display for PanicsWhenDropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken, and not well made")
    }
}

impl std::error::Error for PanicsWhenDropped {}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("as it should");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_19_an_error_that_panics_when_it_is_dropped_is_restarted_like_any_other() {
    #[lifespan_task(manual, restart(transient, backoff = "0s", jitter = 0.0))]
    async fn fails_badly(#[config(code)] story: Story, shutdown: Shutdown) -> Result<(), PanicsWhenDropped> {
        story.record("start");
        tokio::task::yield_now().await;
        if story.lines().len() <= 3 {
            return Err(PanicsWhenDropped);
        }
        shutdown.requested().await;
        Ok(())
    }
    // With and without a reader of the events.
    for heard in [false, true] {
        let (app, story) = (App::empty(), Story::default());
        app.register(FailsBadlyConfig { story: story.clone() }).unwrap();
        let words = heard.then(|| record(&app));
        let running = app.start().await.unwrap();
        tokio::time::sleep(seconds(1)).await;
        let report = running.stop().await;
        assert!(report.is_success(), "{report}");
        assert_eq!((story.lines().len(), report.units()[0].restarts), (4, 3));
        if let Some(words) = words {
            let restarts = words.await.unwrap().into_iter().filter(|word| word.starts_with("restarting")).count();
            assert_eq!(restarts, 3);
        }
    }
}
