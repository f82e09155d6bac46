//! Work that may block and never return: prints and logs for the watch thread, and ends the process in spite of that.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::STEP;
use crate::base::problem::{Problem, ProblemKind};
use crate::base::time::short;
use crate::base::unwind::drop_quietly;
use crate::report::Report;
use crate::shared::app::AppShared;

/// The limit for writing the pending lines.
const LINES: Duration = Duration::from_millis(500);
/// The limit for printing the report, and for the process's own exit handlers.
const REPORT: Duration = Duration::from_secs(2);

/// Keeps the errors of tasks that have restarted in place, so that the report has them. Waits for a limited time: they
/// tell their texts, which is user code.
pub(super) fn keep_unheard(app: &Arc<AppShared>) {
    if !app.hub().unheard().is_empty() {
        let app = Arc::clone(app);
        within(LINES, move || app.hub().keep_all_unheard());
    }
}

/// Writes the pending lines, prints the report and ends the process. Never returns, and ends in a bounded time.
pub(super) fn end_process(app: Arc<AppShared>, report: Report) -> ! {
    within(LINES, move || app.hub().write_lines());
    print_and_exit(report)
}

/// Prints the report and ends the process.
pub(super) fn print_and_exit(report: Report) -> ! {
    let exit_code = i32::from(report.exit_code());
    within(REPORT, move || {
        report.print();
        std::process::exit(exit_code);
    });
    super::system::exit_now(exit_code)
}

/// Prints the report; waits no longer than its limit for the reader of standard error.
pub(crate) fn print_within_limit(report: &Report) {
    let printed = report.clone();
    if !within(REPORT, move || printed.print()) {
        report.print();
    }
}

/// Waits until the sender is dropped, or for this long. Returns whether it was dropped. Waits in steps, each of which
/// counts for no more than its length: time for which the process is suspended does not count.
pub(crate) fn is_over_within(mut limit: Duration, ended: &Receiver<Infallible>) -> bool {
    loop {
        let (began, step) = (Instant::now(), limit.min(STEP));
        match ended.recv_timeout(step) {
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) if limit == step => return false,
            Err(RecvTimeoutError::Timeout) => limit -= began.elapsed().min(step),
            Ok(never) => match never {},
        }
    }
}

/// Runs work that may block on its own thread, without waiting for it.
pub(super) fn aside(work: impl FnOnce() + Send + 'static) {
    within(Duration::ZERO, work);
}

/// Releases a share. If it is the last, drops the value on a separate thread: its destructors are user code, or call
/// the subscriber.
pub(super) fn release<T: Send + Sync + 'static>(share: Arc<T>) {
    if let Some(value) = Arc::into_inner(share) {
        aside(move || drop_quietly(value));
    }
}

/// Runs work that may block on its own thread, and waits for it for a limited time. Returns whether there is a thread:
/// without one the work can't be run, since it could block.
fn within(limit: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, ended) = channel();
    let thread = std::thread::Builder::new().name("lifespan-exit".to_owned()).spawn(move || {
        work();
        drop(done);
    });
    let is_there = thread.is_ok();
    if is_there {
        is_over_within(limit, &ended);
    }
    is_there
}

/// Returns the problem of a log whose reader has stopped reading.
pub(super) fn log_is_blocked(blocked: Duration) -> Problem {
    Problem::new(
        ProblemKind::State,
        format!("the log could not be written for {}: its reader has stopped reading", short(blocked)),
    )
    .help("keep reading the log, or write it on its own thread, as `tracing_appender::non_blocking` does")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    struct TellsWhoDrops(Sender<Option<String>>);

    impl Drop for TellsWhoDrops {
        fn drop(&mut self) {
            self.0.send(std::thread::current().name().map(str::to_owned)).expect("the test waits");
        }
    }

    #[test]
    fn the_last_share_is_dropped_on_a_thread_of_its_own() {
        let (sender, dropped) = channel();
        let first = Arc::new(TellsWhoDrops(sender));
        let second = Arc::clone(&first);
        release(first);
        assert!(dropped.try_recv().is_err());
        release(second);
        assert_eq!(dropped.recv().expect("it is dropped").as_deref(), Some("lifespan-exit"));
    }
}
