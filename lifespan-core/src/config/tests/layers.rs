//! The order of the layers, the addresses of units, and the sources that are read.

use super::super::Tables;
use super::*;

#[test]
fn a_higher_layer_wins_over_a_lower_one() {
    let unit = unit("poll", vec![Argument { env: Some("FOO"), ..argument("foo", "u8") }]);
    let names = UnitNames::new([unit]);
    let file = Some("[tasks.poll]\nfoo = 1");
    let (other, own) = (("FOO", "2"), ("LIFESPAN__TASKS__POLL__FOO", "3"));
    for (file, environment, expected) in [
        (None, &[][..], 0),
        (file, &[], 1),
        (file, &[other], 2),
        (file, &[other, own], 3),
        (None, &[own], 3),
        (file, &[("FOO", ""), ("LIFESPAN__TASKS__POLL__FOO", "")], 1),
        (file, &[other, ("LIFESPAN__TASKS__POLL__FOO", "")], 2),
    ] {
        let mut problems = Vec::new();
        let sources = Sources::given(file, environment, &mut problems);
        let value = Binder::new(&sources, &names, unit, None, &mut problems).argument_or(0, || 0_u8);
        assert_eq!(value, Some(expected), "{file:?} {environment:?}");
    }
}

#[test]
fn a_wrong_value_is_an_error_and_does_not_fall_back() {
    let environment = [("LIFESPAN__TASKS__POLL__FOO", "x")];
    let (value, problems) = bind_first::<u8>(poll("u8"), Some("[tasks.poll]\nfoo = 1"), &environment);
    assert_eq!(value, None);
    assert_one(&problems, ProblemKind::IllTypedArgument, &["LIFESPAN__TASKS__POLL__FOO"]);
}

#[test]
fn a_unit_is_addressed_by_its_short_name_where_unique_and_by_its_full_one_always() {
    let arguments = || vec![argument("foo", "u8")];
    let ours = unit_in("app::jobs", Kind::Task, "poll", arguments());
    let theirs = unit_in("lib", Kind::Task, "poll", arguments());
    let alone = unit_in("app::jobs", Kind::Task, "alone", arguments());
    let names = UnitNames::new([ours, theirs, alone]);
    for (address, expected) in [
        ("poll", None),
        ("app::poll", Some(ours)),
        ("app::jobs::poll", Some(ours)),
        ("lib::poll", Some(theirs)),
        ("alone", Some(alone)),
        ("app::alone", Some(alone)),
        ("lib::alone", None),
    ] {
        let found = names.find(address).map(|unit| unit.module);
        assert_eq!(found, expected.map(|unit| unit.module), "{address}");
    }
    assert_eq!(names.address(ours), "app::poll");
    assert_eq!(names.address(alone), "alone");
    let mut problems = Vec::new();
    let file = "[tasks.\"lib::poll\"]\nfoo = 1\n[tasks.alone]\nfoo = 2\n[tasks.poll]\nfoo = 9";
    let variables = [("LIFESPAN__TASKS__APP__POLL__FOO", "3"), ("LIFESPAN__TASKS__POLL__FOO", "9")];
    let sources = Sources::given(Some(file), &variables, &mut problems);
    let mut bound = |unit| Binder::new(&sources, &names, unit, None, &mut problems).argument::<u8>(0);
    assert_eq!([bound(ours), bound(theirs), bound(alone)], [Some(3), Some(1), Some(2)]);
}

#[test]
fn units_of_one_crate_and_name_are_told_apart_by_their_modules() {
    let (one, two) = (unit_in("app::a", Kind::Task, "poll", vec![]), unit_in("app::b", Kind::Task, "poll", vec![]));
    let names = UnitNames::new([one, two]);
    assert_eq!([names.address(one), names.address(two)], ["app::a::poll", "app::b::poll"]);
}

#[test]
fn names_that_are_no_identifiers_have_variables_too() {
    let unit = unit("my-task", vec![argument("max-size", "u8")]);
    assert_eq!(bind_first(unit, None, &[("LIFESPAN__TASKS__MY_TASK__MAX_SIZE", "5")]).0, Some(5_u8));
}

#[test]
fn counts_the_tables_of_a_unit() {
    let unit = poll("u8");
    let names = UnitNames::new([unit]);
    for (file, expected) in [
        ("", Tables::None),
        ("[tasks.other]", Tables::None),
        ("[tasks.poll]", Tables::One),
        ("tasks.poll.foo = 1", Tables::One),
        ("[tasks.\"app::poll\"]", Tables::One),
        ("[[tasks.poll]]\n[[tasks.poll]]", Tables::Many(2)),
        ("[tasks]\npoll = []", Tables::Many(0)),
        ("[tasks]\npoll = [{}]", Tables::Many(1)),
    ] {
        let sources = Sources::given(Some(file), &[], &mut Vec::new());
        assert_eq!(sources.tables_for(unit, &names), expected, "{file}");
    }
}

#[test]
fn says_what_was_read() {
    assert_eq!(Sources::none().described(), "read no configuration");
    assert_eq!(Sources::given(None, &[], &mut Vec::new()).described(), "no lifespan.toml in nowhere");
    assert_eq!(Sources::given(Some(""), &[], &mut Vec::new()).described(), "read lifespan.toml");
    assert_eq!(Sources::given(Some("x"), &[], &mut Vec::new()).described(), "could not read lifespan.toml");
}
