//! What a parameter may ask for: `App`, `Res`, `Scope`, `Shutdown`.

pub(crate) mod res;
pub(crate) mod resources;
pub(crate) mod scope;
pub(crate) mod shutdown;

pub use res::Res;
pub use resources::Resource;

use crate::run::start::Start;
use crate::unit::Need;

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
