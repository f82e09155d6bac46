//! Reads the input of `group!`.

use lifespan_text::{Names, Period, Strategy, settings};
use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Ident, Path, Token, Visibility};

use crate::util::{self, Errors, Given};

const FORM: &str = "write `pub ingest: rest_for_one, intensity = 3, period = \"30s\"`";

settings! {
    /// The restart limit of a group; the core has the defaults.
    pub(super) struct GroupSettings, keys begin with "" {
        intensity: u32 = 3,
        period: Period = "30s",
    }
}

/// A `group!` declaration.
pub(super) struct Group {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) name: Ident,
    pub(super) strategy: Option<Strategy>,
    pub(super) settings: GroupSettings,
    pub(super) framework: Option<Path>,
}

impl Group {
    /// Reads a declaration; an error in its settings is added, one before them is returned.
    pub(super) fn read(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let form = |error: Error| Error::new(error.span(), format!("{error}; {FORM}"));
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let name: Ident = input.parse().map_err(form)?;
        input.parse::<Token![:]>().map_err(form)?;
        let mut group =
            Self { attributes, visibility, name, strategy: None, settings: GroupSettings::default(), framework: None };
        group.read_settings(input.parse()?, errors);
        Ok(group)
    }

    fn read_settings(&mut self, settings: TokenStream, errors: &mut Errors) {
        let mut others = Vec::new();
        for setting in util::read(settings, errors) {
            if let Some(strategy) = Strategy::of(&setting.name.to_string()) {
                match self.strategy {
                    None => self.strategy = Some(strategy),
                    Some(_) => errors.at(
                        &setting.name,
                        format!("a group has one strategy; keep `{}` or the other one", setting.name),
                    ),
                }
                setting.switch(errors);
            } else if setting.name == "crate" {
                self.framework = setting.path("crate = path::to::lifespan", errors);
            } else {
                others.push(setting);
            }
        }
        let mut given = Given::new(others, errors);
        self.settings = GroupSettings::read(&mut given);
        let names = GroupSettings::NAMES.iter().map(|name| name.attribute);
        given.reject_others("group setting", &Strategy::names().chain(names).chain(["crate"]));
        if self.strategy.is_none() {
            errors.at(
                &self.name,
                "a group needs a strategy: write `one_for_one` (restart the failed unit), `rest_for_one` (also those that started \
                 after it) or `one_for_all` (all units)",
            );
        }
    }
}
