//! What a parameter may ask for.

use std::any::Any;
use std::sync::Arc;

use crate::run::start::Start;
use crate::unit::{Need, TypeInfo};

/// A parameter type that the framework hands in.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that `lifespan` can inject",
    label = "not an injected type",
    note = "injected are `App`, `Res<T>`, `Option<Res<T>>`, `Scope<T>` and `Shutdown` of `lifespan`; mark a keyword argument that is named like one of them with `#[config]`"
)]
pub trait Inject: Sized {
    /// What it asks for, for the plan.
    #[doc(hidden)]
    fn need() -> Need;
    /// Hands it in.
    #[doc(hidden)]
    fn inject(start: &mut Start) -> Self;
}

/// A value that a unit has returned, to be provided.
pub struct Resource {
    pub(crate) ty: TypeInfo,
    /// An `Arc<T>`.
    pub(crate) value: Box<dyn Any + Send + Sync>,
}

impl Resource {
    pub fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self { ty: TypeInfo::of::<T>(), value: Box::new(Arc::new(value)) }
    }
}
