//! Binding: what is missing, what code alone can give, defaults, aliases, instances and keys.

use super::*;

#[test]
fn a_missing_argument_is_named_with_its_type_its_place_and_the_ways_to_give_it() {
    let unit = unit("poll", vec![Argument { env: Some("FOO"), ..argument("foo", "u32") }]);
    let (_, problems) = bind_first::<u32>(unit, Some("[tasks.poll]\n"), &[]);
    assert_one(
        &problems,
        ProblemKind::MissingArgument,
        &[
            "task `poll` has no value for its argument `foo: u32`",
            "src/main.rs:20:5",
            "lifespan.toml:1:1",
            "`foo = …` under `[tasks.poll]` in lifespan.toml",
            "FOO or LIFESPAN__TASKS__POLL__FOO",
            "app.register(",
            "#[config(default",
        ],
    );
}

#[test]
fn every_argument_is_bound_although_an_earlier_one_is_wrong() {
    let unit = unit("poll", vec![argument("a", "u8"), argument("b", "u8"), argument("c", "u8"), argument("d", "u8")]);
    let mut problems = Vec::new();
    let sources = Sources::given(Some("[tasks.poll]\na = 300\nc = 1\nd = ''\n"), &[], &mut problems);
    let names = UnitNames::new([unit]);
    let mut binder = Binder::new(&sources, &names, unit, None, &mut problems);
    let bound: Vec<Option<u8>> = (0..4).map(|index| binder.argument(index)).collect();
    assert_eq!(bound, [None, None, Some(1), None]);
    let kinds: Vec<ProblemKind> = problems.iter().map(Problem::kind).collect();
    assert_eq!(kinds, [ProblemKind::IllTypedArgument, ProblemKind::MissingArgument, ProblemKind::IllTypedArgument]);
}

#[test]
fn an_option_that_nothing_gives_is_none() {
    assert_eq!(one(bind_first::<Option<u8>>(poll("Option<u8>"), None, &[])).expect("none is a value"), None);
}

#[test]
fn an_empty_app_advises_no_source_that_it_does_not_read() {
    let unit = poll("u8");
    let (sources, names, mut problems) = (Sources::none(), UnitNames::new([unit]), Vec::new());
    assert_eq!(Binder::new(&sources, &names, unit, None, &mut problems).argument::<u8>(0), None);
    assert_one(&problems, ProblemKind::MissingArgument, &["app.register("]);
    assert!(!problems[0].to_string().contains("lifespan.toml"));
}

#[test]
fn a_broken_file_is_not_blamed_for_each_argument_again() {
    let mut problems = Vec::new();
    let sources = Sources::given(Some("[tasks.poll]\nfoo = \n"), &[], &mut problems);
    let unit = poll("u8");
    let names = UnitNames::new([unit]);
    assert_eq!(Binder::new(&sources, &names, unit, None, &mut problems).argument::<u8>(0), None);
    assert_one(&problems, ProblemKind::Source, &["lifespan.toml:2"]);
}

#[test]
fn what_only_code_can_give_says_so() {
    let unit = unit("serve", vec![Argument { code: true, ..argument("router", "Router") }]);
    let (sources, names, mut problems) = (Sources::none(), UnitNames::new([unit]), Vec::new());
    assert_eq!(Binder::new(&sources, &names, unit, None, &mut problems).code::<u8>(0), None);
    assert_one(
        &problems,
        ProblemKind::MissingArgument,
        &["only code can set its argument `router: Router`", "app.register(", "src/main.rs:20:5"],
    );
}

#[test]
fn a_default_is_taken_only_when_nothing_else_is_there_and_may_panic() {
    let unit = unit("poll", vec![argument("foo", "u8")]);
    let names = UnitNames::new([unit]);
    let bind = |file, default: fn() -> u8| {
        let mut problems = Vec::new();
        let sources = Sources::given(file, &[], &mut problems);
        let value = Binder::new(&sources, &names, unit, None, &mut problems).argument_or(0, default);
        (value, problems)
    };
    assert_eq!(bind(None, || 7).0, Some(7));
    assert_eq!(bind(Some("[tasks.poll]\nfoo = 5"), || panic!("not asked for")).0, Some(5));
    assert_eq!(bind(Some("[tasks.poll]\nfoo = 300"), || 7).0, None);
    let (value, problems) = bind(None, || panic!("no default today"));
    assert_eq!(value, None);
    assert_one(
        &problems,
        ProblemKind::Declaration,
        &["the default of argument `foo` of task `poll` panicked: no default today", "src/main.rs:20:5"],
    );
}

#[test]
fn an_alias_is_read_in_the_file_and_in_variables() {
    let unit = unit("poll", vec![Argument { aliases: &["old"], ..argument("foo", "u8") }]);
    assert_eq!(bind_first(unit, Some("[tasks.poll]\nold = 1"), &[]).0, Some(1_u8));
    assert_eq!(bind_first(unit, None, &[("LIFESPAN__TASKS__POLL__OLD", "2")]).0, Some(2_u8));
}

#[test]
fn each_table_of_a_list_is_an_instance_with_its_own_values_key_and_errors() {
    let unit = unit("probe", vec![argument("site", "String"), argument("port", "u16")]);
    let names = UnitNames::new([unit]);
    let mut problems = Vec::new();
    let file = "[[tasks.probe]]\nsite = 'home'\nport = 1\n[[tasks.probe]]\nsite = 'work'\nport = 70000\n[[tasks.probe]]\nsite = 'away'\n";
    // The variable does not reach the instances.
    let sources = Sources::given(Some(file), &[("LIFESPAN__TASKS__PROBE__PORT", "9")], &mut problems);
    assert_eq!(sources.tables_for(unit, &names), super::super::Tables::Many(3));
    let bound: Vec<_> = (0..3)
        .map(|instance| {
            let mut binder = Binder::new(&sources, &names, unit, Some(instance), &mut problems);
            (binder.argument::<String>(0), binder.argument::<u16>(1))
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(bound[0], (text("home"), Some(1)));
    assert_eq!(bound[1], (text("work"), None));
    assert_eq!(bound[2], (text("away"), None));
    assert_one(&problems[..1], ProblemKind::IllTypedArgument, &["`tasks.probe#2.port`", "lifespan.toml:6:8"]);
    assert_one(
        &problems[1..],
        ProblemKind::MissingArgument,
        &["`port: u16`", "lifespan.toml:7:1", "in this `[[tasks.probe]]`"],
    );
}
