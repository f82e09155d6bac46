//! All that generated code may name. Not for people: it changes without notice.
#![allow(missing_docs)]

pub use crate::config::Binder;
pub use crate::inject::{Inject, Resource};
pub use crate::run::ending::Ending;
pub use crate::run::start::Start;
pub use crate::unit::{
    Argument, BoxFuture, Config, Descriptor, Discovery, Edge, Kind, Location, Need, OnFailure, OnReturn, OnShutdown,
    Options, TypeInfo, id_of,
};
