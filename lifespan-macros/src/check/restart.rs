//! Rejects what contradicts `restart(…)`.

use lifespan_text::{Contradiction, When};

use crate::attribute::Attribute;
use crate::model::Kind;
use crate::util::Errors;

pub(super) fn restart(kind: Kind, attribute: &Attribute, errors: &mut Errors) {
    let (Some(restart), Some(tokens)) = (&attribute.options.restart, attribute.tokens("restart")) else { return };
    if restart.when == When::Permanent {
        if kind == Kind::Context {
            errors.at(tokens, Contradiction::PERMANENT_CONTEXT);
        } else if attribute.options.once {
            errors.at(tokens, Contradiction::PERMANENT_ONCE);
        }
        if let Some(on_return) = attribute.tokens("on_return") {
            errors.at(
                on_return,
                "a `permanent` task is restarted when it returns; remove `on_return`, or make it `transient`",
            );
        }
    }
    if attribute.tokens("group").is_none() {
        return;
    }
    if restart.settings.intensity.is_some() || restart.settings.period.is_some() {
        errors.at(tokens, Contradiction::LIMIT_OF_MEMBER);
    }
    if restart.when == When::Temporary {
        errors.at(tokens, Contradiction::TEMPORARY_MEMBER);
    }
}
