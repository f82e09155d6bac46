//! How a unit's body ended, as the generated code hands it over.

use std::error::Error;

use crate::base::RawFailure;
use crate::signal::Resource;

/// How a body ended of itself; a panic is caught outside.
pub enum Ending {
    /// It returned, or returned `Ok(())`.
    Done,
    /// It returned a value, which is a resource.
    Value(Resource),
    /// It returned an error, which can be taken out again as the type it was (see `failure.rs`).
    Failed(Box<dyn Error + Send + Sync>),
    /// It broke in another way, which was caught inside.
    RawFailure(RawFailure),
}
