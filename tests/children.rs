//! Children: tasks that a unit spawns, and that cannot outlive it.

mod common;

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use common::{Broken, Guard, Story, outcome, record};
use lifespan::{
    App, Cause, Child, ChildError, Children, ChildrenHandle, Event, Outcome, ProblemKind, Report, Res, Scope, Shutdown,
    Stage, lifespan_context, lifespan_task,
};
use tokio::time::{Instant, sleep};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A resource that children hold: it records its teardown.
struct Shelf;

#[lifespan_context(manual)]
async fn shelf(#[config(code)] story: Story, scope: Scope<Shelf>) {
    scope.provide_until_shutdown(Shelf).await;
    story.record("torn down");
}

/// Three children that never end by themselves, and record when they are dropped.
fn spawn_three(children: &Children, story: &Story, shelf: &Res<Shelf>) {
    for _ in 0..3 {
        let (guard, shelf) = (Guard(story.clone(), "child"), shelf.clone());
        children.spawn("waits", async move {
            let _held = (guard, shelf);
            pending::<()>().await;
        });
    }
}

/// How a parent ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Returns,
    Fails,
    Panics,
    IsStopped,
    IsOverdue,
    ItsChildFails,
    ItsChildPanics,
}

#[lifespan_task(manual, shutdown_timeout = "1s", on_return = "ignore")]
async fn parent(
    #[config(code)] way: Way,
    #[config(code)] story: Story,
    shelf: Res<Shelf>,
    children: Children,
    shutdown: Shutdown,
) -> Result<(), Broken> {
    let _body = Guard(story.clone(), "body");
    spawn_three(&children, &story, &shelf);
    sleep(seconds(1)).await;
    match way {
        Way::Returns => {}
        Way::Fails => return Err(Broken::Wire),
        Way::Panics => panic!("as it should"),
        Way::IsStopped => shutdown.requested().await,
        Way::IsOverdue => pending().await,
        Way::ItsChildFails => {
            children.spawn("fails", async { Err::<(), _>(Broken::Pipe) });
            pending::<()>().await;
        }
        Way::ItsChildPanics => {
            children.spawn("panics", async { panic!("as it should") });
            pending::<()>().await;
        }
    }
    Ok(())
}

#[lifespan_task(manual)]
async fn dropped(#[config(code)] story: Story, shelf: Res<Shelf>, children: Children) {
    let _body = Guard(story.clone(), "body");
    spawn_three(&children, &story, &shelf);
    pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn rule_25_however_a_parent_ends_its_children_have_ended_before_what_they_hold() {
    for (way, exit_code, expected) in [
        (Way::Returns, 0, Outcome::Returned),
        (Way::Fails, 1, Outcome::Failed),
        (Way::Panics, 1, Outcome::Failed),
        (Way::IsStopped, 0, Outcome::Stopped),
        (Way::IsOverdue, 4, Outcome::TimedOut),
        (Way::ItsChildFails, 1, Outcome::Failed),
        (Way::ItsChildPanics, 1, Outcome::Failed),
    ] {
        let story = Story::default();
        let app = App::empty();
        app.register(ParentConfig { way, story: story.clone() }).unwrap();
        app.register(ShelfConfig { story: story.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(2)).await;
        let report = running.stop().await;
        assert_eq!(story.text(), "body child child child torn down", "{way:?}");
        assert_eq!((report.exit_code(), outcome(&report, "parent")), (exit_code, expected), "{way:?}: {report}");
        let children = report.unit("parent").unwrap().children.clone().unwrap();
        let waiting = children.named.iter().find(|named| named.name == "waits").unwrap();
        assert_eq!((children.cancelled, waiting.cancelled), (3, 3), "{way:?}: {report}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_25_a_parent_that_is_dropped_at_its_await_takes_its_children_along() {
    let story = Story::default();
    let app = App::empty();
    app.register(DroppedConfig { story: story.clone() }).unwrap();
    app.register(ShelfConfig { story: story.clone() }).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!(story.text(), "body child child child torn down");
    assert_eq!((report.exit_code(), outcome(&report, "dropped")), (0, Outcome::Dropped), "{report}");
}

#[test]
fn rule_25_when_the_runtime_goes_they_go() {
    let story = Story::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = App::empty();
    app.register(DroppedConfig { story: story.clone() }).unwrap();
    app.register(ShelfConfig { story: story.clone() }).unwrap();
    let running = runtime.block_on(app.start()).unwrap();
    drop(runtime);
    let mut lines = story.lines();
    lines.sort();
    assert_eq!(lines, ["body", "child", "child", "child"]);
    drop(running);
}

/// Says so when it is dropped.
struct Dropped(mpsc::Sender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // The receiver may be dropped if the test has failed already.
        let _ = self.0.send(());
    }
}

/// A child that is being polled while its parent ends on another thread, and has its time.
fn spawn_busy(
    children: &Children,
    polled: mpsc::Sender<()>,
    body_is_dropped: mpsc::Receiver<()>,
    held: impl Send + 'static,
) {
    children.spawn("works", async move {
        let _held = held;
        polled.send(()).unwrap();
        body_is_dropped.recv().unwrap();
        // If the parent's end were reported too early, the next step would have enough time to show it.
        (0..10_000).for_each(|_| std::thread::yield_now());
        pending::<()>().await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn rule_25_a_unit_has_ended_only_when_the_last_child_has_ended() {
    #[lifespan_task(manual)]
    async fn holds(
        #[config(code)] story: Story,
        #[config(code)] polled: mpsc::Sender<()>,
        shelf: Res<Shelf>,
        children: Children,
    ) {
        let (dropped, body_is_dropped) = mpsc::channel();
        let _body = Dropped(dropped);
        spawn_busy(&children, polled, body_is_dropped, (Guard(story, "child"), shelf));
        pending::<()>().await;
    }
    for _ in 0..20 {
        let (story, (polled, is_polled)) = (Story::default(), mpsc::channel());
        let app = App::empty();
        app.register(HoldsConfig { story: story.clone(), polled }).unwrap();
        app.register(ShelfConfig { story: story.clone() }).unwrap();
        let running = app.start().await.unwrap();
        tokio::task::spawn_blocking(move || is_polled.recv().unwrap()).await.unwrap();
        let report = running.stop().await;
        assert_eq!((story.text().as_str(), report.exit_code()), ("child torn down", 0), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn rule_25_a_restart_waits_until_the_last_child_has_ended() {
    #[lifespan_task(manual, restart(transient, intensity = 100, backoff = "0s"))]
    async fn restarts(#[config(code)] story: Story, children: Children, app: App) -> Result<(), Broken> {
        story.record("start");
        if story.lines().len() > 20 {
            app.shutdown();
            return Ok(());
        }
        let ((dropped, body_is_dropped), (polled, is_polled)) = (mpsc::channel(), mpsc::channel());
        let _body = Dropped(dropped);
        spawn_busy(&children, polled, body_is_dropped, Guard(story, "child"));
        tokio::task::spawn_blocking(move || is_polled.recv().unwrap()).await.unwrap();
        Err(Broken::Wire)
    }
    let story = Story::default();
    let app = App::empty();
    app.register(RestartsConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((story.text(), report.exit_code()), ("start child ".repeat(10) + "start", 0), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn rule_25_children_run_side_by_side() {
    #[lifespan_task(manual, once)]
    async fn meets(children: Children) {
        let barrier = Arc::new(Barrier::new(2));
        let meet = |barrier: Arc<Barrier>| async move {
            barrier.wait();
        };
        let (one, two) = (
            children.spawn_with_handle("one", meet(Arc::clone(&barrier))),
            children.spawn_with_handle("two", meet(barrier)),
        );
        one.await.unwrap();
        two.await.unwrap();
    }
    let app = App::empty();
    app.register(MeetsConfig {}).unwrap();
    assert!(app.launch().await.is_success());
}

async fn launched(app: &App) -> Report {
    let limit = tokio::time::timeout(seconds(100), app.launch());
    limit.await.expect("the run ends by itself")
}

#[tokio::test(start_paused = true)]
async fn rule_26_a_failure_that_no_caller_takes_is_the_parents_with_its_type_and_the_childs_name() {
    let story = Story::default();
    let app = App::empty();
    app.register(ParentConfig { way: Way::ItsChildFails, story: story.clone() }).unwrap();
    app.register(ShelfConfig { story: story.clone() }).unwrap();
    let report = launched(&app).await;
    let [failure] = report.failures() else { panic!("one failure: {report}") };
    assert_eq!(failure.to_string(), "child `fails` of task `parent` failed: the pipe is broken");
    assert_eq!((failure.child(), failure.cause(), failure.stage()), (Some("fails"), &Cause::Error, Stage::Running));
    assert_eq!(report.take_error(), Some(Broken::Pipe));

    let app = App::empty();
    app.register(ParentConfig { way: Way::ItsChildPanics, story: story.clone() }).unwrap();
    app.register(ShelfConfig { story }).unwrap();
    let report = launched(&app).await;
    let Cause::Panic { message, place: Some(place) } = report.failures()[0].cause() else { panic!("{report}") };
    assert!(message == "as it should" && place.contains("children.rs"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_26_every_error_of_a_unit_may_be_a_childs() {
    #[lifespan_task(manual)]
    async fn fails(which: u32, children: Children) {
        match which {
            0 => drop(children.spawn("fails", async { Err::<(), _>(anyhow::anyhow!("anyhow").context("outer")) })),
            1 => drop(children.spawn("fails", async { Err::<u8, _>("text") })),
            2 => drop(children.spawn("fails", async { Err::<(), _>("text".to_owned()) })),
            3 => drop(
                children.spawn("fails", async { Err::<(), Box<dyn std::error::Error + Send + Sync>>("boxed".into()) }),
            ),
            // It never returns, and needs no `Result`.
            _ => drop(children.spawn("fails", async move {
                loop {
                    tokio::task::yield_now().await;
                    assert!(which == 0, "as it should");
                }
            })),
        }
        pending::<()>().await;
    }
    for which in 0..5 {
        let app = App::empty();
        app.register(FailsConfig { which }).unwrap();
        let report = launched(&app).await;
        let kept = match which {
            0 => report.take_error::<anyhow::Error>().is_some_and(|error| error.root_cause().to_string() == "anyhow"),
            1 => report.take_error() == Some("text"),
            2 => report.take_error() == Some("text".to_owned()),
            3 => report.take_error::<Box<dyn std::error::Error + Send + Sync>>().is_some(),
            _ => matches!(report.failures()[0].cause(), Cause::Panic { .. }),
        };
        assert!(kept && report.exit_code() == 1, "{which}: {report}");
    }
}

/// A parent by hand: what its children's failures do to it is what `end` says.
async fn by_hand(act: impl AsyncFnOnce(&Children)) -> Result<(), String> {
    let (handle, children) = Children::pair();
    act(&children).await;
    handle.end().await
}

async fn fail() -> Result<u32, Broken> {
    sleep(seconds(1)).await;
    Err(Broken::Wire)
}

#[tokio::test(start_paused = true)]
async fn rule_26_a_failure_goes_to_the_holder_that_awaits_the_child_and_else_to_the_parent() {
    let parents = Err("child `fails` failed: the wire is broken".to_owned());
    // Awaited.
    let ended = by_hand(async |children| {
        let child = children.spawn_with_handle("fails", fail());
        assert_eq!(child.await, Ok(Err(Broken::Wire)));
    });
    assert_eq!(ended.await, Ok(()));
    // Dropped before it fails.
    let ended = by_hand(async |children| {
        drop(children.spawn_with_handle("fails", fail()));
        sleep(seconds(2)).await;
    });
    assert_eq!(ended.await, parents);
    // Held as it fails, and dropped without a look.
    let ended = by_hand(async |children| {
        let child = children.spawn_with_handle("fails", fail());
        sleep(seconds(2)).await;
        assert!(child.is_finished());
        drop(child);
    });
    assert_eq!(ended.await, parents);
    // Dropped half-way through its await.
    let ended = by_hand(async |children| {
        let child = children.spawn_with_handle("fails", fail());
        assert!(tokio::time::timeout(Duration::from_millis(500), child).await.is_err());
        sleep(seconds(2)).await;
    });
    assert_eq!(ended.await, parents);
    // Aborted.
    let ended = by_hand(async |children| {
        let child = children.spawn_with_handle("fails", fail());
        tokio::task::yield_now().await;
        child.abort();
        assert_eq!(child.await, Err(ChildError::Cancelled));
    });
    assert_eq!(ended.await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn rule_26_no_failure_is_lost_when_its_unit_ends_at_that_moment() {
    /// Takes its time to say what it is.
    #[derive(Debug)]
    struct Slow;

    impl std::fmt::Display for Slow {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            (0..200).for_each(|_| std::thread::yield_now());
            f.write_str("slow")
        }
    }

    impl std::error::Error for Slow {}

    for turn in 0..500 {
        let failed = Arc::new(AtomicU32::new(0));
        let (handle, children) = Children::pair();
        let fails = |failed: Arc<AtomicU32>| async move {
            tokio::task::yield_now().await;
            failed.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(Slow)
        };
        // The handle of the one is dropped; that of the other is held beyond the end.
        let child = children.spawn_with_handle("fails", fails(failed.clone()));
        let kept = Some(child).filter(|_| turn % 2 == 0);
        // In some turns the child has ended by then, and its failure is just being reported.
        while turn % 3 == 0 && !handle.alive().is_empty() {
            std::thread::yield_now();
        }
        (0..turn % 40).for_each(|_| std::thread::yield_now());
        let ended = handle.end().await;
        assert_eq!(failed.load(Ordering::SeqCst) > 0, ended.is_err(), "in turn {turn}");
        drop(kept);
    }
}

#[tokio::test(start_paused = true)]
async fn rule_26_a_panic_is_returned_to_the_caller_that_awaits_the_child() {
    let ended = by_hand(async |children| {
        let child: Child<()> = children.spawn_with_handle("panics", async { panic!("as it should") });
        match child.await {
            Err(ChildError::Panicked { message, .. }) => assert_eq!(message, "as it should"),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(ended.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn rule_26_a_destructor_that_panics_as_its_child_is_cancelled_is_a_failure() {
    struct Fragile;

    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("as it should");
        }
    }

    #[lifespan_task(manual)]
    async fn holds_what_is_fragile(children: Children) {
        children.spawn("fragile", async {
            let _fragile = Fragile;
            pending::<()>().await;
        });
        pending::<()>().await;
    }
    let app = App::empty();
    app.register(HoldsWhatIsFragileConfig {}).unwrap();
    let running = app.start().await.unwrap();
    tokio::task::yield_now().await;
    let report = running.stop().await;
    assert_eq!(report.exit_code(), 1, "{report}");
    assert_eq!((report.failures()[0].child(), report.failures()[0].stage()), (Some("fragile"), Stage::Shutdown));
}

#[tokio::test(start_paused = true)]
async fn rule_26_a_parent_whose_failure_is_ignored_fails_alone() {
    #[lifespan_task(manual, on_failure = "ignore")]
    async fn optional(children: Children) {
        children.spawn("fails", fail());
        pending::<()>().await;
    }
    let app = App::empty().stay_up();
    app.register(OptionalConfig {}).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(5)).await;
    let report = running.stop().await;
    assert_eq!((report.exit_code(), outcome(&report, "optional")), (0, Outcome::Failed), "{report}");
    assert_eq!(report.take_error(), Some(Broken::Wire));
}

#[tokio::test(start_paused = true)]
async fn rule_25_each_restart_begins_without_the_children_of_the_last_body() {
    #[lifespan_task(manual, restart(transient, backoff = "1s", jitter = 0.0))]
    async fn restarts(
        #[config(code)] alive: Arc<AtomicU32>,
        #[config(code)] kept: Arc<Mutex<Vec<Children>>>,
        #[config(code)] story: Story,
        children: Children,
        shutdown: Shutdown,
    ) {
        struct Alive(Arc<AtomicU32>);

        impl Drop for Alive {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }

        story.record(format!("{} alive", alive.load(Ordering::Relaxed)));
        for _ in 0..2 {
            alive.fetch_add(1, Ordering::Relaxed);
            let alive = Alive(Arc::clone(&alive));
            children.spawn("waits", async move {
                let _alive = alive;
                pending::<()>().await;
            });
        }
        if let Some(earlier) = kept.lock().unwrap().last() {
            drop(earlier.spawn("late", async { unreachable!("its body has ended") }));
        }
        kept.lock().unwrap().push(children.clone());
        match story.lines().len() {
            1 => drop(children.spawn("fails", async { Err::<(), _>(Broken::Wire) })),
            2 => panic!("as it should"),
            _ => {}
        }
        shutdown.requested().await;
    }
    let (alive, story) = (Arc::new(AtomicU32::new(0)), Story::default());
    let app = App::empty();
    app.register(RestartsConfig { alive: alive.clone(), kept: Arc::default(), story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(10)).await;
    let report = running.stop().await;
    assert_eq!((story.text().as_str(), alive.load(Ordering::Relaxed)), ("0 alive 0 alive 0 alive", 0));
    let unit = report.unit("restarts").unwrap();
    assert_eq!((report.exit_code(), unit.restarts), (0, 2), "{report}");
    let children = unit.children.as_deref().unwrap();
    assert_eq!((children.spawned, children.failed, children.cancelled), (7, 1, 6), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_25_a_spawn_after_the_end_returns_an_error_and_the_future_is_dropped() {
    let story = Story::default();
    let (handle, children) = Children::pair();
    let first = children.spawn_with_handle("waits", pending::<()>());
    assert_eq!(handle.alive(), [("waits".to_owned(), 1)]);
    assert_eq!(handle.end().await, Ok(()));
    assert_eq!(first.await, Err(ChildError::Cancelled));
    let guard = Guard(story.clone(), "dropped");
    let late = children.spawn_with_handle("late", async move {
        let _guard = guard;
    });
    assert_eq!(story.text(), "dropped");
    assert!(late.is_finished());
    assert_eq!(late.await, Err(ChildError::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn rule_25_a_child_may_spawn_and_is_notified_by_the_parents_shutdown() {
    #[lifespan_task(manual, shutdown_timeout = "10s")]
    async fn serve(#[config(code)] story: Story, children: Children, shutdown: Shutdown) {
        let (handed, stop) = (children.clone(), shutdown.clone());
        let child = children.spawn_with_handle("child", async move {
            let grandchild = handed.spawn_with_handle("grandchild", async move {
                stop.requested().await;
                sleep(seconds(3)).await;
                story.record("grandchild has ended by itself");
            });
            grandchild.await.unwrap();
        });
        shutdown.requested().await;
        child.await.unwrap();
    }
    let story = Story::default();
    let app = App::empty();
    app.register(ServeConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    let before = Instant::now();
    let report = running.stop().await;
    assert_eq!((story.text().as_str(), before.elapsed()), ("grandchild has ended by itself", seconds(3)));
    let children = report.unit("serve").unwrap().children.clone().unwrap();
    assert_eq!((report.exit_code(), children.spawned, children.cancelled), (0, 2, 0), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_25_a_contexts_children_are_there_in_its_teardown_and_a_failure_of_one_is_its_own() {
    #[lifespan_context(manual)]
    async fn pool(fails: bool, #[config(code)] story: Story, children: Children, scope: Scope<u32>) {
        let guard = Guard(story.clone(), "child");
        children.spawn("keeps", async move {
            let _guard = guard;
            pending::<()>().await;
        });
        if fails {
            children.spawn("fails", fail());
        }
        scope.provide_until_shutdown(5).await;
        sleep(seconds(1)).await;
        story.record("torn down");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(PoolConfig { fails: false, story: story.clone() }).unwrap();
    assert!(app.start().await.unwrap().stop().await.is_success());
    assert_eq!(story.text(), "torn down child");

    let app = App::empty();
    app.register(PoolConfig { fails: true, story }).unwrap();
    let report = launched(&app).await;
    let [failure] = report.failures() else { panic!("one failure: {report}") };
    assert_eq!((failure.child(), failure.stage(), report.exit_code()), (Some("fails"), Stage::Running, 1), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_25_a_once_task_may_share_its_work_out() {
    #[lifespan_task(manual, once)]
    async fn add_up(children: Children) -> Result<u64, anyhow::Error> {
        let parts: Vec<_> = (0..4_u64)
            .map(|part| children.spawn_with_handle("part", async move { Ok::<_, Broken>(part * 10) }))
            .collect();
        let mut sum = 0;
        for part in parts {
            sum += part.await??;
        }
        Ok(sum)
    }
    let app = App::empty().stay_up();
    app.register(AddUpConfig {}).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(*running.app().resource::<u64>().unwrap(), 60);
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_26_children_are_seen_in_events_in_the_state_and_in_the_report() {
    #[lifespan_task(manual)]
    async fn serve(children: Children, shutdown: Shutdown) {
        children.spawn("listen", pending::<()>());
        for number in 0..3 {
            children.spawn("conn", pending::<()>());
            drop(children.spawn(format!("job {number}"), async {}));
        }
        let _ = children.spawn_with_handle("fails", async { Err::<(), _>(Broken::Pipe) }).await;
        shutdown.requested().await;
    }
    let app = App::empty();
    app.register(ServeConfig {}).unwrap();
    let recorded = record(&app);
    let running = app.start().await.unwrap();
    sleep(seconds(1)).await;
    let so_far = app.events().so_far().clone();
    let [(unit, alive)] = &so_far.children[..] else { panic!("{so_far:?}") };
    assert_eq!((unit.name().as_str(), &alive[..]), ("serve", &[("conn".into(), 3), ("listen".into(), 1)][..]));
    let report = running.stop().await;
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "           8 children, 1 failed, 4 cancelled as it ended",
            "             fails failed",
            "             listen cancelled",
            "             conn ×3 cancelled",
        ],
        "{text}"
    );
    assert!(app.events().so_far().children.is_empty());
    let words: Vec<_> = recorded.await.unwrap().into_iter().filter(|word| word.starts_with("child")).collect();
    assert_eq!(words.iter().filter(|word| word.ends_with("started")).count(), 8);
    assert_eq!(words.iter().filter(|word| *word == "child conn of serve dropped").count(), 3);
    assert!(words.contains(&"child fails of serve failed".to_owned()));
    assert!(words.contains(&"child job 2 of serve returned".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn rule_26_failures_beside_the_first_are_in_the_report() {
    #[lifespan_task(manual)]
    async fn serve(children: Children) {
        children.spawn("first", async { Err::<(), _>(Broken::Wire) });
        children.spawn("second", async { Err::<(), _>(Broken::Pipe) });
        pending::<()>().await;
    }
    let app = App::empty();
    app.register(ServeConfig {}).unwrap();
    let report = launched(&app).await;
    assert_eq!(children_that_failed(&report), ["first", "second"], "{report}");
    assert_eq!(
        (report.exit_code(), report.take_error(), report.take_error()),
        (1, Some(Broken::Wire), Some(Broken::Pipe))
    );
    assert!(report.to_string().contains("second failed: the pipe is broken"), "{report}");
}

fn children_that_failed(report: &Report) -> Vec<&str> {
    report.failures().iter().map(|failure| failure.child().unwrap_or("the unit itself")).collect()
}

/// Its children fail after one and two seconds, and no caller awaits them. Ends with an error if `fails`.
async fn has_two_that_fail(children: &Children, fails: bool) -> Result<(), Broken> {
    let after = |time, broken| async move {
        sleep(seconds(time)).await;
        Err::<(), _>(broken)
    };
    // Dropped in the other order.
    let _a = children.spawn_with_handle("a", after(1, Broken::Wire));
    let _b = children.spawn_with_handle("b", after(2, Broken::Pipe));
    sleep(seconds(3)).await;
    if fails { Err(Broken::Pipe) } else { Ok(()) }
}

#[tokio::test(start_paused = true)]
async fn rule_101_every_failure_that_no_caller_has_taken_is_in_the_report_the_first_first() {
    #[lifespan_task(manual)]
    async fn parent_of_two(fails: bool, children: Children) -> Result<(), Broken> {
        has_two_that_fail(&children, fails).await
    }
    for (fails, expected) in [(false, vec!["a", "b"]), (true, vec!["the unit itself", "a", "b"])] {
        let app = App::empty().stay_up();
        app.register(ParentOfTwoConfig { fails }).unwrap();
        let report = launched(&app).await;
        assert_eq!(children_that_failed(&report), expected, "{report}");
        assert_eq!((report.exit_code(), report.units()[0].restarts), (1, 0), "{report}");
        assert!(report.failures().iter().skip(usize::from(fails)).all(|failure| failure.stage() == Stage::Running));
        assert_eq!(report.units()[0].children.as_ref().unwrap().failed, 2, "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_101_failures_beside_the_first_cause_no_second_restart() {
    #[lifespan_task(manual, restart(transient, intensity = 2, backoff = "1s", jitter = 0.0))]
    async fn restarts(
        fails: bool,
        children: Children,
        shutdown: Shutdown,
        #[config(code)] story: Story,
    ) -> Result<(), Broken> {
        story.record("start");
        if story.lines().len() < 3 {
            return has_two_that_fail(&children, fails).await;
        }
        shutdown.requested().await;
        Ok(())
    }
    for (fails, expected) in [(false, vec!["a", "b"]), (true, vec!["the unit itself", "a", "b"])] {
        let (app, story) = (App::empty(), Story::default());
        app.register(RestartsConfig { fails, story: story.clone() }).unwrap();
        let running = app.start().await.unwrap();
        sleep(seconds(60)).await;
        let report = running.stop().await;
        assert_eq!((story.text().as_str(), report.exit_code()), ("start start start", 0), "{report}");
        assert_eq!(report.units()[0].restarts, 2, "{report}");
        // Those of its last failure.
        assert_eq!(children_that_failed(&report), expected, "{report}");
        assert!(report.failures().iter().all(|failure| failure.is_recovered()), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_101_a_restart_that_the_stop_came_before_leaves_none_of_its_failures_recovered() {
    #[lifespan_task(manual, restart(transient, backoff = "1h", jitter = 0.0))]
    async fn restarts(children: Children) -> Result<(), Broken> {
        has_two_that_fail(&children, true).await
    }
    let app = App::empty();
    app.register(RestartsConfig {}).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(60)).await;
    let report = running.stop().await;
    assert_eq!(children_that_failed(&report), ["the unit itself", "a", "b"], "{report}");
    assert!(report.failures().iter().all(|failure| failure.is_unrecovered()), "{report}");
    assert_eq!(report.exit_code(), 0, "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_101_a_child_of_a_context_that_fails_after_another_has_is_in_the_report() {
    #[lifespan_context(manual)]
    async fn pool(children: Children, scope: Scope<u32>) {
        children.spawn("first", fail());
        children.spawn("second", async {
            sleep(seconds(2)).await;
            Err::<(), _>(Broken::Pipe)
        });
        scope.provide_until_shutdown(5).await;
        sleep(seconds(3)).await;
    }
    let app = App::empty().stay_up();
    app.register(PoolConfig {}).unwrap();
    let report = launched(&app).await;
    assert_eq!(children_that_failed(&report), ["first", "second"], "{report}");
    assert_eq!((report.exit_code(), outcome(&report, "pool")), (1, Outcome::Stopped), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_101_a_child_of_a_context_that_fails_while_the_app_stops_is_in_the_report() {
    #[lifespan_context(manual)]
    async fn pool(children: Children, scope: Scope<u32>) {
        children.spawn("feed", async {
            sleep(seconds(2)).await;
            Err::<(), _>(Broken::Pipe)
        });
        scope.provide_until_shutdown(5).await;
    }
    #[lifespan_task(manual)]
    async fn uses(_pool: Res<u32>, shutdown: Shutdown) {
        shutdown.requested().await;
        sleep(seconds(5)).await;
    }
    let app = App::empty();
    app.register(PoolConfig {}).unwrap();
    app.register(UsesConfig {}).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(1)).await;
    let report = running.stop().await;
    assert_eq!((children_that_failed(&report), report.exit_code()), (vec!["feed"], 0), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_101_all_failures_of_a_run_are_in_the_report() {
    #[lifespan_task(manual, every = "1h", start = "now")]
    async fn runs(children: Children) -> Result<(), Broken> {
        has_two_that_fail(&children, true).await
    }
    let app = App::empty();
    app.register(RunsConfig {}).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(60)).await;
    let report = running.stop().await;
    let text = report.to_string();
    for part in
        ["task `runs` failed: the pipe", "child `a` of task `runs` failed: the wire", "child `b` of task `runs` failed"]
    {
        assert!(text.contains(part), "no {part}:\n{text}");
    }
}

#[test]
fn rule_25_aliased_children_that_would_end_at_once_are_a_problem_of_the_plan() {
    type Alias = Children;

    #[lifespan_context(manual)]
    async fn client(#[inject] _children: Alias) -> u32 {
        5
    }
    let app = App::empty();
    app.register(ClientConfig {}).unwrap();
    let error = app.check().unwrap_err();
    let [problem] = error.problems() else { panic!("{error}") };
    assert_eq!(
        (problem.kind(), problem.what()),
        (
            ProblemKind::Declaration,
            "context `client`: this context ends when it returns its resource, and its children would end with it"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn rule_25_dropping_the_handle_of_a_pair_cancels_the_children() {
    let story = Story::default();
    let (handle, children): (ChildrenHandle, Children) = Children::pair();
    let guard = Guard(story.clone(), "dropped");
    let child = children.spawn_with_handle("waits", async move {
        let _guard = guard;
        pending::<()>().await;
    });
    drop(handle);
    assert_eq!(child.await, Err(ChildError::Cancelled));
    assert_eq!(story.text(), "dropped");
}

#[tokio::test(start_paused = true)]
async fn rule_101_a_childs_failure_is_the_parents_at_once_and_its_handle_can_only_abort() {
    let parents = Err("child `fails` failed: the wire is broken".to_owned());
    // Its handle is held, dropped, or aborts too late.
    let ended = by_hand(async |children| {
        let child = children.spawn("fails", fail());
        sleep(seconds(2)).await;
        assert!(child.is_finished());
        child.abort();
    });
    assert_eq!(ended.await, parents);
    let ended = by_hand(async |children| {
        let child = children.spawn("fails", fail());
        tokio::task::yield_now().await;
        child.abort();
        sleep(seconds(2)).await;
    });
    assert_eq!(ended.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn rule_101_a_childs_value_that_no_caller_can_take_is_dropped_before_the_child_has_ended() {
    /// Records how many children are alive when it is dropped.
    struct Value(Arc<ChildrenHandle>, Story);

    impl Drop for Value {
        fn drop(&mut self) {
            self.1.record(format!("{} alive", self.0.alive().len()));
        }
    }

    let story = Story::default();
    let (handle, children) = Children::pair();
    let handle = Arc::new(handle);
    let value = Value(Arc::clone(&handle), story.clone());
    let child = children.spawn("gives", async { Ok::<_, std::convert::Infallible>(value) });
    while !child.is_finished() {
        tokio::task::yield_now().await;
    }
    assert_eq!((story.text().as_str(), handle.alive().len()), ("1 alive", 0));
}

#[tokio::test(start_paused = true)]
async fn rule_101_a_failure_that_its_handle_gave_is_a_warning_all_the_same_when_it_happens() {
    #[lifespan_task(manual)]
    async fn holds(children: Children, shutdown: Shutdown) {
        let child = children.spawn_with_handle("feed", fail());
        sleep(seconds(5)).await;
        assert_eq!(child.await, Ok(Err(Broken::Wire)));
        shutdown.requested().await;
    }
    let app = App::empty();
    app.register(HoldsConfig {}).unwrap();
    let mut events = app.events();
    let running = app.start().await.unwrap();
    let started = Instant::now();
    let error = async {
        loop {
            if let Some(Event::ChildFailed { child, error, panicked: false, more: 0, .. }) = events.next().await {
                break format!("{child}: {error}");
            }
        }
    };
    let error = tokio::time::timeout(seconds(60), error).await.expect("it is notified when the child fails");
    assert_eq!((error.as_str(), started.elapsed()), ("feed: the wire is broken", seconds(1)));
    sleep(seconds(10)).await;
    let report = running.stop().await;
    assert!(report.is_success() && report.failures().is_empty(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_101_a_failure_that_a_handle_never_gave_has_the_stage_of_its_moment() {
    #[lifespan_task(manual)]
    async fn holds(children: Children, shutdown: Shutdown) {
        let _child = children.spawn_with_handle("feed", fail());
        shutdown.requested().await;
    }
    let app = App::empty();
    app.register(HoldsConfig {}).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(61)).await;
    let report = running.stop().await;
    let [failure] = report.failures() else { panic!("one failure: {report}") };
    assert_eq!((failure.child(), failure.stage()), (Some("feed"), Stage::Running), "{report}");
}

/// The events of children's failures, as error, whether it is a panic, and how many others it counts.
async fn child_failures(mut events: lifespan::Events) -> Vec<(String, bool, u64)> {
    let mut failures = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::ChildFailed { error, panicked, more, .. } = event {
            failures.push((error.to_string(), panicked, more));
        }
    }
    failures
}

#[tokio::test(start_paused = true)]
async fn rule_102_failures_of_isolated_children_are_counted_and_reported_once_a_second() {
    #[lifespan_task(manual)]
    async fn serve(children: Children, shutdown: Shutdown) {
        let connections = children.isolated();
        for number in 0..25 {
            connections.spawn("conn", async move { Err::<(), _>(format!("reset {number}")) });
            sleep(Duration::from_millis(100)).await;
        }
        connections.spawn("conn", async { panic!("as it should") });
        sleep(seconds(1)).await;
        assert_eq!(connections.failed(), 26);
        assert!(connections.last_failure().unwrap().contains("as it should"));
        shutdown.requested().await;
    }
    let app = App::empty();
    app.register(ServeConfig {}).unwrap();
    let failures = tokio::spawn(child_failures(app.events()));
    let running = app.start().await.unwrap();
    sleep(seconds(10)).await;
    let report = running.stop().await;
    assert!(report.is_success() && report.failures().is_empty(), "{report}");
    let children = report.unit("serve").unwrap().children.clone().unwrap();
    assert_eq!((children.spawned, children.failed), (26, 26), "{report}");
    assert!(children.named[0].error.as_ref().unwrap().contains("as it should"), "{report}");
    let failures = failures.await.unwrap();
    let errors: Vec<_> = failures.iter().map(|(error, panicked, more)| (error.as_str(), *panicked, *more)).collect();
    assert_eq!(errors[..3], [("reset 0", false, 0), ("reset 10", false, 9), ("reset 20", false, 9)]);
    assert!(errors.len() == 4 && errors[3].1, "{errors:?}");
}

/// A server in small: it accepts one connection a second, of which each takes ten.
#[lifespan_task(manual)]
async fn serve_three(children: Children, #[config(code)] story: Story, shutdown: Shutdown) {
    let connections = children.isolated().at_most(3);
    while let Some(room) = shutdown.or(connections.room()).await {
        let (story, guard) = (story.clone(), Guard(story.clone(), "dropped"));
        story.record(format!("accepts with {} alive", connections.alive()));
        room.spawn("conn", async move {
            let _guard = guard;
            sleep(seconds(10)).await;
        });
        let _ = shutdown.sleep(seconds(1)).await;
    }
    connections.drained().await;
    story.record("drained");
}

async fn serve_until(stop_after: Duration, grace: Duration) -> (Vec<String>, Report, Duration) {
    let (app, story) = (App::empty().grace(grace), Story::default());
    app.register(ServeThreeConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    sleep(stop_after).await;
    let asked = Instant::now();
    let report = running.stop().await;
    (story.lines(), report, asked.elapsed())
}

#[tokio::test(start_paused = true)]
async fn rule_150_there_is_room_for_so_many_children_and_a_task_that_stops_waits_for_them() {
    let (story, report, took) = serve_until(Duration::from_millis(12_500), seconds(30)).await;
    let accepted: Vec<_> = story.iter().filter(|line| line.starts_with("accepts")).collect();
    assert_eq!(accepted[..3], ["accepts with 1 alive", "accepts with 2 alive", "accepts with 3 alive"]);
    assert_eq!(accepted.len(), 6, "the others wait until one has ended, after 10, 11 and 12 s: {story:?}");
    assert_eq!(story.last().map(String::as_str), Some("drained"));
    assert_eq!(took, Duration::from_millis(9500), "the last one was accepted after 12 s");
    let children = report.unit("serve_three").unwrap().children.clone().unwrap();
    assert_eq!((children.spawned, children.cancelled), (6, 0), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_150_the_wait_for_children_is_bounded_by_the_grace() {
    let (story, report, took) = serve_until(Duration::from_millis(500), seconds(2)).await;
    assert_eq!(story, ["accepts with 1 alive", "dropped"]);
    assert_eq!((outcome(&report, "serve_three"), took.as_secs()), (Outcome::TimedOut, 2), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_150_room_is_free_again_when_it_is_not_used_or_its_child_is_aborted() {
    let (_handle, children) = Children::pair();
    let connections = children.isolated().at_most(1);
    drop(connections.room().await);
    let aborted = connections.room().await.spawn("conn", pending::<()>());
    let waits = tokio::time::timeout(seconds(1), connections.room());
    assert!(waits.await.is_err(), "there is none");
    assert_eq!(connections.alive(), 1);
    connections.spawn("over the limit", sleep(seconds(1)));
    assert_eq!(connections.alive(), 2, "`spawn` does not wait");
    aborted.abort();
    drop(connections.room().await);
    connections.drained().await;
    assert_eq!(connections.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn rule_102_isolated_children_that_panic_too_often_fail_their_parent_with_the_rate_and_the_last_panic() {
    #[lifespan_task(manual)]
    async fn serve(children: Children, shutdown: Shutdown) {
        let connections = children.isolated().fail_above(0, seconds(1));
        connections.spawn("conn", async { panic!("as it should") });
        shutdown.requested().await;
    }
    let app = App::empty();
    app.register(ServeConfig {}).unwrap();
    let report = launched(&app).await;
    let [failure] = report.failures() else { panic!("one failure: {report}") };
    let chain = failure.chain();
    assert_eq!(chain[0], "1 isolated child failed within 1 s, and `fail_above` allows none", "{report}");
    assert!(chain[1].contains("panicked") && chain[1].contains("as it should"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_102_isolated_children_that_fail_too_often_fail_their_parent() {
    #[lifespan_task(manual)]
    async fn serve(pause: u64, children: Children, shutdown: Shutdown) {
        let connections = children.isolated().fail_above(3, seconds(10));
        for _ in 0..20 {
            connections.spawn("conn", async { Err::<(), _>(Broken::Pipe) });
            sleep(seconds(pause)).await;
        }
        shutdown.requested().await;
    }
    let app = App::empty();
    app.register(ServeConfig { pause: 1 }).unwrap();
    let report = launched(&app).await;
    let text = "child `conn` of task `serve` failed: 4 isolated children failed within 10 s, and `fail_above` allows 3";
    let [failure] = report.failures() else { panic!("one failure: {report}") };
    assert_eq!((failure.to_string().as_str(), failure.stage()), (text, Stage::Running));
    assert_eq!(failure.chain()[1..], ["the pipe is broken"], "the last failure is the source");
    assert_eq!(failure.inspect_error(|error: &Broken| *error == Broken::Pipe), Some(true));
    assert_eq!(
        (report.exit_code(), report.took(), report.take_error()),
        (1, seconds(3), Some(Broken::Pipe)),
        "{report}"
    );

    let app = App::empty();
    app.register(ServeConfig { pause: 4 }).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(100)).await;
    assert!(running.stop().await.is_success());
}
