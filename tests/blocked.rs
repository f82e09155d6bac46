//! The blocked-thread watch: a unit that blocks its thread is reported while it still does.
//!
//! Whatever blocks here is let go by the test when an event has come: no time is waited for, and none is too short.

mod common;

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use common::Story;
use lifespan::{App, Children, Event, Events, PollingThread, Report, Scope, Shutdown, lifespan_context, lifespan_task};
use tokio::runtime::{Builder, Runtime};

const LIMIT: Duration = Duration::from_millis(20);

/// Blocks its thread until it is let go.
#[lifespan_task(manual)]
async fn blocks(#[config(code)] gate: Receiver<()>, shutdown: Shutdown) {
    // Up before it blocks.
    tokio::task::yield_now().await;
    // When the test is over, the sender is dropped.
    let _ = gate.recv();
    shutdown.requested().await;
}

fn runtime(workers: usize) -> Runtime {
    if workers == 0 {
        return Builder::new_current_thread().enable_all().build().unwrap();
    }
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

/// Runs an app on a thread of its own, so that the test goes on whatever the app's threads do.
fn run(app: &App, workers: usize) -> thread::JoinHandle<Report> {
    let app = app.clone();
    thread::spawn(move || runtime(workers).block_on(app.launch()))
}

/// The next event that is about blocking.
fn next(events: &mut Events) -> Option<Event> {
    let one = async {
        loop {
            match events.next().await {
                Some(event @ (Event::Blocked { .. } | Event::Unblocked { .. })) => return Some(event),
                Some(_) => {}
                None => return None,
            }
        }
    };
    runtime(0).block_on(one)
}

/// The next event that says that a unit has blocked for so long at least. A busy machine may have stopped other polls.
fn blocked(events: &mut Events, name: &str, at_least: Duration) -> (Duration, PollingThread) {
    loop {
        match next(events).expect("it is reported while it blocks") {
            Event::Blocked { unit, lasted, thread } if unit.name() == name && lasted >= at_least => {
                return (lasted, thread);
            }
            _ => {}
        }
    }
}

#[test]
fn rule_28_a_poll_that_blocks_is_reported_while_it_does_again_as_time_doubles_and_once_when_it_has_ended() {
    // With one thread, all that the app has is blocked.
    for workers in [0, 1, 2] {
        let (open, gate) = channel();
        let app = App::empty().blocked_after(LIMIT);
        app.register(BlocksConfig { gate }).unwrap();
        let mut events = app.events();
        let running = run(&app, workers);
        let (mut lasted, mut thread) = blocked(&mut events, "blocks", LIMIT);
        for _ in 0..2 {
            (lasted, thread) = blocked(&mut events, "blocks", lasted + LIMIT);
        }
        assert!(thread.name.is_some() || workers == 0, "{thread}");
        while cfg!(target_os = "linux") && thread.computes != Some(false) {
            // It was only on its way to waiting.
            (lasted, thread) = blocked(&mut events, "blocks", lasted);
        }
        assert_eq!(thread.stack_command(), thread.id.map(|id| format!("gdb --batch -p {id} -ex bt")));
        open.send(()).unwrap();
        app.shutdown();
        let report = running.join().unwrap();
        assert!(report.is_success(), "{report}");
        let mut whole = Vec::new();
        while let Some(event) = next(&mut events) {
            match event {
                Event::Unblocked { lasted: all, .. } if all >= lasted => whole.push(all),
                // If the time doubled once more at that moment, that is reported first.
                Event::Blocked { lasted: more, .. } if whole.is_empty() => lasted = more,
                _ => {}
            }
        }
        assert_eq!(whole.len(), 1, "its end is reported once: {whole:?} after {lasted:?}");
    }
}

/// Blocks in its setup, its teardown or its destructor.
#[lifespan_context(manual)]
async fn context(part: String, #[config(code)] gate: Receiver<()>, scope: Scope) {
    struct Last(Option<Receiver<()>>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.iter().for_each(|gate| gate.recv().unwrap());
        }
    }
    if part == "setup" {
        gate.recv().unwrap();
    }
    scope.until_shutdown().await;
    if part == "teardown" {
        gate.recv().unwrap();
    }
    drop(Last(Some(gate).filter(|_| part == "destructor")));
}

#[test]
fn rule_28_every_part_of_a_unit_is_watched_to_the_end_of_the_run() {
    for part in ["setup", "teardown", "destructor"] {
        let (open, gate) = channel();
        let app = App::empty().blocked_after(LIMIT);
        app.register(ContextConfig { part: part.into(), gate }).unwrap();
        let mut events = app.events();
        let running = run(&app, 1);
        if part != "setup" {
            runtime(0).block_on(app.when_up());
            app.shutdown();
        }
        blocked(&mut events, "context", LIMIT);
        open.send(()).unwrap();
        let last = loop {
            match next(&mut events) {
                Some(Event::Blocked { .. }) => {}
                last => break last,
            }
        };
        assert!(matches!(last, Some(Event::Unblocked { .. })), "{last:?}");
        app.shutdown();
        assert!(running.join().unwrap().is_success());
    }
}

#[test]
fn rule_28_apps_share_the_watch_and_one_with_a_limit_of_zero_is_not_reported() {
    #[lifespan_task(manual)]
    async fn blocks_unwatched(#[config(code)] begins: Sender<()>, #[config(code)] gate: Receiver<()>) {
        begins.send(()).unwrap();
        gate.recv().unwrap();
    }
    let ((begins, begun), (open, gate)) = (channel(), channel());
    let unwatched = App::empty().blocked_after(Duration::ZERO);
    unwatched.register(BlocksUnwatchedConfig { begins, gate }).unwrap();
    let mut silent = unwatched.events();
    let first = run(&unwatched, 1);
    begun.recv().unwrap();

    // The other began later: the first would have been reported before it.
    let (open_other, gate) = channel();
    let app = App::empty().blocked_after(LIMIT);
    app.register(BlocksConfig { gate }).unwrap();
    let mut events = app.events();
    let second = run(&app, 2);
    blocked(&mut events, "blocks", 2 * LIMIT);
    open.send(()).unwrap();
    assert!(first.join().unwrap().is_success());
    assert!(next(&mut silent).is_none());

    open_other.send(()).unwrap();
    while let Some(Event::Blocked { .. }) = next(&mut events) {}
    app.shutdown();
    assert!(second.join().unwrap().is_success());
}

#[test]
fn rule_28_a_blocking_task_may_block_and_is_not_reported() {
    #[lifespan_task(manual, blocking)]
    fn may_block(#[config(code)] gate: Receiver<()>, shutdown: Shutdown) {
        gate.recv().unwrap();
        shutdown.wait();
    }
    let ((open, gate), (open_other, other_gate)) = (channel(), channel());
    let app = App::empty().blocked_after(LIMIT);
    app.register(MayBlockConfig { gate }).unwrap();
    app.register(BlocksConfig { gate: other_gate }).unwrap();
    let running = run(&app, 2);
    runtime(0).block_on(app.when_up());
    let mut events = app.events();
    // From here on both block, until one was reported twice. What a busy machine had stopped before has ended.
    let (mut reported, mut still) = (0, BTreeSet::new());
    while reported < 2 {
        match next(&mut events) {
            Some(Event::Blocked { unit, .. }) => {
                reported += u32::from(unit.name() == "blocks");
                still.insert(unit.name());
            }
            Some(Event::Unblocked { unit, .. }) => _ = still.remove(&unit.name()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(still, BTreeSet::from(["blocks".to_owned()]));
    open.send(()).unwrap();
    open_other.send(()).unwrap();
    app.shutdown();
    assert!(running.join().unwrap().is_success());
}

#[test]
fn rule_28_a_child_that_blocks_is_reported_as_its_parent() {
    #[expect(clippy::unused_async, reason = "it blocks where it should await")]
    async fn child(gate: Receiver<()>) {
        gate.recv().unwrap();
    }
    #[lifespan_task(manual)]
    async fn parent(#[config(code)] gate: Receiver<()>, children: Children, shutdown: Shutdown) {
        children.spawn("child", child(gate));
        shutdown.requested().await;
    }
    let (open, gate) = channel();
    let app = App::empty().blocked_after(LIMIT);
    app.register(ParentConfig { gate }).unwrap();
    let mut events = app.events();
    let running = run(&app, 2);
    // Twice the limit, which nothing else here holds up.
    blocked(&mut events, "parent", 2 * LIMIT);
    open.send(()).unwrap();
    app.shutdown();
    assert!(running.join().unwrap().is_success());
}

#[test]
fn rule_28_it_is_read_from_the_log_too_with_the_place_and_what_shows_the_stack() {
    #[derive(Clone)]
    struct Lines(Story, Sender<()>);

    impl std::io::Write for Lines {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            let line = String::from_utf8_lossy(text).into_owned();
            if line.contains("yields again") {
                let _ = self.1.send(());
            }
            self.0.record(line);
            Ok(text.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (story, (written, line)) = (Story::default(), channel());
    let lines = Lines(story.clone(), written);
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || lines.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let (open, gate) = channel();
    let app = App::empty().blocked_after(LIMIT);
    app.register(BlocksConfig { gate }).unwrap().named("a_slow_one").unwrap();
    let mut events = app.events();
    let running = run(&app, 1);
    let (_, thread) = blocked(&mut events, "a_slow_one", LIMIT);
    open.send(()).unwrap();
    line.recv().unwrap();
    app.shutdown();
    assert!(running.join().unwrap().is_success());
    let text = story.text();
    let line = text.lines().find(|line| line.contains("`a_slow_one` has blocked its thread for")).unwrap();
    let place = app.registered()[0].location().to_string();
    assert!(line.contains("WARN run: lifespan: task") && line.contains(&place), "{line}");
    let command = thread.stack_command().unwrap_or_default();
    assert!(line.contains(&command) && line.contains("and still does: thread `"), "{line}");
}
