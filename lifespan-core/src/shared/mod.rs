//! What an app shares with its run, its units and the watch thread.

pub(crate) mod app;
pub(crate) mod configs;
#[cfg(feature = "testing")]
pub(crate) mod faults;
pub(crate) mod inbox;
pub(crate) mod requests;
pub(crate) mod run;
pub(crate) mod stop_signals;
