//! Rejects what contradicts `restart(…)`.

use lifespan_text::When;

use crate::attribute::Attribute;
use crate::model::Kind;
use crate::util::Errors;

pub(super) fn restart(kind: Kind, attribute: &Attribute, errors: &mut Errors) {
    let (Some(restart), Some(tokens)) = (&attribute.options.restart, attribute.tokens("restart")) else { return };
    if restart.when == When::Permanent {
        if kind == Kind::Context {
            errors.at(
                tokens,
                "a context that ends before shutdown has failed, and `transient` restarts it; write `transient` instead of `permanent`",
            );
        }
        if let Some(on_return) = attribute.tokens("on_return") {
            errors.at(
                on_return,
                "a `permanent` task is restarted when it returns; remove `on_return`, or make it `transient`",
            );
        }
        if let Some(once) = attribute.tokens("once") {
            errors.at(once, "a `permanent` task never finishes; remove `once`, or make it `transient`");
        }
    }
    let Some(group) = attribute.tokens("group") else { return };
    if restart.settings.intensity.is_some() || restart.settings.period.is_some() {
        errors.at(
            tokens,
            "the restart limit of a member is that of its group; write `intensity` and `period` in its `group!`, or \
             remove `group`",
        );
    }
    if restart.when == When::Temporary {
        errors.at(
            group,
            "a `temporary` unit is never restarted and causes no restart of its group; remove `group`, or make it \
             `transient`",
        );
    }
}
