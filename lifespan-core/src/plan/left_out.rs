//! A unit that does not run: the type for users.

use std::fmt;

use super::why::WhyNot;
use crate::unit::{Descriptor, Unit};

/// A unit of the program that does not run, as [`Plan::left_out`](crate::Plan::left_out) lists it.
///
/// ```
/// # use lifespan::{App, lifespan_task};
/// # #[lifespan_task(once)] async fn sweep() {}
/// # #[lifespan_task(once)] async fn count() {}
/// let app = App::new();
/// app.only(count)?;
/// let plan = app.check().expect("the plan is valid");
/// for left_out in plan.left_out() {
///     println!("{left_out}"); // task `sweep` does not run: not named in `app.only`
/// }
/// # Ok::<(), lifespan::RegisterError>(())
/// ```
#[derive(Clone)]
pub struct LeftOut {
    pub(super) unit: &'static Descriptor,
    /// The shortest name that is unique.
    pub(super) address: String,
    pub(super) why: WhyNot,
    /// Set if it counts as a provider: another profile, table or command would run it.
    pub(super) may_provide: bool,
}

impl LeftOut {
    /// Returns the unit.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(once)] async fn sweep() {}
    /// # #[lifespan_task(once)] async fn count() {}
    /// let app = App::new();
    /// app.only(count)?;
    /// let plan = app.check().expect("the plan is valid");
    /// assert!(plan.left_out().iter().any(|left_out| left_out.unit().name() == "sweep"));
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn unit(&self) -> Unit {
        Unit::of(self.unit)
    }

    /// Returns the reason, in a few words for people.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(once)] async fn sweep() {}
    /// # #[lifespan_task(once)] async fn count() {}
    /// let app = App::new();
    /// app.only(count)?;
    /// let plan = app.check().expect("the plan is valid");
    /// let sweep = plan.left_out().into_iter().find(|left_out| left_out.unit().name() == "sweep").unwrap();
    /// assert_eq!(sweep.reason(), "not named in `app.only`");
    /// # Ok::<(), lifespan::RegisterError>(())
    /// ```
    #[must_use]
    pub fn reason(&self) -> String {
        self.why.reason(self.unit, &self.address)
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}` does not run: {}", self.unit.kind, self.address, self.reason())
    }
}

impl fmt::Debug for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
