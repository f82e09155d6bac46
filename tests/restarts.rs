//! Restarts in OTP's words: acceptance cases 24, 25, 27 and 28.

mod common;

use std::time::Duration;

use common::{Broken, Story, outcome, record};
use lifespan::{App, Cause, Outcome, Reason, Shutdown, lifespan_task};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Ends as the script says: o(k), e(rror), p(anic); then waits. Tells of every start.
async fn follow(script: &str, story: &Story, shutdown: &Shutdown) -> Result<(), Broken> {
    let starts = story.lines().len();
    story.tell("start");
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
            let (text, told) = (script.to_owned(), story.clone());
            match which {
                0 => app.register(PermanentConfig { script: text, story: told }),
                1 => app.register(TransientConfig { script: text, story: told }),
                _ => app.register(TemporaryConfig { script: text, story: told }),
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
        story.tell("start");
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
    async fn told(_shutdown: Shutdown) -> Result<(), Broken> {
        tokio::task::yield_now().await;
        Err(Broken::Wire)
    }
    #[lifespan_task(manual, restart(permanent, backoff = "1h", jitter = 0.0))]
    async fn dropped() -> Result<(), Broken> {
        Err(Broken::Wire)
    }
    let app = App::empty();
    app.register(ToldConfig {}).unwrap();
    app.register(DroppedConfig {}).unwrap();
    let recorded = record(&app);
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(60)).await;
    let before = tokio::time::Instant::now();
    let report = running.stop().await;
    assert_eq!((before.elapsed(), report.exit_code()), (Duration::ZERO, 0), "{report}");
    assert_eq!(outcome(&report, "told"), Outcome::Stopped);
    assert_eq!(outcome(&report, "dropped"), Outcome::Dropped);
    assert!(recorded.await.unwrap().iter().any(|word| word.contains("Restarting")));
}

#[tokio::test(start_paused = true)]
async fn case_28_delays_double_up_to_their_cap_and_start_anew_after_a_healthy_while() {
    #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "1s..4s", jitter = 0.0, reset_after = "1m"))]
    async fn fails(#[config(code)] story: Story, #[config(code)] begun: tokio::time::Instant) -> Result<(), Broken> {
        story.tell(begun.elapsed().as_secs().to_string());
        if story.lines().len() == 5 {
            tokio::time::sleep(seconds(60)).await;
        }
        Err(Broken::Wire)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(FailsConfig { story: story.clone(), begun: tokio::time::Instant::now() }).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(75)).await;
    assert!(running.stop().await.is_success());
    // Delays of 1, 2, 4 and 4 s; after a run of a minute 1 and 2 s again.
    assert_eq!(story.text(), "0 1 3 7 11 72 74");
}
