//! Run the service under systemd, with readiness, reload, watchdog and status.
//!
//! If `NOTIFY_SOCKET` is set, an app reports its state to systemd; the program needs no code for it. Use
//! `Type=notify-reload`, or before systemd 253 `Type=notify` with `ExecReload=kill -HUP $MAINPID`:
//!
//! ```ini
//! [Unit]
//! Description=My service
//! After=network-online.target
//! Wants=network-online.target
//!
//! [Service]
//! # `systemctl reload` sends SIGHUP, and waits until the new configuration is in effect.
//! Type=notify-reload
//! ExecStart=/usr/local/bin/my-service
//! WorkingDirectory=/etc/my-service
//! Environment=LIFESPAN_CONFIG=/etc/my-service/lifespan.toml
//! DynamicUser=yes
//! # Restarts it when it fails or hangs, but not when the plan is wrong (exit code 2).
//! Restart=on-failure
//! RestartPreventExitStatus=2
//! WatchdogSec=30s
//! # More than `shutdown_timeout`, which is 25 s by default. SIGTERM, the default signal, stops the app in order.
//! TimeoutStopSec=35s
//!
//! [Install]
//! WantedBy=multi-user.target
//! ```
//!
//! | message | sent |
//! |---|---|
//! | `READY=1` | when every unit is up: `systemctl start` waits for it, as do services that are `After=` this one |
//! | `RELOADING=1` | when a reload begins; `READY=1` follows when it is in effect or refused |
//! | `STOPPING=1` | when shutdown is requested |
//! | `STATUS=…` | for `systemctl status`: what a startup or a stop waits for, which unit is being restarted or has failed, which check is not healthy, how the run ended |
//! | `WATCHDOG=1` | twice per `WatchdogSec`, by a task of the runtime. If all threads of the runtime are blocked, none is sent and systemd restarts the service. An unhealthy check does not hold it back |
//! | `EXTEND_TIMEOUT_USEC=…` | as long as the limits of the starting units, [`Ready::extend`](crate::Ready::extend) or `shutdown_timeout` allow, so that `TimeoutStartSec` and `TimeoutStopSec` do not end the start or the stop early |
//!
//! - A `once` task without a `startup_timeout` has no limit, so no extension is sent for it: its limit is
//!   `TimeoutStartSec`, 90 s by default. Give a long migration a `startup_timeout`.
//! - The app that handles signals reports: [`App::new`](crate::App::new), one at a time. If a program runs further
//!   apps, create those [`without_signals`](crate::App::without_signals): systemd takes `STOPPING=1` for the end of the
//!   service.
//! - Programs that this one starts inherit the variable. systemd ignores them (`NotifyAccess=main`, the default of
//!   `Type=notify`). For other listeners, remove it: `Command::env_remove("NOTIFY_SOCKET")`.
//! - If the socket fails, the log has one warning. On other systems, or without the variable, nothing is sent.
//!
//! [Previous: Deployment](super::deployment) · [Contents](super) · Next: [From Python](super::from_python)
