//! Places in the source.

use std::fmt;

/// A place in the source, as the compiler recorded it.
///
/// ```
/// # use lifespan::{App, Shutdown, lifespan_task};
/// # #[lifespan_task(manual)] async fn serve(shutdown: Shutdown) { shutdown.requested().await }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let app = App::empty();
/// # app.register(ServeConfig {})?;
/// let place = app.registered()[0].location();
/// println!("{}, line {}", place.file, place.line);
/// println!("{place}"); // src/main.rs:3:7
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The path of the file, as it was passed to the compiler.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl Location {
    /// Returns the place that called a `#[track_caller]` function.
    #[track_caller]
    pub(crate) fn caller() -> Self {
        std::panic::Location::caller().into()
    }
}

impl From<&'static std::panic::Location<'static>> for Location {
    fn from(place: &'static std::panic::Location<'static>) -> Self {
        Self { file: place.file(), line: place.line(), column: place.column() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
