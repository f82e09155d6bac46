//! What comes from outside, as texts, errors and the payloads of panics: it forges no line, has an end, and loses nothing.

mod common;

use std::convert::Infallible;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::panic::panic_any;
use std::time::Duration;

use common::{Log, outcome, record};
use lifespan::{App, Children, Health, Outcome, Report, Res, Shutdown, lifespan_context, lifespan_task};

/// Characters that break a line, move a cursor or turn the direction of writing.
const NASTY: &str = "\nFORGED\r\u{1b}[2J\u{85}\u{9b}\u{202e}\u{2066}\u{2028}\u{2029}\0";
const ESCAPED: &str = r"\nFORGED\r\u{1b}[2J\u{85}\u{9b}\u{202e}\u{2066}\u{2028}\u{2029}\u{0}";

fn nasty(word: &str) -> String {
    format!("{word}{NASTY}")
}

#[track_caller]
fn assert_is_clean(text: &str, words: &[&str]) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("FORGED"), "{text}");
        let is_nasty = |c: char| NASTY.contains(c) && !"FORGED[2J".contains(c);
        assert!(!line.contains(is_nasty), "{line:?}");
    }
    for word in words {
        assert!(text.contains(&format!("{word}{ESCAPED}")), "{word} is not in\n{text}");
    }
}

/// The log of an app's run, and its report.
async fn run(app: App) -> (String, Report) {
    let (log, _reader) = Log::captured(tracing::Level::DEBUG);
    let report = app.launch().await;
    (log.text(), report)
}

/// An error that has another, as its source or as the source of that.
#[derive(Debug)]
struct Caused(Option<Box<Caused>>);

impl fmt::Display for Caused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&nasty(if self.0.is_some() { "outer" } else { "cause" }))
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_deref().map(|source| source as _)
    }
}

#[lifespan_task(manual)]
async fn keyed(#[config(key)] key: String, children: Children, health: Health, app: App) -> Result<(), Caused> {
    health.named(nasty("check")).set_unhealthy(nasty("reason"));
    children.spawn(nasty("first"), async { Err::<(), _>("is the unit's") });
    children.spawn(nasty("child"), async { Err::<(), _>(nasty("child error")) });
    children.spawn(nasty("other"), async { panic_any(nasty("message")) });
    let _: String = key;
    tokio::task::yield_now().await;
    app.shutdown_because(nasty("shutdown"));
    Err(Caused(Some(Box::new(Caused(None)))))
}

#[tokio::test]
async fn rule_44_no_text_from_outside_forges_a_line() {
    let app = App::empty();
    app.register(KeyedConfig::new(nasty("key"))).unwrap();
    app.register(LastsConfig {}).unwrap().named(nasty("named")).unwrap();
    let (plan, events) = (app.check().unwrap().to_string(), record(&app));
    let (log, report) = run(app).await;
    assert_is_clean(&plan, &["key", "named"]);
    let words = ["key", "named", "check", "reason", "child", "other", "child error", "message", "shutdown"];
    assert_is_clean(&log, &[&words[..], &["outer", "cause"]].concat());
    let words = ["key", "named", "outer", "cause", "child", "child error", "shutdown", "other"];
    assert_is_clean(&report.to_string(), &words);
    let events = events.await.unwrap();
    assert!(events.iter().all(|event| !event.contains(['\n', '\u{1b}'])), "{events:?}");
    for failure in report.failures() {
        assert_is_clean(&failure.to_string(), &[]);
    }
    // Programs get it as it was.
    assert!(report.unit(&nasty("named")).is_some());
    assert!(report.failures().iter().any(|failure| failure.chain() == [nasty("outer"), nasty("cause")]));
}

#[lifespan_task(manual)]
async fn lasts(shutdown: Shutdown) {
    shutdown.requested().await;
}

#[tokio::test]
async fn rule_44_an_error_of_a_call_forges_no_line() {
    let app = App::empty();
    app.register(LastsConfig {}).unwrap();
    let running = app.clone().start().await.unwrap();
    assert_is_clean(&app.restart(nasty("unit")).await.unwrap_err().to_string(), &["unit"]);
    assert_is_clean(&app.trigger(nasty("unit")).await.unwrap_err().to_string(), &["unit"]);
    let late = app.register(LastsConfig {}).map(drop).unwrap_err().to_string();
    assert_is_clean(&late, &[]);
    assert!(running.stop().await.is_success());
}

/// An error that is its own source.
#[derive(Debug)]
struct Circle;

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("round and round")
    }
}

impl Error for Circle {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

#[lifespan_task(manual, once)]
async fn circles() -> Result<(), Circle> {
    Err(Circle)
}

#[tokio::test]
async fn rule_45_an_error_that_is_its_own_source_has_an_end() {
    let app = App::empty();
    app.register(CirclesConfig {}).unwrap();
    let (log, report) = run(app).await;
    let failure = &report.failures()[0];
    assert!(failure.inspect_error(|_: &fmt::Error| ()).is_none());
    assert!(failure.inspect_error(|_: &Circle| ()).is_some());
    assert!(report.take_error::<fmt::Error>().is_none());
    assert!(failure.chain().len() <= 100);
    assert!(log.contains("round and round") && report.to_string().contains("round and round"));
    assert!(report.take_error::<Circle>().is_some());
}

/// An error of 20 MB, which ignores that its writer has failed.
#[derive(Debug)]
struct Long;

impl fmt::Display for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..20_000 {
            let _ = f.write_str(&"x".repeat(1000));
        }
        Ok(())
    }
}

impl Error for Long {}

/// An error whose text does not end until its writer fails.
#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = "y".repeat(1_000_000);
        loop {
            f.write_str(&part)?;
        }
    }
}

impl Error for Endless {}

#[lifespan_task(manual, on_failure = "ignore")]
async fn long() -> Result<(), Long> {
    Err(Long)
}

#[lifespan_task(manual, on_failure = "ignore")]
async fn endless() -> Result<(), Endless> {
    Err(Endless)
}

#[lifespan_task(manual, on_failure = "ignore")]
async fn says_much() -> Result<(), String> {
    Err("z".repeat(20_000_000))
}

#[lifespan_task(manual, on_failure = "ignore")]
async fn panics_at_length(health: Health) {
    health.set_unhealthy("h".repeat(20_000_000));
    let mut message = String::new();
    (0..20_000_000).for_each(|_| message.write_char('é').unwrap());
    panic_any(message)
}

#[tokio::test]
async fn rule_46_a_long_text_is_cut_and_what_is_left_out_is_counted() {
    let app = App::empty();
    app.register(LongConfig {}).unwrap();
    app.register(EndlessConfig {}).unwrap();
    app.register(SaysMuchConfig {}).unwrap();
    app.register(PanicsAtLengthConfig {}).unwrap();
    let (log, report) = run(app).await;
    let shown = report.to_string();
    for text in [&log, &shown] {
        assert!(text.len() < 40_000, "{} bytes", text.len());
        assert_eq!(text.matches("… (19995904 more bytes)").count(), 2 + usize::from(*text == log), "{text}");
        assert!(text.contains("… (39995904 more bytes)"), "{text}");
        assert!(text.contains("… (more than "), "{text}");
    }
    // The user's own error is whole.
    assert_eq!(report.take_error::<String>().map(|text| text.len()), Some(20_000_000));
}

/// Panics as it is dropped, with another that does: that many, or without an end.
struct Bomb(Option<u32>);

impl Drop for Bomb {
    fn drop(&mut self) {
        match self.0 {
            Some(0) => {}
            depth => panic_any(Bomb(depth.map(|depth| depth - 1))),
        }
    }
}

impl Bomb {
    const ALL: [Option<u32>; 4] = [Some(1), Some(2), Some(5), None];
}

impl Clone for Bomb {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl fmt::Debug for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bomb")
    }
}

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tick")
    }
}

impl Error for Bomb {}

#[lifespan_task(manual)]
async fn children_panic(#[config(code)] depth: Option<u32>, children: Children, shutdown: Shutdown) {
    for _ in 0..3 {
        children.spawn("child", async move { panic_any(Bomb(depth)) });
    }
    shutdown.requested().await;
}

#[tokio::test]
async fn rule_47_children_that_panic_with_what_panics_are_failures_and_counted() {
    for depth in Bomb::ALL {
        let app = App::empty();
        app.register(ChildrenPanicConfig { depth }).unwrap();
        let report = app.launch().await;
        assert_eq!(report.exit_code(), 1, "{report}");
        assert_eq!(report.failures()[0].child(), Some("child"), "{report}");
        let children = report.unit("children_panic").unwrap().children.as_ref().unwrap();
        assert_eq!((children.spawned, children.failed), (3, 3), "{report}");
    }
}

#[lifespan_task(manual)]
async fn task_panics(#[config(code)] depth: Option<u32>) {
    panic_any(Bomb(depth))
}

#[lifespan_task(manual)]
async fn drops_argument(#[config(code)] bomb: Bomb) {
    drop(bomb);
}

#[lifespan_task(manual)]
async fn task_fails(#[config(code)] depth: Option<u32>) -> Result<(), Bomb> {
    Err(Bomb(depth))
}

#[lifespan_task(manual)]
async fn children_fail(#[config(code)] depth: Option<u32>, children: Children, shutdown: Shutdown) {
    for _ in 0..3 {
        children.spawn("child", async move { Err::<(), _>(Bomb(depth)) });
    }
    shutdown.requested().await;
}

#[lifespan_context(manual)]
async fn holds(#[config(code)] depth: Option<u32>) -> Held {
    Held { _bomb: Bomb(depth) }
}

struct Held {
    _bomb: Bomb,
}

#[lifespan_task(manual)]
async fn uses(held: Res<Held>, shutdown: Shutdown) {
    shutdown.requested().await;
    drop(held);
}

#[lifespan_task(manual, every = "1s", overlap = "parallel(3)")]
async fn runs_panic(#[config(code)] depth: Option<u32>) {
    let _bomb = Bomb(depth);
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn rule_47_runs_that_panic_as_they_are_dropped_are_one_failure() {
    for depth in Bomb::ALL {
        let app = App::empty();
        app.register(RunsPanicConfig { depth }).unwrap();
        let running = app.start().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let report = running.stop().await;
        assert_eq!(report.unit("runs_panic").unwrap().runs.as_ref().unwrap().started, 3, "{report}");
        assert!(!report.failures().is_empty(), "{report}");
    }
}

#[tokio::test]
async fn rule_47_what_panics_as_it_is_dropped_costs_no_failure() {
    async fn fails(name: &str, register: impl FnOnce(&App)) -> Report {
        let app = App::empty();
        register(&app);
        let report = app.launch().await;
        // Whether the app was up before is a matter of chance.
        assert!(matches!(report.exit_code(), 1 | 3), "{report}");
        assert_eq!(outcome(&report, name), Outcome::Failed, "{report}");
        report
    }
    for depth in Bomb::ALL {
        let _ = fails("task_panics", |app| drop(app.register(TaskPanicsConfig { depth }).unwrap())).await;
        let _ = fails("task_fails", |app| drop(app.register(TaskFailsConfig { depth }).unwrap())).await;
        let bomb = Bomb(depth);
        let _ = fails("drops_argument", |app| drop(app.register(DropsArgumentConfig { bomb }).unwrap())).await;
        let report = fails("children_fail", |app| drop(app.register(ChildrenFailConfig { depth }).unwrap())).await;
        let children = report.unit("children_fail").unwrap().children.as_ref().unwrap();
        assert_eq!((children.spawned, children.failed), (3, 3), "{report}");
    }
}

#[lifespan_task(manual)]
async fn children_give(#[config(code)] depth: Option<u32>, children: Children, app: App, shutdown: Shutdown) {
    // One whose handle is dropped before it has returned, and one whose handle is dropped later.
    children.spawn("child", async move { Ok::<_, Infallible>(Bomb(depth)) });
    let held = children.spawn_with_handle("child", async move { Ok::<_, Infallible>(Bomb(depth)) });
    while !held.is_finished() {
        tokio::task::yield_now().await;
    }
    drop(held);
    app.shutdown();
    shutdown.requested().await;
}

#[tokio::test]
async fn rule_47_a_childs_value_that_no_caller_takes_costs_nothing() {
    for depth in Bomb::ALL {
        let app = App::empty();
        app.register(ChildrenGiveConfig { depth }).unwrap();
        let report = app.launch().await;
        assert!(report.is_success() && report.failures().is_empty(), "{report}");
    }
}

#[lifespan_task(manual, once)]
async fn gives(#[config(code)] depth: Option<u32>, children: Children) -> Held {
    children.spawn("child", async { Err::<(), _>("in vain") });
    tokio::task::yield_now().await;
    Held { _bomb: Bomb(depth) }
}

#[tokio::test]
async fn rule_47_a_value_that_is_not_wanted_hides_no_failure_of_a_child() {
    for depth in Bomb::ALL {
        let app = App::empty();
        app.register(GivesConfig { depth }).unwrap();
        app.register(UsesConfig {}).unwrap();
        let report = app.launch().await;
        assert!(
            report.to_string().contains("child `child` of task `gives` failed during startup: in vain"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn rule_47_a_resource_that_panics_as_it_is_dropped_is_a_failure() {
    for depth in Bomb::ALL {
        let app = App::empty();
        app.register(HoldsConfig { depth }).unwrap();
        app.register(UsesConfig {}).unwrap();
        let report = app.start().await.unwrap().stop().await;
        assert_eq!(report.exit_code(), 4, "{report}");
        assert_eq!(report.failures().len(), 1, "{report}");
    }
}
