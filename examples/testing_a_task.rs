//! A service with its tests: `cargo test --example testing_a_task` runs `mod tests`.
//!
//! The service watches a sensor and rings a bell when a reading is too high, at most once an hour. Its tests cover hours in
//! milliseconds of real time, with a fake sensor.
//!
//! ```text
//! cargo run --example testing_a_task
//! cargo test --example testing_a_task
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lifespan::prelude::*;

/// A source of readings.
trait Sensor: Send + Sync {
    fn read(&self) -> Result<u32, std::io::Error>;
}

/// Reads the load of this machine, in hundredths.
struct Load;

impl Sensor for Load {
    fn read(&self) -> Result<u32, std::io::Error> {
        let text = std::fs::read_to_string("/proc/loadavg")?;
        let load: f64 = text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a load is small, and not negative"
        )]
        Ok((load * 100.0) as u32)
    }
}

/// A bell, which counts its rings.
#[derive(Default)]
struct Bell {
    rings: AtomicU32,
}

#[lifespan_context]
async fn sensor(scope: lifespan::Scope<dyn Sensor>) {
    scope.provide_shared_until_shutdown(std::sync::Arc::new(Load)).await;
}

#[lifespan_context]
async fn bell() -> Bell {
    Bell::default()
}

/// Rings when a reading is too high, then waits for an hour.
#[lifespan_task(restart(transient, backoff = "1m", jitter = 0.0))]
async fn watch(
    #[config(default = 200)] limit: u32,
    sensor: Res<dyn Sensor>,
    bell: Res<Bell>,
    shutdown: Shutdown,
) -> Result<(), std::io::Error> {
    while shutdown.sleep(Duration::from_secs(10)).await.is_elapsed() {
        let reading = sensor.read()?;
        if reading > limit {
            println!("{reading} is more than {limit}: ring!");
            bell.rings.fetch_add(1, Ordering::Relaxed);
            let _ = shutdown.sleep(Duration::from_secs(3600)).await;
        }
    }
    Ok(())
}

/// Stops the program soon; the tests are the point of this example.
#[lifespan_task(last, on_return = "ignore")]
async fn stop_soon(app: App, shutdown: Shutdown) {
    println!("watching for a second; run the tests with: cargo test --example testing_a_task");
    if shutdown.sleep(Duration::from_secs(1)).await.is_elapsed() {
        app.shutdown();
    }
}

fn main() -> Report {
    App::new().run()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lifespan::testing::TestApp;

    use super::*;

    /// A sensor with a value that the test sets.
    #[derive(Default)]
    struct Fake(AtomicU32);

    impl Sensor for Fake {
        fn read(&self) -> Result<u32, std::io::Error> {
            Ok(self.0.load(Ordering::Relaxed))
        }
    }

    #[tokio::test]
    async fn it_rings_once_an_hour_while_the_reading_is_too_high() {
        let fake = Arc::new(Fake::default());
        let app =
            TestApp::new().register(WatchConfig { limit: 10 }).provide_shared::<dyn Sensor>(fake.clone()).start().await;
        let bell = app.resource::<Bell>().expect("`watch` needs it, so it is provided");
        app.advance(Duration::from_secs(24 * 3600)).await;
        assert_eq!(bell.rings.load(Ordering::Relaxed), 0);
        fake.0.store(11, Ordering::Relaxed);
        app.advance(Duration::from_secs(10)).await;
        assert_eq!(bell.rings.load(Ordering::Relaxed), 1);
        app.advance(Duration::from_secs(2 * 3600 + 20)).await;
        assert_eq!(bell.rings.load(Ordering::Relaxed), 3);
        assert!(app.stop().await.is_success());
    }

    #[tokio::test]
    async fn a_sensor_that_fails_is_read_again_a_minute_later() {
        let app = TestApp::new().with(watch).provide_shared::<dyn Sensor>(Arc::new(Fake::default())).start().await;
        let up = app.events().len();
        app.fail(watch, std::io::Error::other("unplugged"));
        app.advance(Duration::from_secs(60)).await;
        assert_eq!(app.events()[up..], ["restarting watch 1", "starting watch", "up watch"]);
        let report = app.stop().await;
        assert_eq!(report.unit("watch").map(|watch| watch.restarts), Some(1));
    }

    #[tokio::test]
    async fn it_stops_immediately_also_while_it_waits_an_hour() {
        let fake = Fake(11.into());
        let app = TestApp::new()
            .register(WatchConfig { limit: 10 })
            .provide_shared::<dyn Sensor>(Arc::new(fake))
            .start()
            .await;
        app.advance(Duration::from_secs(15)).await;
        let report = app.stop().await;
        assert_eq!(report.took(), Duration::from_secs(15));
    }
}
