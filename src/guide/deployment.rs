//! Run the service in a container or Kubernetes, and stop it within the time given.
//!
//! # Time
//!
//! Kubernetes sends SIGTERM and kills the process 30 s later (`terminationGracePeriodSeconds`), minus the time of a
//! `preStop` hook. The default limit of 25 s for the whole [stop](super::stopping) fits. `docker stop` waits only 10 s:
//! use `docker stop -t 30`, or set a shorter limit:
//!
//! ```toml
//! [lifespan]
//! shutdown_timeout = "8s"         # LIFESPAN_APP__SHUTDOWN_TIMEOUT
//! ```
//!
//! # Signals
//!
//! - SIGINT, SIGTERM and SIGHUP (on Windows Ctrl-C, Break and Close) request shutdown, also while the app starts.
//!   If a file was read, SIGHUP [reloads](super::reload) it instead.
//! - A second signal, 300 ms or more after the first, drops all units at once. Two signals within 300 ms count as one,
//!   also if the app has stopped before the second: after a run that a signal stopped, signals have their earlier
//!   effect again only when these 300 ms are over.
//! - The program's own listeners, such as `tokio::signal::ctrl_c()`, receive signals before, during and after a run.
//! - In a container, start the program itself and not a shell around it (`ENTRYPOINT ["/service"]`, not `ENTRYPOINT
//!   /service`): a shell does not pass signals on.
//!
//! # Exit codes
//!
//! The first cause decides.
//!
//! | code | cause |
//! |---|---|
//! | 0 | stopped in order |
//! | 1 | a unit failed after the app was up, or at any time in a batch |
//! | 2 | the plan or a config is wrong; nothing ran |
//! | 3 | startup failed and was rolled back, or could not begin because the system refused a thread or a signal handler |
//! | 4 | shutdown was incomplete |
//! | 128 + n | forced by signal n: 130 for SIGINT, 143 for SIGTERM |
//! | other | the code passed to [`App::exit`](crate::App::exit) |
//!
//! # Configuration
//!
//! Ship `lifespan.toml` with the program or mount it, and name it with `LIFESPAN_CONFIG`: then it is an error if it is
//! [missing](super::configuration#the-file). Pass secrets in [files](super::configuration#secrets-in-files) and mark them `#[config(secret)]`.
//! An operator turns a unit off with `LIFESPAN_POLICY__SWEEP__ENABLED=false`.
//!
//! # Probes
//!
//! A server of `lifespan-axum` answers `/livez`, `/startupz` and `/readyz`. [Ready or degraded](super::degraded) says
//! what each of them reports.
//!
//! A load balancer notices only at its next probe that a server is stopping. With `drain_delay`, the server continues
//! to serve for that time after shutdown is requested, while `/readyz` answers 503. It is zero by default. The requests
//! in flight then have the time of `grace` to finish. Both together must fit into `shutdown_timeout`:
//!
//! ```toml
//! [tasks.server]
//! drain_delay = "5s"              # LIFESPAN__TASKS__SERVER__DRAIN_DELAY
//! grace = "8s"                    # LIFESPAN__TASKS__SERVER__GRACE
//! ```
//!
//! # Code that never yields
//!
//! A body that never yields can be neither stopped nor dropped: Rust cannot do this from outside. Give such work [its
//! own thread](super::blocking). If a body blocks nevertheless, the watch thread names it and, one second after `shutdown_timeout`, writes the report and ends the process with exit code 4.
//!
//! [Previous: Developing](super::developing) · [Contents](super) · Next: [Under systemd](super::systemd)
