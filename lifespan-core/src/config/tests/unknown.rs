//! Names and values in the sources that have no effect: unknown names, shared names, misplaced values.

use super::*;

fn known() -> Vec<&'static UnitInfo> {
    vec![
        unit("poll_updates", vec![Argument { aliases: &["wait"], ..argument("timeout", "Duration") }]),
        context("model", vec![argument("factor", "f64")]),
    ]
}

fn all(units: &[&'static UnitInfo]) -> Vec<Bound<'static>> {
    units.iter().map(|unit| Bound { unit, name: unit.name, registered: None }).collect()
}

#[track_caller]
fn assert_check(file: &str, environment: &[(&str, &str)], kind: ProblemKind, parts: &[&str]) {
    let units = known();
    let (problems, warnings) = check(&units, &all(&units), Some(file), environment);
    assert_one(&problems, kind, parts);
    assert!(warnings.is_empty());
}

#[test]
fn what_is_known_is_no_problem() {
    let units = known();
    let file = "[lifespan]\ngrace = '1s'\n[lifespan.policy.poll_updates]\nenabled = true\n[lifespan.policy.'poll_updates[x]']\n[[tasks.poll_updates]]\nwait = 1\n[tasks.model]\nfactor = 1";
    let mut bound = all(&units);
    bound.push(Bound { unit: units[0], name: "poll_updates[x]", registered: None });
    let environment = [
        ("LIFESPAN_CONFIG", "x"),
        ("LIFESPAN_OTHER", "x"),
        ("LIFESPAN__TASKS__MODEL__FACTOR", "1"),
        ("LIFESPAN__TASKS__APP__MODEL__FACTOR", "1"),
        ("LIFESPAN_POLICY__POLL_UPDATES_X__ENABLED", "true"),
    ];
    let (problems, warnings) = check(&units, &bound, Some(file), &environment);
    assert!(problems.is_empty() && warnings.is_empty(), "{problems:?} {warnings:?}");
}

#[test]
fn unknown_names_in_the_file_get_the_nearest_known_one() {
    use ProblemKind::{UnknownArgument, UnknownName};
    assert_check(
        "[task.poll_updates]",
        &[],
        UnknownName,
        &["unknown table or key `task`", "did you mean `tasks`?", "lifespan.toml:1:2"],
    );
    assert_check(
        "[tasks.pol_updates]",
        &[],
        UnknownName,
        &["`tasks.pol_updates`", "did you mean `poll_updates`?", "lifespan.toml:1:8", "[tasks.pol_updates]"],
    );
    assert_check(
        "[tasks.other]",
        &[],
        UnknownName,
        &["valid names: `poll_updates`, `model`", "discover!", "shared = true"],
    );
    assert_check(
        "[tasks.poll_updates]\ntimeuot = 'MARK'",
        &[],
        UnknownArgument,
        &["`timeuot`", "did you mean `timeout`?", "lifespan.toml:2:1", "timeuot = …"],
    );
    assert_check(
        "[[tasks.poll_updates]]\n[[tasks.poll_updates]]\nx = 1",
        &[],
        UnknownArgument,
        &["`tasks.poll_updates#2`", "lifespan.toml:3:1"],
    );
    assert_check("[lifespan.policy.poll_update]", &[], UnknownName, &["did you mean `poll_updates`?"]);
    assert_check(
        "[lifespan.policy.model]\nenabeld = true",
        &[],
        UnknownName,
        &["`enabeld`", "did you mean `enabled`?", "lifespan.toml:2:1"],
    );
}

#[test]
fn unknown_variables_get_the_nearest_known_one() {
    use ProblemKind::{UnknownArgument, UnknownName};
    assert_check(
        "",
        &[("LIFESPAN__TASKS__MODEL__FACTRO", "MARK")],
        UnknownArgument,
        &["not an argument of context `model`", "did you mean `LIFESPAN__TASKS__MODEL__FACTOR`?"],
    );
    assert_check(
        "",
        &[("LIFESPAN__TASKS__MODLE__FACTOR", "MARK")],
        UnknownName,
        &["any unit", "did you mean `LIFESPAN__TASKS__MODEL__FACTOR`?"],
    );
    assert_check(
        "",
        &[("LIFESPAN__TASK__MODEL__FACTOR", "")],
        UnknownName,
        &["did you mean `LIFESPAN__TASKS__MODEL__FACTOR`?"],
    );
    assert_check(
        "",
        &[("LIFESPAN_TASKS__MODEL__FACTOR", "")],
        UnknownName,
        &["did you mean `LIFESPAN__TASKS__MODEL__FACTOR`?"],
    );
    assert_check(
        "",
        &[("LIFESPAN__TASKS__MODEL__FACTOR__X", "")],
        UnknownArgument,
        &["a part of an argument", "in LIFESPAN__TASKS__MODEL__FACTOR"],
    );
    assert_check(
        "",
        &[("LIFESPAN_POLICY__MODEL__ENABELD", "")],
        UnknownName,
        &["any setting", "did you mean `LIFESPAN_POLICY__MODEL__ENABLED`?"],
    );
    assert_check(
        "",
        &[("LIFESPAN_POLICY__MODLE__ENABLED", "")],
        UnknownName,
        &["any unit", "did you mean `LIFESPAN_POLICY__MODEL__ENABLED`?"],
    );
}

#[test]
fn in_a_shared_file_unknown_units_are_warnings_and_unknown_keys_are_not() {
    let units = known();
    let file = "[lifespan]\nshared = true\n[tasks.other]\nx = 1\n[lifespan.policy.other]\n[tasks.model]\nx = 1";
    let (problems, warnings) = check(&units, &all(&units), Some(file), &[("LIFESPAN__TASKS__OTHER__X", "1")]);
    assert_one(&problems, ProblemKind::UnknownArgument, &["`x`", "lifespan.toml:7:1"]);
    let kinds: Vec<ProblemKind> = warnings.iter().map(Problem::kind).collect();
    assert_eq!(kinds, [ProblemKind::UnknownName; 3]);
}

#[test]
fn what_is_no_table_is_said_to_be_none() {
    use ProblemKind::IllTypedArgument;
    for (file, name) in [
        ("tasks = 1", "`tasks`"),
        ("lifespan = 1", "`lifespan`"),
        ("[tasks]\nmodel = 1", "`tasks.model`"),
        ("[tasks]\npoll_updates = [1]", "`tasks.poll_updates`"),
        ("[lifespan]\npolicy = 1", "`lifespan.policy`"),
        ("[lifespan.policy]\nmodel = 1", "`lifespan.policy.model`"),
    ] {
        assert_check(file, &[], IllTypedArgument, &[name, "must be a table"]);
    }
}

#[test]
fn a_context_has_one_instance() {
    assert_check(
        "[[tasks.model]]\nfactor = 1",
        &[],
        ProblemKind::Conflict,
        &["context `model` has one instance", "lifespan.toml:1:9", "`[tasks.model]`"],
    );
}

#[test]
fn the_same_twice_is_a_conflict() {
    assert_check(
        "[tasks.model]\n[tasks.'app::model']",
        &[],
        ProblemKind::Conflict,
        &["the same unit", "lifespan.toml:2:8", "lifespan.toml:1:8"],
    );
    assert_check(
        "[tasks.poll_updates]\ntimeout = 1\nwait = 1",
        &[],
        ProblemKind::Conflict,
        &["`timeout` twice", "lifespan.toml:3:1", "lifespan.toml:2:1"],
    );
}

#[test]
fn variables_do_not_apply_to_instances() {
    let environment = [("LIFESPAN__TASKS__POLL_UPDATES__TIMEOUT", "1s")];
    assert_check(
        "[[tasks.poll_updates]]",
        &environment,
        ProblemKind::Conflict,
        &["LIFESPAN__TASKS__POLL_UPDATES__TIMEOUT", "`[[tasks.poll_updates]]`", "lifespan.toml:1:1"],
    );
}

#[test]
fn what_code_has_registered_is_not_overridden_and_the_call_is_named() {
    let units = known();
    let place = Location { file: "src/main.rs", line: 77, column: 9 };
    let bound = [Bound { unit: units[0], name: "poll_updates", registered: Some(place) }];
    let (problems, _) = check(&units, &bound, Some("[tasks.poll_updates]\ntimeout = '1s'"), &[]);
    assert_one(
        &problems,
        ProblemKind::Conflict,
        &["code registers task `poll_updates`", "src/main.rs:77:9", "lifespan.toml:1:8", "load()"],
    );
    let (problems, _) = check(&units, &bound, None, &[("LIFESPAN__TASKS__POLL_UPDATES__TIMEOUT", "1s")]);
    assert_one(
        &problems,
        ProblemKind::Conflict,
        &["LIFESPAN__TASKS__POLL_UPDATES__TIMEOUT has no effect", "src/main.rs:77:9"],
    );
    let bound = [Bound { unit: units[0], name: "quick", registered: Some(place) }];
    let (problems, _) = check(&units, &bound, Some("[tasks.quick]\ntimeout = '1s'"), &[]);
    assert_one(&problems, ProblemKind::Conflict, &["names an instance", "src/main.rs:77:9"]);
}

#[test]
fn a_short_name_of_several_units_asks_for_the_full_one() {
    let units = [unit_in("a", Kind::Task, "poll", vec![]), unit_in("b", Kind::Task, "poll", vec![])];
    let (problems, _) = check(&units, &all(&units), Some("[tasks.poll]"), &[]);
    assert_one(&problems, ProblemKind::UnknownName, &["several units", "\"a::poll\"", "\"b::poll\""]);
}

#[test]
fn two_names_of_one_variable_are_a_problem_where_both_run() {
    let one = unit("poll", vec![argument("max-size", "u8"), argument("max_size", "u8")]);
    let (problems, _) = check(&[one], &all(&[one]), None, &[]);
    assert_one(
        &problems,
        ProblemKind::Conflict,
        &["LIFESPAN__TASKS__", "`max-size` of `app::poll`", "`max_size` of `app::poll`", "rename"],
    );
    assert!(check(&[one], &[], None, &[]).0.is_empty());
    let (two, three) = (unit("a", vec![argument("b__c", "u8")]), unit("a__b", vec![argument("c", "u8")]));
    let (problems, _) = check(&[two, three], &all(&[two, three]), None, &[]);
    assert_one(&problems, ProblemKind::Conflict, &["LIFESPAN__TASKS__", "__A__B__C"]);
}

#[test]
fn rule_44_what_a_file_holds_forges_no_line() {
    // As they stand in the text, and as escapes of a key.
    let nasty = "\u{9b}\u{202e}\u{2028}\\nFORGED\\u001b[2J";
    let units = known();
    for (file, parts) in [
        (format!("\"{nasty}\" = 1"), 1),
        (format!("[tasks.\"{nasty}\"]"), 1),
        (format!("[tasks.poll_updates]\n\"{nasty}\" = 1"), 1),
        (format!("[lifespan]\n\"{nasty}\" = \"{nasty}\""), 0),
        (format!("[lifespan]\ngrace = \"{nasty}\""), 0),
        (format!("[lifespan.policy.\"{nasty}\"]\n\"{nasty}\" = 1"), 2),
        (format!("[lifespan.policy.poll_updates]\nevery = \"{nasty}\""), 0),
        (format!("tasks = \"{nasty}\""), 1),
        (format!("[tasks.poll_updates]\n\"{nasty}\" 1"), 1),
    ] {
        let (mut problems, _) = check(&units, &all(&units), Some(&file), &[]);
        assert_eq!(problems.len(), parts, "{problems:?}");
        let sources = Sources::given(Some(&file), &[], &mut problems);
        let _ = sources.settings(&mut problems);
        let _ = sources.policy(&UnitNames::new(units.iter().copied()), units[0], units[0].name, &mut problems);
        assert!(!problems.is_empty());
        for problem in problems {
            let shown = problem.to_string();
            assert!(!shown.contains(['\u{9b}', '\u{202e}', '\u{2028}', '\u{1b}']), "{shown:?}");
            assert!(!shown.lines().any(|line| line.trim_start().starts_with("FORGED")), "{shown}");
        }
    }
}

/// The variables that Kubernetes sets in every container for a service with one port.
fn service(name: &str) -> Vec<(String, &'static str)> {
    let service = name.to_uppercase().replace('-', "_");
    let variables = [
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT", "8080"),
        ("SERVICE_PORT_HTTP", "8080"),
        ("PORT", "tcp://10.0.0.1:8080"),
        ("PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("PORT_8080_TCP_PROTO", "tcp"),
        ("PORT_8080_TCP_PORT", "8080"),
        ("PORT_8080_TCP_ADDR", "10.0.0.1"),
    ];
    variables.into_iter().map(|(suffix, value)| (format!("{service}_{suffix}"), value)).collect()
}

#[track_caller]
fn problems_of(environment: &[(&str, &str)]) -> Vec<Problem> {
    let units = [unit("web", vec![argument("port", "u16")])];
    let (mut problems, warnings) = check(&units, &all(&units), None, environment);
    let _ = Sources::given(None, environment, &mut problems).settings(&mut problems);
    assert!(warnings.is_empty(), "{warnings:?}");
    problems
}

#[test]
fn variables_of_another_form_are_none_of_ours() {
    for name in [
        "lifespan",
        "lifespan-app",
        "lifespan-app-grace",
        "lifespan-config",
        "lifespan-policy",
        "lifespan-policy-web",
        "lifespan-tasks",
        "lifespan-tasks-web",
        "lifespan--tasks",
        "lifespan--tasks--web",
        "lifespan-tasks--web",
        "lifespan-app--web",
        "lifespan-policy--web",
    ] {
        let service = service(name);
        let environment: Vec<(&str, &str)> = service.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let problems = problems_of(&environment);
        assert!(problems.is_empty(), "{name}: {problems:?}");
    }
    // A link of Docker's, and what a deployment may say of itself.
    let others = ["LIFESPAN_APP_NAME", "LIFESPAN_APP_ENV_PATH", "LIFESPAN_APP_VERSION", "LIFESPAN_TASKS_IMAGE"];
    let problems = problems_of(&others.map(|name| (name, "x")));
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_known_name_with_other_underscores_is_a_slip() {
    for (slip, meant) in [
        ("LIFESPAN_APP_GRACE", "LIFESPAN_APP__GRACE"),
        ("LIFESPAN__APP__GRACE", "LIFESPAN_APP__GRACE"),
        ("LIFESPAN_GRACE", "LIFESPAN_APP__GRACE"),
        ("LIFESPAN__GRACE", "LIFESPAN_APP__GRACE"),
        ("LIFESPAN_POLICY_WEB_ENABLED", "LIFESPAN_POLICY__WEB__ENABLED"),
        ("LIFESPAN_POLICY__WEB_ENABLED", "LIFESPAN_POLICY__WEB__ENABLED"),
        ("LIFESPAN_TASKS_WEB_PORT", "LIFESPAN__TASKS__WEB__PORT"),
        ("LIFESPAN__TASKS_WEB_PORT", "LIFESPAN__TASKS__WEB__PORT"),
        ("LIFESPAN__TASKS__WEB_PORT", "LIFESPAN__TASKS__WEB__PORT"),
        ("LIFESPAN__CONFIG", "LIFESPAN_CONFIG"),
    ] {
        let help = format!("did you mean `{meant}`?");
        assert_one(&problems_of(&[(slip, "1")]), ProblemKind::UnknownName, &[slip, &help]);
    }
}

#[test]
fn a_typo_is_told_beside_the_variables_of_a_service() {
    let service = service("lifespan");
    for (typo, meant) in [
        ("LIFESPAN__TASK__WEB__PORT", "LIFESPAN__TASKS__WEB__PORT"),
        ("LIFESPAN_APP__GRCE", "LIFESPAN_APP__GRACE"),
        ("LIFESPAN_POLICY__WEB__ENABLD", "LIFESPAN_POLICY__WEB__ENABLED"),
    ] {
        let mut environment: Vec<(&str, &str)> = service.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        environment.push((typo, "1"));
        let help = format!("did you mean `{meant}`?");
        assert_one(&problems_of(&environment), ProblemKind::UnknownName, &[typo, &help]);
    }
}
