//! Work that may block and never return: prints and logs for the watch thread, and ends the process even so.

use std::sync::Arc;
use std::time::Duration;

use super::aside::within;
use super::system;
use crate::base::{Problem, ProblemKind, short};
use crate::report::Report;
use crate::shared::AppShared;

/// The limit for writing the pending lines.
const LINES: Duration = Duration::from_millis(500);
/// The limit for printing the report, and for the process's own exit handlers.
const REPORT: Duration = Duration::from_secs(2);

/// Keeps the errors of tasks that have restarted in place, for the report. Waits for a limited time: it calls the
/// errors' `Display`, which is user code.
pub(super) fn keep_unreported(app: &Arc<AppShared>) {
    if !app.hub().unreported().is_empty() {
        let app = Arc::clone(app);
        within(LINES, move || app.hub().keep_all_unreported());
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
    system::exit_now(exit_code)
}

/// Prints the report; waits no longer than its limit for the reader of standard error.
pub(crate) fn print_within_limit(report: &Report) {
    let printed = report.clone();
    if !within(REPORT, move || printed.print()) {
        report.print();
    }
}

/// Returns the problem of a log whose reader has stopped reading.
pub(super) fn log_is_blocked(blocked: Duration) -> Problem {
    Problem::new(
        ProblemKind::State,
        format!("the log could not be written for {}: its reader has stopped reading", short(blocked)),
    )
    .help("keep reading the log, or write it on its own thread, as `tracing_appender::non_blocking` does")
}
