//! Runs what lives as long as a service does.

#[doc(hidden)]
pub use lifespan_core::private as __private;

pub use lifespan_macros::*;
