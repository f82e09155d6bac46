//! `App`: the one handle to an app, before, during and after its run.

mod answer;
mod handle;
pub(crate) mod launch;
mod queries;
mod readiness;
mod register;
mod register_error;
mod reload;
mod restart;
mod settings;
mod shutdown;
mod stage;
mod termination;
pub(crate) mod trigger;

pub use handle::App;
pub use register::Registration;
pub use register_error::RegisterError;
