//! Listens: on an address, a Unix socket, an inherited socket, or one that the code has bound.

mod error;
mod inherited;
mod listener;
#[cfg(target_os = "linux")]
mod port_owner;
mod stream;
#[cfg(unix)]
mod unix;

pub use error::ListenError;
pub(crate) use listener::{Listener, Place};
pub(crate) use stream::Stream;
