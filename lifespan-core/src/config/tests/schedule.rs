//! The operator's schedule settings.

use std::time::Duration;

use super::*;
use crate::declare::{Begin, Line, Missed, Need, Overlap, Schedule, Timing, Written};

fn scheduled(timing: Timing<Written>) -> &'static UnitInfo {
    scheduled_with(timing, &[])
}

fn scheduled_with(timing: Timing<Written>, needs: &'static [fn() -> Need]) -> &'static UnitInfo {
    declared(Options { schedule: Some(Schedule::of(timing)), ..Options::NONE }, needs)
}

fn declared(options: Options, needs: &'static [fn() -> Need]) -> &'static UnitInfo {
    Box::leak(Box::new(UnitInfo { options, needs, ..*unit("poll", vec![]) }))
}

fn every_hour() -> &'static UnitInfo {
    scheduled(Timing::Every(Duration::from_secs(3600)))
}

/// Returns the schedule that these settings make of a unit's, and the reported problems.
fn over(
    unit: &'static UnitInfo,
    settings: &str,
    environment: &[(&str, &str)],
) -> (Option<Schedule<Line>>, Vec<Problem>) {
    let mut problems = Vec::new();
    let file = format!("[lifespan.policy.poll]\n{settings}");
    let sources = Sources::given(Some(&file), environment, &mut problems);
    let names = UnitNames::new([unit]);
    // Twice, as for two instances.
    let policy = sources.policy(&names, unit, "poll", &mut problems);
    assert_eq!(sources.policy(&names, unit, "poll#2", &mut problems).schedule, policy.schedule);
    let (unknown, _) = check(&[unit], &[], Some(&file), environment);
    problems.extend(unknown);
    (policy.schedule.map(|schedule| *schedule), problems)
}

#[test]
fn every_setting_of_a_schedule_is_read_over_the_declared_one() {
    let seconds = Duration::from_secs;
    let settings = "start = 'after_first_period'\njitter = '1s'\nmissed = 'all'\noverlap = 'parallel(3)'\ntimeout = '9s'\nlate = '1h'";
    let (read, problems) = over(every_hour(), &format!("every = '1m'\n{settings}"), &[]);
    let expected = Schedule {
        timing: Timing::Every(seconds(60)),
        start: Some(Begin::AfterFirstPeriod),
        jitter: seconds(1),
        missed: Missed::All,
        overlap: Overlap::Parallel(3),
        timeout: Some(seconds(9)),
        late: Some(seconds(3600)),
    };
    assert_eq!((read, problems.len()), (Some(expected.clone()), 0));
    let (read, problems) = over(every_hour(), settings, &[("LIFESPAN_POLICY__POLL__OVERLAP", "queue")]);
    let over_variable = Schedule { timing: Timing::Every(seconds(3600)), overlap: Overlap::Queue, ..expected };
    assert_eq!((read, problems.len()), (Some(over_variable), 0));
    let (read, problems) = over(every_hour(), "delay = '5s'", &[]);
    assert_eq!((read, problems.len()), (Some(Schedule::of(Timing::Delay(seconds(5)))), 0));
    let variables = [("LIFESPAN_POLICY__POLL__EVERY", ""), ("LIFESPAN_POLICY__POLL__DELAY", "7s")];
    let (read, problems) = over(every_hour(), "", &variables);
    assert_eq!((read, problems.len()), (Some(Schedule::of(Timing::Delay(seconds(7)))), 0));
    assert_eq!(over(every_hour(), "enabled = true", &[]).0, None);
}

#[cfg(feature = "cron")]
#[test]
fn a_cron_line_and_its_zone_come_from_either_side() {
    let nightly = || scheduled(Timing::Cron(Written { line: "0 30 2 * * *", zone: "Europe/Berlin" }));
    for (unit, settings, line, zone) in [
        (every_hour(), "cron = '30 3 * * *'", "30 3 * * *", "UTC"),
        (every_hour(), "cron = '30 3 * * *'\nzone = 'Asia/Tokyo'", "30 3 * * *", "Asia/Tokyo"),
        (nightly(), "zone = 'Asia/Tokyo'", "0 30 2 * * *", "Asia/Tokyo"),
        (nightly(), "cron = '30 3 * * *'", "30 3 * * *", "Europe/Berlin"),
        (nightly(), "missed = 'fold'", "0 30 2 * * *", "Europe/Berlin"),
    ] {
        let expected = Schedule::of(Timing::Cron(Line::read(line, zone).expect("a line")));
        assert_eq!(over(unit, settings, &[]).0, Some(expected), "{settings}");
    }
    let (read, _) = over(nightly(), "every = '5s'", &[]);
    assert_eq!(read.map(|schedule| schedule.timing), Some(Timing::Every(Duration::from_secs(5))));
}

#[test]
fn what_can_not_be_said_of_a_schedule_is_told_once_where_it_stands() {
    let conflict = ProblemKind::Conflict;
    for (settings, kind, parts) in [
        ("every = '0s'", ProblemKind::IllTypedArgument, &["poll.every", "can't be zero", "lifespan.toml:2:9"][..]),
        ("every = '-5s'", ProblemKind::IllTypedArgument, &["poll.every", "lifespan.toml:2:9"]),
        ("every = 5", ProblemKind::IllTypedArgument, &["poll.every", "write it as in `\"5s\"`"]),
        ("timeout = '0s'", ProblemKind::IllTypedArgument, &["poll.timeout", "can't be zero"]),
        ("missed = 'burst'", ProblemKind::IllTypedArgument, &["poll.missed", "\"fold\", \"skip\" or \"all\""]),
        ("start = 'soon'", ProblemKind::IllTypedArgument, &["poll.start", "\"now\" or \"after_first_period\""]),
        ("overlap = 'parallel(0)'", ProblemKind::IllTypedArgument, &["poll.overlap", "\"parallel(n)\""]),
        ("every = '5s'\ndelay = '5s'", conflict, &["`lifespan.policy.poll.delay`", "one schedule", "toml:3:1"]),
        ("zone = 'UTC'", conflict, &["poll.zone"]),
        ("delay = '5s'\nmissed = 'skip'", conflict, &["`lifespan.policy.poll.missed`", "`delay`"]),
        ("jitter = '1h'", conflict, &["`lifespan.policy.poll.jitter`", "shorter"]),
    ] {
        assert_one(&over(every_hour(), settings, &[]).1, kind, parts);
    }
    let hour = Timing::Every(Duration::from_secs(3600));
    let parent = scheduled_with(hour, &[|| Need::Children]);
    let (_, problems) = over(parent, "overlap = 'parallel(2)'", &[]);
    assert_one(&problems, conflict, &["`lifespan.policy.poll.overlap`", "`Children`", "toml:2:1"]);
    assert!(over(parent, "overlap = 'queue'", &[]).1.is_empty());
    let (_, problems) = over(every_hour(), "", &[("LIFESPAN_POLICY__POLL__EVERY", "0s")]);
    assert_one(&problems, ProblemKind::IllTypedArgument, &["LIFESPAN_POLICY__POLL__EVERY", "can't be zero"]);
    let (_, problems) = over(unit("poll", vec![]), "every = '5s'", &[]);
    assert_one(&problems, conflict, &["`lifespan.policy.poll.every` has no effect", "has no schedule", "toml:2:1"]);
    let (_, problems) = over(unit("poll", vec![]), "", &[("LIFESPAN_POLICY__POLL__TIMEOUT", "5s")]);
    assert_one(&problems, conflict, &["LIFESPAN_POLICY__POLL__TIMEOUT has no effect"]);
}

#[test]
fn a_cron_line_that_is_none_is_told() {
    let (_, problems) = over(every_hour(), "cron = '0 0 0 31 2 *'", &[]);
    let why = if cfg!(feature = "cron") { "never comes" } else { "need the feature `cron`" };
    assert_one(&problems, ProblemKind::IllTypedArgument, &["poll.cron", why, "lifespan.toml:2:8"]);
}

#[test]
fn runs_of_a_blocking_task_have_no_limit_and_never_overlap() {
    let hour = Timing::Every(Duration::from_secs(3600));
    let options = Options { schedule: Some(Schedule::of(hour)), blocking: true, ..Options::NONE };
    let blocking = declared(options, &[]);
    for (settings, name) in [("timeout = '5s'", "timeout"), ("overlap = 'parallel(2)'", "overlap")] {
        let setting = format!("`lifespan.policy.poll.{name}`");
        let parts = [&setting, "`blocking`", "lifespan.toml:2:1"];
        assert_one(&over(blocking, settings, &[]).1, ProblemKind::Conflict, &parts);
    }
    // As in the attribute: one run at a time is no overlap.
    assert!(over(blocking, "overlap = 'parallel(1)'", &[]).1.is_empty());
}

#[test]
fn an_attribute_a_file_and_a_variable_accept_the_same_text() {
    for (text, is_valid) in
        [("5s", true), (" 1h30m\n", true), ("007s", true), ("5", false), ("1m1h", false), ("", false)]
    {
        let in_attribute = <lifespan_text::Period as lifespan_text::FromText>::from_text(text).is_ok();
        let in_file = over(every_hour(), &format!("timeout = {text:?}"), &[]).1.is_empty();
        assert_eq!((in_attribute, in_file), (is_valid, is_valid), "{text:?}");
        if !text.is_empty() {
            let in_variable = over(every_hour(), "", &[("LIFESPAN_POLICY__POLL__TIMEOUT", text)]).1.is_empty();
            assert_eq!(in_variable, is_valid, "{text:?}");
        }
    }
}
