//! Values that code sets by a name that nothing has, or that have no effect.

use std::collections::BTreeMap;

use lifespan_text::advice;

use super::found::Check;
use crate::base::{Problem, ProblemKind, line};
use crate::config::names::{argument_key, policy_key};
use crate::config::read_settings::policy_keys;
use crate::config::secrets::known_keys;

impl Check<'_> {
    pub(super) fn set(&mut self) {
        let set = &self.sources.layers().set;
        if set.is_empty() {
            return;
        }
        let keys = self
            .names
            .arguments()
            .map(|(unit, argument, address, name)| (argument_key(address, name), (unit, argument)));
        let arguments: BTreeMap<_, _> = keys.collect();
        let mut known = known_keys(self.names);
        for bound in self.bound {
            known.extend(policy_keys().map(|setting| policy_key(bound.name, setting)));
        }
        for value in set.values() {
            if let Some((unit, argument)) = arguments.get(&value.key) {
                self.argument_above_the_file(&value.at(), unit, argument.name);
            } else if !known.contains(&value.key) {
                let what = format!("`app.set` names `{}`, which is no argument or setting", line(&value.key));
                let problem = Problem::new(ProblemKind::UnknownName, what).at(value.place.clone());
                self.problems.push(problem.help(advice(&value.key, known.iter().map(String::as_str))));
            }
        }
    }
}
