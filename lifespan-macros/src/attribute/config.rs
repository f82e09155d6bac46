//! Reads `#[config(…)]` of a parameter.

use lifespan_text::{Names, names};
use proc_macro2::TokenStream;
use syn::{Expr, Ident, LitStr, Meta};

use crate::util::{self, Errors, Setting, unknown};

names! {
    /// The arguments of `#[config(…)]`.
    enum Name {
        Default = "default",
        Env = "env",
        Secret = "secret",
        Rename = "rename",
        Alias = "alias",
        Key = "key",
        Code = "code",
    }
}

/// The arguments of `#[config(…)]` that were given.
#[derive(Default)]
pub(crate) struct ConfigAttribute {
    pub(crate) default: Option<Expr>,
    pub(crate) env: Option<LitStr>,
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) secret: Option<Ident>,
    pub(crate) key: Option<Ident>,
    pub(crate) code: Option<Ident>,
}

impl ConfigAttribute {
    pub(crate) fn read(attribute: &syn::Attribute, errors: &mut Errors) -> Self {
        let mut config = Self::default();
        let tokens = match &attribute.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens.clone(),
            Meta::NameValue(_) => {
                errors.at(attribute, "`#[config]` takes a list; write `#[config(default = …)]`");
                return config;
            }
        };
        for setting in util::read(tokens, errors) {
            let name = setting.name.clone();
            let Some(own) = Name::of(&name.to_string()) else {
                errors.at(&name, unknown("`#[config]` argument", &name, Name::names()));
                continue;
            };
            match own {
                Name::Default => config.default = setting.expression("default = value", errors),
                Name::Env => config.env = variable(setting, errors),
                Name::Secret => config.secret = setting.switch(errors).then_some(name),
                Name::Rename => config.rename = setting.name_of("rename = \"…\"", errors),
                Name::Alias => config.aliases.extend(setting.name_of("alias = \"…\"", errors)),
                Name::Key => config.key = setting.switch(errors).then_some(name),
                Name::Code => config.code = setting.switch(errors).then_some(name),
            }
        }
        config
    }
}

/// Reads the name of an environment variable.
fn variable(setting: Setting, errors: &mut Errors) -> Option<LitStr> {
    let name = setting.text("env = \"VAR\"", errors)?;
    let value = name.value();
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        errors.at(
            &name,
            "the name of a variable consists of ASCII letters, digits and `_`, so that every shell can set it",
        );
    } else if value.starts_with("LIFESPAN_") {
        errors.at(
            &name,
            "variables that begin with `LIFESPAN_` are reserved for the framework, and every argument already has one; \
             choose another name, or remove `env`",
        );
    }
    Some(name)
}
