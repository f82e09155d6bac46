//! Reads a value of the file or the text of a variable as the type of an argument.
//!
//! One serde deserializer reads both, so that a type's `Deserialize` is compiled once. A text is read as the requested
//! type and never guessed: a number is parsed by its own type, a string stays as it is, lists and tables are TOML
//! values. The methods that serde calls are most of this file.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::IntErrorKind;
use std::time::Duration;

use lifespan_text::FromText as _;
use serde_core::de::value::SeqDeserializer;
use serde_core::de::{Deserializer, Expected, Visitor};
use toml::de::DeValue;

use super::access::{Fields, Items, Moment, Part, Variant};
use super::fault::Fault;
use super::scrub::quotable;
use crate::config::At;
use crate::config::file::{Data, Node};

/// The name with which toml's own date types request a date; it is private to toml.
const MOMENT: &str = "$__toml_private_";

/// A value to be read.
#[derive(Clone, Copy)]
pub struct Reader<'t>(Input<'t>);

#[derive(Clone, Copy)]
enum Input<'t> {
    Node(&'t Node),
    Text(&'t str),
    /// A variable that is not valid UTF-8.
    NotText,
    /// No source has a value: only a type that allows this, such as `Option`, can be read.
    Nothing,
}

impl<'t> Part<'t> for Reader<'t> {
    fn node(node: &'t Node) -> Self {
        Self(Input::Node(node))
    }

    fn name(name: &'t str) -> Self {
        Self(Input::Text(name))
    }
}

impl<'t> Reader<'t> {
    pub(crate) fn node(node: &'t Node) -> Self {
        Part::node(node)
    }

    /// Creates a reader of a variable's text; `None` if it is not UTF-8.
    pub(crate) fn text(text: Option<&'t str>) -> Self {
        Self(text.map_or(Input::NotText, Input::Text))
    }

    pub(crate) fn nothing() -> Self {
        Self(Input::Nothing)
    }

    /// Returns whether this is the empty text of a variable, which counts as unset if it is not a value of the type.
    pub(crate) fn counts_as_unset(&self, at: &At) -> bool {
        matches!((&self.0, at), (Input::Text(""), At::Variable(_)))
    }

    /// Returns a number that differs if the value differs.
    pub(crate) fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self.0 {
            Input::Node(node) => node.print(&mut hasher),
            Input::Text(text) => text.hash(&mut hasher),
            Input::NotText | Input::Nothing => {}
        }
        hasher.finish()
    }

    /// Returns every text of the value that a message could quote.
    pub(crate) fn quotable(&self) -> Vec<String> {
        let mut texts = Vec::new();
        match self.0 {
            Input::Text(text) => {
                texts.push(text.to_owned());
                if let Ok(node) = parse(text) {
                    quotable(&node, &mut texts);
                }
            }
            Input::Node(node) => quotable(node, &mut texts),
            Input::NotText | Input::Nothing => {}
        }
        texts
    }

    /// A whole number: digits of a file or the text of a variable, parsed by the requested type.
    fn whole<N>(
        self,
        expected: &dyn Expected,
        range: impl FnOnce() -> String,
        parse: fn(&str, u32) -> Result<N, std::num::ParseIntError>,
    ) -> Result<Option<N>, Fault> {
        let (digits, radix, checked) = match self.0 {
            Input::Node(Node { data: Data::Integer { digits, radix }, .. }) => (digits.as_str(), *radix, true),
            Input::Text(text) => (text.trim(), 10, false),
            _ => return Ok(None),
        };
        parse(digits, radix).map(Some).map_err(|error| {
            let overflows = matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow);
            let negative = digits.strip_prefix('-').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
            if checked || overflows || (negative && digits.len() > 1) {
                Fault::expected(expected, &format!("a number out of its range ({})", range()))
            } else {
                Fault::expected(expected, "text that is not a whole number")
            }
        })
    }

    fn float(self, expected: &dyn Expected, largest: f64) -> Result<Option<f64>, Fault> {
        let (number, named_infinite) = match self.0 {
            Input::Node(Node { data: Data::Float(number), span }) => (*number, span.len() <= 4),
            #[expect(clippy::cast_precision_loss, reason = "what a whole number given for a float means")]
            Input::Node(Node { data: Data::Integer { digits, radix }, .. }) => {
                (i128::from_str_radix(digits, *radix).map_or(f64::INFINITY, |number| number as f64), false)
            }
            Input::Text(text) => {
                let text = text.trim();
                let number = text.parse().map_err(|_| Fault::expected(expected, "text that is not a number"))?;
                (number, text.to_ascii_lowercase().contains("inf"))
            }
            _ => return Ok(None),
        };
        // `inf` may be requested; a number that merely has too many digits is not meant to be infinite.
        if number.abs() > largest && !named_infinite {
            return Err(Fault::expected(expected, "a number out of its range"));
        }
        Ok(Some(number))
    }

    /// Continues with the TOML value in a text: lists and tables in a variable are written as TOML.
    fn as_toml<'de, V: Visitor<'de>>(
        self,
        visitor: V,
        read: impl FnOnce(Reader<'_>, V) -> Result<V::Value, Fault>,
    ) -> Result<V::Value, Fault> {
        let Input::Text(text) = self.0 else { return read(self, visitor) };
        match parse(text) {
            Ok(node) => read(Reader::node(&node), visitor),
            Err(message) => Err(Fault::expected(&visitor, &format!("text that is not a TOML value ({message})"))),
        }
    }

    fn visit_duration<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text = match self.0 {
            Input::Text(text) => text,
            Input::Node(Node { data: Data::String(text), .. }) => text,
            Input::Node(Node { data: Data::Integer { .. }, .. }) => {
                return Err(Fault::new(
                    "expected a duration, found a number without a unit; write it as in \"5s\" or \"500ms\"",
                ));
            }
            _ => return self.deserialize_any(visitor),
        };
        let duration = Duration::from_text(text).map_err(Fault::new)?;
        visitor.visit_seq(SeqDeserializer::<_, Fault>::new(
            [duration.as_secs(), u64::from(duration.subsec_nanos())].into_iter(),
        ))
    }
}

/// Parses a text as a TOML value. The error's message is toml's and contains nothing of the text.
fn parse(text: &str) -> Result<Node, String> {
    let text = text.trim();
    let value = DeValue::parse(text).map_err(|error| error.message().to_owned())?;
    Ok(Node::new(value.span(), value.get_ref(), text, true))
}

macro_rules! whole_numbers {
    ($($deserialize:ident $visit:ident $number:ident)*) => { $(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let range = || format!("{} to {}", $number::MIN, $number::MAX);
            match self.whole(&visitor, range, $number::from_str_radix)? {
                Some(number) => visitor.$visit(number),
                None => self.deserialize_any(visitor),
            }
        }
    )* };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let node = match self.0 {
            Input::Node(node) => node,
            // The type accepts anything: text that looks like a list or a table is read as one, all other text as a
            // string.
            Input::Text(text) if text.trim_start().starts_with(['[', '{']) => {
                return self.as_toml(visitor, |reader, visitor| reader.deserialize_any(visitor));
            }
            Input::Text(text) => return visitor.visit_str(text),
            Input::NotText => return Err(Fault::expected(&visitor, "text that is not UTF-8")),
            Input::Nothing => return Err(Fault::expected(&visitor, "no value")),
        };
        match &node.data {
            Data::String(text) | Data::Datetime(text) => visitor.visit_str(text),
            Data::Integer { digits, radix } => {
                if let Ok(number) = i64::from_str_radix(digits, *radix) {
                    visitor.visit_i64(number)
                } else if let Ok(number) = u64::from_str_radix(digits, *radix) {
                    visitor.visit_u64(number)
                } else if let Ok(number) = i128::from_str_radix(digits, *radix) {
                    visitor.visit_i128(number)
                } else {
                    Err(Fault::expected(&visitor, "a number out of the range of any type"))
                }
            }
            Data::Float(number) => visitor.visit_f64(*number),
            Data::Boolean(value) => visitor.visit_bool(*value),
            Data::Array(items) => Items::<Reader<'_>>::visit(items, visitor),
            Data::Table(table) => Fields::<Reader<'_>>::visit(table, &[], visitor),
        }
        .map_err(|fault: Fault| fault.at(&node.span))
    }

    whole_numbers! {
        deserialize_i8 visit_i8 i8
        deserialize_i16 visit_i16 i16
        deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64
        deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8
        deserialize_u16 visit_u16 u16
        deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64
        deserialize_u128 visit_u128 u128
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Input::Text(text) => match text.trim() {
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                _ => Err(Fault::new("expected a boolean, found text that is neither `true` nor `false`")),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.float(&visitor, f64::from(f32::MAX))? {
            Some(number) => visitor.visit_f64(number),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.float(&visitor, f64::MAX)? {
            Some(number) => visitor.visit_f64(number),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Input::Text(text) => visitor.visit_str(text),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            // A date is not a `String`; a type that reads dates calls `deserialize_str`.
            Input::Node(Node { data: Data::Datetime(_), span }) => {
                Err(Fault::expected(&visitor, "a date without quotes").at(span))
            }
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Input::Nothing => visitor.visit_none(),
            Input::Text("") => Err(Fault::expected(&visitor, "an empty text")),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.as_toml(visitor, |reader, visitor| reader.deserialize_any(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.as_toml(visitor, |reader, visitor| reader.deserialize_any(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == "Duration" && fields == ["secs", "nanos"] {
            return match self.0 {
                Input::Node(node) => self.visit_duration(visitor).map_err(|fault| fault.at(&node.span)),
                _ => self.visit_duration(visitor),
            };
        }
        if let ([field], true, Some(text)) = (fields, name.starts_with(MOMENT), self.moment()) {
            return visitor.visit_map(Moment::new(field, text));
        }
        self.as_toml(visitor, |reader, visitor| match reader.0 {
            Input::Node(Node { data: Data::Table(table), span }) => {
                Fields::<Reader<'_>>::visit(table, fields, visitor).map_err(|fault| fault.at(span))
            }
            _ => reader.deserialize_any(visitor),
        })
    }

    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method is not general over the reader's lifetime"
    )]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Input::Text(text) if text.trim_start().starts_with('{') => {
                self.as_toml(visitor, |reader, visitor| reader.visit_variant(visitor))
            }
            _ => self.visit_variant(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}

impl Reader<'_> {
    fn visit_variant<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Input::Text(text) => visitor.visit_enum(Variant::<Reader<'_>>::unit(text)),
            Input::Node(Node { data: Data::String(name), span }) => {
                visitor.visit_enum(Variant::<Reader<'_>>::unit(name)).map_err(|fault| fault.at(span))
            }
            Input::Node(Node { data: Data::Table(table), span }) => match table.entries() {
                [entry] => visitor.visit_enum(Variant::<Reader<'_>>::with(entry)).map_err(|fault| fault.at(span)),
                _ => {
                    Err(Fault::expected(&visitor, "a table that has not exactly one key, the variant's name").at(span))
                }
            },
            _ => self.deserialize_any(visitor),
        }
    }

    /// The text of a date, for toml's own date types.
    fn moment(self) -> Option<String> {
        match self.0 {
            Input::Node(Node { data: Data::Datetime(text), .. }) => Some(text.clone()),
            Input::Text(text) => Some(text.trim().to_owned()),
            _ => None,
        }
    }
}
