//! The value that `main` returns: the report is printed, and sets the exit code.

use std::process::{ExitCode, Termination};

use crate::report::Report;
use crate::watch::{disarm_runtime_drop, print_within_limit};

impl Termination for Report {
    fn report(self) -> ExitCode {
        disarm_runtime_drop();
        if self.is_stopped_by_signal() {
            print_within_limit(&self);
        } else {
            self.print();
        }
        ExitCode::from(self.exit_code())
    }
}
