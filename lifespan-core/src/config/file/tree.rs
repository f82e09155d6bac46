//! A TOML document as an owned tree in which every key and value has its place.

use crate::base::index::index;
use crate::base::sorting::sort_by_number;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// A value and its place.
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) data: Data,
}

pub(crate) enum Data {
    String(String),
    /// The digits, so that each integer type checks its own range.
    Integer {
        digits: String,
        radix: u32,
    },
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Node>),
    Table(Table),
}

/// Keys and values in the order of the source.
pub(crate) struct Table {
    entries: Vec<Entry>,
    /// Positions in `entries`, ordered by name.
    by_name: Vec<usize>,
}

pub(crate) struct Entry {
    pub(crate) name: String,
    /// The place of the key.
    pub(crate) key: Range<usize>,
    /// The key itself is right of a `=`, in an inline table, so it is shown only if a type declares it.
    pub(crate) inline: bool,
    pub(crate) node: Node,
}

impl Entry {
    /// Returns the name as messages may show it.
    pub(crate) fn shown(&self) -> &str {
        if self.inline { "…" } else { &self.name }
    }
}

impl Table {
    pub(crate) fn new(table: &DeTable<'_>, text: &str, inline: bool) -> Self {
        let entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                name: key.get_ref().to_string(),
                key: key.span(),
                inline,
                node: Node::new(value.span(), value.get_ref(), text, inline),
            })
            .collect();
        let written = sort_by_number((0..entries.len()).collect(), |place| index(entries[*place].key.start));
        let places = sort_by_number((0..entries.len()).collect(), |place| index(written[*place]));
        let entries = sort_by_number(entries, |entry| index(entry.key.start));
        let mut by_name: Vec<usize> = Vec::with_capacity(entries.len());
        // The parser gives the keys by name, mostly: then each comes last.
        for place in places {
            let before = by_name.partition_point(|other| entries[*other].name <= entries[place].name);
            by_name.insert(before, place);
        }
        Self { entries, by_name }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        let found = self.by_name.binary_search_by(|position| self.entries[*position].name.as_str().cmp(name)).ok()?;
        Some(&self.entries[self.by_name[found]])
    }

    /// Returns the table of this name, if there is one.
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.get(name)?.node.as_table()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Node {
    /// `inline`: whether it is inside the value of a `=`.
    pub(crate) fn new(span: Range<usize>, value: &DeValue<'_>, text: &str, inline: bool) -> Self {
        let begins_with = |span: &Range<usize>, byte| text.as_bytes().get(span.start) == Some(&byte);
        let data = match value {
            DeValue::String(text) => Data::String(text.to_string()),
            DeValue::Integer(number) => Data::Integer { digits: number.as_str().to_owned(), radix: number.radix() },
            // toml has checked the form; a number that Rust can't represent is infinite and refused by the reader.
            DeValue::Float(number) => Data::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(value) => Data::Boolean(*value),
            DeValue::Datetime(moment) => Data::Datetime(moment.to_string()),
            DeValue::Array(items) => {
                // The tables of `[[x]]` start at their headers; those of `x = [{ … }]` start with a brace.
                let headers = items.iter().all(|item| item.get_ref().is_table() && begins_with(&item.span(), b'['));
                let inline = inline || !headers;
                Data::Array(items.iter().map(|item| Node::new(item.span(), item.get_ref(), text, inline)).collect())
            }
            DeValue::Table(table) => {
                let inline = inline || begins_with(&span, b'{');
                Data::Table(Table::new(table, text, inline))
            }
        };
        Self { span, data }
    }

    /// Hashes the value, independent of how it is written.
    pub(crate) fn print(&self, into: &mut impl Hasher) {
        std::mem::discriminant(&self.data).hash(into);
        match &self.data {
            Data::String(text) | Data::Datetime(text) => text.hash(into),
            Data::Integer { digits, radix } => match i128::from_str_radix(digits, *radix) {
                Ok(number) => number.hash(into),
                Err(_) => (digits, radix).hash(into),
            },
            Data::Float(number) => number.to_bits().hash(into),
            Data::Boolean(value) => value.hash(into),
            Data::Array(items) => {
                items.len().hash(into);
                for item in items {
                    item.print(into);
                }
            }
            Data::Table(table) => {
                table.entries.len().hash(into);
                for entry in table.by_name.iter().map(|&position| &table.entries[position]) {
                    entry.name.hash(into);
                    entry.node.print(into);
                }
            }
        }
    }

    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.data {
            Data::Table(table) => Some(table),
            _ => None,
        }
    }

    /// One table of an array of tables.
    pub(crate) fn table_at(&self, position: usize) -> Option<(&Node, &Table)> {
        match &self.data {
            Data::Array(items) => items.get(position).and_then(|item| Some((item, item.as_table()?))),
            _ => None,
        }
    }

    /// Returns its elements, if it is an array of tables, written as `[[x]]` or inline.
    pub(crate) fn as_tables(&self) -> Option<&[Node]> {
        match &self.data {
            Data::Array(items) if items.iter().all(|item| item.as_table().is_some()) => Some(items),
            _ => None,
        }
    }
}
