//! The attributes and macros of [`lifespan`](https://docs.rs/lifespan). Use that crate instead of this one.
//!
//! An attribute is a small compiler in three stages: it parses the function's head, checks it into a model, and
//! expands the model.

mod attribute;
mod check;
mod discover;
mod expand;
mod group;
mod model;
mod parse;
#[cfg(test)]
mod snapshots;
mod util;

use model::Kind;
use proc_macro2::TokenStream;

/// Turns an async function (or a plain one, with `blocking`) into a task, which runs while the app is up.
///
/// ```
/// use std::time::Duration;
/// use lifespan::{App, Shutdown, lifespan_task};
///
/// #[lifespan_task(manual, restart(transient, backoff = "1s..1m"))]
/// async fn poll(
///     /// The address to ask.
///     url: String,
///     #[config(default = "5s")] every: Duration,
///     shutdown: Shutdown,
/// ) -> Result<(), std::io::Error> {
///     while shutdown.sleep(every).await.is_elapsed() {
///         println!("asking {url}");
///     }
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::empty();
/// app.register(PollConfig::new("https://example.org".to_owned()))?;
/// let running = app.start().await?;
/// assert!(running.stop().await.is_success());
/// # Ok(()) }
/// ```
///
/// # Parameters
///
/// A parameter of a type named `App`, `Children`, `Health`, `Live`, `Ready`, `Res`, `Option<Res>`, `Shutdown` or `Tick`, or marked
/// `#[inject]`, is injected by the framework. Every other parameter is a keyword argument: its value comes from code,
/// `lifespan.toml` or the environment, and `#[config(…)]` configures it:
///
/// | | |
/// |---|---|
/// | `default = expr` | the value used when no source provides one; a string literal is converted with `Into`, and `"1h30m"` is read for a `Duration` |
/// | `env = "VAR"` | an additional environment variable to read it from |
/// | `secret` | hides its value in messages, logs and `Debug` output |
/// | `rename = "…"`, `alias = "…"` | replaces its name, or adds one, in files and variables |
/// | `key` | its value names the instance when a task has several |
/// | `code` | only code can set it; its type needs neither `Deserialize` nor `Clone` |
///
/// Keyword arguments become the public fields of a struct named after the function: `PollUpdatesConfig` for `poll_updates`.
///
/// # Arguments
///
/// | | |
/// |---|---|
/// | `name = "…"` | the name in files, variables and messages |
/// | `config = Name` | the name of the config struct |
/// | `manual` | runs only if code names it (`App::only`) or registers it, or if the operator enables it in its policy |
/// | `configured` | runs once for each of its tables in `lifespan.toml`, and not without one |
/// | `always` | runs also if `App::only` names other units |
/// | `profile("a", "b")` | runs if one of these profiles is active (`App::profiles`, or `profiles` under `[lifespan]`), or if `App::only` names it |
/// | `once` | up once it has returned; the value it returns becomes a resource |
/// | `blocking` | a plain `fn`, which runs on its own thread |
/// | `background` | does not keep the app up: the app stops when all other tasks have finished |
/// | `first`, `last` | starts before or after all other units, unless a dependency says otherwise |
/// | `after(path, …)`, `before(path, …)` | starts after or before these units |
/// | `startup_timeout = "60s"`, `shutdown_timeout = "10s"` | the limits for its start and its stop |
/// | `on_failure = "shutdown"` or `"ignore"` | whether its failure stops the app |
/// | `on_return = "shutdown"` or `"ignore"` | whether its return before shutdown stops the app |
/// | `on_shutdown = "notify"`, `"finish"` or `"drop"` | how it is stopped: notified through `Shutdown`, left to finish, or dropped |
/// | `readiness = "required"` | the app is not ready while this unit waits for a restart or recovers from a failure; by default this applies only to units that a server needs |
/// | `restart(transient, …)` | restarts it after a failure (`permanent`: always; `temporary`: never, the default). The restart limit is `intensity = 3` restarts within `period = "30s"`. The delay doubles within `backoff = "100ms..30s"`, the share `jitter = 0.2` of it is random, and it starts over after the unit was healthy for `reset_after = "60s"` |
/// | `group = path` | the [`group!`](macro@group) that it is restarted with |
/// | `every = "5s"`, `delay = "5s"` or `cron = "0 30 2 * * *"` | runs on a schedule: at a fixed period, with a fixed delay after the end of each run, or by the wall clock of `zone = "Europe/Berlin"` (default UTC; feature `cron`) |
/// | `start = "now"` or `"after_first_period"` | the first run: immediately (the default, except with `cron`), or at the first scheduled time |
/// | `missed = "fold"`, `"skip"` or `"all"` | scheduled times that passed while no run was possible: one run for all of them (the default), the same with `late` of a minute by default, or one run for each |
/// | `overlap = "skip"`, `"queue"` or `"parallel(n)"` | a scheduled time during a run: it is skipped (the default), its run waits, or up to `n` runs overlap |
/// | `late = "1h"` | how late a scheduled time may get its run; by default without limit |
/// | `jitter = "500ms"`, `timeout = "30s"` | a random delay of up to this much before each run; the time limit of a run |
/// | `crate = path` | the path of the framework, if not `::lifespan` |
///
/// The function returns `()`, `!` or `Result<(), E>`; with `once` also `T` or `Result<T, E>`. You can still call it as a function.
#[proc_macro_attribute]
pub fn lifespan_task(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    unit(Kind::Task, arguments.into(), &item.into()).into()
}

/// Turns an async function into a context, which sets up a resource, provides it, and tears it down.
///
/// With a parameter `scope: Scope<T>` it awaits `scope.provide_until_shutdown(value)` between its setup and its teardown,
/// and returns `()` or `Result<(), E>`. Without that parameter it returns the resource, as `T` or `Result<T, E>`.
///
/// ```
/// use lifespan::{App, Scope, lifespan_context};
///
/// struct Pool;
///
/// #[lifespan_context(manual)]
/// async fn pool(#[config(default = 8)] connections: u32, scope: Scope<Pool>) {
///     println!("opening {connections} connections");        // setup
///     let pool = scope.provide_until_shutdown(Pool).await;  // the app is up
///     drop(pool);                                           // teardown
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::empty();
/// app.register(PoolConfig { connections: 2 })?;
/// let running = app.start().await?;
/// assert!(app.resource::<Pool>().is_some());
/// assert!(running.stop().await.is_success());
/// # Ok(()) }
/// ```
///
/// With `scope.provide_until_shutdown_or(value, failed)` it also ends when `failed` completes: its resource was lost while
/// it was up.
///
/// Parameters and arguments are those of [`macro@lifespan_task`], without `once`, `blocking`, `background`,
/// `on_return`, `on_shutdown` and schedules.
/// `restart(transient, …)` (`permanent` is not supported) sets it up again when its setup fails or when it fails while it
/// is up. The units that depend on it are stopped first and restarted after it.
#[proc_macro_attribute]
pub fn lifespan_context(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    unit(Kind::Context, arguments.into(), &item.into()).into()
}

/// Generates the function that lists all discovered units, and links the crates that define some of them.
///
/// ```
/// lifespan::discover! {
///     /// Every task and context in this program, in registration order.
///     pub fn lifespan_tasks();
/// }
///
/// println!("{}", lifespan_tasks());
/// ```
///
/// `link` names the library crates whose units belong to the program:
///
/// ```text
/// lifespan::discover! {
///     /// Every task and context in this program, in registration order.
///     pub fn lifespan_tasks();
///     link my_jobs, my_models;
/// }
/// ```
///
/// The linker silently drops a dependency that the code never names; `link` names it. Link a crate that Cargo.toml renames
/// as `link local_name as real_name`. `crate = path;` is the path of the framework, if not `::lifespan`.
#[proc_macro]
pub fn discover(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    discover::expand(input.into()).into()
}

/// Declares a group of units that are restarted together, like the children of an Erlang supervisor.
///
/// ```
/// use lifespan::{Shutdown, lifespan_task};
///
/// lifespan::group! {
///     /// Reads, parses and stores.
///     pub ingest: rest_for_one, intensity = 5, period = "1m"
/// }
///
/// #[lifespan_task(manual, group = ingest)]
/// async fn read(shutdown: Shutdown) -> Result<(), std::io::Error> {
///     shutdown.requested().await;
///     Ok(())
/// }
/// ```
///
/// A member is `transient` unless its `restart(…)` says otherwise. When a member has to be restarted, `one_for_one` restarts
/// only that member, `rest_for_one` also the members that start after it, and `one_for_all` all members. The other members
/// are stopped in reverse order, each within its grace period; then all are started in order. The app fails when the whole
/// group needs more than `intensity = 3` restarts within `period = "30s"`. `crate = path` is the path of the framework, if
/// not `::lifespan`.
///
/// The macro generates a function of that name, which returns the group: `ingest().name()`.
#[proc_macro]
pub fn group(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    group::expand(input.into()).into()
}

fn unit(kind: Kind, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function = match parse::function(kind, item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            return quote::quote!(#item #error);
        }
    };
    match check::unit(kind, arguments, &mut function) {
        Ok(unit) => expand::unit(&unit, &function),
        // The function is emitted despite the errors: otherwise each use of it would report one more error.
        Err(error) => {
            let error = error.into_compile_error();
            quote::quote!(#function #error)
        }
    }
}
