//! A service, and how it is tested: `cargo test --example testing_a_task` runs what is in `mod tests`.
//!
//! The service watches a sensor and rings a bell when a reading is too high, not more often than once an hour. Its tests
//! take hours that pass in milliseconds, with a sensor that reads what they want.
//!
//! ```text
//! cargo run --example testing_a_task
//! cargo test --example testing_a_task
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lifespan::{App, Report, Res, Shutdown, lifespan_context, lifespan_task};

/// What the world is read with.
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

/// How often the bell has rung.
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

/// Rings when a reading is too high; then it is quiet for an hour.
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

/// The program itself only shows that it runs; its tests are what this example is about.
#[lifespan_task(last, on_return = "ignore")]
async fn stop_soon(app: App, shutdown: Shutdown) {
    println!("watching for a second; the tests are run by: cargo test --example testing_a_task");
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

    /// Reads what a test wants.
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
        let bell = app.resource::<Bell>().expect("`watch` needs it, so it is there");
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
        assert_eq!(app.events()[up..], ["restarting watch 1"]);
        let report = app.stop().await;
        assert_eq!(report.unit("watch").map(|watch| watch.restarts), Some(1));
    }

    #[tokio::test]
    async fn it_stops_at_once_also_while_it_is_quiet() {
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
