//! Tasks with schedules: a fixed period, a fixed delay between runs, and the wall clock.
//!
//! `every` keeps its phase, independent of the duration of the runs. Runs never overlap: the times missed during a long run
//! fold into one run after it, and its `Tick` has their number. `delay` starts at the end of a run. An error ends the run,
//! not the schedule. `app.trigger` starts a run immediately.
//!
//! ```text
//! cargo run --example periodic
//! ```

use std::time::Duration;

use lifespan::prelude::*;

async fn work(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// Runs every 400 ms; its third run takes three periods.
#[lifespan_task(every = "400ms")]
async fn measure(tick: Tick) {
    let late = tick.late().as_millis();
    println!("measure: run {}, {late} ms late, {} missed before it", tick.number(), tick.missed());
    work(if tick.number() == 3 { 1_300 } else { 20 }).await;
}

/// Waits between two runs, independent of their duration. A run that exceeds its timeout is dropped.
#[lifespan_task(delay = "500ms", timeout = "300ms")]
async fn upload(tick: Tick) -> Result<(), String> {
    println!("upload:  run {}", tick.number());
    match tick.number() {
        1 => Err("the server is unavailable".to_owned()),
        2 => {
            work(10_000).await;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Runs by the wall clock of a time zone. No run is due during this example; the log shows the next ones.
#[lifespan_task(cron = "30 2 * * *", zone = "Europe/Berlin")]
async fn clean_up(tick: Tick) {
    println!("clean up: run {}, triggered: {}", tick.number(), tick.is_triggered());
    work(100).await;
}

/// Triggers a run, and shuts the app down gracefully.
#[lifespan_task(last, on_return = "ignore")]
async fn operator(app: App, shutdown: Shutdown) {
    let _ = shutdown.sleep(Duration::from_millis(900)).await;
    match app.trigger(clean_up).await {
        Ok(outcome) => println!("operator: the clean-up succeeded: {}", outcome.is_success()),
        Err(error) => println!("operator: {error}"),
    }
    if shutdown.sleep(Duration::from_secs(2)).await.is_elapsed() {
        app.shutdown();
    }
}

fn main() -> Report {
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_ansi(colour).without_time().with_target(false).with_writer(std::io::stderr).init();
    App::new().run()
}
