//! Keyword arguments and settings: sources, layers with the origin of every value, binding, errors.
//!
//! Lowest to highest: the default in the signature, the file, files with secrets, the variable of `env = "…"`,
//! `LIFESPAN__TASKS__UNIT__FOO`, `App::set`.
//! Without the feature `config` the same names exist, but only defaults and code set values.

#[cfg_attr(not(feature = "config"), allow(dead_code, reason = "without sources nothing is read from text"))]
mod app_settings;
mod argument_problems;
#[cfg(feature = "config")]
mod binder;
#[cfg(feature = "config")]
mod environment;
mod error;
#[cfg(feature = "config")]
mod file;
mod fingerprints;
#[cfg(feature = "config")]
mod layered_settings;
#[cfg(feature = "config")]
mod layers;
#[cfg_attr(not(feature = "config"), allow(dead_code, reason = "only a file can be without effect"))]
pub(crate) mod loaded;
#[cfg_attr(not(feature = "config"), allow(dead_code, reason = "without sources nothing is read from text"))]
mod names;
#[cfg(feature = "config")]
mod open;
#[cfg(feature = "config")]
mod policy_restart;
#[cfg(feature = "config")]
mod policy_schedule;
#[cfg(feature = "config")]
mod read;
#[cfg(feature = "config")]
mod read_settings;
#[cfg(feature = "config")]
mod secrets;
#[cfg(feature = "config")]
mod sources;
#[cfg(feature = "config")]
mod tables;
#[cfg(feature = "config")]
mod unknown;
#[cfg(feature = "config")]
mod value;

#[cfg(not(feature = "config"))]
mod disabled;

pub(crate) use app_settings::{Bound, Policy, Settings, Tables};
pub use error::ConfigError;
pub(crate) use fingerprints::{At, Fingerprint, Fingerprints, differences};
pub(crate) use names::{UnitNames, full_name};

#[cfg(feature = "config")]
pub use self::{binder::Binder, value::Value};
#[cfg(feature = "config")]
pub(crate) use self::{layers::SetValue, sources::Sources};

#[cfg(not(feature = "config"))]
pub use self::disabled::{Binder, Value};
#[cfg(not(feature = "config"))]
pub(crate) use self::disabled::{SetValue, Sources};

#[cfg(all(test, feature = "config"))]
mod tests;
