//! Reads the arguments of an attribute, and keeps their tokens.

use std::collections::HashMap;

use lifespan_text::{Names, ScheduleSettings, UnitSettings, names};
use proc_macro2::TokenStream;
use syn::Ident;

use super::restart::restart;
use crate::model::Options;
use crate::util::{self, Errors, Given, Setting};

names! {
    /// The arguments of an attribute that a policy does not have, or not in this form.
    enum Own {
        Name = "name",
        Config = "config",
        Manual = "manual",
        Configured = "configured",
        Always = "always",
        Profile = "profile",
        Once = "once",
        Blocking = "blocking",
        Background = "background",
        First = "first",
        Last = "last",
        After = "after",
        Before = "before",
        OnFailure = "on_failure",
        OnReturn = "on_return",
        OnShutdown = "on_shutdown",
        Restart = "restart",
        Group = "group",
        Crate = "crate",
    }
}

/// Returns the names of all arguments.
fn all() -> impl Iterator<Item = &'static str> + Clone {
    let settings = UnitSettings::NAMES.iter().chain(ScheduleSettings::NAMES);
    Own::names().chain(settings.map(|name| name.attribute))
}

/// The arguments of an attribute, with their tokens.
#[derive(Default)]
pub(crate) struct Attribute {
    pub(crate) options: Options,
    names: HashMap<String, Ident>,
}

impl Attribute {
    pub(crate) fn read(arguments: TokenStream, errors: &mut Errors) -> Self {
        let mut attribute = Self::default();
        let options = &mut attribute.options;
        let mut others = Vec::new();
        for setting in util::read(arguments, errors) {
            let text = setting.name.to_string();
            attribute.names.insert(text.clone(), setting.name.clone());
            let Some(own) = Own::of(&text) else {
                others.push(setting);
                continue;
            };
            match own {
                Own::Name => options.name = setting.name_of("name = \"…\"", errors),
                Own::Config => options.config = config_name(setting, errors),
                Own::Manual => options.manual = setting.switch(errors),
                Own::Configured => options.configured = setting.switch(errors),
                Own::Always => options.always = setting.switch(errors),
                Own::Profile => options.profiles = setting.texts("profile(\"a\", \"b\")", errors),
                Own::Once => options.once = setting.switch(errors),
                Own::Blocking => options.blocking = setting.switch(errors),
                Own::Background => options.background = setting.switch(errors),
                Own::First => options.first = setting.switch(errors),
                Own::Last => options.last = setting.switch(errors),
                Own::After => options.after = setting.paths("after(unit, …)", errors),
                Own::Before => options.before = setting.paths("before(unit, …)", errors),
                Own::OnFailure => options.on_failure = setting.value("on_failure = \"shutdown\"", errors),
                Own::OnReturn => options.on_return = setting.value("on_return = \"shutdown\"", errors),
                Own::OnShutdown => options.on_shutdown = setting.value("on_shutdown = \"notify\"", errors),
                Own::Restart => options.restart = restart(setting, errors),
                Own::Group => options.group = setting.path("group = path::to::group", errors),
                Own::Crate => options.framework = setting.path("crate = path::to::lifespan", errors),
            }
        }
        let mut given = Given::new(others, errors);
        options.unit = UnitSettings::read(&mut given);
        options.schedule = ScheduleSettings::read(&mut given);
        given.reject_others("argument", &all());
        attribute
    }

    /// Returns the tokens of an argument, if it was given.
    pub(crate) fn tokens(&self, name: &str) -> Option<&Ident> {
        self.names.get(name)
    }
}

fn config_name(setting: Setting, errors: &mut Errors) -> Option<Ident> {
    let path = setting.path("config = Name", errors)?;
    let name = path.get_ident().cloned();
    if name.is_none() {
        errors.at(&path, "`config` is the name of the struct to generate; write one identifier, `config = Name`");
    }
    name
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_documentation_of_the_attribute_has_every_argument() {
        let docs = include_str!("../lib.rs");
        for name in super::all() {
            assert!(docs.contains(&format!("`{name}")), "{name}");
        }
    }
}
