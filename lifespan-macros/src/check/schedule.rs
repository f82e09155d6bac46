//! Rejects what contradicts a schedule, or needs one.

use lifespan_text::{Overlap, Period, ScheduleSettings};

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
        errors.at(
            &tick.tokens,
            "a `Tick` describes a run of a schedule, but this unit has none; give the task `every`, `delay` or `cron`, or \
             mark the parameter with `#[config]` if this is your own type",
        );
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
        timing(attribute, errors);
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
fn timing(attribute: &Attribute, errors: &mut Errors) {
    let schedule = &attribute.options.schedule;
    let tokens = |name| attribute.tokens(name);
    let mut timings = ScheduleSettings::TIMINGS.iter().filter_map(|name| tokens(name));
    if let Some(first) = timings.next() {
        for other in timings {
            errors.at(other, format!("a task has one schedule, and `{first}` is already given; remove one of the two"));
        }
    }
    if let (Some(zone), None) = (tokens("zone"), tokens("cron")) {
        errors.at(zone, "`zone` is the time zone of `cron`, but this task has none; remove it, or add `cron`");
    }
    for name in ["missed", "overlap"] {
        if let (Some(tokens), Some(_)) = (tokens(name), tokens("delay")) {
            errors.at(
                tokens,
                format!(
                    "a `delay` starts at the end of a run, so runs are never missed and never overlap; remove `{name}`, \
                     or use `every`"
                ),
            );
        }
    }
    if let (Some(tokens), Some(jitter), Some(every)) =
        (tokens("jitter"), schedule.jitter, schedule.every.map(Period::get))
        && jitter >= every
    {
        errors.at(tokens, "with this much jitter a run could start after the next one; make it shorter than `every`");
    }
}

/// Rejects other arguments, parameters and outputs that contradict a schedule.
fn unit(attribute: &Attribute, parameters: &[Parameter], output: &Output, errors: &mut Errors) {
    let is_parallel = matches!(attribute.options.schedule.overlap, Some(Overlap::Parallel(2..)));
    for (name, why) in [
        ("once", "a task with a schedule runs repeatedly; remove `once`, or the schedule"),
        ("restart", "a schedule continues with its next run after a failed one; remove `restart`"),
        ("on_return", "a task with a schedule returns at the end of each run; remove `on_return`"),
    ] {
        if let Some(tokens) = attribute.tokens(name) {
            errors.at(tokens, why);
        }
    }
    for ready in parameters.iter().filter(|parameter| parameter.is(Injected::Ready)) {
        errors.at(
            &ready.tokens,
            "a task with a schedule is up once the schedule has started, so it takes no `Ready`; remove the parameter, or mark it with \
             `#[config]` if this is your own type",
        );
    }
    for children in parameters.iter().filter(|parameter| parameter.is(Injected::Children) && is_parallel) {
        errors.at(
            &children.tokens,
            "all runs share the children of the task, so runs with `Children` can't overlap; remove the parameter, or \
             `overlap`",
        );
    }
    if attribute.options.blocking {
        for (name, is_wrong) in [("timeout", true), ("overlap", is_parallel)] {
            if let Some(tokens) = attribute.tokens(name).filter(|_| is_wrong) {
                errors.at(
                    tokens,
                    format!(
                        "a run of a `blocking` task can't be dropped, since a thread can't be ended from outside, and only \
                         one run at a time fits on the task's thread; remove `{name}`"
                    ),
                );
            }
        }
    }
    if let Output::Never(span) = output {
        errors.push(syn::Error::new(
            *span,
            "each run of a schedule has to return; return `()` or `Result<(), E>` instead of `!`",
        ));
    }
}
