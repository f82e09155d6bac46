//! Rules 38 to 40 and 46: the sources are read again in the running process. They belong to a process, so each test runs
//! itself again in one of its own, in a directory of its own.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use common::{Log, record};
use lifespan::{
    App, ConfigChange, Event, Outcome, Report, Res, Running, Scope, Shutdown, State, lifespan_context, lifespan_task,
};
use tokio::sync::Notify;

static STORY: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(line: impl Into<String>) {
    STORY.lock().unwrap().push(line.into());
}

/// Returns the lines that units have recorded since the last call.
fn story() -> Vec<String> {
    std::mem::take(&mut *STORY.lock().unwrap())
}

struct Db(String);

#[lifespan_context(configured)]
async fn db(url: String, #[config(default = "", secret)] password: String, scope: Scope<Db>) {
    note(format!("db {url} {}", password.len()));
    let db = scope.provide_until_shutdown(Db(url)).await;
    note(format!("db {} goes", db.0));
}

#[lifespan_task(configured)]
async fn query(#[config(default = 1)] limit: u32, db: Res<Db>, shutdown: Shutdown) {
    note(format!("query {} {limit}", db.0));
    shutdown.requested().await;
    note("query goes");
}

#[lifespan_task(configured)]
async fn probe(
    #[config(key)] site: String,
    port: u16,
    #[config(default = Vec::new())] paths: Vec<String>,
    shutdown: Shutdown,
) {
    note(format!("probe {site} {port} {}", paths.len()));
    shutdown.requested().await;
    note(format!("probe {site} goes"));
}

#[lifespan_task(configured)]
async fn numbered(port: u16, shutdown: Shutdown) {
    note(format!("numbered {port}"));
    shutdown.requested().await;
}

/// Does without a database where there is none.
#[lifespan_task(configured)]
async fn lax(db: Option<Res<Db>>, shutdown: Shutdown) {
    note(format!("lax {}", db.map_or_else(|| "alone".to_owned(), |db| db.0.clone())));
    shutdown.requested().await;
}

/// Fails where its port is odd, and that is to be ignored.
#[lifespan_task(configured, on_failure = "ignore")]
async fn fussy(port: u16, shutdown: Shutdown) -> Result<(), String> {
    note(format!("fussy {port}"));
    if port % 2 == 1 {
        return Err(format!("{port} is odd"));
    }
    shutdown.requested().await;
    Ok(())
}

#[lifespan_task(configured, once)]
async fn migrate(to: u32) {
    note(format!("migrate {to}"));
}

#[lifespan_task(configured, restart(permanent, backoff = "1h", jitter = 0.0))]
async fn waits_to_restart(ok: bool, shutdown: Shutdown) -> Result<(), String> {
    note(format!("waits_to_restart {ok}"));
    tokio::task::yield_now().await;
    if !ok {
        return Err("not yet".to_owned());
    }
    shutdown.requested().await;
    Ok(())
}

#[lifespan_task(configured, every = "1h")]
async fn sweep() {
    note("sweep");
}

static RELEASE: Notify = Notify::const_new();

/// A run ends when it is let.
#[lifespan_task(configured, every = "1h")]
async fn sweeps_slowly() {
    note("sweeps");
    RELEASE.notified().await;
}

/// Has to wait an hour after a failure.
#[lifespan_context(configured, restart(transient, backoff = "1h", jitter = 0.0))]
async fn line(ok: bool, app: App, scope: Scope<u8>) -> Result<(), String> {
    note(format!("line {ok}"));
    let failed = async move {
        app.when_up().await;
        if ok { std::future::pending().await } else { "it is cut" }
    };
    match scope.provide_until_shutdown_or(1, failed).await {
        (_, Some(cut)) => Err(cut.to_owned()),
        (_, None) => Ok(()),
    }
}

#[lifespan_task(configured)]
async fn headed(headers: BTreeMap<String, u8>, shutdown: Shutdown) {
    note(format!("headed {headers:?}"));
    shutdown.requested().await;
}

/// Comes up when it is let.
#[lifespan_context(configured)]
async fn gate(#[config(code)] opens: Arc<Notify>, scope: Scope) {
    opens.notified().await;
    scope.until_shutdown().await;
}

/// Can be started only once.
struct Ticket;

#[lifespan_task(configured)]
async fn travels(#[config(code)] ticket: Ticket, db: Res<Db>, shutdown: Shutdown) {
    shutdown.requested().await;
    drop((ticket, db));
}

#[lifespan_task(configured)]
async fn by_code(port: u16, shutdown: Shutdown) {
    note(format!("by_code {port}"));
    shutdown.requested().await;
}

/// Goes only when it may.
#[lifespan_task(configured)]
async fn slow(version: u32, #[config(code)] may_go: Arc<Notify>, shutdown: Shutdown) {
    note(format!("slow {version}"));
    shutdown.requested().await;
    may_go.notified().await;
}

/// Has to wait an hour after a setup that fails.
#[lifespan_context(configured, restart(transient, backoff = "1h", jitter = 0.0))]
async fn uplink(ok: bool, scope: Scope<u16>) -> Result<(), String> {
    note(format!("uplink {ok}"));
    if !ok {
        return Err("nobody answers".to_owned());
    }
    scope.provide_until_shutdown(1).await;
    Ok(())
}

/// Fails to tear down.
#[lifespan_context(configured)]
async fn leaky(scope: Scope<u32>) -> Result<(), String> {
    scope.provide_until_shutdown(1).await;
    Err("it leaks".to_owned())
}

/// Fails as it is asked to stop.
#[lifespan_task(configured)]
async fn sulks(shutdown: Shutdown) -> Result<(), String> {
    shutdown.requested().await;
    Err("it sulks".to_owned())
}

#[lifespan_task(configured)]
async fn sender(uplink: Res<u16>, shutdown: Shutdown) {
    note("sender");
    shutdown.requested().await;
    drop(uplink);
}

static MAY_GO: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Does not end when it is asked to stop.
#[lifespan_task(configured, blocking, on_failure = "ignore", shutdown_timeout = "10ms")]
fn wedged(version: u32) {
    note(format!("wedged {version}"));
    drop(MAY_GO.1.wait_while(MAY_GO.0.lock().unwrap(), |may_go| !*may_go).unwrap());
}

#[lifespan_task(configured, once)]
async fn prep() {}

static STAYS_MAY_GO: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Is not up in time, and does not return.
#[lifespan_task(configured, blocking, on_failure = "ignore", startup_timeout = "20ms", after(prep))]
fn stays(ready: lifespan::Ready) {
    drop(STAYS_MAY_GO.1.wait_while(STAYS_MAY_GO.0.lock().unwrap(), |may_go| !*may_go).unwrap());
    drop(ready);
}

/// Its destructor panics.
#[derive(Clone, serde::Deserialize)]
struct Bomb(u8);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(self.0 == 0, "it was armed");
    }
}

#[lifespan_task(configured)]
async fn bombed(bomb: Bomb, shutdown: Shutdown) {
    shutdown.requested().await;
    drop(bomb);
}

/// Whether a reading has to wait, and how many there were.
static GATE: (Mutex<(bool, u32)>, Condvar) = (Mutex::new((false, 0)), Condvar::new());

fn read_once_open() -> u8 {
    let mut gate = GATE.0.lock().unwrap();
    gate.1 += 1;
    drop(GATE.1.wait_while(gate, |(is_closed, _)| *is_closed).unwrap());
    1
}

#[lifespan_task(configured)]
async fn gated(#[config(default = read_once_open())] value: u8, bomb: Bomb, shutdown: Shutdown) {
    note(format!("gated {value} {}", bomb.0));
    shutdown.requested().await;
    drop(bomb);
}

#[lifespan_task(configured)]
async fn pair(port: u16, shutdown: Shutdown) {
    note(format!("pair {port}"));
    shutdown.requested().await;
}

mod twin {
    use super::{Shutdown, lifespan_task, note};

    #[lifespan_task(configured)]
    pub async fn pair(port: u16, shutdown: Shutdown) {
        note(format!("twin {port}"));
        shutdown.requested().await;
    }
}

/// Has the app go on with what the sources say now, itself too.
#[lifespan_task(configured)]
async fn asks(version: u32, app: App, shutdown: Shutdown) {
    note(format!("asks {version}"));
    if version == 1 {
        write("[tasks.asks]\nversion = 2\n");
        drop(app.reload());
    }
    shutdown.requested().await;
}

/// Ignores a request to stop.
#[lifespan_task(configured, shutdown_timeout = "20ms")]
async fn deaf(#[config(alias = "level", rename = "depth")] version: u32, shutdown: Shutdown) {
    note(format!("deaf {version}"));
    drop(shutdown);
    std::future::pending::<()>().await;
}

/// Fails at once where its port is odd.
#[lifespan_task(configured)]
async fn strict(port: u16, shutdown: Shutdown) -> Result<(), String> {
    if port % 2 == 1 {
        return Err(format!("{port} is odd"));
    }
    shutdown.requested().await;
    Ok(())
}

#[lifespan_task(profile("mail"))]
async fn mailer(shutdown: Shutdown) {
    note("mailer");
    shutdown.requested().await;
    note("mailer goes");
}

const CASE: &str = "LIFESPAN_TEST_CASE";

/// Runs a case in a process and a directory of its own; this is also what that process does.
fn case(name: &str, file: &str, body: impl AsyncFnOnce(App)) {
    if std::env::var(CASE).as_deref() == Ok(name) {
        tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap().block_on(
            async {
                let watched = tokio::time::timeout(Duration::from_secs(60), body(App::new()));
                watched.await.expect("it ends");
            },
        );
        return;
    }
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("reload-{name}"));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("lifespan.toml"), file).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture"])
        .current_dir(&directory)
        .env(CASE, name)
        .env_remove("LIFESPAN_CONFIG");
    let output = command.output().unwrap();
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n");
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

macro_rules! cases {
    ($($name:ident($app:ident, $file:expr) $body:block)*) => { $(
        #[test]
        fn $name() {
            case(stringify!($name), $file, async |$app: App| $body);
        }
    )* };
}

fn write(file: &str) {
    std::fs::write("lifespan.toml", file).unwrap();
}

async fn reload(app: &App, file: &str) -> Vec<String> {
    write(file);
    app.reload().await.unwrap().iter().map(ToString::to_string).collect()
}

fn names(app: &App) -> Vec<String> {
    app.registered().iter().map(lifespan::Registered::name).collect()
}

async fn stop(running: Running) -> Report {
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
    report
}

async fn stops(running: Running) {
    drop(stop(running).await);
}

fn probes(probes: &[(&str, u16)]) -> String {
    probes
        .iter()
        .fold(String::new(), |file, (site, port)| file + &format!("[[tasks.probe]]\nsite = '{site}'\nport = {port}\n"))
}

cases! {
    rule_38_only_the_unit_whose_arguments_changed_restarts(app, &probes(&[("home", 1), ("work", 2)])) {
        let words = record(&app);
        let running = app.start().await.unwrap();
        let before = app.registered();
        story();
        let changes = reload(&app, &probes(&[("home", 1), ("work", 3)])).await;
        assert_eq!(changes, ["`port` of `probe[work]` (lifespan.toml:6:1)"]);
        assert_eq!(story(), ["probe work goes", "probe work 3 0"]);
        assert_eq!(app.registered(), before, "they are the same registrations");
        let report = stop(running).await;
        assert_eq!((report.unit("probe[home]").unwrap().restarts, report.unit("probe[work]").unwrap().restarts), (0, 1));
        let words = words.await.unwrap();
        let from = words.iter().position(|word| word.starts_with("reloading")).unwrap();
        let expected = [
            "reloading [probe[work].port]", "restarting part probe[work]", "stopping probe[work]",
            "stopped probe[work]", "starting probe[work]", "up probe[work]", "reloaded",
        ];
        assert_eq!(words[from..from + expected.len()], expected, "{words:?}");
    }

    rule_38_what_depends_on_a_changed_unit_restarts_with_it(app,
        "[tasks.db]\nurl = 'a'\n[tasks.query]\n[[tasks.probe]]\nsite = 'home'\nport = 1\n") {
        let running = app.start().await.unwrap();
        story();
        let with_b = "[tasks.db]\nurl = 'b'\n[tasks.query]\n[[tasks.probe]]\nsite = 'home'\nport = 1\n";
        reload(&app, with_b).await;
        assert_eq!(story(), ["query goes", "db a goes", "db b 0", "query b 1"]);
        reload(&app, &with_b.replace("[tasks.query]\n", "[tasks.query]\nlimit = 9\n")).await;
        assert_eq!(story(), ["query goes", "query b 9"]);
        stops(running).await;
    }

    rule_123_a_reload_starts_and_stops_the_units_of_a_profile(app, &probes(&[("a", 1)])) {
        let running = app.start().await.unwrap();
        story();
        let with_mail = "[lifespan]\nprofiles = ['mail']\n".to_owned() + &probes(&[("a", 1)]);
        let changes = reload(&app, &with_mail).await;
        assert_eq!(changes, ["the app's `profiles` (lifespan.toml:2:1)", "task `mailer` is new"]);
        assert_eq!(story(), ["mailer"]);
        assert_eq!(app.registered()[1].why(), "the profile `mail` is active");
        let changes = reload(&app, &probes(&[("a", 1)])).await;
        assert_eq!(changes, ["the app's `profiles` (as in code)", "task `mailer` was removed"]);
        assert_eq!(story(), ["mailer goes"]);
        stops(running).await;
    }

    rule_39_tables_that_are_added_and_removed_start_and_stop_instances(app, &probes(&[("a", 1), ("b", 2)])) {
        let running = app.start().await.unwrap();
        story();
        let changes = reload(&app, &probes(&[("a", 1), ("c", 3)])).await;
        assert_eq!(changes, ["task `probe[c]` is new (lifespan.toml:4:1)", "task `probe[b]` was removed"]);
        assert_eq!(story(), ["probe b goes", "probe c 3 0"]);
        assert_eq!(names(&app), ["probe[a]", "probe[c]"]);
        // In front of those that are there, as the file has it; and a removed one is added again.
        reload(&app, &probes(&[("d", 4), ("b", 5), ("a", 1), ("c", 3)])).await;
        assert_eq!(story(), ["probe d 4 0", "probe b 5 0"]);
        assert_eq!(names(&app), ["probe[d]", "probe[b]", "probe[a]", "probe[c]"]);
        app.restart("probe[d]").await.unwrap();
        let gone = app.restart("probe[x]").await.unwrap_err().to_string();
        assert!(gone.contains("no such unit in this app"), "{gone}");
        story();
        reload(&app, &probes(&[("b", 5)])).await;
        assert_eq!(names(&app), ["probe[b]"]);
        let report = stop(running).await;
        let all: Vec<String> = report.units().iter().map(|unit| format!("{} {}", unit.unit, unit.outcome)).collect();
        assert_eq!(all, ["probe[b] stopped", "probe[a] stopped", "probe[c] stopped", "probe[d] stopped"]);
    }

    rule_39_many_come_and_go(app, &probes(&[("0", 0)])) {
        let running = app.start().await.unwrap();
        for round in 1..20_u16 {
            let sites: Vec<(String, u16)> = (0..round * 3 % 40).map(|site| (site.to_string(), site)).collect();
            let sites: Vec<(&str, u16)> = sites.iter().map(|(name, port)| (name.as_str(), *port)).collect();
            // A file without any tasks would be an app without any.
            let file = if sites.is_empty() { probes(&[("0", 0)]) } else { probes(&sites) };
            reload(&app, &file).await;
            assert_eq!(app.registered().len(), sites.len().max(1));
        }
        let report = stop(running).await;
        assert!(report.units().iter().all(|unit| unit.outcome == Outcome::Stopped), "{report}");
    }

    instances_without_a_key_differ_by_their_numbers(app,
        "[[tasks.numbered]]\nport = 1\n[[tasks.numbered]]\nport = 2\n") {
        let running = app.start().await.unwrap();
        story();
        let changes = reload(&app, "[[tasks.numbered]]\nport = 2\n").await;
        assert_eq!(changes, ["`port` of `numbered` (lifespan.toml:2:1)", "task `numbered#2` was removed"]);
        assert_eq!(story(), ["numbered 2"]);
        stops(running).await;
    }

    rule_40_what_is_wrong_changes_nothing_and_is_reported_whole(app, &probes(&[("home", 1)])) {
        let words = record(&app);
        let running = app.start().await.unwrap();
        story();
        write("[[tasks.probe]]\nsite = 'home'\nport = 'x'\n[tasks.query]\n[tasks.nobody]\n");
        let error = app.reload().await.unwrap_err();
        assert_eq!(error.problems().len(), 3, "{error}");
        let text = error.to_string();
        for part in ["the previous one stays in use: 3 problems", "lifespan.toml:3:8", "`Res<Db>`", "nobody"] {
            assert!(text.contains(part), "no {part:?} in:\n{text}");
        }
        write("[[tasks.probe]\n");
        assert!(app.reload().await.unwrap_err().to_string().contains("not valid TOML"));
        assert!(story().is_empty());
        assert_eq!(names(&app), ["probe[home]"]);
        reload(&app, &probes(&[("home", 2)])).await;
        assert_eq!(story(), ["probe home goes", "probe home 2 0"]);
        stops(running).await;
        assert_eq!(words.await.unwrap().iter().filter(|word| *word == "reload refused").count(), 2);
    }

    rule_40_what_could_not_start_again_is_not_stopped(app, "[tasks.db]\nurl = 'a'\n") {
        app.register(TravelsConfig { ticket: Ticket }).unwrap();
        let running = app.start().await.unwrap();
        story();
        write("[tasks.db]\nurl = 'b'\n");
        let error = app.reload().await.unwrap_err().to_string();
        assert!(error.contains("`travels`") && error.contains("not `Clone`"), "{error}");
        assert!(story().is_empty());
        stops(running).await;
    }

    what_is_written_otherwise_has_not_changed(app,
        "[[tasks.probe]]\nsite = 'home'\nport = 16\npaths = ['a', 'b']\n[tasks.query]\nlimit = 2\n[tasks.db]\nurl = 'a'\n") {
        let running = app.start().await.unwrap();
        story();
        let changes = reload(&app,
            "# moved\n[tasks.db]\nurl = \"a\"\n[tasks.query]\nlimit = 2\n\n[[tasks.probe]]\nport = 0x10\npaths = [\n'a',\n  'b' ]\n\
             site = 'home'\n").await;
        assert!(changes.is_empty(), "{changes:?}");
        assert!(story().is_empty());
        // And so it is for the next comparison.
        let changes = reload(&app, "[tasks.db]\nurl = 'a'\n[tasks.query]\n").await;
        assert_eq!(changes, ["`limit` of `query` (its default)", "task `probe[home]` was removed"]);
        stops(running).await;
    }

    a_secret_is_never_shown(app, "[tasks.db]\nurl = 'a'\npassword = 'hunter2'\n[tasks.query]\n") {
        let (log, _guard) = Log::captured(tracing::Level::INFO);
        let mut events = app.events();
        let running = app.start().await.unwrap();
        let changes = reload(&app, "[tasks.db]\nurl = 'a'\npassword = 'swordfish'\n[tasks.query]\n").await;
        assert_eq!(changes, ["`password` of `db` (lifespan.toml:3:1)"]);
        write("[tasks.db]\nurl = 'a'\npassword = ['swordfish']\n[tasks.query]\n");
        let error = app.reload().await.unwrap_err();
        stops(running).await;
        let mut all = vec![format!("{error} {error:?} {}", log.text())];
        while let Some(event) = events.next().await {
            all.push(format!("{event:?} {event}"));
        }
        let all = all.join(" ");
        assert!(all.contains("changed: `password` of `db` (lifespan.toml:3:1)"), "{all}");
        assert!(!all.contains("hunter2") && !all.contains("swordfish"), "{all}");
    }

    settings_and_limits_hold_from_then_on_and_restart_no_unit(app, &probes(&[("home", 1)])) {
        let running = app.start().await.unwrap();
        story();
        let changes = reload(&app, &format!(
            "[lifespan]\ngrace = '3s'\nstable_after = '1s'\n[lifespan.policy.probe]\nshutdown_timeout = '2s'\n\
             readiness = 'required'\n{}", probes(&[("home", 1)]))).await;
        assert_eq!(changes, [
            "the app's `grace` (lifespan.toml:2:1)",
            "the app's `stable_after` (lifespan.toml:3:1)",
            "the policy's `shutdown_timeout` of `probe[home]` (lifespan.toml:5:1)",
            "the policy's `readiness` of `probe[home]` (lifespan.toml:6:1)",
        ]);
        assert!(story().is_empty());
        let changes = reload(&app, &probes(&[("home", 1)])).await;
        assert_eq!(changes, [
            "the app's `grace` (as in code)",
            "the app's `stable_after` (as in code)",
            "the policy's `shutdown_timeout` of `probe[home]` (as declared)",
            "the policy's `readiness` of `probe[home]` (as declared)",
        ]);
        stops(running).await;
    }

    rule_71_the_operator_has_readiness_require_a_unit_from_then_on(app, "[tasks.waits_to_restart]\nok = false\n") {
        let mut events = app.events();
        let running = app.start().await.unwrap();
        while !matches!(events.next().await, Some(Event::Restarting { .. })) {}
        story();
        let stands = || (app.is_ready(), app.is_degraded());
        assert_eq!(stands(), (true, true));
        let required = "[tasks.waits_to_restart]\nok = false\n[lifespan.policy.waits_to_restart]\nreadiness = 'required'\n";
        reload(&app, required).await;
        assert_eq!(stands(), (false, false));
        reload(&app, "[tasks.waits_to_restart]\nok = false\n").await;
        assert_eq!(stands(), (true, true));
        assert!(story().is_empty(), "it was not restarted");
        assert!(running.stop().await.is_success());
    }

    a_schedule_is_another_from_then_on(app, "[tasks.sweep]\n") {
        let words = record(&app);
        let running = app.start().await.unwrap();
        reload(&app, "[tasks.sweep]\n[lifespan.policy.sweep]\nevery = '90m'\nstart = 'after_first_period'\n").await;
        stops(running).await;
        let words = words.await.unwrap();
        assert!(words.iter().any(|word| word.starts_with("scheduled sweep every 90 min: in 90 min")), "{words:?}");
    }

    rule_99_a_run_that_was_asked_for_of_a_task_that_a_reload_takes_out_never_started(app, "[tasks.sweeps_slowly]\n[tasks.sweep]\n") {
        let running = app.start().await.unwrap();
        let asked = app.trigger(sweeps_slowly);
        let removed = async { reload(&app, "[tasks.sweep]\n").await };
        let mut events = app.events();
        let release = async {
            while !matches!(events.next().await, Some(Event::Stopping { .. })) {}
            RELEASE.notify_one();
        };
        let (asked, ..) = tokio::join!(asked, removed, release);
        let error = asked.unwrap_err();
        assert!(matches!(error, lifespan::TriggerError::Ended { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "the triggered run of `sweeps_slowly` never started: the task has ended; the report says why"
        );
        assert_eq!(story().iter().filter(|line| *line == "sweeps").count(), 1);
        stops(running).await;
    }

    the_operator_switches_units_off_and_on(app, "[tasks.db]\nurl = 'a'\n[tasks.lax]\n") {
        let running = app.start().await.unwrap();
        assert_eq!(story(), ["db a 0", "lax a"]);
        reload(&app, "[tasks.db]\nurl = 'a'\n[tasks.lax]\n[lifespan.policy.db]\nenabled = false\n").await;
        assert_eq!(story(), ["db a goes", "lax alone"]);
        assert_eq!(names(&app), ["lax"]);
        reload(&app, "[tasks.db]\nurl = 'c'\n[tasks.lax]\n").await;
        assert_eq!(story(), ["db c 0", "lax c"]);
        stops(running).await;
    }

    what_code_gave_stays_and_can_be_switched_off_and_on(app, "[lifespan.policy.by_code]\nenabled = false\n[tasks.sweep]\n") {
        app.register(ByCodeConfig { port: 7 }).unwrap();
        let running = app.start().await.unwrap();
        story();
        reload(&app, "[tasks.sweep]\n").await;
        assert_eq!(story(), ["by_code 7"]);
        reload(&app, "[lifespan.policy.by_code]\nenabled = false\n[tasks.sweep]\n").await;
        assert_eq!(names(&app), ["sweep"]);
        reload(&app, "[tasks.sweep]\n").await;
        assert_eq!(story(), ["by_code 7"]);
        let report = stop(running).await;
        assert_eq!(report.unit("by_code").unwrap().restarts, 1);
    }

    what_failed_starts_with_its_new_arguments_and_what_returned_does_not(app,
        "[tasks.fussy]\nport = 1\n[tasks.migrate]\nto = 1\n[tasks.waits_to_restart]\nok = false\n") {
        let running = app.start().await.unwrap();
        story();
        reload(&app, "[tasks.fussy]\nport = 2\n[tasks.migrate]\nto = 2\n[tasks.waits_to_restart]\nok = true\n").await;
        let mut lines = story();
        lines.sort();
        assert_eq!(lines, ["fussy 2", "waits_to_restart true"]);
        app.restart(migrate).await.unwrap();
        assert_eq!(story(), ["migrate 2"], "they are kept for its next start");
        stops(running).await;
    }

    what_waits_for_its_restart_starts_with_its_new_arguments_at_once(app, "[tasks.line]\nok = false\n[tasks.sweep]\n") {
        let mut events = app.events();
        let running = app.start().await.unwrap();
        while !matches!(events.next().await, Some(Event::Restarting { .. })) {}
        story();
        reload(&app, "[tasks.line]\nok = true\n[tasks.sweep]\n").await;
        assert_eq!(story(), ["line true"]);
        stops(running).await;
    }

    the_order_of_keys_is_no_difference(app, "[tasks.headed]\nheaders = { a = 1, b = 2 }\n") {
        let running = app.start().await.unwrap();
        assert!(reload(&app, "[tasks.headed.headers]\nb = 2\na = 1\n").await.is_empty());
        assert_eq!(reload(&app, "[tasks.headed.headers]\nb = 1\na = 2\n").await.len(), 1);
        assert_eq!(story(), ["headed {\"a\": 1, \"b\": 2}", "headed {\"a\": 2, \"b\": 1}"]);
        stops(running).await;
    }

    what_code_gave_keeps_the_name_that_its_key_made(app, "[tasks.sweep]\n") {
        app.register(ProbeConfig { site: "code".into(), port: 1, paths: Vec::new() }).unwrap();
        let running = app.start().await.unwrap();
        let changes = reload(&app, "[tasks.headed]\nheaders = {}\n").await;
        assert_eq!(changes, ["task `headed` is new (lifespan.toml:1:1)", "task `sweep` was removed"]);
        assert_eq!(names(&app), ["headed", "probe[code]"]);
        stops(running).await;
    }

    requests_at_once_are_carried_out_one_by_one(app, &probes(&[("home", 1)])) {
        let running = app.start().await.unwrap();
        story();
        write(&probes(&[("home", 2)]));
        let (first, second) = (app.reload(), app.reload());
        assert_eq!(first.await.unwrap().len(), 1);
        assert!(second.await.unwrap().len() <= 1);
        assert_eq!(story(), ["probe home goes", "probe home 2 0"]);
        stops(running).await;
    }

    a_request_while_the_app_comes_up_waits_for_that(app, &probes(&[("home", 1)])) {
        let opens = Arc::new(Notify::new());
        app.register(GateConfig { opens: Arc::clone(&opens) }).unwrap();
        let (mut events, words, launched) = (app.events(), record(&app), app.clone());
        let run = tokio::spawn(async move { launched.launch().await });
        while !matches!(events.next().await, Some(Event::Starting { unit }) if unit.name() == "gate") {}
        write(&probes(&[("home", 2)]));
        let reloading = app.reload();
        // Had the file been read already, it would have been before this.
        tokio::task::yield_now().await;
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(app.state(), State::Starting);
        opens.notify_one();
        assert_eq!(reloading.await.unwrap().len(), 1);
        assert_eq!(app.state(), State::Up);
        app.shutdown();
        assert!(run.await.unwrap().is_success());
        let words = words.await.unwrap();
        let place = |start: &str| words.iter().position(|word| word.starts_with(start)).unwrap();
        assert!(place("app up") < place("reloading"), "{words:?}");
    }

    what_is_being_removed_is_not_restarted(app, "[tasks.sweep]\n") {
        let may_go = Arc::new(Notify::new());
        app.register(SlowConfig { version: 1, may_go: Arc::clone(&may_go) }).unwrap();
        let mut events = app.events();
        let running = app.start().await.unwrap();
        story();
        write("[tasks.sweep]\n[lifespan.policy.slow]\nenabled = false\n");
        let reloading = tokio::spawn(app.reload());
        while !matches!(events.next().await, Some(Event::Stopping { unit }) if unit.name() == "slow") {}
        let restarting = app.restart(slow);
        may_go.notify_one();
        restarting.await.unwrap();
        assert_eq!(reloading.await.unwrap().unwrap().len(), 1);
        assert!(story().is_empty());
        assert_eq!(stop(running).await.unit("slow").unwrap().restarts, 0);
    }

    what_fails_with_its_new_arguments_does_not_keep_the_next_reload_waiting(app,
        "[tasks.uplink]\nok = true\n[tasks.sender]\n[tasks.sweep]\n") {
        let running = app.start().await.unwrap();
        story();
        let with_false = "[tasks.uplink]\nok = false\n[tasks.sender]\n[tasks.sweep]\n";
        reload(&app, with_false).await;
        assert_eq!(story(), ["uplink false"]);
        // Nor does what waits keep a reload that is about others.
        reload(&app, &format!("{with_false}[[tasks.probe]]\nsite = 'home'\nport = 1\n")).await;
        assert_eq!(story(), ["probe home 1 0"]);
        reload(&app, "[tasks.uplink]\nok = true\n[tasks.sender]\n[tasks.sweep]\n").await;
        assert_eq!(story(), ["probe home goes", "uplink true", "sender"]);
        stops(running).await;
    }

    what_is_removed_while_it_waits_for_its_restart_is_over(app,
        "[tasks.uplink]\nok = true\n[tasks.sender]\n[tasks.sweep]\n") {
        let mut events = app.events();
        let running = app.start().await.unwrap();
        reload(&app, "[tasks.uplink]\nok = false\n[tasks.sender]\n[tasks.sweep]\n").await;
        while !matches!(events.next().await, Some(Event::Reloaded { .. })) {}
        let restarting = app.restart(uplink);
        while !matches!(events.next().await, Some(Event::Restarting { .. })) {}
        reload(&app, "[tasks.sweep]\n").await;
        restarting.await.unwrap();
        assert_eq!(names(&app), ["sweep"]);
        story();
        reload(&app, "[tasks.uplink]\nok = true\n[tasks.sender]\n[tasks.sweep]\n").await;
        assert_eq!(story(), ["uplink true", "sender"]);
        stops(running).await;
    }

    rule_72_what_a_reload_takes_out_before_its_restart_was_not_restarted(app,
        "[tasks.waits_to_restart]\nok = false\n[tasks.uplink]\nok = true\n[tasks.sulks]\n[tasks.sweep]\n") {
        let mut events = app.events();
        let running = app.start().await.unwrap();
        while !matches!(events.next().await, Some(Event::Restarting { .. })) {}
        // One waits for its restart, one fails as it is taken out, and one stops in order.
        reload(&app, "[tasks.sweep]\n").await;
        assert_eq!(names(&app), ["sweep"]);
        let report = stop(running).await;
        let judged = |name: &str| {
            let failure = report.failures().iter().find(|failure| failure.unit().name() == name);
            failure.map(|failure| (failure.is_unrecovered(), failure.is_recovered()))
        };
        assert_eq!(judged("waits_to_restart"), Some((true, false)), "{report}");
        assert_eq!(judged("sulks"), Some((true, false)), "{report}");
        assert_eq!(judged("uplink"), None, "{report}");
        assert_eq!(report.to_string().matches("not restarted:").count(), 2, "{report}");
    }

    rule_73_a_teardown_that_fails_as_a_reload_takes_its_context_out_makes_the_stop_incomplete(app,
        "[tasks.leaky]\n[tasks.sweep]\n") {
        let running = app.start().await.unwrap();
        reload(&app, "[tasks.sweep]\n").await;
        assert_eq!(app.state(), State::Up);
        let report = running.stop().await;
        let [failure] = report.failures() else { panic!("one failure: {report}") };
        assert_eq!((report.exit_code(), failure.is_recovered()), (4, false), "{report}");
        assert!(report.to_string().contains("`leaky` failed during teardown: it leaks"), "{report}");
    }

    rule_40_a_step_that_has_returned_and_is_removed_concerns_no_dependent(
        app,
        "[tasks.prep]\n[tasks.stays]\n[tasks.numbered]\nport = 1\n"
    ) {
        let running = app.start().await.unwrap();
        assert_eq!(story(), ["numbered 1"]);
        // `stays` was given up, and could not start again.
        let changes = reload(&app, "[tasks.stays]\n[tasks.numbered]\nport = 2\n").await;
        assert_eq!(changes, ["`port` of `numbered` (lifespan.toml:3:1)", "task `prep` was removed"]);
        assert_eq!(story(), ["numbered 2"]);
        *STAYS_MAY_GO.0.lock().unwrap() = true;
        STAYS_MAY_GO.1.notify_all();
        drop(running.stop().await);
    }

    what_does_not_go_does_not_come_back_beside_itself(app, "[tasks.sweep]\n[tasks.wedged]\nversion = 1\n") {
        let mut events = app.events();
        let running = app.start().await.unwrap();
        reload(&app, "[tasks.sweep]\n").await;
        write("[tasks.sweep]\n[tasks.wedged]\nversion = 2\n");
        let error = app.reload().await.unwrap_err().to_string();
        assert!(error.contains("`wedged`") && error.contains("does not yield"), "{error}");
        *MAY_GO.0.lock().unwrap() = true;
        MAY_GO.1.notify_all();
        while !matches!(events.next().await, Some(Event::Stopped { unit, .. }) if unit.name() == "wedged") {}
        // That event says that it was given up. It returns a moment later, and is refused until then.
        let changes = loop {
            if let Ok(changes) = app.reload().await {
                break changes;
            }
        };
        assert_eq!(changes.len(), 1);
        assert_eq!(stop(running).await.unit("wedged").unwrap().restarts, 1);
    }

    arguments_whose_destructors_panic_are_refused_like_others(app, "[tasks.db]\nurl = 'a'\n") {
        app.register(TravelsConfig { ticket: Ticket }).unwrap();
        let running = app.start().await.unwrap();
        write("[tasks.db]\nurl = 'b'\n[tasks.bombed]\nbomb = 9\n");
        let error = app.reload().await.unwrap_err().to_string();
        assert!(error.contains("not `Clone`"), "{error}");
        assert!(reload(&app, "[tasks.db]\nurl = 'a'\n").await.is_empty());
        stops(running).await;
    }

    rule_40_a_removed_file_changes_nothing(app, "[tasks.sweep]\n[tasks.query]\nlimit = 2\n[tasks.db]\nurl = 'a'\n") {
        let running = app.start().await.unwrap();
        story();
        std::fs::remove_file("lifespan.toml").unwrap();
        let error = app.reload().await.unwrap_err();
        assert_eq!(error.problems().len(), 1, "{error}");
        assert!(error.to_string().contains("lifespan.toml was read before, but is gone"), "{error}");
        std::fs::create_dir("lifespan.toml").unwrap();
        let error = app.reload().await.unwrap_err();
        assert!(error.to_string().contains("can't be read"), "{error}");
        std::fs::remove_dir("lifespan.toml").unwrap();
        assert!(story().is_empty());
        assert_eq!(names(&app), ["db", "query", "sweep"]);
        reload(&app, "[tasks.sweep]\n").await;
        assert_eq!(names(&app), ["sweep"]);
        stops(running).await;
    }

    a_unit_restarts_itself_by_a_reload(app, "[tasks.asks]\nversion = 1\n") {
        let mut events = app.events();
        let running = app.start().await.unwrap();
        while !matches!(events.next().await, Some(Event::Reloaded { .. })) {}
        assert_eq!(story(), ["asks 1", "asks 2"]);
        stops(running).await;
    }

    a_unit_that_ignores_the_request_is_dropped_and_restarted(app, "[tasks.deaf]\ndepth = 1\n[tasks.sweep]\n") {
        let running = app.start().await.unwrap();
        story();
        assert!(reload(&app, "[tasks.deaf]\nlevel = 1\n[tasks.sweep]\n").await.is_empty(), "an alias is no change");
        let changes = reload(&app, "[tasks.deaf]\nlevel = 2\n[tasks.sweep]\n").await;
        assert_eq!(changes, ["`depth` of `deaf` (lifespan.toml:2:1)"]);
        assert_eq!(story(), ["deaf 2"]);
        reload(&app, "[tasks.sweep]\n").await;
        assert_eq!(app.state(), State::Up);
        // It was never started again, so nothing has recovered.
        let report = running.stop().await;
        assert_eq!((report.exit_code(), report.unit("deaf").unwrap().outcome), (4, Outcome::TimedOut), "{report}");
        assert!(report.failures().iter().any(|failure| !failure.is_recovered()), "{report}");
    }

    what_fails_at_once_with_its_new_arguments_fails_as_at_any_start(app, "[tasks.strict]\nport = 2\n[tasks.sweep]\n") {
        let running = app.start().await.unwrap();
        write("[tasks.strict]\nport = 1\n[tasks.sweep]\n");
        assert!(app.reload().await.unwrap_err().to_string().contains("the app is shutting down"));
        let report = running.wait().await;
        assert_eq!(report.exit_code(), 1, "{report}");
        assert!(report.to_string().contains("1 is odd"), "{report}");
    }

    an_app_whose_tasks_have_all_been_removed_stays_up(app, "[tasks.db]\nurl = 'a'\n[tasks.query]\n") {
        let running = app.start().await.unwrap();
        reload(&app, "[tasks.db]\nurl = 'a'\n").await;
        write("");
        assert!(app.reload().await.unwrap_err().to_string().contains("nothing is registered"));
        reload(&app, "[tasks.sweep]\n").await;
        assert_eq!(app.state(), State::Up);
        assert_eq!(names(&app), ["sweep"]);
        stops(running).await;
    }

    units_of_one_short_name_come_and_go(app, "[[tasks.'reload::pair']]\nport = 1\n[[tasks.'reload::pair']]\nport = 2\n") {
        let running = app.start().await.unwrap();
        assert_eq!(names(&app), ["pair", "pair#2"]);
        story();
        reload(&app, "[[tasks.'reload::pair']]\nport = 1\n[[tasks.'reload::pair']]\nport = 2\n\
            [tasks.'reload::twin::pair']\nport = 3\n").await;
        assert_eq!(story(), ["twin 3"]);
        assert_eq!(names(&app), ["reload::pair", "reload::pair#2", "twin::pair"]);
        reload(&app, "[tasks.'reload::pair']\nport = 1\n").await;
        assert_eq!(story(), Vec::<String>::new());
        assert_eq!(names(&app), ["pair"]);
        stops(running).await;
    }

    requests_of_both_kinds_at_once(app,
        "[tasks.db]\nurl = 'a'\n[tasks.query]\n[[tasks.probe]]\nsite = 'home'\nport = 1\n") {
        let running = app.start().await.unwrap();
        story();
        let restarting = app.restart(db);
        write("[tasks.db]\nurl = 'b'\n[tasks.query]\n[[tasks.probe]]\nsite = 'work'\nport = 1\n");
        // A caller need not wait for the result.
        drop(app.reload());
        let (reloading, restarting_more) = (app.reload(), app.restart(query));
        restarting.await.unwrap();
        restarting_more.await.unwrap();
        reloading.await.unwrap();
        let lines = story();
        assert_eq!(lines.iter().filter(|line| line.starts_with("probe")).count(), 2, "{lines:?}");
        assert!(lines.contains(&"query b 1".to_owned()), "{lines:?}");
        assert_eq!(names(&app), ["db", "query", "probe[work]"]);
        stops(running).await;
    }

    a_shutdown_in_the_middle_wins(app, "[tasks.slow]\nversion = 1\n") {
        let may_go = Arc::new(Notify::new());
        // What code leaves open the file gives.
        app.register(SlowConfig { version: 1, may_go: Arc::clone(&may_go) }).unwrap();
        app.register(ByCodeConfig { port: 1 }).unwrap();
        write(&probes(&[("home", 1)]));
        let mut events = app.events();
        let running = app.start().await.unwrap();
        story();
        write("[lifespan.policy.slow]\nenabled = false\n");
        let reloading = tokio::spawn(app.reload());
        while !matches!(events.next().await, Some(Event::Stopping { unit }) if unit.name() == "slow") {}
        app.shutdown();
        while !matches!(events.next().await, Some(Event::ShutdownRequested { .. })) {}
        may_go.notify_one();
        assert!(reloading.await.unwrap().unwrap_err().to_string().contains("is shutting down"));
        let report = running.wait().await;
        assert!(report.is_success(), "{report}");
        assert!(report.units().iter().all(|unit| unit.outcome == Outcome::Stopped || unit.unit.name() == "by_code"));
    }

    rule_53_what_a_late_reading_gives_is_thrown_away(app, "[tasks.gated]\nbomb = 0\n") {
        let running = app.start().await.unwrap();
        assert_eq!(story(), ["gated 1 0"]);
        GATE.0.lock().unwrap().0 = true;
        // Its destructor panics when it is thrown away.
        write("[tasks.gated]\nbomb = 1\n");
        let calls: Vec<_> = (0..50).map(|_| tokio::spawn(app.reload())).collect();
        let mut told_of = BTreeMap::new();
        for call in calls {
            let error = call.await.unwrap().unwrap_err().to_string();
            *told_of.entry(error).or_insert(0) += 1;
        }
        let errors: Vec<&str> = told_of.keys().map(String::as_str).collect();
        assert!(errors[0].contains("an earlier read timed out"), "{errors:?}");
        assert!(errors[1].contains("reading it timed out after 5s"), "{errors:?}");
        assert_eq!((errors.len(), GATE.0.lock().unwrap().1), (2, 2), "one at the launch, and one since");
        write("[tasks.gated]\nbomb = 0\n");
        GATE.0.lock().unwrap().0 = false;
        GATE.1.notify_all();
        let changes = loop {
            match app.reload().await {
                Ok(changes) => break changes,
                Err(error) => assert!(error.to_string().contains("an earlier read"), "{error}"),
            }
            tokio::task::yield_now().await;
        };
        assert!(changes.is_empty() && story().is_empty(), "{changes:?}");
        stops(running).await;
    }

    rule_53_paused_time_does_not_run_on_while_the_sources_are_read(app, "[tasks.query]\n[tasks.db]\nurl = 'a'\n") {
        let running = app.start().await.unwrap();
        tokio::time::pause();
        for limit in 1..20 {
            write(&format!("[tasks.query]\nlimit = {limit}\n[tasks.db]\nurl = 'a'\n"));
            let reloaded = tokio::time::timeout(Duration::from_secs(1), app.reload()).await;
            assert!(reloaded.expect("no second has passed").is_ok());
        }
        stops(running).await;
    }
}

#[tokio::test]
async fn an_app_that_reads_nothing_has_nothing_to_reload() {
    let app = App::empty();
    let error = app.reload().await.unwrap_err().to_string();
    assert_eq!(error, "cannot reload the configuration: the app is not running; launch it first");
    app.register(ByCodeConfig { port: 1 }).unwrap();
    let running = app.start().await.unwrap();
    let error = app.reload().await.unwrap_err().to_string();
    assert!(error.contains("reads no sources"), "{error}");
    assert!(running.stop().await.is_success());
}

/// A change says which unit it is about.
#[test]
fn a_change_knows_its_unit() {
    let change = ConfigChange::Setting { key: "grace", origin: None };
    assert!(change.unit().is_none());
    assert_eq!(change.to_string(), "the app's `grace` (as in code)");
}
