//! What makes no sense together.

use super::arguments::Said;
use super::parameters::Understood;
use super::types::INJECTED;
use crate::blocking;
use crate::errors::Errors;
use crate::model::{Kind, Output, Parameter};
use crate::schedule;

/// What makes no sense together.
pub(super) fn combinations(kind: Kind, said: &Said, parameters: &[Understood], output: &Output, errors: &mut Errors) {
    if kind == Kind::Context {
        for (name, why) in [
            ("once", "a context stays up until shutdown; remove `once`, or make it a task"),
            ("on_return", "the return of a context is the end of its teardown; remove `on_return`"),
            ("on_shutdown", "a context is stopped by letting it tear down; remove `on_shutdown`"),
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
            .at(return_, "a `permanent` task starts again when it returns; remove `on_return`, or make it `transient`");
    }
    if let (Some(restart), Some(once)) = (&said.options.restart, said.tokens("once"))
        && restart.when == "permanent"
    {
        errors.at(once, "a `permanent` task never comes to its end; remove `once`, or make it `transient`");
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
                    "a task provides nothing, so it has no `Scope`; make it a `#[lifespan_context]`, or mark the parameter \
                     with `#[config]` if this is a type of yours",
                );
            }
        }
        Kind::Context => {
            for scope in scopes.by_ref().skip(1) {
                errors.at(
                    &scope.tokens,
                    "a context has one `Scope`; provide a tuple or a struct, or make a second context",
                );
            }
        }
    }

    let mut readies = parameters.iter().filter(|parameter| parameter.is("Ready"));
    let why = match kind {
        Kind::Context => Some("a context is up when it has provided, and has no `Ready`"),
        Kind::Task if said.tokens("once").is_some() => {
            Some("a `once` task is up when it has returned, and has no `Ready`")
        }
        Kind::Task => {
            readies.next();
            None
        }
    };
    for ready in readies {
        let why = why.unwrap_or("a task says once that it is up, so it has one `Ready`");
        errors.at(
            &ready.tokens,
            format!("{why}; remove the parameter, or mark it with `#[config]` if this is a type of yours"),
        );
    }

    if let Output::Returns(_) = output
        && kind == Kind::Context
    {
        for children in parameters.iter().filter(|parameter| parameter.is("Children")) {
            errors.at(
                &children.tokens,
                "this context has ended once it has returned its resource, and its children would end with it; take \
                 `scope: Scope<T>` and provide the resource, or mark the parameter with `#[config]` if this is a type of \
                 yours",
            );
        }
    }

    // What `#[inject]` alone makes injected may be an alias of `Shutdown`.
    let may_be_told = parameters.iter().any(|parameter| {
        parameter.is("Shutdown")
            || matches!(&parameter.injected, Some(name) if !INJECTED.contains(&name.as_str()) && name != "Option")
            || matches!((&parameter.meaning, &parameter.injected), (Some(Parameter::Injected(_)), None))
    });
    let on_shutdown = said.options.on_shutdown.as_ref().map(|choice| choice.word);
    if let Some(tokens) = said.tokens("on_shutdown").filter(|_| kind == Kind::Task) {
        if on_shutdown == Some("tell") && !may_be_told {
            errors.at(tokens, blocking::why_not_told(&said.options));
        }
        if on_shutdown == Some("finish") && matches!(output, Output::Never(_)) {
            errors.at(tokens, "this task never finishes, since it returns `!`; choose \"drop\", or let it return");
        }
        if on_shutdown == Some("drop") && said.options.shutdown_timeout.is_some() {
            errors.at(tokens, "a task that is dropped at once needs no `shutdown_timeout`; remove one of the two");
        }
    }
    if let (Some(tokens), Output::Never(_)) = (said.tokens("on_return"), output) {
        errors.at(tokens, "this task never returns, since it returns `!`; remove `on_return`");
    }
}

/// What `restart` and `group` say together, and of a context.
fn restarts(kind: Kind, said: &Said, errors: &mut Errors) {
    let (Some(restart), Some(tokens)) = (&said.options.restart, said.tokens("restart")) else { return };
    if kind == Kind::Context && restart.when == "permanent" {
        errors.at(
            tokens,
            "a context that ends before it is told to has failed, and `transient` restarts it; write it for `permanent`",
        );
    }
    if let Some(group) = said.tokens("group") {
        if restart.intensity.is_some() || restart.period.is_some() {
            errors.at(
                tokens,
                "a group counts the restarts of its members; write `intensity` and `period` into its `group!`, or remove \
                 `group`",
            );
        }
        if restart.when == "temporary" {
            errors.at(
                group,
                "a `temporary` member is never restarted, nor does it have others restarted; remove `group`, or make it \
                 `transient`",
            );
        }
    }
}

/// What makes no sense with a schedule, or without one.
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
            "a `Tick` says which run of a schedule this is, and there is none; give the task `every`, `delay` or `cron`, or \
             mark the parameter with `#[config]` if this is a type of yours",
        );
    }
    let Some(schedule) = &said.options.schedule else { return };
    if kind == Kind::Context {
        for tokens in schedule::NAMES.iter().filter_map(|name| said.tokens(name)) {
            errors.at(tokens, format!("a context is set up once and stays up; remove `{tokens}`, or make it a task"));
        }
        return;
    }
    schedule.check(|name| said.tokens(name), errors);
    if !scheduled {
        return;
    }
    for (name, why) in [
        ("once", "a task with a schedule runs again and again; remove `once`, or the schedule"),
        ("restart", "a run that fails ends, and the schedule goes on with the next; remove `restart`"),
        ("on_return", "the return of a task with a schedule is the end of a run; remove `on_return`"),
    ] {
        if let Some(tokens) = said.tokens(name) {
            errors.at(tokens, why);
        }
    }
    for ready in parameters.iter().filter(|parameter| parameter.is("Ready")) {
        errors.at(
            &ready.tokens,
            "a task with a schedule is up when that has begun, and has no `Ready`; remove the parameter, or mark it with \
             `#[config]` if this is a type of yours",
        );
    }
    for children in parameters.iter().filter(|parameter| parameter.is("Children") && schedule.is_parallel()) {
        errors.at(
            &children.tokens,
            "the children of a run are those of the task, so runs with `Children` can't overlap; remove the parameter, or \
             `overlap`",
        );
    }
    if said.options.blocking {
        for (name, is_wrong) in [("timeout", true), ("overlap", schedule.is_parallel())] {
            if let Some(tokens) = said.tokens(name).filter(|_| is_wrong) {
                errors.at(
                    tokens,
                    format!(
                        "a run of a `blocking` task can't be dropped, since nothing can end a thread from outside, and has \
                         the task's thread for itself; remove `{name}`"
                    ),
                );
            }
        }
    }
    if let Output::Never(span) = output {
        errors.push(syn::Error::new(*span, "a run of a schedule comes to its end; return `()` or `Result<(), E>`"));
    }
}
