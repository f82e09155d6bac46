//! What runs: the core of [`lifespan`](https://docs.rs/lifespan), which is the crate to use.

mod config;
mod inject;
mod plan;
#[doc(hidden)]
pub mod private;
mod probe;
mod registry;
mod run;
mod unit;
