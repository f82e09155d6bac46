//! The problem of a declaration that contradicts itself.

use lifespan_text::Contradiction;

use super::registrations::Registrations;
use crate::base::{Problem, ProblemKind};

/// Returns the problem of a unit whose declaration contradicts itself. The macro reports most of them; it can't see a
/// parameter whose type is an alias.
pub(super) fn contradicts(registrations: &Registrations, index: usize, contradiction: Contradiction) -> Problem {
    let unit = registrations.entries[index].unit;
    let what = format!("{} `{}`: {}", unit.kind, registrations.name(index), contradiction.why);
    Problem::new(ProblemKind::Declaration, what).at(unit.location()).help(contradiction.help)
}
