//! Problems common to builds with and without sources: a missing argument, one that only code can set, a default that
//! panics.

use crate::base::{Location, Problem, ProblemKind, Remedies, unwind};
use crate::declare::{Argument, UnitInfo};

/// Returns the place of an argument in the source; for a function made by a macro of another file, the place of the
/// macro call.
pub(crate) fn place(unit: &UnitInfo, argument: &Argument) -> Location {
    if unit.name_place.file == unit.place.file {
        Location { file: unit.place.file, line: argument.line, column: argument.column }
    } else {
        unit.location()
    }
}

/// Evaluates a default expression, which is user code.
pub(crate) fn default<T>(
    unit: &UnitInfo,
    argument: &Argument,
    make: impl FnOnce() -> T,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match unwind::catch(make) {
        Ok(value) => Some(value),
        Err(message) => {
            let message = match message {
                Some(text) if !argument.secret => format!(": {text}"),
                _ => String::new(),
            };
            problems.push(
                Problem::new(
                    ProblemKind::Declaration,
                    format!(
                        "the default of argument `{}` of {} `{}` panicked{message}",
                        argument.name, unit.kind, unit.name
                    ),
                )
                .at(place(unit, argument))
                .help("give the argument a value, or a default that can't panic"),
            );
            None
        }
    }
}

/// Returns the problem of a `#[config(code)]` argument that code has not set.
pub(crate) fn only_code(unit: &UnitInfo, argument: &Argument, remedies: Remedies) -> Problem {
    let otherwise = match remedies {
        Remedies::Program => ", or exclude the unit with `app.skip(…)`",
        Remedies::TestKit => ", or give a fake of what it provides: `.provide(fake)`",
    };
    Problem::new(
        ProblemKind::MissingArgument,
        format!(
            "{} `{}` can't register automatically: only code can set its argument `{}: {}`",
            unit.kind, unit.name, argument.name, argument.ty
        ),
    )
    .at(place(unit, argument))
    .help(format!("pass its config to `{}`{otherwise}", remedies.register()))
}

/// Returns the problem of an argument without a value; `ways` are the sources that could have set it.
pub(crate) fn missing(unit: &UnitInfo, argument: &Argument, ways: &str, remedies: Remedies) -> Problem {
    Problem::new(
        ProblemKind::MissingArgument,
        format!("{} `{}` has no value for its argument `{}: {}`", unit.kind, unit.name, argument.name, argument.ty),
    )
    .at(place(unit, argument))
    .help(format!("{ways}pass its config to `{}`, or declare a default: `#[config(default = …)]`", remedies.register()))
}
