//! What expands: the attributes and `discover!` of [`lifespan`](https://docs.rs/lifespan), which is the crate to use.
//!
//! An attribute is a small compiler, one file a stage: parse the head, validate it into a model, expand.

mod blocking;
mod cron;
mod discover;
mod duration;
mod errors;
mod expand;
mod group;
mod model;
mod parse;
mod paths;
mod place;
mod restart;
mod schedule;
mod settings;
#[cfg(test)]
mod snapshots;
mod validate;
mod written;

use model::Kind;
use proc_macro2::TokenStream;

/// Makes an async function, or with `blocking` a plain one, a task: it runs while the app is up.
///
/// # Parameters
///
/// A parameter of a type named `App`, `Children`, `Health`, `Live`, `Ready`, `Res`, `Option<Res>`, `Shutdown` or `Tick`, or marked
/// `#[inject]`, is handed in by the framework. All else is a keyword argument, whose value comes from code, `lifespan.toml` or the environment, and about
/// which `#[config(…)]` says more:
///
/// | | |
/// |---|---|
/// | `default = expr` | the value where nothing else gives one; a string literal is converted with `Into` |
/// | `env = "VAR"` | a variable of its own |
/// | `secret` | its value is in no message, log or `Debug` output |
/// | `rename = "…"`, `alias = "…"` | its name, and further names, in files and variables |
/// | `key` | its value names the instance, where a task has several |
/// | `code` | only code can give it: it need be neither `Deserialize` nor `Clone` |
///
/// They become the public fields of a struct named after the function: `PollUpdatesConfig` for `poll_updates`.
///
/// # Arguments
///
/// | | |
/// |---|---|
/// | `name = "…"` | the name in files, variables and messages |
/// | `config = Name` | the name of the config struct |
/// | `manual` | not registered without being asked |
/// | `once` | up when it has returned; a value that it returns is a resource |
/// | `blocking` | a plain `fn`, which runs on a thread of its own |
/// | `first`, `last` | before or after all that have no edge to the contrary |
/// | `after(path, …)`, `before(path, …)` | starts after or before these units |
/// | `startup_timeout = "60s"`, `shutdown_timeout = "10s"` | its limits |
/// | `on_failure = "shutdown"` or `"ignore"` | what its failure means to the app |
/// | `on_return = "shutdown"` or `"ignore"` | what its return before shutdown means to the app |
/// | `on_shutdown = "tell"`, `"finish"` or `"drop"` | how it is stopped |
/// | `readiness = "required"` | the app is not ready while this unit waits for its restart or recovers from a failure; else that is so only where a server needs it |
/// | `restart(transient, …)` | starts again after a failure (`permanent`: always; `temporary`: never, the default), with `intensity = 3` restarts within `period = "30s"`, a delay that doubles within `backoff = "100ms..30s"`, of which `jitter = 0.2` is left to chance, anew after a healthy `reset_after = "60s"` |
/// | `group = path` | the [`group!`](macro@group) with which it is restarted |
/// | `every = "5s"`, `delay = "5s"` or `cron = "0 30 2 * * *"` | runs again and again: at whole periods, so long after the end of a run, or by the wall clock of `zone = "Europe/Berlin"` (UTC when left out; feature `cron`) |
/// | `start = "now"` or `"after_first_period"` | when the first run is: at once, the default but with `cron`, or at the first time |
/// | `missed = "fold"`, `"skip"` or `"all"` | what becomes of times that passed while nothing could run: one run for all of them, the default, none, or one each |
/// | `overlap = "skip"`, `"queue"` or `"parallel(n)"` | a time that comes during a run is missed, the default, waits for its turn, or has its run beside |
/// | `jitter = "500ms"`, `timeout = "30s"` | up to so much later each run starts, as chance has it; so long it may take |
/// | `crate = path` | where the framework is, if not at `::lifespan` |
///
/// The function returns `()`, `!` or `Result<(), E>`; with `once` also `T` or `Result<T, E>`. It stays callable by hand.
#[proc_macro_attribute]
pub fn lifespan_task(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    attribute(Kind::Task, arguments.into(), &item.into()).into()
}

/// Makes an async function a context: it sets something up, holds it, and tears it down.
///
/// With a parameter `scope: Scope<T>` it awaits `scope.provide_until_shutdown(value)` between its setup and its teardown,
/// and returns `()` or `Result<(), E>`. Without, it returns the resource, as `T` or `Result<T, E>`.
///
/// With `scope.provide_until_shutdown_or(value, failed)` it learns of the loss of its resource while it is up.
///
/// Parameters and arguments are those of [`macro@lifespan_task`], without `once`, `blocking`, `on_return`, `on_shutdown`
/// and schedules.
/// `restart(transient, …)` (never `permanent`) sets it up again when its setup fails, and when it fails while it is up: then what depends on it
/// is stopped before, and started again after.
#[proc_macro_attribute]
pub fn lifespan_context(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    attribute(Kind::Context, arguments.into(), &item.into()).into()
}

/// Makes the function that lists what was discovered, and says which crates' units belong to this program.
///
/// ```text
/// lifespan::discover! {
///     /// Every task and context in this program, in registration order.
///     pub fn lifespan_tasks();
///     link my_jobs, my_models;
/// }
/// ```
///
/// A dependency that nothing names is dropped by the linker, silently; `link` names it. A crate that Cargo.toml renames
/// is linked as `link local_name as real_name`. `crate = path;` says where the framework is, if not at `::lifespan`.
#[proc_macro]
pub fn discover(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    discover::expand(input.into()).into()
}

/// Names a group of units that are restarted together, in the sense of Erlang's supervisors.
///
/// ```text
/// lifespan::group! {
///     /// Reads, parses and stores.
///     pub ingest: rest_for_one, intensity = 5, period = "1m"
/// }
///
/// #[lifespan_task(group = ingest)]
/// async fn read(…) { … }
/// ```
///
/// When a member ends such that it is to be restarted (`transient`, where it says nothing else with `restart(…)`),
/// `one_for_one` restarts it alone, `rest_for_one` with those members that start after it, `one_for_all` with all. The
/// others are stopped in reverse order, each within its grace, and then all are started in order. More than `intensity = 3`
/// restarts within `period = "30s"` in the group as a whole are a failure of the app. `crate = path` says where the
/// framework is, if not at `::lifespan`.
#[proc_macro]
pub fn group(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    group::expand(input.into()).into()
}

fn attribute(kind: Kind, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function = match parse::function(kind, item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            return quote::quote!(#item #error);
        }
    };
    match validate::unit(kind, arguments, &mut function) {
        Ok(unit) => expand::unit(&unit, &function),
        // The function itself is fine: without it, every use of it would be one more error.
        Err(error) => {
            let error = error.into_compile_error();
            quote::quote!(#function #error)
        }
    }
}
