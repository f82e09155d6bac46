//! Shows each kind of failure with its log lines, its report and its exit code.
//!
//! All units here are `manual`: only those that the chosen kind registers run.
//!
//! ```text
//! cargo run --example failure              # lists the kinds
//! cargo run --example failure -- panic     # shows one
//! echo $?                                  # its exit code
//! ```

use std::process::{ExitCode, Termination};
use std::time::Duration;

use lifespan::prelude::*;
use refused::Refused;

/// The kinds: the argument, the exit code, and a description.
const KINDS: [(&str, u8, &str); 10] = [
    ("error", 1, "a task returns an error: the app goes down, and the database is torn down"),
    ("panic", 1, "a task panics: the same, with the place of the panic"),
    ("first-step", 3, "a task fails before its first await: what has started is rolled back"),
    ("ignored", 0, "a task with `on_failure = \"ignore\"` fails: the app stays up, the report keeps the error"),
    ("setup", 3, "a context's setup fails: what has started is rolled back, the rest never starts"),
    ("slow-setup", 3, "a setup takes longer than its `startup_timeout`"),
    ("teardown", 4, "a context's teardown fails: the other contexts are still torn down"),
    ("overdue", 4, "a task does not stop in its grace period: it is dropped and reported"),
    ("blocked", 4, "a task blocks its thread and can't even be dropped: it is reported, and the process is ended"),
    ("plan", 2, "the plan has two errors: both are reported, and no unit runs"),
];

/// A resource that shows rollback and teardown.
struct Database;

#[lifespan_context(manual)]
async fn database(scope: Scope<Database>) {
    println!("database: connected");
    scope.provide_until_shutdown(Database).await;
    println!("database: closed");
}

#[lifespan_task(manual)]
async fn fails(_database: Res<Database>) -> Result<(), Refused> {
    tokio::task::yield_now().await;
    Err(Refused { host: "db.example".to_owned(), source: std::io::ErrorKind::ConnectionReset.into() })
}

#[lifespan_task(manual)]
async fn panics(_database: Res<Database>) {
    tokio::task::yield_now().await;
    let readings: Vec<u32> = Vec::new();
    println!("the first reading is {}", readings[0]);
}

#[lifespan_task(manual)]
async fn fails_at_once(_database: Res<Database>) -> Result<(), String> {
    Err("the port is taken".to_owned())
}

/// Fails; the failure is reported, and the app stays up without it.
#[lifespan_task(manual, on_failure = "ignore")]
async fn may_fail() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("the statistics server does not answer".to_owned())
}

/// Shuts the app down gracefully. Its return is expected, hence `on_return = "ignore"`.
#[lifespan_task(manual, last, on_return = "ignore")]
async fn stop_soon(app: App, shutdown: Shutdown) {
    if shutdown.sleep(Duration::from_millis(100)).await.is_elapsed() {
        app.shutdown();
    }
}

struct Model;

#[lifespan_context(manual)]
async fn setup_fails(_database: Res<Database>) -> Result<Model, Refused> {
    Err(Refused { host: "models.example".to_owned(), source: std::io::ErrorKind::ConnectionRefused.into() })
}

#[lifespan_context(manual, startup_timeout = "500ms")]
async fn setup_hangs(_database: Res<Database>) -> Model {
    std::future::pending().await
}

#[lifespan_task(manual)]
async fn uses_model(_model: Res<Model>) {
    println!("uses_model: this line is never printed");
}

#[lifespan_context(manual)]
async fn teardown_fails(_database: Res<Database>, scope: Scope) -> Result<(), String> {
    scope.until_shutdown().await;
    Err("three messages could not be flushed".to_owned())
}

/// Ignores its shutdown request.
#[lifespan_task(manual, shutdown_timeout = "500ms")]
async fn never_stops(_database: Res<Database>, _shutdown: Shutdown) {
    std::future::pending::<()>().await;
}

/// Waits without `.await`, so its thread can run no other task.
#[lifespan_task(manual, shutdown_timeout = "500ms")]
async fn blocks(_shutdown: Shutdown) {
    tokio::task::yield_now().await;
    loop {
        std::thread::park();
    }
}

fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let Some((kind, code, what)) = KINDS.iter().find(|(kind, ..)| *kind == asked) else {
        println!("Choose a failure:\n");
        for (kind, code, what) in KINDS {
            println!("  cargo run --example failure -- {kind:<10}  exit code {code}: {what}");
        }
        return if asked.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(64) };
    };
    println!("{what}\nexpected exit code: {code}\n");
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_ansi(colour).without_time().with_target(false).with_writer(std::io::stderr).init();
    // The whole stop is limited to 2 s, so that the blocked task is reported earlier than after the default of 25 s.
    let app = App::new().shutdown_timeout(Duration::from_secs(2));
    if let Err(error) = register(&app, kind) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    app.run().report()
}

fn register(app: &App, kind: &str) -> Result<(), RegisterError> {
    if !matches!(kind, "plan" | "blocked" | "ignored") {
        app.register(DatabaseConfig {})?;
    }
    match kind {
        "error" => app.register(FailsConfig {})?,
        "panic" => app.register(PanicsConfig {})?,
        "first-step" => app.register(FailsAtOnceConfig {})?,
        "ignored" => {
            app.register(MayFailConfig {})?;
            app.register(StopSoonConfig {})?
        }
        "setup" => {
            app.register(SetupFailsConfig {})?;
            app.register(UsesModelConfig {})?
        }
        "slow-setup" => {
            app.register(SetupHangsConfig {})?;
            app.register(UsesModelConfig {})?
        }
        "teardown" => {
            app.register(TeardownFailsConfig {})?;
            app.register(StopSoonConfig {})?
        }
        "overdue" => {
            app.register(NeverStopsConfig {})?;
            app.register(StopSoonConfig {})?
        }
        "blocked" => {
            app.register(BlocksConfig {})?;
            app.register(StopSoonConfig {})?
        }
        _ => {
            app.register(FailsConfig {})?;
            app.register(UsesModelConfig {})?
        }
    };
    Ok(())
}

/// An error type of the program, with a cause.
mod refused {
    use std::fmt;

    #[derive(Debug)]
    pub(crate) struct Refused {
        pub(crate) host: String,
        pub(crate) source: std::io::Error,
    }

    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} refused the connection", self.host)
        }
    }

    impl std::error::Error for Refused {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.source)
        }
    }
}
