//! The contract with generated code: descriptors, their collection by the linker, and the start of a function.
#![allow(missing_docs, reason = "descriptors are for generated code; what people see of them is documented")]

pub(crate) mod body;
mod copies;
mod descriptor;
mod discovered;
pub(crate) mod ending;
mod extras;
pub(crate) mod load;
pub(crate) mod output;
mod packages;
mod provided;
pub(crate) mod registry;
mod running;
mod start;
mod steps;
mod thread;

pub(crate) use body::Body;
pub use body::BoxBody;
pub use copies::Copies;
pub(crate) use descriptor::BoundConfig;
pub use descriptor::{Config, Descriptor, Discovery};
pub(crate) use discovered::Linked;
pub use discovered::{Discovered, Unit};
pub use ending::Ending;
pub(crate) use extras::Layers;
pub use extras::{Layered, RegistrationExtras};
pub use output::{Never, Output};
pub(crate) use output::{Nothing, Returns, Runs};
pub use provided::{Provided, provided_by_context, provided_by_task};
pub use registry::exports;
pub use running::{returns, runs};
pub use start::{Inject, Start};
pub(crate) use thread::Thread;
