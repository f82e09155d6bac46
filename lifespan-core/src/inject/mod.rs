//! The types that a parameter may ask for: `App`, `Children`, `Health`, `Live`, `Ready`, `Res`, `Scope`, `Shutdown`,
//! `Tick`.

mod child;
mod children;
mod children_handle;
mod health;
mod health_watch;
mod isolated_children;
mod live;
mod ready;
mod res;
mod scope;
mod scope_handle;
mod shutdown;
mod tick;
mod wait;

pub use child::{Child, ChildAbortHandle, ChildError};
pub use children::Children;
pub use children_handle::ChildrenHandle;
pub use health::{Health, HealthHandle};
pub use health_watch::HealthWatch;
pub use isolated_children::{IsolatedChildren, Room};
pub use live::{Live, LiveHandle};
pub use ready::{Ready, ReadyHandle};
pub use res::{Res, StillHeld};
pub use scope::Scope;
pub use scope_handle::ScopeHandle;
pub use shutdown::{Shutdown, ShutdownTrigger, Slept};
