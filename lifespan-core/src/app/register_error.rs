//! The error of calls that come after the launch.

use std::fmt;

use crate::base::line;
use crate::declare::Kind;

/// A registration or setting came too late: the app has been launched already.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let running = app.start().await?;
/// let error = app.register(ServeConfig {}).unwrap_err();
/// assert!(error.to_string().starts_with("cannot register lifespan task `serve` after the lifespan has started"));
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// A unit was registered after the launch.
    Register {
        /// Task or context.
        kind: Kind,
        /// The unit.
        unit: &'static str,
    },
    /// A registration was named after the launch.
    Name {
        /// Task or context.
        kind: Kind,
        /// The unit.
        unit: &'static str,
        /// The name.
        name: String,
    },
    /// A unit was skipped after the launch.
    Skip {
        /// The unit's name, or its function's path.
        unit: String,
    },
    /// `App::only` was called after the launch.
    Only {
        /// The unit's name, or its function's path.
        unit: String,
    },
    /// A value was set after the launch.
    Set {
        /// Its key.
        key: String,
    },
    /// A resource was provided after the launch.
    Provide {
        /// Its type.
        ty: String,
    },
    /// A resource was replaced after the launch.
    Replace {
        /// Its type.
        ty: String,
    },
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot ")?;
        let all = match self {
            Self::Register { kind, unit } => {
                write!(f, "register lifespan {kind} `{unit}`")?;
                "register all tasks"
            }
            Self::Name { kind, unit, name } => {
                write!(f, "name lifespan {kind} `{unit}` `{}`", line(name))?;
                "name all tasks"
            }
            Self::Skip { unit } => {
                write!(f, "skip `{}`", line(unit))?;
                "skip units"
            }
            Self::Set { key } => {
                write!(f, "set `{}`", line(key))?;
                "set all values"
            }
            Self::Only { unit } => {
                write!(f, "run only `{}`", line(unit))?;
                "choose the units"
            }
            Self::Provide { ty } => {
                write!(f, "provide `{ty}`")?;
                "provide all resources"
            }
            Self::Replace { ty } => {
                write!(f, "replace `{ty}`")?;
                "replace all resources"
            }
        };
        write!(f, " after the lifespan has started; {all} before the app starts")
    }
}

impl fmt::Debug for RegisterError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for RegisterError {}
