//! Fixed lists of names: each is an enum, so that a name that is forgotten somewhere does not compile.

use crate::from_text::FromText;

/// An enum whose variants have names, declared with [`names!`](crate::names).
pub trait Names: Copy + PartialEq + 'static {
    /// All variants, in the order of their declaration.
    const ALL: &'static [Self];

    /// Returns the name of a variant.
    fn name(self) -> &'static str;

    /// Returns the variant with this name.
    fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|variant| variant.name() == name)
    }

    /// Returns all names.
    fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::ALL.iter().map(|variant| variant.name())
    }
}

impl<T: Names> FromText for T {
    fn from_text(text: &str) -> Result<Self, String> {
        T::of(text).ok_or_else(|| {
            let mut names: Vec<String> = T::names().map(|name| format!("{name:?}")).collect();
            let last = names.pop().unwrap_or_default();
            if names.is_empty() { format!("write {last}") } else { format!("write {} or {last}", names.join(", ")) }
        })
    }
}

/// Declares an enum, each of whose variants has a name.
///
/// ```
/// use lifespan_text::{FromText, Names, names};
///
/// names! {
///     /// The size of a shirt.
///     enum Size {
///         Small = "small",
///         Large = "large",
///     }
/// }
///
/// assert_eq!(Size::of("large"), Some(Size::Large));
/// assert_eq!(Size::from_text("huge"), Err("write \"small\" or \"large\"".to_owned()));
/// ```
#[macro_export]
macro_rules! names {
    ($(#[$attribute:meta])* $visibility:vis enum $name:ident {
        $($(#[$of_variant:meta])* $variant:ident = $text:literal,)+
    }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$of_variant])* $variant,)+
        }

        impl $crate::Names for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}
