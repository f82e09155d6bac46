//! Health: what units say of themselves, and what becomes of it.

mod common;

use std::time::Duration;

use common::{Log, record};
use lifespan::{App, Event, Health, HealthCheck, Scope, Shutdown, Tick, lifespan_context, lifespan_task};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Each check with its reason, as `unit/name: reason`.
fn said(app: &App) -> Vec<String> {
    app.health().iter().map(text).collect()
}

fn text(check: &HealthCheck) -> String {
    check.reason.as_ref().map_or_else(|| check.to_string(), |reason| format!("{check}: {reason}"))
}

/// Hands its `Health` out to the test, at each start.
#[lifespan_task(manual)]
async fn patient(#[config(code)] given: UnboundedSender<Health>, health: Health, shutdown: Shutdown) {
    given.send(health).unwrap();
    shutdown.requested().await;
}

fn app_of_a_patient() -> (App, UnboundedReceiver<Health>) {
    let (given, healths) = unbounded_channel();
    let app = App::empty();
    app.register(PatientConfig { given }).unwrap();
    (app, healths)
}

#[tokio::test(start_paused = true)]
async fn rule_41_the_app_is_ready_while_every_check_is_healthy_and_each_change_is_one_event() {
    let (app, mut healths) = app_of_a_patient();
    let story = record(&app);
    let running = app.start().await.unwrap();
    let health = healths.recv().await.unwrap();
    let replica = health.named("replica");
    assert_eq!(said(&app), ["patient", "patient/replica"]);
    assert!(app.is_ready());
    let mut events = app.events();
    assert_eq!(events.so_far().checks.len(), 2);

    health.set_healthy(); // which it is
    sleep(seconds(5)).await;
    assert_eq!(app.health()[0].lasted, seconds(5));
    replica.set_unhealthy("lags behind");
    replica.set_unhealthy("lags behind"); // said already
    assert!(!app.is_ready());
    sleep(seconds(2)).await;
    health.named("replica").set_unhealthy(format_args!("is {}", "gone")); // the same check
    health.set_unhealthy("alone");
    sleep(seconds(1)).await;
    assert_eq!(said(&app), ["patient: alone", "patient/replica: is gone"]);
    assert_eq!(app.health()[1].lasted, seconds(3), "another reason is no new beginning");
    replica.set_healthy();
    assert!(!app.is_ready(), "the other is not");
    health.set_healthy();
    assert!(app.is_ready());

    let mut lasted = Vec::new();
    for _ in 0..5 {
        match events.next().await.unwrap() {
            Event::Unhealthy { reason, lasted: before, .. } => lasted.push((Some(reason.to_string()), before)),
            Event::Healthy { lasted: was, .. } => lasted.push((None, was)),
            other => panic!("{other}"),
        }
    }
    let reason = |text: &str| Some(text.to_owned());
    assert_eq!(
        lasted,
        [
            (reason("lags behind"), seconds(0)),
            (reason("is gone"), seconds(2)),
            (reason("alone"), seconds(0)),
            (None, seconds(3)),
            (None, seconds(1)),
        ]
    );
    assert!(running.stop().await.is_success());
    assert_eq!(
        story.await.unwrap()[4..9],
        [
            "unhealthy patient/replica",
            "unhealthy patient/replica",
            "unhealthy patient",
            "healthy patient/replica",
            "healthy patient"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_41_a_unit_that_is_not_healthy_before_it_is_up_holds_up_nothing_but_readiness() {
    #[lifespan_context(manual)]
    async fn cold(health: Health, scope: Scope<u8>) {
        health.set_unhealthy("the cache is cold");
        let mut provided = std::pin::pin!(scope.provide_until_shutdown(7));
        tokio::select! {
            () = sleep(seconds(9)) => health.set_healthy(),
            _ = &mut provided => return,
        }
        provided.await;
    }
    let app = App::empty().stay_up();
    app.register(ColdConfig {}).unwrap();
    let running = app.start().await.unwrap();
    assert_eq!(said(&app), ["cold: the cache is cold"]);
    assert!(!app.is_ready());
    sleep(seconds(10)).await;
    assert!(app.is_ready());
    assert!(running.stop().await.is_success());
    assert!(!app.is_ready() && app.health().is_empty(), "an ended unit has no check");
}

#[tokio::test(start_paused = true)]
async fn rule_41_a_restart_resets_the_check_and_an_earlier_incarnation_cannot_set_it() {
    #[lifespan_task(manual, restart(permanent, backoff = "1s", jitter = 0.0))]
    async fn relapses(#[config(code)] given: UnboundedSender<Health>, health: Health) {
        let check = health.named("breath");
        check.set_unhealthy("short");
        given.send(check).unwrap();
        sleep(seconds(5)).await;
    }
    let (given, mut healths) = unbounded_channel();
    let app = App::empty();
    app.register(RelapsesConfig { given: given.clone() }).unwrap();
    app.register(PatientConfig { given }).unwrap();
    let running = app.start().await.unwrap();
    let (first, patient) = (healths.recv().await.unwrap(), healths.recv().await.unwrap());
    patient.set_unhealthy("first start");
    let second = healths.recv().await.unwrap();
    assert_eq!(said(&app), ["relapses", "relapses/breath: short", "patient: first start"]);
    first.set_healthy();
    first.named("late").set_unhealthy("late");
    assert_eq!(said(&app), ["relapses", "relapses/breath: short", "patient: first start"]);
    second.set_healthy();

    app.restart(self::patient).await.unwrap();
    patient.set_unhealthy("still the first");
    assert_eq!(said(&app), ["relapses", "relapses/breath", "patient"]);
    assert!(app.is_ready());
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_41_the_runs_of_a_schedule_have_one_check_between_them() {
    #[lifespan_task(manual, every = "10s", overlap = "parallel(2)")]
    async fn probe(health: Health, also: Health, tick: Tick) {
        match tick.number() {
            1 => health.set_unhealthy("no answer"),
            // A run that fails leaves the check as it is.
            2 => panic!("as it should"),
            _ => also.set_healthy(),
        }
    }
    let app = App::empty();
    app.register(ProbeConfig {}).unwrap();
    let running = app.start().await.unwrap();
    sleep(seconds(15)).await;
    assert_eq!(said(&app), ["probe: no answer"]);
    assert_eq!(app.health()[0].lasted, seconds(15));
    sleep(seconds(10)).await;
    assert!(app.is_ready() && said(&app) == ["probe"]);
    assert!(running.stop().await.is_success());
}

#[tokio::test]
async fn rule_41_a_thread_of_its_own_has_a_health_too() {
    #[lifespan_task(manual, blocking)]
    fn works(health: Health, shutdown: Shutdown) {
        health.set_unhealthy("tired");
        shutdown.wait();
    }
    let app = App::empty();
    app.register(WorksConfig {}).unwrap();
    let mut events = app.events();
    let running = app.start().await.unwrap();
    while events.next().await.is_some_and(|event| event.to_string() != "unhealthy works") {}
    assert_eq!(said(&app), ["works: tired"]);
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_41_the_log_warns_once_and_says_when_it_is_over() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).without_time();
    // For all threads: one test's own is not heard everywhere.
    tracing::subscriber::set_global_default(subscriber.with_max_level(tracing::Level::DEBUG).finish()).unwrap();
    let (given, mut healths) = unbounded_channel();
    let app = App::empty();
    app.register(PatientConfig { given }).unwrap().named("loud").unwrap();
    let running = app.start().await.unwrap();
    let health = healths.recv().await.unwrap();
    let replica = health.named("replica");
    health.set_unhealthy("no pulse");
    sleep(seconds(2)).await;
    health.set_unhealthy("no breath");
    replica.set_unhealthy("lags behind");
    health.set_healthy();
    let log = log.text();
    let log = log.lines().filter(|line| line.contains("healthy") && line.contains("`loud`"));
    let log: Vec<String> = log.map(|line| line.trim_start().replace("lifespan: ", "")).collect();
    assert_eq!(
        log,
        [
            "WARN task `loud` is not healthy: no pulse",
            "DEBUG task `loud` is still not healthy, after 2 s: no breath",
            "WARN check `replica` of task `loud` is not healthy: lags behind",
            "INFO task `loud` is healthy again after 2 s",
        ]
    );
    assert!(running.stop().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_152_a_watch_reports_the_failures_in_a_row_a_late_answer_and_the_next_success() {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    let second = Duration::from_secs(1);
    // An answer a period; `None` is no answer at all.
    let answers = [Some(Err("broken")), Some(Ok(())), Some(Err("first")), None, Some(Err("third")), Some(Ok(())), None];
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    let ping = {
        let answers = Arc::clone(&answers);
        move || {
            let answer = answers.lock().unwrap().pop_front().flatten();
            async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        }
    };
    let (handle, health) = lifespan::Health::pair();
    let watch = health.watch(10 * second, ping).after(2).timeout(second);
    let watching = tokio::spawn(watch.run());
    let mut reasons = Vec::new();
    for _ in 0..7 {
        // In the middle of each period: a late answer has failed by then.
        tokio::time::sleep(5 * second).await;
        reasons.push(handle.reason().map(|reason| reason.to_string()));
        tokio::time::sleep(5 * second).await;
    }
    let reasons: Vec<_> = reasons.iter().map(Option::as_deref).collect();
    assert_eq!(reasons, [None, None, None, Some("no answer within 1 s"), Some("third"), None, None]);
    watching.abort();
}
