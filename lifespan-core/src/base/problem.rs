//! One problem of a plan: what is wrong, where, and what to do.

use std::borrow::Cow;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::base::text;

/// The kind of a problem, for programs; its text is for people.
///
/// ```
/// # use lifespan::{App, Res, lifespan_task};
/// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
/// # let app = App::empty();
/// # app.register(QueryConfig {})?;
/// let error = app.check().unwrap_err();
/// let problem = &error.problems()[0];
/// assert_eq!(problem.kind(), lifespan::ProblemKind::MissingProvider);
/// # Ok::<(), lifespan::RegisterError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A unit takes a resource that nothing in the plan provides.
    MissingProvider,
    /// A resource is provided twice.
    TwoProviders,
    /// The dependencies of units form a cycle.
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
    /// A file can't be read or is not valid TOML.
    Source,
    /// A value is set twice: by a `register` call and a file, or by two names of one variable.
    Conflict,
    /// The same place in the source was linked twice.
    LinkedTwice,
    /// `after`, `before` or `skip` names something that is not a unit.
    NotAUnit,
    /// Linked units are not named in a `discover!`.
    NotDiscovered,
    /// `after` or `before` names a unit that does not run.
    NotRunning,
    /// The app's state does not allow this.
    State,
    /// The operating system refused a thread, a file descriptor or a signal handler.
    System,
    /// Another error in the declaration of a unit.
    Declaration,
}

/// One problem: what is wrong, where, and what to do.
///
/// ```
/// # use lifespan::{App, Res, lifespan_task};
/// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
/// let app = App::empty();
/// app.register(QueryConfig {})?;
/// let error = app.check().unwrap_err();
/// let problem = &error.problems()[0];
/// println!("{}\n  help: {:?}", problem.what(), problem.advice());
/// # Ok::<(), lifespan::RegisterError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemKind,
    what: String,
    places: Vec<String>,
    snippet: Option<Snippet>,
    help: Option<String>,
}

/// The lines of the file at fault. They are rendered only when shown: there may be thousands of problems.
#[derive(Clone)]
struct Snippet(Arc<dyn Fn() -> Option<String> + Send + Sync + UnwindSafe + RefUnwindSafe>);

impl fmt::Debug for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0(), f)
    }
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, what: impl Into<String>) -> Self {
        Self { kind, what: line(what.into()), places: Vec::new(), snippet: None, help: None }
    }

    /// Adds a place: a place in the source, a file with line and column, a variable.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.places.push(line(place.to_string()));
        self
    }

    /// Adds the lines of the file at fault, with a caret, rendered without colour and without control characters. If
    /// none are rendered, the places are shown.
    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "only files have snippets"))]
    pub(crate) fn snippet(
        mut self,
        render: impl Fn() -> Option<String> + Send + Sync + UnwindSafe + RefUnwindSafe + 'static,
    ) -> Self {
        self.snippet = Some(Snippet(Arc::new(render)));
        self
    }

    /// Adds the advice: what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(line(help.into()));
        self
    }

    /// Returns the kind of the problem.
    ///
    /// ```
    /// # use lifespan::{App, Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
    /// # let app = App::empty();
    /// # app.register(QueryConfig {})?;
    /// let error = app.check().unwrap_err();
    /// let problem = &error.problems()[0];
    /// assert_eq!(problem.kind(), lifespan::ProblemKind::MissingProvider);
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Returns what is wrong, in one line.
    ///
    /// ```
    /// # use lifespan::{App, Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
    /// # let app = App::empty();
    /// # app.register(QueryConfig {})?;
    /// let error = app.check().unwrap_err();
    /// let problem = &error.problems()[0];
    /// assert!(problem.what().contains("String"), "{}", problem.what());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Returns the places concerned: source locations, file places, variables.
    ///
    /// ```
    /// # use lifespan::{App, Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
    /// # let app = App::empty();
    /// # app.register(QueryConfig {})?;
    /// let error = app.check().unwrap_err();
    /// let problem = &error.problems()[0];
    /// assert!(!problem.places().is_empty());
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// Returns what to do, if that is known.
    ///
    /// ```
    /// # use lifespan::{App, Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
    /// # let app = App::empty();
    /// # app.register(QueryConfig {})?;
    /// let error = app.check().unwrap_err();
    /// let problem = &error.problems()[0];
    /// if let Some(advice) = problem.advice() {
    ///     println!("help: {advice}");
    /// }
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        match self.snippet.as_ref().and_then(|snippet| snippet.0()) {
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

/// Returns the text in one line. It may contain parts of a file or of an error.
fn line(text: String) -> String {
    match text::line(&text) {
        Cow::Owned(line) => line,
        Cow::Borrowed(_) => text,
    }
}

/// Shows many problems as one text: the first 50, and how many more there are.
pub(crate) struct Problems<'a> {
    pub(crate) all: &'a [Problem],
    /// The text before each.
    pub(crate) before: &'a str,
    /// The text between two.
    pub(crate) between: &'static str,
}

impl Problems<'_> {
    const SHOWN: usize = 50;
}

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, before, between } = self;
        for (position, problem) in all.iter().take(Self::SHOWN).enumerate() {
            let between = if position > 0 { between } else { "" };
            write!(f, "{between}{before}{problem}")?;
        }
        match all.len().saturating_sub(Self::SHOWN) {
            0 => Ok(()),
            1 => write!(f, "{between}and 1 more problem"),
            more => write!(f, "{between}and {more} more problems"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_three_lines_whatever_its_parts_hold() {
        let problem = Problem::new(ProblemKind::UnknownName, "a\nb").at("c\u{1b}d").help("e\rf");
        assert_eq!(problem.to_string(), "a\\nb\n  at c\\u{1b}d\n  help: e\\rf");
        assert_eq!((problem.what(), &*problem.places()[0], problem.advice()), ("a\\nb", "c\\u{1b}d", Some("e\\rf")));
    }

    #[test]
    fn of_many_problems_the_first_are_shown_and_the_others_counted() {
        let all: Vec<Problem> = (0..60).map(|n| Problem::new(ProblemKind::State, format!("p{n}"))).collect();
        let shown = |count: usize| Problems { all: &all[..count], before: "- ", between: "\n" }.to_string();
        assert_eq!(shown(2), "- p0\n- p1");
        assert!(shown(50).ends_with("\n- p49"));
        assert!(shown(51).ends_with("\n- p49\nand 1 more problem"));
        assert!(shown(60).ends_with("\n- p49\nand 10 more problems"));
    }
}
