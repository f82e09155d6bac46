//! Generates the schedule of a descriptor.

use std::time::Duration;

use lifespan_text::{CronLine, Overlap, Period, ScheduleSettings, TimeZoneName};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::values::{duration, variant};

/// Returns the expression of the schedule; `None` without a timing.
pub(super) fn schedule(settings: &ScheduleSettings, p: &Ident) -> Option<TokenStream> {
    let ScheduleSettings { every, delay, cron, zone, start, jitter, missed, overlap, timeout, late } = settings;
    let period = |period: Period| duration(period.get(), p);
    let timing = if let Some(every) = every.map(period) {
        quote!(Every(#every))
    } else if let Some(delay) = delay.map(period) {
        quote!(Delay(#delay))
    } else {
        let line = cron.as_ref().map(CronLine::as_str)?;
        let zone = zone.as_ref().map_or("UTC", TimeZoneName::as_str);
        quote!(Cron(#p::Written { line: #line, zone: #zone }))
    };
    let mut fields = Vec::new();
    if let Some(start) = start.map(variant) {
        fields.push(quote!(start: #p::Some(#p::Begin::#start)));
    }
    if let Some(jitter) = jitter.map(|jitter: Duration| duration(jitter, p)) {
        fields.push(quote!(jitter: #jitter));
    }
    if let Some(missed) = missed.map(variant) {
        fields.push(quote!(missed: #p::Missed::#missed));
    }
    if let Some(overlap) = overlap {
        let overlap = match overlap {
            Overlap::Skip => quote!(Skip),
            Overlap::Queue => quote!(Queue),
            Overlap::Parallel(limit) => quote!(Parallel(#limit)),
        };
        fields.push(quote!(overlap: #p::Overlap::#overlap));
    }
    if let Some(timeout) = timeout.map(period) {
        fields.push(quote!(timeout: #p::Some(#timeout)));
    }
    if let Some(late) = late.map(period) {
        fields.push(quote!(late: #p::Some(#late)));
    }
    let schedule = quote!(#p::Schedule::of(#p::Timing::#timing));
    Some(if fields.is_empty() { schedule } else { quote!(#p::Schedule { #(#fields,)* ..#schedule }) })
}
