//! What happens and what is known, as values: events, failures, states, and the reasons why a call was refused.

pub(crate) mod config_change;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod failure;
pub(crate) mod headline;
pub(crate) mod health_check;
pub(crate) mod reason;
pub(crate) mod reload_error;
pub(crate) mod restart_error;
pub(crate) mod run_outcome;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod tick;
