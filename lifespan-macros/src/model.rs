//! The model of an annotated function, after all of it has been read and validated.

use std::fmt;
use std::time::Duration;

use proc_macro2::Span;
use syn::{Attribute, Expr, Ident, LitFloat, LitInt, LitStr, Path, ReturnType, Type, Visibility};

use crate::schedule::Schedule;

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
    pub(crate) parameters: Vec<Parameter>,
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
            Parameter::Argument(argument) => Some(&**argument),
            Parameter::Injected(_) => None,
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
    pub(crate) once: bool,
    pub(crate) blocking: bool,
    pub(crate) first: bool,
    pub(crate) last: bool,
    pub(crate) after: Vec<Path>,
    pub(crate) before: Vec<Path>,
    pub(crate) startup_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Option<Duration>,
    pub(crate) on_failure: Option<Choice>,
    pub(crate) on_return: Option<Choice>,
    pub(crate) on_shutdown: Option<Choice>,
    pub(crate) readiness: Option<Choice>,
    pub(crate) restart: Option<Restart>,
    pub(crate) group: Option<Path>,
    pub(crate) schedule: Option<Schedule>,
}

impl Options {
    /// Returns true if the unit may be started more than once.
    pub(crate) fn starts_again(&self) -> bool {
        self.restart.is_some() || self.group.is_some() || self.schedule.is_some()
    }
}

/// `restart(…)`, only the parts that were written; the core has the defaults.
pub(crate) struct Restart {
    /// The restart policy, named as in OTP.
    pub(crate) when: &'static str,
    pub(crate) intensity: Option<LitInt>,
    pub(crate) period: Option<Duration>,
    pub(crate) backoff: Option<(Duration, Duration)>,
    pub(crate) jitter: Option<LitFloat>,
    pub(crate) reset_after: Option<Duration>,
}

/// One word from a fixed list.
pub(crate) struct Choice {
    pub(crate) word: &'static str,
}

/// A parameter of the function.
pub(crate) enum Parameter {
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
    pub(crate) default: Option<Expr>,
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

/// The return type of the function.
pub(crate) enum Output {
    /// `()` or `Result<(), E>`, possibly through a type alias.
    Runs(ReturnType),
    /// `!`.
    Never(Span),
    /// Also `T` and `Result<T, E>`, whose value is a resource.
    Returns(ReturnType),
}

/// Returns an identifier without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    match text.strip_prefix("r#") {
        Some(plain) => plain.to_owned(),
        None => text,
    }
}
