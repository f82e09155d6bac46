//! Where keyword arguments and settings come from: sources, layers with the origin of every value, binding, errors.
//!
//! Lowest to highest: the default in the signature, the file, the variable of `env = "…"`, `LIFESPAN__TASKS__UNIT__FOO`.
//! Without the feature `config` the same names stand for a world in which only defaults and code give values.

mod code_only;
mod duration;
mod error;
mod names;
mod settings;

mod without;
use without as imp;

pub(crate) use duration::parse_duration;
pub use error::{ConfigError, load};
pub(crate) use imp::Sources;
pub use imp::{Binder, Value};
pub(crate) use names::UnitNames;
pub(crate) use settings::{Bound, Policy, Settings, Tables};
