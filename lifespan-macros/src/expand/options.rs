//! Generates the descriptor's options from the arguments of the attribute.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::model::{Choice, Options, Restart};

pub(super) fn options(options: &Options, p: &Ident) -> TokenStream {
    let mut fields = Vec::new();
    let switches = [
        ("manual", options.manual),
        ("once", options.once),
        ("blocking", options.blocking),
        ("first", options.first),
        ("last", options.last),
        // `required` is its only value.
        ("required", options.readiness.is_some()),
    ];
    for (name, _) in switches.into_iter().filter(|(_, on)| *on) {
        let name = format_ident!("{name}");
        fields.push(quote!(#name: true));
    }
    let limits = [("startup_timeout", options.startup_timeout), ("shutdown_timeout", options.shutdown_timeout)];
    for (name, limit) in limits {
        let Some(limit) = limit else { continue };
        let name = format_ident!("{name}");
        let limit = duration(limit, p);
        fields.push(quote!(#name: #p::Some(#limit)));
    }
    let choices = [
        ("on_failure", "OnFailure", &options.on_failure),
        ("on_return", "OnReturn", &options.on_return),
        ("on_shutdown", "OnShutdown", &options.on_shutdown),
    ];
    for (name, ty, choice) in choices {
        let Some(Choice { word }) = choice else { continue };
        let (name, ty, variant) = (format_ident!("{name}"), format_ident!("{ty}"), capitalized(word));
        fields.push(quote!(#name: #p::Some(#p::#ty::#variant)));
    }
    if let Some(group) = &options.group {
        // A path that is not a group is reported at that path.
        let group = quote_spanned!(group.span()=> &#group);
        fields.push(quote!(group: #p::Some(#group)));
    }
    if let Some(restart) = &options.restart {
        let restart = self::restart(restart, p);
        fields.push(quote!(restart: #p::Some(#restart)));
    }
    if let Some(schedule) = options.schedule.as_ref().and_then(|schedule| schedule.expand(p)) {
        fields.push(quote!(schedule: #p::Some(#schedule)));
    }
    if fields.is_empty() { quote!(#p::Options::NONE) } else { quote!(#p::Options { #(#fields,)* ..#p::Options::NONE }) }
}

fn restart(restart: &Restart, p: &Ident) -> TokenStream {
    let when = capitalized(restart.when);
    let mut fields = vec![quote!(when: #p::When::#when)];
    if let Some(intensity) = &restart.intensity {
        fields.push(quote!(intensity: #intensity));
    }
    if let Some(jitter) = &restart.jitter {
        fields.push(quote!(jitter: #jitter));
    }
    for (name, limit) in [("period", restart.period), ("reset_after", restart.reset_after)] {
        let Some(limit) = limit else { continue };
        let (name, limit) = (format_ident!("{name}"), duration(limit, p));
        fields.push(quote!(#name: #limit));
    }
    if let Some((from, to)) = restart.backoff {
        let (from, to) = (duration(from, p), duration(to, p));
        fields.push(quote!(backoff: (#from, #to)));
    }
    quote!(#p::Restart { #(#fields,)* ..#p::Restart::DEFAULT })
}

/// Returns a duration as a constant expression.
pub(crate) fn duration(duration: Duration, p: &impl ToTokens) -> TokenStream {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    quote!(#p::Duration::new(#seconds, #nanoseconds))
}

fn capitalized(word: &str) -> Ident {
    let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
    format_ident!("{}{rest}", first.to_uppercase())
}
