//! From a first task to deployment.
//!
//! 1. [A first task](#a-first-task)
//! 2. [Resources](#resources)
//! 3. [Keyword arguments](#keyword-arguments)
//! 4. [Order](#order)
//! 5. [Units in libraries](#units-in-libraries)
//! 6. [Readiness](#readiness)
//! 7. [Health](#health)
//! 8. [Failure](#failure)
//! 9. [Restarts](#restarts)
//! 10. [Lost resources](#lost-resources)
//! 11. [Groups](#groups)
//! 12. [Children](#children)
//! 13. [Periodic work](#periodic-work)
//! 14. [Blocking work](#blocking-work)
//! 15. [Stopping](#stopping)
//! 16. [Batch jobs](#batch-jobs)
//! 17. [Watching a run](#watching-a-run)
//! 18. [Testing your tasks](#testing-your-tasks)
//! 19. [Developing](#developing)
//! 20. [Deployment](#deployment)
//! 21. [Under systemd](#under-systemd)
//!
//! # A first task
//!
//! A task is an async function that runs while the app is up. [`App::new`](crate::App::new) finds it by itself:
//!
//! ```standalone_crate
//! use lifespan::{App, Report, lifespan_task};
//!
//! /// Says hello, once.
//! #[lifespan_task(once)]
//! async fn hello() {
//!     println!("hello");
//! }
//!
//! fn main() -> Report {
//!     App::new().run()
//! }
//! ```
//!
//! [`run`](crate::App::run) makes a tokio runtime, runs the app on it, and shuts it down. It returns a
//! [`Report`](crate::Report), also when the plan is wrong and nothing ran. `main` returns the report, which prints itself on
//! standard error and sets the exit code. To do something else with it, call [`exit_code`](crate::Report::exit_code),
//! [`failures`](crate::Report::failures) or [`into_result`](crate::Report::into_result).
//!
//! In an async `main`, which has something else to await, use `app.launch().await` instead. The runtime is the program's
//! own then, and its drop waits for every closure that was given to `spawn_blocking`. Where one never returns and a signal
//! has stopped the app, the process ends when the time of the stop is over: the report names the thread, and the exit code
//! is 4.
//!
//! A task that runs on takes a [`Shutdown`](crate::Shutdown), which tells it when to stop:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::{Shutdown, lifespan_task};
//!
//! #[lifespan_task]
//! async fn sweep(shutdown: Shutdown) {
//!     while shutdown.sleep(Duration::from_secs(60)).await.is_elapsed() {
//!         println!("sweeping");
//!     }
//!     println!("swept for the last time");
//! }
//! ```
//!
//! [`Shutdown::or`](crate::Shutdown::or) waits for anything else in the same way, `tokio::select!` with
//! [`requested`](crate::Shutdown::requested) too. A task without a `Shutdown` is dropped at its next await.
//!
//! # Resources
//!
//! A context sets something up, holds it while the app is up, and tears it down. Others take it as
//! [`Res<T>`](crate::Res). That type is all it takes to order the two: the context is up before the task starts, and is
//! torn down when the task has ended.
//!
//! ```
//! # #[derive(Debug)] struct Pool;
//! # impl Pool {
//! #     async fn connect() -> std::io::Result<Self> { Ok(Pool) }
//! #     async fn close(&self) -> std::io::Result<()> { Ok(()) }
//! # }
//! use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
//!
//! #[lifespan_context]
//! async fn pool(scope: Scope<Pool>) -> std::io::Result<()> {
//!     let pool = Pool::connect().await?;                    // setup
//!     let pool = scope.provide_until_shutdown(pool).await;  // the app is up
//!     pool.close().await                                    // teardown
//! }
//!
//! #[lifespan_task]
//! async fn query(pool: Res<Pool>, shutdown: Shutdown) {
//!     println!("queries run on {pool:?}");
//!     shutdown.requested().await;
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(QueryConfig {})?;
//! app.register(PoolConfig {})?;
//! let running = app.start().await?;
//! assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! - A context with nothing to tear down returns its resource: `async fn client() -> Client`.
//! - A context that provides nothing takes a `Scope` without a type and awaits
//!   [`until_shutdown`](crate::Scope::until_shutdown).
//! - A trait object is provided with [`provide_shared_until_shutdown`](crate::Scope::provide_shared_until_shutdown), and
//!   taken as `Res<dyn Store>`.
//! - `Option<Res<T>>` is `None` where nothing provides a `T`.
//! - [`App::provide`](crate::App::provide) hands in a resource that code has made.
//! - At teardown the context gets the resource back. [`into_inner`](crate::Res::into_inner) gives the value itself where
//!   nobody else holds it.
//!
//! One type has one provider. For two pools, give each a type of its own: `struct Primary(Pool)`.
//!
//! # Keyword arguments
//!
//! Every other parameter is a keyword argument, and becomes a public field of a struct named after the function:
//! `PollConfig` for `poll`.
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::lifespan_task;
//!
//! #[lifespan_task(manual)]
//! async fn poll(
//!     /// Whom to ask.
//!     url: String,
//!     #[config(default = Duration::from_secs(5))] every: Duration,
//!     #[config(secret, env = "API_TOKEN")] token: Option<String>,
//! ) {
//! #   let _ = (url, every, token);
//! }
//!
//! let config = PollConfig::new("https://example.org".to_owned(), None).with_every(Duration::from_secs(1));
//! assert_eq!(config.every, Duration::from_secs(1));
//! ```
//!
//! Where nothing is registered by code, a value comes from the highest of these layers that has one:
//!
//! 1. `LIFESPAN__TASKS__POLL__URL` in the environment;
//! 2. the argument's own variable, `env = "API_TOKEN"`;
//! 3. `lifespan.toml` in the working directory, or the file that `LIFESPAN_CONFIG` names;
//! 4. the default in the signature.
//!
//! ```toml
//! [lifespan]                  # the app; in the environment LIFESPAN_APP__SHUTDOWN_TIMEOUT
//! shutdown_timeout = "20s"
//!
//! [lifespan.policy.sweep]     # an operator's word on a unit; LIFESPAN_POLICY__SWEEP__ENABLED
//! enabled = false
//!
//! [tasks.poll]                # keyword arguments, of contexts too
//! url = "https://example.org"
//! every = "1m30s"
//! ```
//!
//! A config that code hands to [`register`](crate::App::register) is complete: no layer overrides it, and a table or a
//! variable that would have no effect is an error. To take the layers and change one field, start from
//! `PollConfig::load()`.
//!
//! `[[tasks.poll]]` instead of `[tasks.poll]` registers the task once for each table. `#[config(key)]` on an argument
//! lets its value name the instance. A task marked `manual` is registered by its table alone, so a file decides whether
//! it runs.
//!
//! A type of your own needs `Clone` and `serde::Deserialize`. An argument that only code can give, such as a channel, is
//! marked `#[config(code)]`.
//!
//! Unknown keys and unknown variables are errors with the nearest known name. A file that several programs share says
//! `shared = true` under `[lifespan]`; then unknown units are warnings. Variables begin with `LIFESPAN__TASKS__`,
//! `LIFESPAN_APP__` or `LIFESPAN_POLICY__`. Others are ignored, such as those that Kubernetes sets for a service named
//! `lifespan-app`, unless one differs from a known name only in its underscores. No message
//! shows a value, but for that of a `#[config(key)]`, which is a part of the instance's name.
//!
//! The file must be a regular file of at most 64 MiB, or a symbolic link to one. A directory, a FIFO (which is what a
//! shell's `<(…)` gives) or a device is an error. `LIFESPAN_CONFIG=/dev/null` stands for an empty file.
//!
//! # Reloading the configuration
//!
//! On SIGHUP, a program that has read a file reads it and the environment anew. The whole plan is checked as at the
//! launch. What is wrong with it is told, and everything goes on as before. Else only those units whose own arguments have
//! changed are restarted, with what depends on them; nothing else is touched:
//!
//! ```text
//! INFO reloading the configuration; read lifespan.toml; changed: `port` of `probe[work]` (lifespan.toml:6:1), task `probe[api]` is new (lifespan.toml:8:1)
//! INFO restarting `probe[work]`: the configuration has changed
//! INFO task `probe[work]` stopped in 41.2 µs
//! INFO task `probe[work]` up in 12.9 µs
//! INFO task `probe[api]` up in 9.1 µs
//! INFO configuration in effect after 1.72 ms
//! ```
//!
//! - A table `[[tasks.x]]` that is new starts an instance, and one that is gone stops its own. Give instances a
//!   `#[config(key)]` argument: without one they are told apart by their numbers, and the first that is taken out moves all
//!   behind it. A `manual` unit comes and goes with its table, any unit with `enabled` in its policy.
//! - Limits and other settings hold from then on, and restart nobody. A schedule or a restart policy that changes restarts
//!   its unit.
//! - What code has given stays as it is. A task that has returned stays so; one that has failed starts with its new
//!   arguments. Formatting, comments and the order of keys are no change. Default expressions are evaluated anew, and are
//!   no change either.
//! - A file that was read before and is gone is a problem; an empty one leaves every value at its default.
//! - What fails with its new arguments fails as at any start: unless its policy has it restart or its failure is ignored,
//!   the app goes down. What waits for its restart keeps no later reload waiting, and starts at once with what that brings.
//! - Reading may take five seconds. When the file's mount or code that reads an argument does not answer by then, the
//!   reload is refused with a line in the log, and later ones are refused until that reading has come back. Shutdown does
//!   not wait for it.
//! - Log and events say what has changed by key and place, and never a value.
//!
//! [`App::reload`](crate::App::reload) does the same for code, and gives the changes or the problems. Without a file, and
//! when the terminal has gone, SIGHUP stops the program as ever.
//!
//! # Order
//!
//! Units start one after another in the order of the source: by crate, file, line. What a unit needs is pulled ahead of
//! it. `after(other)` and `before(other)` say more, `first` and `last` put a unit before or behind all that have no edge
//! to the contrary:
//!
//! ```
//! use lifespan::{App, Shutdown, lifespan_task};
//!
//! #[lifespan_task(after(migrate))]
//! async fn serve(shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! /// Up when it has returned, since it is a `once` task.
//! #[lifespan_task(once)]
//! async fn migrate() {}
//!
//! let app = App::empty();
//! app.register(ServeConfig {})?;
//! app.register(MigrateConfig {})?;
//! let plan = app.check().expect("the plan is in order");
//! let names: Vec<String> = plan.in_start_order().iter().map(|unit| unit.name()).collect();
//! assert_eq!(names, ["migrate", "serve"]);
//! # Ok::<(), lifespan::RegisterError>(())
//! ```
//!
//! [`App::check`](crate::App::check) runs no unit; a [`Plan`](crate::Plan) displays as a list.
//! [`App::concurrent_startup`](crate::App::concurrent_startup) starts every unit as soon as its own edges allow.
//!
//! # Units in libraries
//!
//! The linker drops a dependency that nothing names, and its units with it, and says nothing. `discover!` names the crates
//! whose units belong to the program, in the order in which they are to be registered, and makes a function that lists
//! them:
//!
//! ```text
//! lifespan::discover! {
//!     /// Every task and context in this program, in registration order.
//!     pub fn lifespan_tasks();
//!     link my_jobs, my_models;
//! }
//! ```
//!
//! # Readiness
//!
//! A task is up at its first await, which says little of one that has to warm up. Such a task takes a
//! [`Ready`](crate::Ready) and says itself when it is up:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::{App, Ready, Shutdown, lifespan_task};
//!
//! #[lifespan_task(startup_timeout = "10s")]
//! async fn search(ready: Ready, shutdown: Shutdown) {
//!     for shard in 0..3 {
//!         ready.extend(Duration::from_secs(10)); // the limit moves while work goes on
//!         tokio::time::sleep(Duration::from_secs(8)).await;
//!         println!("shard {shard} is read");
//!     }
//!     ready.notify();
//!     shutdown.requested().await;
//! }
//!
//! /// Starts when `search` has said that it is ready.
//! #[lifespan_task(after(search))]
//! async fn serve(shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(SearchConfig {})?;
//! app.register(ServeConfig {})?;
//! let running = app.start().await?;
//! assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! A task that returns, or drops its `Ready`, before it has used it has failed to start, and the report says so. So has
//! one that is past its `startup_timeout`; [`extend`](crate::Ready::extend) gives it until so long from then.
//!
//! Code beside the run waits with [`App::when_up`](crate::App::when_up), which also tells when that will never come.
//!
//! # Health
//!
//! A unit that is up may be unable to do its work for a while: what it asks does not answer, a queue is full. It takes a
//! [`Health`](crate::Health) and says so, and says when that is over:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::{App, Health, Shutdown, lifespan_task};
//!
//! # async fn ask() -> Result<(), std::io::Error> { Err(std::io::ErrorKind::TimedOut.into()) }
//! #[lifespan_task(every = "10s")]
//! async fn probe(health: Health) {
//!     match ask().await {
//!         Ok(()) => health.set_healthy(),
//!         Err(error) => health.set_unhealthy(error),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(ProbeConfig {})?;
//! let running = app.start().await?;
//! tokio::time::sleep(Duration::from_secs(1)).await;
//! assert!(!app.is_ready());
//! assert_eq!(app.health()[0].reason.as_deref(), Some("timed out"));
//! assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! - Nobody asks a check: a unit sets it, and a probe reads what was set last. So a probe is answered at once, however slow
//!   the thing is that is looked at.
//! - The app is [ready](#ready-or-degraded) only while all checks are healthy. `/readyz?verbose` names each check.
//! - A check begins healthy. A unit that is not, says so before it is up.
//! - [`named`](crate::Health::named) gives a unit further checks: `health.named("replica")` is `follow/replica` in
//!   lists.
//! - A check goes with its unit, and a restart begins anew. The runs of a schedule have one between them.
//! - What an unhealthy check never does is stop or restart anything. `/livez` does not look at checks: a process is not to
//!   be killed for what its restart can't cure. A unit that can't go on returns an error.
//! - A check that turns unhealthy is a warning in the log, and one that is healthy again a line at `INFO`. The events are
//!   [`Unhealthy`](crate::Event::Unhealthy) and [`Healthy`](crate::Event::Healthy); [`App::health`](crate::App::health) lists
//!   all checks.
//!
//! ## Ready or degraded
//!
//! The app is [ready](crate::App::is_ready) when it is up, shutdown is not requested, all checks are healthy, and every unit
//! that it requires is up and has recovered from its last failure. What a server needs is required: through a `Res`, a `Live`
//! or `after`, and what that needs in turn. So a server whose pool is gone gets no traffic. A unit of an app that accepts
//! connections with a loop of its own says itself that it is required:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
//!
//! # struct Pool;
//! # async fn lost() { tokio::time::sleep(Duration::from_secs(1)).await }
//! #[lifespan_context(restart(transient, backoff = "10s", jitter = 0.0))]
//! async fn pool(scope: Scope<Pool>) -> Result<(), std::io::Error> {
//!     match scope.provide_until_shutdown_or(Pool, lost()).await {
//!         (_, Some(())) => Err(std::io::ErrorKind::ConnectionReset.into()),
//!         (_, None) => Ok(()),
//!     }
//! }
//!
//! /// Accepts connections; the app is not ready while this, or its pool, is not up.
//! #[lifespan_task(readiness = "required")]
//! async fn serve(_pool: Res<Pool>, shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(PoolConfig {})?;
//! app.register(ServeConfig {})?;
//! let running = app.start().await?;
//! assert!(app.is_ready());
//! tokio::time::sleep(Duration::from_secs(5)).await;
//! assert!(!app.is_ready(), "the pool waits for its restart");
//! # drop(running.stop().await);
//! # Ok(()) }
//! ```
//!
//! - Any other unit that waits for its restart or recovers makes the app [degraded](crate::App::is_degraded): it stays ready.
//!   So a background task that fails again and again takes no replica out of the load balancer.
//! - A unit that has failed for good, and whose failure is ignored, counts as well: the app is not ready where a server needs
//!   it or where it is required, and degraded otherwise.
//! - A restart by hand, by a reload, or after a return is no failure: it does not make the app degraded. While a required unit
//!   restarts, the app is not ready.
//! - `/readyz` answers 200 while the app is ready and 503 while it is not; `/readyz?verbose` names the units and checks that are
//!   why, also while the app is degraded.
//! - A unit recovers from a failure until it uses its `Ready`, or until it has stayed up for
//!   [`stable_after`](crate::App::stable_after), which is 10 s by default. With zero, a unit has recovered when it is up.
//! - A `once` task that has returned has recovered. A schedule's run that fails changes nothing here: the schedule goes on.
//! - An operator says the same in the file or by a variable:
//!
//! ```toml
//! [lifespan]
//! stable_after = "30s"            # LIFESPAN_APP__STABLE_AFTER
//!
//! [lifespan.policy.serve]
//! readiness = "required"          # LIFESPAN_POLICY__SERVE__READINESS
//! ```
//!
//! # Failure
//!
//! - A setup that fails, panics or takes too long rolls back what has started, in reverse. What had not started never
//!   starts. Exit code 3.
//! - A task that fails or panics takes the app down, in order. Exit code 3 before the app is up, 1 afterwards, and 1 where
//!   only `once` tasks run. With `on_failure = "ignore"` the app stays
//!   up and the report keeps the error. That does not cover what is left behind when the app stops: a task past its grace, a
//!   teardown that fails or takes too long, and a thread that does not return are exit code 4.
//! - A task that takes `Shutdown` and returns before it was told to is worth a warning. `on_return = "shutdown"` or
//!   `"ignore"` says what is meant.
//! - All errors are kept, the first cause first, each as the type it was:
//!
//! ```
//! use lifespan::{App, lifespan_task};
//!
//! #[derive(Debug, PartialEq)]
//! struct Full { bytes: u64 }
//! # impl std::fmt::Display for Full {
//! #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "the disk is full") }
//! # }
//! # impl std::error::Error for Full {}
//!
//! #[lifespan_task]
//! async fn write_log() -> Result<(), Full> {
//!     tokio::task::yield_now().await;
//!     Err(Full { bytes: 7 })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
//! let app = App::empty();
//! app.register(WriteLogConfig {})?;
//! let report = app.launch().await;
//! assert_eq!(report.exit_code(), 1);
//! let error = report.failures()[0].take_error::<Full>();
//! assert_eq!(error, Some(Full { bytes: 7 }));
//! # Ok(()) }
//! ```
//!
//! # Restarts
//!
//! A task can be started again when it ends. The words are those of Erlang's supervisors:
//!
//! | `restart(…)` | started again |
//! |---|---|
//! | `permanent` | whenever it ends |
//! | `transient` | after an error or a panic |
//! | `temporary` | never; as without `restart` |
//!
//! ```
//! use lifespan::{App, lifespan_task};
//!
//! #[lifespan_task(restart(transient, intensity = 5, period = "1m", backoff = "100ms..10s"))]
//! async fn receive() -> Result<(), std::io::Error> {
//!     tokio::task::yield_now().await;
//!     Err(std::io::ErrorKind::ConnectionReset.into())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), lifespan::RegisterError> {
//! let app = App::empty();
//! app.register(ReceiveConfig {})?;
//! let report = app.launch().await;
//! assert_eq!(report.unit("receive").unwrap().restarts, 5);
//! assert!(report.take_error::<std::io::Error>().is_some());
//! # Ok(()) }
//! ```
//!
//! | setting | default | |
//! |---|---|---|
//! | `intensity` | `3` | so many restarts are allowed |
//! | `period` | `"30s"` | within this time |
//! | `backoff` | `"100ms..30s"` | the first delay and the longest; each is twice the one before. One duration is always the same delay, `"0s"` none |
//! | `jitter` | `0.2` | the share of a delay that is left to chance; `1.0` is full jitter |
//! | `reset_after` | `"60s"` | after so long a run the delays start anew |
//!
//! - Each start gets fresh clones of the arguments, and draws its resources anew.
//! - One failure too many is the task's own, with its error, and takes the app down unless `on_failure = "ignore"`. The
//!   errors before it are in the log and in the events; the report counts the restarts.
//! - A task that waits for its next start is not up, if it was not before: what is `after` it waits, within the
//!   `startup_timeout`. Each start gets a `Ready` of its own; once the task is up, the later ones say nothing.
//! - A task that has been told to stop is not started again, and shutdown ends a delay at once.
//! - A sender among the arguments is kept for the next start: its channel stays open until the task has ended for good.
//!
//! # Lost resources
//!
//! A context may lose what it holds: a connection breaks, a child process dies.
//! [`Scope::provide_until_shutdown_or`](crate::Scope::provide_until_shutdown_or) takes what tells so beside the value. Then
//! whoever holds the resource is stopped, the context is torn down and set up anew, as its `restart(…)` says, and they are
//! started again, with the new one. Without a `restart(…)`, a loss takes the app down. A setup that fails is tried again
//! in the same way.
//!
//! ```
//! use lifespan::{App, Res, Scope, Shutdown, lifespan_context, lifespan_task};
//! # #[derive(Clone, Default)] struct Server(std::sync::Arc<tokio::sync::Notify>);
//! # impl Server { async fn connect(&self) -> std::io::Result<Link> { Ok(Link(self.clone())) } }
//! # struct Link(Server);
//! # impl Link { fn closed(&self) -> impl Future<Output = ()> + Send + 'static { let server = self.0.clone(); async move { server.0.notified().await } } }
//!
//! #[lifespan_context(restart(transient, backoff = "100ms..10s"))]
//! async fn link(#[config(code)] server: Server, scope: Scope<Link>) -> std::io::Result<()> {
//!     let link = server.connect().await?;
//!     let closed = link.closed();
//!     let (_link, lost) = scope.provide_until_shutdown_or(link, closed).await;
//!     lost.map_or(Ok(()), |()| Err(std::io::ErrorKind::ConnectionReset.into()))
//! }
//!
//! #[lifespan_task]
//! async fn receive(_link: Res<Link>, shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (app, server) = (App::empty(), Server::default());
//! app.register(LinkConfig { server: server.clone() })?;
//! app.register(ReceiveConfig {})?;
//! let running = app.start().await?;
//! server.0.notify_one();
//! tokio::time::sleep(std::time::Duration::from_secs(1)).await;
//! let report = running.stop().await;
//! assert_eq!(report.unit("link").unwrap().restarts, 1);
//! assert_eq!(report.unit("receive").unwrap().restarts, 1);
//! # Ok(()) }
//! ```
//!
//! A holder that notices the loss by itself, and returns an error for it, may be faster than the context that tells of it:
//! then that is the holder's own failure. Give it a `restart(transient)` too, or have it wait for its `Shutdown` when the
//! resource fails it.
//!
//! While the app comes up, all setups of a context lie within its `startup_timeout`; later only its `restart(…)` limits them.
//!
//! A [`Res`](crate::Res) is a handle on one instance: its holder restarts with it. Three more ways to hold a resource:
//!
//! | parameter | |
//! |---|---|
//! | [`Live<T>`](crate::Live) | whatever there is at the time: `live.get().await` waits while there is none. It orders start and stop; its holder is not restarted |
//! | `Option<Res<T>>` | `None` where nothing provides one, or where its context is `on_failure = "ignore"` and has failed; else like `Res` |
//! | [`App::resource`](crate::App::resource) | for code that is no unit; says nothing to the plan |
//!
//! What goes wrong while a part is being stopped is in the report, and does not keep it from starting again.
//! [`App::restart`](crate::App::restart) does the same by hand, for a unit and all that depends on it.
//!
//! An operator changes a policy in the file or by a variable:
//!
//! ```toml
//! [lifespan.policy.link]          # LIFESPAN_POLICY__LINK__RESTART_INTENSITY
//! restart = "transient"           # or "permanent", "temporary"
//! restart_intensity = 10
//! restart_period = "10m"
//! restart_backoff = "1s..1m"
//! restart_jitter = 0.5
//! restart_reset_after = "5m"
//! ```
//!
//! # Groups
//!
//! Units that can't go on without each other form a group. When a member ends such that it is to be restarted, the group's
//! strategy says who is restarted with it: the others are stopped, the last first, and then all are started in order.
//!
//! ```
//! use lifespan::{App, Shutdown, lifespan_task};
//!
//! lifespan::group! {
//!     /// Whoever stands behind one that failed starts again with it.
//!     pub ingest: rest_for_one, intensity = 5, period = "1m"
//! }
//!
//! #[lifespan_task(group = ingest)]
//! async fn read(shutdown: Shutdown) -> Result<(), std::io::Error> {
//!     shutdown.requested().await;
//!     Ok(())
//! }
//!
//! #[lifespan_task(group = ingest, restart(permanent, backoff = "1s"))]
//! async fn store(shutdown: Shutdown) {
//!     shutdown.requested().await;
//! }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = App::empty();
//! # app.register(ReadConfig {})?;
//! # app.register(StoreConfig {})?;
//! # app.start().await?.stop().await.into_result()?;
//! # Ok(()) }
//! ```
//!
//! | strategy | restarted are |
//! |---|---|
//! | `one_for_one` | the member, with what depends on it |
//! | `rest_for_one` | and the members that start after it |
//! | `one_for_all` | and all members that run |
//!
//! The group counts the restarts of all its members: more than `intensity` (3) within `period` (30 s) are a failure of the
//! member that ended last, and take the app down. A member that says nothing of `restart` is `transient`; `backoff`,
//! `jitter` and `reset_after` are its own. Contexts can be members, too.
//!
//! # Children
//!
//! A task that serves connections or works through a list takes [`Children`](crate::Children), and spawns what runs
//! beside it. Children are tasks of their own, and cannot outlive their parent:
//!
//! ```
//! use lifespan::{App, Children, Shutdown, lifespan_task};
//!
//! async fn answer(client: u32) -> Result<(), std::io::Error> {
//! #   let _ = client;
//!     std::future::pending().await
//! }
//!
//! #[lifespan_task]
//! async fn serve(children: Children, shutdown: Shutdown) {
//!     for client in 0..3 {
//!         children.spawn("conn", answer(client));
//!     }
//!     shutdown.requested().await;
//! } // what is still open now is cancelled
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(ServeConfig {})?;
//! let report = app.start().await?.stop().await;
//! let children = report.unit("serve").unwrap().children.as_ref().unwrap();
//! assert_eq!((children.spawned, children.cancelled), (3, 3));
//! # Ok(()) }
//! ```
//!
//! - Whatever the way the parent ends, by itself, by a failure, told or dropped, its children are cancelled: each is
//!   dropped at its next await. The parent has ended when the last of them is gone, so a child may hold any `Res<T>` that
//!   its parent has. A child that does not yield holds up its parent, and is named.
//! - To let children end by themselves, spawn them with `spawn_with_handle`, hand each a clone of the parent's `Shutdown`,
//!   and await their handles.
//! - A child's error or panic is its parent's failure, with the error's type and the child's name: the parent's body is
//!   dropped and its other children are cancelled, then its `restart(…)` or `on_failure` decides.
//! - `spawn_with_handle` returns a [`Child`](crate::Child) to await. The child's failure belongs to the caller once the
//!   handle has given it. Where the handle is dropped before that, or the parent ends, it is the parent's.
//! - `children.isolated()` spawns children whose failures fail nobody else, such as connections of a server. Their
//!   failures are counted, and the last one is kept. With `.fail_above(10, Duration::from_secs(60))`, more than ten
//!   failures within a minute fail the parent.
//! - Every child's failure is a warning in the log when it happens, and a panic an error; of isolated children, one of
//!   each a second.
//! - Each restart of the parent begins without children.
//! - [`so_far`](crate::Events::so_far) lists the children that are alive. The report counts them, and names those that
//!   failed or were cancelled.
//! - A context has children too, if it has a `Scope`. They are there in its teardown, and go when it has ended.
//!
//! # Periodic work
//!
//! A task with a schedule is called again and again:
//!
//! | | its times |
//! |---|---|
//! | `every = "5s"` | whole periods from the first: what the runs take moves none |
//! | `delay = "5s"` | so long after the end of a run |
//! | `cron = "0 30 2 * * *"` | by the wall clock of `zone = "Europe/Berlin"`, or of UTC; needs the feature `cron` |
//!
//! A [`Tick`](crate::Tick) tells a run which it is, for which time, and how many before it were missed.
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::{App, Tick, lifespan_task};
//!
//! #[lifespan_task(every = "10s", timeout = "1m")]
//! async fn collect(tick: Tick) -> Result<(), std::io::Error> {
//!     if tick.number() == 1 {
//!         tokio::time::sleep(Duration::from_secs(35)).await; // the times at 10, 20 and 30 s come meanwhile
//!     } else if tick.number() == 2 {
//!         assert_eq!(tick.missed(), 3); // they have no run: this is the one at 40 s
//!         return Err(std::io::ErrorKind::ConnectionReset.into());
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(CollectConfig {})?;
//! let running = app.start().await?;
//! tokio::time::sleep(Duration::from_secs(55)).await;
//! assert!(app.trigger(collect).await?.is_success()); // one more, now
//! let report = running.stop().await;
//! let runs = report.unit("collect").unwrap().runs.as_ref().unwrap();
//! assert_eq!((runs.started, runs.failed, runs.missed), (4, 1, 3)); // at 0, 40, 50 and 55 s
//! assert!(report.is_success());
//! # Ok(()) }
//! ```
//!
//! | setting | default | |
//! |---|---|---|
//! | `start` | `"now"`; with `cron` `"after_first_period"` | whether the first run is at once or at the first time |
//! | `missed` | `"fold"` | times that passed while nothing could run get one for all of them: the thread was blocked, the task was being restarted, the machine slept. `"skip"`: none; `"all"`: one each, one after the other |
//! | `overlap` | `"skip"` | a time that comes during a run is missed, and the next run is at the next time. `"queue"`: its run waits for its turn; `"parallel(4)"`: so many run side by side, and one more is missed |
//! | `jitter` | none | each run starts up to so much later, as chance has it; the times stay |
//! | `timeout` | none | a run that takes longer is dropped, and has failed |
//!
//! - The task is up when its schedule has begun; its first run may still be under way. Each run gets fresh clones of the
//!   arguments, and draws its resources anew.
//! - An error, a panic or a timeout ends the run and not the schedule. It is a warning in the log, an
//!   [`Event::RunFailed`](crate::Event::RunFailed), and counted in the report, with the last failure. With
//!   `on_failure = "shutdown"` it is the task's, and takes the app down.
//! - Once shutdown was requested, no run starts. One under way is waited for within the task's grace
//!   (`shutdown_timeout`): by default it runs on, as with `on_shutdown = "finish"`; if it takes a `Shutdown`, it is told.
//! - A run that was missed is an [`Event::RunsMissed`](crate::Event::RunsMissed). With `missed = "skip"`, a time is missed
//!   when it is over by more than a minute, too. At most 1,024 runs wait; then the oldest is missed.
//! - A restart of the task, a lost resource or a reload leaves the schedule as it is: its times, the numbers of its runs,
//!   and runs that were asked for. A schedule that a reload changes begins again.
//! - [`App::trigger`](crate::App::trigger) runs one now, and gives its outcome. It waits for its turn where runs may not
//!   overlap, and moves no time. A run must not await a run of its own task: drop the future instead, or let runs overlap.
//! - The log and the [`Plan`](crate::Plan) show the next three times.
//!
//! A cron line has six fields, `second minute hour day month weekday`, or five without the second. Where both the day and
//! the weekday are named, either will do. A line that names hours is read off the wall clock: a time that the change to
//! summer time leaves out runs at the first moment behind the gap, and one that comes twice in autumn runs once. A line for
//! every hour (`*`) goes by the hours that pass. When the wall clock is set back, such a line goes on at once by the new
//! time, and one that names hours does not run twice, unless the clock was wrong by more than three hours. That a line never comes, as on 31 February, and that a zone does not exist
//! are compile errors. The system's time zones are used where there are any, else those in the binary.
//!
//! An operator changes a schedule in the file or by a variable, with the same words:
//!
//! ```toml
//! [lifespan.policy.collect]   # LIFESPAN_POLICY__COLLECT__CRON
//! cron = "0 */5 * * * *"
//! zone = "Europe/Berlin"
//! ```
//!
//! In a test, tokio's paused time moves the wall clock too, which [`App::wall_clock`](crate::App::wall_clock) sets. To call
//! the function by hand, make a [`Tick::at`](crate::Tick::at).
//!
//! # Blocking work
//!
//! Code that computes for long, or waits without an `await`, holds the thread that runs it, and every other task that
//! would run there. A task that is made of such code is a plain function with a thread of its own:
//!
//! ```
//! # use std::time::Duration;
//! use lifespan::{App, Ready, Shutdown, lifespan_task};
//!
//! #[lifespan_task(blocking)]
//! fn compress(ready: Ready, shutdown: Shutdown) -> std::io::Result<()> {
//!     ready.notify();
//!     while shutdown.wait_timeout(Duration::from_secs(60)).is_elapsed() {
//!         println!("compressing what came in");
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::empty();
//! app.register(CompressConfig {})?;
//! let running = app.start().await?;
//! assert!(running.stop().await.is_success());
//! # Ok(()) }
//! ```
//!
//! - The thread is named after the task, and is in the runtime: `Handle::current().block_on(…)` calls async code.
//! - [`wait_timeout`](crate::Shutdown::wait_timeout) and [`wait`](crate::Shutdown::wait) are what `sleep` and `requested`
//!   are to async tasks. A long computation asks [`is_requested`](crate::Shutdown::is_requested) now and then.
//! - It is up when its thread is there. What is to wait until it has done something first waits for its `Ready`.
//! - `once`, `restart(…)`, `on_failure` and the limits mean what they mean elsewhere; each start has a fresh thread.
//! - Nothing can end a thread from outside. It is told to stop, or without a `Shutdown` is waited for; what it uses
//!   outlives it. One that is past its grace is named. It is waited for as long as the whole stop's time allows, since it
//!   may still use what would be torn down; then the stop goes on without it: exit code 4. It does not keep `main` from
//!   returning, which ends the process.
//! - Its time is the system's. Test its function on a thread with [`Shutdown::pair`](crate::Shutdown::pair), not in
//!   tokio's paused time, which runs on while a thread works.
//!
//! A short piece in an async task goes to `tokio::task::spawn_blocking`.
//!
//! **Found while it blocks.** A unit that holds its thread for more than 100 ms is told of in the log while it still
//! does, and again each time that this has doubled: its name and place, the thread, whether that computes or waits, and on
//! Linux the command that prints its stack. One more line says how long it was in all. The events are
//! [`Blocked`](crate::Event::Blocked) and [`Unblocked`](crate::Event::Unblocked). The limit is
//! [`App::blocked_after`](crate::App::blocked_after), or `blocked_after` under `[lifespan]`; `"0s"` switches the watch
//! off. Children are told of as their parent. `tokio::task::block_in_place` holds its thread as well, on purpose.
//!
//! # Stopping
//!
//! Shutdown is requested by a signal, by [`App::shutdown`](crate::App::shutdown), by a failure, or by all tasks having
//! finished. Then the graph is walked backwards: a unit is stopped when nothing that depends on it still runs. Tasks
//! stop before contexts, unless an edge says otherwise.
//!
//! | `on_shutdown` | default for | what happens |
//! |---|---|---|
//! | `"notify"` | tasks that take `Shutdown` | notified, and given its grace to return |
//! | `"finish"` | `once` tasks, those with a schedule, and `blocking` ones, without a `Shutdown` | runs on within its grace |
//! | `"drop"` | all other tasks | dropped at its next await; its destructors run. Not for `blocking` ones |
//!
//! | limit | default | for one unit | for the app, in code | in `[lifespan]` |
//! |---|---|---|---|---|
//! | coming up | 60 s | `startup_timeout = "5s"` | [`startup_timeout`](crate::App::startup_timeout) | `startup_timeout` |
//! | a task's grace | 10 s | `shutdown_timeout = "5s"` | [`grace`](crate::App::grace) | `grace` |
//! | a teardown | 5 s | `shutdown_timeout = "5s"` | [`teardown_timeout`](crate::App::teardown_timeout) | `teardown_timeout` |
//! | the whole stop | 25 s | | [`shutdown_timeout`](crate::App::shutdown_timeout) | `shutdown_timeout` |
//!
//! `stable_after`, the time after which a unit has recovered from a failure, is told [above](#ready-or-degraded).
//!
//! Slow tasks cannot eat the time of contexts: each context keeps a slice of the whole. What is past its limit is
//! dropped, and the report names it.
//!
//! # Batch jobs
//!
//! When all tasks have finished, the run is over. A program of `once` tasks is a batch job. A value that a `once` task
//! returns is a resource for the steps that take it:
//!
//! ```
//! use lifespan::{App, Res, lifespan_task};
//!
//! #[lifespan_task(once)]
//! async fn read() -> Vec<u32> {
//!     vec![1, 2, 3]
//! }
//!
//! #[lifespan_task(once)]
//! async fn add_up(numbers: Res<Vec<u32>>, app: App) {
//!     if numbers.iter().sum::<u32>() != 6 {
//!         app.exit(9);
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
//! let app = App::empty();
//! app.register(AddUpConfig {})?;
//! app.register(ReadConfig {})?;
//! assert_eq!(app.launch().await.exit_code(), 0);
//! # Ok(()) }
//! ```
//!
//! An app of contexts alone, or one with [`App::stay_up`](crate::App::stay_up), waits for a request instead.
//!
//! # Watching a run
//!
//! The log is written with `tracing`, under the target `lifespan`; install any subscriber. Units that start and stop
//! are at `INFO`, failures at `ERROR`, and each step at `DEBUG`.
//!
//! Where the program has installed no subscriber, an [`App::new`](crate::App::new) writes its warnings and errors to standard
//! error: of each unit one warning and one error a second. Of those that come within that second the last is written when it
//! is over, or at the end of the run, and says how many were left out. An error that ends the app is written at once. Where
//! nothing reads standard error, restarts and the stop go on all the same.
//! [`App::without_warnings`](crate::App::without_warnings) turns this off.
//!
//! [`App::events`](crate::App::events) gives how things stand, and then each [`Event`](crate::Event) as it happens:
//!
//! ```
//! use lifespan::{App, Event, lifespan_task};
//!
//! #[lifespan_task(once)]
//! async fn step() {}
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), lifespan::RegisterError> {
//! let app = App::empty();
//! app.register(StepConfig {})?;
//! let mut events = app.events();
//! let report = app.launch().await;
//! let mut up = Vec::new();
//! while let Some(event) = events.next().await {
//!     if let Event::Up { unit, .. } = event {
//!         up.push(unit.name());
//!     }
//! }
//! assert_eq!(up, ["step"]);
//! assert!(report.is_success());
//! # Ok(()) }
//! ```
//!
//! # Testing your tasks
//!
//! **One function.** An annotated function stays a function. Call it by hand: [`Res::new`](crate::Res::new) makes a resource,
//! [`Shutdown::pair`](crate::Shutdown::pair) a shutdown and what triggers it, [`Scope::pair`](crate::Scope::pair) a scope
//! and a handle that sees what is provided, [`Ready::pair`](crate::Ready::pair) one that hears what the task says,
//! [`Health::pair`](crate::Health::pair) one that hears how it is,
//! [`Children::pair`](crate::Children::pair) children whose parent is the handle beside them,
//! [`Live::pair`](crate::Live::pair) a resource that comes and goes. With tokio's paused time no test waits:
//!
//! ```
//! # use std::sync::atomic::{AtomicU32, Ordering};
//! # use std::time::Duration;
//! use lifespan::{Res, Scope, Shutdown, lifespan_context, lifespan_task};
//!
//! #[derive(Default)]
//! struct Ticks(AtomicU32);
//!
//! #[lifespan_context]
//! async fn ticks(scope: Scope<Ticks>) -> Result<(), String> {
//!     let ticks = scope.provide_until_shutdown(Ticks::default()).await;
//!     match ticks.0.load(Ordering::Relaxed) {
//!         0 => Err("nothing has ticked".to_owned()),
//!         _ => Ok(()),
//!     }
//! }
//!
//! #[lifespan_task]
//! async fn tick(every: Duration, ticks: Res<Ticks>, shutdown: Shutdown) {
//!     while shutdown.sleep(every).await.is_elapsed() {
//!         ticks.0.fetch_add(1, Ordering::Relaxed);
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! // The task alone.
//! let (trigger, shutdown) = Shutdown::pair();
//! let counted = Res::new(Ticks::default());
//! let task = tokio::spawn(tick(Duration::from_secs(1), counted.clone(), shutdown));
//! tokio::time::sleep(Duration::from_millis(2500)).await;
//! trigger.shutdown();
//! task.await.unwrap();
//! assert_eq!(counted.0.load(Ordering::Relaxed), 2);
//!
//! // The context alone.
//! let (mut handle, scope) = Scope::pair();
//! let context = tokio::spawn(ticks(scope));
//! handle.provided().await.0.store(7, Ordering::Relaxed);
//! handle.shutdown();
//! assert_eq!(context.await.unwrap(), Ok(()));
//! # }
//! ```
//!
//! **A part of the program.** [`TestApp`](crate::testing::TestApp), with the feature `testing`, holds the units that are
//! named and what they need, in paused time. A fake takes the place of a context, with all that only that context needs:
//!
//! ```
//! use lifespan::testing::TestApp;
//! use lifespan::{Res, lifespan_context, lifespan_task};
//!
//! struct Rate(f64);
//!
//! #[lifespan_context]
//! async fn rate() -> Rate {
//!     unreachable!("a test does not ask the bank")
//! }
//!
//! #[lifespan_task(once)]
//! async fn convert(#[config(default = 100.0)] amount: f64, rate: Res<Rate>) -> String {
//!     format!("{:.2}", amount * rate.0)
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let app = TestApp::new().with(convert).provide(Rate(1.25)).configure(|app| app.stay_up()).start().await;
//! assert_eq!(*app.resource::<String>().unwrap(), "125.00");
//! assert!(app.stop().await.is_success());
//! # }
//! ```
//!
//! **What seldom happens.** [`fail`](crate::testing::TestRun::fail), [`panic`](crate::testing::TestRun::panic) and
//! [`hang`](crate::testing::TestRun::hang) make it happen at a unit's next step, and
//! [`events`](crate::testing::TestRun::events) tells exactly what came of it:
//!
//! ```
//! use std::time::Duration;
//! use lifespan::testing::TestApp;
//! use lifespan::{Shutdown, lifespan_task};
//!
//! #[lifespan_task(restart(transient, backoff = "10s", jitter = 0.0))]
//! async fn receive(shutdown: Shutdown) -> Result<(), std::io::Error> {
//!     shutdown.requested().await;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let app = TestApp::new().with(receive).start().await;
//! app.fail(receive, std::io::Error::other("the line is cut"));
//! app.advance(Duration::from_secs(10)).await;
//! let begin = ["launched 1", "starting receive", "up receive", "app up"];
//! let again = ["restarting receive 1", "starting receive", "up receive"];
//! assert_eq!(app.events(), [&begin[..], &again].concat());
//! app.hang(receive);
//! let report = app.stop().await;
//! // It was given its grace, which is ten seconds, and did not end.
//! assert_eq!(report.exit_code(), 4);
//! assert_eq!(report.unit("receive").unwrap().outcome.to_string(), "timed out, dropped");
//! # }
//! ```
//!
//! A test that does not stop its app, or leaves a task behind, fails and names what still runs. To see a whole program with
//! its real sources, run [`App::new`](crate::App::new) `.without_signals().never_exit()`;
//! [`App::replace`](crate::App::replace) puts a value in the place of one of its contexts.
//!
//! # Developing
//!
//! `cargo lifespan dev` builds the program whenever a file of it changes, and starts it anew on the same port. From a
//! clone of the repository, `cargo install --path cargo-lifespan` installs it. The addresses to listen on stand in the
//! program's manifest:
//!
//! ```toml
//! [package.metadata.lifespan.dev]
//! listen = ["127.0.0.1:3000"]
//! ```
//!
//! The tool binds them once and hands them down as systemd does (`LISTEN_FDS`), so that who connects during a reload waits
//! and is answered by the new code. A program that takes none of them binds its own; who connects then, while it is
//! replaced, is refused.
//!
//! It builds first. What does not build replaces nothing; a change during a build cancels it. Then the program that runs
//! is told to stop (SIGTERM) and has 5 s to do so: its tasks and contexts stop in order, before the first line of the new
//! one. What dies before it is up gives way to the last that was up. A program is up when it says so (`READY=1` to
//! `NOTIFY_SOCKET`), as every program of the framework does; another, when it has lived for a second.
//!
//! Watched are all packages of the program that are folders of this machine, but for what `.gitignore` names, and
//! `lifespan.toml`. Where only that has changed, the program that runs [reads it anew](#reloading-the-configuration); one
//! that says nothing of that to `NOTIFY_SOCKET` starts anew as it is. Ctrl-C stops everything in order, a second one at once. `cargo lifespan dev --help` lists what goes on to cargo and to the program.
//!
//! # Deployment
//!
//! **Signals.** SIGINT, SIGTERM and SIGHUP (Ctrl-C, Break and Close on Windows) request shutdown, from before the first
//! setup on. Where a file was read, SIGHUP has it [read anew](#reloading-the-configuration) instead. A second signal, 300 ms or more after the first,
//! drops everything at once. Two signals within 300 ms are one, also where the app has stopped before the second comes: after a
//! run that a signal has stopped, it takes so long until a signal has the effect that it had before. The program's own
//! listeners, `tokio::signal::ctrl_c()` for example, receive signals before, during and after a run. In a container, start the program
//! itself and not a shell around it (`ENTRYPOINT ["/service"]`, not `ENTRYPOINT /service`): a shell does not pass signals
//! on.
//!
//! **Exit codes.** The first cause decides.
//!
//! | | |
//! |---|---|
//! | 0 | stopped in order |
//! | 1 | a task failed |
//! | 2 | the plan or a config is wrong; nothing ran |
//! | 3 | startup failed and was rolled back, or could not begin since the system refused a thread or a signal handler |
//! | 4 | shutdown was incomplete |
//! | 128 + n | forced by signal n: 130 for SIGINT, 143 for SIGTERM |
//! | other | what [`App::exit`](crate::App::exit) asked for |
//!
//! **Time.** Kubernetes sends SIGTERM and kills 30 s later (`terminationGracePeriodSeconds`), of which a `preStop` hook
//! takes its share. The 25 s of the whole stop fit into that. `docker stop` waits for 10 s only: give it `--time 30`, or
//! say `shutdown_timeout = "8s"` under `[lifespan]`, or `LIFESPAN_APP__SHUTDOWN_TIMEOUT=8s`. For systemd, see [below](#under-systemd).
//!
//! **Configuration.** Ship `lifespan.toml` with the program or mount it, and let `LIFESPAN_CONFIG` name it: a file that
//! is named and absent is an error, and one that is looked for and absent is not. The log says which file was read.
//! Hand secrets in through the environment and mark them `#[config(secret)]`. An operator switches a unit off with
//! `LIFESPAN_POLICY__SWEEP__ENABLED=false`.
//!
//! **Work that blocks.** A body that never yields can be neither stopped nor dropped; Rust has no way to do that from
//! outside. Give such work [a thread](#blocking-work). Should a body block all the same, the watch thread names it
//! and, at the hard deadline, writes the report and ends the process with exit code 4.
//!
//! # Under systemd
//!
//! Where `NOTIFY_SOCKET` is set, an app tells systemd how it stands. There is nothing to write in the program; the unit
//! file says `Type=notify-reload`, or before systemd 253 `Type=notify`, with `ExecReload=kill -HUP $MAINPID`:
//!
//! ```ini
//! [Unit]
//! Description=My service
//! After=network-online.target
//! Wants=network-online.target
//!
//! [Service]
//! # `systemctl reload` sends SIGHUP, and waits until what the file says now is in effect.
//! Type=notify-reload
//! ExecStart=/usr/local/bin/my-service
//! WorkingDirectory=/etc/my-service
//! Environment=LIFESPAN_CONFIG=/etc/my-service/lifespan.toml
//! DynamicUser=yes
//! # Started again when it fails or hangs, and not for a plan that is wrong: that is exit code 2.
//! Restart=on-failure
//! RestartPreventExitStatus=2
//! WatchdogSec=30s
//! # More than `shutdown_timeout`, which is 25 s by default. SIGTERM, the default, stops the app in order.
//! TimeoutStopSec=35s
//!
//! [Install]
//! WantedBy=multi-user.target
//! ```
//!
//! | | is sent |
//! |---|---|
//! | `READY=1` | when every unit is up: `systemctl start` waits for it, and so do services that are `After=` this one |
//! | `STOPPING=1` | when shutdown is requested, by whomever |
//! | `STATUS=…` | what `systemctl status` shows: what a startup or a stop waits for, which unit is being restarted or has failed, which check is not healthy, how it ended |
//! | `WATCHDOG=1` | twice in `WatchdogSec`, by a task of the runtime. While something blocks all threads of the runtime there is none, and systemd restarts the service. An unhealthy check does not keep it back |
//! | `EXTEND_TIMEOUT_USEC=…` | for as long as the limits of the starting units, [`Ready::extend`](crate::Ready::extend) too, or the stop's `shutdown_timeout` allow, so that `TimeoutStartSec` and `TimeoutStopSec` don't cut that short |
//!
//! - A `once` task that declares no `startup_timeout` has no limit, so none is asked for: `TimeoutStartSec`, 90 s by
//!   default, is its limit then. Give a long migration a `startup_timeout`.
//! - It is the app that handles signals which speaks: [`App::new`](crate::App::new), one at a time. Where a program runs
//!   further apps, before it or beside it, make those [`without_signals`](crate::App::without_signals): systemd takes
//!   `STOPPING=1` for the end of the service.
//! - Programs that this one starts inherit the variable. systemd does not listen to them (`NotifyAccess=main`, the default
//!   of `Type=notify`); for other listeners, take it away from them: `Command::env_remove("NOTIFY_SOCKET")`.
//! - What goes wrong with the socket is one warning in the log. On other systems, and elsewhere, nothing is sent.

/// The program in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
