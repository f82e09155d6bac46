//! Generates the descriptor's options from the arguments of the attribute.

use lifespan_text::{Backoff, Period, Readiness, RestartSettings, Share, UnitSettings};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::schedule::schedule;
use super::values::{duration, variant};
use crate::model::{Options, Restart};

pub(super) fn options(options: &Options, p: &Ident) -> TokenStream {
    let UnitSettings { startup_timeout, shutdown_timeout, readiness } = options.unit;
    let mut fields = Vec::new();
    let switches = [
        ("manual", options.manual),
        ("configured", options.configured),
        ("always", options.always),
        ("once", options.once),
        ("blocking", options.blocking),
        ("background", options.background),
        ("first", options.first),
        ("last", options.last),
        ("required", readiness.is_some_and(|Readiness::Required| true)),
    ];
    for (name, _) in switches.into_iter().filter(|(_, on)| *on) {
        let name = format_ident!("{name}");
        fields.push(quote!(#name: true));
    }
    if !options.profiles.is_empty() {
        let profiles = &options.profiles;
        fields.push(quote!(profiles: &[#(#profiles),*]));
    }
    if let Some(limit) = startup_timeout.map(|limit| duration(limit.get(), p)) {
        fields.push(quote!(startup_timeout: #p::Some(#limit)));
    }
    if let Some(limit) = shutdown_timeout.map(|limit| duration(limit, p)) {
        fields.push(quote!(shutdown_timeout: #p::Some(#limit)));
    }
    if let Some(word) = options.on_failure.map(variant) {
        fields.push(quote!(on_failure: #p::Some(#p::OnFailure::#word)));
    }
    if let Some(word) = options.on_return.map(variant) {
        fields.push(quote!(on_return: #p::Some(#p::OnReturn::#word)));
    }
    if let Some(word) = options.on_shutdown.map(variant) {
        fields.push(quote!(on_shutdown: #p::Some(#p::OnShutdown::#word)));
    }
    if let Some(group) = &options.group {
        // A path that is not a group is reported at that path.
        let group = quote_spanned!(group.span()=> #group());
        fields.push(quote!(group: #p::Some(#group)));
    }
    if let Some(restart) = &options.restart {
        let restart = self::restart(restart, p);
        fields.push(quote!(restart: #p::Some(#restart)));
    }
    if let Some(schedule) = schedule(&options.schedule, p) {
        fields.push(quote!(schedule: #p::Some(#schedule)));
    }
    if fields.is_empty() { quote!(#p::Options::NONE) } else { quote!(#p::Options { #(#fields,)* ..#p::Options::NONE }) }
}

fn restart(restart: &Restart, p: &Ident) -> TokenStream {
    let RestartSettings { intensity, period, backoff, jitter, reset_after } = restart.settings;
    let when = variant(restart.when);
    let mut fields = vec![quote!(when: #p::When::#when)];
    if let Some(intensity) = intensity {
        fields.push(quote!(intensity: #intensity));
    }
    if let Some(jitter) = jitter.map(Share::get) {
        fields.push(quote!(jitter: #jitter));
    }
    if let Some(period) = period.map(Period::get) {
        let period = duration(period, p);
        fields.push(quote!(period: #period));
    }
    if let Some(reset_after) = reset_after {
        let reset_after = duration(reset_after, p);
        fields.push(quote!(reset_after: #reset_after));
    }
    if let Some(Backoff { first, longest }) = backoff {
        let (first, longest) = (duration(first, p), duration(longest, p));
        fields.push(quote!(backoff: (#first, #longest)));
    }
    quote!(#p::Restart { #(#fields,)* ..#p::Restart::DEFAULT })
}
