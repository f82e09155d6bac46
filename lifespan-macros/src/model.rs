//! The model of an annotated function, after all of it has been read and validated.

use std::fmt;
use std::time::Duration;

use lifespan_text::{OnFailure, OnReturn, OnShutdown, RestartSettings, ScheduleSettings, UnitSettings, When, names};
use proc_macro2::Span;
use syn::{Attribute, Expr, Ident, LitStr, Path, ReturnType, Type, Visibility};

/// The kind of a unit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Task,
    Context,
}

impl Kind {
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Kind::Task => "lifespan_task",
            Kind::Context => "lifespan_context",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Task => "task",
            Kind::Context => "context",
        })
    }
}

/// A unit that can be expanded.
pub(crate) struct Unit {
    pub(crate) kind: Kind,
    pub(crate) function: Ident,
    pub(crate) visibility: Visibility,
    /// The `#[cfg(…)]` of the function, which everything that is generated for it needs too.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) deprecated: bool,
    pub(crate) docs: String,
    pub(crate) parameters: Vec<ParameterKind>,
    pub(crate) output: Output,
    pub(crate) options: Options,
}

impl Unit {
    /// The name in files, variables and messages.
    pub(crate) fn name(&self) -> String {
        match &self.options.name {
            Some(name) => name.value(),
            None => plain(&self.function),
        }
    }

    /// The keyword arguments, in order.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            ParameterKind::Argument(argument) => Some(&**argument),
            ParameterKind::Injected(_) => None,
        })
    }
}

/// The arguments of the attribute.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that users write")]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) config: Option<Ident>,
    pub(crate) framework: Option<Path>,
    pub(crate) manual: bool,
    pub(crate) configured: bool,
    pub(crate) always: bool,
    pub(crate) profiles: Vec<LitStr>,
    pub(crate) once: bool,
    pub(crate) blocking: bool,
    pub(crate) background: bool,
    pub(crate) first: bool,
    pub(crate) last: bool,
    pub(crate) after: Vec<Path>,
    pub(crate) before: Vec<Path>,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) on_return: Option<OnReturn>,
    pub(crate) on_shutdown: Option<OnShutdown>,
    pub(crate) restart: Option<Restart>,
    pub(crate) group: Option<Path>,
    pub(crate) unit: UnitSettings,
    pub(crate) schedule: ScheduleSettings,
}

impl Options {
    /// Returns true if the unit may be started more than once.
    pub(crate) fn starts_again(&self) -> bool {
        self.restart.is_some() || self.group.is_some() || self.schedule.count() > 0
    }
}

/// `restart(…)`, only the parts that were written; the core has the defaults.
pub(crate) struct Restart {
    pub(crate) when: When,
    pub(crate) settings: RestartSettings,
}

names! {
    /// The types that the framework injects, by their names.
    pub(crate) enum Injected {
        App = "App",
        Children = "Children",
        Health = "Health",
        Live = "Live",
        Ready = "Ready",
        Res = "Res",
        Scope = "Scope",
        Shutdown = "Shutdown",
        Tick = "Tick",
    }
}

/// A parameter of the function.
pub(crate) enum ParameterKind {
    Argument(Box<Argument>),
    Injected(Box<Type>),
}

/// A keyword argument.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) docs: String,
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) env: Option<LitStr>,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) secret: bool,
    pub(crate) key: bool,
    pub(crate) code: bool,
}

impl Argument {
    /// The name in files, variables and messages.
    pub(crate) fn name(&self) -> String {
        match &self.rename {
            Some(name) => name.value(),
            None => plain(&self.ident),
        }
    }
}

/// The value of a keyword argument that no source provides.
pub(crate) enum DefaultValue {
    Expression(Expr),
    /// Converted with `Into`.
    Text(LitStr),
    /// Read from a text, which is at this place.
    Duration(Duration, Span),
}

/// The return type of the function.
pub(crate) enum Output {
    /// `()` or `Result<(), E>`, possibly through a type alias.
    Runs(ReturnType),
    /// `!`.
    Never(Span),
    /// Also `T` and `Result<T, E>`, whose value is a resource.
    Returns(ReturnType),
}

/// Returns the name of the config struct: `PollUpdatesConfig` for `poll_updates`.
pub(crate) fn config_name(function: &Ident) -> Ident {
    struct_name(function, "Config")
}

/// Returns a name in the form of a struct's: `PollUpdates` with an ending for `poll_updates`.
pub(crate) fn struct_name(function: &Ident, ending: &str) -> Ident {
    let mut name = String::new();
    for word in plain(function).split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    if !name.starts_with(char::is_alphabetic) {
        name.insert(0, '_');
    }
    name.push_str(ending);
    Ident::new(&name, function.span())
}

/// Returns an identifier without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    match text.strip_prefix("r#") {
        Some(plain) => plain.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use lifespan_text::Names;

    use super::*;

    #[test]
    fn the_documentation_the_compiler_s_note_and_the_prelude_list_every_injected_type() {
        let read = |path: &str| {
            std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR")))
                .expect("it is in the repository")
        };
        let (note, prelude) = (read("tests/compile_fail/types.stderr"), read("src/prelude.rs"));
        let (_, exports) = prelude.split_once("pub use crate::").expect("it exports names");
        for name in Injected::names() {
            assert!(exports.contains(&format!(" {name},")), "the prelude: {name}");
        }
        for (place, text) in [("the attribute", include_str!("lib.rs")), ("the note", &note)] {
            for name in Injected::names() {
                let listed = [format!("`{name}`"), format!("{name}<T>`")];
                assert!(listed.iter().any(|listed| text.contains(listed)), "{place}: {name}");
            }
        }
    }
}
