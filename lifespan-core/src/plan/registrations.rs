//! The registrations of one app in registration order, and their names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::choice::Choice;
use super::why::Why;
use crate::base::line;
use crate::plan::registration::Entry;
use crate::unit::Descriptor;

/// All registrations.
pub(crate) struct Registrations {
    /// In registration order, except after a reload: then each keeps its previous index, and removed registrations
    /// remain.
    pub(crate) entries: Box<[Entry]>,
    /// The indices of the running registrations, in registration order; `None` if these are all, in their order.
    listed: Option<Box<[u32]>>,
    /// The reasons why units run, or do not.
    pub(super) choice: Arc<Choice>,
    /// The same value for all plans of one run.
    pub(super) run: u64,
}

impl Registrations {
    pub(crate) fn new(mut entries: Vec<Entry>, choice: Choice) -> Self {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        distinguish(&mut entries);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        Self { entries: entries.into(), listed: None, choice: Arc::new(choice), run }
    }

    /// Returns an empty list, for an app that is not launched.
    pub(crate) fn none() -> Self {
        Self::new(Vec::new(), Choice::default())
    }

    /// Returns the next registrations of the same run.
    pub(super) fn followed_by(&self, entries: Vec<Entry>, listed: Vec<u32>, choice: Arc<Choice>) -> Self {
        Self { entries: entries.into(), listed: Some(listed.into()), choice, run: self.run }
    }

    /// Returns the indices of the registrations that run, in registration order.
    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        let all = if self.listed.is_none() { 0..self.entries.len() } else { 0..0 };
        all.chain(self.listed.iter().flatten().map(|&index| index as usize))
    }

    /// Returns whether the registration at this index runs.
    pub(crate) fn runs(&self, index: usize) -> bool {
        self.entries.get(index).is_some_and(|entry| !entry.is_removed)
    }

    /// Returns the registrations that run, in registration order.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Entry> {
        self.indices().map(|index| &self.entries[index])
    }

    /// Returns why a registration runs.
    pub(super) fn why(&self, index: usize) -> Why {
        let entry = &self.entries[index];
        entry.registered_at.map_or_else(|| self.choice.why(entry.unit), |place| Why::Registered(place.into()))
    }

    pub(crate) fn name(&self, index: usize) -> Name<'_> {
        Name(&self.entries[index])
    }
}

/// Adds as much of the module path to units of the same short name as makes them unique.
fn distinguish(entries: &mut [Entry]) {
    let mut by_name: HashMap<&'static str, Vec<&'static Descriptor>> = HashMap::new();
    let mut last: Option<&'static Descriptor> = None;
    for entry in entries.iter().filter(|entry| entry.given_name().is_none()) {
        if last.is_some_and(|unit| unit.is(entry.unit)) {
            continue;
        }
        last = Some(entry.unit);
        let units = by_name.entry(entry.unit.name).or_default();
        if !units.iter().any(|unit| unit.is(entry.unit)) {
            units.push(entry.unit);
        }
    }
    by_name.retain(|_, units| units.len() > 1);
    for entry in entries.iter_mut().filter(|entry| entry.given_name().is_none()) {
        let Some(units) = by_name.get(entry.unit.name) else { continue };
        let label = shortest_distinct(entry.unit, units);
        entry.distinguish(match entry.number {
            1 => label.into(),
            number => format!("{label}#{number}").into(),
        });
    }
}

fn shortest_distinct(unit: &Descriptor, among: &[&'static Descriptor]) -> String {
    let segments: Vec<&str> = unit.module.split("::").collect();
    let suffix = |module: &str, count: usize| {
        let segments: Vec<&str> = module.split("::").collect();
        segments[segments.len().saturating_sub(count)..].join("::")
    };
    for count in 1..=segments.len() {
        let own = suffix(unit.module, count);
        if !among.iter().any(|other| !other.is(unit) && suffix(other.module, count) == own) {
            return format!("{own}::{}", unit.name);
        }
    }
    format!("{}::{}", unit.module, unit.name)
}

/// The name of an instance, built when it is needed: 100,000 instances need no strings.
pub(crate) struct Name<'a>(&'a Entry);

impl<'a> Name<'a> {
    /// Returns the name as it was given.
    pub(crate) fn plain(&self) -> Cow<'a, str> {
        match (self.0.given_name(), self.0.number) {
            (Some(name), _) => Cow::Borrowed(name),
            (None, 1) => Cow::Borrowed(self.0.unit.name),
            (None, number) => Cow::Owned(format!("{}#{number}", self.0.unit.name)),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&line(&self.plain()))
    }
}
