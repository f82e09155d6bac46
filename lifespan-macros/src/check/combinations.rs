//! Rejects combinations of arguments and parameters that contradict each other.

use lifespan_text::{Contradiction, OnReturn, OnShutdown};
use syn::Ident;

use super::parameters::Parameter;
use super::restart::restart;
use crate::attribute::Attribute;
use crate::model::{Injected, Kind, Options, Output};
use crate::util::Errors;

pub(super) fn combinations(
    kind: Kind,
    attribute: &Attribute,
    function: &Ident,
    parameters: &[Parameter],
    output: &Output,
    errors: &mut Errors,
) {
    order(attribute, function, errors);
    choice(attribute, errors);
    restart(kind, attribute, errors);
    readies(kind, attribute, parameters, errors);
    match kind {
        Kind::Context => context(attribute, parameters, output, errors),
        Kind::Task => task(attribute, parameters, output, errors),
    }
    if let (Some(tokens), Output::Never(_)) = (attribute.tokens("on_return"), output) {
        errors.at(tokens, "this task never returns, since it returns `!`; remove `on_return`");
    }
}

fn order(attribute: &Attribute, function: &Ident, errors: &mut Errors) {
    let Options { after, before, .. } = &attribute.options;
    for path in after.iter().chain(before).filter(|path| path.is_ident(function)) {
        errors.at(path, "a unit can't be after or before itself; remove it from the list");
    }
    if let (Some(_), Some(last)) = (attribute.tokens("first"), attribute.tokens("last")) {
        errors.at(last, "a unit can't be both `first` and `last`; remove one");
    }
}

/// Rejects contradicting words on whether the unit runs.
fn choice(attribute: &Attribute, errors: &mut Errors) {
    if let (Some(_), Some(profile)) = (attribute.tokens("always"), attribute.tokens("profile")) {
        errors.at(profile, "an `always` unit runs with every profile; remove `profile`, or remove `always`");
    }
    if attribute.tokens("manual").is_none() {
        return;
    }
    for (name, why) in [
        ("profile", "a `manual` unit runs only if it is named, with any profile; remove `manual`, or remove `profile`"),
        ("configured", "a `manual` unit is not run by its table; remove `manual`, or remove `configured`"),
        ("always", "a `manual` unit runs only if it is named; remove `manual`, or remove `always`"),
    ] {
        if let Some(tokens) = attribute.tokens(name) {
            errors.at(tokens, why);
        }
    }
}

fn context(attribute: &Attribute, parameters: &[Parameter], output: &Output, errors: &mut Errors) {
    for (name, why) in [
        ("once", "a context stays up until shutdown; remove `once`, or make it a task"),
        ("background", "a context never keeps the app up; remove `background`"),
        ("on_return", "the return of a context is the end of its teardown; remove `on_return`"),
        ("on_shutdown", "a context is always stopped through its teardown; remove `on_shutdown`"),
    ] {
        if let Some(tokens) = attribute.tokens(name) {
            errors.at(tokens, why);
        }
    }
    for scope in parameters.iter().filter(|parameter| parameter.is(Injected::Scope)).skip(1) {
        scope.refuse(Contradiction::SECOND_SCOPE, errors);
    }
    if let Output::Returns(_) = output {
        for children in parameters.iter().filter(|parameter| parameter.is(Injected::Children)) {
            children.refuse(Contradiction::CHILDREN_OF_RETURN, errors);
        }
    }
}

fn task(attribute: &Attribute, parameters: &[Parameter], output: &Output, errors: &mut Errors) {
    for scope in parameters.iter().filter(|parameter| parameter.is(Injected::Scope)) {
        scope.refuse(Contradiction::SCOPE_OF_TASK, errors);
    }
    if let Some(tokens) = attribute.tokens("background") {
        if attribute.options.once {
            errors.at(tokens, "the app waits for the end of a `once` task; remove `background` or `once`");
        }
        if attribute.options.on_return == Some(OnReturn::Shutdown) {
            errors.at(
                tokens,
                "the return of a `background` task does not end the app; remove `background` or `on_return`",
            );
        }
    }
    let (Some(tokens), Some(on_shutdown)) = (attribute.tokens("on_shutdown"), attribute.options.on_shutdown) else {
        return;
    };
    match on_shutdown {
        OnShutdown::Notify if !parameters.iter().any(Parameter::may_be_shutdown) => {
            let or_drop = if attribute.options.blocking { "" } else { " or \"drop\"" };
            errors.at(
                tokens,
                format!(
                    "this task can't be notified of shutdown, since it has no `Shutdown`; take `shutdown: Shutdown`, or \
                     choose \"finish\"{or_drop}"
                ),
            );
        }
        OnShutdown::Finish if matches!(output, Output::Never(_)) => {
            errors.at(tokens, "this task never finishes, since it returns `!`; choose \"drop\", or let it return");
        }
        OnShutdown::Drop if attribute.options.unit.shutdown_timeout.is_some() => {
            errors.at(
                tokens,
                "a task with `on_shutdown = \"drop\"` is dropped immediately, so it needs no `shutdown_timeout`; remove \
                 one of the two",
            );
        }
        OnShutdown::Notify | OnShutdown::Finish | OnShutdown::Drop => {}
    }
}

fn readies(kind: Kind, attribute: &Attribute, parameters: &[Parameter], errors: &mut Errors) {
    let (allowed, contradiction) = match kind {
        Kind::Context => (0, Contradiction::READY_OF_CONTEXT),
        Kind::Task if attribute.options.once => (0, Contradiction::READY_OF_ONCE),
        Kind::Task => (1, Contradiction::SECOND_READY),
    };
    for ready in parameters.iter().filter(|parameter| parameter.is(Injected::Ready)).skip(allowed) {
        ready.refuse(contradiction, errors);
    }
}
