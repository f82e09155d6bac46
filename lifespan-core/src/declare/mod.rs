//! What attributes declare and the operator overrides, as plain data.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

#[cfg(feature = "cron")]
pub(crate) mod cron;
#[cfg(not(feature = "cron"))]
#[path = "cron_disabled.rs"]
pub(crate) mod cron;
pub(crate) mod info;
pub(crate) mod options;
pub(crate) mod restart;
pub(crate) mod schedule;
