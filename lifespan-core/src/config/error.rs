//! `XConfig::load()` and the error that it returns.

use std::error::Error;
use std::fmt;

use super::{Binder, Sources, UnitNames};
use crate::plan::problem::Problem;
use crate::unit::{Config, Descriptor};

/// Why a config could not be loaded: every problem with it, not only the first.
#[derive(Debug)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    /// Every problem, each with what is wrong, where, and what to do.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl Error for ConfigError {}

/// Makes a config from the defaults, the file and the environment, read afresh.
///
/// `discovered` are the units of the program, which decide where a short name is unique.
pub fn load<C: Config>(discovered: &[&'static Descriptor]) -> Result<C, ConfigError> {
    let mut problems = Vec::new();
    let sources = Sources::read(&mut problems);
    load_from(&sources, &UnitNames::new(discovered), problems)
}

fn load_from<C: Config>(sources: &Sources, names: &UnitNames, mut problems: Vec<Problem>) -> Result<C, ConfigError> {
    let unit = C::descriptor();
    let bound = (unit.bind)(&mut Binder::new(sources, names, unit, None, &mut problems));
    match bound.and_then(|config| config.downcast().ok()) {
        Some(config) if problems.is_empty() => Ok(*config),
        _ => Err(ConfigError { problems }),
    }
}
