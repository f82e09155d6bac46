//! Reads the schedule of a task: `every`, `delay` or `cron`, and their options.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Expr, Lit, LitStr};

use crate::cron;
use crate::duration;
use crate::errors::Errors;
use crate::model::Choice;
use crate::settings::Setting;

/// The arguments that this file reads.
pub(crate) const NAMES: [&str; 9] =
    ["every", "delay", "cron", "zone", "start", "jitter", "missed", "overlap", "timeout"];

/// The arguments of which a schedule has exactly one.
pub(crate) const TIMINGS: [&str; 3] = ["every", "delay", "cron"];

/// The arguments that were written; the core has the defaults.
#[derive(Default)]
pub(crate) struct Schedule {
    every: Option<Duration>,
    delay: Option<Duration>,
    cron: Option<LitStr>,
    zone: Option<LitStr>,
    start: Option<Choice>,
    jitter: Option<Duration>,
    missed: Option<Choice>,
    overlap: Option<Overlap>,
    timeout: Option<Duration>,
}

enum Overlap {
    Skip,
    Queue,
    Parallel(u32),
}

impl Schedule {
    /// Reads one of the arguments.
    pub(crate) fn read(&mut self, name: &str, setting: Setting, errors: &mut Errors) {
        match name {
            "every" => self.every = span(setting, "every = \"5s\"", "a period", errors),
            "delay" => self.delay = span(setting, "delay = \"5s\"", "a delay", errors),
            "cron" => self.cron = checked(setting, "cron = \"0 30 2 * * *\"", cron::check_line, errors),
            "zone" => self.zone = checked(setting, "zone = \"Europe/Berlin\"", cron::check_zone, errors),
            "start" => self.start = Choice::read(setting, &["now", "after_first_period"], errors),
            "jitter" => self.jitter = span(setting, "jitter = \"500ms\"", "a jitter", errors),
            "missed" => self.missed = Choice::read(setting, &["fold", "skip", "all"], errors),
            "overlap" => self.overlap = overlap(setting, errors),
            _ => self.timeout = span(setting, "timeout = \"30s\"", "a timeout", errors),
        }
    }

    /// Returns true if several runs may overlap.
    pub(crate) fn is_parallel(&self) -> bool {
        matches!(self.overlap, Some(Overlap::Parallel(2..)))
    }

    /// Rejects arguments that contradict each other; `said` returns the tokens of an argument.
    pub(crate) fn check<'a>(&self, said: impl Fn(&str) -> Option<&'a Ident>, errors: &mut Errors) {
        let mut timings = TIMINGS.into_iter().filter_map(|name| said(name).map(|tokens| (name, tokens)));
        let Some((first, _)) = timings.next() else {
            for name in NAMES {
                if let Some(tokens) = said(name) {
                    errors.at(
                        tokens,
                        format!(
                            "`{name}` configures a schedule, but this task has none; add `every`, `delay` or `cron`"
                        ),
                    );
                }
            }
            return;
        };
        for (_, tokens) in timings {
            errors
                .at(tokens, format!("a task has one schedule, and `{first}` is already given; remove one of the two"));
        }
        if let (Some(tokens), None) = (said("zone"), said("cron")) {
            errors.at(tokens, "`zone` is the time zone of `cron`, but this task has none; remove it, or add `cron`");
        }
        for name in ["missed", "overlap"] {
            if let (Some(tokens), Some(_)) = (said(name), said("delay")) {
                errors.at(
                    tokens,
                    format!(
                        "a `delay` starts at the end of a run, so runs are never missed and never overlap; remove `{name}`, \
                         or use `every`"
                    ),
                );
            }
        }
        if let (Some(tokens), Some(jitter), Some(period)) = (said("jitter"), self.jitter, self.every)
            && jitter >= period
        {
            errors
                .at(tokens, "with this much jitter a run could start after the next one; make it shorter than `every`");
        }
    }

    /// Returns the expression of the schedule; `None` without a timing, which is an error.
    pub(crate) fn expand(&self, p: &Ident) -> Option<TokenStream> {
        let duration = |duration: Duration| {
            let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
            quote!(#p::Duration::new(#seconds, #nanoseconds))
        };
        let timing = if let Some(period) = self.every {
            let period = duration(period);
            quote!(Every(#period))
        } else if let Some(period) = self.delay {
            let period = duration(period);
            quote!(Delay(#period))
        } else {
            let line = self.cron.as_ref()?;
            let zone = self.zone.as_ref().map_or_else(|| "UTC".to_owned(), LitStr::value);
            quote!(Cron(#p::Written { line: #line, zone: #zone }))
        };
        let mut fields = Vec::new();
        if let Some(Choice { word }) = self.start {
            let word = if word == "now" { quote!(Now) } else { quote!(AfterFirstPeriod) };
            fields.push(quote!(start: #p::Some(#p::Begin::#word)));
        }
        if let Some(jitter) = self.jitter {
            let jitter = duration(jitter);
            fields.push(quote!(jitter: #jitter));
        }
        if let Some(Choice { word }) = self.missed {
            let word = match word {
                "fold" => quote!(Fold),
                "skip" => quote!(Skip),
                _ => quote!(All),
            };
            fields.push(quote!(missed: #p::Missed::#word));
        }
        if let Some(overlap) = &self.overlap {
            let overlap = match overlap {
                Overlap::Skip => quote!(Skip),
                Overlap::Queue => quote!(Queue),
                Overlap::Parallel(limit) => quote!(Parallel(#limit)),
            };
            fields.push(quote!(overlap: #p::Overlap::#overlap));
        }
        if let Some(timeout) = self.timeout {
            let timeout = duration(timeout);
            fields.push(quote!(timeout: #p::Some(#timeout)));
        }
        let schedule = quote!(#p::Schedule::of(#p::Timing::#timing));
        Some(if fields.is_empty() { schedule } else { quote!(#p::Schedule { #(#fields,)* ..#schedule }) })
    }
}

fn span(setting: Setting, form: &str, what: &str, errors: &mut Errors) -> Option<Duration> {
    let text = setting.text(form, errors)?;
    let value = text.value();
    let is_zero = value.starts_with('0') && !value.contains(|c: char| c.is_ascii_digit() && c != '0');
    match duration::parse(&value) {
        Ok(duration) => return Some(duration),
        Err(_) if value.starts_with('-') => errors.at(&text, format!("{what} can't be negative; write `{form}`")),
        Err(_) if is_zero => {
            errors.at(&text, format!("{what} can't be zero; give a positive duration, as in `{form}`"));
        }
        Err(message) => errors.at(&text, message),
    }
    None
}

fn checked(
    setting: Setting,
    form: &str,
    check: impl FnOnce(&str) -> Result<(), String>,
    errors: &mut Errors,
) -> Option<LitStr> {
    let text = setting.text(form, errors)?;
    check(&text.value()).map_err(|message| errors.at(&text, message)).ok()?;
    Some(text)
}

/// Reads `"skip"`, `"queue"` or `"parallel(4)"`.
fn overlap(setting: Setting, errors: &mut Errors) -> Option<Overlap> {
    const FORM: &str =
        "`overlap` is \"skip\", \"queue\" or \"parallel(n)\", where `n` is the number of runs, at least 1";
    let value = setting.expression("overlap = \"skip\"", errors)?;
    let read = match literal(&value) {
        Some(Lit::Str(text)) => match text.value().as_str() {
            "skip" => Some(Overlap::Skip),
            "queue" => Some(Overlap::Queue),
            text => text
                .strip_prefix("parallel(")
                .and_then(|text| text.strip_suffix(')')?.parse().ok())
                .filter(|limit| *limit > 0)
                .map(Overlap::Parallel),
        },
        _ => None,
    };
    if read.is_none() {
        errors.at(&value, FORM);
    }
    read
}

fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(literal) => Some(&literal.lit),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}
