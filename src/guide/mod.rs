//! A guide from a first task to deployment, one chapter for each thing that you want to do.
//!
//! | you want to | chapter |
//! |---|---|
//! | run a function while the service is up | [A first task](first_task) |
//! | open a pool before it is used, and close it last | [Resources](resources) |
//! | give a task its own arguments | [Arguments](arguments) |
//! | set arguments in a file or in variables | [Configuration](configuration) |
//! | run one command of a program, or a profile | [Commands and profiles](commands) |
//! | change the configuration of a running service | [Reload](reload) |
//! | say what starts before what | [Order](order) |
//! | put tasks into a library crate | [Libraries](libraries) |
//! | say when a task is up | [Readiness](readiness) |
//! | say that a unit cannot do its work for a while | [Health](health) |
//! | take traffic only when the service can answer | [Ready or degraded](degraded) |
//! | decide what the failure of a task does | [Failure](failure) |
//! | restart a task that fails | [Restarts](restarts) |
//! | connect again when a connection is lost | [Lost resources](lost_resources) |
//! | restart several units together | [Groups](groups) |
//! | spawn tasks that end with their parent | [Children](children) |
//! | run a task on a schedule | [Schedules](schedules) |
//! | run code that blocks or computes for long | [Blocking work](blocking) |
//! | stop in order, within a limit | [Stopping](stopping) |
//! | run steps and end | [Batch jobs](batch) |
//! | see what happens: log, events, report | [Watching a run](watching) |
//! | test a task, without waiting | [Testing](testing) |
//! | rebuild and restart on each change | [Developing](developing) |
//! | run in a container or Kubernetes | [Deployment](deployment) |
//! | run as a systemd service | [Under systemd](systemd) |
//! | translate Python's lifespan tasks | [From Python](from_python) |
//!
//! For a web server as a unit, see the crate `lifespan-axum` (feature `axum`).
//!
//! # Terms
//!
//! | term | meaning |
//! |---|---|
//! | unit | a task or a context: an annotated function |
//! | [task](macro@crate::lifespan_task) | runs while the app is up |
//! | [context](macro@crate::lifespan_context) | sets something up, holds it, tears it down |
//! | resource | the value that a context provides; taken as [`Res<T>`](crate::Res) |
//! | config | the struct made of a unit's keyword arguments: `PollConfig` for `poll` |
//! | registration | one instance of a unit with one config; a task may have several |
//! | discovered | every unit that the linker collected, listed by [`discover!`](crate::discover) |
//! | registered | the registrations that this app runs: [`App::registered`](crate::App::registered) |
//! | [plan](crate::Plan) | the registrations, checked and ordered; no user code has run yet |
//! | [report](crate::Report) | the outcome of every registration, with an exit code |
//!
//! Next: [A first task](first_task)

pub mod arguments;
pub mod batch;
pub mod blocking;
pub mod children;
pub mod commands;
pub mod configuration;
pub mod degraded;
pub mod deployment;
pub mod developing;
pub mod failure;
pub mod first_task;
pub mod from_python;
pub mod groups;
pub mod health;
pub mod libraries;
pub mod lost_resources;
pub mod order;
pub mod readiness;
pub mod reload;
pub mod resources;
pub mod restarts;
pub mod schedules;
pub mod stopping;
pub mod systemd;
pub mod testing;
pub mod watching;
