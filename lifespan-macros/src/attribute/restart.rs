//! Reads `restart(…)`: when a task is restarted, how often, and after which delay.

use lifespan_text::{Names, RestartSettings, When};

use crate::model::Restart;
use crate::util::{Errors, Given, Setting};

const FORM: &str = "restart(transient, intensity = 3, period = \"30s\", backoff = \"100ms..30s\", jitter = 0.2, \
                    reset_after = \"60s\")";

pub(super) fn restart(setting: Setting, errors: &mut Errors) -> Option<Restart> {
    let whole = setting.name.clone();
    let mut policy: Option<When> = None;
    let mut others = Vec::new();
    for setting in setting.list(FORM, errors)? {
        let Some(when) = When::of(&setting.name.to_string()) else {
            others.push(setting);
            continue;
        };
        match policy {
            None => policy = Some(when),
            Some(other) => {
                errors.at(&setting.name, format!("a task is `{other}` or `{when}`, not both; remove one"));
            }
        }
        setting.switch(errors);
    }
    if policy == Some(When::Temporary) {
        for Setting { name, .. } in &others {
            errors.at(&whole, format!("a `temporary` task never restarts; remove `{name}`, or make it `transient`"));
        }
    }
    let mut given = Given::new(others, errors);
    let settings = RestartSettings::read(&mut given);
    given.reject_others(
        "`restart` setting",
        &When::names().chain(RestartSettings::NAMES.iter().map(|name| name.attribute)),
    );
    if policy.is_none() {
        errors.at(
            &whole,
            "`restart` needs a policy: write `permanent` (always), `transient` (after a failure) or `temporary` (never)",
        );
    }
    Some(Restart { when: policy?, settings })
}
