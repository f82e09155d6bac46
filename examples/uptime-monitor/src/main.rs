//! Watches HTTP endpoints, keeps what it measures in `SQLite`, and shows it on a page that updates itself.
//!
//! `probe.rs` asks, `store/` keeps, `upkeep.rs` condenses and forgets, `web/` shows.

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
            anyhow::bail!(
                "`{other}` is no command: there is `check`, which says what would run, and none, which runs it"
            )
        }
    }
}

/// `cargo run` starts the program wherever one stands; the package has a `lifespan.toml` to begin with.
fn enter_own_directory() -> anyhow::Result<()> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    if let Some(package) = package.filter(|_| std::env::var_os("LIFESPAN_CONFIG").is_none())
        && !Path::new("lifespan.toml").exists()
    {
        tracing::info!("no lifespan.toml here: running in {}", package.display());
        std::env::set_current_dir(&package).with_context(|| {
            format!("cannot enter {}; start the program where its lifespan.toml is", package.display())
        })?;
    }
    Ok(())
}
