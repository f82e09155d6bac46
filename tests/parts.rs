//! Restart of a part: `App::restart`, contexts that fail while they are up, `Live`, and groups (acceptance case 26).

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Broken, Guard, Story, outcome, record};
use lifespan::{
    App, Cause, Event, Live, Outcome, Ready, Reason, Res, RestartReason, Scope, Shutdown, Stage, State,
    lifespan_context, lifespan_task,
};
use tokio::sync::{Notify, mpsc};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Which setup it comes from.
struct Link(usize);

/// Fails whenever the test asks for it, and records its setup and teardown.
#[lifespan_context(manual, restart(transient, backoff = "1s", jitter = 0.0))]
async fn link(
    #[config(code)] story: Story,
    #[config(code)] breaks: Arc<Notify>,
    scope: Scope<Link>,
) -> Result<(), Broken> {
    let setups = story.lines().iter().filter(|line| line.starts_with("link+")).count() + 1;
    story.record(format!("link+{setups}"));
    let (held, lost) = scope.provide_until_shutdown_or(Link(setups), breaks.notified()).await;
    assert!(held.into_inner().is_ok(), "no handle is left");
    story.record(format!("link-{setups}"));
    lost.map_or(Ok(()), |()| Err(Broken::Wire))
}

#[lifespan_task(manual)]
async fn uses(#[config(code)] story: Story, #[inject] link: Res<Link>, shutdown: Shutdown) {
    story.record(format!("uses+{}", link.0));
    shutdown.requested().await;
    story.record(format!("uses-{}", link.0));
}

#[lifespan_task(manual)]
async fn beside(#[config(code)] story: Story, shutdown: Shutdown) {
    story.record("beside+");
    shutdown.requested().await;
    story.record("beside-");
}

fn linked() -> (App, Story, Arc<Notify>) {
    let (story, breaks) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(BesideConfig { story: story.clone() }).unwrap();
    app.register(LinkConfig { story: story.clone(), breaks: breaks.clone() }).unwrap();
    app.register(UsesConfig { story: story.clone() }).unwrap();
    (app, story, breaks)
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_restart_stops_what_depends_on_it_in_reverse_and_starts_it_in_order() {
    let (app, story, _) = linked();
    let running = app.start().await.unwrap();
    let recorded = record(&app);
    app.restart(link).await.unwrap();
    assert_eq!(story.text(), "beside+ link+1 uses+1 uses-1 link-1 link+2 uses+2");
    assert_eq!(app.state(), State::Up);
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
    let restarts: Vec<u32> = report.units().iter().map(|unit| unit.restarts).collect();
    assert_eq!(restarts, [0, 1, 1]);
    let events = recorded.await.unwrap();
    assert_eq!(
        events[1..9],
        [
            "stopping uses",
            "stopped uses",
            "stopping link",
            "stopped link",
            "starting link",
            "up link",
            "starting uses",
            "up uses"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_22_an_instance_is_restarted_by_its_name_and_a_function_means_all() {
    #[lifespan_task(manual)]
    async fn probe(site: String, #[config(code)] story: Story, shutdown: Shutdown) {
        story.record(format!("{site}+"));
        shutdown.requested().await;
    }
    let story = Story::default();
    let app = App::empty();
    for site in ["a", "b"] {
        app.register(ProbeConfig { site: site.into(), story: story.clone() }).unwrap();
    }
    let running = app.start().await.unwrap();
    app.restart("probe#2").await.unwrap();
    assert_eq!(story.text(), "a+ b+ b+");
    app.restart(probe).await.unwrap();
    assert_eq!(story.text(), "a+ b+ b+ a+ b+");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_22_what_is_asked_for_in_vain_changes_nothing_and_says_why() {
    #[lifespan_task(manual)]
    async fn elsewhere() {}
    struct NotClone;
    #[lifespan_task(manual)]
    async fn once_only(#[config(code)] _thing: NotClone, shutdown: Shutdown) {
        shutdown.requested().await;
    }
    let (app, story, _) = linked();
    app.register(OnceOnlyConfig { _thing: NotClone }).unwrap();
    assert!(app.restart(link).await.unwrap_err().to_string().contains("not running"));
    let running = app.start().await.unwrap();
    let lines = story.lines();
    let error = app.restart(elsewhere).await.unwrap_err().to_string();
    assert!(error.contains("elsewhere") && error.contains("no such unit"), "{error}");
    let error = app.restart("no such name").await.unwrap_err().to_string();
    assert!(error.contains("no such name"), "{error}");
    let error = app.restart(once_only).await.unwrap_err().to_string();
    assert!(error.contains("`once_only`") && error.contains("_thing") && error.contains("Clone"), "{error}");
    assert_eq!(story.lines(), lines);
    assert!(running.stop().await.is_success());
    assert!(app.restart(link).await.unwrap_err().to_string().contains("has stopped"));
}

#[tokio::test(start_paused = true)]
async fn rule_22_concurrent_requests_fold() {
    let (app, story, _) = linked();
    let running = app.start().await.unwrap();
    let all = [app.restart(link), app.restart(link)];
    let (users, [one, two]) = (app.restart(uses), all);
    let (users, one, two) = tokio::join!(users, one, two);
    assert_eq!((users, one, two), (Ok(()), Ok(()), Ok(())));
    assert_eq!(story.text(), "beside+ link+1 uses+1 uses-1 link-1 link+2 uses+2");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_shutdown_in_the_middle_wins_and_nothing_runs_twice() {
    #[lifespan_task(manual)]
    async fn slow(#[config(code)] story: Story, #[inject] link: Res<Link>, shutdown: Shutdown) {
        story.record(format!("slow+{}", link.0));
        shutdown.requested().await;
        tokio::time::sleep(seconds(5)).await;
        story.record("slow-");
    }
    let (app, story, _) = linked();
    app.register(SlowConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    let restarted = tokio::spawn(app.restart(link));
    tokio::time::sleep(seconds(2)).await;
    let report = running.stop().await;
    assert!(restarted.await.unwrap().unwrap_err().to_string().contains("is shutting down"));
    assert!(report.is_success(), "{report}");
    assert_eq!(report.took(), seconds(5));
    let text = story.text();
    assert!(text.ends_with("slow- link-1") && !text.contains("link+2"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_task_asks_for_its_own_restart() {
    #[lifespan_task(manual)]
    async fn asks(app: App, #[config(code)] story: Story, shutdown: Shutdown) {
        story.record("asks+");
        if story.lines().len() == 1 {
            drop(app.restart(asks));
        }
        shutdown.requested().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(AsksConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    let report = running.stop().await;
    assert_eq!((story.text().as_str(), report.units()[0].restarts), ("asks+ asks+", 1), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_22_what_goes_wrong_while_a_part_stops_is_kept_and_it_starts_again() {
    #[lifespan_context(manual)]
    async fn fragile(scope: Scope<Link>) -> Result<(), Broken> {
        scope.provide_until_shutdown(Link(0)).await;
        Err(Broken::Pipe)
    }
    #[lifespan_task(manual, shutdown_timeout = "1s")]
    async fn deaf(#[inject] _link: Res<Link>, #[config(code)] guard: Arc<Guard>, _shutdown: Shutdown) {
        std::future::pending::<()>().await;
        drop(guard);
    }
    let story = Story::default();
    let app = App::empty();
    app.register(FragileConfig {}).unwrap();
    app.register(DeafConfig { guard: Arc::new(Guard(story.clone(), "dropped")) }).unwrap();
    let running = app.start().await.unwrap();
    app.restart(fragile).await.unwrap();
    assert_eq!(app.state(), State::Up);
    let report = running.stop().await;
    let failures: Vec<_> =
        report.failures().iter().map(|failure| (failure.unit().name(), failure.is_recovered())).collect();
    let expected = [("deaf", true), ("fragile", true), ("deaf", false), ("fragile", false)];
    assert_eq!(failures, expected.map(|(name, recovered)| (name.to_owned(), recovered)), "{report}");
    assert_eq!(story.text(), "dropped");
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_unit_that_does_not_come_up_again_has_failed() {
    #[lifespan_context(manual)]
    async fn works_once(#[config(code)] story: Story) -> Result<Link, Broken> {
        story.record("setup");
        if story.lines().len() > 1 { Err(Broken::Wire) } else { Ok(Link(1)) }
    }
    let story = Story::default();
    let app = App::empty();
    app.register(WorksOnceConfig { story: story.clone() }).unwrap();
    app.register(BesideConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    assert!(app.restart(works_once).await.is_err());
    let report = running.wait().await;
    assert!(matches!(report.reason(), Some(Reason::Failed(unit)) if unit.name() == "works_once"), "{report}");
    assert_eq!(report.take_error(), Some(Broken::Wire));
    assert_eq!(story.text(), "setup beside+ setup beside-");
}

#[tokio::test(start_paused = true)]
async fn rule_22_what_is_after_a_unit_restarts_with_it_and_first_last_and_live_only_order() {
    #[lifespan_task(manual)]
    async fn base(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("base+");
        shutdown.requested().await;
    }
    #[lifespan_task(manual, after(base))]
    async fn dependent(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("dependent+");
        shutdown.requested().await;
        story.record("dependent-");
    }
    #[lifespan_task(manual, last)]
    async fn very_last(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("last+");
        shutdown.requested().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(VeryLastConfig { story: story.clone() }).unwrap();
    app.register(DependentConfig { story: story.clone() }).unwrap();
    app.register(BaseConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    app.restart(base).await.unwrap();
    assert_eq!(story.text(), "base+ dependent+ last+ dependent- base+ dependent+");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_finished_step_runs_again_only_if_it_is_named_or_its_value_is_in_use() {
    #[lifespan_task(manual, once)]
    async fn migrate(#[config(code)] story: Story, #[inject] _link: Res<Link>) {
        story.record("migrate");
    }
    #[lifespan_task(manual, once)]
    async fn load(#[inject] link: Res<Link>) -> usize {
        link.0 * 10
    }
    #[lifespan_task(manual)]
    async fn reads(#[config(code)] story: Story, #[inject] loaded: Res<usize>, shutdown: Shutdown) {
        story.record(format!("reads {loaded:?}"));
        shutdown.requested().await;
    }
    let (app, story, _) = linked();
    app.register(MigrateConfig { story: story.clone() }).unwrap();
    app.register(LoadConfig {}).unwrap();
    app.register(ReadsConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    app.restart(link).await.unwrap();
    assert_eq!(story.text(), "beside+ link+1 uses+1 migrate reads 10 uses-1 link-1 link+2 uses+2 reads 20");
    app.restart(load).await.unwrap();
    assert_eq!(story.lines().last().unwrap(), "reads 20");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_23_a_lost_resource_is_set_up_again_and_its_users_restart() {
    let (app, story, breaks) = linked();
    let running = app.start().await.unwrap();
    let mut events = app.events();
    breaks.notify_one();
    // The delay of its policy.
    tokio::time::sleep(Duration::from_millis(999)).await;
    assert_eq!(story.text(), "beside+ link+1 uses+1 uses-1 link-1");
    assert_eq!(app.state(), State::Up);
    assert!(app.resource::<Link>().is_none());
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(story.text(), "beside+ link+1 uses+1 uses-1 link-1 link+2 uses+2");
    let report = running.stop().await;
    assert_eq!(report.exit_code(), 0, "{report}");
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Event::Restarting { unit, failure: Some(failure), attempt, delay } => {
                seen.push(format!("{unit} {:?} {attempt} {delay:?}", failure.cause()));
            }
            Event::RestartingPart { unit, others, reason } => {
                assert_eq!(reason, RestartReason::Failed);
                seen.push(format!("{unit} with {others:?}"));
            }
            Event::Failed { failure } => seen.push(failure.to_string()),
            _ => {}
        }
    }
    assert_eq!(seen, ["link with [task `uses`]", "link Error 1 1s"], "one failure, with its reason");
    assert_eq!(report.take_error(), Some(Broken::Wire));
}

#[tokio::test(start_paused = true)]
async fn rule_23_a_resource_lost_for_good_takes_the_app_down_in_order() {
    #[lifespan_context(manual)]
    async fn frail(#[config(code)] breaks: Arc<Notify>, scope: Scope<Link>) -> Result<(), Broken> {
        let (_, lost) = scope.provide_until_shutdown_or(Link(1), breaks.notified()).await;
        lost.map_or(Ok(()), |()| Err(Broken::Pipe))
    }
    let (story, breaks) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(FrailConfig { breaks: breaks.clone() }).unwrap();
    app.register(UsesConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    breaks.notify_one();
    let report = running.wait().await;
    assert_eq!(story.text(), "uses+1 uses-1");
    assert_eq!((report.exit_code(), report.failures()[0].cause()), (1, &Cause::Error), "{report}");
    assert_eq!(report.failures().len(), 1, "{report}");
    assert_eq!((report.failures()[0].stage(), report.take_error()), (Stage::Running, Some(Broken::Pipe)));
}

#[tokio::test(start_paused = true)]
async fn rule_23_too_many_losses_escalate() {
    let (app, story, breaks) = linked();
    let running = app.start().await.unwrap();
    for _ in 0..4 {
        breaks.notify_one();
        tokio::time::sleep(seconds(9)).await;
    }
    let report = running.wait().await;
    assert_eq!((report.exit_code(), report.units()[1].restarts), (1, 3), "{report}");
    assert_eq!(story.lines().iter().filter(|line| line.starts_with("uses+")).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn rule_23_a_setup_that_fails_is_tried_again_and_what_needs_it_waits() {
    #[lifespan_context(manual, restart(transient, backoff = "1s..2s", jitter = 0.0, intensity = 5))]
    async fn stubborn(#[config(code)] story: Story) -> Result<Link, Broken> {
        story.record("setup");
        match story.lines().len() {
            1 => Err(Broken::Wire),
            2 => panic!("as it should"),
            tries => Ok(Link(tries)),
        }
    }
    for concurrent in [false, true] {
        let story = Story::default();
        let app = App::empty();
        let app = if concurrent { app.concurrent_startup() } else { app };
        app.register(UsesConfig { story: story.clone() }).unwrap();
        app.register(StubbornConfig { story: story.clone() }).unwrap();
        let before = tokio::time::Instant::now();
        let running = app.start().await.unwrap();
        assert_eq!(before.elapsed(), seconds(3));
        assert_eq!(story.text(), "setup setup setup uses+3");
        let report = running.stop().await;
        assert_eq!((report.exit_code(), report.unit("stubborn").unwrap().restarts), (0, 2), "{report}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_23_an_ignored_context_that_is_lost_leaves_its_users_without() {
    #[lifespan_context(manual, on_failure = "ignore")]
    async fn optional(#[config(code)] breaks: Arc<Notify>, scope: Scope<Link>) {
        scope.provide_until_shutdown_or(Link(7), breaks.notified()).await;
    }
    #[lifespan_task(manual)]
    async fn may_use(#[config(code)] story: Story, #[inject] link: Option<Res<Link>>, shutdown: Shutdown) {
        story.record(format!("{:?}", link.map(|link| link.0)));
        shutdown.requested().await;
    }
    let (story, breaks) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(OptionalConfig { breaks: breaks.clone() }).unwrap();
    app.register(MayUseConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    breaks.notify_one();
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(story.text(), "Some(7) None");
    let report = running.stop().await;
    assert_eq!((report.exit_code(), outcome(&report, "may_use")), (0, Outcome::Stopped), "{report}");
}

#[tokio::test(start_paused = true)]
async fn rule_24_who_takes_live_is_not_restarted_and_waits_while_there_is_none() {
    #[lifespan_task(manual)]
    async fn asks(
        #[config(code)] story: Story,
        #[config(code)] questions: Arc<tokio::sync::Mutex<mpsc::Receiver<()>>>,
        live: Live<Link>,
        shutdown: Shutdown,
    ) {
        story.record("asks+");
        let mut questions = questions.lock().await;
        while let Some(Some(())) = shutdown.or(questions.recv()).await {
            let link = live.get().await;
            story.record(format!("answer {}", link.0));
        }
        story.record("asks-");
    }
    let (ask, questions) = mpsc::channel(1);
    let questions = Arc::new(tokio::sync::Mutex::new(questions));
    let (app, story, breaks) = linked();
    app.register(AsksConfig { story: story.clone(), questions }).unwrap();
    let running = app.start().await.unwrap();
    ask.send(()).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    breaks.notify_one();
    tokio::task::yield_now().await;
    ask.send(()).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert!(running.stop().await.is_success());
    let text = story.text();
    assert!(text.starts_with("beside+ link+1 uses+1 asks+ answer 1 uses-1 link-1 link+2"), "{text}");
    assert_eq!(text.matches("asks+").count(), 1);
    assert!(text.contains("answer 2"), "{text}");
    // It stops before what it takes.
    assert!(text.find("asks-") < text.find("link-2"), "{text}");
}

mod groups {
    use super::*;

    lifespan::group! { one_for_one: one_for_one, intensity = 2, period = "1m" }
    lifespan::group! { rest_for_one: rest_for_one }
    lifespan::group! {
        /// All of them.
        pub one_for_all: one_for_all
    }

    pub type Fails = Arc<Notify>;

    /// Three members for each strategy; the second fails when the test asks for it.
    macro_rules! members {
        ($module:ident, $group:ident) => {
            pub mod $module {
                use super::*;

                async fn member(
                    name: &str,
                    story: &Story,
                    fails: Option<&Fails>,
                    shutdown: &Shutdown,
                ) -> Result<(), Broken> {
                    story.record(format!("{name}+"));
                    let end = async {
                        match fails {
                            Some(fails) => fails.notified().await,
                            None => std::future::pending().await,
                        }
                    };
                    let ended = match shutdown.or(end).await {
                        Some(()) => Err(Broken::Wire),
                        None => Ok(()),
                    };
                    // Stopping takes a while, so that an overlap would show.
                    tokio::time::sleep(seconds(1)).await;
                    story.record(format!("{name}-"));
                    ended
                }

                #[lifespan_task(manual, group = $group, restart(transient, backoff = "0s"))]
                async fn a(#[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
                    member("a", &story, None, &shutdown).await
                }

                #[lifespan_task(manual, group = $group, restart(transient, backoff = "0s"))]
                async fn b(
                    #[config(code)] story: Story,
                    #[config(code)] fails: Fails,
                    shutdown: Shutdown,
                ) -> Result<(), Broken> {
                    member("b", &story, Some(&fails), &shutdown).await
                }

                #[lifespan_task(manual, group = $group, restart(transient, backoff = "0s"))]
                async fn c(#[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
                    member("c", &story, None, &shutdown).await
                }

                /// No member.
                #[lifespan_task(manual)]
                async fn d(#[config(code)] story: Story, shutdown: Shutdown) -> Result<(), Broken> {
                    member("d", &story, None, &shutdown).await
                }

                pub fn app(story: &Story, fails: &Fails) -> App {
                    let app = App::empty();
                    app.register(AConfig { story: story.clone() }).unwrap();
                    app.register(BConfig { story: story.clone(), fails: fails.clone() }).unwrap();
                    app.register(CConfig { story: story.clone() }).unwrap();
                    app.register(DConfig { story: story.clone() }).unwrap();
                    app
                }
            }
        };
    }
    members!(one, one_for_one);
    members!(rest, rest_for_one);
    members!(all, one_for_all);
}

#[tokio::test(start_paused = true)]
async fn case_26_rule_21_a_group_restarts_exactly_whom_its_strategy_names() {
    let up = "a+ b+ c+ d+";
    for (app, expected) in [
        (groups::one::app as fn(&Story, &groups::Fails) -> App, "b- b+"),
        (groups::rest::app, "b- c- b+ c+"),
        (groups::all::app, "b- c- a- a+ b+ c+"),
    ] {
        let (story, fails) = (Story::default(), Arc::new(Notify::new()));
        let app = app(&story, &fails);
        let running = app.start().await.unwrap();
        fails.notify_one();
        tokio::time::sleep(seconds(10)).await;
        assert_eq!(story.text(), format!("{up} {expected}"));
        assert_eq!(app.state(), State::Up);
        assert!(running.stop().await.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn rule_21_a_group_counts_the_restarts_of_all_its_members_and_escalates() {
    let (story, fails) = (Story::default(), Arc::new(Notify::new()));
    let app = groups::one::app(&story, &fails);
    let running = app.start().await.unwrap();
    for _ in 0..3 {
        fails.notify_one();
        tokio::time::sleep(seconds(5)).await;
    }
    let report = running.wait().await;
    assert_eq!((report.exit_code(), report.unit("b").unwrap().restarts), (1, 2), "{report}");
    assert!(matches!(report.reason(), Some(Reason::Failed(unit)) if unit.name() == "b"));
    assert!(
        report.to_string().contains("; restart limit reached (2 restarts within 60 s, set by group `one_for_one`)"),
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn rule_21_contexts_and_tasks_of_a_group_stop_in_reverse_whatever_they_are() {
    lifespan::group! { mixed: one_for_all }
    #[lifespan_task(manual, group = mixed)]
    async fn before(#[config(code)] story: Story, shutdown: Shutdown) {
        story.record("before+");
        shutdown.requested().await;
        story.record("before-");
    }
    #[lifespan_context(manual, group = mixed)]
    async fn between(#[config(code)] story: Story, scope: Scope) {
        story.record("between+");
        scope.until_shutdown().await;
        story.record("between-");
    }
    #[lifespan_task(manual, group = mixed, restart(permanent, backoff = "0s"))]
    async fn returns(#[config(code)] story: Story, ready: Ready, shutdown: Shutdown) {
        story.record("returns+");
        ready.notify();
        if story.lines().len() > 3 {
            shutdown.requested().await;
        }
        tokio::task::yield_now().await;
    }
    let story = Story::default();
    let app = App::empty();
    app.register(BeforeConfig { story: story.clone() }).unwrap();
    app.register(BetweenConfig { story: story.clone() }).unwrap();
    app.register(ReturnsConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(story.text(), "before+ between+ returns+ between- before- before+ between+ returns+");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_sender_among_the_arguments_goes_with_the_unit_that_has_ended() {
    #[lifespan_task(manual)]
    async fn sends(#[config(code)] sender: mpsc::UnboundedSender<u8>) {
        sender.send(1).unwrap();
    }
    #[lifespan_task(manual)]
    async fn receives(#[config(code)] receiver: mpsc::UnboundedReceiver<u8>, #[config(code)] story: Story) {
        let mut receiver = receiver;
        while let Some(number) = receiver.recv().await {
            story.record(number.to_string());
        }
    }
    let story = Story::default();
    let (sender, receiver) = mpsc::unbounded_channel();
    let app = App::empty();
    app.register(ReceivesConfig { receiver, story: story.clone() }).unwrap();
    app.register(SendsConfig { sender }).unwrap();
    assert!(app.launch().await.is_success());
    assert_eq!(story.text(), "1");
}

#[tokio::test(start_paused = true)]
async fn rule_23_what_would_be_restarted_and_can_be_started_only_once_is_a_problem_of_the_plan() {
    struct NotClone;
    #[lifespan_task(manual)]
    async fn holds(#[inject] _link: Res<Link>, #[config(code)] _thing: NotClone) {}
    let (app, _, _) = linked();
    app.register(HoldsConfig { _thing: NotClone }).unwrap();
    let problems = app.check().unwrap_err().to_string();
    assert!(problems.contains("task `holds` is to be restarted with `link`, but its argument `_thing`"), "{problems}");
    assert!(problems.contains("parts.rs:") && problems.contains("`Arc`"), "{problems}");
}

#[tokio::test(start_paused = true)]
async fn rule_22_a_startup_waits_for_what_is_being_restarted_to_be_up() {
    #[lifespan_context(manual, restart(transient, backoff = "0s"))]
    async fn slow_link(#[config(code)] story: Story, #[config(code)] breaks: Arc<Notify>, scope: Scope<Link>) {
        story.record("link+");
        tokio::time::sleep(seconds(5)).await;
        story.record("linked");
        scope.provide_until_shutdown_or(Link(0), breaks.notified()).await;
    }
    #[lifespan_task(manual)]
    async fn gets_ready(
        #[config(code)] story: Story,
        #[config(code)] breaks: Arc<Notify>,
        ready: Ready,
        shutdown: Shutdown,
    ) {
        story.record("gets ready");
        breaks.notify_one();
        tokio::time::sleep(seconds(1)).await;
        ready.notify();
        shutdown.requested().await;
    }
    let (story, breaks) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(SlowLinkConfig { story: story.clone(), breaks: breaks.clone() }).unwrap();
    app.register(GetsReadyConfig { story: story.clone(), breaks }).unwrap();
    app.register(BesideConfig { story: story.clone() }).unwrap();
    app.register(UsesConfig { story: story.clone() }).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(story.text(), "link+ linked gets ready link+ linked beside+ uses+0");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_23_the_setups_of_a_startup_lie_within_its_limit_and_later_ones_within_the_policy() {
    #[lifespan_context(
        manual,
        startup_timeout = "10s",
        restart(transient, intensity = 100, period = "1s", backoff = "4s", jitter = 0.0)
    )]
    async fn away(
        #[config(code)] story: Story,
        works: bool,
        #[config(code)] breaks: Arc<Notify>,
        scope: Scope<Link>,
    ) -> Result<(), Broken> {
        story.record("setup");
        if !works || story.lines().len() > 1 && story.lines().len() < 20 {
            return Err(Broken::Wire);
        }
        scope.provide_until_shutdown_or(Link(0), breaks.notified()).await;
        Ok(())
    }
    let (story, breaks) = (Story::default(), Arc::new(Notify::new()));
    let app = App::empty();
    app.register(AwayConfig { story: story.clone(), works: false, breaks: breaks.clone() }).unwrap();
    let report = app.launch().await;
    assert_eq!(
        (report.took(), report.exit_code(), report.take_error()),
        (seconds(8), 3, Some(Broken::Wire)),
        "{report}"
    );
    assert_eq!(story.lines().len(), 3);

    let story = Story::default();
    let app = App::empty();
    app.register(AwayConfig { story: story.clone(), works: true, breaks: breaks.clone() }).unwrap();
    let running = app.start().await.unwrap();
    breaks.notify_one();
    tokio::time::sleep(seconds(100)).await;
    assert_eq!((story.lines().len(), app.state()), (20, State::Up));
    assert!(running.stop().await.is_success());
}
