//! The sources of keyword arguments: signature, file, environment and code; and several instances of one task.
//!
//! From lowest to highest precedence: the default in the signature, `lifespan.toml`, the variable of `env = "…"`, and the
//! variable that every argument has, `LIFESPAN__TASKS__GREET__NAME`. A config that code passes to `register` is complete,
//! and no source overrides it.
//!
//! The framework reads `lifespan.toml` in the working directory, or the file that `LIFESPAN_CONFIG` names. This example
//! has its own file, which is not read by default. Try it step by step:
//!
//! ```text
//! cargo run --example keyword_arguments
//! LIFESPAN_CONFIG=examples/keyword_arguments/lifespan.toml cargo run --example keyword_arguments
//! GREETING=Salut LIFESPAN__TASKS__GREET__TIMES=2 cargo run --example keyword_arguments
//! LIFESPAN__TASKS__GREET__TIMES=lots LIFESPAN__TASKS__GREET__NAM=Ada cargo run --example keyword_arguments
//! ```

use std::time::Duration;

use lifespan::prelude::*;
use serde::Deserialize;

/// Greets. Every argument has a default, so it also runs without a file.
#[lifespan_task(once)]
async fn greet(
    /// The name to greet.
    #[config(default = "world")]
    name: String,
    /// The greeting, which has an additional environment variable.
    #[config(default = "Hello", env = "GREETING")]
    greeting: String,
    #[config(default = 1)] times: u8,
    /// A secret, never printed, logged or shown in a message, regardless of its source.
    #[config(secret)]
    token: Option<String>,
) {
    for _ in 0..times {
        println!("greet: {greeting}, {name}!");
    }
    println!("greet: the token is {}", if token.is_some() { "set" } else { "not set" });
}

/// The retry policy, a nested table in the file.
#[derive(Clone, Debug, Deserialize)]
struct Retry {
    attempts: u32,
    pause: f64,
}

/// Runs one instance for each `[[tasks.probe]]` in the file, and none without: it is `configured`. The key names the instance.
#[lifespan_task(once, configured)]
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

/// Counts. It is registered twice by code.
#[lifespan_task(once)]
async fn count(from: u32, to: u32) {
    println!("count: {:?}", (from..=to).collect::<Vec<_>>());
}

fn main() -> Result<Report, RegisterError> {
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
