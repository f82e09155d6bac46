//! The error of a plan.

use std::fmt;

use crate::base::{Problem, Problems};

/// An invalid plan, with all its problems.
///
/// ```
/// # use lifespan::{App, Res, lifespan_task};
/// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
/// let app = App::empty();
/// app.register(QueryConfig {})?;
/// let error = app.check().unwrap_err();
/// println!("{error}");
/// assert_eq!(error.problems().len(), 1);
/// # Ok::<(), lifespan::RegisterError>(())
/// ```
pub struct PlanError {
    pub(crate) problems: Vec<Problem>,
}

impl PlanError {
    /// Returns all problems. The error itself displays the first 50 of them.
    ///
    /// ```
    /// # use lifespan::{App, Res, lifespan_task};
    /// # #[lifespan_task(manual)] async fn query(pool: Res<String>) {}
    /// # let app = App::empty();
    /// # app.register(QueryConfig {})?;
    /// for problem in app.check().unwrap_err().problems() {
    ///     println!("{}: {:?}", problem.what(), problem.places());
    /// }
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Problems { all: &self.problems, before: "", between: "\n\n" }.fmt(f)
    }
}

impl fmt::Debug for PlanError {
    /// Shows the text for people: `main` and `expect` print errors with `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PlanError {}
