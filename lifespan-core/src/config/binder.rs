//! Binds a unit's keyword arguments one by one, each from the highest layer that has it. Each error has its own place.

use std::fmt;
use std::ops::Range;

use super::file::{Entry, Table};
use super::names::{argument_key, argument_names, argument_variable};
use super::read::{Fault, Reader, scrub};
use super::sources::Sources;
use super::{At, Fingerprint, Fingerprints, UnitNames, Value, argument_problems};
use crate::base::{Problem, ProblemKind, Remedies, unwind};
use crate::declare::{Argument, UnitInfo};

/// Binds a unit's keyword arguments one by one.
///
/// When a method returns `None`, a problem that says why has been reported.
pub struct Binder<'a> {
    sources: &'a Sources,
    names: &'a UnitNames,
    unit: &'static UnitInfo,
    /// The index among the tables `[[tasks.x]]`, from 0.
    instance: Option<usize>,
    table: Option<UnitTable<'a>>,
    problems: &'a mut Vec<Problem>,
    /// Fingerprints of the values read.
    fingerprints: Vec<Fingerprint>,
}

/// The table of the file for the unit or the instance.
struct UnitTable<'a> {
    address: &'a str,
    span: Range<usize>,
    table: &'a Table,
}

/// The place of a value.
enum Origin<'a> {
    AboveTheFile(At),
    File(&'a Entry),
}

/// The result of reading one argument.
enum Read<T> {
    Given(T),
    /// The problem has been reported.
    Wrong,
    Unset,
}

impl<'a> Binder<'a> {
    /// Binds from the unit's own table and its variables or, for an instance, only from its table.
    pub(crate) fn new(
        sources: &'a Sources,
        names: &'a UnitNames,
        unit: &'static UnitInfo,
        instance: Option<usize>,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        let table = sources.node_for(unit, names).and_then(|(address, node)| {
            let (node, table) = match instance {
                None => (node, node.as_table()?),
                Some(instance) => node.table_at(instance)?,
            };
            Some(UnitTable { address, span: node.span.clone(), table })
        });
        Self { sources, names, unit, instance, table, problems, fingerprints: Vec::new() }
    }

    /// Returns the fingerprints of what was read, and the table in which it may be.
    pub(crate) fn into_fingerprints(self) -> Fingerprints {
        let table = self.table.map(|table| At::File(table.span.start));
        Fingerprints { table, arguments: self.fingerprints, policy: Vec::new() }
    }

    /// Binds a required argument. One of type `Option` is `None` if no source has it.
    pub fn argument<T: Value>(&mut self, index: usize) -> Option<T> {
        match self.read(index) {
            Read::Given(value) => Some(value),
            Read::Wrong => None,
            Read::Unset => {
                let nothing = unwind::catch(|| T::read(Reader::nothing()));
                let value = nothing.ok().and_then(Result::ok);
                if value.is_none() {
                    self.miss(index);
                }
                value
            }
        }
    }

    /// Binds an argument with a default.
    pub fn argument_or<T: Value>(&mut self, index: usize, default: impl FnOnce() -> T) -> Option<T> {
        match self.read(index) {
            Read::Given(value) => Some(value),
            Read::Wrong => None,
            Read::Unset => argument_problems::default(self.unit, self.describe(index), default, self.problems),
        }
    }

    /// Binds an argument that only code can set.
    pub fn code<T>(&mut self, index: usize) -> Option<T> {
        self.problems.push(argument_problems::only_code(self.unit, self.describe(index), self.sources.remedies()));
        None
    }

    /// Binds an argument that only code can set, with a default.
    pub fn code_or<T>(&mut self, index: usize, default: impl FnOnce() -> T) -> Option<T> {
        argument_problems::default(self.unit, self.describe(index), default, self.problems)
    }

    /// Reports every source that has an argument which code has already set.
    pub fn fixed(&mut self, index: usize) {
        let argument = self.describe(index);
        for (origin, reader) in self.candidates(index) {
            let problem = match (&origin, self.sources.document()) {
                (Origin::AboveTheFile(at), _) if reader.counts_as_unset(at) => continue,
                (Origin::File(entry), Some(document)) => {
                    let what = format!("`{}.{}` has no effect: code sets it", self.table_path(), argument.name);
                    document.problem(ProblemKind::Conflict, what, &entry.key, "not used")
                }
                (Origin::AboveTheFile(at), _) => {
                    let what = format!("{} has no effect: code sets it", self.sources.name_of(at));
                    Problem::new(ProblemKind::Conflict, what).at(self.sources.place(at))
                }
                (Origin::File(_), None) => unreachable!("an entry comes from a document"),
            };
            let help = format!("remove it, or leave `{}` open in code, so that the sources can set it", argument.name);
            self.problems.push(problem.help(help));
        }
    }

    fn describe(&self, index: usize) -> &'static Argument {
        &self.unit.arguments[index]
    }

    fn read<T: Value>(&mut self, index: usize) -> Read<T> {
        for (origin, reader) in self.candidates(index) {
            match unwind::catch(|| T::read(reader)) {
                Ok(Ok(value)) => {
                    let at = match origin {
                        Origin::AboveTheFile(at) => at,
                        Origin::File(entry) => At::File(entry.key.start),
                    };
                    self.fingerprints.push(Fingerprint { key: self.describe(index).name, print: reader.print(), at });
                    return Read::Given(value);
                }
                Ok(Err(_)) if matches!(&origin, Origin::AboveTheFile(at) if reader.counts_as_unset(at)) => {}
                Ok(Err(fault)) => {
                    self.refuse(index, &origin, reader, &fault);
                    return Read::Wrong;
                }
                Err(message) => {
                    let words = message.unwrap_or_else(|| "a panic without a message".to_owned());
                    self.refuse(index, &origin, reader, &Fault::panicked(&words));
                    return Read::Wrong;
                }
            }
        }
        Read::Unset
    }

    /// Returns the layers' values for an argument, highest first.
    fn candidates(&self, index: usize) -> Vec<(Origin<'a>, Reader<'a>)> {
        let argument = self.describe(index);
        let mut candidates = Vec::new();
        if self.instance.is_none() {
            let above = self.sources.argument_above_the_file(self.unit, argument, self.names);
            candidates.extend(above.into_iter().map(|(at, text)| (Origin::AboveTheFile(at), text)));
        }
        if let Some(UnitTable { table, .. }) = self.table {
            let entry = argument_names(argument).find_map(|name| table.get(name));
            candidates.extend(entry.map(|entry| (Origin::File(entry), Reader::node(&entry.node))));
        }
        candidates
    }

    /// Reports that a value can't be read as the argument's type.
    fn refuse(&mut self, index: usize, origin: &Origin<'_>, reader: Reader<'_>, fault: &Fault) {
        let argument = self.describe(index);
        let (told, path) = if argument.secret {
            (fault.told_of_secret().to_owned(), String::new())
        } else {
            (fault.told(|words| self.scrubbed(words, origin, reader)), fault.path())
        };
        let target =
            format!("argument `{}: {}` of {} `{}`", argument.name, argument.ty, self.unit.kind, self.unit.name);
        let problem = match (origin, self.sources.document()) {
            (Origin::File(entry), Some(document)) => {
                let what = format!(
                    "invalid value for `{}.{}{path}` ({target}): {told}",
                    self.table_path(),
                    key_in_toml(&entry.name)
                );
                let span = fault.span.as_ref().filter(|_| !argument.secret).unwrap_or(&entry.node.span);
                document.problem(ProblemKind::IllTypedArgument, what, span, &told)
            }
            (Origin::AboveTheFile(at), _) => {
                let path = if path.is_empty() { path } else { format!(", at `{}`", path.trim_start_matches('.')) };
                Problem::new(
                    ProblemKind::IllTypedArgument,
                    format!("invalid value in {} ({target}{path}): {told}", self.sources.name_of(at)),
                )
                .at(self.sources.place(at))
            }
            (Origin::File(_), None) => unreachable!("an entry comes from a document"),
        };
        let place = argument_problems::place(self.unit, argument);
        self.problems.push(problem.at(place).help(format!("correct the value; the argument is declared at {place}")));
    }

    /// Returns `tasks.poll`, or `tasks.poll#2` for an instance.
    fn table_path(&self) -> String {
        let address = self.table.as_ref().map_or(self.unit.name, |table| table.address);
        let instance = self.instance.map(|instance| format!("#{}", instance + 1)).unwrap_or_default();
        format!("tasks.{}{instance}", key_in_toml(address))
    }

    /// Returns a user's message without the value, neither parsed nor as written.
    fn scrubbed(&self, words: &str, origin: &Origin<'_>, reader: Reader<'_>) -> String {
        let mut values = reader.quotable();
        if let (Origin::File(entry), Some(document)) = (origin, self.sources.document()) {
            values.push(document.written(&entry.node.span).to_owned());
        }
        scrub(words, &values)
    }

    /// Reports that no layer has the argument.
    fn miss(&mut self, index: usize) {
        if self.sources.is_broken() {
            // The file has been reported; what else it contains is not known.
            return;
        }
        let argument = self.describe(index);
        let mut problem =
            argument_problems::missing(self.unit, argument, &self.ways(argument), self.sources.remedies());
        if let (Some(table), Some(document)) = (&self.table, self.sources.document()) {
            problem = problem.at(document.place(&table.span));
        }
        self.problems.push(problem);
    }

    /// Returns the ways to set an argument in the sources, each followed by a comma.
    fn ways(&self, argument: &Argument) -> String {
        let in_test = self.sources.remedies() == Remedies::TestKit;
        if !self.sources.are_read() && !in_test {
            return String::new();
        }
        let name = key_in_toml(argument.name);
        let file = self.sources.file_name();
        let address = self.names.address(self.unit);
        let table = key_in_toml(&address);
        if self.instance.is_some() {
            let variables = if in_test { "" } else { " (variables do not apply to it)" };
            return format!("write `{name} = …` in this `[[tasks.{table}]]` of {file}{variables}, ");
        }
        if in_test {
            let key = argument_key(&address, argument.name);
            return format!("write `{name} = …` under `[tasks.{table}]` in `.toml(\"…\")`, call `.set({key:?}, …)`, ");
        }
        let mut variable = argument_variable(&address, argument.name);
        if let Some(other) = argument.env {
            variable = format!("{other} or {variable}");
        }
        // If a variable were not empty, it would have been read or refused.
        let is_set = !self.sources.argument_above_the_file(self.unit, argument, self.names).is_empty();
        let empty = if is_set { " (it is set but empty, which counts as unset)" } else { "" };
        format!("write `{name} = …` under `[tasks.{table}]` in {file}, set {variable}{empty}, ")
    }
}

impl fmt::Debug for Binder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binder").field("unit", &self.unit.name).finish_non_exhaustive()
    }
}

/// Returns a name as a key in TOML.
pub(super) fn key_in_toml(name: &str) -> String {
    let bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if bare { name.to_owned() } else { format!("{name:?}") }
}
