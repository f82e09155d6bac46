//! The cycle of building, stopping and starting: a state machine without processes, clock or terminal.
//!
//! # Invariants
//! - At most one build and one process run at any time. A change cancels the build; the next build starts when the
//!   cancelled one has ended.
//! - A process is asked to stop only when a new binary is waiting, or when the tool quits. The next process starts after
//!   the old one has ended, never before.
//! - The last good binary is kept; it is started again if its successor ends before it is up.

mod machine;
mod protocol;
#[cfg(test)]
mod tests;

pub(crate) use machine::{Cycle, GRACE};
pub(crate) use protocol::{Action, Change, Ending, Fact, Generation, Input, Reload, Shown, Status};
