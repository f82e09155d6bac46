//! Where keyword arguments come from: the signature, a file, the environment, code; and many instances of one task.
//!
//! From lowest to highest: the default in the signature, `lifespan.toml`, the variable of `env = "…"`, and the variable
//! that every argument has, `LIFESPAN__TASKS__GREET__NAME`. A config that code hands to `register` is complete, and
//! nothing overrides it.
//!
//! The framework reads `lifespan.toml` in the working directory, or the file that `LIFESPAN_CONFIG` names. This example
//! ships its own file and sets nothing by itself, so try it step by step:
//!
//! ```text
//! cargo run --example keyword_arguments
//! LIFESPAN_CONFIG=examples/keyword_arguments/lifespan.toml cargo run --example keyword_arguments
//! GREETING=Salut LIFESPAN__TASKS__GREET__TIMES=2 cargo run --example keyword_arguments
//! LIFESPAN__TASKS__GREET__TIMES=lots LIFESPAN__TASKS__GREET__NAM=Ada cargo run --example keyword_arguments
//! ```

use std::time::Duration;

use lifespan::{App, Report, lifespan_task};
use serde::Deserialize;

/// Every argument has a default, so it runs without a file too.
#[lifespan_task(once)]
async fn greet(
    /// Whom.
    #[config(default = "world")]
    name: String,
    /// With which word; this one has a variable of its own.
    #[config(default = "Hello", env = "GREETING")]
    greeting: String,
    #[config(default = 1)] times: u8,
    /// Never printed, logged or shown in a message, wherever it comes from.
    #[config(secret)]
    token: Option<String>,
) {
    for _ in 0..times {
        println!("greet: {greeting}, {name}!");
    }
    println!("greet: the token is {}", if token.is_some() { "set" } else { "not set" });
}

/// How hard to try; a nested table in the file.
#[derive(Clone, Debug, Deserialize)]
struct Retry {
    attempts: u32,
    pause: f64,
}

/// Runs once for each `[[tasks.probe]]` of the file, and not at all without: it is `manual`. The key names the instance.
#[lifespan_task(once, manual)]
async fn probe(
    #[config(key)] site: String,
    #[config(default = Duration::from_secs(10))] timeout: Duration,
    #[config(default = vec![80, 443])] ports: Vec<u16>,
    retry: Option<Retry>,
) {
    print!("probe[{site}]: ports {ports:?}, timeout {timeout:?}");
    match retry {
        Some(Retry { attempts, pause }) => println!(", {attempts} attempts with {pause} s between"),
        None => println!(", no retry"),
    }
}

/// Registered by code, twice.
#[lifespan_task(once)]
async fn count(from: u32, to: u32) {
    println!("count: {:?}", (from..=to).collect::<Vec<_>>());
}

fn main() -> Result<Report, lifespan::RegisterError> {
    let app = App::new();
    app.register(CountConfig { from: 1, to: 3 })?;
    app.register(CountConfig { from: 7, to: 9 })?.named("count_high")?;
    println!("registered:");
    for registered in app.registered() {
        let by = registered.registered_at().map_or_else(String::new, |place| format!(", by code at {place}"));
        println!("  {} {}{by}", registered.kind(), registered.name());
    }
    println!();
    Ok(app.run())
}
