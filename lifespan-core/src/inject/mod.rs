//! The types that a parameter may ask for: `App`, `Children`, `Health`, `Live`, `Ready`, `Res`, `Scope`, `Shutdown`,
//! `Tick`.

pub(crate) mod children;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod ready;
pub(crate) mod res;
pub(crate) mod scope;
pub(crate) mod shutdown;
pub(crate) mod tick;
mod wait;

pub use res::Res;
