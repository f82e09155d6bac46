//! One problem of a plan: what is wrong, where, and what to do.

use std::fmt;

/// What sort of problem it is, for programs; people read the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A unit takes a resource that nothing in the plan provides.
    MissingProvider,
    /// A resource is provided twice.
    TwoProviders,
    /// Units need each other in a circle.
    Cycle,
    /// A keyword argument has no value.
    MissingArgument,
    /// A value can't be read as its argument's type.
    IllTypedArgument,
    /// A file or variable names an argument that the unit does not have.
    UnknownArgument,
    /// A file or variable names a unit or a setting that does not exist.
    UnknownName,
    /// Two registrations have the same name.
    DuplicateName,
    /// Nothing is registered at all.
    NothingRegistered,
    /// A file can't be read or is no TOML.
    Source,
    /// A value is given twice: by a `register` call and a file, or by two names of one variable.
    Conflict,
    /// The same source place was linked twice.
    LinkedTwice,
    /// `after`, `before` or `skip` names something that is no unit.
    NotAUnit,
    /// The app is in a state in which this can't be done.
    State,
    /// The operating system gives no thread, no file descriptor or no signal handler.
    System,
    /// Something else about a unit that can't be run as it is declared.
    Declaration,
}

/// One problem: what is wrong, where, and what to do.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemKind,
    what: String,
    places: Vec<String>,
    snippet: Option<String>,
    help: Option<String>,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), places: Vec::new(), snippet: None, help: None }
    }

    /// Adds a place: a source location, a file with line and column, a variable.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.places.push(place.to_string());
        self
    }

    /// Adds the lines of the file at fault, with a caret, already rendered without colour.
    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "only files have snippets"))]
    pub(crate) fn snippet(mut self, rendered: impl Into<String>) -> Self {
        self.snippet = Some(rendered.into());
        self
    }

    /// Says what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What sort of problem it is.
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The places concerned: source locations, file places, variables.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// What to do, where that is known.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        match &self.snippet {
            Some(snippet) => {
                for line in snippet.lines() {
                    write!(f, "\n  {line}")?;
                }
            }
            None => {
                for place in &self.places {
                    write!(f, "\n  at {place}")?;
                }
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}
