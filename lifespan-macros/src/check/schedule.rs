//! Rejects what contradicts a schedule, or needs one.

use lifespan_text::{Contradiction, Overlap, Period, ScheduleSettings, Scheduled};

use super::parameters::Parameter;
use crate::attribute::Attribute;
use crate::model::{Injected, Kind, Output};
use crate::util::Errors;

pub(super) fn schedule(
    kind: Kind,
    attribute: &Attribute,
    parameters: &[Parameter],
    output: &Output,
    errors: &mut Errors,
) {
    let scheduled = ScheduleSettings::TIMINGS.iter().any(|name| attribute.tokens(name).is_some());
    let ticks = parameters.iter().filter(|parameter| parameter.is(Injected::Tick));
    for tick in ticks.filter(|_| !(scheduled && kind == Kind::Task)) {
        tick.refuse(Contradiction::TICK_WITHOUT_SCHEDULE, errors);
    }
    let given = || ScheduleSettings::NAMES.iter().filter_map(|name| attribute.tokens(name.attribute));
    if kind == Kind::Context {
        for tokens in given() {
            errors.at(
                tokens,
                format!("a context stays up and can't have a schedule; remove `{tokens}`, or make it a task"),
            );
        }
    } else if scheduled {
        timing(attribute, parameters, errors);
        unit(attribute, parameters, output, errors);
    } else {
        for tokens in given() {
            errors.at(
                tokens,
                format!("`{tokens}` configures a schedule, but this task has none; add `every`, `delay` or `cron`"),
            );
        }
    }
}

/// Rejects arguments of a schedule that contradict each other.
fn timing(attribute: &Attribute, parameters: &[Parameter], errors: &mut Errors) {
    let tokens = |name| attribute.tokens(name);
    for second in ScheduleSettings::TIMINGS.iter().filter_map(|name| tokens(name)).skip(1) {
        errors.at(second, Contradiction::SECOND_TIMING);
    }
    let ScheduleSettings { every, jitter, overlap, .. } = &attribute.options.schedule;
    let scheduled = Scheduled {
        every: every.map(Period::get),
        is_delay: tokens("delay").is_some(),
        is_cron: tokens("cron").is_some(),
        jitter: jitter.unwrap_or_default(),
        is_parallel: matches!(overlap, Some(Overlap::Parallel(2..))),
        is_blocking: attribute.options.blocking,
        takes_children: parameters.iter().any(|parameter| parameter.is(Injected::Children)),
    };
    for (settings, contradiction) in scheduled.contradictions() {
        if let Some(tokens) = settings.iter().find_map(|name| tokens(name)) {
            errors.at(tokens, contradiction);
        }
    }
}

/// Rejects other arguments, parameters and outputs that contradict a schedule.
fn unit(attribute: &Attribute, parameters: &[Parameter], output: &Output, errors: &mut Errors) {
    for (name, why) in [
        ("once", "a task with a schedule runs repeatedly; remove `once`, or the schedule"),
        ("on_return", "a task with a schedule returns at the end of each run; remove `on_return`"),
    ] {
        if let Some(tokens) = attribute.tokens(name) {
            errors.at(tokens, why);
        }
    }
    if let Some(tokens) = attribute.tokens("restart") {
        errors.at(tokens, Contradiction::RESTART_WITH_SCHEDULE);
    }
    for ready in parameters.iter().filter(|parameter| parameter.is(Injected::Ready)) {
        ready.refuse(Contradiction::READY_OF_SCHEDULE, errors);
    }
    if let Output::Never(span) = output {
        errors.push(syn::Error::new(
            *span,
            "each run of a schedule has to return; return `()` or `Result<(), E>` instead of `!`",
        ));
    }
}
