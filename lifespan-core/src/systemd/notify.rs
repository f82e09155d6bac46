//! Notifies systemd of the app's state, if `NOTIFY_SOCKET` is set: ready, reloading, stopping, the text for `systemctl
//! status`, watchdog pings, and extensions of the startup and stop timeouts.
//!
//! # Invariants
//! - Messages are derived from the facts at each change, and each is sent once: `READY=1` and then `STOPPING=1` are
//!   sent even if an app came up and stopped between two looks.
//! - A task of the runtime sends the pings: while the runtime is blocked there are none, which is their purpose.
//! - The run never waits for a send: a thread sends, and only the end of the run waits for the last message, for a
//!   second.
//! - At most one app of a process notifies at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::socket::{self, Assignment, Socket, VARIABLE};
use super::status_text;
use crate::base::FAR;
use crate::facts::State;
use crate::hub::Facts;
use crate::plan::Limits;
use crate::shared::RunShared;

/// The interval at which a startup or a stop in progress is reported; a shorter one reports no progress.
const PULSE: Duration = Duration::from_secs(1);
/// The time that a startup or a stop may take beyond its limit: for late timers and, for a stop, for the hard deadline
/// and the exit of the process.
const SLACK: Duration = Duration::from_secs(2);
/// A duration in microseconds that fits into a message.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Notifies systemd of a run, if there is an address and this is the program's own app: one that handles signals. The
/// task ends soon after the run.
pub(crate) fn notify(run: &Arc<RunShared>, units: usize, reloads: bool) -> Option<JoinHandle<()>> {
    if !run.limits.get().signals || std::env::var_os(VARIABLE).is_none_or(|socket| socket.is_empty()) {
        return None;
    }
    let lock = NotifyLock::take()?;
    let prints = run.app.hub().lines_without_event();
    let socket = Socket::open(run.span.clone(), prints).inspect_err(|error| socket::warn(error, prints)).ok()?;
    // Sent at once, so that systemd knows that more follows.
    let starting = Assignment::Status(status_text::starting(units));
    socket.send([reloads.then_some(Assignment::Reloads), Some(starting)].into_iter().flatten().collect());
    Some(tokio::spawn(run_notifier(Arc::clone(run), socket, lock)))
}

/// The right of one app to notify for this process.
struct NotifyLock;

static TAKEN: AtomicBool = AtomicBool::new(false);

impl NotifyLock {
    fn take() -> Option<Self> {
        (!TAKEN.swap(true, Ordering::AcqRel)).then_some(Self)
    }
}

impl Drop for NotifyLock {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::Release);
    }
}

async fn run_notifier(run: Arc<RunShared>, socket: Socket, _lock: NotifyLock) {
    let mut changes = run.app.hub().changes();
    let mut sent = Sent::default();
    let watchdog = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
    let mut ping = watchdog.map(|limit| (limit / 2, Instant::now() + limit / 2));
    loop {
        let now = Instant::now();
        // Before the look, so that a change during the look is not missed.
        changes.mark_unchanged();
        let (messages, state) = run.app.hub().read(|facts| (sent.look(facts, &run.limits.get(), now), facts.state()));
        for message in messages {
            socket.send(message);
        }
        if state == State::Stopped {
            return socket.close().await;
        }
        if let Some((period, at)) = &mut ping
            && *at <= now
        {
            socket.send(vec![Assignment::Watchdog]);
            *at = now + *period;
        }
        let pulse = (state != State::Up).then_some(now + PULSE);
        let next = pulse.into_iter().chain(ping.map(|(_, at)| at)).min().unwrap_or(now + FAR);
        // The result does not matter: the next look finds what changed. The app owns the sender.
        let _ = timeout_at(next, changes.changed()).await;
    }
}

/// The state that was sent so far.
#[derive(Default)]
struct Sent {
    ready: bool,
    reloading: u32,
    reloaded: u32,
    stopping: bool,
    status: String,
    /// The start of the startup or the stop.
    since: Option<Instant>,
    /// The deadline that systemd knows.
    until: Option<Instant>,
}

impl Sent {
    /// Returns the messages to send now, in order.
    fn look(&mut self, facts: &Facts, limits: &Limits, now: Instant) -> Vec<Vec<Assignment>> {
        let mut messages = Vec::new();
        let is_up = facts.state() != State::Starting && facts.machine.was_up();
        if is_up && !std::mem::replace(&mut self.ready, true) {
            messages.push(vec![Assignment::Ready]);
        }
        if facts.reloads.begun > self.reloading {
            self.reloading = facts.reloads.begun;
            messages.push(vec![Assignment::Reloading]);
        }
        if facts.reloads.ended > self.reloaded {
            self.reloaded = facts.reloads.ended;
            messages.push(vec![Assignment::Ready]);
        }
        if let (Some(reason), false) = (facts.requests.first(), self.stopping) {
            self.stopping = true;
            (self.since, self.until) = (Some(now), None);
            let extend = self.extend(now + limits.shutdown, now);
            let status = self.status(status_text::stopping(reason));
            messages.push([Some(Assignment::Stopping), extend, status].into_iter().flatten().collect());
        }
        let began = *self.since.get_or_insert(now);
        let goes_on = now >= began + PULSE;
        let more = match facts.state() {
            State::Starting if goes_on => {
                let until = facts.starting_until();
                [until.and_then(|until| self.extend(until, now)), self.status(status_text::still_starting(facts))]
            }
            State::Up => [None, self.status(status_text::up(facts))],
            State::Draining | State::Stopping if goes_on => {
                [self.extend(began + limits.shutdown, now), self.status(status_text::still_stopping(facts))]
            }
            State::Stopped => [None, self.status(status_text::over(facts))],
            _ => [None, None],
        };
        let more: Vec<Assignment> = more.into_iter().flatten().collect();
        match messages.last_mut() {
            Some(last) if facts.state() == State::Up => last.extend(more),
            _ if more.is_empty() => {}
            _ => messages.push(more),
        }
        messages
    }

    /// Asks systemd to extend the timeout to this moment, unless it has been extended that far. Extends by at most an
    /// hour at a time.
    fn extend(&mut self, until: Instant, now: Instant) -> Option<Assignment> {
        let until = until + SLACK;
        if self.until.is_some_and(|sent| sent >= until.min(now + HOUR / 2)) {
            return None;
        }
        let more = (until - now).min(HOUR);
        self.until = Some(now + more);
        Some(Assignment::Extend(more))
    }

    /// Returns the status text if it has changed.
    fn status(&mut self, text: String) -> Option<Assignment> {
        (self.status != text).then(|| {
            self.status.clone_from(&text);
            Assignment::Status(text)
        })
    }
}
