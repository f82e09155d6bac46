//! The changes of a reload.

use std::fmt;
use std::sync::Arc;

use crate::plan::Registered;

/// A change found by a reload: the key, and its place in the sources. It never contains a value.
///
/// ```no_run
/// # async fn f(app: lifespan::App) -> Result<(), lifespan::ReloadError> {
/// for change in app.reload().await? {
///     println!("{change}"); // `period` of `probe[home]` (lifespan.toml:12:1)
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigChange {
    /// A registration is new.
    Added {
        /// The unit.
        unit: Registered,
        /// The place of its table, if it has one: `lifespan.toml:12:1`.
        origin: Option<Arc<str>>,
    },
    /// A registration was removed.
    Removed {
        /// The unit.
        unit: Registered,
    },
    /// An argument has another value.
    Argument {
        /// The unit.
        unit: Registered,
        /// The argument's name.
        key: &'static str,
        /// The place of the value: `lifespan.toml:12:1`, `variable FOO`; `None` if it is the default now.
        origin: Option<Arc<str>>,
    },
    /// A policy setting of a unit has changed.
    Policy {
        /// The unit.
        unit: Registered,
        /// The setting's name.
        key: &'static str,
        /// The place of the setting; `None` if it is no longer set.
        origin: Option<Arc<str>>,
    },
    /// A setting of the app has changed.
    Setting {
        /// The setting's name.
        key: &'static str,
        /// The place of the setting; `None` if it is no longer set.
        origin: Option<Arc<str>>,
    },
}

impl ConfigChange {
    /// Returns the registration that has changed; `None` for a setting of the app.
    ///
    /// ```no_run
    /// # async fn f(app: lifespan::App) -> Result<(), lifespan::ReloadError> {
    /// let changes = app.reload().await?;
    /// for unit in changes.iter().filter_map(|change| change.unit()) {
    ///     println!("{unit} has new settings");
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn unit(&self) -> Option<&Registered> {
        match self {
            Self::Added { unit, .. }
            | Self::Removed { unit }
            | Self::Argument { unit, .. }
            | Self::Policy { unit, .. } => Some(unit),
            Self::Setting { .. } => None,
        }
    }

    /// Returns the change without places: `probe[home].period`, `added probe[api]`.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Added { unit, .. } => format!("added {unit}"),
            Self::Removed { unit } => format!("removed {unit}"),
            Self::Argument { unit, key, .. } => format!("{unit}.{key}"),
            Self::Policy { unit, key, .. } => format!("policy of {unit}.{key}"),
            Self::Setting { key, .. } => format!("setting {key}"),
        }
    }
}

impl fmt::Display for ConfigChange {
    /// Shows it as in `` `period` of `probe[home]` (lifespan.toml:12:1) ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (origin, otherwise) = match self {
            Self::Added { unit, origin } => {
                write!(f, "{} `{unit}` is new", unit.kind())?;
                (origin, "")
            }
            Self::Removed { unit } => return write!(f, "{} `{unit}` was removed", unit.kind()),
            Self::Argument { unit, key, origin } => {
                write!(f, "`{key}` of `{unit}`")?;
                (origin, " (its default)")
            }
            Self::Policy { unit, key, origin } => {
                write!(f, "the policy's `{key}` of `{unit}`")?;
                (origin, " (as declared)")
            }
            Self::Setting { key, origin } => {
                write!(f, "the app's `{key}`")?;
                (origin, " (as in code)")
            }
        };
        match origin {
            Some(origin) => write!(f, " ({origin})"),
            None => f.write_str(otherwise),
        }
    }
}
