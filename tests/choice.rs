//! Which units run: by their declarations, by code and by the operator.

use lifespan::testing::TestApp;
use lifespan::{App, Live, Res, Shutdown, lifespan_context, lifespan_task};

#[lifespan_task(manual, every = "1h", start = "after_first_period")]
async fn base() {}

#[lifespan_task(manual)]
async fn probe(#[config(key)] site: String, shutdown: Shutdown) {
    drop(site);
    shutdown.requested().await;
}

#[tokio::test(start_paused = true)]
async fn rule_120_a_mistyped_name_is_answered_with_the_name_that_was_probably_meant() {
    let app = App::empty();
    app.register(BaseConfig {}).unwrap();
    app.register(ProbeConfig { site: "home".to_owned() }).unwrap();
    let running = app.start().await.unwrap();
    let refused = app.restart("bsae").await.unwrap_err().to_string();
    assert_eq!(refused, "cannot restart `bsae`: no such unit in this app; did you mean `base`?");
    let refused = app.restart("probe[hoem]").await.unwrap_err().to_string();
    assert_eq!(refused, "cannot restart `probe[hoem]`: no such unit in this app; did you mean `probe[home]`?");
    let refused = app.trigger("bsae".to_owned()).await.unwrap_err().to_string();
    assert_eq!(refused, "cannot trigger `bsae`: no such task in this app; did you mean `base`?");
    let far = app.restart("elsewhere").await.unwrap_err().to_string();
    assert!(far.ends_with("name a registered function, or an instance as `app.registered()` lists it"), "{far}");
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "`bsae` is not registered in this app; did you mean `base`?")]
async fn rule_120_so_is_one_in_a_test() {
    let app = TestApp::new().with(base).may_leave_tasks().start().await;
    app.panic("bsae", "now");
}

struct Pool;

#[lifespan_context]
async fn pool() -> Pool {
    Pool
}

#[lifespan_task]
async fn worker(_pool: Res<Pool>, shutdown: Shutdown) {
    shutdown.requested().await;
}

#[lifespan_task]
async fn server(shutdown: Shutdown) {
    shutdown.requested().await;
}

#[lifespan_task(manual, once, after(migrate))]
async fn seed_tables(_pool: Live<Pool>) {}

#[lifespan_task(manual, once)]
async fn migrate(#[config(default = 1)] to: u32) {
    assert!(to > 0);
}

#[lifespan_task(configured, once)]
async fn export(#[config(key)] to: String) {
    drop(to);
}

#[lifespan_task(configured, always, first, once)]
async fn control(#[config(default = 1)] port: u16, _tokens: Res<Tokens>) {
    assert!(port > 0);
}

struct Tokens;

#[lifespan_context(configured, always)]
async fn tokens() -> Tokens {
    Tokens
}

mod left {
    #[lifespan::lifespan_task(manual, once)]
    pub async fn twin() {}
}

mod right {
    #[lifespan::lifespan_task(manual, once)]
    pub async fn twin() {}
}

const PROGRAM: &str = "LIFESPAN_TEST_PROGRAM";

/// The program itself, a process of its own, with `only=…`, `skip=…` as they would come from its command line; nothing
/// without the variable.
#[test]
fn main_program() {
    let Ok(how) = std::env::var(PROGRAM) else { return };
    let mut app = App::new();
    for wish in how.split(' ').filter(|wish| !wish.is_empty()) {
        match wish.split_once('=').unwrap() {
            ("only", unit) => app.only(unit.to_owned()).unwrap(),
            ("profiles", names) => app = app.profiles(names.split(',')),
            ("skip", unit) => app.skip(unit.to_owned()).unwrap(),
            (other, _) => panic!("unknown wish {other}"),
        }
    }
    let plan = match app.check() {
        Ok(plan) => plan,
        Err(error) => {
            println!("{error}");
            std::process::exit(2);
        }
    };
    println!("plan: {}", plan.registered().iter().map(lifespan::Registered::name).collect::<Vec<_>>().join(" "));
    for unit in plan.registered() {
        println!("{unit} why: {}", unit.why());
    }
    for left_out in plan.left_out() {
        println!("{left_out}");
    }
    println!("{plan}");
    app.shutdown();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Its warnings go to standard error.
    drop(runtime.block_on(app.launch()));
    std::process::exit(0);
}

/// Runs the program in a folder with this file, and returns all that it prints.
fn program(wishes: &[&str], file: &str, variables: &[(&str, &str)]) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory =
        std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("choice-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("lifespan.toml"), file).unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "main_program", "--nocapture"]).current_dir(&directory).env(PROGRAM, wishes.join(" "));
    let output = command.envs(variables.iter().copied()).output().unwrap();
    std::fs::remove_dir_all(&directory).unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[lifespan_task(profile("batch", "nightly"), once)]
async fn rollup(_totals: Option<Res<Totals>>) {}

struct Totals;

#[lifespan_context(profile("nightly"), configured)]
async fn totals() -> Totals {
    Totals
}

/// Returns the names of what an app runs, in registration order.
#[track_caller]
fn runs(app: &App) -> String {
    let plan = app.check().unwrap_or_else(|error| panic!("{error}"));
    plan.registered().iter().map(lifespan::Registered::name).collect::<Vec<_>>().join(" ")
}

/// Returns the only problem of a plan.
#[track_caller]
fn problem(app: &App) -> String {
    let error = app.check().unwrap_err();
    assert_eq!(error.problems().len(), 1, "{error}");
    error.to_string()
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn rule_122_a_table_does_not_run_a_manual_unit_and_says_so() {
    let file = "[tasks.migrate]\nto = 8\n[tasks.worker]\n";
    let got = program(&[], file, &[]);
    has(&got, &["plan: pool worker server\n"]);
    has(
        &got,
        &[
            "warning: `[tasks.migrate]` has no effect: task `migrate` is manual, and code does not register it",
            "lifespan.toml:1:",
            "mark it `configured`, so that its table decides whether it runs",
        ],
    );
    assert_eq!(got.matches("warning:").count(), 1, "{got}");
    // A command that names other units expects no table of them to count; one that names it does.
    let got = program(&["only=server"], file, &[]);
    has(&got, &["plan: server\n"]);
    assert!(!got.contains("warning:"), "{got}");
    has(&program(&["only=migrate"], file, &[]), &["plan: migrate\n"]);
    has(
        &program(&[], "[lifespan.policy.migrate]\nenabled = true\n", &[]),
        &["plan: pool worker server migrate\n", "why: `enabled = true` under `[lifespan.policy.migrate]`"],
    );
    has(&program(&[], "", &[("LIFESPAN_POLICY__MIGRATE__ENABLED", "true")]), &["plan: pool worker server migrate\n"]);
}

#[test]
fn rule_122_a_configured_unit_runs_once_for_each_of_its_tables() {
    has(
        &program(&[], "", &[]),
        &["plan: pool worker server\n", "task `export` does not run: configured: there is no `[tasks.export]`"],
    );
    let got = program(&[], "[tasks.export]\nto = 'a'\n", &[]);
    has(&got, &["plan: pool worker server export[a]\n", "why: `lifespan.toml:1:8` configures it"]);
    let got = program(&[], "[[tasks.export]]\nto = 'a'\n[[tasks.export]]\nto = 'b'\n", &[]);
    has(&got, &["plan: pool worker server export[a] export[b]\n"]);
    has(&program(&[], "tasks.export = []\n", &[]), &["plan: pool worker server\n"]);
    let disabled = "[tasks.export]\nto = 'a'\n[lifespan.policy.export]\nenabled = false\n";
    has(&program(&[], disabled, &[]), &["plan: pool worker server\n", "disabled under `[lifespan.policy.export]`"]);
    let without = "[lifespan.policy.export]\nenabled = true\n";
    let variable = ("LIFESPAN__TASKS__EXPORT__TO", "c");
    has(&program(&[], without, &[variable]), &["plan: pool worker server export[c]\n"]);
    // A context may have several tables too; they are distinguished once resources have names.
    let got = program(&[], "[[tasks.tokens]]\n[[tasks.tokens]]\n", &[]);
    has(&got, &["the resource `Tokens` has 2 providers"]);
    assert!(!got.contains("registered more than once"), "{got}");
}

#[test]
fn rule_122_only_leaves_units_that_are_marked_always() {
    let tables = "[tasks.control]\n[tasks.tokens]\n[tasks.export]\nto = 'a'\n";
    let got = program(&["only=server"], tables, &[]);
    has(&got, &["plan: server control tokens\n", "why: it is `always`"]);
    // They still need their tables.
    has(&program(&["only=server"], "", &[]), &["plan: server\n"]);
    has(&program(&["only=server", "skip=control", "skip=tokens"], tables, &[]), &["plan: server\n"]);
}

#[test]
fn rule_123_a_unit_with_profiles_runs_if_one_is_active_or_if_it_is_named() {
    has(&program(&[], "", &[]), &["plan: pool worker server\n", "none of its profiles is active: `batch`, `nightly`"]);
    let got = program(&["profiles=nightly"], "", &[]);
    has(&got, &["plan: pool worker server rollup\n", "rollup why: the profile `nightly` is active"]);
    has(&got, &["context `totals` does not run: configured"]);
    has(&program(&["profiles=nightly"], "[tasks.totals]\n", &[]), &["plan: pool worker server rollup totals\n"]);
    has(
        &program(&[], "[tasks.totals]\n", &[]),
        &["context `totals` does not run: its profile `nightly` is not active"],
    );
    has(&program(&["only=rollup"], "", &[]), &["plan: rollup\n"]);
    let enabled = "[lifespan.policy.rollup]\nenabled = true\n";
    has(&program(&[], enabled, &[]), &["plan: pool worker server rollup\n"]);
}

#[test]
fn rule_123_profiles_are_a_setting_of_the_usual_layers() {
    let file = "[lifespan]\nprofiles = [\"batch\"]\n";
    let (with, without) = ("plan: pool worker server rollup\n", "plan: pool worker server\n");
    has(&program(&[], file, &[]), &[with, "the profile `batch` is active"]);
    has(&program(&[], "", &[("LIFESPAN_APP__PROFILES", "nightly, batch")]), &[with, "the profile `batch` is active"]);
    // The highest layer that sets them replaces the others; an empty variable counts as not set.
    let nightly = ("LIFESPAN_APP__PROFILES", "nightly");
    has(&program(&["profiles=batch"], file, &[nightly]), &[with, "the profile `nightly` is active"]);
    has(&program(&["profiles=batch"], "[lifespan]\nprofiles = []\n", &[]), &[without]);
    has(&program(&[], file, &[("LIFESPAN_APP__PROFILES", "")]), &[with]);
}

#[test]
fn rule_123_an_unknown_profile_is_a_problem_with_the_nearest_name() {
    let app = App::new().profiles(["bacth"]);
    has(&problem(&app), &["no unit has the profile `bacth`", "choice.rs:", "did you mean `batch`?"]);
    let got = program(&[], "[lifespan]\nprofiles = [\"batch\", \"s3cret\"]\n", &[]);
    has(
        &got,
        &[
            "name 2 in `lifespan.profiles` is not the profile of any unit",
            "lifespan.toml:2:1",
            "valid names: `batch`, `nightly`",
        ],
    );
    assert!(!got.contains("s3cret"), "{got}");
    let got = program(&[], "", &[("LIFESPAN_APP__PROFILES", "bacth")]);
    has(&got, &["name 1 in LIFESPAN_APP__PROFILES is not the profile of any unit", "did you mean `batch`?"]);
    for wrong in ["[\"a b\"]", "[1]", "true", "\"s3cret;\""] {
        let got = program(&[], &format!("[lifespan]\nprofiles = {wrong}\n"), &[]);
        has(&got, &["invalid value for `lifespan.profiles`", "lifespan.toml:2:"]);
        assert!(!got.contains("s3cret"), "{got}");
    }
    let got = program(&[], "[lifespan]\nshared = true\nprofiles = [\"elsewhere\"]\n", &[]);
    has(&got, &["plan: pool worker server\n", "warning: name 1 in `lifespan.profiles` is not the profile"]);
}

#[test]
fn rule_124_the_plan_says_of_each_unit_why_it_runs_or_why_not() {
    let app = App::new().profiles(["batch"]);
    app.register(ProbeConfig { site: "home".to_owned() }).unwrap();
    app.skip(worker).unwrap();
    let plan = app.check().unwrap().to_string();
    let lines: Vec<&str> = plan.lines().collect();
    let list: Vec<String> = lines.iter().map(|line| without_places(line)).collect();
    let expected = [
        "1  context  pool         PLACE  provides Pool",
        "2  task     server       PLACE",
        "3  task     rollup       PLACE  takes Totals  because the profile `batch` is active",
        "4  task     probe[home]  PLACE  because code registers it at PLACE",
        "not running:",
        "   task     base                 PLACE  manual",
        "   task     worker               PLACE  skipped at PLACE",
        "   task     seed_tables          PLACE  manual",
        "   task     migrate              PLACE  manual",
        "   task     export               PLACE  configured: there is no `[tasks.export]`",
        "   task     control              PLACE  configured: there is no `[tasks.control]`",
        "   context  tokens               PLACE  configured: there is no `[tasks.tokens]`",
        "   task     choice::left::twin   PLACE  manual",
        "   task     choice::right::twin  PLACE  manual",
        "   context  totals               PLACE  its profile `nightly` is not active",
        "a `manual` unit runs with `app.only(…)`, or with `enabled = true` under `[lifespan.policy.…]`",
    ];
    assert_eq!(list, expected, "{plan}");
    app.only(seed_tables).unwrap();
    let plan = app.check().unwrap().to_string();
    has(&plan, &["task     seed_tables", "because `app.only` names it", "because `seed_tables` needs it"]);
    assert!(!plan.contains("discovered"), "{plan}");
    assert!(without_places(&plan).contains("\n   task     worker  PLACE  skipped at "), "{plan}");
    assert!(plan.ends_with("\n   10 units that `app.only` does not name"), "{plan}");
}

#[test]
fn rule_124_an_app_that_registers_nothing_by_itself_lists_no_other_units() {
    let app = App::empty();
    app.register(ServerConfig {}).unwrap();
    let plan = app.check().unwrap();
    assert_eq!(plan.to_string().lines().count(), 1, "{plan}");
    assert!(plan.left_out().is_empty());
}

/// Returns a line with the places in this file taken out.
fn without_places(line: &str) -> String {
    let words = line.split(' ').map(|word| if word.starts_with("tests/choice.rs:") { "PLACE" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn rule_121_skip_takes_a_function_or_a_name() {
    assert_eq!(runs(&App::new()), "pool worker server");
    for skipped in ["server", "choice::server"] {
        let app = App::new();
        app.skip(skipped).unwrap();
        assert_eq!(runs(&app), "pool worker", "{skipped}");
    }
    let app = App::new();
    app.skip(server).unwrap();
    app.skip("worker".to_owned()).unwrap();
    assert_eq!(runs(&app), "pool");
}

#[test]
fn rule_120_a_name_that_is_no_unit_is_a_problem_with_the_nearest() {
    let app = App::new();
    app.skip("sever").unwrap();
    has(&problem(&app), &["`app.skip` names `sever`, which is not a unit", "choice.rs:", "did you mean `server`?"]);
    let app = App::new();
    app.only("wroker").unwrap();
    has(&problem(&app), &["`app.only` names `wroker`, which is not a unit", "did you mean `worker`?"]);
    let app = App::new();
    app.only(has).unwrap();
    has(&problem(&app), &["`app.only` names `choice::has`, which is not a unit", "name a function annotated with"]);
    let app = App::new();
    app.skip("twin").unwrap();
    has(
        &problem(&app),
        &["`app.skip` names `twin`, which several units have", "`choice::left::twin`, `choice::right::twin`"],
    );
    let app = App::new();
    app.only("choice::left::twin").unwrap();
    assert_eq!(runs(&app), "twin");
}

#[test]
fn rule_121_only_runs_the_named_units_and_what_they_need() {
    let app = App::new();
    app.only(worker).unwrap();
    assert_eq!(runs(&app), "pool worker");
    // Each call adds one. A manual unit that is named or needed runs too, as does one behind `after` and `Live`.
    app.only("seed_tables").unwrap();
    assert_eq!(runs(&app), "pool worker seed_tables migrate");
    let app = App::new();
    app.only(seed_tables).unwrap();
    assert_eq!(runs(&app), "pool seed_tables migrate");
    let why = |name: &str| app.registered().iter().find(|unit| unit.name() == name).unwrap().why();
    assert_eq!(why("seed_tables"), "`app.only` names it");
    assert_eq!(why("pool"), "`seed_tables` needs it");
}

#[test]
fn rule_121_only_leaves_out_what_code_registers_and_what_code_provides() {
    let app = App::new();
    app.register(ServerConfig {}).unwrap();
    app.register(ProbeConfig { site: "home".to_owned() }).unwrap();
    app.only(worker).unwrap();
    assert_eq!(runs(&app), "pool worker");
    app.only(probe).unwrap();
    assert_eq!(runs(&app), "pool worker probe[home]");
    app.replace(Pool).unwrap();
    assert_eq!(runs(&app), "worker probe[home]");
    let reasons = |app: &App| app.check().unwrap().left_out().iter().map(ToString::to_string).collect::<Vec<_>>();
    let reasons = reasons(&app).join("\n");
    has(&reasons, &["context `pool` does not run: replaced at tests/choice.rs:"]);
    has(&reasons, &["task `server` does not run: not named in `app.only`"]);
    let app = App::empty();
    app.register(ServerConfig {}).unwrap();
    app.register(MigrateConfig { to: 1 }).unwrap();
    app.only("migrate").unwrap();
    assert_eq!(runs(&app), "migrate");
    assert_eq!(app.check().unwrap().left_out().len(), 1, "an app that registers nothing by itself lists its own calls");
}

#[test]
fn rule_121_only_and_skip_of_one_unit_contradict_each_other() {
    let app = App::new();
    app.only(server).unwrap();
    app.only(worker).unwrap();
    app.skip(server).unwrap();
    has(&problem(&app), &["`app.only` names task `server`, which is skipped", "(`app.skip`)"]);
}

#[tokio::test(start_paused = true)]
async fn rule_121_nothing_is_chosen_after_the_launch() {
    let app = App::empty();
    app.register(ServerConfig {}).unwrap();
    let running = app.start().await.unwrap();
    let late = app.only("server").unwrap_err().to_string();
    assert_eq!(late, "cannot run only `server` after the lifespan has started; choose the units before the app starts");
    assert!(app.skip(server).unwrap_err().to_string().contains("cannot skip `choice::server` after"));
    assert!(running.stop().await.is_success());
}
