//! Checks the parameters: each is injected, or a keyword argument with its `#[config(…)]`.

use std::collections::HashMap;
use std::time::Duration;

use lifespan_text::{Contradiction, FromText};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Expr, FnArg, Ident, Meta, Pat, PatIdent, PatType, Signature, Type};

use super::types::{RESERVED, injected, last_segment, owned};
use crate::attribute::ConfigAttribute;
use crate::model::{Argument, DefaultValue, Injected, Kind, ParameterKind, plain};
use crate::util::{Errors, docs, string};

/// A parameter, with the tokens at which later checks report errors.
pub(super) struct Parameter {
    /// `None` if it is wrong; the error has been added.
    pub(super) kind: Option<ParameterKind>,
    /// The injected type, if its name is one of ours.
    pub(super) injected: Option<Injected>,
    pub(super) tokens: TokenStream,
}

impl Parameter {
    pub(super) fn is(&self, injected: Injected) -> bool {
        self.injected == Some(injected)
    }

    /// Refuses it: it may be a type of the user that has the name of one of ours.
    pub(super) fn refuse(&self, contradiction: Contradiction, errors: &mut Errors) {
        let message = format!("{contradiction}; if this is your own type, mark the parameter with `#[config]`");
        errors.at(&self.tokens, message);
    }

    /// Returns true if it may be a `Shutdown`: a type that only `#[inject]` marks as injected may be an alias of it.
    pub(super) fn may_be_shutdown(&self) -> bool {
        self.is(Injected::Shutdown) || self.injected.is_none() && matches!(self.kind, Some(ParameterKind::Injected(_)))
    }
}

pub(super) fn parameters(kind: Kind, signature: &mut Signature, errors: &mut Errors) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                let message =
                    format!("a {kind} is a free function and can't take `self`; take shared values as `Res<T>`");
                errors.at(receiver, message);
            }
            FnArg::Typed(parameter) => parameters.push(self::parameter(kind, parameter, errors)),
        }
    }
    unique(&parameters, errors);
    parameters
}

fn parameter(kind: Kind, parameter: &mut PatType, errors: &mut Errors) -> Parameter {
    let docs = docs(&parameter.attrs);
    let tokens = {
        let (pat, ty) = (&parameter.pat, &parameter.ty);
        quote::quote!(#pat: #ty)
    };
    let (config, inject) = our_attributes(&mut parameter.attrs, errors);
    let ty = &*parameter.ty;
    let wrong = |tokens| Parameter { kind: None, injected: None, tokens };

    if config.is_some()
        && let Some(inject) = &inject
    {
        errors.at(inject, "a parameter is a keyword argument or injected, not both; remove `#[config]` or `#[inject]`");
        return wrong(tokens);
    }
    let last = last_segment(ty);
    let is_app = matches!(&*parameter.pat, Pat::Ident(name) if name.ident == "app");
    if config.is_none() {
        let injected = injected(ty, errors);
        if let Some(name) = last.as_deref().filter(|name| RESERVED.contains(name) && inject.is_none()) {
            errors.at(
                ty,
                format!(
                    "the type name `{name}` is reserved for the framework; mark the parameter with `#[config]` if this \
                     is your own type, or rename the type"
                ),
            );
            return wrong(tokens);
        }
        if is_app && inject.is_none() && last.as_deref() != Some("App") {
            errors.at(
                ty,
                "a parameter named `app` must have the type `App`; write `app: App`, or mark it with `#[config]` if it is a \
                 keyword argument",
            );
            return wrong(tokens);
        }
        if inject.is_some() || injected.is_some() {
            pattern(kind, &parameter.pat, true, errors);
            owned(ty, errors);
            let kind = Some(ParameterKind::Injected(Box::new(ty.clone())));
            return Parameter { kind, injected, tokens };
        }
    }

    let config = config.unwrap_or_default();
    let ident = pattern(kind, &parameter.pat, false, errors).cloned();
    owned(ty, errors);
    compatible(kind, &config, errors);
    let default = config.default.and_then(|default| default_value(default, ty, errors));
    let argument = ident.map(|ident| {
        ParameterKind::Argument(Box::new(Argument {
            ident,
            ty: ty.clone(),
            docs,
            rename: config.rename,
            aliases: config.aliases,
            env: config.env,
            default,
            secret: config.secret.is_some(),
            key: config.key.is_some(),
            code: config.code.is_some(),
        }))
    });
    Parameter { kind: argument, injected: None, tokens }
}

/// Reads a default; a text for a `Duration` is read now, so that a wrong one is an error of the compiler.
fn default_value(default: Expr, ty: &Type, errors: &mut Errors) -> Option<DefaultValue> {
    let Some(text) = string(&default) else { return Some(DefaultValue::Expression(default)) };
    if last_segment(ty).as_deref() != Some("Duration") {
        return Some(DefaultValue::Text(text.clone()));
    }
    match Duration::from_text(&text.value()) {
        Ok(duration) => Some(DefaultValue::Duration(duration, text.span())),
        Err(why) => {
            errors.at(text, format!("invalid value for `default`: {why}"));
            None
        }
    }
}

/// Removes our attributes, and the docs, which are not allowed on a parameter.
fn our_attributes(
    attributes: &mut Vec<Attribute>,
    errors: &mut Errors,
) -> (Option<ConfigAttribute>, Option<Attribute>) {
    let mut config: Option<ConfigAttribute> = None;
    let mut inject = None;
    attributes.retain(|attribute| {
        let path = attribute.path();
        if path.is_ident("config") {
            if config.is_some() {
                errors.at(attribute, "a parameter takes one `#[config(…)]`; merge them into the first");
            }
            config = Some(ConfigAttribute::read(attribute, errors));
        } else if path.is_ident("inject") {
            if let Meta::List(_) | Meta::NameValue(_) = attribute.meta {
                errors.at(attribute, "`#[inject]` takes no arguments; write `#[inject]`");
            }
            if inject.is_some() {
                errors.at(attribute, "`#[inject]` is given twice; remove one");
            }
            inject = Some(attribute.clone());
        } else if path.is_ident("cfg") {
            errors.at(
                attribute,
                "a parameter can't have `#[cfg]`; write two versions of the function, each with its `#[cfg]`",
            );
        } else {
            return !path.is_ident("doc");
        }
        false
    });
    (config, inject)
}

/// Rejects settings of `#[config(…)]` that contradict each other.
fn compatible(kind: Kind, config: &ConfigAttribute, errors: &mut Errors) {
    if config.code.is_some() {
        const FIX: &str = "a `code` argument is never read from files or variables; remove this or `code`";
        for alias in &config.aliases {
            errors.at(alias, FIX);
        }
        if let Some(env) = &config.env {
            errors.at(env, FIX);
        }
        if let Some(key) = &config.key {
            errors.at(key, "a `code` argument can't name an instance; remove `key`, and name it with `.named(…)`");
        }
    }
    if let Some(key) = &config.key {
        if config.secret.is_some() {
            errors.at(key, "a secret can't name an instance, since names appear in messages; remove `key` or `secret`");
        }
        if kind == Kind::Context {
            errors.at(key, "a context has only one instance, which needs no name; remove `key`");
        }
    }
}

/// Returns the name of a parameter, whose pattern must be a plain name.
fn pattern<'a>(kind: Kind, pattern: &'a Pat, may_be_unnamed: bool, errors: &mut Errors) -> Option<&'a Ident> {
    match pattern {
        Pat::Ident(PatIdent { by_ref: None, subpat: None, ident, .. }) => return Some(ident),
        Pat::Wild(_) if may_be_unnamed => {}
        Pat::Wild(_) => errors.at(pattern, "a keyword argument needs a name; write one instead of `_`"),
        _ => errors.at(
            pattern,
            format!(
                "a parameter of a {kind} must be a plain name, which files and callers use; destructure it in the body"
            ),
        ),
    }
    None
}

/// Rejects names and variables that several arguments use.
fn unique(parameters: &[Parameter], errors: &mut Errors) {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut variables: HashMap<String, String> = HashMap::new();
    let mut key = false;
    let arguments = parameters.iter().filter_map(|parameter| match &parameter.kind {
        Some(ParameterKind::Argument(argument)) => Some(argument),
        _ => None,
    });
    for argument in arguments {
        let own = plain(&argument.ident);
        let name: &dyn ToTokens = match &argument.rename {
            Some(name) => name,
            None => &argument.ident,
        };
        let all = std::iter::once((name, argument.name()))
            .chain(argument.aliases.iter().map(|alias| (alias as &dyn ToTokens, alias.value())));
        for (tokens, name) in all {
            match names.get(&name) {
                Some(other) => {
                    errors.at(tokens, format!("`{name}` is already a name of argument `{other}`; choose another"));
                }
                None => _ = names.insert(name, own.clone()),
            }
        }
        if let Some(env) = &argument.env {
            match variables.get(&env.value()) {
                Some(other) => {
                    errors.at(env, format!("this is already the variable of argument `{other}`; choose another"));
                }
                None => _ = variables.insert(env.value(), own.clone()),
            }
        }
        if argument.key && std::mem::replace(&mut key, true) {
            errors.at(&argument.ident, "only one argument can be the `key`; remove the others");
        }
    }
}
