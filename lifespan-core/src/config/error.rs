//! `XConfig::load()` and its error.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::names::in_memory;
use super::{Binder, Sources, Tables, UnitNames};
use crate::plan::problem::{Problem, ProblemKind, Problems};
use crate::unit::{Config, Descriptor};

/// An error from loading a config: every problem with it, not only the first.
///
/// ```
/// # use lifespan::ConfigError;
/// fn tell(error: &ConfigError) {
///     eprintln!("{error}"); // names each argument, and where it can be set
/// }
/// ```
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// All problems, each with what is wrong, where, and what to do. The error itself displays the first 50 of them.
    ///
    /// ```
    /// # use lifespan::{ConfigError, ProblemKind};
    /// fn is_missing(error: &ConfigError) -> bool {
    ///     error.problems().iter().any(|problem| problem.kind() == ProblemKind::MissingArgument)
    /// }
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Problems { all: &self.problems, before: "", between: "\n" }.fmt(f)
    }
}

impl fmt::Debug for ConfigError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ConfigError {}

/// The units whose configs code has loaded from the sources, by address. A file's values for them have an effect
/// although code registers them, which is known only from here: a config does not know where its fields came from.
/// Process-wide, since `load` belongs to no app.
static LOADED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

fn loaded() -> MutexGuard<'static, BTreeSet<usize>> {
    LOADED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg_attr(not(feature = "config"), expect(dead_code, reason = "only a file can be without effect"))]
pub(super) fn is_loaded(unit: &Descriptor) -> bool {
    loaded().contains(&in_memory(unit))
}

/// Loads a config from the defaults, the file and the environment, which are read again each time.
///
/// `discovered` are the units of the program, which decide where a short name is unique.
pub fn load<C: Config>(discovered: &[&'static Descriptor]) -> Result<C, ConfigError> {
    let mut problems = Vec::new();
    let sources = Sources::read(&mut problems);
    let unit = C::descriptor();
    let mut units = discovered.to_vec();
    if !units.iter().any(|known| known.is(unit)) {
        units.push(unit);
    }
    load_from(&sources, &UnitNames::new(&units), problems)
}

pub(super) fn load_from<C: Config>(
    sources: &Sources,
    names: &UnitNames,
    mut problems: Vec<Problem>,
) -> Result<C, ConfigError> {
    let unit = C::descriptor();
    loaded().insert(in_memory(unit));
    if let Tables::Many(_) = sources.tables_for(unit, names) {
        problems.push(
            Problem::new(
                ProblemKind::Conflict,
                format!(
                    "the file has `[[tasks.{}]]`, several tables, where `load` reads one config",
                    names.address(unit)
                ),
            )
            .at(unit.location())
            .help("write one table, with single brackets, or let the tables register the task themselves"),
        );
        return Err(ConfigError { problems });
    }
    let bound = (unit.bind)(&mut Binder::new(sources, names, unit, None, &mut problems));
    match bound.and_then(|config| config.downcast().ok()) {
        Some(config) if problems.is_empty() => Ok(*config),
        _ => Err(ConfigError { problems }),
    }
}
