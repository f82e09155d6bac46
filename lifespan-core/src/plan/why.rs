//! The reasons why a unit runs, and why it does not.

use std::fmt;

use crate::base::Location;
use crate::declare::UnitInfo;

/// The reason why a unit runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It was discovered, and declares nothing to the contrary.
    Discovered,
    /// Code registers it.
    Registered(Location),
    /// The file has its table, at this place.
    Table(String),
    /// `app.only` names it.
    Only,
    /// `app.only` names a unit that needs it, directly or through others.
    NeededBy(&'static str),
    /// `app.only` names others, but it is `always`.
    Always,
    /// This profile is active.
    Profile(&'static str),
    /// The operator enables it.
    Policy(&'static str),
}

/// The reason why a unit does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhyNot {
    Manual,
    /// It is `configured`, and the file has no table for it.
    NoTable,
    /// Its crate is not named in `discover!`.
    NotLinked,
    Skipped(Location),
    /// Code provides its resource.
    Replaced(Location),
    /// The operator disables it.
    Disabled,
    /// None of its profiles is active.
    Profiles(&'static [&'static str]),
    NotInOnly,
    /// The app runs only what is registered.
    NotRegistered,
    /// The test neither names it nor needs it.
    NotChosen,
}

impl fmt::Display for Why {
    /// Writes a clause, as it follows on *because*.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered => f.write_str("it was discovered"),
            Self::Registered(place) => write!(f, "code registers it at {place}"),
            Self::Table(place) => write!(f, "`{place}` configures it"),
            Self::Only => f.write_str("`app.only` names it"),
            Self::NeededBy(unit) => write!(f, "`{unit}` needs it"),
            Self::Always => f.write_str("it is `always`"),
            Self::Profile(profile) => write!(f, "the profile `{profile}` is active"),
            Self::Policy(unit) => write!(f, "`enabled = true` under `[lifespan.policy.{unit}]`"),
        }
    }
}

impl WhyNot {
    /// Returns the reason in one or two words.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::NoTable => "without a table",
            Self::NotLinked => "not linked",
            Self::Skipped(_) => "skipped",
            Self::Replaced(_) => "replaced",
            Self::Disabled => "disabled",
            Self::Profiles(_) => "profile not active",
            Self::NotInOnly => "not in `only`",
            Self::NotRegistered => "not registered",
            Self::NotChosen => "not in this test",
        }
    }

    /// Returns whether code or the operator has left the unit out on purpose.
    pub(super) fn is_on_purpose(&self) -> bool {
        match self {
            Self::Skipped(_)
            | Self::Replaced(_)
            | Self::Disabled
            | Self::NoTable
            | Self::Profiles(_)
            | Self::NotInOnly
            | Self::NotChosen => true,
            Self::Manual | Self::NotLinked | Self::NotRegistered => false,
        }
    }

    /// Returns what is said of a unit that does not run, and the advice for a plan that needs it.
    pub(super) fn advice(&self, unit: &UnitInfo, address: &str) -> (String, String) {
        let key = key(address);
        let (is, help) = match self {
            Self::Manual => ("is manual".into(), format!("register it, name it with `app.only({address})`")),
            Self::NoTable => (format!("is `configured` and has no `[tasks.{key}]`"), "write its table".into()),
            Self::NotLinked => {
                let name = unit.crate_name();
                ("is not named in `discover!`".into(), format!("add `link {name};` there"))
            }
            Self::Skipped(place) => (format!("is skipped at {place}"), "remove that call".into()),
            Self::Replaced(place) => (format!("is replaced at {place}"), "remove that call".into()),
            Self::Disabled => (format!("is disabled under `[lifespan.policy.{key}]`"), "enable it".into()),
            Self::Profiles(_) => (
                self.reason(unit, address),
                "set it with `App::profiles`, with `profiles` under `[lifespan]` or with LIFESPAN_APP__PROFILES".into(),
            ),
            Self::NotInOnly => ("is not named in `app.only`".into(), format!("name it with `app.only({address})`")),
            Self::NotRegistered => ("is not registered".into(), "register it".into()),
            Self::NotChosen => ("is not named in the test".into(), format!("name it with `.with({address})`")),
        };
        (is, help)
    }

    /// Returns the reason in a few words; `address` is the unit's shortest name that is unique.
    pub(super) fn reason(&self, unit: &UnitInfo, address: &str) -> String {
        let key = key(address);
        match self {
            Self::Manual => {
                format!(
                    "manual: run it with `app.only({address})`, or `enabled = true` under `[lifespan.policy.{key}]`"
                )
            }
            Self::NoTable => format!("configured: there is no `[tasks.{key}]`"),
            Self::NotLinked => format!("not named in `discover!`: add `link {};`", unit.crate_name()),
            Self::Skipped(place) => format!("skipped at {place}"),
            Self::Replaced(place) => format!("replaced at {place}"),
            Self::Disabled => format!("disabled under `[lifespan.policy.{key}]`"),
            Self::Profiles([profile]) => format!("its profile `{profile}` is not active"),
            Self::Profiles(profiles) => format!("none of its profiles is active: `{}`", profiles.join("`, `")),
            Self::NotInOnly => "not named in `app.only`".to_owned(),
            Self::NotRegistered => "not registered".to_owned(),
            Self::NotChosen => "not named in the test".to_owned(),
        }
    }
}

/// Returns an address as a key of TOML.
fn key(address: &str) -> String {
    if address.contains(':') { format!("\"{address}\"") } else { address.to_owned() }
}
