//! Reads the arguments of an attribute, and keeps their tokens.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use syn::{Ident, LitStr};

use crate::duration;
use crate::errors::Errors;
use crate::model::{Choice, Options};
use crate::restart;
use crate::schedule;
use crate::settings::{self, Setting};

/// The names of the arguments, without those of schedules.
const OPTIONS: [&str; 18] = [
    "name",
    "config",
    "manual",
    "once",
    "blocking",
    "first",
    "last",
    "after",
    "before",
    "startup_timeout",
    "shutdown_timeout",
    "on_failure",
    "on_return",
    "on_shutdown",
    "readiness",
    "restart",
    "group",
    "crate",
];

/// The arguments of an attribute, with their tokens.
#[derive(Default)]
pub(super) struct Said {
    pub(super) options: Options,
    names: HashMap<String, Ident>,
}

impl Said {
    pub(super) fn read(arguments: TokenStream, errors: &mut Errors) -> Self {
        let mut said = Self::default();
        let options = &mut said.options;
        for setting in settings::read(arguments, errors) {
            let name = setting.name.clone();
            let text = name.to_string();
            if said.names.contains_key(&text) {
                errors.at(&name, format!("`{text}` is given twice; remove one"));
                continue;
            }
            match text.as_str() {
                "name" => options.name = name_of(setting, "name = \"…\"", errors),
                "config" => options.config = config_name(setting, errors),
                "manual" => options.manual = setting.switch(errors),
                "once" => options.once = setting.switch(errors),
                "blocking" => options.blocking = setting.switch(errors),
                "first" => options.first = setting.switch(errors),
                "last" => options.last = setting.switch(errors),
                "after" => options.after = setting.paths("after(unit, …)", errors),
                "before" => options.before = setting.paths("before(unit, …)", errors),
                "startup_timeout" => options.startup_timeout = limit(setting, "startup_timeout = \"60s\"", errors),
                "shutdown_timeout" => options.shutdown_timeout = limit(setting, "shutdown_timeout = \"10s\"", errors),
                "on_failure" => options.on_failure = Choice::read(setting, &["shutdown", "ignore"], errors),
                "on_return" => options.on_return = Choice::read(setting, &["shutdown", "ignore"], errors),
                "on_shutdown" => options.on_shutdown = Choice::read(setting, &["notify", "finish", "drop"], errors),
                "readiness" => options.readiness = Choice::read(setting, &["required"], errors),
                "restart" => options.restart = restart::read(setting, errors),
                "group" => options.group = setting.path("group = path::to::group", errors),
                name if schedule::NAMES.contains(&name) => {
                    options.schedule.get_or_insert_default().read(name, setting, errors);
                }
                "crate" => options.framework = setting.path("crate = path::to::lifespan", errors),
                _ => errors.at(&name, unknown("argument", &text, &[&OPTIONS[..], &schedule::NAMES].concat())),
            }
            said.names.insert(text, name);
        }
        said
    }

    /// Returns the tokens of an argument, if it was given.
    pub(super) fn tokens(&self, name: &str) -> Option<&Ident> {
        self.names.get(name)
    }
}

pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    format!("unknown {what} `{name}`; valid names: `{}`", known.join("`, `"))
}

/// Reads a name that is valid in files and variables.
pub(super) fn name_of(setting: Setting, form: &str, errors: &mut Errors) -> Option<LitStr> {
    let name = setting.text(form, errors)?;
    let value = name.value();
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if value.is_empty() || !value.chars().all(fits) {
        errors.at(
            &name,
            "a name consists of letters, digits, `_` and `-`, so that it can be used in files and variables",
        );
    }
    Some(name)
}

fn config_name(setting: Setting, errors: &mut Errors) -> Option<Ident> {
    let path = setting.path("config = Name", errors)?;
    let name = path.get_ident().cloned();
    if name.is_none() {
        errors.at(&path, "`config` is the name of the struct to generate; write one identifier, `config = Name`");
    }
    name
}

fn limit(setting: Setting, form: &str, errors: &mut Errors) -> Option<std::time::Duration> {
    let text = setting.text(form, errors)?;
    duration::parse(&text.value()).map_err(|message| errors.at(&text, message)).ok()
}

impl Choice {
    /// Reads `name = "word"`.
    pub(crate) fn read(setting: Setting, words: &[&'static str], errors: &mut Errors) -> Option<Self> {
        let words_as_written = words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" or ");
        let name = setting.name.to_string();
        let text = setting.text(&format!("{name} = {:?}", words.first().unwrap_or(&"")), errors)?;
        let value = text.value();
        let word = words.iter().find(|word| **word == value);
        if word.is_none() {
            errors.at(&text, format!("invalid value {value:?} for `{name}`; write {words_as_written}"));
        }
        word.map(|word| Self { word })
    }
}
