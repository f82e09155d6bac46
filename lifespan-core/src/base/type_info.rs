//! Types by their identity and their name.
#![allow(missing_docs, reason = "for generated code")]

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};

/// A type, by its identity and its name.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    pub id: TypeId,
    pub name: &'static str,
}

impl TypeInfo {
    #[must_use]
    pub fn of<T: ?Sized + 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }

    /// Returns whether this is `()`, which can't be a resource.
    pub(crate) fn is_nothing(self) -> bool {
        self.id == TypeId::of::<()>()
    }
}

impl fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A map keyed by type.
pub(crate) type ByType<V> = HashMap<TypeId, V, BuildHasherDefault<TypeHasher>>;

/// Uses a type's identity as its hash: it is a good hash already, and no attacker can choose it.
#[derive(Default)]
pub(crate) struct TypeHasher(u64);

impl Hasher for TypeHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Returns the identity of a function: each function item has its own type.
#[must_use]
pub fn id_of<F: 'static>(_: F) -> TypeId {
    TypeId::of::<F>()
}

/// Shortens a type's name: `alloc::vec::Vec<my_app::db::Row>` → `Vec<Row>`.
pub(crate) fn short_type(name: &str) -> String {
    // Braces and hashes are in the names of types declared in a function's body: `run::{{closure}}::Row`.
    let in_path = |c: char| c.is_alphanumeric() || "_:{}#".contains(c);
    let mut short = String::with_capacity(name.len());
    for part in name.split_inclusive(|c: char| !in_path(c)) {
        let (path, end) = match part.char_indices().last() {
            Some((at, c)) if !in_path(c) => part.split_at(at),
            _ => (part, ""),
        };
        short.push_str(path.rsplit("::").next().unwrap_or(path));
        short.push_str(end);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn a_type_name_loses_its_paths() {
        assert_eq!(short_type("alloc::vec::Vec<my_app::db::Row>"), "Vec<Row>");
        assert_eq!(short_type("app::run::{{closure}}::Row"), "Row");
        assert_eq!(short_type("dyn my_app::Store"), "dyn Store");
        assert_eq!(short_type("(u8, core::option::Option<a::B>)"), "(u8, Option<B>)");
    }
}
