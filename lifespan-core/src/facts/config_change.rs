//! What a reload has changed.

use std::fmt;
use std::sync::Arc;

use crate::plan::registered::Registered;

/// What is different in the sources that were read anew: which key, and where it stands now. Values are not told.
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
        /// Which.
        unit: Registered,
        /// Where its table stands, where it has one: `lifespan.toml:12:1`.
        origin: Option<Arc<str>>,
    },
    /// A registration is there no more.
    Removed {
        /// Which.
        unit: Registered,
    },
    /// An argument has another value.
    Argument {
        /// Whose.
        unit: Registered,
        /// Its name.
        key: &'static str,
        /// Where the value stands: `lifespan.toml:12:1`, `variable FOO`; none where it is the default now.
        origin: Option<Arc<str>>,
    },
    /// A policy setting of a unit has changed.
    Policy {
        /// Of which.
        unit: Registered,
        /// Which setting.
        key: &'static str,
        /// Where it stands; none where nothing is said any more.
        origin: Option<Arc<str>>,
    },
    /// A setting of the app has changed.
    Setting {
        /// Which setting.
        key: &'static str,
        /// Where it stands; none where nothing is said any more.
        origin: Option<Arc<str>>,
    },
}

impl ConfigChange {
    /// Which registration it is about, where it is about one.
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

    /// Without places: `probe[home].period`, `added probe[api]`.
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
    /// `` `period` of `probe[home]` (lifespan.toml:12:1) ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (origin, otherwise) = match self {
            Self::Added { unit, origin } => {
                write!(f, "{} `{unit}` is new", unit.kind())?;
                (origin, "")
            }
            Self::Removed { unit } => return write!(f, "{} `{unit}` is gone", unit.kind()),
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
