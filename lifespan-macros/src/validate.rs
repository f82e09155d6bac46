//! Makes a model of a parsed function, or every error in it, each at the tokens that are wrong.

use std::collections::HashMap;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    Attribute, Expr, FnArg, GenericArgument, Ident, LitStr, Meta, Pat, PatIdent, PatType, PathArguments, Result,
    ReturnType, Safety, Signature, Type,
};

use crate::blocking;
use crate::duration;
use crate::errors::Errors;
use crate::model::{Argument, Choice, Kind, Options, Output, Parameter, Unit, plain};
use crate::parse::Function;
use crate::restart;
use crate::schedule;
use crate::settings::{self, Setting};

/// The types that the framework hands in.
const INJECTED: [&str; 8] = ["App", "Children", "Live", "Ready", "Res", "Scope", "Shutdown", "Tick"];
/// The types that it will hand in: reserved, so that a later version does not change what a function means.
const RESERVED: [&str; 2] = ["Health", "Lease"];

/// The arguments of the attributes.
const OPTIONS: [&str; 17] = [
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
    "restart",
    "group",
    "crate",
];
/// The arguments of `#[config(…)]`.
const CONFIG: [&str; 7] = ["default", "env", "secret", "rename", "alias", "key", "code"];

/// Understands a function, and takes our attributes off its parameters.
pub(crate) fn unit(kind: Kind, arguments: TokenStream, function: &mut Function) -> Result<Unit> {
    let mut errors = Errors::default();
    let errors = &mut errors;
    let said = Said::read(arguments, errors);
    let parameters = parameters(kind, &mut function.signature, errors);
    signature(kind, &function.signature, errors);
    blocking::asyncness(kind, said.tokens("blocking"), &function.signature, errors);
    attributes(kind, &function.attributes, errors);
    itself(&said.options, &function.signature.ident, errors);
    let output = output(kind, &said, &parameters, &function.signature, errors);
    combinations(kind, &said, &parameters, &output, errors);
    schedule_combinations(kind, &said, &parameters, &output, errors);
    blocking::combinations(&said.options, said.tokens("on_shutdown"), &output, errors);
    let unit = Unit {
        kind,
        function: function.signature.ident.clone(),
        visibility: function.visibility.clone(),
        conditions: function.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect(),
        deprecated: function.attributes.iter().any(|attribute| attribute.path().is_ident("deprecated")),
        docs: docs(&function.attributes),
        parameters: parameters.into_iter().filter_map(|parameter| parameter.meaning).collect(),
        output,
        options: said.options,
    };
    std::mem::take(errors).or(unit)
}

/// What the attribute says, with the tokens that say it.
#[derive(Default)]
struct Said {
    options: Options,
    names: HashMap<String, Ident>,
}

impl Said {
    fn read(arguments: TokenStream, errors: &mut Errors) -> Self {
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
                "on_shutdown" => options.on_shutdown = Choice::read(setting, &["tell", "finish", "drop"], errors),
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

    /// The tokens of an argument, if it was given.
    fn tokens(&self, name: &str) -> Option<&Ident> {
        self.names.get(name)
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    format!("there is no {what} `{name}`; there are `{}`", known.join("`, `"))
}

/// A name that files and variables can have.
fn name_of(setting: Setting, form: &str, errors: &mut Errors) -> Option<LitStr> {
    let name = setting.text(form, errors)?;
    let value = name.value();
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if value.is_empty() || !value.chars().all(fits) {
        errors.at(&name, "a name is made of letters, digits, `_` and `-`, so that files and variables can have it");
    }
    Some(name)
}

fn config_name(setting: Setting, errors: &mut Errors) -> Option<Ident> {
    let path = setting.path("config = Name", errors)?;
    let name = path.get_ident().cloned();
    if name.is_none() {
        errors.at(&path, "`config` names a new struct beside the function; write one identifier, `config = Name`");
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
            errors.at(&text, format!("`{name}` is {words_as_written}, not {value:?}"));
        }
        word.map(|word| Self { word })
    }
}

/// What a function must be, parameters and return type aside.
fn signature(kind: Kind, signature: &Signature, errors: &mut Errors) {
    let Signature { constness, safety, abi, generics, variadic, .. } = signature;
    if let Some(constness) = constness {
        errors.at(constness, format!("a {kind} can't be `const`; remove it"));
    }
    if let Safety::Unsafe(word) = safety {
        errors.at(
            word,
            format!("a {kind} can't be `unsafe`, since the framework calls it; put the `unsafe` block into its body"),
        );
    }
    if let Some(abi) = abi {
        errors.at(abi, format!("a {kind} can't be `extern`; remove it"));
    }
    if !generics.params.is_empty() {
        errors.at(
            generics,
            format!(
                "a {kind} can't be generic, since nobody would say for which types to run it; make the generic part a \
                 function that a {kind} for each type calls"
            ),
        );
    }
    if let Some(clause) = &generics.where_clause {
        errors.at(clause, format!("a {kind} can't have a `where` clause; remove it"));
    }
    if let Some(variadic) = variadic {
        errors.at(variadic, format!("a {kind} can't be variadic; name its parameters"));
    }
}

fn itself(options: &Options, function: &Ident, errors: &mut Errors) {
    for path in options.after.iter().chain(&options.before).filter(|path| path.is_ident(function)) {
        errors.at(path, "a unit can't be after or before itself; remove it from the list");
    }
}

fn attributes(kind: Kind, attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        let Some(last) = attribute.path().segments.last() else { continue };
        if last.ident == "lifespan_task" || last.ident == "lifespan_context" {
            errors.at(attribute, format!("this function is a {kind} already; remove one of the two attributes"));
        }
    }
}

/// A parameter, with the tokens that later checks point at.
struct Understood {
    meaning: Option<Parameter>,
    /// The last segment of the type of an injected parameter.
    injected: Option<String>,
    tokens: TokenStream,
}

impl Understood {
    fn is(&self, name: &str) -> bool {
        self.injected.as_deref() == Some(name)
    }
}

fn parameters(kind: Kind, signature: &mut Signature, errors: &mut Errors) -> Vec<Understood> {
    let mut parameters = Vec::new();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                let message =
                    format!("a {kind} is a free function and can't take `self`; take what it needs as `Res<T>`");
                errors.at(receiver, message);
            }
            FnArg::Typed(parameter) => parameters.push(self::parameter(kind, parameter, errors)),
        }
    }
    unique(&parameters, errors);
    parameters
}

/// `#[config(…)]`, read.
#[derive(Default)]
struct Config {
    default: Option<Expr>,
    env: Option<LitStr>,
    rename: Option<LitStr>,
    aliases: Vec<LitStr>,
    secret: Option<Ident>,
    key: Option<Ident>,
    code: Option<Ident>,
}

fn parameter(kind: Kind, parameter: &mut PatType, errors: &mut Errors) -> Understood {
    let docs = docs(&parameter.attrs);
    let tokens = {
        let (pat, ty) = (&parameter.pat, &parameter.ty);
        quote::quote!(#pat: #ty)
    };
    let (config, inject) = our_attributes(&mut parameter.attrs, errors);
    let ty = &*parameter.ty;
    let nothing = |tokens| Understood { meaning: None, injected: None, tokens };

    if config.is_some()
        && let Some(inject) = &inject
    {
        errors.at(inject, "a parameter is a keyword argument or injected, not both; remove `#[config]` or `#[inject]`");
        return nothing(tokens);
    }
    let last = last_segment(ty);
    let is_app = matches!(&*parameter.pat, Pat::Ident(name) if name.ident == "app");
    if config.is_none() {
        let injected = injected(ty, errors);
        if let Some(name) = last.as_deref().filter(|name| RESERVED.contains(name) && inject.is_none()) {
            errors.at(
                ty,
                format!(
                    "`{name}` is reserved for a type that the framework will inject; mark the parameter with `#[config]` \
                     if this is a type of yours, or give the type another name"
                ),
            );
            return nothing(tokens);
        }
        if is_app && inject.is_none() && last.as_deref() != Some("App") {
            errors.at(
                ty,
                "a parameter named `app` takes the app; write `app: App`, or mark it with `#[config]` if it is a keyword \
                 argument",
            );
            return nothing(tokens);
        }
        if inject.is_some() || injected {
            pattern(kind, &parameter.pat, true, errors);
            owned(ty, errors);
            return Understood { meaning: Some(Parameter::Injected(Box::new(ty.clone()))), injected: last, tokens };
        }
    }

    let config = config.unwrap_or_default();
    let ident = pattern(kind, &parameter.pat, false, errors).cloned();
    owned(ty, errors);
    compatible(kind, &config, errors);
    let meaning = ident.map(|ident| {
        Parameter::Argument(Box::new(Argument {
            ident,
            ty: ty.clone(),
            docs,
            rename: config.rename,
            aliases: config.aliases,
            env: config.env,
            default: config.default,
            secret: config.secret.is_some(),
            key: config.key.is_some(),
            code: config.code.is_some(),
        }))
    });
    Understood { meaning, injected: None, tokens }
}

/// Takes our attributes off, and the docs, which can't stand on a parameter.
fn our_attributes(attributes: &mut Vec<Attribute>, errors: &mut Errors) -> (Option<Config>, Option<Attribute>) {
    let mut config: Option<Config> = None;
    let mut inject = None;
    attributes.retain(|attribute| {
        let path = attribute.path();
        if path.is_ident("config") {
            if config.is_some() {
                errors.at(attribute, "a parameter takes one `#[config(…)]`; put all of it into the first");
            }
            config = Some(read_config(attribute, errors));
        } else if path.is_ident("inject") {
            if let Meta::List(_) | Meta::NameValue(_) = attribute.meta {
                errors.at(attribute, "`#[inject]` takes nothing; write `#[inject]`");
            }
            if inject.is_some() {
                errors.at(attribute, "`#[inject]` is given twice; remove one");
            }
            inject = Some(attribute.clone());
        } else if path.is_ident("cfg") {
            errors.at(attribute, "a parameter can't be conditional; put `#[cfg]` on two versions of the function");
        } else {
            return !path.is_ident("doc");
        }
        false
    });
    (config, inject)
}

fn read_config(attribute: &Attribute, errors: &mut Errors) -> Config {
    let mut config = Config::default();
    let tokens = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(_) => {
            errors.at(attribute, "`#[config]` takes a list; write `#[config(default = …)]`");
            return config;
        }
    };
    let mut names: Vec<String> = Vec::new();
    for setting in settings::read(tokens, errors) {
        let name = setting.name.clone();
        let text = name.to_string();
        if text != "alias" && names.contains(&text) {
            errors.at(&name, format!("`{text}` is given twice; remove one"));
            continue;
        }
        match text.as_str() {
            "default" => config.default = setting.expression("default = value", errors),
            "env" => config.env = variable(setting, errors),
            "secret" => config.secret = setting.switch(errors).then_some(name),
            "rename" => config.rename = name_of(setting, "rename = \"…\"", errors),
            "alias" => config.aliases.extend(name_of(setting, "alias = \"…\"", errors)),
            "key" => config.key = setting.switch(errors).then_some(name),
            "code" => config.code = setting.switch(errors).then_some(name),
            _ => errors.at(&name, unknown("`#[config]` argument", &text, &CONFIG)),
        }
        names.push(text);
    }
    config
}

/// The name of an environment variable.
fn variable(setting: Setting, errors: &mut Errors) -> Option<LitStr> {
    let name = setting.text("env = \"VAR\"", errors)?;
    let value = name.value();
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        errors.at(&name, "a variable's name is made of ASCII letters, digits and `_`, so that every shell can set it");
    } else if value.starts_with("LIFESPAN_") {
        errors.at(
            &name,
            "variables that begin with `LIFESPAN_` are the framework's, and every argument has one already; choose \
             another name, or leave `env` out",
        );
    }
    Some(name)
}

/// What of `#[config(…)]` makes no sense together.
fn compatible(kind: Kind, config: &Config, errors: &mut Errors) {
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
            errors
                .at(key, "a secret can't name an instance, since names are in every message; remove `key` or `secret`");
        }
        if kind == Kind::Context {
            errors.at(key, "a context has one instance, which needs no name; remove `key`");
        }
    }
}

/// The name that a parameter's pattern is.
fn pattern<'a>(kind: Kind, pattern: &'a Pat, may_be_unnamed: bool, errors: &mut Errors) -> Option<&'a Ident> {
    match pattern {
        Pat::Ident(PatIdent { by_ref: None, subpat: None, ident, .. }) => return Some(ident),
        Pat::Wild(_) if may_be_unnamed => {}
        Pat::Wild(_) => errors.at(pattern, "a keyword argument needs a name; write one in place of `_`"),
        _ => errors.at(
            pattern,
            format!("a parameter of a {kind} is a plain name, which files and callers use; take it apart in the body"),
        ),
    }
    None
}

/// Whether the framework hands in a type.
fn injected(ty: &Type, errors: &mut Errors) -> bool {
    let Some(last) = last_segment(ty) else { return false };
    if last != "Option" {
        return INJECTED.contains(&last.as_str());
    }
    let Some(inner) = only_argument(ty).and_then(last_segment) else { return false };
    if inner == "Res" {
        return true;
    }
    if INJECTED.contains(&inner.as_str()) || RESERVED.contains(&inner.as_str()) {
        errors.at(
            ty,
            format!(
                "only `Res` can be optional; write `{inner}` without `Option`, or mark the parameter with `#[config]` if \
                 this is a type of yours"
            ),
        );
    }
    false
}

/// The type itself, where a macro has put it into an invisible group.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

fn last_segment(ty: &Type) -> Option<String> {
    match ungrouped(ty) {
        Type::Path(path) => path.path.segments.last().map(|segment| plain(&segment.ident)),
        _ => None,
    }
}

/// `T` of `Type<T>`.
fn only_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ungrouped(ty) else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// A parameter's type must be one type, and live as long as the app.
fn owned(ty: &Type, errors: &mut Errors) {
    match ungrouped(ty) {
        Type::ImplTrait(_) => {
            errors
                .at(ty, "a parameter can't be `impl Trait`, since nobody would say which type to make; name the type");
        }
        Type::Reference(reference) => {
            let advice = match ungrouped(&reference.elem) {
                Type::Path(path) if path.path.is_ident("str") => "`String`",
                _ => "the value, or a shared one as `Res<T>`",
            };
            errors.at(
                ty,
                format!("a parameter can't be borrowed, since the framework has nobody to lend it; take {advice}"),
            );
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &segment.arguments else { continue };
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => owned(ty, errors),
                        GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => errors.at(
                            lifetime,
                            "a parameter can't borrow, since the framework has nobody to lend it; write `'static`, or \
                             take an owned type",
                        ),
                        _ => {}
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| owned(ty, errors)),
        Type::Array(array) => owned(&array.elem, errors),
        _ => {}
    }
}

/// Names and variables belong to one argument each.
fn unique(parameters: &[Understood], errors: &mut Errors) {
    let mut names: HashMap<String, String> = HashMap::new();
    let mut variables: HashMap<String, String> = HashMap::new();
    let mut key = false;
    let arguments = parameters.iter().filter_map(|parameter| match &parameter.meaning {
        Some(Parameter::Argument(argument)) => Some(argument),
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
                    errors.at(tokens, format!("`{name}` is a name of argument `{other}` already; choose another"));
                }
                None => _ = names.insert(name, own.clone()),
            }
        }
        if let Some(env) = &argument.env {
            match variables.get(&env.value()) {
                Some(other) => {
                    errors.at(env, format!("this is the variable of argument `{other}` already; choose another"));
                }
                None => _ = variables.insert(env.value(), own.clone()),
            }
        }
        if argument.key && std::mem::replace(&mut key, true) {
            errors.at(&argument.ident, "one `key` names an instance; remove the others");
        }
    }
}

fn output(kind: Kind, said: &Said, parameters: &[Understood], signature: &Signature, errors: &mut Errors) -> Output {
    let scoped = parameters.iter().any(|parameter| parameter.is("Scope"));
    let output = &signature.output;
    let ty = match output {
        ReturnType::Type(_, ty) => Some(ungrouped(ty)),
        ReturnType::Default => None,
    };
    let nothing = match ty {
        None => true,
        Some(Type::Tuple(tuple)) => tuple.elems.is_empty(),
        _ => false,
    };
    match ty {
        Some(Type::Never(never)) => {
            if kind == Kind::Context {
                errors.at(never, "a context can't run for ever, since its end is its teardown; make it a task");
            }
            if said.options.once {
                errors.at(never, "a `once` task is up when it has returned; remove `once`, or return `()`");
            }
            return Output::Never(never.span());
        }
        Some(ty @ Type::ImplTrait(_)) => {
            errors.at(ty, format!("a {kind} can't return `impl Trait`; name the type"));
        }
        _ => {}
    }
    if kind == Kind::Context && !scoped {
        if nothing {
            let tokens: &dyn ToTokens = if ty.is_some() { output } else { &signature.ident };
            errors.at(
                tokens,
                "this context provides nothing and returns nothing; return the resource, or take `scope: Scope<T>` and \
                 provide it; to run code at startup and shutdown only, take `scope: Scope` and await \
                 `scope.until_shutdown()`; to run code once, use `#[lifespan_task(once)]`",
            );
        }
        return Output::Returns(output.clone());
    }
    if said.options.once && !nothing { Output::Returns(output.clone()) } else { Output::Runs(output.clone()) }
}

/// What makes no sense together.
fn combinations(kind: Kind, said: &Said, parameters: &[Understood], output: &Output, errors: &mut Errors) {
    if kind == Kind::Context {
        for (name, why) in [
            ("once", "a context stays up until shutdown; remove `once`, or make it a task"),
            ("on_return", "the return of a context is the end of its teardown; remove `on_return`"),
            ("on_shutdown", "a context is stopped by letting it tear down; remove `on_shutdown`"),
        ] {
            if let Some(tokens) = said.tokens(name) {
                errors.at(tokens, why);
            }
        }
    }
    restarts(kind, said, errors);
    if let (Some(restart), Some(return_)) = (&said.options.restart, said.tokens("on_return"))
        && restart.when == "permanent"
    {
        errors
            .at(return_, "a `permanent` task starts again when it returns; remove `on_return`, or make it `transient`");
    }
    if let (Some(restart), Some(once)) = (&said.options.restart, said.tokens("once"))
        && restart.when == "permanent"
    {
        errors.at(once, "a `permanent` task never comes to its end; remove `once`, or make it `transient`");
    }
    if let (Some(_), Some(last)) = (said.tokens("first"), said.tokens("last")) {
        errors.at(last, "a unit can't be both `first` and `last`; remove one");
    }

    let mut scopes = parameters.iter().filter(|parameter| parameter.is("Scope"));
    match kind {
        Kind::Task => {
            for scope in scopes {
                errors.at(
                    &scope.tokens,
                    "a task provides nothing, so it has no `Scope`; make it a `#[lifespan_context]`, or mark the parameter \
                     with `#[config]` if this is a type of yours",
                );
            }
        }
        Kind::Context => {
            for scope in scopes.by_ref().skip(1) {
                errors.at(
                    &scope.tokens,
                    "a context has one `Scope`; provide a tuple or a struct, or make a second context",
                );
            }
        }
    }

    let mut readies = parameters.iter().filter(|parameter| parameter.is("Ready"));
    let why = match kind {
        Kind::Context => Some("a context is up when it has provided, and has no `Ready`"),
        Kind::Task if said.tokens("once").is_some() => {
            Some("a `once` task is up when it has returned, and has no `Ready`")
        }
        Kind::Task => {
            readies.next();
            None
        }
    };
    for ready in readies {
        let why = why.unwrap_or("a task says once that it is up, so it has one `Ready`");
        errors.at(
            &ready.tokens,
            format!("{why}; remove the parameter, or mark it with `#[config]` if this is a type of yours"),
        );
    }

    if let Output::Returns(_) = output
        && kind == Kind::Context
    {
        for children in parameters.iter().filter(|parameter| parameter.is("Children")) {
            errors.at(
                &children.tokens,
                "this context has ended once it has returned its resource, and its children would end with it; take \
                 `scope: Scope<T>` and provide the resource, or mark the parameter with `#[config]` if this is a type of \
                 yours",
            );
        }
    }

    // What `#[inject]` alone makes injected may be an alias of `Shutdown`.
    let may_be_told = parameters.iter().any(|parameter| {
        parameter.is("Shutdown")
            || matches!(&parameter.injected, Some(name) if !INJECTED.contains(&name.as_str()) && name != "Option")
            || matches!((&parameter.meaning, &parameter.injected), (Some(Parameter::Injected(_)), None))
    });
    let on_shutdown = said.options.on_shutdown.as_ref().map(|choice| choice.word);
    if let Some(tokens) = said.tokens("on_shutdown").filter(|_| kind == Kind::Task) {
        if on_shutdown == Some("tell") && !may_be_told {
            errors.at(tokens, blocking::why_not_told(&said.options));
        }
        if on_shutdown == Some("finish") && matches!(output, Output::Never(_)) {
            errors.at(tokens, "this task never finishes, since it returns `!`; choose \"drop\", or let it return");
        }
        if on_shutdown == Some("drop") && said.options.shutdown_timeout.is_some() {
            errors.at(tokens, "a task that is dropped at once needs no `shutdown_timeout`; remove one of the two");
        }
    }
    if let (Some(tokens), Output::Never(_)) = (said.tokens("on_return"), output) {
        errors.at(tokens, "this task never returns, since it returns `!`; remove `on_return`");
    }
}

/// What `restart` and `group` say together, and of a context.
fn restarts(kind: Kind, said: &Said, errors: &mut Errors) {
    let (Some(restart), Some(tokens)) = (&said.options.restart, said.tokens("restart")) else { return };
    if kind == Kind::Context && restart.when == "permanent" {
        errors.at(
            tokens,
            "a context that ends before it is told to has failed, and `transient` restarts it; write it for `permanent`",
        );
    }
    if let Some(group) = said.tokens("group") {
        if restart.intensity.is_some() || restart.period.is_some() {
            errors.at(
                tokens,
                "a group counts the restarts of its members; write `intensity` and `period` into its `group!`, or remove \
                 `group`",
            );
        }
        if restart.when == "temporary" {
            errors.at(
                group,
                "a `temporary` member is never restarted, nor does it have others restarted; remove `group`, or make it \
                 `transient`",
            );
        }
    }
}

/// What makes no sense with a schedule, or without one.
fn schedule_combinations(kind: Kind, said: &Said, parameters: &[Understood], output: &Output, errors: &mut Errors) {
    let scheduled = schedule::TIMINGS.iter().any(|name| said.tokens(name).is_some());
    for tick in parameters.iter().filter(|parameter| parameter.is("Tick") && !(scheduled && kind == Kind::Task)) {
        errors.at(
            &tick.tokens,
            "a `Tick` says which run of a schedule this is, and there is none; give the task `every`, `delay` or `cron`, or \
             mark the parameter with `#[config]` if this is a type of yours",
        );
    }
    let Some(schedule) = &said.options.schedule else { return };
    if kind == Kind::Context {
        for tokens in schedule::NAMES.iter().filter_map(|name| said.tokens(name)) {
            errors.at(tokens, format!("a context is set up once and stays up; remove `{tokens}`, or make it a task"));
        }
        return;
    }
    schedule.check(|name| said.tokens(name), errors);
    if !scheduled {
        return;
    }
    for (name, why) in [
        ("once", "a task with a schedule runs again and again; remove `once`, or the schedule"),
        ("restart", "a run that fails ends, and the schedule goes on with the next; remove `restart`"),
        ("on_return", "the return of a task with a schedule is the end of a run; remove `on_return`"),
    ] {
        if let Some(tokens) = said.tokens(name) {
            errors.at(tokens, why);
        }
    }
    for ready in parameters.iter().filter(|parameter| parameter.is("Ready")) {
        errors.at(
            &ready.tokens,
            "a task with a schedule is up when that has begun, and has no `Ready`; remove the parameter, or mark it with \
             `#[config]` if this is a type of yours",
        );
    }
    for children in parameters.iter().filter(|parameter| parameter.is("Children") && schedule.is_parallel()) {
        errors.at(
            &children.tokens,
            "the children of a run are those of the task, so runs with `Children` can't overlap; remove the parameter, or \
             `overlap`",
        );
    }
    if said.options.blocking {
        for (name, is_wrong) in [("timeout", true), ("overlap", schedule.is_parallel())] {
            if let Some(tokens) = said.tokens(name).filter(|_| is_wrong) {
                errors.at(
                    tokens,
                    format!(
                        "a run of a `blocking` task can't be dropped, since nothing can end a thread from outside, and has \
                         the task's thread for itself; remove `{name}`"
                    ),
                );
            }
        }
    }
    if let Output::Never(span) = output {
        errors.push(syn::Error::new(*span, "a run of a schedule comes to its end; return `()` or `Result<(), E>`"));
    }
}

/// The text of doc comments.
fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => settings::string(&meta.value).map(LitStr::value),
        _ => None,
    });
    let lines: Vec<String> =
        lines.map(|line| line.strip_prefix(' ').map_or_else(|| line.clone(), str::to_owned)).collect();
    lines.join("\n").trim().to_owned()
}
