//! The reason why a value can't be read as the requested type, without the value.
//!
//! serde's own texts quote the value (`invalid type: string "…"`); these name only what was expected and what kind of
//! value was found.

use std::fmt;
use std::ops::Range;

use lifespan_text::nearest;
use serde_core::de::{self, Expected, Unexpected};

/// The reason why a value can't be read.
#[derive(Debug)]
pub struct Fault {
    reason: Reason,
    /// The innermost value or key at fault, if the value has places.
    pub(crate) span: Option<Range<usize>>,
    /// The path to it from the argument, innermost first.
    steps: Vec<String>,
}

#[derive(Debug)]
enum Reason {
    /// A text of this crate, without the value.
    Told(String),
    /// A text of this crate, and a hint that reveals something of the value.
    Hinted { told: String, hint: String },
    /// A message of a user's `Deserialize`, which may quote the value.
    Custom(String),
}

impl Fault {
    pub(crate) fn new(told: impl Into<String>) -> Self {
        Self { reason: Reason::Told(told.into()), span: None, steps: Vec::new() }
    }

    /// Says what was expected and what was found instead.
    pub(crate) fn expected(expected: &dyn Expected, found: &str) -> Self {
        Self::new(format!("expected {}, found {found}", in_words(expected)))
    }

    /// A user's `Deserialize` panicked, with a message that may quote the value.
    pub(crate) fn panicked(words: &str) -> Self {
        de::Error::custom(format!("its `Deserialize` panicked: {words}"))
    }

    /// Adds the place of the problem, unless a more exact one is known.
    pub(crate) fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    /// Adds a step of the path that led here.
    pub(crate) fn within(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// Returns the path from the argument to the value: `.retry.max`, `[2].name`.
    pub(crate) fn path(&self) -> String {
        self.steps
            .iter()
            .rev()
            .map(|step| if step.starts_with('[') { step.clone() } else { format!(".{step}") })
            .collect()
    }

    /// Returns what is wrong; `scrub` removes the value from a user's message.
    pub(crate) fn told(&self, scrub: impl FnOnce(&str) -> String) -> String {
        match &self.reason {
            Reason::Told(told) => told.clone(),
            Reason::Hinted { told, hint } => format!("{told}; {hint}"),
            Reason::Custom(words) => scrub(words),
        }
    }

    /// Returns what is wrong with a secret: nothing that depends on the value.
    pub(crate) fn told_of_secret(&self) -> &str {
        match &self.reason {
            Reason::Told(told) | Reason::Hinted { told, .. } => told,
            Reason::Custom(_) => "its type does not accept the value",
        }
    }
}

impl fmt::Display for Fault {
    /// Used only by `Deserialize` implementations that print or wrap an inner error: it must not quote the value
    /// either.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Told(told) | Reason::Hinted { told, .. } => f.write_str(told),
            Reason::Custom(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for Fault {}

/// Returns a visitor's expectation in the terms of TOML where serde has its own.
fn in_words(expected: &dyn Expected) -> String {
    let words = expected.to_string();
    match words.as_str() {
        "a sequence" => "an array".into(),
        "a map" => "a table".into(),
        _ => words.strip_prefix("struct ").map_or(words.clone(), |name| format!("a table for `{name}`")),
    }
}

fn sort_of(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit => "nothing",
        Unexpected::Seq => "an array",
        Unexpected::Map => "a table",
        Unexpected::Enum | Unexpected::UnitVariant => "a variant by its name alone",
        Unexpected::NewtypeVariant | Unexpected::TupleVariant | Unexpected::StructVariant => "a variant with a value",
        _ => "something else",
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self { reason: Reason::Custom(words.to_string()), span: None, steps: Vec::new() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected, sort_of(&found))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::expected(expected, &format!("{} that is not one", sort_of(&found)))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {}, found a different number of elements", in_words(expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let told = if expected.is_empty() {
            "the type has no variants".to_owned()
        } else {
            format!("expected one of {}, found a different name", list(expected))
        };
        Self::hinted(told, nearest(variant, expected.iter().copied()))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let told = if expected.is_empty() {
            "found a field, but the type has none".to_owned()
        } else {
            format!("found an unknown field; valid names: {}", list(expected))
        };
        Self::hinted(told, nearest(field, expected.iter().copied()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the field `{field}` is missing"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the field `{field}` is set twice"))
    }
}

impl Fault {
    fn hinted(told: String, meant: Option<&str>) -> Self {
        let reason = match meant {
            Some(meant) => Reason::Hinted { told, hint: format!("did you mean `{meant}`?") },
            None => Reason::Told(told),
        };
        Self { reason, span: None, steps: Vec::new() }
    }
}
