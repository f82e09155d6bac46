//! The types that a parameter may ask for: `App`, `Children`, `Health`, `Live`, `Ready`, `Res`, `Scope`, `Shutdown`,
//! `Tick`.

mod children;
mod health;
mod live;
mod ready;
mod res;
mod scope;
mod shutdown;
mod tick;
mod wait;

pub use children::{Child, ChildAbortHandle, ChildError, Children, ChildrenHandle, IsolatedChildren};
pub use health::{Health, HealthHandle};
pub use live::{Live, LiveHandle};
pub use ready::{Ready, ReadyHandle};
pub use res::{Res, StillHeld};
pub use scope::{Scope, ScopeHandle};
pub use shutdown::{Shutdown, ShutdownTrigger, Slept};
