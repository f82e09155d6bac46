//! Reads lists of settings, `name, name = value, name(…)`, in the attributes and in `#[config(…)]`.

use lifespan_text::{FromText, is_word, nearest};
use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, Ident, Lit, LitStr, Path, Token, token};

use super::errors::Errors;

/// One setting: its name and its value.
pub(crate) struct Setting {
    pub(crate) name: Ident,
    value: Value,
}

enum Value {
    Nothing,
    Assigned(Expr),
    List(TokenStream),
    /// It could not be read; the error has been added.
    Broken,
}

/// Reads all settings, each given once; an invalid one does not hide the errors of the others.
pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for setting in parse(tokens, errors) {
        // Several aliases are several names.
        if setting.name != "alias" && settings.iter().any(|earlier| earlier.name == setting.name) {
            errors.at(&setting.name, format!("`{}` is given twice; remove one", setting.name));
        } else {
            settings.push(setting);
        }
    }
    settings
}

/// Returns the message about a name that does not exist: the name that is probably meant, or else all valid names.
pub(crate) fn unknown<'n>(what: &str, name: &Ident, valid: impl Iterator<Item = &'n str> + Clone) -> String {
    let name = name.to_string();
    match nearest(&name, valid.clone()) {
        Some(nearest) => format!("unknown {what} `{name}`; did you mean `{nearest}`?"),
        None => format!("unknown {what} `{name}`; valid names: `{}`", valid.collect::<Vec<_>>().join("`, `")),
    }
}

fn parse(tokens: TokenStream, errors: &mut Errors) -> Vec<Setting> {
    let mut settings = Vec::new();
    let all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let name = input
                .call(Ident::parse_any)
                .map_err(|error| Error::new(error.span(), "expected `name`, `name = value` or `name(…)`"))?;
            let value = value(&name, input).unwrap_or_else(|error| {
                errors.push(error);
                skip(input);
                Value::Broken
            });
            settings.push(Setting { name: name.clone(), value });
            if input.is_empty() {
                break;
            }
            if !input.peek(Token![,]) {
                errors.push(input.error(format!("expected `,` after `{name}`; separate settings with commas")));
                skip(input);
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = all.parse2(tokens) {
        errors.push(error);
    }
    settings
}

fn value(name: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
    if input.parse::<Option<Token![=]>>()?.is_some() {
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new_spanned(name, format!("`{name}` needs a value; write one after `=`")));
        }
        Ok(Value::Assigned(input.parse()?))
    } else if input.peek(token::Paren) {
        let content;
        syn::parenthesized!(content in input);
        Ok(Value::List(content.parse()?))
    } else {
        Ok(Value::Nothing)
    }
}

/// Skips to the next comma.
fn skip(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

impl Setting {
    /// Reads a switch, which has no value.
    pub(crate) fn switch(self, errors: &mut Errors) -> bool {
        let name = &self.name;
        match &self.value {
            Value::Nothing | Value::Broken => {}
            Value::Assigned(value) => {
                errors.at(value, format!("`{name}` is a switch and takes no value; write `{name}`"));
            }
            Value::List(_) => errors.at(name, format!("`{name}` is a switch and takes no list; write `{name}`")),
        }
        true
    }

    /// Reads an expression; `form` is an example for the error message.
    pub(crate) fn expression(self, form: &str, errors: &mut Errors) -> Option<Expr> {
        match self.value {
            Value::Assigned(value) => Some(value),
            Value::Broken => None,
            Value::Nothing | Value::List(_) => {
                errors.at(&self.name, format!("`{}` needs a value; write `{form}`", self.name));
                None
            }
        }
    }

    /// Reads a string literal.
    pub(crate) fn text(self, form: &str, errors: &mut Errors) -> Option<LitStr> {
        let name = self.name.clone();
        let value = self.expression(form, errors)?;
        let text = string(&value).cloned();
        if text.is_none() {
            errors.at(&value, format!("`{name}` needs a string literal; write `{form}`"));
        }
        text
    }

    /// Reads a value that is written as text.
    pub(crate) fn value<T: FromText>(self, form: &str, errors: &mut Errors) -> Option<T> {
        self.checked(form, T::from_text, errors)
    }

    pub(super) fn checked<T>(self, form: &str, read: fn(&str) -> Result<T, String>, errors: &mut Errors) -> Option<T> {
        let name = self.name.clone();
        let text = self.text(form, errors)?;
        read(&text.value()).map_err(|why| errors.at(&text, format!("invalid value for `{name}`: {why}"))).ok()
    }

    /// Reads a list of names, each once.
    pub(crate) fn texts(self, form: &str, errors: &mut Errors) -> Vec<LitStr> {
        let name = &self.name;
        match self.value {
            Value::List(list) => {
                let texts = syn::punctuated::Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(list);
                let texts: Vec<LitStr> = match texts {
                    Ok(texts) => texts.into_iter().collect(),
                    Err(error) => {
                        let why = format!("`{name}` needs string literals; write `{form}`");
                        errors.push(Error::new(error.span(), why));
                        return Vec::new();
                    }
                };
                if texts.is_empty() {
                    errors.at(name, format!("`{name}` is empty; write `{form}`, or remove it"));
                }
                for (position, text) in texts.iter().enumerate() {
                    if !is_word(&text.value()) {
                        errors.at(
                            text,
                            "a name consists of letters, digits, `_` and `-`, so that it can be used in variables",
                        );
                    } else if texts[..position].iter().any(|earlier| earlier.value() == text.value()) {
                        errors.at(text, format!("`{}` is given twice; remove one", text.value()));
                    }
                }
                return texts;
            }
            Value::Broken => {}
            Value::Nothing | Value::Assigned(_) => {
                errors.at(name, format!("`{name}` needs a list of names; write `{form}`"));
            }
        }
        Vec::new()
    }

    /// Reads a name that is valid in files and variables.
    pub(crate) fn name_of(self, form: &str, errors: &mut Errors) -> Option<LitStr> {
        let name = self.text(form, errors)?;
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

    /// Reads a path.
    pub(crate) fn path(self, form: &str, errors: &mut Errors) -> Option<Path> {
        let name = self.name.clone();
        match ungrouped(self.expression(form, errors)?) {
            Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => Some(path.path),
            other => {
                errors.at(&other, format!("`{name}` needs a path; write `{form}`"));
                None
            }
        }
    }

    /// Reads the settings in a list.
    pub(crate) fn list(self, form: &str, errors: &mut Errors) -> Option<Vec<Setting>> {
        match self.value {
            Value::List(list) => return Some(read(list, errors)),
            Value::Broken => {}
            Value::Nothing | Value::Assigned(_) => {
                errors.at(&self.name, format!("`{}` needs a list; write `{form}`", self.name));
            }
        }
        None
    }

    /// Reads a list of paths.
    pub(crate) fn paths(self, form: &str, errors: &mut Errors) -> Vec<Path> {
        let name = &self.name;
        match self.value {
            Value::List(list) => {
                let paths = syn::punctuated::Punctuated::<Path, Token![,]>::parse_terminated.parse2(list);
                match paths {
                    Ok(paths) if paths.is_empty() => {
                        errors.at(name, format!("`{name}` is empty; write `{form}`, or remove it"));
                    }
                    Ok(paths) => return paths.into_iter().collect(),
                    Err(error) => errors.push(error),
                }
            }
            Value::Broken => {}
            Value::Nothing | Value::Assigned(_) => {
                errors.at(name, format!("`{name}` needs the paths of units; write `{form}`"));
            }
        }
        Vec::new()
    }
}

/// Returns the string literal, if the expression is one.
pub(crate) fn string(expression: &Expr) -> Option<&LitStr> {
    match literal(expression) {
        Some(Lit::Str(text)) => Some(text),
        _ => None,
    }
}

/// Returns the literal, if the expression is one.
pub(super) fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(literal) => Some(&literal.lit),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

fn ungrouped(expression: Expr) -> Expr {
    match expression {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}
