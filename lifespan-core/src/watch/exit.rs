//! What may block and never return: prints and logs for the watch thread, and ends the process in spite of that.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::STEP;
use crate::app::App;
use crate::log::short;
use crate::plan::problem::{Problem, ProblemKind};
use crate::report::Report;
use crate::unwind::drop_quietly;

/// How long the lines that wait may take to be written.
const LINES: Duration = Duration::from_millis(500);
/// How long the report may take to be printed, and the process's own exit handlers to run.
const REPORT: Duration = Duration::from_secs(2);

/// Writes the lines that wait, prints the report and ends the process. Returns in no case, and in a bounded time.
pub(super) fn end_process(app: App, report: Report) -> ! {
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

/// Prints the report; what reads standard error is not waited for any longer than its limit.
pub(crate) fn print_within_limit(report: &Report) {
    let printed = report.clone();
    if !within(REPORT, move || printed.print()) {
        report.print();
    }
}

/// Waits until what holds the sender has dropped it, and no longer than this. Returns whether it has. In steps, each of
/// which counts for no more than its length: time for which the process is suspended does not count.
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

/// Runs what may block on a thread of its own, without waiting for it.
pub(super) fn aside(work: impl FnOnce() + Send + 'static) {
    within(Duration::ZERO, work);
}

/// Gives a share back. Where it is the last, drops the value on a thread of its own: its destructors are user code, or call
/// the subscriber.
pub(super) fn release<T: Send + Sync + 'static>(share: Arc<T>) {
    if let Some(value) = Arc::into_inner(share) {
        aside(move || drop_quietly(value));
    }
}

/// Runs what may block on a thread of its own, and waits no longer than this for its end. Returns whether there is a thread:
/// without one there is no way to run it that could not block.
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

/// The problem of a log that nobody reads.
pub(super) fn log_is_blocked(blocked: Duration) -> Problem {
    Problem::new(
        ProblemKind::State,
        format!("the log could not be written for {}: what reads it has stopped reading", short(blocked)),
    )
    .help("have the log read, or written by a thread of its own, as `tracing_appender::non_blocking` does")
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
