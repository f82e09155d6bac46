//! The outcome of a triggered run.

use std::sync::Arc;

use super::failure::Failure;

/// The outcome of a triggered run.
///
/// ```
/// use lifespan::{App, RunOutcome, lifespan_task};
///
/// #[lifespan_task(manual, every = "1h")]
/// async fn sweep() {}
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::empty();
/// app.register(SweepConfig {})?;
/// let running = app.start().await?;
/// match app.trigger(sweep).await? {
///     RunOutcome::Failed(failure) => println!("{failure}"),
///     outcome => assert!(outcome.is_success()),
/// }
/// # running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RunOutcome {
    /// The run returned.
    Returned,
    /// The run failed, panicked or timed out; the schedule continues.
    Failed(Arc<Failure>),
}

impl RunOutcome {
    /// Returns whether the run returned without a failure.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual, every = "1h")] async fn sweep() {}
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(SweepConfig {})?;
    /// # let running = app.start().await?;
    /// assert!(app.trigger(sweep).await?.is_success());
    /// # running.stop().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Returned)
    }

    /// Returns the failure, if there was one.
    ///
    /// ```
    /// # use lifespan::{App, lifespan_task};
    /// # #[lifespan_task(manual, every = "1h")]
    /// # async fn sweep() -> Result<(), String> { Err("the disk is full".to_owned()) }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(SweepConfig {})?;
    /// # let running = app.start().await?;
    /// let outcome = app.trigger(sweep).await?;
    /// assert_eq!(outcome.failure().unwrap().chain(), ["the disk is full"]);
    /// # running.stop().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn failure(&self) -> Option<&Arc<Failure>> {
        match self {
            Self::Returned => None,
            Self::Failed(failure) => Some(failure),
        }
    }
}
