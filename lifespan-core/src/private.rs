//! The interface for generated code. Not for people: it changes without notice.
#![allow(missing_docs, reason = "for generated code")]

pub use std::boxed::Box;
pub use std::clone::Clone;
pub use std::default::Default;
pub use std::fmt::{Debug, Formatter, Result as FmtResult};
pub use std::option::Option::{self, None, Some};
pub use std::result::Result;
pub use std::time::Duration;
pub use std::{column, file, line, module_path};

use std::any::Any;
use std::fmt::Display;

pub use crate::base::{Location, TypeInfo, catch, id_of, line};
pub use crate::config::{Binder, ConfigError, Value};
pub use crate::declare::{
    Argument, Begin, Edge, Group, Kind, Missed, Need, OnFailure, OnReturn, OnShutdown, Options, Overlap, Restart,
    Schedule, Strategy, Timing, UnitInfo, When, Written,
};
pub use crate::run::{blocking_returns, blocking_runs};
pub use crate::signal::Resource;
pub use crate::unit::{
    BoxBody, Config, Copies, Descriptor, Discovered, Discovery, Ending, Inject, Layered, Never, Output, Provided,
    RegistrationExtras, Start, exports as collect, provided_by_context, provided_by_task, returns, runs,
};
pub use crate::{__lifespan_register_discovery as register_discovery, __lifespan_register_unit as register_unit};

/// A config, as returned by `bind`.
#[must_use]
pub fn bound<C: Config>(config: C) -> Option<Box<dyn Any + Send>> {
    Some(Box::new(config))
}

/// Makes a config from the layers.
pub fn load<C: Config>() -> Result<C, ConfigError> {
    crate::unit::load::load(&crate::unit::registry::linked().units)
}

/// Converts a default that is written as a string literal.
#[must_use]
pub fn text<T: FromText>(text: &'static str) -> T {
    T::from_text(text)
}

/// A type to which a string literal can be converted.
#[diagnostic::on_unimplemented(
    message = "a string literal can't be the default of a `{Self}`",
    label = "`{Self}` is not `From<&str>`",
    note = "a default that is a string literal is converted with `Into`, and read as in \"5s\" if the type is written as `Duration`; write an expression of type `{Self}`"
)]
pub trait FromText {
    fn from_text(text: &'static str) -> Self;
}

impl<T: From<&'static str>> FromText for T {
    fn from_text(text: &'static str) -> Self {
        text.into()
    }
}

/// Clones one argument.
#[must_use]
pub fn again<T: Again>(argument: &T) -> T {
    argument.again()
}

/// An argument that can be cloned, so that each restart gets a fresh one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a keyword argument: it is not `Clone`",
    label = "not `Clone`",
    note = "every start of a unit gets fresh arguments: derive `Clone` for `{Self}`; or mark the parameter `#[config(code)]`, if only code can set it, or `#[inject]`, if the framework injects it"
)]
pub trait Again {
    #[must_use]
    fn again(&self) -> Self;
}

impl<T: Clone> Again for T {
    fn again(&self) -> Self {
        self.clone()
    }
}

/// Clones one `code` argument of a unit that starts again.
#[must_use]
pub fn again_code<T: AgainCode>(argument: &T) -> T {
    argument.again()
}

/// A `code` argument that can be cloned, for a unit that restarts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a unit that restarts: it is not `Clone`",
    label = "not `Clone`",
    note = "every start of a unit gets fresh arguments: derive `Clone` for `{Self}`, wrap it in an `Arc`, or remove `restart(…)`, `group` and the schedule"
)]
pub trait AgainCode {
    #[must_use]
    fn again(&self) -> Self;
}

impl<T: Clone> AgainCode for T {
    fn again(&self) -> Self {
        self.clone()
    }
}

/// Returns the text of a `key` argument.
#[must_use]
pub fn key<T: Key>(argument: &T) -> String {
    argument.text()
}

/// An argument that can be a `key`: its text names an instance.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a `key`: it has no text to name an instance with",
    label = "not `Display`",
    note = "implement `std::fmt::Display` for `{Self}`, or remove `key` and name the instances with `.named(…)`"
)]
pub trait Key {
    fn text(&self) -> String;
}

impl<T: Display> Key for T {
    fn text(&self) -> String {
        self.to_string()
    }
}

/// Shows a config struct; a field without a value is a secret.
pub fn debug(f: &mut Formatter<'_>, name: &str, fields: &[(&str, Option<&dyn Debug>)]) -> FmtResult {
    let mut shown = f.debug_struct(name);
    for (field, value) in fields {
        match value {
            Some(value) => shown.field(field, value),
            None => shown.field(field, &format_args!("[secret]")),
        };
    }
    shown.finish()
}

#[doc(hidden)]
#[macro_export]
macro_rules! __lifespan_config_struct {
    ([$($attributes:tt)*] [$($visibility:tt)*] $name:ident { $($fields:tt)* }) => {
        $($attributes)* $($visibility)* struct $name { $($fields)* }
    };
}

// Named for the note that the compiler adds to "the name is defined multiple times", which says where the definition
// comes from and has no other room for advice.
pub use crate::__lifespan_config_struct as choose_another_name_with_config_equals;

/// Returns all units, for an accessor made by `discover!`.
#[must_use]
pub fn discovered() -> Discovered {
    Discovered::new(crate::unit::registry::linked().units)
}

/// Logs a line at WARN or ERROR for a crate that serves, as the app logs its own: on standard error, at most once a
/// second for each kind.
pub fn warn(app: &crate::App, what: &'static str, level: tracing::Level, text: std::fmt::Arguments<'_>) {
    app.hub().lines_without_event().write_often(what, level, text);
}
