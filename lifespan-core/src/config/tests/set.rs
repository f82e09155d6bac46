//! Values that code sets by name.

use super::super::SetValue;
use super::*;

fn set(key: &str, text: &str) -> SetValue {
    SetValue { key: key.into(), text: text.into(), place: "src/main.rs:5:9".into() }
}

fn sources(file: &str, environment: &[(&str, &str)], values: &[SetValue]) -> Sources {
    Sources::given(Some(file), environment, &mut Vec::new()).with_set(values)
}

#[test]
fn rule_117_what_code_sets_by_name_is_above_the_environment_and_the_file() {
    let unit = unit("poll", vec![Argument { env: Some("FOO"), ..argument("foo", "u8") }]);
    let names = UnitNames::new([unit]);
    let environment = [("FOO", "2"), ("LIFESPAN__TASKS__POLL__FOO", "3"), ("LIFESPAN_APP__GRACE", "3s")];
    let file = "[lifespan]\ngrace = '1s'\n[tasks.poll]\nfoo = 1";
    for key in ["tasks.poll.foo", "tasks.app::poll.foo"] {
        let sources = sources(file, &environment, &[set(key, "4"), set(key, "5"), set("lifespan.grace", "5s")]);
        let mut problems = Vec::new();
        let value = Binder::new(&sources, &names, unit, None, &mut problems).argument(0);
        assert_eq!(value, Some(5_u8), "{key}");
        assert_eq!(sources.settings(&mut problems).grace, Some(std::time::Duration::from_secs(5)));
        assert!(sources.check_unknown(&names, &[], &mut problems).is_empty());
        assert!(problems.is_empty(), "{problems:?}");
    }
}

#[test]
fn rule_117_a_policy_is_set_by_name_too() {
    let unit = unit("poll", vec![]);
    let names = UnitNames::new([unit]);
    let key = "lifespan.policy.poll[home].enabled";
    let sources = sources("[lifespan.policy.poll]\nenabled = true", &[], &[set(key, "false")]);
    let enabled = |instance| sources.policy(&names, unit, instance, &mut Vec::new()).enabled;
    assert_eq!([enabled("poll[home]"), enabled("poll")], [Some(false), Some(true)]);
    let mut problems = Vec::new();
    sources.check_unknown(&names, &[Bound { unit, name: "poll[home]", registered: None }], &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn rule_117_a_wrong_value_and_a_wrong_name_are_problems_at_the_call() {
    let unit = poll("u8");
    let names = UnitNames::new([unit]);
    let mut problems = Vec::new();
    let wrong = sources("[tasks.poll]\nfoo = 1", &[], &[set("tasks.poll.foo", "")]);
    assert_eq!(Binder::new(&wrong, &names, unit, None, &mut problems).argument::<u8>(0), None);
    assert_one(
        &problems,
        ProblemKind::IllTypedArgument,
        &["invalid value in `app.set(\"tasks.poll.foo\", …)`", "src/main.rs:5:9"],
    );
    let mut problems = Vec::new();
    let wrong = sources("", &[], &[set("tasks.poll.fo", "1")]);
    wrong.check_unknown(&names, &[], &mut problems);
    assert_one(
        &problems,
        ProblemKind::UnknownName,
        &["`app.set` names `tasks.poll.fo`", "src/main.rs:5:9", "did you mean `tasks.poll.foo`?"],
    );
}

#[test]
fn rule_117_what_is_set_for_a_complete_config_or_for_tables_has_no_effect() {
    let unit = poll("u8");
    let names = UnitNames::new([unit]);
    let place = Location { file: "src/main.rs", line: 9, column: 1 };
    for (file, registered, text) in [
        ("", Some(place), "code registers task `poll` with a complete config"),
        ("[[tasks.poll]]\nfoo = 1", None, "it does not apply to the instances in `[[tasks.poll]]`"),
    ] {
        let mut problems = Vec::new();
        let sources = sources(file, &[], &[set("tasks.poll.foo", "1")]);
        sources.check_unknown(&names, &[Bound { unit, name: "poll", registered }], &mut problems);
        assert_one(&problems, ProblemKind::Conflict, &["`app.set(\"tasks.poll.foo\", …)` has no effect", text]);
    }
}
