//! `XConfig::load()`: the layers for code that changes one field of them.

use std::any::Any;

use super::*;
use crate::config::ConfigError;
use crate::unit::load::load_from;
use crate::unit::{Config, Descriptor};

struct PollConfig {
    foo: u8,
    bar: String,
}

impl Config for PollConfig {
    fn descriptor() -> &'static Descriptor {
        static UNIT: Descriptor = Descriptor {
            info: UnitInfo {
                kind: Kind::Task,
                name: "poll",
                module: "app",
                place: Location { file: "src/main.rs", line: 1, column: 1 },
                name_place: Location { file: "src/main.rs", line: 1, column: 1 },
                docs: "",
                id: || std::any::TypeId::of::<PollConfig>(),
                options: Options::NONE,
                after: &[],
                before: &[],
                needs: &[],
                returns: None,
                arguments: &[
                    Argument { name: "foo", ty: "u8", ..Argument::PLAIN },
                    Argument { name: "bar", ty: "String", ..Argument::PLAIN },
                ],
            },
            key: None,
            bind: |binder| {
                let bound = (binder.argument(0), binder.argument_or(1, || "bar".to_owned()));
                Some(Box::new(PollConfig { foo: bound.0?, bar: bound.1? }) as Box<dyn Any + Send>)
            },
            start: |_| crate::unit::runs(async {}, crate::unit::Nothing),
        };
        &UNIT
    }
}

fn load(file: &str) -> Result<PollConfig, ConfigError> {
    load_with(file, &[])
}

fn load_with(file: &str, environment: &[(&str, &str)]) -> Result<PollConfig, ConfigError> {
    let mut problems = Vec::new();
    let sources = Sources::given(Some(file), environment, &mut problems);
    load_from(&sources, &UnitNames::new([&PollConfig::descriptor().info]), problems)
}

#[test]
fn gives_the_config_of_the_layers() {
    let config = load("[tasks.poll]\nfoo = 5").expect("complete");
    assert_eq!((config.foo, config.bar.as_str()), (5, "bar"));
}

#[test]
fn gives_every_problem_at_once() {
    let error = load("[tasks.poll]\nfoo = 300\nbar = 7").err().expect("two wrong values");
    assert_eq!(error.problems().len(), 2);
    let text = error.to_string();
    assert!(text.contains("`tasks.poll.foo`") && text.contains("`tasks.poll.bar`"), "{text}");
    assert_eq!(format!("{error:?}"), text, "so `main` prints it");
    let error = load("[tasks.poll]\nfoo = ").err().expect("broken");
    assert_one(error.problems(), ProblemKind::Source, &["not valid TOML"]);
    // A broken file is an error even where the rest would do.
    let error = load_with("x", &[("LIFESPAN__TASKS__POLL__FOO", "5")]).err().expect("broken");
    assert_one(error.problems(), ProblemKind::Source, &["not valid TOML"]);
    let error = load("[[tasks.poll]]\nfoo = 1").err().expect("a list");
    assert_one(error.problems(), ProblemKind::Conflict, &["`[[tasks.poll]]`", "load"]);
}

#[test]
fn what_was_loaded_has_an_effect_although_code_registers_it() {
    let unit = PollConfig::descriptor();
    load("[tasks.poll]\nfoo = 5").expect("complete");
    let place = Location { file: "src/main.rs", line: 77, column: 9 };
    let bound = [Bound { unit, name: "poll", registered: Some(place) }];
    let (problems, _) = check(&[unit], &bound, Some("[tasks.poll]\nfoo = 5"), &[]);
    assert!(problems.is_empty(), "{problems:?}");
}
