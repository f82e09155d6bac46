//! Watches a file of sensor readings and reports unusual ones.
//!
//! It shows the two kinds of units. A *context* loads a model before the app is up and closes it as the app goes down. A
//! *task* polls the readings file for as long as the app is up. The task takes the model as `Res<Model>`; that alone
//! makes the framework set the model up first and tear it down last.
//!
//! Run it from the root of the repository, append a line to the file while it runs, and stop it with Ctrl-C:
//!
//! ```text
//! cargo run --example quickstart
//! echo "boiler,91.5" >> examples/quickstart/readings.csv
//! ```
//!
//! Also try this: with `LIFESPAN__TASKS__SETUP_MODEL__THRESHOLD=25` before the command, fewer readings are unusual. If you
//! move the file away while the program runs, the task fails, which shuts the app down with exit code 1.
//! `git restore examples/quickstart/readings.csv` restores the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use lifespan::prelude::*;
use tracing_subscriber::fmt::time::uptime;

const HISTORY: &str = "examples/quickstart/history.csv";
const READINGS: &str = "examples/quickstart/readings.csv";

/// Loads the model before the app is up, and prints a summary during shutdown.
#[lifespan_context]
async fn setup_model(
    /// The weight of one reading in the average, from 0 to 1.
    #[config(default = 0.1)]
    weight: f64,
    /// The number of standard deviations from which a reading is unusual.
    #[config(default = 3.0)]
    threshold: f64,
    scope: Scope<Model>,
) -> anyhow::Result<()> {
    let model = Model::learn(Path::new(HISTORY), weight, threshold).await?;
    println!("model: learned from {HISTORY}");
    let model = scope.provide_until_shutdown(model).await; // the app is up
    println!("model: {}", model.summary());
    Ok(())
}

/// Judges every reading in the file, and those that are appended while it runs.
#[lifespan_task]
async fn watch_readings(path: PathBuf, every: Duration, model: Res<Model>, shutdown: Shutdown) -> anyhow::Result<()> {
    let mut file = Followed::new(path);
    judge(&file.appended().await?, &model);
    println!("\nWatching. Append a line from another terminal, in this directory:");
    println!("    echo \"boiler,91.5\" >> {}", file.path.display());
    println!("Ctrl-C stops.\n");
    while shutdown.sleep(every).await.is_elapsed() {
        judge(&file.appended().await?, &model);
    }
    println!("watch_readings: stopped after {} bytes", file.read);
    Ok(())
}

fn main() -> anyhow::Result<Report> {
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_ansi(colour)
        .with_timer(uptime())
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    let app = App::new();
    app.register(WatchReadingsConfig { path: READINGS.into(), every: Duration::from_millis(500) })?;
    Ok(app.run())
}

fn judge(lines: &[String], model: &Model) {
    for line in lines {
        match Reading::parse(line) {
            Some(reading) => println!("{}", model.judge(&reading)),
            None => println!("{line:<24} is not a reading: write `sensor,value`"),
        }
    }
}

/// One line of a file: `boiler,61.2`.
struct Reading<'a> {
    sensor: &'a str,
    value: f64,
}

impl<'a> Reading<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (sensor, value) = line.split_once(',')?;
        let value = value.trim().parse().ok().filter(|value: &f64| value.is_finite())?;
        Some(Self { sensor: sensor.trim(), value })
    }
}

/// The usual values of each sensor: an exponentially weighted mean and variance.
struct Model {
    weight: f64,
    threshold: f64,
    sensors: Mutex<BTreeMap<String, Usual>>,
}

#[derive(Default)]
struct Usual {
    mean: f64,
    variance: f64,
    readings: u32,
    unusual: u32,
}

impl Model {
    /// Learns from the readings of earlier days.
    async fn learn(history: &Path, weight: f64, threshold: f64) -> anyhow::Result<Self> {
        anyhow::ensure!(weight > 0.0 && weight <= 1.0, "`weight` must be above 0 and at most 1, not {weight}");
        let model = Self { weight, threshold, sensors: Mutex::default() };
        for line in &Followed::new(history.to_owned()).appended().await? {
            let reading = Reading::parse(line).with_context(|| format!("{}: `{line}`", history.display()))?;
            model.see(&reading);
        }
        Ok(model)
    }

    /// Learns from a reading; returns the previous mean, and the distance of the reading in standard deviations.
    fn see(&self, reading: &Reading<'_>) -> (f64, f64) {
        let mut sensors = self.sensors.lock().unwrap_or_else(PoisonError::into_inner);
        let usual = sensors.entry(reading.sensor.to_owned()).or_default();
        if usual.readings == 0 {
            usual.mean = reading.value;
        }
        let (mean, off) = (usual.mean, reading.value - usual.mean);
        let deviations = if usual.readings < 10 { 0.0 } else { off.abs() / usual.variance.sqrt().max(1e-9) };
        usual.readings += 1;
        if deviations > self.threshold {
            // An extreme reading must not become usual.
            usual.unusual += 1;
        } else {
            usual.mean += self.weight * off;
            usual.variance = (1.0 - self.weight) * (usual.variance + self.weight * off * off);
        }
        (mean, deviations)
    }

    fn judge(&self, reading: &Reading<'_>) -> String {
        let (mean, deviations) = self.see(reading);
        let verdict = if deviations > self.threshold { "UNUSUAL" } else { "fine" };
        format!(
            "{:<8} {:>8.1}   usually {mean:>6.1}   {deviations:>5.1} deviations off   {verdict}",
            reading.sensor, reading.value
        )
    }

    fn summary(&self) -> String {
        let sensors = self.sensors.lock().unwrap_or_else(PoisonError::into_inner);
        let each = sensors.iter().map(|(sensor, usual)| {
            format!("{sensor} usually {:.1} ({} of {} unusual)", usual.mean, usual.unusual, usual.readings)
        });
        each.collect::<Vec<_>>().join(", ")
    }
}

/// A file to which other programs append lines.
struct Followed {
    path: PathBuf,
    /// The number of bytes up to the last complete line.
    read: usize,
}

impl Followed {
    fn new(path: PathBuf) -> Self {
        Self { path, read: 0 }
    }

    /// Returns the complete lines added since the last call, or all lines if the file was rewritten.
    async fn appended(&mut self) -> anyhow::Result<Vec<String>> {
        let text = tokio::fs::read_to_string(&self.path).await.with_context(|| {
            format!("cannot read {}; run this from the root of the repository", self.path.display())
        })?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let start = if text.is_char_boundary(self.read) && self.read <= whole { self.read } else { 0 };
        self.read = whole;
        let lines = text[start..whole].lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        Ok(lines.map(str::to_owned).collect())
    }
}
