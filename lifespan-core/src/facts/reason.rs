//! The reasons why an app shuts down.

use std::fmt;
use std::sync::Arc;

use crate::base::line;
use crate::plan::Registered;

/// The reason why a run stops.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// # use lifespan::Reason;
/// let running = app.start().await?;
/// let report = running.stop().await;
/// assert_eq!(report.reason(), Some(&Reason::Asked));
/// assert_eq!(Reason::Signal(15).to_string(), "SIGTERM");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A signal was received; this is its number.
    Signal(i32),
    /// `App::shutdown` or `Running::stop` was called.
    Asked,
    /// `App::shutdown_because` was called with this text.
    Because(Arc<str>),
    /// `App::exit` was called with this code.
    Exit(u8),
    /// A unit failed.
    Failed(Registered),
    /// A task with `on_return = "shutdown"` returned.
    Returned(Registered),
    /// All tasks have finished.
    AllFinished,
    /// The future of `launch`, or the handle of `start`, was dropped.
    Dropped,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Signal(number) => match signal_name(*number) {
                Some(name) => f.write_str(name),
                None => write!(f, "signal {number}"),
            },
            Reason::Asked => f.write_str("the app requested shutdown"),
            Reason::Because(reason) => f.write_str(&line(reason)),
            Reason::Exit(code) => write!(f, "exit with code {code} was requested"),
            Reason::Failed(unit) => write!(f, "{} `{unit}` failed", unit.kind()),
            Reason::Returned(unit) => write!(f, "task `{unit}` returned"),
            Reason::AllFinished => f.write_str("all tasks have finished"),
            Reason::Dropped => f.write_str("the `launch` future or the `Running` handle was dropped"),
        }
    }
}

fn signal_name(number: i32) -> Option<&'static str> {
    match number {
        1 => Some("SIGHUP"),
        2 => Some("SIGINT"),
        15 => Some("SIGTERM"),
        _ => None,
    }
}
