//! The ending of a unit's body, as returned by generated code.

use std::error::Error;

use crate::base::RawFailure;
use crate::signal::Resource;

/// The ending of a body. Panics are caught by the caller.
pub enum Ending {
    /// The body returned `()` or `Ok(())`.
    Done,
    /// The body returned a value, which is a resource.
    Value(Resource),
    /// The body returned an error, which can be taken out again with its type (see `failure.rs`).
    Failed(Box<dyn Error + Send + Sync>),
    /// The body failed in another way, which it caught itself.
    RawFailure(RawFailure),
}
