//! The report of a run: its exit code, its errors and the outcome of each unit.

mod run_error;
mod run_report;
mod text;
mod unit_report;

pub use run_error::RunError;
pub use run_report::Report;
pub use unit_report::UnitReport;
