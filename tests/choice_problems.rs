//! What is wrong with a choice of units: an order that waits for nothing, a resource that nothing provides, or several do.

use lifespan::testing::TestApp;
use lifespan::{App, Problem, ProblemKind, Res, Shutdown, lifespan_context, lifespan_task};

struct Pool;

#[lifespan_context(manual)]
async fn pool() -> Pool {
    Pool
}

#[lifespan_task(once)]
async fn query(_pool: Res<Pool>) {}

struct Mail;

#[lifespan_context(profile("mail"))]
async fn mail() -> Mail {
    Mail
}

#[lifespan_task(manual)]
async fn sends(_mail: Res<Mail>, shutdown: Shutdown) {
    shutdown.requested().await;
}

struct Cache;

#[lifespan_context(configured)]
async fn cache() -> Cache {
    Cache
}

#[lifespan_task(manual, once)]
async fn warms(_cache: Res<Cache>) {}

#[lifespan_task(manual, once)]
async fn migrate() {}

#[lifespan_task(manual, once, after(migrate))]
async fn serve() {}

#[lifespan_task(manual, once, before(serve))]
async fn checks() {}

#[lifespan_task(configured, always, once)]
async fn metrics(port: u16) {
    assert!(port > 0);
}

/// Two providers of one type: which one runs depends on the profile.
struct Clock;

#[lifespan_context]
async fn clock() -> Clock {
    Clock
}

#[lifespan_context(profile("fast"))]
async fn fast_clock() -> Clock {
    Clock
}

#[lifespan_context(manual)]
async fn fake_clock() -> Clock {
    Clock
}

#[lifespan_task(manual, once)]
async fn ticks(_clock: Res<Clock>) {}

/// Returns the problems of a plan that is wrong.
#[track_caller]
fn problems(app: &App) -> Vec<Problem> {
    app.check().unwrap_err().problems().to_vec()
}

/// Asserts that a plan has one problem, of this kind and with these parts.
#[track_caller]
fn one(app: &App, kind: ProblemKind, parts: &[&str]) {
    let problems = problems(app);
    let text = app.check().unwrap_err().to_string();
    assert_eq!((problems.len(), problems[0].kind()), (1, kind), "{text}");
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

/// Creates an app that runs nothing by itself but this unit.
macro_rules! app {
    ($($config:expr),*) => {{
        let app = App::new();
        app.skip(query).unwrap();
        $(app.register($config).unwrap();)*
        app
    }};
}

#[test]
fn rule_125_an_order_that_waits_for_a_unit_that_does_not_run_is_a_problem() {
    let app = app!(ServeConfig {});
    one(
        &app,
        ProblemKind::NotRunning,
        &[
            "task `serve` is `after(migrate)`, but `migrate` does not run: it is manual",
            "choice_problems.rs:41:",
            "register it, name it with `app.only(migrate)`, or leave it out on purpose with `app.skip(migrate)`",
        ],
    );
    let app = app!(ChecksConfig {});
    one(&app, ProblemKind::NotRunning, &["task `checks` is `before(serve)`, but `serve` does not run: it is manual"]);
    let app = App::empty();
    app.register(ServeConfig {}).unwrap();
    one(
        &app,
        ProblemKind::NotRunning,
        &["`serve` is `after(migrate)`, but `migrate` does not run: it is not registered"],
    );
}

#[test]
fn rule_125_a_unit_that_was_left_out_on_purpose_is_told_in_the_plan() {
    let app = app!(ServeConfig {});
    app.skip(migrate).unwrap();
    let plan = app.check().unwrap().to_string();
    let line = plan.lines().find(|line| line.contains("serve")).unwrap();
    assert!(line.contains("  after migrate (skipped)"), "{plan}");
    let app = App::empty();
    app.register(ChecksConfig {}).unwrap();
    app.register(ServeConfig {}).unwrap();
    app.register(MigrateConfig {}).unwrap();
    app.only("checks").unwrap();
    let plan = app.check().unwrap().to_string();
    assert!(plan.contains("  before serve (not in `only`)"), "{plan}");
}

#[tokio::test(start_paused = true)]
async fn rule_125_a_test_of_one_unit_needs_not_what_comes_before_it() {
    let app = TestApp::new().with(serve).start().await;
    assert!(app.stop().await.is_success());
}

#[test]
fn rule_121_only_leaves_an_always_unit_that_code_registers() {
    let app = App::empty();
    app.register(MetricsConfig { port: 1 }).unwrap();
    app.register(ServeConfig {}).unwrap();
    app.register(MigrateConfig {}).unwrap();
    app.only(migrate).unwrap();
    let names: Vec<String> = app.check().unwrap().in_start_order().iter().map(lifespan::Registered::name).collect();
    assert_eq!(names, ["metrics", "migrate"]);
    let app = App::new();
    app.only(migrate).unwrap();
    assert_eq!(app.registered().len(), 1, "without a table or a call it does not run");
}

#[test]
fn rule_126_a_context_that_is_registered_twice_is_one_problem_with_both_places() {
    let app = app!(PoolConfig {}, PoolConfig {});
    let line = line!() - 1;
    one(&app, ProblemKind::DuplicateName, &["context `pool` is registered more than once"]);
    let places = problems(&app)[0].places().to_vec();
    assert_eq!(places.len(), 2, "{places:?}");
    for place in places {
        assert!(place.starts_with(&format!("tests/choice_problems.rs:{line}:")), "{place}");
    }
}

#[test]
fn rule_126_a_missing_provider_says_why_it_does_not_run() {
    let app = App::new();
    let what = "task `query` takes `Res<Pool>`, but nothing provides a `Pool`";
    let manual = "`pool` at tests/choice_problems.rs:9:10 provides it, but is manual: register it";
    one(&app, ProblemKind::MissingProvider, &[what, manual]);
    app.skip(pool).unwrap();
    one(&app, ProblemKind::MissingProvider, &[what, "provides it, but is skipped at tests/choice_problems.rs:"]);
    let app = app!(SendsConfig {});
    let inactive = "provides it, but its profile `mail` is not active: set it with `App::profiles`";
    one(&app, ProblemKind::MissingProvider, &["takes `Res<Mail>`", inactive, "LIFESPAN_APP__PROFILES"]);
    assert!(app.profiles(["mail"]).check().is_ok());
    let app = app!(WarmsConfig {});
    one(
        &app,
        ProblemKind::MissingProvider,
        &["takes `Res<Cache>`", "provides it, but is `configured` and has no `[tasks.cache]`"],
    );
    let app = App::empty();
    app.register(QueryConfig {}).unwrap();
    one(
        &app,
        ProblemKind::MissingProvider,
        &[what, "provides it, but is not registered: register it, or call `app.provide(…)`"],
    );
}

#[test]
fn rule_126_only_of_a_unit_whose_provider_is_skipped_says_so() {
    let app = App::new();
    app.only(query).unwrap();
    assert!(app.check().is_ok(), "the manual provider is needed, so it runs");
    app.skip("pool").unwrap();
    one(
        &app,
        ProblemKind::MissingProvider,
        &["task `query` takes `Res<Pool>`", "is skipped at tests/choice_problems.rs:"],
    );
    let app = App::new();
    app.only(sends).unwrap();
    assert!(app.check().is_ok(), "so does one whose profile is not active");
}

#[test]
fn rule_126_no_profile_swaps_a_resource_silently() {
    let app = app!(TicksConfig {});
    one(
        &app,
        ProblemKind::TwoProviders,
        &[
            "the resource `Clock` is ambiguous: `fast_clock` provides it too, but does not run",
            "(context `clock`)",
            "(context `fast_clock`)",
            "its profile `fast` is not active",
            "give one of them its own type, `skip` one, or mark one `manual`",
        ],
    );
    let app = App::new();
    app.only(ticks).unwrap();
    one(&app, ProblemKind::TwoProviders, &["the resource `Clock` is ambiguous"]);
    // Those that are manual or skipped do not count, and neither do those that nothing takes.
    for skipped in ["clock", "fast_clock"] {
        let app = app!(TicksConfig {}).profiles(["fast"]);
        app.skip(skipped).unwrap();
        assert!(app.check().is_ok());
    }
    assert!(app!(MigrateConfig {}).check().is_ok());
    let app = app!(TicksConfig {});
    app.replace(Clock).unwrap();
    assert!(app.check().is_ok());
}
