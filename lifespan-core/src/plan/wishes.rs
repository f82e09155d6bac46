//! Decides which units run: `skip`, `only`, profiles, tables, policies.

use std::any::TypeId;

use super::draft::{Draft, Registers, Wish};
use super::edges::provides;
use super::profiles::Profiles;
use super::subset::Follow;
use super::target::Unknown;
use super::why::{Why, WhyNot};
use crate::base::{ByType, Location, Problem, ProblemKind};
use crate::config::{Sources, Tables, UnitNames};
use crate::declare::{Kind, Need};
use crate::unit::{Descriptor, Linked};

/// The wishes of code, by unit.
pub(super) struct Wishes<'a> {
    draft: &'a Draft,
    profiles: &'a Profiles,
    linked: &'a Linked,
    skipped: ByType<Location>,
    sources: Option<&'a Sources>,
    names: &'a UnitNames,
    /// The units that `only` names, and those that they need; `None` without an `only`.
    only: Option<ByType<Why>>,
    /// The units that are `always`, and those that they need: `only` does not leave them out.
    always: ByType<Why>,
}

impl<'a> Wishes<'a> {
    /// Resolves the names in code; names that are no units are problems.
    pub(super) fn new(
        draft: &'a Draft,
        profiles: &'a Profiles,
        linked: &'a Linked,
        sources: Option<&'a Sources>,
        names: &'a UnitNames,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let (skipped, always) = (ByType::default(), ByType::default());
        let mut wishes = Self { draft, profiles, linked, skipped, sources, names, only: None, always };
        for (unit, wish) in resolve("skip", &draft.skipped, linked, names, problems) {
            wishes.skipped.entry((unit.id)()).or_insert(wish.place);
        }
        if draft.only.is_empty() {
            return wishes;
        }
        let mut chosen = Vec::new();
        for (unit, wish) in resolve("only", &draft.only, linked, names, problems) {
            if let Some(skipped) = wishes.skipped.get(&(unit.id)()) {
                let what = format!("`app.only` names {} `{}`, which is skipped", unit.kind, unit.name);
                let problem = Problem::new(ProblemKind::Conflict, what).at(wish.place);
                problems.push(problem.at(format!("{skipped} (`app.skip`)")).help("remove one of the two calls"));
            }
            chosen.push(unit);
        }
        let is_always = |unit: &&&'static Descriptor| {
            unit.options.always && (wishes.is_registered(unit) || wishes.by_itself(unit).is_ok())
        };
        let always: Vec<&'static Descriptor> = linked.units.iter().filter(is_always).copied().collect();
        wishes.always = wishes.with_needs(&always);
        wishes.only = Some(wishes.with_needs(&chosen));
        wishes
    }

    fn with_needs(&self, chosen: &[&'static Descriptor]) -> ByType<Why> {
        let provided = self.draft.provided.iter().chain(&self.draft.replaced);
        let follow = Follow {
            linked: &self.linked.units,
            given: &provided.map(|provided| provided.ty.id).collect(),
            after: true,
            own_needs: &|unit| self.own_needs(unit),
            may_run: &|unit| self.replaced(unit).is_none() && !self.skipped.contains_key(&(unit.id)()),
            is_preferred: &|unit| self.is_registered(unit) || self.by_itself(unit).is_ok(),
        };
        follow.with_needs(chosen)
    }

    fn own_needs(&self, unit: &Descriptor) -> Vec<Need> {
        let given = self.draft.given.iter().filter(|given| given.unit.is(unit));
        given.filter_map(|given| given.extras.as_ref()).flat_map(|extras| extras.needs.iter().copied()).collect()
    }

    fn is_registered(&self, unit: &Descriptor) -> bool {
        self.draft.given.iter().any(|given| given.unit.is(unit))
    }

    /// Returns where code provides the resource of this context instead.
    fn replaced(&self, unit: &Descriptor) -> Option<Location> {
        if unit.kind != Kind::Context || self.draft.replaced.is_empty() {
            return None;
        }
        let ty = provides(unit)?;
        self.draft.replaced.iter().find(|replaced| replaced.ty.id == ty.id).map(|replaced| replaced.place)
    }

    /// Returns the reason why the unit does not run even if code registers it, if any.
    pub(super) fn barred(&self, unit: &Descriptor) -> Option<WhyNot> {
        let why = match self.replaced(unit) {
            Some(place) => WhyNot::Replaced(place),
            None if self.is_left_out((unit.id)()) => match self.skipped.get(&(unit.id)()) {
                Some(place) if !self.is_registered(unit) => WhyNot::Skipped(*place),
                _ => WhyNot::NotInOnly,
            },
            None => return None,
        };
        // A unit that would not run anyway has its own reason.
        match self.by_itself(unit) {
            Err(own @ (WhyNot::NotRegistered | WhyNot::NotChosen)) if !self.is_registered(unit) => Some(own),
            _ => Some(why),
        }
    }

    fn is_left_out(&self, unit: TypeId) -> bool {
        self.only.as_ref().is_some_and(|only| !only.contains_key(&unit)) && !self.always.contains_key(&unit)
    }

    /// Decides whether a unit that code does not register runs; `enabled` is the operator's setting.
    pub(super) fn choose(&self, unit: &Descriptor, enabled: Option<bool>) -> Result<Why, WhyNot> {
        let id = (unit.id)();
        if let Some(place) = self.skipped.get(&id) {
            return Err(WhyNot::Skipped(*place));
        }
        if enabled == Some(false) {
            return Err(WhyNot::Disabled);
        }
        if let Some(why) = self.only.as_ref().and_then(|only| only.get(&id)) {
            return Ok(why.clone());
        }
        match self.by_itself(unit) {
            Err(_) if enabled == Some(true) => Ok(Why::Policy(unit.name)),
            // Without `only`, this is empty.
            Ok(why) => Ok(match self.always.get(&id) {
                Some(Why::Only) => Why::Always,
                Some(needed) => needed.clone(),
                None => why,
            }),
            Err(why) => Err(why),
        }
    }

    /// Decides whether a unit registers by itself.
    fn by_itself(&self, unit: &Descriptor) -> Result<Why, WhyNot> {
        let profile = self.profiles.active_of(unit.options.profiles);
        match &self.draft.registers {
            Registers::Nothing => Err(WhyNot::NotRegistered),
            Registers::Chosen(chosen) if chosen.contains(&(unit.id)()) => Ok(Why::Discovered),
            Registers::Chosen(_) => Err(WhyNot::NotChosen),
            Registers::Discovered if unit.options.manual => Err(WhyNot::Manual),
            Registers::Discovered if !unit.options.profiles.is_empty() && profile.is_none() => {
                Err(WhyNot::Profiles(unit.options.profiles))
            }
            Registers::Discovered if unit.options.configured => self.table(unit).ok_or(WhyNot::NoTable),
            Registers::Discovered if !self.linked.is_automatic(unit) => Err(WhyNot::NotLinked),
            Registers::Discovered => Ok(profile.map_or(Why::Discovered, Why::Profile)),
        }
    }

    /// Returns the place of the unit's tables, as a reason to run.
    fn table(&self, unit: &Descriptor) -> Option<Why> {
        let sources = self.sources?;
        match sources.tables_for(unit, self.names) {
            Tables::None | Tables::Many(0) => None,
            Tables::One | Tables::Many(_) => sources.table_place(unit, self.names).map(Why::Table),
        }
    }

    /// Returns whether a profile, a table or another command would run this unit.
    pub(super) fn may_run(&self, unit: &Descriptor) -> bool {
        let is_linked = unit.options.configured || self.linked.is_automatic(unit);
        matches!(self.draft.registers, Registers::Discovered)
            && is_linked
            && !unit.options.manual
            && !self.skipped.contains_key(&(unit.id)())
            && self.replaced(unit).is_none()
    }

    /// Returns whether the unit's first `register` call takes the place that the unit has in the source.
    pub(super) fn keeps_its_place(&self, unit: &Descriptor) -> bool {
        !unit.options.configured && self.by_itself(unit).is_ok()
    }
}

/// Returns the named units with their wishes; the names that are no units are reported.
fn resolve<'a>(
    call: &str,
    wishes: &'a [Wish],
    linked: &Linked,
    names: &UnitNames,
    problems: &mut Vec<Problem>,
) -> Vec<(&'static Descriptor, &'a Wish)> {
    let mut found = Vec::new();
    for wish in wishes {
        match wish.target.resolve(linked, names) {
            Ok(unit) => found.push((unit, wish)),
            Err(unknown) => {
                let name = wish.target.name();
                let what = match &unknown {
                    Unknown::Several { .. } => format!("`app.{call}` names `{name}`, which several units have"),
                    Unknown::NotAUnit | Unknown::NoSuchName { .. } => {
                        format!("`app.{call}` names `{name}`, which is not a unit")
                    }
                };
                problems.push(Problem::new(ProblemKind::NotAUnit, what).at(wish.place).help(unknown.help()));
            }
        }
    }
    found
}
