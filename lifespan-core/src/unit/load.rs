//! `XConfig::load()`: reads the sources for code.

use super::descriptor::{Config, Descriptor};
use crate::base::{Problem, ProblemKind};
use crate::config::{Binder, ConfigError, Sources, Tables, UnitNames, loaded};

/// Loads a config from the defaults, the file and the environment, which are read again each time.
///
/// `discovered` are the units of the program, which decide where a short name is unique.
pub fn load<C: Config>(discovered: &[&'static Descriptor]) -> Result<C, ConfigError> {
    let mut problems = Vec::new();
    let mut sources = Sources::read(&mut problems);
    let unit = C::descriptor();
    let mut units = discovered.to_vec();
    if !units.iter().any(|known| known.is(unit)) {
        units.push(unit);
    }
    let names = || UnitNames::new(units.iter().map(|unit| &unit.info));
    sources.read_secrets(names, &mut problems);
    load_from(&sources, &names(), problems)
}

pub(crate) fn load_from<C: Config>(
    sources: &Sources,
    names: &UnitNames,
    mut problems: Vec<Problem>,
) -> Result<C, ConfigError> {
    let unit = C::descriptor();
    loaded::note(unit);
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
        return Err(ConfigError::new(problems));
    }
    let bound = (unit.bind)(&mut Binder::new(sources, names, unit, None, &mut problems));
    match bound.and_then(|config| config.downcast().ok()) {
        Some(config) if problems.is_empty() => Ok(*config),
        _ => Err(ConfigError::new(problems)),
    }
}
