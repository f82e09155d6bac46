//! The state that an app shares with its run, its units and the watch thread.

mod app;
mod configs;
#[cfg(feature = "testing")]
mod faults;
mod inbox;
mod requests;
mod run;
mod stop_request;
mod stop_signals;

pub(crate) use app::{AppShared, WatchStop};
#[cfg(feature = "testing")]
pub(crate) use faults::Act;
pub(crate) use inbox::{Fact, Inbox, Message, Request};
pub(crate) use requests::{ReloadCall, RestartCall, SourcesRead};
pub(crate) use run::RunShared;
pub(crate) use stop_signals::{StopLimit, StopSignals};
