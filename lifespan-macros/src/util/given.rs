//! Reads tables of settings from lists in attributes.

use lifespan_text::{SettingName, Source, Words};
use syn::{Expr, Lit, LitStr};

use super::errors::Errors;
use super::settings::{Setting, literal, unknown};

/// The settings that were given, from which a table takes its own.
pub(crate) struct Given<'e> {
    settings: Vec<Setting>,
    errors: &'e mut Errors,
}

impl<'e> Given<'e> {
    pub(crate) fn new(settings: Vec<Setting>, errors: &'e mut Errors) -> Self {
        Self { settings, errors }
    }

    /// Rejects the settings that no table has taken.
    pub(crate) fn reject_others<'n>(self, what: &str, valid: &(impl Iterator<Item = &'n str> + Clone)) {
        for Setting { name, .. } in self.settings {
            self.errors.at(&name, unknown(what, &name, valid.clone()));
        }
    }

    fn take(&mut self, name: &SettingName) -> Option<(Setting, String)> {
        let index = self.settings.iter().position(|setting| setting.name == name.attribute)?;
        Some((self.settings.remove(index), format!("{} = {}", name.attribute, name.example)))
    }

    /// Takes a setting whose value is a literal.
    fn literal<T>(&mut self, name: &SettingName, kind: &str, read: impl Fn(&Lit) -> Option<T>) -> Option<(T, Expr)> {
        let (setting, form) = self.take(name)?;
        let value = setting.expression(&form, self.errors)?;
        let read = literal(&value).and_then(read);
        if read.is_none() {
            self.errors.at(&value, format!("`{}` needs {kind}; write `{form}`", name.attribute));
        }
        read.map(|read| (read, value))
    }
}

impl Source for Given<'_> {
    fn text<T>(&mut self, name: &SettingName, read: fn(&str) -> Result<T, String>) -> Option<T> {
        let (setting, form) = self.take(name)?;
        setting.checked(&form, read, self.errors)
    }

    fn integer(&mut self, name: &SettingName) -> Option<u32> {
        let read = |literal: &Lit| match literal {
            Lit::Int(number) if number.suffix().is_empty() => number.base10_parse().ok(),
            _ => None,
        };
        self.literal(name, "a whole number", read).map(|(number, _)| number)
    }

    fn number<T>(&mut self, name: &SettingName, read: fn(f64) -> Result<T, String>) -> Option<T> {
        let number = |literal: &Lit| match literal {
            Lit::Float(number) if number.suffix().is_empty() => number.base10_parse().ok(),
            Lit::Int(number) if number.suffix().is_empty() => number.base10_parse().ok(),
            _ => None,
        };
        let (number, value) = self.literal(name, "a number", number)?;
        let invalid = |why| self.errors.at(&value, format!("invalid value for `{}`: {why}", name.attribute));
        read(number).map_err(invalid).ok()
    }

    fn switch(&mut self, name: &SettingName) -> Option<bool> {
        let (setting, _) = self.take(name)?;
        Some(setting.switch(self.errors))
    }

    fn texts(&mut self, name: &SettingName) -> Option<Words> {
        let (setting, _) = self.take(name)?;
        let form = format!("{}(\"a\", \"b\")", name.attribute);
        Words::checked(setting.texts(&form, self.errors).iter().map(LitStr::value).collect()).ok()
    }
}
