//! Give a task its own arguments, and run it several times with different ones.
//!
//! A parameter that the framework does not inject (such as `Res` or `Shutdown`) is a keyword argument. It becomes a
//! public field of a struct named after the function: `PollConfig` for `poll`.
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::prelude::*;
//!
//! #[lifespan_task(manual)]
//! async fn poll(
//!     /// The address to ask.
//!     url: String,
//!     #[config(default = "5s")] every: Duration,
//!     #[config(secret, env = "API_TOKEN")] token: Option<String>,
//! ) {
//! #   let _ = (url, every, token);
//! }
//!
//! let config = PollConfig::new("https://example.org".to_owned(), None).with_every(Duration::from_secs(1));
//! assert_eq!(config.every, Duration::from_secs(1));
//!
//! let app = App::empty();
//! app.register(config)?;
//! app.register(PollConfig { url: "https://example.com".to_owned(), every: Duration::from_secs(9), token: None })?;
//! assert_eq!(app.registered().len(), 2);
//! # Ok::<(), lifespan::RegisterError>(())
//! ```
//!
//! A config that code passes to [`register`](crate::App::register) is complete: no file and no variable overrides it,
//! and a table or a variable that would have no effect is an error. To take the values of the [file and the
//! variables](super::configuration) and change one field, start from `PollConfig::load()`.
//!
//! - A default is an expression. A string literal is converted with `Into`; for a `Duration` it is read as in the file.
//! - A type of your own needs `Clone` and `serde::Deserialize`.
//! - `#[config(code)]` marks an argument that only code can set, such as a channel.
//! - `#[config(key)]` marks the argument whose value names the instance, as in `probe[work]`.
//! - `#[config(secret)]` hides the value in logs and in `Debug` output. No message shows any value, except that of a
//!   `#[config(key)]`, which is part of the instance's name.
//! - A task marked `configured` runs once for each of its tables in the file, and not without one. One marked `manual`
//!   runs only if code registers or names it, or its policy has `enabled = true`: see [Commands and profiles](super::commands).
//!
//! [`lifespan_task`](macro@crate::lifespan_task) lists all options of `#[config(…)]`.
//!
//! [Previous: Resources](super::resources) · [Contents](super) · Next: [Configuration](super::configuration)
