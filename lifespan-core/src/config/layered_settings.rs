//! A group of settings: one or several tables of the file, and the variables that override them.

use lifespan_text::{Contradiction, SettingName, Source, Words};
use serde_core::Deserialize;
use serde_core::de::DeserializeOwned;

use super::file::{Entry, Table};
use super::layers::Names;
use super::names::variable_part;
use super::read::{Fault, Reader};
use super::{At, Fingerprint, Sources};
use crate::base::{Problem, ProblemKind};

/// The places of a group of settings: a table of the file, and the variables with the same prefix. Later ones override
/// earlier ones.
pub(super) struct Group<'s> {
    pub(super) sources: &'s Sources,
    /// `lifespan.policy.poll` and its table.
    pub(super) tables: Vec<(String, &'s Table)>,
    /// `lifespan.policy.poll.`
    pub(super) keys: Vec<String>,
    /// `LIFESPAN_POLICY__POLL__`
    pub(super) prefixes: Vec<String>,
}

/// The place of a setting: above the file, with its text, or in a table, with its path.
enum Origin<'g> {
    AboveTheFile(At, Reader<'g>),
    Entry(&'g str, &'g Entry),
}

impl Group<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.keys.is_empty() && self.prefixes.is_empty()
    }

    /// Reads a setting from the highest layer that has it.
    fn setting<T>(
        &self,
        name: &str,
        problems: &mut Vec<Problem>,
        read: impl Fn(Reader<'_>) -> Result<T, Fault>,
    ) -> Option<T> {
        for (at, text) in self.above_the_file(name) {
            match read(text) {
                Ok(value) => return Some(value),
                Err(_) if text.counts_as_unset(&at) => {}
                Err(fault) => {
                    let (place, told) = (self.sources.name_of(&at), fault.told(str::to_owned));
                    let what = format!("invalid value in {place} (setting `{name}`): {told}");
                    let help = match at {
                        At::Variable(_) => "correct the variable or unset it",
                        _ => "correct the value or remove it",
                    };
                    let problem = Problem::new(ProblemKind::IllTypedArgument, what);
                    push_once(problems, problem.at(self.sources.place(&at)).help(help));
                    return None;
                }
            }
        }
        for (path, table) in self.tables.iter().rev() {
            let Some(entry) = table.get(name) else { continue };
            match read(Reader::node(&entry.node)) {
                Ok(value) => return Some(value),
                Err(fault) => {
                    let told = fault.told(str::to_owned);
                    let what = format!("invalid value for `{path}.{name}`: {told}");
                    let span = fault.span.as_ref().unwrap_or(&entry.node.span);
                    let document = self.sources.document()?;
                    push_once(
                        problems,
                        document
                            .problem(ProblemKind::IllTypedArgument, what, span, &told)
                            .help("correct the value or remove the line"),
                    );
                    return None;
                }
            }
        }
        None
    }

    /// Returns the sources' values for these keys.
    pub(super) fn fingerprints(&self, keys: impl Iterator<Item = &'static str>) -> Vec<Fingerprint> {
        keys.filter_map(|key| self.fingerprint(key)).collect()
    }

    fn fingerprint(&self, setting: &'static str) -> Option<Fingerprint> {
        let (print, at) = match self.origin(setting)? {
            Origin::AboveTheFile(at, text) => (text.print(), at),
            Origin::Entry(_, Entry { key, node, .. }) => (Reader::node(node).print(), At::File(key.start)),
        };
        Some(Fingerprint { key: setting, print, at })
    }

    /// Returns the values of a setting in the layers above the file, highest first.
    fn above_the_file(&self, name: &str) -> Vec<(At, Reader<'_>)> {
        self.sources.above_the_file(&Names {
            keys: self.keys.iter().rev().map(|key| format!("{key}{name}")).collect(),
            variables: self.prefixes.iter().rev().map(|prefix| format!("{prefix}{}", variable_part(name))).collect(),
        })
    }

    /// Returns the place of a setting, if it is set: the highest layer, and there the last of the group.
    fn origin(&self, name: &str) -> Option<Origin<'_>> {
        let mut above = self.above_the_file(name).into_iter();
        let above = above.find(|(at, text)| !text.counts_as_unset(at));
        let mut tables = self.tables.iter().rev();
        above
            .map(|(at, text)| Origin::AboveTheFile(at, text))
            .or_else(|| tables.find_map(|(path, table)| Some(Origin::Entry(path, table.get(name)?))))
    }

    /// Refuses a setting, if it is set.
    pub(super) fn refuse(&self, name: &str, contradiction: Contradiction, problems: &mut Vec<Problem>) {
        let Contradiction { why, help } = contradiction;
        if let Some(problem) = self.problem_at(name, |setting| format!("{setting} is not allowed: {why}")) {
            push_once(problems, problem.help(help));
        }
    }

    /// Returns a problem with a setting, at its place and with its name; `None` if it is not set.
    pub(super) fn problem_at(&self, name: &str, what: impl FnOnce(&str) -> String) -> Option<Problem> {
        self.problem_of(ProblemKind::Conflict, name, what)
    }

    /// Does the same for a problem of this kind.
    pub(super) fn problem_of(
        &self,
        kind: ProblemKind,
        name: &str,
        what: impl FnOnce(&str) -> String,
    ) -> Option<Problem> {
        match self.origin(name)? {
            Origin::AboveTheFile(at, _) => {
                let problem = Problem::new(kind, what(&self.sources.name_of(&at)));
                Some(problem.at(self.sources.place(&at)))
            }
            Origin::Entry(path, entry) => {
                let what = what(&format!("`{path}.{name}`"));
                Some(self.sources.document()?.problem(kind, what, &entry.key, "here"))
            }
        }
    }
}

/// A group whose settings are being read; invalid ones are reported.
pub(super) struct Reading<'r> {
    pub(super) group: &'r Group<'r>,
    pub(super) problems: &'r mut Vec<Problem>,
}

impl Reading<'_> {
    fn value<D: DeserializeOwned, T>(
        &mut self,
        name: &SettingName,
        read: impl Fn(D) -> Result<T, String>,
    ) -> Option<T> {
        self.group.setting(name.key, self.problems, |reader| {
            let value = D::deserialize(reader).map_err(|fault| {
                Fault::new(format!("{}; write it as in `{}`", fault.told(str::to_owned), name.example))
            })?;
            read(value).map_err(Fault::new)
        })
    }
}

impl Source for Reading<'_> {
    fn text<T>(&mut self, name: &SettingName, read: fn(&str) -> Result<T, String>) -> Option<T> {
        self.value(name, |text: String| read(&text))
    }

    fn integer(&mut self, name: &SettingName) -> Option<u32> {
        self.value(name, Ok)
    }

    fn number<T>(&mut self, name: &SettingName, read: fn(f64) -> Result<T, String>) -> Option<T> {
        self.value(name, read)
    }

    fn switch(&mut self, name: &SettingName) -> Option<bool> {
        self.value(name, Ok)
    }

    fn texts(&mut self, name: &SettingName) -> Option<Words> {
        self.group.setting(name.key, self.problems, |reader| {
            let words = match String::deserialize(reader) {
                Ok(text) => Words::from_text(&text),
                Err(_) => Words::checked(Vec::deserialize(reader)?),
            };
            words.map_err(Fault::new)
        })
    }
}

/// Instances of one unit share its policy, whose problems are reported once.
pub(super) fn push_once(problems: &mut Vec<Problem>, problem: Problem) {
    if problems.iter().all(|known| known.what() != problem.what()) {
        problems.push(problem);
    }
}
