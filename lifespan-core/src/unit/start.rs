//! What generated code draws a unit's parameters from, and the types that it may draw.

use std::any::Any;

use crate::declare::Need;

/// What generated code draws a unit's parameters from.
///
/// The run stands on a higher floor; it is kept here by its identity alone, and `run/start.rs` knows it again.
pub struct Start<'a> {
    /// The run that starts the unit.
    pub(crate) run: &'a dyn Any,
    pub(crate) index: u32,
    /// The unit's config, once it has been asked for.
    pub(crate) config: &'a mut Option<Box<dyn Any + Send>>,
    /// The run of its schedule, if it has one.
    pub(crate) tick: Option<&'a dyn Any>,
    /// The life that its health checks are of, once it has asked for a `Health`.
    pub(crate) checks: Option<u64>,
}

impl Start<'_> {
    /// Creates the value of one injected parameter.
    pub fn inject<T: Inject>(&mut self) -> T {
        T::inject(self)
    }
}

/// A parameter type that the framework injects.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not something that `lifespan` can inject",
    label = "not an injected type",
    note = "injected are `App`, `Children`, `Health`, `Live<T>`, `Ready`, `Res<T>`, `Option<Res<T>>`, `Scope<T>`, `Shutdown` and `Tick` of `lifespan`; mark a keyword argument that is named like one of them with `#[config]`"
)]
pub trait Inject: Sized {
    /// Returns what the parameter asks for, for the plan.
    #[doc(hidden)]
    fn need() -> Need;
    /// Creates the parameter's value.
    #[doc(hidden)]
    fn inject(start: &mut Start) -> Self;
}
