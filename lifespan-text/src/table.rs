//! Tables of settings: the name, the type, an example and the documentation of a setting stand in one place.

use crate::from_text::FromText;
use crate::numbers::Share;
use crate::word_list::Words;

/// The names of a setting, and an example of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingName {
    /// The name in an attribute.
    pub attribute: &'static str,
    /// The key in a file, and the end of its variable.
    pub key: &'static str,
    /// A value, as Rust and TOML write it.
    pub example: &'static str,
}

/// A place from which settings are read: an attribute, or the file and the environment.
///
/// Each method returns `None` if the setting is not there. If it is there and invalid, the source also reports it, with
/// the reason that `read` gives.
pub trait Source {
    /// Reads a setting that is written as text.
    fn text<T>(&mut self, name: &SettingName, read: fn(&str) -> Result<T, String>) -> Option<T>;

    /// Reads a setting that is a whole number.
    fn integer(&mut self, name: &SettingName) -> Option<u32>;

    /// Reads a setting that is a number.
    fn number<T>(&mut self, name: &SettingName, read: fn(f64) -> Result<T, String>) -> Option<T>;

    /// Reads a setting that is on or off.
    fn switch(&mut self, name: &SettingName) -> Option<bool>;

    /// Reads a setting that is a list of names.
    fn texts(&mut self, name: &SettingName) -> Option<Words>;
}

/// A source in which each setting has the value of its example: the defaults of a table whose examples are its defaults.
#[derive(Clone, Copy, Debug)]
pub struct Examples;

impl Source for Examples {
    fn text<T>(&mut self, name: &SettingName, read: fn(&str) -> Result<T, String>) -> Option<T> {
        read(name.example.trim_matches('"')).ok()
    }

    fn integer(&mut self, name: &SettingName) -> Option<u32> {
        name.example.parse().ok()
    }

    fn number<T>(&mut self, name: &SettingName, read: fn(f64) -> Result<T, String>) -> Option<T> {
        read(name.example.parse().ok()?).ok()
    }

    fn switch(&mut self, name: &SettingName) -> Option<bool> {
        name.example.parse().ok()
    }

    fn texts(&mut self, name: &SettingName) -> Option<Words> {
        match name.example.trim_matches('"') {
            "" => Some(Words::default()),
            names => Words::from_text(names).ok(),
        }
    }
}

/// The type of a setting.
pub trait Setting: Sized {
    /// Reads the setting from a source.
    fn read(source: &mut impl Source, name: &SettingName) -> Option<Self>;
}

impl<T: FromText> Setting for T {
    fn read(source: &mut impl Source, name: &SettingName) -> Option<Self> {
        source.text(name, T::from_text)
    }
}

impl Setting for u32 {
    fn read(source: &mut impl Source, name: &SettingName) -> Option<Self> {
        source.integer(name)
    }
}

impl Setting for Share {
    fn read(source: &mut impl Source, name: &SettingName) -> Option<Self> {
        source.number(name, Share::new)
    }
}

impl Setting for bool {
    fn read(source: &mut impl Source, name: &SettingName) -> Option<Self> {
        source.switch(name)
    }
}

impl Setting for Words {
    fn read(source: &mut impl Source, name: &SettingName) -> Option<Self> {
        source.texts(name)
    }
}

/// Declares a table of settings: a struct with an optional field for each, their names, and how all are read.
///
/// The keys have a prefix that the names in an attribute do not have; it may be empty. To use a table, take it apart with a pattern
/// that names every field: then a setting that is added later does not compile until it is used.
///
/// ```
/// use std::time::Duration;
///
/// use lifespan_text::Examples;
///
/// lifespan_text::settings! {
///     /// The settings of a kettle.
///     pub struct Kettle, keys begin with "kettle_" {
///         /// The time that it boils.
///         boil: Duration = "30s",
///         lid: bool = true,
///     }
/// }
///
/// assert_eq!(Kettle::NAMES[0].attribute, "boil");
/// assert_eq!(Kettle::NAMES[0].key, "kettle_boil");
/// assert_eq!(Kettle::NAMES[0].example, "\"30s\"");
/// let given = Kettle { boil: Some(Duration::from_secs(9)), ..Kettle::default() };
/// let Kettle { boil, lid } = given.or(Kettle::read(&mut Examples));
/// assert_eq!((boil, lid), (Some(Duration::from_secs(9)), Some(true)));
/// ```
#[macro_export]
macro_rules! settings {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident, keys begin with $prefix:literal {
        $($(#[$of_field:meta])* $field:ident: $type:ty = $example:literal,)+
    }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq)]
        $visibility struct $name {
            $($(#[$of_field])* $visibility $field: Option<$type>,)+
        }

        impl $name {
            /// The names of the settings.
            $visibility const NAMES: &'static [$crate::SettingName] = &[$($crate::SettingName {
                attribute: stringify!($field),
                key: concat!($prefix, stringify!($field)),
                example: stringify!($example),
            }),+];

            /// Reads all settings from a source.
            $visibility fn read(source: &mut impl $crate::Source) -> Self {
                let mut names = Self::NAMES.iter();
                let mut next = || names.next().expect("there is a name for each field");
                Self { $($field: $crate::Setting::read(source, next()),)+ }
            }

            /// Returns these settings; those that are not set come from `others`.
            #[must_use]
            $visibility fn or(self, others: Self) -> Self {
                Self { $($field: self.$field.or(others.$field),)+ }
            }

            /// Returns the number of settings that are set.
            $visibility fn count(&self) -> usize {
                let Self { $($field),+ } = self;
                [$($field.is_some()),+].into_iter().filter(|is_set| *is_set).count()
            }
        }
    };
}

pub(crate) use settings;
