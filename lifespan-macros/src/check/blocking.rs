//! Rejects what contradicts `blocking`: a thread can't be ended from outside.

use lifespan_text::OnShutdown;

use crate::attribute::Attribute;
use crate::model::Output;
use crate::util::Errors;

/// Rejects options that would need to end a thread from outside.
pub(super) fn blocking(attribute: &Attribute, output: &Output, errors: &mut Errors) {
    if !attribute.options.blocking {
        return;
    }
    if let (Some(tokens), Some(OnShutdown::Drop)) = (attribute.tokens("on_shutdown"), attribute.options.on_shutdown) {
        errors.at(
            tokens,
            "a `blocking` task can't be dropped, since a thread can't be ended from outside; take `shutdown: Shutdown` \
             to be notified, or choose \"finish\"",
        );
    }
    if let Output::Never(never) = output {
        let error = syn::Error::new(
            *never,
            "a `blocking` task can't return `!`, since a thread can't be ended from outside; take `shutdown: Shutdown`, \
             and return when shutdown is requested",
        );
        errors.push(error);
    }
}
