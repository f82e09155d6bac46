//! The environment of the process, as it was at one moment.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::At;
use super::layers::Secret;
use super::names::FILE_SUFFIX;
use super::read::Reader;

/// The environment, as it was when it was read.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) variables: BTreeMap<String, SetVariable>,
    /// Set if there is any variable for keyword arguments, so that 100,000 instances don't build names needlessly.
    pub(super) has_arguments: bool,
}

/// The value of a variable.
pub(super) struct SetVariable {
    pub(super) text: OsString,
    /// The file with the value; `None` if the variable itself has it.
    file: Option<At>,
}

impl Environment {
    pub(super) fn new(variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut kept = BTreeMap::new();
        // Names that are not UTF-8 are ignored.
        kept.extend(
            variables.filter_map(|(name, text)| {
                Some((same_case(name.into_string().ok()?), SetVariable { text, file: None }))
            }),
        );
        let has_arguments = kept.keys().any(|name| name.starts_with("LIFESPAN__"));
        Self { variables: kept, has_arguments }
    }

    fn find(&self, name: &str) -> Option<&SetVariable> {
        if cfg!(windows) { self.variables.get(&same_case(name.to_owned())) } else { self.variables.get(name) }
    }

    /// Returns the value of a variable, and its place: the variable, or the file that another one names.
    pub(super) fn get(&self, name: &str) -> Option<(At, Reader<'_>)> {
        let set = self.find(name)?;
        let at = set.file.clone().unwrap_or_else(|| At::Variable(name.to_owned()));
        Some((at, Reader::text(set.text.to_str())))
    }

    /// Returns the text of a variable that is set and not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = &self.find(name)?.text;
        (!text.is_empty()).then(|| text.to_string_lossy().into_owned())
    }

    /// Returns the variables that may name a file with a value, with the paths.
    pub(super) fn named_files(&self) -> impl Iterator<Item = (String, String)> {
        let set = self.variables.iter().filter(|(name, set)| name.ends_with(FILE_SUFFIX) && !set.text.is_empty());
        set.map(|(name, set)| (name.clone(), set.text.to_string_lossy().into_owned()))
    }

    /// Gives a variable the value that was read from a file.
    pub(super) fn put_secret(&mut self, name: &str, secret: Secret) {
        let Secret { text, at } = secret;
        self.has_arguments |= name.starts_with("LIFESPAN__");
        self.variables.insert(name.to_owned(), SetVariable { text: text.into(), file: Some(at) });
    }

    /// Returns the names of the variables with this prefix, in order, without those that Kubernetes sets for a service.
    pub(super) fn starting_with<'e>(&'e self, prefix: &'e str) -> impl Iterator<Item = &'e str> {
        self.variables
            .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded))
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(prefix))
            .filter(|name| !self.is_of_service(name))
    }

    /// Returns whether it is one of the variables of a service, `X_SERVICE_HOST`, `X_PORT_80_TCP`, of which two are
    /// always set.
    fn is_of_service(&self, name: &str) -> bool {
        let is_one = |(end, _)| {
            let (service, rest) = name.split_at(end);
            let has = |suffix| self.variables.contains_key(&format!("{service}{suffix}"));
            let is_suffix = rest == "_PORT" || ["_PORT_", "_SERVICE_"].iter().any(|start| rest.starts_with(start));
            is_suffix && !service.ends_with('_') && has("_SERVICE_HOST") && has("_SERVICE_PORT")
        };
        name.match_indices('_').any(is_one)
    }
}

/// Converts to upper case on Windows, where the names of variables ignore case.
fn same_case(name: String) -> String {
    if cfg!(windows) { name.to_uppercase() } else { name }
}
