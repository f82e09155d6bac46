//! Rejects combinations of arguments and parameters that contradict each other.

use super::arguments::Said;
use super::parameters::Understood;
use super::types::INJECTED;
use crate::blocking;
use crate::errors::Errors;
use crate::model::{Kind, Output, Parameter};
use crate::schedule;

/// Rejects combinations that contradict each other.
pub(super) fn combinations(kind: Kind, said: &Said, parameters: &[Understood], output: &Output, errors: &mut Errors) {
    if kind == Kind::Context {
        for (name, why) in [
            ("once", "a context stays up until shutdown; remove `once`, or make it a task"),
            ("on_return", "the return of a context is the end of its teardown; remove `on_return`"),
            ("on_shutdown", "a context is always stopped through its teardown; remove `on_shutdown`"),
        ] {
            if let Some(tokens) = said.tokens(name) {
                errors.at(tokens, why);
            }
        }
    }
    restarts(kind, said, errors);
    if let (Some(restart), Some(return_)) = (&said.options.restart, said.tokens("on_return"))
        && restart.when == "permanent"
    {
        errors
            .at(return_, "a `permanent` task is restarted when it returns; remove `on_return`, or make it `transient`");
    }
    if let (Some(restart), Some(once)) = (&said.options.restart, said.tokens("once"))
        && restart.when == "permanent"
    {
        errors.at(once, "a `permanent` task never finishes; remove `once`, or make it `transient`");
    }
    if let (Some(_), Some(last)) = (said.tokens("first"), said.tokens("last")) {
        errors.at(last, "a unit can't be both `first` and `last`; remove one");
    }

    let mut scopes = parameters.iter().filter(|parameter| parameter.is("Scope"));
    match kind {
        Kind::Task => {
            for scope in scopes {
                errors.at(
                    &scope.tokens,
                    "a task provides no resource, so it takes no `Scope`; make it a `#[lifespan_context]`, or mark the \
                     parameter with `#[config]` if this is your own type",
                );
            }
        }
        Kind::Context => {
            for scope in scopes.by_ref().skip(1) {
                errors.at(
                    &scope.tokens,
                    "a context takes one `Scope`; provide a tuple or a struct, or write a second context",
                );
            }
        }
    }

    let mut readies = parameters.iter().filter(|parameter| parameter.is("Ready"));
    let why = match kind {
        Kind::Context => Some("a context is up once it provides its resource, so it takes no `Ready`"),
        Kind::Task if said.tokens("once").is_some() => {
            Some("a `once` task is up once it has returned, so it takes no `Ready`")
        }
        Kind::Task => {
            readies.next();
            None
        }
    };
    for ready in readies {
        let why = why.unwrap_or("a task takes at most one `Ready`");
        errors.at(
            &ready.tokens,
            format!("{why}; remove the parameter, or mark it with `#[config]` if this is your own type"),
        );
    }

    if let Output::Returns(_) = output
        && kind == Kind::Context
    {
        for children in parameters.iter().filter(|parameter| parameter.is("Children")) {
            errors.at(
                &children.tokens,
                "this context ends when it returns its resource, and its children would end with it; take \
                 `scope: Scope<T>` and provide the resource, or mark the parameter with `#[config]` if this is your \
                 own type",
            );
        }
    }

    // A type that only `#[inject]` marks as injected may be an alias of `Shutdown`.
    let may_be_notified = parameters.iter().any(|parameter| {
        parameter.is("Shutdown")
            || matches!(&parameter.injected, Some(name) if !INJECTED.contains(&name.as_str()) && name != "Option")
            || matches!((&parameter.meaning, &parameter.injected), (Some(Parameter::Injected(_)), None))
    });
    let on_shutdown = said.options.on_shutdown.as_ref().map(|choice| choice.word);
    if let Some(tokens) = said.tokens("on_shutdown").filter(|_| kind == Kind::Task) {
        if on_shutdown == Some("notify") && !may_be_notified {
            errors.at(tokens, blocking::why_not_told(&said.options));
        }
        if on_shutdown == Some("finish") && matches!(output, Output::Never(_)) {
            errors.at(tokens, "this task never finishes, since it returns `!`; choose \"drop\", or let it return");
        }
        if on_shutdown == Some("drop") && said.options.shutdown_timeout.is_some() {
            errors.at(tokens, "a task with `on_shutdown = \"drop\"` is dropped immediately, so it needs no `shutdown_timeout`; remove one of the two");
        }
    }
    if let (Some(tokens), Output::Never(_)) = (said.tokens("on_return"), output) {
        errors.at(tokens, "this task never returns, since it returns `!`; remove `on_return`");
    }
}

/// Rejects contradictions between `restart`, `group` and the kind of the unit.
fn restarts(kind: Kind, said: &Said, errors: &mut Errors) {
    let (Some(restart), Some(tokens)) = (&said.options.restart, said.tokens("restart")) else { return };
    if kind == Kind::Context && restart.when == "permanent" {
        errors.at(
            tokens,
            "a context that ends before shutdown has failed, and `transient` restarts it; write `transient` instead of `permanent`",
        );
    }
    if let Some(group) = said.tokens("group") {
        if restart.intensity.is_some() || restart.period.is_some() {
            errors.at(
                tokens,
                "the restart limit of a member is that of its group; write `intensity` and `period` in its `group!`, or \
                 remove `group`",
            );
        }
        if restart.when == "temporary" {
            errors.at(
                group,
                "a `temporary` unit is never restarted and causes no restart of its group; remove `group`, or make it \
                 `transient`",
            );
        }
    }
}

/// Rejects arguments and parameters that contradict a schedule or need one.
pub(super) fn schedule_combinations(
    kind: Kind,
    said: &Said,
    parameters: &[Understood],
    output: &Output,
    errors: &mut Errors,
) {
    let scheduled = schedule::TIMINGS.iter().any(|name| said.tokens(name).is_some());
    for tick in parameters.iter().filter(|parameter| parameter.is("Tick") && !(scheduled && kind == Kind::Task)) {
        errors.at(
            &tick.tokens,
            "a `Tick` describes a run of a schedule, but this unit has none; give the task `every`, `delay` or `cron`, or \
             mark the parameter with `#[config]` if this is your own type",
        );
    }
    let Some(schedule) = &said.options.schedule else { return };
    if kind == Kind::Context {
        for tokens in schedule::NAMES.iter().filter_map(|name| said.tokens(name)) {
            errors.at(
                tokens,
                format!("a context stays up and can't have a schedule; remove `{tokens}`, or make it a task"),
            );
        }
        return;
    }
    schedule.check(|name| said.tokens(name), errors);
    if !scheduled {
        return;
    }
    for (name, why) in [
        ("once", "a task with a schedule runs repeatedly; remove `once`, or the schedule"),
        ("restart", "a schedule continues with its next run after a failed one; remove `restart`"),
        ("on_return", "a task with a schedule returns at the end of each run; remove `on_return`"),
    ] {
        if let Some(tokens) = said.tokens(name) {
            errors.at(tokens, why);
        }
    }
    for ready in parameters.iter().filter(|parameter| parameter.is("Ready")) {
        errors.at(
            &ready.tokens,
            "a task with a schedule is up once the schedule has started, so it takes no `Ready`; remove the parameter, or mark it with \
             `#[config]` if this is your own type",
        );
    }
    for children in parameters.iter().filter(|parameter| parameter.is("Children") && schedule.is_parallel()) {
        errors.at(
            &children.tokens,
            "all runs share the children of the task, so runs with `Children` can't overlap; remove the parameter, or \
             `overlap`",
        );
    }
    if said.options.blocking {
        for (name, is_wrong) in [("timeout", true), ("overlap", schedule.is_parallel())] {
            if let Some(tokens) = said.tokens(name).filter(|_| is_wrong) {
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
