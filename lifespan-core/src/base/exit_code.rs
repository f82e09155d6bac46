//! The exit code of a run, by its cause.

/// The exit code of a run, by its cause. The first cause decides.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::{Event, ExitCode};
/// let mut events = app.events();
/// app.start().await?.stop().await;
/// while let Some(event) = events.next().await {
///     if let Event::Ended { exit_code, .. } = event {
///         assert_eq!(exit_code, ExitCode::Stopped);
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ExitCode {
    /// 0: all units stopped in order.
    Stopped,
    /// 1: a unit failed after the app was up; in a batch (all tasks are `once` or `background`, at least one is `once`), at any
    /// time.
    Failed,
    /// 2: the plan or a config is wrong, and nothing ran.
    Refused,
    /// 3: the app never came up, and the started units were rolled back.
    NeverUp,
    /// 4: a unit could not be stopped in time, or a teardown failed.
    Incomplete,
    /// The code passed to [`App::exit`](crate::App::exit).
    Asked(u8),
    /// 128 and the number of the signal that forced the end.
    Forced(u8),
}

impl ExitCode {
    /// Returns the number with which the process exits.
    ///
    /// ```
    /// use lifespan::ExitCode;
    ///
    /// assert_eq!(ExitCode::NeverUp.number(), 3);
    /// assert_eq!(ExitCode::Forced(15).number(), 143);
    /// ```
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::Failed => 1,
            Self::Refused => 2,
            Self::NeverUp => 3,
            Self::Incomplete => 4,
            Self::Asked(code) => code,
            Self::Forced(signal) => 128_u8.saturating_add(signal),
        }
    }

    /// Returns this code, or the one of an incomplete stop if this one reports success.
    pub(crate) fn or_incomplete(self) -> Self {
        if self == Self::Stopped { Self::Incomplete } else { self }
    }
}

/// Returns the number of a signal, in the form of [`ExitCode::Forced`].
pub(crate) fn signal_number(signal: i32) -> u8 {
    u8::try_from(signal).unwrap_or(u8::MAX)
}
