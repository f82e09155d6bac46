//! `[lifespan]` and `[lifespan.policy.<unit>]`, with their variables.

use std::time::Duration;

use lifespan_text::Words;

use super::super::{Policy, Settings};
use super::*;

fn settings(file: &str, environment: &[(&str, &str)]) -> (Settings, Vec<Problem>) {
    let mut problems = Vec::new();
    let settings = Sources::given(Some(file), environment, &mut problems).settings(&mut problems);
    (settings, problems)
}

#[test]
fn every_setting_is_read_from_the_file_and_over_it_from_its_variable() {
    let file = "[lifespan]\nstartup_timeout = '1s'\nshutdown_timeout = '2s'\ngrace = '3s'\nteardown_timeout = '4s'\nblocked_after = '0s'\nstable_after = '5s'\nconcurrent_startup = true\nstay_up = true\nshared = true\nprofiles = ['a', 'b']\n[lifespan.policy]";
    let expected = Settings {
        startup_timeout: Some(Duration::from_secs(1)),
        shutdown_timeout: Some(Duration::from_secs(2)),
        grace: Some(Duration::from_secs(3)),
        teardown_timeout: Some(Duration::from_secs(4)),
        blocked_after: Some(Duration::ZERO),
        stable_after: Some(Duration::from_secs(5)),
        concurrent_startup: Some(true),
        stay_up: Some(true),
        shared: Some(true),
        secrets: None,
        profiles: Some(Words::from_text("a,b").unwrap()),
    };
    let (read, problems) = settings(file, &[]);
    assert_eq!((read, problems.len()), (expected.clone(), 0));
    let environment = [
        ("LIFESPAN_APP__SHUTDOWN_TIMEOUT", "9s"),
        ("LIFESPAN_APP__STABLE_AFTER", "1m"),
        ("LIFESPAN_APP__SHARED", "false"),
        ("LIFESPAN_APP__PROFILES", "c , d"),
        ("LIFESPAN_APP__GRACE", ""),
    ];
    let (read, problems) = settings(file, &environment);
    let over = Settings {
        shutdown_timeout: Some(Duration::from_secs(9)),
        stable_after: Some(Duration::from_secs(60)),
        shared: Some(false),
        profiles: Some(Words::from_text("c,d").unwrap()),
        ..expected
    };
    assert_eq!((read, problems.len()), (over, 0));
    assert_eq!(settings("", &[]).0, Settings::default());
}

#[test]
fn wrong_and_unknown_settings_are_all_reported() {
    let (_, problems) = settings(
        "[lifespan]\ngrace = 5\ngarce = '5s'",
        &[("LIFESPAN_APP__STAY_UP", "yes"), ("LIFESPAN_APP__GARCE", "")],
    );
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert_one(
        &problems[0..1],
        ProblemKind::UnknownName,
        &["`[lifespan]` has no setting `garce`", "lifespan.toml:3:1", "did you mean `grace`?"],
    );
    assert_one(
        &problems[1..2],
        ProblemKind::UnknownName,
        &["LIFESPAN_APP__GARCE", "did you mean `LIFESPAN_APP__GRACE`?"],
    );
    assert_one(
        &problems[2..3],
        ProblemKind::IllTypedArgument,
        &["`lifespan.grace`", "lifespan.toml:2:9", "grace = …", "found an integer", "write it as in `\"10s\"`"],
    );
    assert_one(
        &problems[3..4],
        ProblemKind::IllTypedArgument,
        &["LIFESPAN_APP__STAY_UP", "neither `true` nor `false`"],
    );
}

#[test]
fn a_policy_is_said_of_a_unit_and_over_it_of_an_instance() {
    let unit = unit("poll", vec![]);
    let names = UnitNames::new([unit]);
    let policy = |file: &str, environment: &[(&str, &str)], instance| {
        let mut problems = Vec::new();
        let sources = Sources::given(Some(file), environment, &mut problems);
        let policy = sources.policy(&names, unit, instance, &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        policy
    };
    let enabled = |enabled| Policy { enabled: Some(enabled), ..Policy::default() };
    assert_eq!(policy("", &[], "poll"), Policy::default());
    assert_eq!(policy("[lifespan.policy.poll]\nenabled = false", &[], "poll"), enabled(false));
    assert_eq!(policy("[lifespan.policy.'app::poll']\nenabled = false", &[], "poll#2"), enabled(false));
    let both = "[lifespan.policy.poll]\nenabled = false\nstartup_timeout = '1s'\n[lifespan.policy.'poll[home]']\nenabled = true\nshutdown_timeout = '2s'";
    let home = policy(both, &[], "poll[home]");
    assert_eq!(
        home,
        Policy {
            enabled: Some(true),
            startup_timeout: Some(Duration::from_secs(1)),
            shutdown_timeout: Some(Duration::from_secs(2)),
            restart: None,
            ..Policy::default()
        }
    );
    assert_eq!(policy(both, &[], "poll[away]").enabled, Some(false));
    let variable = ("LIFESPAN_POLICY__POLL__ENABLED", "true");
    assert_eq!(policy("[lifespan.policy.poll]\nenabled = false", &[variable], "poll").enabled, Some(true));
    assert_eq!(
        policy("", &[variable, ("LIFESPAN_POLICY__POLL_HOME__ENABLED", "false")], "poll[home]").enabled,
        Some(false)
    );
    assert_eq!(policy("", &[("LIFESPAN_POLICY__APP__POLL__ENABLED", "false")], "poll").enabled, Some(false));
}

#[test]
fn rule_29_the_operator_has_the_readiness_of_the_app_require_a_unit() {
    let unit = unit("poll", vec![]);
    let names = UnitNames::new([unit]);
    let read = |file: &str, environment: &[(&str, &str)], instance| {
        let mut problems = Vec::new();
        let sources = Sources::given(Some(file), environment, &mut problems);
        (sources.policy(&names, unit, instance, &mut problems).required, problems)
    };
    let assert_is = |(required, problems): (bool, Vec<Problem>), expected| {
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(required, expected);
    };
    let file = "[lifespan.policy.poll]\nreadiness = 'required'";
    assert_is(read(file, &[], "poll"), true);
    assert_is(read("", &[], "poll"), false);
    let of_instance = "[lifespan.policy.'poll[home]']\nreadiness = 'required'";
    assert_is(read(of_instance, &[], "poll[home]"), true);
    assert_is(read(of_instance, &[], "poll[away]"), false);
    assert_is(read("", &[("LIFESPAN_POLICY__POLL__READINESS", "required")], "poll"), true);
    let (required, problems) = read("[lifespan.policy.poll]\nreadiness = true", &[], "poll");
    assert!(!required);
    assert_one(&problems, ProblemKind::IllTypedArgument, &["`lifespan.policy.poll.readiness`", "lifespan.toml:2:13"]);
    let (_, problems) = read("[lifespan.policy.poll]\nreadiness = 'requird'", &[], "poll");
    assert_one(&problems, ProblemKind::IllTypedArgument, &["write \"required\"", "lifespan.toml:2:13"]);
    let (_, problems) = read("", &[("LIFESPAN_POLICY__POLL__READINESS", "no")], "poll");
    assert_one(&problems, ProblemKind::IllTypedArgument, &["LIFESPAN_POLICY__POLL__READINESS", "write \"required\""]);
}

#[test]
fn a_wrong_policy_is_told_once_for_all_instances() {
    let unit = unit("poll", vec![]);
    let names = UnitNames::new([unit]);
    let mut problems = Vec::new();
    let sources = Sources::given(Some("[lifespan.policy.poll]\nenabled = 'no'"), &[], &mut problems);
    for instance in ["poll[a]", "poll[b]"] {
        assert_eq!(sources.policy(&names, unit, instance, &mut problems).enabled, None);
    }
    assert_one(
        &problems,
        ProblemKind::IllTypedArgument,
        &["`lifespan.policy.poll.enabled`", "expected a boolean, found a string", "lifespan.toml:2:11"],
    );
}
