//! Reads `restart(…)`: when a task is restarted, how often, and after which delay.

use std::time::Duration;

use syn::{Expr, Lit, LitFloat, LitInt};

use crate::duration;
use crate::errors::Errors;
use crate::model::Restart;
use crate::settings::Setting;

const FORM: &str = "restart(transient, intensity = 3, period = \"30s\", backoff = \"100ms..30s\", jitter = 0.2, \
                    reset_after = \"60s\")";
/// The restart policies, named as in Erlang's OTP.
const WORDS: [&str; 3] = ["permanent", "transient", "temporary"];

pub(crate) fn read(setting: Setting, errors: &mut Errors) -> Option<Restart> {
    let whole = setting.name.clone();
    let mut seen: Vec<String> = Vec::new();
    let mut restart =
        Restart { when: "", intensity: None, period: None, backoff: None, jitter: None, reset_after: None };
    for setting in setting.list(FORM, errors)? {
        let name = setting.name.clone();
        let text = name.to_string();
        if seen.contains(&text) {
            errors.at(&name, format!("`{text}` is given twice; remove one"));
            continue;
        }
        if let Some(word) = WORDS.into_iter().find(|word| *word == text) {
            if restart.when.is_empty() {
                restart.when = word;
            } else {
                errors.at(&name, format!("a task is `{}` or `{word}`, not both; remove one", restart.when));
            }
            setting.switch(errors);
            seen.push(text);
            continue;
        }
        match text.as_str() {
            "intensity" => restart.intensity = intensity(setting, errors),
            "period" => restart.period = span(setting, "period = \"30s\"", errors),
            "backoff" => restart.backoff = backoff(setting, errors),
            "jitter" => restart.jitter = jitter(setting, errors),
            "reset_after" => restart.reset_after = span(setting, "reset_after = \"60s\"", errors),
            _ => errors.at(&name, format!("`restart` has no `{text}`; write `{FORM}`")),
        }
        seen.push(text);
    }
    if restart.when.is_empty() {
        errors.at(
            &whole,
            "`restart` needs a policy: write `permanent` (always), `transient` (after a failure) or `temporary` (never)",
        );
        return None;
    }
    if restart.when == "temporary" {
        for name in seen.iter().filter(|name| *name != "temporary") {
            errors.at(&whole, format!("a `temporary` task never restarts; remove `{name}`, or make it `transient`"));
        }
    }
    Some(restart)
}

pub(crate) fn intensity(setting: Setting, errors: &mut Errors) -> Option<LitInt> {
    let value = setting.expression("intensity = 3", errors)?;
    match literal(&value) {
        Some(Lit::Int(number)) if number.suffix().is_empty() && number.base10_parse::<u32>().is_ok() => {
            Some(number.clone())
        }
        _ => {
            errors.at(&value, "`intensity` is the number of restarts allowed within `period`; write `intensity = 3`");
            None
        }
    }
}

fn jitter(setting: Setting, errors: &mut Errors) -> Option<LitFloat> {
    let value = setting.expression("jitter = 0.2", errors)?;
    match literal(&value) {
        Some(Lit::Float(number))
            if number.suffix().is_empty()
                && number.base10_parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)) =>
        {
            Some(number.clone())
        }
        _ => {
            errors.at(
                &value,
                "`jitter` is the random share of a delay, a decimal number from 0.0 to 1.0; write `jitter = 0.2`",
            );
            None
        }
    }
}

fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(literal) => Some(&literal.lit),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

pub(crate) fn span(setting: Setting, form: &str, errors: &mut Errors) -> Option<Duration> {
    let text = setting.text(form, errors)?;
    duration::parse(&text.value()).map_err(|message| errors.at(&text, message)).ok()
}

fn backoff(setting: Setting, errors: &mut Errors) -> Option<(Duration, Duration)> {
    let form = "backoff = \"100ms..30s\"";
    let text = setting.text(form, errors)?;
    let value = text.value();
    let (from, to) = value.split_once("..").unwrap_or((&value, &value));
    let parse = |text: &str| if text == "0s" { Ok(Duration::ZERO) } else { duration::parse(text) };
    match (parse(from), parse(to)) {
        (Ok(Duration::ZERO), Ok(to)) if !to.is_zero() => {
            errors.at(
                &text,
                format!("a delay of zero stays zero when it is doubled; write `{form}`, or \"0s\" for no delay"),
            );
            None
        }
        (Ok(from), Ok(to)) if from <= to => Some((from, to)),
        (Ok(_), Ok(_)) => {
            errors.at(&text, format!("the first delay is longer than the longest one; write `{form}`"));
            None
        }
        (Err(message), _) | (_, Err(message)) => {
            errors.at(&text, format!("`backoff` is the first and the longest delay, `{form}`; {message}"));
            None
        }
    }
}
