//! What a subscriber of `tracing` may do, in a process of its own: which lines are wanted is one setting for a process,
//! which another test's subscriber would change.

mod common;

use common::Story;
use lifespan::{App, Shutdown, lifespan_task};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

#[lifespan_task(manual)]
async fn waits(shutdown: Shutdown) {
    shutdown.requested().await;
}

/// Asks an app for its state whenever it is given a line.
struct Asks {
    app: App,
    messages: Story,
    states: Story,
}

impl tracing::Subscriber for Asks {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event()
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Message(&self.messages));
        self.states.record(self.app.state().to_string());
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Message<'a>(&'a Story);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.record(format!("{value:?}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_17_a_subscriber_may_ask_the_app_for_its_state() {
    let app = App::empty();
    app.register(WaitsConfig {}).unwrap();
    let asks = Asks { app: app.clone(), messages: Story::default(), states: Story::default() };
    let (messages, states) = (asks.messages.clone(), asks.states.clone());
    let guard = tracing::subscriber::set_default(asks);
    let report = app.start().await.unwrap().stop().await;
    drop(guard);
    assert!(report.is_success());
    let expected = [
        "launching 1 unit",
        "task `waits` starting",
        "task `waits` up in 0 s",
        "up in 0 s",
        "shutting down: the app requested shutdown",
        "task `waits` stopping",
        "task `waits` stopped in 0 s",
        "stopped in order after 0 s (the app requested shutdown)",
    ];
    assert_eq!(messages.lines(), expected);
    let mut states = states.lines();
    states.dedup();
    assert_eq!(states, ["starting", "up", "draining", "stopped"]);
}
