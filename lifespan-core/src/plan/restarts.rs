//! Checks that units declared to be restarted can be: each start needs a clone of every argument.

use std::collections::BTreeSet;

use super::registrations::Registrations;
use crate::base::{Graph, Problem, ProblemKind};
use crate::plan::registration::Entry;

/// Reports units that can be started only once, but that a restart of another unit would start again. For units that
/// declare their own restart, the compiler checks this.
pub(super) fn check(registrations: &Registrations, graph: &Graph, problems: &mut Vec<Problem>) {
    let restarts =
        |entry: &Entry| entry.restart().is_some() && !entry.restarts_in_place() || entry.is_overridden_to_restart();
    let roots: Vec<usize> =
        registrations.entries.iter().enumerate().filter(|(_, entry)| restarts(entry)).map(|(index, _)| index).collect();
    if roots.is_empty() {
        return;
    }
    let concerned = graph.followers(roots.iter().copied());
    let mut reported = BTreeSet::new();
    for index in concerned.into_iter().take_while(|&node| node < registrations.entries.len()) {
        let unit = registrations.entries[index].unit;
        let Some(argument) = registrations.entries[index].cannot_be_cloned() else { continue };
        if !reported.insert(std::ptr::from_ref(unit).addr()) {
            continue;
        }
        let root = roots.iter().copied().find(|&root| graph.followers([root]).contains(&index)).unwrap_or(index);
        let how = if root == index {
            "restarted".to_owned()
        } else {
            format!("restarted with `{}`", registrations.name(root))
        };
        problems.push(
            Problem::new(
                ProblemKind::Declaration,
                format!(
                    "{} `{}` is to be {how}, but its argument `{}` of type `{}` is not `Clone`",
                    unit.kind,
                    registrations.name(index),
                    argument.name,
                    argument.ty
                ),
            )
            .at(unit.location())
            .at(registrations.entries[root].unit.location())
            .help("every start gets fresh arguments: derive `Clone`, wrap it in an `Arc`, or take a `Live` instead of a `Res`"),
        );
    }
}
