//! What every floor may use: text, time, places in the source, errors in a box. It imports nothing of this crate.

pub(crate) mod cause;
pub(crate) mod clock;
pub(crate) mod error_box;
pub(crate) mod exit_code;
pub(crate) mod graph;
pub(crate) mod index;
pub(crate) mod location;
pub(crate) mod problem;
pub(crate) mod random;
pub(crate) mod sync;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod time;
pub(crate) mod type_info;
pub(crate) mod unwind;
pub(crate) mod verdict;
