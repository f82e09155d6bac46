//! The types that a parameter may ask for: `App`, `Children`, `Health`, `Live`, `Ready`, `Res`, `Scope`, `Shutdown`,
//! `Tick`.

pub(crate) mod children;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod ready;
pub(crate) mod res;
pub(crate) mod resources;
pub(crate) mod scope;
pub(crate) mod shutdown;
pub(crate) mod tick;
mod wait;

pub use res::Res;
pub use resources::Resource;

use tokio::time::Instant;

use crate::failure::Broken;
use crate::run::start::Start;
use crate::run::stop_signal::Incarnation;
use crate::unit::Need;

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

/// One incarnation of a unit: reports from an earlier incarnation are ignored.
#[derive(Clone, Copy)]
pub(crate) struct Who {
    pub(crate) index: u32,
    pub(crate) incarnation: Incarnation,
}

impl Who {
    /// A listener for values created in tests.
    pub(crate) const BY_HAND: Self = Self { index: 0, incarnation: Incarnation::FIRST };
}

/// The receiver of what a unit does with its `Scope` or its `Ready`.
pub(crate) trait Keeper: Send + Sync {
    /// The resource was provided, or the task is ready.
    fn provided(&self, who: Who);
    /// The future that holds the resource was dropped or has ended, or the `Ready` was dropped unused.
    fn let_go(&self, who: Who);
    /// The unit asked for more time to come up, until this moment.
    fn extended(&self, _who: Who, _until: Instant) {}
    /// The resource was lost while it is still needed; with the error, if it is known.
    fn lost(&self, _who: Who, _broken: Option<Broken>) {}
}
