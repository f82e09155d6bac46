//! Blocking work: tasks that are plain functions on threads of their own.
//!
//! The time here is the system's: with tokio's paused, it would run ahead of a thread at work. No test waits for time to
//! pass; where a limit has to be over, an event says that it is.

mod common;

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use common::{Broken, Guard, Story, outcome, record};
use lifespan::{
    App, Cause, Children, Event, Events, Outcome, Ready, Res, Scope, Shutdown, Stage, lifespan_context, lifespan_task,
};
use tokio::runtime::{Builder, Handle};

/// Waits for an event.
async fn event(events: &mut Events, wanted: impl Fn(&Event) -> bool) {
    while !wanted(&events.next().await.expect("it comes before the run is over")) {}
}

fn is_failure(event: &Event, wanted: impl Fn(&Cause) -> bool) -> bool {
    matches!(event, Event::Failed { failure } if wanted(failure.cause()))
}

fn is_late(event: &Event) -> bool {
    is_failure(event, |cause| matches!(cause, Cause::TimedOut { .. }))
}

/// Records its teardown.
#[lifespan_context(manual)]
async fn base(#[config(code)] story: Story, scope: Scope<u32>) {
    scope.provide_until_shutdown(7).await;
    story.record("base is torn down");
}

#[tokio::test]
async fn rule_27_it_has_a_thread_of_its_own_with_the_name_the_runtime_and_the_span_of_the_instance() {
    #[lifespan_task(manual, blocking)]
    fn works(#[config(code)] asks: Sender<String>, #[config(code)] answers: Receiver<u32>, base: Res<u32>) {
        let span = tracing::Span::current();
        let name = thread::current().name().unwrap_or_default().to_owned();
        // The runtime, of one thread, goes on meanwhile.
        let seven = Handle::current().block_on(async { tokio::spawn(async move { *base }).await.unwrap() });
        asks.send(format!("{name} {} {seven}", span.metadata().map_or("", |metadata| metadata.name()))).unwrap();
        assert_eq!(answers.recv(), Ok(8));
    }
    #[lifespan_task(manual, once)]
    async fn answers(#[config(code)] asked: Receiver<String>, #[config(code)] answer: Sender<u32>) -> String {
        let asked = loop {
            match asked.try_recv() {
                Ok(asked) => break asked,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        answer.send(8).unwrap();
        asked
    }
    let subscriber = tracing_subscriber::fmt().with_writer(io::sink).finish();
    // For all threads: a span that another test's thread has met first would be off otherwise.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    for (given, thread) in [(None, "works"), (Some("one"), "one"), (Some("t\0wo"), r"t\u{0}wo")] {
        let ((asks, asked), (answer, answers)) = (channel(), channel());
        let app = App::empty().stay_up();
        app.register(BaseConfig { story: Story::default() }).unwrap();
        let works = app.register(WorksConfig { asks, answers }).unwrap();
        if let Some(given) = given {
            works.named(given).unwrap();
        }
        app.register(AnswersConfig { asked, answer }).unwrap();
        let running = app.start().await.unwrap();
        assert_eq!(*app.resource::<String>().unwrap(), format!("{thread} task 7"));
        let report = running.stop().await;
        assert!(report.is_success(), "{report}");
    }
}

#[tokio::test]
async fn rule_27_it_is_notified_of_shutdown_and_its_resources_are_kept_until_it_has_ended() {
    #[lifespan_task(manual, blocking)]
    fn waits(forever: bool, #[config(code)] story: Story, _base: Res<u32>, ready: Ready, shutdown: Shutdown) {
        let _guard = Guard(story.clone(), "the function has ended");
        assert!(shutdown.wait_timeout(Duration::ZERO).is_elapsed());
        story.record("waits");
        ready.notify();
        if forever {
            shutdown.wait();
        } else {
            assert!(shutdown.wait_timeout(Duration::from_secs(3600)).is_interrupted());
        }
        assert!(shutdown.is_requested() && shutdown.reason().is_some());
        story.record("notified");
    }
    for forever in [false, true] {
        let story = Story::default();
        let app = App::empty();
        app.register(WaitsConfig { forever, story: story.clone() }).unwrap();
        app.register(BaseConfig { story: story.clone() }).unwrap();
        let report = app.start().await.unwrap().stop().await;
        assert_eq!((report.exit_code(), outcome(&report, "waits")), (0, Outcome::Stopped), "{report}");
        assert_eq!(story.lines(), ["waits", "notified", "the function has ended", "base is torn down"]);
    }
}

#[test]
fn rule_27_a_thread_that_waits_is_always_woken_by_the_request() {
    for _ in 0..200 {
        let (trigger, shutdown) = Shutdown::pair();
        let waiting = thread::spawn({
            let shutdown = shutdown.clone();
            move || shutdown.wait()
        });
        let counting = thread::spawn(move || while shutdown.wait_timeout(Duration::from_nanos(1)).is_elapsed() {});
        trigger.shutdown();
        waiting.join().unwrap();
        counting.join().unwrap();
    }
}

#[tokio::test]
async fn rule_27_its_errors_and_panics_are_kept_like_any_others() {
    #[lifespan_task(manual, blocking)]
    fn fails(shutdown: Shutdown) -> Result<(), Broken> {
        drop(shutdown);
        Err(Broken::Wire)
    }
    #[lifespan_task(manual, blocking)]
    fn panics(#[config(code)] number: u32) {
        assert_ne!(number, 3, "as it should");
    }
    #[lifespan_task(manual, blocking)]
    fn panics_as_it_goes(#[config(code)] fragile: Fragile) {
        let _ = &fragile;
    }

    #[derive(Clone)]
    struct Fragile;

    impl Drop for Fragile {
        fn drop(&mut self) {
            assert!(thread::current().name() != Some("panics_as_it_goes"), "as it should");
        }
    }

    for which in 0..3 {
        let app = App::empty();
        match which {
            0 => app.register(FailsConfig {}),
            1 => app.register(PanicsConfig { number: 3 }),
            _ => app.register(PanicsAsItGoesConfig { fragile: Fragile }),
        }
        .unwrap();
        let report = app.launch().await;
        let [failure] = report.failures() else { panic!("one failure: {report}") };
        assert_eq!(
            (report.exit_code(), failure.stage(), report.units()[0].outcome),
            (1, Stage::Running, Outcome::Failed)
        );
        match failure.cause() {
            Cause::Error => assert_eq!(report.take_error(), Some(Broken::Wire)),
            Cause::Panic { message, place: Some(place) } => {
                assert!(message.contains("as it should") && place.starts_with(file!()), "{message} {place}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn rule_27_every_start_has_a_thread_of_its_own_and_fresh_arguments() {
    #[lifespan_task(manual, blocking, restart(transient, intensity = 5, backoff = "0s"))]
    fn tries(
        mut list: Vec<u32>,
        #[config(code)] ids: Sender<thread::ThreadId>,
        shutdown: Shutdown,
    ) -> Result<(), Broken> {
        list.push(1);
        assert_eq!(list, [9, 1]);
        ids.send(thread::current().id()).unwrap();
        if shutdown.is_requested() { Ok(()) } else { Err(Broken::Pipe) }
    }
    let (ids, threads) = channel();
    let app = App::empty();
    app.register(TriesConfig { list: vec![9], ids }).unwrap();
    let report = app.launch().await;
    assert_eq!((report.exit_code(), report.units()[0].restarts), (1, 5), "{report}");
    let mut threads: Vec<_> = threads.try_iter().map(|id| format!("{id:?}")).collect();
    threads.sort_unstable();
    threads.dedup();
    assert_eq!(threads.len(), 6);
}

#[tokio::test]
async fn rule_27_started_again_from_outside_its_threads_follow_one_another() {
    #[lifespan_task(manual, blocking)]
    fn waits(#[config(code)] story: Story, ready: Ready, shutdown: Shutdown) {
        story.record("starts");
        ready.notify();
        let _guard = Guard(story, "dropped");
        shutdown.wait();
    }
    let story = Story::default();
    let app = App::empty();
    app.register(WaitsConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    app.restart(waits).await.unwrap();
    assert!(running.stop().await.is_success());
    assert_eq!(story.text(), "starts dropped starts dropped");
}

#[tokio::test]
async fn rule_27_a_once_task_provides_what_it_returns_and_is_up_then() {
    #[lifespan_task(manual, blocking, once)]
    fn reads() -> Result<String, Broken> {
        thread::current().name().map(|_| "read".to_owned()).ok_or(Broken::Wire)
    }
    #[lifespan_task(manual, blocking, once)]
    fn checks(#[inject] text: Res<String>) {
        assert_eq!(*text, "read");
    }
    let app = App::empty();
    app.register(ChecksConfig {}).unwrap();
    app.register(ReadsConfig {}).unwrap();
    let plan = app.check().unwrap().to_string();
    assert!(plan.lines().all(|line| line.contains("  on its own thread  because ")), "{plan}");
    let report = app.launch().await;
    assert!(report.is_success(), "{report}");
}

#[tokio::test]
async fn rule_27_with_a_ready_it_says_when_it_is_up() {
    #[lifespan_task(manual, blocking)]
    fn serves(#[config(code)] story: Story, ready: Ready, shutdown: Shutdown) {
        story.record("ready");
        ready.notify();
        shutdown.wait();
    }
    #[lifespan_task(manual, after(serves))]
    async fn dependent(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("dependent");
        shutdown.requested().await;
    }
    #[lifespan_task(manual, blocking)]
    fn returns(_ready: Ready) {}
    #[lifespan_task(manual, blocking)]
    fn fails(_ready: Ready) -> Result<(), Broken> {
        Err(Broken::Wire)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(DependentConfig { story: story.clone() }).unwrap();
    app.register(ServesConfig { story: story.clone() }).unwrap();
    assert!(app.start().await.unwrap().stop().await.is_success());
    assert_eq!(story.text(), "ready dependent");

    let app = App::empty();
    app.register(ReturnsConfig {}).unwrap();
    let report = app.launch().await;
    assert_eq!((report.failures().len(), report.failures()[0].cause()), (1, &Cause::NeverReady), "{report}");

    // Its `Ready` goes with it, and is not what went wrong.
    let app = App::empty();
    app.register(FailsConfig {}).unwrap();
    let report = app.launch().await;
    let [failure] = report.failures() else { panic!("one failure: {report}") };
    assert_eq!((failure.cause(), failure.stage()), (&Cause::Error, Stage::Startup), "{report}");
}

/// Runs until the test lets it go, and ignores shutdown.
#[lifespan_task(manual, blocking, shutdown_timeout = "20ms")]
fn ignores(#[config(code)] story: Story, #[config(code)] gate: Receiver<()>, _base: Res<u32>, _shutdown: Shutdown) {
    let _guard = Guard(story, "the function has ended");
    // Once the test is over, the sender is dropped.
    let _ = gate.recv();
}

#[tokio::test]
async fn rule_27_past_its_grace_it_is_waited_for_all_the_same_as_far_as_the_stop_allows() {
    let story = Story::default();
    let (open, gate) = channel();
    let app = App::empty();
    app.register(BaseConfig { story: story.clone() }).unwrap();
    app.register(IgnoresConfig { story: story.clone(), gate }).unwrap();
    let mut events = app.events();
    let running = app.start().await.unwrap();
    app.shutdown();
    event(&mut events, is_late).await;
    assert_eq!(story.text(), "", "nothing is dropped yet");
    open.send(()).unwrap();
    let report = running.wait().await;
    assert_eq!((report.exit_code(), outcome(&report, "ignores")), (4, Outcome::TimedOut), "{report}");
    assert_eq!((report.failures().len(), story.text().as_str()), (1, "the function has ended base is torn down"));
}

#[tokio::test]
async fn rule_27_one_that_never_returns_is_named_and_the_run_ends() {
    let story = Story::default();
    let (open, gate) = channel();
    let app = App::empty().shutdown_timeout(Duration::from_secs(1));
    app.register(BaseConfig { story: story.clone() }).unwrap();
    app.register(IgnoresConfig { story: story.clone(), gate }).unwrap();
    let recorded = record(&app);
    let report = app.start().await.unwrap().stop().await;
    assert_eq!((report.exit_code(), outcome(&report, "ignores")), (4, Outcome::NotYielding), "{report}");
    let causes: Vec<_> = report.failures().iter().map(|failure| failure.cause()).collect();
    let limit = Some(Duration::from_millis(20));
    assert_eq!(causes, [&Cause::NotYielding { limit }], "{report}");
    let text = report.to_string();
    assert!(text.contains("task `ignores` does not return during shutdown"), "{report}");
    assert!(text.contains("(its limit was 20 ms)"), "{report}");
    assert_eq!(story.text(), "base is torn down");
    assert_eq!(recorded.await.unwrap().last().unwrap(), "ended 4");
    drop(open);
}

#[tokio::test]
async fn rule_27_one_past_its_startup_limit_is_asked_to_stop_and_has_its_grace() {
    #[lifespan_task(manual, blocking, startup_timeout = "20ms")]
    fn never_ready(#[config(code)] story: Story, _ready: Ready, shutdown: Shutdown) {
        shutdown.wait();
        // Longer than the drop of a body may take: that much time is the subject.
        thread::sleep(Duration::from_millis(400));
        story.record("notified");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(NeverReadyConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((report.exit_code(), report.units()[0].outcome), (3, Outcome::TimedOut), "{report}");
    assert!(matches!(report.failures()[0].cause(), Cause::TimedOut { .. }), "{report}");
    assert_eq!((report.failures().len(), story.text().as_str()), (1, "notified"), "{report}");
}

#[tokio::test]
async fn rule_27_it_has_ended_when_its_thread_and_its_children_have() {
    async fn child(guard: Guard) {
        let _guard = guard;
        std::future::pending::<()>().await;
    }
    #[lifespan_task(manual, blocking, shutdown_timeout = "20ms")]
    fn parent(
        #[config(code)] story: Story,
        #[config(code)] gate: Receiver<()>,
        _base: Res<u32>,
        children: Children,
        ready: Ready,
        shutdown: Shutdown,
    ) {
        children.spawn("child", child(Guard(story.clone(), "its child is dropped")));
        ready.notify();
        let _guard = Guard(story, "the function has ended");
        gate.recv().unwrap();
        shutdown.wait();
    }
    // Past its grace, and in time.
    for late in [true, false] {
        let story = Story::default();
        let (open, gate) = channel();
        let app = App::empty();
        app.register(BaseConfig { story: story.clone() }).unwrap();
        app.register(ParentConfig { story: story.clone(), gate }).unwrap();
        let mut events = app.events();
        let running = app.start().await.unwrap();
        if late {
            app.shutdown();
            event(&mut events, is_late).await;
        }
        open.send(()).unwrap();
        let report = running.stop().await;
        assert_eq!(report.exit_code(), if late { 4 } else { 0 }, "{report}");
        let lines = story.lines();
        assert_eq!((lines.len(), lines[2].as_str()), (3, "base is torn down"), "{lines:?}");
    }
}

#[tokio::test]
async fn rule_27_what_it_says_after_it_was_given_up_is_kept() {
    #[lifespan_task(manual, blocking, shutdown_timeout = "20ms")]
    fn fails_late(#[config(code)] gate: Receiver<()>, _shutdown: Shutdown) -> Result<(), Broken> {
        gate.recv().unwrap();
        Err(Broken::Pipe)
    }
    let (open, gate) = channel();
    let app = App::empty();
    app.register(FailsLateConfig { gate }).unwrap();
    let mut events = app.events();
    let running = app.start().await.unwrap();
    app.shutdown();
    event(&mut events, is_late).await;
    open.send(()).unwrap();
    let report = running.wait().await;
    assert_eq!((report.failures().len(), report.units()[0].outcome), (2, Outcome::Failed), "{report}");
    assert_eq!(report.take_error(), Some(Broken::Pipe));
}

#[tokio::test]
#[should_panic(expected = "`waits` is a `blocking` task: it runs on its own thread")]
async fn rule_27_the_test_kit_refuses_what_it_cannot_have_happen_to_a_thread() {
    #[lifespan_task(manual, blocking)]
    fn waits(shutdown: Shutdown) {
        shutdown.wait();
    }
    let app = lifespan::testing::TestApp::new().with(waits).start().await;
    app.panic("waits", "as it should");
}

#[test]
fn rule_27_a_dropped_runtime_asks_it_to_stop_and_does_not_wait_for_it() {
    #[lifespan_task(manual, blocking)]
    fn waits(#[config(code)] story: Sender<String>, #[config(code)] gate: Receiver<()>, shutdown: Shutdown) {
        shutdown.wait();
        story.send("notified".into()).unwrap();
        gate.recv().unwrap();
        story.send("ends".into()).unwrap();
    }
    let ((story, lines), (open, gate)) = (channel(), channel());
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let app = App::empty();
    app.register(WaitsConfig { story, gate }).unwrap();
    let running = runtime.block_on(app.start()).unwrap();
    drop(runtime);
    assert_eq!(lines.recv(), Ok("notified".into()));
    let report = Builder::new_current_thread().build().unwrap().block_on(running.wait());
    assert_eq!(report.exit_code(), 4, "{report}");
    open.send(()).unwrap();
    assert_eq!(lines.recv(), Ok("ends".into()));
}

#[test]
fn rule_103_the_failure_of_its_child_is_never_lost_whichever_thread_ends_first() {
    #[lifespan_task(manual, blocking)]
    fn parent(failing: u32, children: Children, shutdown: Shutdown) {
        for _ in 0..failing {
            children.spawn("child", async { Err::<(), _>(Broken::Pipe) });
        }
        shutdown.wait();
    }
    #[lifespan_task(manual)]
    async fn other(shutdown: Shutdown) {
        shutdown.requested().await;
    }
    let runtimes = [
        Builder::new_current_thread().enable_all().build().unwrap(),
        Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
    ];
    for runtime in &runtimes {
        for turn in 0..400 {
            let app = App::empty();
            app.register(ParentConfig { failing: 1 + 2 * (turn % 2) }).unwrap();
            app.register(OtherConfig {}).unwrap();
            let report = runtime.block_on(app.launch());
            // Whether the app was up before is a matter of chance.
            assert!(matches!(report.exit_code(), 1 | 3), "in turn {turn}: {report}");
            // The others may be cancelled before they fail.
            let failures = report.failures();
            assert!((1..=1 + 2 * (turn as usize % 2)).contains(&failures.len()), "in turn {turn}: {report}");
            assert!(failures.iter().all(|failure| failure.child() == Some("child")), "{report}");
            assert!(failures.iter().all(|failure| failure.take_error() == Some(Broken::Pipe)), "{report}");
            assert_eq!(report.units()[0].outcome, Outcome::Failed, "{report}");
        }
    }
}
