//! The contract with generated code: descriptors, their collection by the linker, and the start of a function.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

pub(crate) mod body;
mod descriptor;
mod discovered;
pub(crate) mod ending;
mod extras;
pub(crate) mod load;
pub(crate) mod output;
mod packages;

pub(crate) mod registry;
mod start;
mod thread;

pub(crate) use body::Body;
pub use body::BoxBody;
pub(crate) use descriptor::BoundConfig;
pub use descriptor::{Config, Descriptor, Discovery};
pub(crate) use discovered::Linked;
pub use discovered::{Discovered, Unit};
pub use ending::Ending;
pub(crate) use extras::Layers;
pub use extras::{Layered, RegistrationExtras};
pub use output::{Copies, Never, Output, Provided, provided_by_context, provided_by_task, returns, runs};
pub(crate) use output::{Nothing, Returns, Runs};
pub use registry::exports;
pub use start::{Inject, Start};
pub(crate) use thread::Thread;
