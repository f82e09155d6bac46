//! Rules 51 and 90: no lock is held while user code runs. A subscriber that blocks holds up only the thread that calls it, and no line
//! is lost or out of order; a default expression may call the app.

mod common;

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use common::Story;
use lifespan::{App, Health, Shutdown, lifespan_task};
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::fmt::MakeWriter;

/// Keeps every line wanted: a line that is met for the first time while no subscriber is there may stay unwanted, although
/// another test installs one at that moment.
static ALL_ARE_WANTED: LazyLock<Dispatch> = LazyLock::new(|| tracing_subscriber::fmt().into());

fn subscriber(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) -> Arc<dyn Subscriber + Send + Sync> {
    LazyLock::force(&ALL_ARE_WANTED);
    let fmt = tracing_subscriber::fmt().without_time().with_ansi(false).with_target(false).with_level(false);
    Arc::new(fmt.with_writer(writer).finish())
}

/// A log whose reader stops reading at the first line with this part, until it is let go on.
#[derive(Clone)]
struct Log {
    story: Story,
    part: &'static str,
    stop: Arc<Mutex<Option<Stop>>>,
}

/// Says that it stops, and waits.
type Stop = (Sender<()>, Receiver<()>);

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line).trim().to_owned();
        if text.contains(self.part) {
            let stop = self.stop.lock().unwrap().take();
            if let Some((stopped, go_on)) = stop {
                stopped.send(()).unwrap();
                // The test has let it go on, or has ended.
                let _ = go_on.recv();
            }
        }
        self.story.record(text);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[lifespan_task(manual)]
async fn checked(#[config(code)] given: Sender<Health>, health: Health, shutdown: Shutdown) {
    given.send(health).unwrap();
    shutdown.requested().await;
}

#[tokio::test]
async fn rule_51_a_subscriber_that_blocks_holds_up_one_thread_and_loses_no_line() {
    let ((stopped, stops), (go_on, waits)) = (channel(), channel());
    let log = Log { story: Story::default(), part: "is cut", stop: Arc::new(Mutex::new(Some((stopped, waits)))) };
    let subscriber = subscriber(log.clone());
    let _guard = tracing::subscriber::set_default(Arc::clone(&subscriber));

    let (given, healths) = channel();
    let app = App::empty();
    app.register(CheckedConfig { given }).unwrap();
    let running = app.start().await.unwrap();
    let health = healths.recv().unwrap();
    let blocked = std::thread::spawn(move || {
        tracing::subscriber::with_default(subscriber, || health.set_unhealthy("the line is cut"));
    });
    stops.recv().unwrap();

    // The log is blocked, and the app is not.
    assert!(!app.is_ready());
    let report = running.stop().await;
    assert!(report.is_success(), "{report}");
    assert_eq!(log.story.lines().last().unwrap().as_str().split(" in ").next().unwrap(), "run: up");

    drop(go_on);
    blocked.join().unwrap();
    let lines: Vec<String> = log.story.lines().iter().map(|line| line.split(" in ").next().unwrap().into()).collect();
    assert_eq!(
        lines,
        [
            "run: launching 1 unit",
            "run: task `checked` up",
            "run: up",
            "task `checked` is not healthy: the line is cut",
            "run: shutting down: the app requested shutdown",
            "run: task `checked` stopped",
            "run: stopped",
        ]
    );
}

/// Waits before each line until the test lets it go on, and reports which thread is to write the line.
#[derive(Clone)]
struct Stepped {
    story: Story,
    writers: Sender<Option<String>>,
    steps: Arc<Mutex<Receiver<()>>>,
}

impl MakeWriter<'_> for Stepped {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl io::Write for Stepped {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let writer = std::thread::current().name().map(str::to_owned);
        // The test may have ended, and wait for nothing more.
        let _ = self.writers.send(writer);
        let _ = self.steps.lock().unwrap().recv();
        self.story.record(String::from_utf8_lossy(line).trim());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn rule_94_a_caller_writes_few_lines_of_others_and_a_thread_of_the_log_writes_the_rest() {
    let ((write, writers), (step, steps)) = (channel(), channel());
    let log = Stepped { story: Story::default(), writers: write, steps: Arc::new(Mutex::new(steps)) };
    let subscriber = subscriber(log.clone());

    let (given, healths) = channel();
    let app = App::empty();
    app.register(CheckedConfig { given }).unwrap();
    let running = app.start().await.unwrap();
    let health = Arc::new(healths.recv().unwrap());
    let caller = std::thread::Builder::new().name("caller".to_owned());
    let caller = caller.spawn({
        let (health, subscriber) = (Arc::clone(&health), Arc::clone(&subscriber));
        move || tracing::subscriber::with_default(subscriber, || health.named("first").set_unhealthy("0"))
    });
    let mut caller = Some(caller.unwrap());
    assert_eq!(writers.recv().unwrap().as_deref(), Some("caller"));
    let number = 1..=200;
    tracing::subscriber::with_default(subscriber, || {
        number.clone().for_each(|number| health.named(format!("check{number}")).set_unhealthy(number));
    });

    let mut lines_of = vec!["caller".to_owned()];
    for _ in 1..200 {
        step.send(()).unwrap();
        let writer = writers.recv().unwrap().unwrap();
        // It returns although its log is blocked again.
        if writer != "caller" && lines_of.len() == 64 {
            caller.take().unwrap().join().unwrap();
        }
        lines_of.push(writer);
    }
    let (of_caller, of_log) = lines_of.split_at(64);
    assert!(of_caller.iter().all(|writer| writer == "caller"), "{lines_of:?}");
    assert!(of_log.iter().all(|writer| writer == "lifespan-log"), "{lines_of:?}");
    step.send(()).unwrap();
    assert_eq!(writers.recv().unwrap().as_deref(), Some("lifespan-log"));
    drop(step);
    assert!(running.stop().await.is_success());
    let lines = log.story.lines();
    assert_eq!(lines.len(), 201);
    for (number, line) in lines.iter().enumerate() {
        assert!(line.ends_with(&format!("is not healthy: {number}")), "{number}: {line}");
    }
}

#[tokio::test]
async fn rule_94_a_line_has_the_span_of_its_event_and_not_that_of_its_writer() {
    let ((stopped, stops), (go_on, waits)) = (channel(), channel());
    let log = Log { story: Story::default(), part: "is cut", stop: Arc::new(Mutex::new(Some((stopped, waits)))) };
    let subscriber = subscriber(log.clone());

    let (given, healths) = channel();
    let app = App::empty();
    app.register(CheckedConfig { given }).unwrap();
    let running = app.start().await.unwrap();
    let health = Arc::new(healths.recv().unwrap());
    let writer = std::thread::spawn({
        let (health, subscriber) = (Arc::clone(&health), Arc::clone(&subscriber));
        move || {
            tracing::subscriber::with_default(subscriber, || {
                let of_alice = tracing::info_span!("of_alice");
                of_alice.in_scope(|| health.named("alice").set_unhealthy("the line is cut"));
                health.named("erin").set_unhealthy("without a span");
            });
        }
    });
    stops.recv().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        health.named("bob").set_unhealthy("without a span");
        tracing::info_span!("of_carol").in_scope(|| {
            health.named("carol").set_unhealthy("in a span");
            tracing::info_span!(parent: None, "of_dave").in_scope(|| health.named("dave").set_unhealthy("in another"));
        });
    });
    drop(go_on);
    writer.join().unwrap();
    assert!(running.stop().await.is_success());
    assert_eq!(
        log.story.lines(),
        [
            "of_alice: check `alice` of task `checked` is not healthy: the line is cut",
            "check `bob` of task `checked` is not healthy: without a span",
            "of_carol: check `carol` of task `checked` is not healthy: in a span",
            "of_dave: check `dave` of task `checked` is not healthy: in another",
            "check `erin` of task `checked` is not healthy: without a span",
        ]
    );
}

static APP: OnceLock<App> = OnceLock::new();

/// What the app answers while its configuration is read.
static ANSWERS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn asks_the_app() -> u8 {
    let app = APP.get().unwrap();
    let answers = [
        app.register(PlainConfig {}).map(drop).unwrap_err().to_string(),
        app.check().map(drop).unwrap_err().to_string(),
        format!("{} registered", app.registered().len()),
    ];
    ANSWERS.lock().unwrap().extend(answers);
    7
}

#[lifespan_task(manual)]
async fn plain() {}

#[lifespan_task]
async fn asks(#[config(default = asks_the_app())] number: u8) {
    assert_eq!(number, 7);
}

#[tokio::test]
async fn rule_51_a_default_that_calls_the_app_is_refused_and_does_not_hang() {
    let app = APP.get_or_init(App::new);
    assert!(app.check().is_ok());
    let refused = [
        "cannot register lifespan task `plain` after the lifespan has started; register all tasks before the app starts",
        "cannot check the app: it is reading its configuration",
        "0 registered",
    ];
    let answers: Vec<String> = std::mem::take(&mut *ANSWERS.lock().unwrap());
    assert_eq!(answers.len(), refused.len());
    for (answer, refused) in answers.iter().zip(refused) {
        assert!(answer.contains(refused), "{answer}");
    }
    // Nothing of it has changed what is asked for.
    assert_eq!(app.registered().len(), 1);
    assert!(app.launch().await.is_success());
}

#[tokio::test(start_paused = true)]
async fn rule_51_an_error_may_be_asked_for_while_it_is_inspected() {
    #[lifespan_task(manual)]
    async fn fails() -> Result<(), io::Error> {
        Err(io::Error::other("the wire is broken"))
    }
    let app = App::empty();
    app.register(FailsConfig {}).unwrap();
    let report = app.launch().await;
    let failure = &report.failures()[0];
    let inspected = failure.inspect_error(|error: &io::Error| {
        let again = failure.inspect_error(|same: &io::Error| std::ptr::eq(same, error));
        assert_eq!(again, Some(true));
        // It is in use, and stays.
        assert!(failure.take_error::<io::Error>().is_none());
        error.to_string()
    });
    assert_eq!(inspected.as_deref(), Some("the wire is broken"));
    assert!(failure.take_error::<io::Error>().is_some());
}
