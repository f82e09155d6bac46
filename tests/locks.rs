//! Rule 51: no lock is held while user code runs. A subscriber that blocks holds up only the thread that calls it, and no line
//! is lost or out of order; a default expression may call the app.

mod common;

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};

use common::Story;
use lifespan::{App, Health, Shutdown, lifespan_task};
use tracing_subscriber::fmt::MakeWriter;

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
        self.story.tell(text);
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
    let fmt = || tracing_subscriber::fmt().without_time().with_ansi(false).with_target(false).with_level(false);
    let subscriber: Arc<dyn tracing::Subscriber + Send + Sync> = Arc::new(fmt().with_writer(log.clone()).finish());
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
            "run: launching 1 units",
            "run: task `checked` up",
            "run: up",
            "task `checked` is not healthy: the line is cut",
            "run: shutting down: the app was told to stop",
            "run: task `checked` stopped",
            "run: stopped",
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
        "cannot check the app: it is being read",
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
