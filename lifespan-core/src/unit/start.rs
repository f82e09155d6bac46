//! The source of a unit's parameters in generated code, and the trait of the types that it can inject.

use std::any::Any;

use crate::declare::Need;

/// The source from which generated code takes a unit's parameters.
///
/// The run's type is declared in a higher folder, so it is erased here, and `run/start.rs` casts it back.
pub struct Start<'a> {
    /// The run that starts the unit.
    pub(crate) run: &'a dyn Any,
    pub(crate) index: u32,
    /// The unit's config, once it has been asked for.
    pub(crate) config: &'a mut Option<Box<dyn Any + Send>>,
    /// The run of its schedule, if it has one.
    pub(crate) tick: Option<&'a dyn Any>,
    /// The generation of its health checks, once it has asked for a `Health`.
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
    /// Returns the need that the parameter declares, for the plan.
    #[doc(hidden)]
    fn need() -> Need;
    /// Creates the parameter's value.
    #[doc(hidden)]
    fn inject(start: &mut Start) -> Self;
}
