//! Why each unit runs, or why it does not: the answers, kept with the plan.

use std::fmt;

use crate::base::{ByType, Location};
use crate::declare::UnitInfo;
use crate::unit::Descriptor;

/// The reason why a unit runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It was discovered, and declares nothing to the contrary.
    Discovered,
    /// Code registers it.
    Registered(Location),
    /// `app.only` names it.
    Only,
    /// `app.only` names a unit that needs it, directly or through others.
    NeededBy(&'static str),
}

/// The reason why a unit does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhyNot {
    Manual,
    /// Its crate is not named in `discover!`.
    NotLinked,
    Skipped(Location),
    /// Code provides its resource.
    Replaced(Location),
    /// The operator disables it.
    Disabled,
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
            Self::Only => f.write_str("`app.only` names it"),
            Self::NeededBy(unit) => write!(f, "`{unit}` needs it"),
        }
    }
}

impl WhyNot {
    /// Returns the reason in a few words.
    pub(crate) fn reason(&self, unit: &UnitInfo) -> String {
        let name = unit.name;
        match self {
            Self::Manual => {
                format!("manual: `app.only({name})`, or `enabled = true` under `[lifespan.policy.{name}]`, runs it")
            }
            Self::NotLinked => format!("not named in `discover!`: add `link {};`", unit.crate_name()),
            Self::Skipped(place) => format!("skipped at {place}"),
            Self::Replaced(place) => format!("replaced at {place}"),
            Self::Disabled => format!("disabled under `[lifespan.policy.{name}]`"),
            Self::NotInOnly => "not named in `app.only`".to_owned(),
            Self::NotRegistered => "not registered".to_owned(),
            Self::NotChosen => "not named in the test".to_owned(),
        }
    }
}

/// The answers for all units of an app.
#[derive(Default)]
pub(crate) struct Choice {
    /// Why units run that neither were just discovered nor are registered by code.
    why: ByType<Why>,
    left_out: Vec<(&'static Descriptor, WhyNot)>,
}

impl Choice {
    pub(super) fn runs(&mut self, unit: &Descriptor, why: Why) {
        if !matches!(why, Why::Discovered | Why::Registered(_)) {
            self.why.insert((unit.id)(), why);
        }
    }

    /// Notes that a unit does not run, once.
    pub(super) fn leaves_out(&mut self, unit: &'static Descriptor, why: WhyNot) {
        if !self.left_out.iter().any(|(known, _)| known.is(unit)) {
            self.left_out.push((unit, why));
        }
    }

    /// Returns why a unit runs that code did not register.
    pub(super) fn why(&self, unit: &UnitInfo) -> Why {
        self.why.get(&(unit.id)()).cloned().unwrap_or(Why::Discovered)
    }

    /// Returns the units that do not run although the program could expect it, in registration order.
    pub(super) fn left_out(&self) -> impl Iterator<Item = (&'static Descriptor, &WhyNot)> {
        let is_told =
            |(_, why): &&(&'static Descriptor, WhyNot)| !matches!(why, WhyNot::NotRegistered | WhyNot::NotChosen);
        self.left_out.iter().filter(is_told).map(|(unit, why)| (*unit, why))
    }
}
