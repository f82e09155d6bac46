//! The problems that both worlds have: an argument without a value, one that only code can give, a default that panics.

use crate::plan::problem::{Problem, ProblemKind};
use crate::unit::{Argument, Descriptor, Location};
use crate::unwind;

/// The place of an argument in the source; for a function that a macro of another file made, where that was called.
pub(crate) fn place(unit: &Descriptor, argument: &Argument) -> Location {
    if unit.name_place.file == unit.place.file {
        Location { file: unit.place.file, line: argument.line, column: argument.column }
    } else {
        unit.location()
    }
}

/// Runs a default expression, which is the user's code.
pub(crate) fn default<T>(
    unit: &Descriptor,
    argument: &Argument,
    make: impl FnOnce() -> T,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match unwind::catch(make) {
        Ok(value) => Some(value),
        Err(message) => {
            let said = match message {
                Some(text) if !argument.secret => format!(": {text}"),
                _ => String::new(),
            };
            problems.push(
                Problem::new(
                    ProblemKind::Declaration,
                    format!(
                        "the default of argument `{}` of {} `{}` panicked{said}",
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

/// `#[config(code)]`, and code has not given it.
pub(crate) fn only_code(unit: &Descriptor, argument: &Argument) -> Problem {
    Problem::new(
        ProblemKind::MissingArgument,
        format!(
            "{} `{}` can't start by itself: only code can give its argument `{}: {}`",
            unit.kind, unit.name, argument.name, argument.ty
        ),
    )
    .at(place(unit, argument))
    .help("hand its config to `app.register(…)`, or leave the unit out with `app.skip(…)`")
}

/// No layer has a value; `ways` are the sources that could have given it.
pub(crate) fn missing(unit: &Descriptor, argument: &Argument, ways: &str) -> Problem {
    Problem::new(
        ProblemKind::MissingArgument,
        format!("{} `{}` has no value for its argument `{}: {}`", unit.kind, unit.name, argument.name, argument.ty),
    )
    .at(place(unit, argument))
    .help(format!("{ways}hand its config to `app.register(…)`, or declare a default: `#[config(default = …)]`"))
}
