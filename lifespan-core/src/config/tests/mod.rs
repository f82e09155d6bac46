//! Config as the plan and the macros use it; here is what the themes share: units made by hand and a way to bind them.

mod binding;
mod layers;
mod leaks;
mod loading;
mod restart;
mod schedule;
mod secrets;
mod set;
mod settings;
mod types;
mod unknown;

use super::{Binder, Bound, Sources, UnitNames, Value};
use crate::base::{Location, Problem, ProblemKind};
use crate::declare::{Argument, Kind, Options, UnitInfo};

/// A unit of crate `app`, declared at `src/main.rs:10:10`, with arguments from line 20 on.
fn unit(name: &'static str, arguments: Vec<Argument>) -> &'static UnitInfo {
    unit_in("app", Kind::Task, name, arguments)
}

fn context(name: &'static str, arguments: Vec<Argument>) -> &'static UnitInfo {
    unit_in("app", Kind::Context, name, arguments)
}

fn unit_in(module: &'static str, kind: Kind, name: &'static str, mut arguments: Vec<Argument>) -> &'static UnitInfo {
    for (line, argument) in (20..).zip(&mut arguments) {
        (argument.line, argument.column) = (line, 5);
    }
    let place = Location { file: "src/main.rs", line: 10, column: 10 };
    Box::leak(Box::new(UnitInfo {
        kind,
        name,
        module,
        place,
        name_place: place,
        docs: "",
        id: || std::any::TypeId::of::<()>(),
        options: Options::NONE,
        after: &[],
        before: &[],
        needs: &[],
        returns: None,
        arguments: arguments.leak(),
    }))
}

fn argument(name: &'static str, ty: &'static str) -> Argument {
    Argument { name, ty, ..Argument::PLAIN }
}

/// Returns the result of binding argument 0 of a unit, and the reported problems.
fn bind_first<T: Value>(
    unit: &'static UnitInfo,
    file: Option<&str>,
    environment: &[(&str, &str)],
) -> (Option<T>, Vec<Problem>) {
    let mut problems = Vec::new();
    let sources = Sources::given(file, environment, &mut problems);
    let names = UnitNames::new([unit]);
    let value = Binder::new(&sources, &names, unit, None, &mut problems).argument(0);
    assert!(value.is_some() || !problems.is_empty(), "an argument without a value is never silent");
    (value, problems)
}

/// The unit `poll` with one argument `foo`.
fn poll(ty: &'static str) -> &'static UnitInfo {
    unit("poll", vec![argument("foo", ty)])
}

/// `foo` of `poll`, read from the right side of `foo = …`.
fn from_file<T: Value>(value: &str) -> Result<T, Problem> {
    one(bind_first(poll("T"), Some(&format!("[tasks.poll]\nfoo = {value}\n")), &[]))
}

/// `foo` of `poll`, read from its variable.
fn from_variable<T: Value>(value: &str) -> Result<T, Problem> {
    one(bind_first(poll("T"), None, &[("LIFESPAN__TASKS__POLL__FOO", value)]))
}

fn one<T>((value, mut problems): (Option<T>, Vec<Problem>)) -> Result<T, Problem> {
    assert!(problems.len() <= 1, "{problems:?}");
    value.ok_or_else(|| problems.remove(0))
}

/// The problems and warnings of checking the names of a file and an environment.
fn check(
    units: &[&'static UnitInfo],
    bound: &[Bound<'_>],
    file: Option<&str>,
    environment: &[(&str, &str)],
) -> (Vec<Problem>, Vec<Problem>) {
    let mut problems = Vec::new();
    let sources = Sources::given(file, environment, &mut problems);
    let warnings = sources.check_unknown(&UnitNames::new(units.iter().copied()), bound, &mut problems);
    (problems, warnings)
}

/// Asserts that there is one problem, of this kind, whose whole text has these parts.
#[track_caller]
fn assert_one(problems: &[Problem], kind: ProblemKind, parts: &[&str]) {
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(problems.len(), 1, "{text}");
    assert_eq!(problems[0].kind(), kind, "{text}");
    for part in parts {
        assert!(
            text.contains(part) || problems[0].places().iter().any(|place| place.contains(part)),
            "no {part:?} in\n{text}"
        );
    }
}
