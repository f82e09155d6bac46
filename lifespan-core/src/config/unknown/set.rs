//! Values that code sets by a name that nothing has, or that have no effect.

use std::collections::BTreeMap;

use lifespan_text::advice;

use super::found::Check;
use crate::base::{Problem, ProblemKind, line};
use crate::config::At;
use crate::config::names::{argument_key, argument_names};
use crate::config::read_settings::policy_keys;
use crate::config::secrets::known_keys;
use crate::declare::UnitInfo;

impl Check<'_> {
    pub(super) fn set(&mut self) {
        let set = &self.sources.layers().set;
        if set.is_empty() {
            return;
        }
        let arguments = self.argument_keys();
        let mut known = known_keys(self.names);
        for bound in self.bound {
            known.extend(policy_keys().map(|setting| format!("lifespan.policy.{}.{setting}", bound.name)));
        }
        for value in set.values() {
            if let Some((unit, argument)) = arguments.get(&value.key) {
                let at = At::Set { key: value.key.clone(), place: value.place.clone() };
                self.argument_above_the_file(&at, unit, argument);
            } else if !known.contains(&value.key) {
                let what = format!("`app.set` names `{}`, which is no argument or setting", line(&value.key));
                let problem = Problem::new(ProblemKind::UnknownName, what).at(value.place.clone());
                self.problems.push(problem.help(advice(&value.key, known.iter().map(String::as_str))));
            }
        }
    }

    fn argument_keys(&self) -> BTreeMap<String, (&'static UnitInfo, &'static str)> {
        let mut keys = BTreeMap::new();
        for unit in self.names.units() {
            for address in self.names.addresses(unit) {
                for argument in unit.arguments {
                    let names = argument_names(argument).map(|name| argument_key(address, name));
                    keys.extend(names.map(|key| (key, (*unit, argument.name))));
                }
            }
        }
        keys
    }
}
