//! A reader of events.

use tokio::sync::broadcast;

use super::event::Event;
use super::snapshot::Snapshot;

/// A stream of the events of a run, from [`App::events`](crate::App::events).
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let mut events = app.events();
/// let running = app.start().await?;
/// assert_eq!(events.next().await.unwrap().to_string(), "launched 1");
/// running.stop().await;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Events {
    pub(crate) so_far: Snapshot,
    /// `None` when the run was over before.
    pub(crate) receiver: Option<broadcast::Receiver<Event>>,
}

impl Events {
    /// Returns the state of the app when this reader was created; [`next`](Self::next) returns what followed.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// # use lifespan::Status;
    /// let running = app.start().await?;
    /// let (unit, status) = app.events().so_far().units[0].clone();
    /// assert_eq!((unit.name().as_str(), status), ("serve", Status::Up));
    /// running.stop().await;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn so_far(&self) -> &Snapshot {
        &self.so_far
    }

    /// Returns the next event; `None` when the run is over, or the launch was refused.
    ///
    /// The stream is a bounded ring of 1,024 events: a reader that is too slow gets [`Event::Lagged`] instead of those
    /// it missed, and never delays the run.
    ///
    /// Cancel safe: no event is lost when this future is dropped.
    ///
    /// ```
    /// # use lifespan::{App, Shutdown, lifespan_task};
    /// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = App::empty();
    /// # app.register(ServeConfig {})?;
    /// let mut events = app.events();
    /// app.start().await?.stop().await;
    /// while let Some(event) = events.next().await {
    ///     println!("{event}");
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn next(&mut self) -> Option<Event> {
        match self.receiver.as_mut()?.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Event::Lagged { missed }),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
