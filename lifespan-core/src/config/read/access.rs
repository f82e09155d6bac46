//! The parts that a visitor walks through: the elements of an array, the fields of a table, the variant of an enum, a
//! date.

use std::marker::PhantomData;
use std::slice;

use serde_core::de::value::StrDeserializer;
use serde_core::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_core::de::{Deserializer, Error};

use super::fault::Fault;
use crate::config::file::{Data, Entry, Node, Table};

/// The reader of a part.
pub(super) trait Part<'t>: for<'de> Deserializer<'de, Error = Fault> {
    fn node(node: &'t Node) -> Self;
    fn name(name: &'t str) -> Self;
}

/// The elements of an array.
pub(super) struct Items<'t, R> {
    rest: slice::Iter<'t, Node>,
    position: usize,
    reader: PhantomData<fn() -> R>,
}

impl<'t, R: Part<'t>> Items<'t, R> {
    pub(super) fn visit<'de, V: Visitor<'de>>(items: &'t [Node], visitor: V) -> Result<V::Value, Fault> {
        let mut items = Self { rest: items.iter(), position: 0, reader: PhantomData };
        let value = visitor.visit_seq(&mut items)?;
        match items.rest.next() {
            None => Ok(value),
            Some(surplus) => Err(Fault::new("found more elements than the type has").at(&surplus.span)),
        }
    }
}

impl<'de, 't, R: Part<'t>> SeqAccess<'de> for &mut Items<'t, R> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(node) = self.rest.next() else { return Ok(None) };
        let position = self.position;
        self.position += 1;
        seed.deserialize(R::node(node)).map(Some).map_err(|fault| fault.at(&node.span).within(format!("[{position}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The fields of a table.
pub(super) struct Fields<'t, R> {
    rest: slice::Iter<'t, Entry>,
    current: Option<&'t Entry>,
    /// The names that the type declares.
    declared: &'static [&'static str],
    reader: PhantomData<fn() -> R>,
}

impl<'t, R: Part<'t>> Fields<'t, R> {
    pub(super) fn visit<'de, V: Visitor<'de>>(
        table: &'t Table,
        declared: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_map(Self { rest: table.entries().iter(), current: None, declared, reader: PhantomData })
    }
}

impl<'de, 't, R: Part<'t>> MapAccess<'de> for Fields<'t, R> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.current = self.rest.next();
        let Some(entry) = self.current else { return Ok(None) };
        seed.deserialize(R::name(&entry.name)).map(Some).map_err(|fault| fault.at(&entry.key))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some(entry) = self.current else {
            return Err(Fault::new("its type asked for a value before the key"));
        };
        seed.deserialize(R::node(&entry.node)).map_err(|fault| {
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
pub(super) struct Variant<'t, R> {
    name: &'t str,
    entry: Option<&'t Entry>,
    reader: PhantomData<fn() -> R>,
}

impl<'t, R: Part<'t>> Variant<'t, R> {
    pub(super) fn unit(name: &'t str) -> Self {
        Self { name, entry: None, reader: PhantomData }
    }

    pub(super) fn with(entry: &'t Entry) -> Self {
        Self { name: &entry.name, entry: Some(entry), reader: PhantomData }
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

impl<'de, 't, R: Part<'t>> EnumAccess<'de> for Variant<'t, R> {
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

impl<'de, 't, R: Part<'t>> VariantAccess<'de> for Variant<'t, R> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.entry {
            None => Ok(()),
            Some(Entry { node: Node { data: Data::Table(table), .. }, .. }) if table.entries().is_empty() => Ok(()),
            Some(_) => Err(Fault::invalid_type(Unexpected::NewtypeVariant, &"the variant's name alone")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        self.read(|node| seed.deserialize(R::node(node)), Unexpected::UnitVariant, "a variant with a value")
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.read(|node| R::node(node).deserialize_seq(visitor), Unexpected::UnitVariant, "a variant with an array")
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.read(
            |node| R::node(node).deserialize_struct("", fields, visitor),
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
