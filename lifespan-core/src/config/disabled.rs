//! The same interface without the feature `config`: nothing is read, only defaults and code set values.
#![expect(clippy::unused_self, reason = "the interface is that of the sources that are read")]

use super::{At, Bound, Fingerprint, Fingerprints, Policy, Settings, Tables, UnitNames, argument_problems};
use crate::base::{Problem, ProblemKind, Remedies};
use crate::declare::{Argument, UnitInfo};

/// Sources without content: there is no file and no environment to read.
pub(crate) struct Sources {
    remedies: Remedies,
}

impl Sources {
    pub(crate) fn none() -> Self {
        Self { remedies: Remedies::default() }
    }

    pub(crate) fn read(_: &mut Vec<Problem>) -> Self {
        Self::none()
    }

    /// Has messages advise these calls.
    pub(crate) fn advising(self, remedies: Remedies) -> Self {
        Self { remedies }
    }

    pub(crate) fn with_set(self, _: &[SetValue]) -> Self {
        self
    }

    pub(crate) fn read_secrets(&mut self, _: impl Fn() -> UnitNames, _: &mut Vec<Problem>) {}

    pub(crate) fn described(&self) -> String {
        "no configuration: built without the feature `config`".into()
    }

    pub(crate) fn settings(&self, _: &mut Vec<Problem>) -> Settings {
        Settings::default()
    }

    pub(crate) fn app_problem(&self, _: ProblemKind, _: &str, _: impl FnOnce(&str) -> String) -> Option<Problem> {
        None
    }

    pub(crate) fn policy(&self, _: &UnitNames, _: &UnitInfo, _: &str, _: &mut Vec<Problem>) -> Policy {
        Policy::default()
    }

    pub(crate) fn fingerprints(&self) -> Vec<Fingerprint> {
        Vec::new()
    }

    pub(crate) fn policy_fingerprints(&self, _: &UnitNames, _: &UnitInfo, _: &str) -> Vec<Fingerprint> {
        Vec::new()
    }

    /// No file can change.
    pub(crate) fn miss_file(&mut self, _: &mut Vec<Problem>) {}

    pub(crate) fn has_file(&self) -> bool {
        false
    }

    pub(crate) fn place(&self, _: &At) -> String {
        String::new()
    }

    pub(crate) fn tables_for(&self, _: &UnitInfo, _: &UnitNames) -> Tables {
        Tables::None
    }

    pub(crate) fn table_place(&self, _: &UnitInfo, _: &UnitNames) -> Option<String> {
        None
    }

    pub(crate) fn table_without_effect(&self, _: &UnitInfo, _: &UnitNames, _: &str) -> Option<Problem> {
        None
    }

    pub(crate) fn check_unknown(&self, _: &UnitNames, _: &[Bound<'_>], _: &mut Vec<Problem>) -> Vec<Problem> {
        Vec::new()
    }
}

/// A value that code sets by its name: there is none, since no text is read.
#[derive(Clone, Debug)]
pub(crate) enum SetValue {}

/// The requirement on a keyword argument's type: none.
pub trait Value: Sized {}

impl<T> Value for T {}

/// Binds a unit's keyword arguments one by one.
pub struct Binder<'a> {
    remedies: Remedies,
    unit: &'static UnitInfo,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Binder<'a> {
    pub(crate) fn new(
        sources: &'a Sources,
        _: &'a UnitNames,
        unit: &'static UnitInfo,
        _: Option<usize>,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        Self { remedies: sources.remedies, unit, problems }
    }

    pub(crate) fn into_fingerprints(self) -> Fingerprints {
        Fingerprints::default()
    }

    fn at(&self, index: usize) -> &'static Argument {
        &self.unit.arguments[index]
    }

    /// Reports nothing: no source can set an argument that code has already set.
    pub fn fixed(&mut self, _: usize) {}

    /// Binds a required argument.
    pub fn argument<T: Value>(&mut self, index: usize) -> Option<T> {
        self.problems.push(argument_problems::missing(self.unit, self.at(index), "", self.remedies));
        None
    }

    /// Binds an argument with a default.
    pub fn argument_or<T: Value>(&mut self, index: usize, default: impl FnOnce() -> T) -> Option<T> {
        argument_problems::default(self.unit, self.at(index), default, self.problems)
    }

    /// Binds an argument that only code can set.
    pub fn code<T>(&mut self, index: usize) -> Option<T> {
        self.problems.push(argument_problems::only_code(self.unit, self.at(index), self.remedies));
        None
    }

    /// Binds an argument that only code can set, with a default.
    pub fn code_or<T>(&mut self, index: usize, default: impl FnOnce() -> T) -> Option<T> {
        argument_problems::default(self.unit, self.at(index), default, self.problems)
    }
}
