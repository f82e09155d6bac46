//! The parts that a visitor walks through: the elements of an array, the fields of a table, the variant of an enum, a
//! date.

use std::slice;

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_core::de::{Deserializer, Error};

use super::{Fault, Input, Reader};
use crate::config::file::{Data, Entry, Node, Table};

/// The elements of an array.
pub(super) struct Items<'t> {
    rest: slice::Iter<'t, Node>,
    position: usize,
}

impl<'t> Items<'t> {
    pub(super) fn visit<'de, V: Visitor<'de>>(items: &'t [Node], visitor: V) -> Result<V::Value, Fault> {
        let mut items = Self { rest: items.iter(), position: 0 };
        let value = visitor.visit_seq(&mut items)?;
        match items.rest.next() {
            None => Ok(value),
            Some(surplus) => Err(Fault::new("found more elements than the type has").at(&surplus.span)),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(node) = self.rest.next() else { return Ok(None) };
        let position = self.position;
        self.position += 1;
        seed.deserialize(Reader::node(node))
            .map(Some)
            .map_err(|fault| fault.at(&node.span).within(format!("[{position}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The fields of a table.
pub(super) struct Fields<'t> {
    rest: slice::Iter<'t, Entry>,
    current: Option<&'t Entry>,
    /// The names that the type declares.
    declared: &'static [&'static str],
}

impl<'t> Fields<'t> {
    pub(super) fn visit<'de, V: Visitor<'de>>(
        table: &'t Table,
        declared: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(Self { rest: table.entries().iter(), current: None, declared })
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.current = self.rest.next();
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(Reader(Input::Text(&entry.name))).map(Some).map_err(|fault| fault.at(&entry.key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some(entry) = self.current else {
            return Err(Fault::new("its type asked for a value before the key"));
        };
        seed.deserialize(Reader::node(&entry.node)).map_err(|fault| {
            // A key right of a `=` is a part of the value, so only a name from the type may be shown.
            let told = !entry.inline || self.declared.contains(&entry.name.as_str());
            fault.at(&entry.node.span).within(if told { &entry.name } else { "…" })
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A variant of an enum: its name, and its value if it has one.
pub(super) struct Variant<'t> {
    name: &'t str,
    entry: Option<&'t Entry>,
}

impl<'t> Variant<'t> {
    pub(super) fn unit(name: &'t str) -> Self {
        Self { name, entry: None }
    }

    pub(super) fn with(entry: &'t Entry) -> Self {
        Self { name: &entry.name, entry: Some(entry) }
    }

    /// Reads the variant's value. The variant's name has been accepted, so the type declares it.
    fn read<T>(
        self,
        read: impl FnOnce(&'t Node) -> Result<T, Fault>,
        lacks: Unexpected<'_>,
        wants: &'static str,
    ) -> Result<T, Fault> {
        match self.entry {
            Some(entry) => read(&entry.node).map_err(|fault| fault.at(&entry.node.span).within(self.name)),
            None => Err(Fault::invalid_type(lacks, &wants)),
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.name.into_deserializer();
        match seed.deserialize(name) {
            Ok(value) => Ok((value, self)),
            Err(fault) => Err(match self.entry {
                Some(entry) => fault.at(&entry.key),
                None => fault,
            }),
        }
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.entry {
            None => Ok(()),
            Some(Entry { node: Node { data: Data::Table(table), .. }, .. }) if table.entries().is_empty() => Ok(()),
            Some(_) => Err(Fault::invalid_type(Unexpected::NewtypeVariant, &"the variant's name alone")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        self.read(|node| seed.deserialize(Reader::node(node)), Unexpected::UnitVariant, "a variant with a value")
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.read(
            |node| Reader::node(node).deserialize_seq(visitor),
            Unexpected::UnitVariant,
            "a variant with an array",
        )
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.read(
            |node| Reader::node(node).deserialize_struct("", fields, visitor),
            Unexpected::UnitVariant,
            "a variant with a table",
        )
    }
}

/// A date, in the form that toml's own date types read.
pub(super) struct Moment {
    field: Option<&'static str>,
    text: String,
}

impl Moment {
    pub(super) fn new(field: &'static str, text: String) -> Self {
        Self { field: Some(field), text }
    }
}

impl<'de> MapAccess<'de> for Moment {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(field) = self.field.take() else { return Ok(None) };
        let field: StrDeserializer<'_, Fault> = field.into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let text: StrDeserializer<'_, Fault> = self.text.as_str().into_deserializer();
        seed.deserialize(text)
    }
}
