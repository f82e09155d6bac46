//! What a restart of a part meets on its way: steps that have ended, delays, bodies that don't yield, reports of an
//! earlier incarnation, a shutdown in the middle.

mod common;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::{Broken, Story, outcome};
use lifespan::{
    App, Cause, Children, Event, Outcome, Ready, Res, Scope, Shutdown, State, lifespan_context, lifespan_task,
};
use tokio::sync::Notify;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Which setup it comes from.
struct Link(usize);

#[lifespan_context(manual, restart(transient, backoff = "1s", jitter = 0.0))]
async fn link(#[config(code)] story: Story, #[config(code)] breaks: Arc<Notify>, scope: Scope<Link>) {
    let setups = story.lines().iter().filter(|line| line.starts_with("link+")).count() + 1;
    story.record(format!("link+{setups}"));
    scope.provide_until_shutdown_or(Link(setups), breaks.notified()).await;
    story.record(format!("link-{setups}"));
}

fn linked() -> (App, Story, Arc<Notify>) {
    let (story, breaks) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(LinkConfig { story: story.clone(), breaks: breaks.clone() }).unwrap();
    (app, story, breaks)
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_finished_step_that_runs_again_has_its_arguments() {
    #[lifespan_task(manual, once)]
    async fn load(#[config(code)] story: Story, #[inject] link: Res<Link>) -> usize {
        story.record(format!("load {}", link.0));
        link.0 * 10
    }
    let (app, story, breaks) = linked();
    let app = app.stay_up();
    app.register(LoadConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    breaks.notify_one();
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(app.resource::<usize>().as_deref(), Some(&20));
    app.restart(link).await.unwrap();
    let report = running.stop().await;
    assert!(report.is_success() && report.failures().iter().all(|failure| failure.is_recovered()), "{report}");
    assert_eq!(story.text(), "link+1 load 1 link-1 link+2 load 2 link-2 link+3 load 3 link-3");
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_finished_step_that_can_be_started_only_once_is_refused_before_anything_stops() {
    struct NotClone;
    #[lifespan_context(manual)]
    async fn base(scope: Scope<Link>) {
        scope.provide_until_shutdown(Link(1)).await;
    }
    #[lifespan_task(manual, once)]
    async fn load(#[config(code)] _thing: NotClone, #[inject] link: Res<Link>) -> usize {
        link.0
    }
    let app = App::empty().stay_up();
    app.register(BaseConfig {}).unwrap();
    app.register(LoadConfig { _thing: NotClone }).unwrap();
    let running = app.start().await.unwrap();
    let error = app.restart(base).await.unwrap_err().to_string();
    assert!(error.contains("`load`") && error.contains("_thing") && error.contains("Clone"), "{error}");
    let report = running.stop().await;
    assert!(report.is_success() && report.units().iter().all(|unit| unit.restarts == 0), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_22_who_asks_hears_when_all_that_depends_on_it_is_up_again() {
    struct Pool;
    #[lifespan_context(manual)]
    async fn pool(#[config(code)] story: Story, #[inject] _link: Res<Link>, scope: Scope<Pool>) {
        tokio::time::sleep(seconds(5)).await;
        story.record("pool+");
        scope.provide_until_shutdown(Pool).await;
        story.record("pool-");
    }
    let (app, story, _) = linked();
    app.register(PoolConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    app.restart(link).await.unwrap();
    assert_eq!(story.text(), "link+1 pool+ pool- link-1 link+2 pool+");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_23_a_context_that_was_given_up_is_set_up_again_for_a_caller_that_asks_meanwhile() {
    #[lifespan_context(manual, on_failure = "ignore")]
    async fn optional(#[config(code)] story: Story, #[config(code)] breaks: Arc<Notify>, scope: Scope<Link>) {
        story.record("optional+");
        scope.provide_until_shutdown_or(Link(7), breaks.notified()).await;
        tokio::time::sleep(seconds(2)).await;
        story.record("optional-");
    }
    let (story, breaks) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(OptionalConfig { story: story.clone(), breaks: breaks.clone() }).unwrap();
    let running = app.start().await.unwrap();
    breaks.notify_one();
    tokio::time::sleep(seconds(1)).await;
    app.restart(optional).await.unwrap();
    assert_eq!(story.text(), "optional+ optional- optional+");
    assert!(app.resource::<Link>().is_some());
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_21_members_start_in_order_also_when_one_of_them_waits_for_its_delay() {
    lifespan::group! { crew: one_for_all }
    #[lifespan_task(manual, group = crew)]
    async fn a(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("a");
        shutdown.requested().await;
    }
    #[lifespan_task(manual, group = crew, restart(transient, backoff = "2s", jitter = 0.0))]
    async fn b(
        #[config(code)] story: Story,
        #[config(code)] fails: Arc<Notify>,
        shutdown: Shutdown,
    ) -> Result<(), Broken> {
        story.record("b");
        shutdown.or(fails.notified()).await.map_or(Ok(()), |()| Err(Broken::Wire))
    }
    #[lifespan_task(manual, group = crew)]
    async fn c(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("c");
        shutdown.requested().await;
    }
    for concurrent in [false, true] {
        let (story, fails) = (Story::default(), Arc::new(Notify::new()));
        let app = App::empty();
        let app = if concurrent { app.concurrent_startup() } else { app };
        app.register(AConfig { story: story.clone() }).unwrap();
        app.register(BConfig { story: story.clone(), fails: fails.clone() }).unwrap();
        app.register(CConfig { story: story.clone() }).unwrap();
        let running = app.start().await.unwrap();
        fails.notify_one();
        tokio::time::sleep(seconds(1)).await;
        assert_eq!(story.text(), "a b c a");
        tokio::time::sleep(seconds(2)).await;
        assert_eq!(story.text(), "a b c a b c");
        assert!(running.stop().await.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn rule_21_where_each_member_is_restarted_by_itself_none_waits_for_the_delay_of_another() {
    lifespan::group! { loners: one_for_one }
    #[lifespan_task(manual, group = loners, restart(transient, backoff = "1h", jitter = 0.0))]
    async fn waits(#[config(code)] story: Story) -> Result<(), Broken> {
        story.record("waits");
        tokio::time::sleep(seconds(1)).await;
        Err(Broken::Wire)
    }
    #[lifespan_task(manual, group = loners)]
    async fn other(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("other");
        shutdown.requested().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(WaitsConfig { story: story.clone() }).unwrap();
    app.register(OtherConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(2)).await;
    app.restart(other).await.unwrap();
    assert_eq!(story.text(), "waits other other");
    assert!(running.stop().await.is_success());
}

type Hold = Arc<Mutex<mpsc::Receiver<()>>>;

/// What holds a thread until it is dropped.
fn held() -> (mpsc::Sender<()>, Hold) {
    let (release, hold) = mpsc::channel();
    (release, Arc::new(Mutex::new(hold)))
}

#[tokio::test(start_paused = true)]
async fn rule_22_what_can_not_be_stopped_is_not_started_beside_itself() {
    #[lifespan_task(manual, blocking, on_failure = "ignore", shutdown_timeout = "1s")]
    fn deaf(#[config(code)] story: Story, #[config(code)] begun: Arc<Notify>, #[config(code)] hold: Hold) {
        story.record("deaf");
        begun.notify_one();
        let _ = hold.lock().unwrap().recv();
    }
    let (story, begun, (release, hold)) = (Story::default(), Arc::new(Notify::new()), held());
    let app = App::empty();
    app.register(DeafConfig { story: story.clone(), begun: begun.clone(), hold }).unwrap();
    let running = app.start().await.unwrap();
    begun.notified().await;
    let error = app.restart(deaf).await.unwrap_err().to_string();
    assert!(error.contains("is shutting down"), "{error}");
    let report = running.wait().await;
    assert_eq!((report.exit_code(), outcome(&report, "deaf")), (4, Outcome::NotYielding), "{report}");
    assert_eq!(story.text(), "deaf");
    drop(release);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn rule_22_a_unit_whose_child_can_not_be_stopped_is_not_started_beside_it() {
    #[lifespan_task(manual, shutdown_timeout = "1ms")]
    async fn parent(
        #[config(code)] story: Story,
        #[config(code)] begun: Arc<Notify>,
        #[config(code)] hold: Hold,
        children: Children,
        shutdown: Shutdown,
    ) {
        story.record("parent");
        children.spawn("deaf", async move {
            begun.notify_one();
            let _ = hold.lock().unwrap().recv();
        });
        shutdown.requested().await;
    }
    let (story, begun, (release, hold)) = (Story::default(), Arc::new(Notify::new()), held());
    let app = App::empty().blocked_after(Duration::ZERO);
    app.register(ParentConfig { story: story.clone(), begun: begun.clone(), hold }).unwrap();
    let running = app.start().await.unwrap();
    begun.notified().await;
    app.restart(parent).await.unwrap_err();
    let report = running.wait().await;
    assert_eq!((report.exit_code(), outcome(&report, "parent")), (4, Outcome::NotYielding), "{report}");
    let of_parent = report.failures().iter().filter(|failure| failure.unit().name() == "parent");
    assert_eq!(of_parent.map(|failure| failure.child()).collect::<Vec<_>>(), [Some("deaf")], "{report}");
    assert_eq!(story.text(), "parent");
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn rule_4_what_neither_comes_up_nor_yields_holds_up_no_startup_if_its_failure_is_ignored() {
    #[lifespan_task(manual, blocking, on_failure = "ignore", startup_timeout = "1s", shutdown_timeout = "1s")]
    fn never_ready(#[config(code)] hold: Hold, ready: Ready) {
        let _ = hold.lock().unwrap().recv();
        drop(ready);
    }
    #[lifespan_task(manual, after(never_ready))]
    async fn dependent(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("dependent");
        shutdown.requested().await;
    }
    for concurrent in [false, true] {
        let (story, (release, hold)) = (Story::default(), held());
        let app = App::empty();
        let app = if concurrent { app.concurrent_startup() } else { app };
        app.register(NeverReadyConfig { hold }).unwrap();
        app.register(DependentConfig { story: story.clone() }).unwrap();
        let running = tokio::time::timeout(seconds(60), app.start()).await.expect("it comes up").unwrap();
        // By then it is known that it does not yield.
        tokio::time::sleep(seconds(5)).await;
        let error = tokio::time::timeout(seconds(60), app.restart(never_ready)).await.expect("it is answered");
        let error = error.unwrap_err().to_string();
        assert!(error.contains("never_ready") && error.contains("does not yield"), "{error}");
        let mut events = app.events();
        drop(release);
        let event = events.next().await.map(|event| event.to_string());
        assert_eq!(event.as_deref(), Some("timed out, dropped never_ready"), "it yields after all");
        assert_eq!((story.text().as_str(), app.state()), ("dependent", State::Up));
        let _ = running.stop().await;
    }
}

/// An error whose destructor asks the app for its state, on another thread, and records if there was no answer.
struct Asks {
    app: App,
    in_vain: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
}

impl fmt::Debug for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("asks")
    }
}

impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("asks")
    }
}

impl std::error::Error for Asks {}

impl Drop for Asks {
    fn drop(&mut self) {
        if self.in_vain.load(Ordering::Relaxed) {
            return;
        }
        let (app, (answer, answered)) = (self.app.clone(), mpsc::channel());
        std::thread::spawn(move || answer.send((app.state(), app.events().so_far().state)));
        self.asked.store(true, Ordering::Relaxed);
        if answered.recv_timeout(seconds(10)).is_err() {
            self.in_vain.store(true, Ordering::Relaxed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_17_an_error_is_dropped_outside_the_locks_whatever_holds_it_last() {
    #[lifespan_context(manual)]
    async fn fragile(
        app: App,
        #[config(code)] in_vain: Arc<AtomicBool>,
        #[config(code)] asked: Arc<AtomicBool>,
        scope: Scope<Link>,
    ) -> Result<(), Asks> {
        scope.provide_until_shutdown(Link(0)).await;
        Err(Asks { app, in_vain, asked })
    }
    lifespan::group! { noisy: one_for_one, intensity = 100_000 }
    #[lifespan_task(manual, group = noisy, restart(transient, backoff = "0s"))]
    async fn fails(
        app: App,
        #[config(code)] in_vain: Arc<AtomicBool>,
        #[config(code)] asked: Arc<AtomicBool>,
    ) -> Result<(), Asks> {
        tokio::time::sleep(seconds(1)).await;
        Err(Asks { app, in_vain, asked })
    }
    // The report keeps the last failure of a unit that starts again; the one before goes.
    let [in_vain, asked] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let app = App::empty();
    app.register(FragileConfig { in_vain: in_vain.clone(), asked: asked.clone() }).unwrap();
    let running = app.start().await.unwrap();
    app.restart(fragile).await.unwrap();
    app.restart(fragile).await.unwrap();
    assert!(asked.load(Ordering::Relaxed) && !in_vain.load(Ordering::Relaxed));
    let _ = running.stop().await;
    // The ring of a reader who reads nothing drops the oldest.
    let [in_vain, asked] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let app = App::empty();
    app.register(FailsConfig { in_vain: in_vain.clone(), asked: asked.clone() }).unwrap();
    let running = app.start().await.unwrap();
    let reader = app.events();
    tokio::time::sleep(seconds(600)).await;
    assert!(asked.load(Ordering::Relaxed) && !in_vain.load(Ordering::Relaxed));
    drop(reader);
    let _ = running.stop().await;
    assert!(!in_vain.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn rule_16_a_setup_that_fails_once_the_app_was_up_is_no_failed_startup() {
    #[lifespan_context(manual)]
    async fn works_once(#[config(code)] story: Story) -> Result<Link, Broken> {
        story.record("setup");
        if story.lines().len() > 1 { Err(Broken::Wire) } else { Ok(Link(1)) }
    }
    let story = Story::default();
    let app = App::empty();
    app.register(WorksOnceConfig { story }).unwrap();
    let running = app.start().await.unwrap();
    app.restart(works_once).await.unwrap_err();
    let report = running.wait().await;
    assert_eq!(report.exit_code(), 1, "{report}");
    assert!(!report.to_string().contains("rolled back"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_context_keeps_its_slice_when_shutdown_finds_another_being_torn_down() {
    #[lifespan_context(manual)]
    async fn keeps(#[config(code)] story: Story, scope: Scope) {
        scope.until_shutdown().await;
        tokio::time::sleep(seconds(2)).await;
        story.record("kept");
    }
    #[lifespan_context(manual)]
    async fn slow(scope: Scope) {
        scope.until_shutdown().await;
        tokio::time::sleep(seconds(4)).await;
    }
    #[lifespan_task(manual, shutdown_timeout = "1m")]
    async fn greedy(_shutdown: Shutdown) {
        std::future::pending::<()>().await;
    }
    let story = Story::default();
    let app = App::empty().shutdown_timeout(seconds(10));
    app.register(KeepsConfig { story: story.clone() }).unwrap();
    app.register(SlowConfig {}).unwrap();
    app.register(GreedyConfig {}).unwrap();
    let running = app.start().await.unwrap();
    drop(app.restart(slow));
    tokio::time::sleep(seconds(1)).await;
    let report = running.stop().await;
    assert_eq!((story.text().as_str(), outcome(&report, "keeps")), ("kept", Outcome::Stopped), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_10_contexts_are_torn_down_one_at_a_time_also_when_a_part_grows() {
    #[lifespan_context(manual)]
    async fn one(#[config(code)] story: Story, scope: Scope) {
        scope.until_shutdown().await;
        story.record("one-");
    }
    #[lifespan_context(manual)]
    async fn two(#[config(code)] story: Story, scope: Scope) {
        scope.until_shutdown().await;
        story.record("two-");
        tokio::time::sleep(seconds(4)).await;
        story.record("two dropped");
    }
    #[lifespan_context(manual)]
    async fn three(scope: Scope) {
        tokio::time::sleep(seconds(10)).await;
        scope.until_shutdown().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(OneConfig { story: story.clone() }).unwrap();
    app.register(TwoConfig { story: story.clone() }).unwrap();
    app.register(ThreeConfig {}).unwrap();
    let starting = tokio::spawn({
        let app = app.clone();
        async move { app.start().await }
    });
    tokio::time::sleep(seconds(1)).await;
    let first = app.restart(two);
    tokio::time::sleep(seconds(1)).await;
    let others = (app.restart(three), app.restart(one));
    let (first, three, one) = tokio::join!(first, others.0, others.1);
    assert_eq!((first, three, one), (Ok(()), Ok(()), Ok(())));
    assert_eq!(story.text(), "two- two dropped one-");
    assert!(starting.await.unwrap().unwrap().stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_23_what_fails_between_the_loss_and_its_own_stop_starts_again_with_the_new_resource() {
    #[lifespan_task(manual, restart(transient, backoff = "0s", intensity = 2))]
    async fn uses(
        #[config(code)] story: Story,
        #[config(code)] hurts: Arc<Notify>,
        #[inject] link: Res<Link>,
        shutdown: Shutdown,
    ) -> Result<(), Broken> {
        story.record(format!("uses {}", link.0));
        shutdown.or(hurts.notified()).await.map_or(Ok(()), |()| Err(Broken::Pipe))
    }
    /// Delays the stop of the unit that it is after.
    #[lifespan_task(manual, after(uses))]
    async fn slow(shutdown: Shutdown) {
        shutdown.requested().await;
        tokio::time::sleep(seconds(5)).await;
    }
    let (app, story, breaks) = linked();
    let hurts = Arc::new(Notify::new());
    app.register(UsesConfig { story: story.clone(), hurts: hurts.clone() }).unwrap();
    app.register(SlowConfig {}).unwrap();
    let running = app.start().await.unwrap();
    breaks.notify_one();
    tokio::time::sleep(seconds(1)).await;
    assert!(app.resource::<Link>().is_none(), "a lost resource is not given to callers");
    hurts.notify_one();
    tokio::time::sleep(seconds(10)).await;
    let report = running.stop().await;
    assert!(report.is_success() && report.failures().iter().all(|failure| failure.is_recovered()), "{report}");
    assert_eq!(story.text(), "link+1 uses 1 link-1 link+2 uses 2 link-2");
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_scope_of_an_earlier_incarnation_provides_nothing_in_the_next() {
    /// Sets up on a spawned task, which outlives the first setup.
    #[lifespan_context(manual, restart(transient, backoff = "0s", intensity = 1))]
    async fn leaves_its_scope(#[config(code)] story: Story, scope: Scope<Link>) -> Result<(), Broken> {
        story.record("setup");
        let setups = story.lines().len();
        let setup = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(if setups == 1 { 500 } else { 900 })).await;
            scope.provide_until_shutdown(Link(setups)).await;
        });
        if setups == 1 {
            return Err(Broken::Wire);
        }
        setup.await.unwrap();
        Ok(())
    }
    let story = Story::default();
    let app = App::empty();
    app.register(LeavesItsScopeConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(app.resource::<Link>().map(|link| link.0), Some(2));
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_task_that_fails_before_it_is_asked_to_stop_is_not_restarted_as_the_app_stops() {
    #[lifespan_task(manual, restart(transient, backoff = "0s"))]
    async fn fails_late(
        #[config(code)] story: Story,
        #[config(code)] fails: Arc<Notify>,
        shutdown: Shutdown,
    ) -> Result<(), Broken> {
        story.record("starts");
        shutdown.or(fails.notified()).await.map_or(Ok(()), |()| Err(Broken::Wire))
    }
    #[lifespan_task(manual, after(fails_late))]
    async fn slow(#[config(code)] fails: Arc<Notify>, shutdown: Shutdown) {
        shutdown.requested().await;
        fails.notify_one();
        tokio::time::sleep(seconds(1)).await;
    }
    let (story, fails) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(FailsLateConfig { story: story.clone(), fails: fails.clone() }).unwrap();
    app.register(SlowConfig { fails }).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert!(report.is_success(), "{report}");
    assert_eq!(story.text(), "starts", "nothing starts once the app stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_13_a_setup_that_blocks_for_a_while_has_the_time_of_the_stop_to_yield() {
    #[lifespan_context(manual)]
    async fn blocks(#[config(code)] begun: Arc<Notify>, scope: Scope<Link>) {
        begun.notify_one();
        std::thread::sleep(Duration::from_millis(600));
        tokio::task::yield_now().await;
        scope.provide_until_shutdown(Link(1)).await;
    }
    let begun = Arc::new(Notify::new());
    let app = App::empty().blocked_after(Duration::ZERO);
    app.register(BlocksConfig { begun: begun.clone() }).unwrap();
    let launched = tokio::spawn({
        let app = app.clone();
        async move { app.launch().await }
    });
    begun.notified().await;
    app.shutdown();
    let report = launched.await.unwrap();
    assert_eq!((report.exit_code(), outcome(&report, "blocks")), (0, Outcome::Dropped), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_22_a_unit_that_blocks_for_a_while_has_its_grace_to_yield_and_starts_again() {
    #[lifespan_task(manual)]
    async fn computes(#[config(code)] story: Story, #[config(code)] begun: Arc<Notify>) {
        story.record("computes");
        tokio::task::yield_now().await;
        begun.notify_one();
        std::thread::sleep(Duration::from_millis(600));
        std::future::pending::<()>().await;
    }
    let (story, begun) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty().blocked_after(Duration::ZERO);
    app.register(ComputesConfig { story: story.clone(), begun: begun.clone() }).unwrap();
    let running = app.start().await.unwrap();
    begun.notified().await;
    app.restart(computes).await.unwrap();
    begun.notified().await;
    let report = running.stop().await;
    assert!(report.is_success() && report.failures().is_empty(), "{report}");
    assert_eq!(story.text(), "computes computes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_23_a_context_that_is_given_up_and_does_not_yield_leaves_the_app_up() {
    #[lifespan_context(manual, on_failure = "ignore", shutdown_timeout = "1ms")]
    async fn optional(#[config(code)] breaks: Arc<Notify>, #[config(code)] hold: Hold, scope: Scope<Link>) {
        scope.provide_until_shutdown_or(Link(7), breaks.notified()).await;
        let _ = hold.lock().unwrap().recv();
    }
    let (breaks, (release, hold)) = (Arc::new(Notify::new()), held());
    let app = App::empty().blocked_after(Duration::ZERO);
    app.register(OptionalConfig { breaks: breaks.clone(), hold }).unwrap();
    let running = app.start().await.unwrap();
    let mut events = app.events();
    breaks.notify_one();
    let mut failed = Vec::new();
    while !failed.iter().any(|cause| matches!(cause, Cause::NotYielding { .. })) {
        match events.next().await.expect("it does not end") {
            Event::Failed { failure } => failed.push(failure.cause().clone()),
            Event::ShutdownRequested { reason } => panic!("{reason}"),
            _ => {}
        }
    }
    assert_eq!(app.state(), State::Up);
    drop(release);
    let _ = running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_shutdown_request_takes_effect_while_a_large_part_is_notified() {
    #[lifespan_task(manual)]
    async fn many(#[config(code)] asked_to_stop: Arc<Notify>, shutdown: Shutdown) {
        shutdown.requested().await;
        asked_to_stop.notify_one();
        tokio::time::sleep(seconds(5)).await;
    }
    #[lifespan_task(manual)]
    async fn beside(#[config(code)] story: Story, shutdown: Shutdown) {
        let begun = tokio::time::Instant::now();
        shutdown.requested().await;
        story.record(format!("{:?}", begun.elapsed()));
    }
    let (story, asked_to_stop) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(BesideConfig { story: story.clone() }).unwrap();
    for _ in 0..300 {
        app.register(ManyConfig { asked_to_stop: asked_to_stop.clone() }).unwrap();
    }
    let running = app.start().await.unwrap();
    drop(app.restart(many));
    asked_to_stop.notified().await;
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
    assert_eq!(story.text(), "0ns");
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_service_restarts_for_years() {
    #[lifespan_task(manual)]
    async fn often(shutdown: Shutdown) {
        shutdown.requested().await;
    }
    const TIMES: u32 = 66_000;
    let app = App::empty();
    app.register(OftenConfig {}).unwrap();
    let running = app.start().await.unwrap();
    for _ in 0..TIMES {
        app.restart(often).await.unwrap();
    }
    let report = running.stop().await;
    assert!(report.is_success() && report.units()[0].restarts == TIMES, "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_context_whose_child_fails_is_torn_down_after_its_users() {
    #[lifespan_context(manual, restart(transient, backoff = "0s"))]
    async fn has_a_child(#[config(code)] story: Story, children: Children, scope: Scope<Link>) -> Result<(), Broken> {
        let setups = story.lines().iter().filter(|line| *line == "setup").count() + 1;
        story.record("setup");
        children.spawn("driver", async move {
            tokio::time::sleep(seconds(1)).await;
            if setups == 1 { Err(Broken::Wire) } else { Ok(()) }
        });
        scope.provide_until_shutdown(Link(setups)).await;
        story.record("teardown");
        Ok(())
    }
    #[lifespan_task(manual)]
    async fn uses(#[config(code)] story: Story, _link: Res<Link>, shutdown: Shutdown) {
        shutdown.requested().await;
        story.record("user ended");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(HasAChildConfig { story: story.clone() }).unwrap();
    app.register(UsesConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    let mut events = app.events();
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(story.text(), "setup user ended teardown setup");
    assert!(running.stop().await.is_success());
    let failure = loop {
        if let Some(Event::Restarting { failure: Some(failure), .. }) = events.next().await {
            break failure;
        }
    };
    assert_eq!(failure.to_string(), "child `driver` of context `has_a_child` failed: the wire is broken");
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_panic_of_the_future_that_reports_the_loss_skips_no_teardown() {
    #[lifespan_context(manual)]
    async fn panics(#[config(code)] story: Story, scope: Scope<Link>) {
        let driver = async {
            tokio::time::sleep(seconds(1)).await;
            panic!("as it should");
        };
        let (_, lost) = scope.provide_until_shutdown_or(Link(1), driver).await;
        story.record(format!("teardown {}", lost.is_none()));
    }
    #[lifespan_task(manual)]
    async fn uses(#[config(code)] story: Story, _link: Res<Link>, shutdown: Shutdown) {
        shutdown.requested().await;
        story.record("user ended");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(PanicsConfig { story: story.clone() }).unwrap();
    app.register(UsesConfig { story: story.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!((story.text().as_str(), report.exit_code()), ("user ended teardown true", 1), "{report}");
    assert!(matches!(report.failures()[0].cause(), Cause::Panic { message, .. } if message == "as it should"));
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_startup_goes_on_as_soon_as_a_part_has_stopped() {
    #[lifespan_context(manual, on_failure = "ignore")]
    async fn lost_at_once(scope: Scope<Link>) {
        scope.provide_until_shutdown_or(Link(1), async {}).await;
    }
    #[lifespan_task(manual)]
    async fn other(shutdown: Shutdown) {
        shutdown.requested().await;
    }
    for concurrent in [false, true] {
        let app = App::empty();
        let app = if concurrent { app.concurrent_startup() } else { app };
        app.register(LostAtOnceConfig {}).unwrap();
        app.register(OtherConfig {}).unwrap();
        let before = tokio::time::Instant::now();
        let running = app.start().await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO);
        assert!(running.stop().await.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn rule_23_a_loss_after_the_request_for_shutdown_is_no_failure() {
    #[lifespan_context(manual)]
    async fn link(#[config(code)] hangs_up: Arc<Notify>, scope: Scope<Link>) -> Result<(), Broken> {
        let (_, lost) = scope.provide_until_shutdown_or(Link(1), hangs_up.notified()).await;
        lost.map_or(Ok(()), |()| Err(Broken::Wire))
    }
    #[lifespan_task(manual)]
    async fn drains(#[config(code)] hangs_up: Arc<Notify>, shutdown: Shutdown) {
        shutdown.requested().await;
        hangs_up.notify_one();
        tokio::time::sleep(seconds(1)).await;
    }
    let hangs_up = Arc::new(Notify::new());
    let app = App::empty();
    app.register(LinkConfig { hangs_up: hangs_up.clone() }).unwrap();
    app.register(DrainsConfig { hangs_up }).unwrap();
    let report = app.start().await.unwrap().stop().await;
    assert_eq!(report.exit_code(), 0, "{report}");
    assert_eq!(report.take_error(), Some(Broken::Wire));
}

#[tokio::test(start_paused = true)]
async fn rule_19_a_task_that_returns_without_an_await_has_been_up() {
    #[lifespan_task(manual, restart(permanent, backoff = "10s", jitter = 0.0, intensity = 1000))]
    async fn beats(#[config(code)] story: Story) {
        story.record("beat");
    }
    let story = Story::default();
    let app = App::empty();
    app.register(BeatsConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!((app.state(), story.lines().len()), (State::Up, 1));
    tokio::time::sleep(seconds(105)).await;
    assert_eq!(story.lines().len(), 11);
    assert!(running.stop().await.is_success());
}
