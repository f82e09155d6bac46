//! Watches HTTP endpoints, stores the measurements in `SQLite`, and shows them on a page with live updates.
//!
//! `probe.rs` checks endpoints, `store/` stores the results, `upkeep.rs` summarizes and deletes, `web/` serves the page.

mod clock;
mod demo;
mod http;
mod probe;
mod store;
mod upkeep;
mod web;

use std::io::IsTerminal;
use std::path::Path;
use std::process::{ExitCode, Termination};

use anyhow::Context;
use lifespan::App;
use lifespan_axum::Server;

use store::Store;

lifespan::discover! {
    /// Every task and context of the monitor.
    fn units();
}

fn main() -> anyhow::Result<ExitCode> {
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_ansi(colour).with_target(false).with_writer(std::io::stderr).init();
    enter_own_directory()?;
    let app = App::new();
    app.register(Server::new(web::router()).needs::<Store>().health())?;
    match std::env::args().nth(1).as_deref() {
        None => Ok(app.run().report()),
        Some("check") => match app.check() {
            Ok(plan) => {
                println!("{plan}");
                Ok(ExitCode::SUCCESS)
            }
            Err(problems) => {
                eprintln!("{problems}");
                Ok(ExitCode::from(2))
            }
        },
        Some(other) => {
            anyhow::bail!("unknown command `{other}`; use `check` to print the plan, or no command to run")
        }
    }
}

/// Enters the package's directory under `cargo run`, so that its `lifespan.toml` is used if there is no other.
fn enter_own_directory() -> anyhow::Result<()> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    if let Some(package) = package.filter(|_| std::env::var_os("LIFESPAN_CONFIG").is_none())
        && !Path::new("lifespan.toml").exists()
    {
        tracing::info!("no lifespan.toml here: running in {}", package.display());
        std::env::set_current_dir(&package).with_context(|| {
            format!("cannot enter {}; start the program in the directory of its lifespan.toml", package.display())
        })?;
    }
    Ok(())
}
