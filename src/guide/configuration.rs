//! Set the arguments of tasks in a file or in environment variables.
//!
//! If code registers no config for a unit, each of its [arguments](super::arguments) takes its value from the first of
//! these layers that has one:
//!
//! 1. a value that code sets by name, [`app.set("tasks.poll.url", url)`](crate::App::set), for example from a command
//!    line; settings too: `app.set("lifespan.grace", "5s")`;
//! 2. `LIFESPAN__TASKS__POLL__URL` in the environment;
//! 3. the argument's own variable, `env = "API_TOKEN"`;
//! 4. a file in a [folder of secrets](#secrets-in-files);
//! 5. `lifespan.toml` in the working directory, or the file that `LIFESPAN_CONFIG` names;
//! 6. the default in the signature.
//!
//! ```toml
//! [lifespan]                  # the app; variable LIFESPAN_APP__SHUTDOWN_TIMEOUT
//! shutdown_timeout = "20s"
//!
//! [lifespan.policy.sweep]     # the operator's settings of a unit; variable LIFESPAN_POLICY__SWEEP__ENABLED
//! enabled = false
//!
//! [tasks.poll]                # keyword arguments, of contexts too
//! url = "https://example.org"
//! every = "1m30s"
//! ```
//!
//! # Several instances
//!
//! `[[tasks.poll]]` instead of `[tasks.poll]` registers the task once for each table. A `configured` task is registered
//! only by its tables, so the file decides whether it runs. Give the task a `#[config(key)]` argument, whose value
//! names each instance. A table does not run a `manual` unit: if code does not name it, a warning says so.
//!
//! Variables do not set the arguments of these instances, and neither does an argument's own variable: write the values
//! in the tables. A `LIFESPAN__TASKS__POLL__…` that is set although the file has `[[tasks.poll]]` is an error. The
//! operator's settings of one instance can be set by a variable. The variable for `poll[home]` is
//! `LIFESPAN_POLICY__POLL_HOME__ENABLED`, and it overrides `LIFESPAN_POLICY__POLL__ENABLED`, which applies to all
//! instances.
//!
//! # Secrets in files
//!
//! Each variable may name a file instead: `API_TOKEN_FILE=/run/secrets/token` sets `API_TOKEN` to the file's content,
//! and `LIFESPAN__TASKS__POLL__TOKEN_FILE` works in the same way. It is an error to set both.
//!
//! A folder may hold a file for each value, named like the key in `lifespan.toml`: `tasks.poll.token`. There are two
//! such folders: the one in `CREDENTIALS_DIRECTORY`, which systemd sets for `LoadCredential=`, and the one of
//! `secrets = "/run/secrets"` under `[lifespan]`. Files with other names are left alone.
//!
//! One newline at the end of a file is not part of the value. A file that is missing, empty, not a regular file, not
//! UTF-8 or larger than 1 MiB is an error, which names the file and never shows its content. Mark such an argument
//! `#[config(secret)]`, so that its value is not in `Debug` output.
//!
//! # Unknown names
//!
//! An unknown key or variable is an error, which suggests the nearest valid name. If several programs share a file, set
//! `shared = true` under `[lifespan]`: unknown units are then only warnings.
//!
//! Variables begin with `LIFESPAN__TASKS__`, `LIFESPAN_APP__` or `LIFESPAN_POLICY__`. Others are ignored, such as those
//! that Kubernetes sets for a service named `lifespan-app`, unless one differs from a valid name only in its
//! underscores.
//!
//! # The file
//!
//! The file must be a regular file of at most 64 MiB, or a symbolic link to one. A directory, a FIFO (such as a shell's
//! `<(…)`) or a device is an error. `LIFESPAN_CONFIG=/dev/null` stands for an empty file. A file that is named but does
//! not exist is an error; without a name, `lifespan.toml` may be absent. The log says which file was read.
//!
//! All problems are reported together before any unit runs, each with its place and what to do; the exit code is 2.
//!
//! [Previous: Arguments](super::arguments) · [Contents](super) · Next: [Commands and profiles](super::commands)
