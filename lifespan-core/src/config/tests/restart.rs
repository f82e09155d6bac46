//! The operator's restart settings.

use std::time::Duration;

use lifespan_text::{Examples, RestartSettings};

use super::super::app_settings::RestartOver;
use super::*;
use crate::declare::{Group, Restart, Strategy, When};

const TRANSIENT: Options =
    Options { restart: Some(Restart { when: When::Transient, ..Restart::DEFAULT }), ..Options::NONE };

/// Returns the overrides for a unit `poll` that declares this.
fn restart(options: Options, file: &str, environment: &[(&str, &str)]) -> (Option<Restart>, Vec<Problem>) {
    let (declared, is_grouped) = (options.restart, options.group.is_some());
    let unit = Box::leak(Box::new(UnitInfo { options, ..*unit("poll", vec![]) }));
    assert_eq!(is_grouped, unit.options.group.is_some());
    let names = UnitNames::new([&*unit]);
    let mut problems = Vec::new();
    let sources = Sources::given(Some(file), environment, &mut problems);
    let policy = sources.policy(&names, unit, "poll", &mut problems);
    (policy.restart.map(|over| over.over(declared)), problems)
}

#[test]
fn what_is_said_stands_over_what_is_declared_and_a_variable_over_the_file() {
    let (over, problems) = restart(Options::NONE, "[lifespan.policy.poll]\nrestart = 'permanent'", &[]);
    assert!(problems.is_empty(), "{problems:?}");
    let over = over.unwrap();
    assert_eq!((over.when, over.intensity, over.period), (When::Permanent, 3, Duration::from_secs(30)));

    let file = "[lifespan.policy.poll]\nrestart_intensity = 7\nrestart_period = '1h'\nrestart_backoff = '1s..2m'\n\
                restart_jitter = 0.5\nrestart_reset_after = '2h'";
    let variable = ("LIFESPAN_POLICY__POLL__RESTART_INTENSITY", "8");
    let (over, problems) = restart(TRANSIENT, file, &[variable]);
    assert!(problems.is_empty(), "{problems:?}");
    let over = over.unwrap();
    assert_eq!((over.when, over.intensity, over.period), (When::Transient, 8, Duration::from_secs(3600)));
    assert_eq!(over.backoff, (Duration::from_secs(1), Duration::from_secs(120)));
    assert!((over.jitter - 0.5).abs() < f64::EPSILON);
    assert_eq!(over.reset_after, Duration::from_secs(7200));
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    static GROUP: Group = Group::new("ingest", Strategy::OneForAll);
    let grouped = Options { group: Some(&GROUP), ..Options::NONE };
    let once = Options { once: true, ..Options::NONE };
    let table = |line: &str| format!("[lifespan.policy.poll]\n{line}");
    for (options, line, told) in [
        (Options::NONE, "restart = 'always'", "\"permanent\", \"transient\" or \"temporary\""),
        (Options::NONE, "restart_intensity = 5", "does not restart"),
        (grouped, "restart_period = '5s'", "is that of its group"),
        (grouped, "restart = 'temporary'", "causes no restart of its group"),
        (TRANSIENT, "restart_backoff = '0s..1s'", "stays zero"),
        (once, "restart = 'permanent'", "a `permanent` task never finishes"),
        (TRANSIENT, "restart_backoff = '2s..1s'", "the first delay is longer than the longest one"),
        (TRANSIENT, "restart_backoff = 'soon'", "it is the first and the longest delay"),
        (TRANSIENT, "restart_jitter = 1.5", "from 0.0 to 1.0"),
    ] {
        let (_, problems) = restart(options, &table(line), &[]);
        let text = problems.iter().map(ToString::to_string).collect::<String>();
        assert!(text.contains(told) && text.contains("lifespan.toml:2"), "{line}: {text}");
    }
}

#[test]
fn the_examples_of_restart_settings_are_their_defaults() {
    let over = RestartOver { when: None, settings: RestartSettings::read(&mut Examples) };
    let changed = Restart {
        intensity: 9,
        period: Duration::ZERO,
        backoff: (Duration::ZERO, Duration::ZERO),
        jitter: 0.9,
        reset_after: Duration::ZERO,
        ..Restart::DEFAULT
    };
    assert_eq!(format!("{:?}", over.over(Some(changed))), format!("{:?}", Restart::DEFAULT));
}
