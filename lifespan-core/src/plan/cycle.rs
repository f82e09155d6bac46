//! The problem of a dependency cycle: its units, and why each needs the next.

use super::edges::provides;
use super::registration::Entry;
use super::registrations::Registrations;
use crate::base::{Problem, ProblemKind, short_type};
use crate::declare::{Hold, Need};

/// Reports a dependency cycle, as a path from a unit back to itself.
pub(crate) fn describe_cycle(registrations: &Registrations, cycle: &[usize]) -> Problem {
    let units: Vec<usize> = cycle.iter().copied().filter(|&node| node < registrations.entries.len()).collect();
    let mut path: Vec<String> = units.iter().map(|&index| registrations.name(index).to_string()).collect();
    path.extend(path.first().cloned());
    let mut problem = Problem::new(ProblemKind::Cycle, format!("dependency cycle: {}", path.join(" → ")));
    for (position, &index) in units.iter().enumerate() {
        let next = units[(position + 1) % units.len()];
        let (from, to) = (&registrations.entries[index], &registrations.entries[next]);
        problem = problem.at(format!(
            "{} (`{}` {})",
            from.unit.location(),
            registrations.name(index),
            reason(registrations, from, to, next)
        ));
    }
    problem.help("remove one of these dependencies, or split a unit in two")
}

fn reason(registrations: &Registrations, from: &Entry, to: &Entry, next: usize) -> String {
    let name = registrations.name(next);
    if let Some(ty) = provides(to.unit) {
        let holds = from.all_needs().filter_map(Need::resource);
        if let Some((_, hold)) = holds.into_iter().find(|(wanted, _)| wanted.id == ty.id) {
            let holder = if hold == Hold::Live { "Live" } else { "Res" };
            return format!("takes `{holder}<{}>` from `{name}`", short_type(ty.name));
        }
    }
    if from.unit.after.iter().any(|edge| (edge.id)() == (to.unit.id)()) {
        return format!("is after `{name}`");
    }
    if to.unit.before.iter().any(|edge| (edge.id)() == (from.unit.id)()) {
        return format!("has `{name}` before it");
    }
    if to.unit.options.first {
        format!("comes after `{name}`, which is `first`")
    } else {
        format!("is `last`, so after `{name}`")
    }
}
