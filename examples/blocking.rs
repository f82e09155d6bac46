//! Blocking work: a plain function on its own thread, and the warning for a unit that blocks a runtime thread.
//!
//! `blocking` runs a task on a thread named after it. The function waits with `shutdown.wait_timeout` instead of
//! `shutdown.sleep`, and its resources are kept until it has ended. `careless` blocks the runtime thread that it shares
//! with other tasks. The log names it while it blocks, and says how to find the blocking code.
//!
//! ```text
//! cargo run --example blocking
//! ```

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use lifespan::prelude::*;
use tokio::runtime::Handle;

/// The pages compressed so far. A standard library lock is fine, since it is never held across an await.
#[derive(Default)]
struct Archive {
    pages: Mutex<Vec<usize>>,
}

#[lifespan_context]
async fn archive(scope: Scope<Archive>) {
    let archive = scope.provide_until_shutdown(Archive::default()).await;
    println!("archive:  {} pages, closed after its last user", archive.pages.lock().unwrap().len());
}

/// Computes for a long time, and checks for shutdown in between.
#[lifespan_task(blocking)]
fn compress(archive: Res<Archive>, shutdown: Shutdown) -> Result<(), String> {
    println!("compress: on the thread `{}`", thread::current().name().unwrap_or_default());
    for page in 1.. {
        // A tenth of a second of work, here a sleep. It delays no other task.
        thread::sleep(Duration::from_millis(100));
        archive.pages.lock().map_err(|_| "another user of the archive panicked")?.push(page);
        if shutdown.wait_timeout(Duration::from_millis(200)).is_interrupted() {
            println!("compress: page {page} was the last");
            break;
        }
    }
    Ok(())
}

/// The thread can also call async code, since it has entered the runtime.
#[lifespan_task(blocking, once)]
fn measure() -> Duration {
    Handle::current().block_on(async {
        let before = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_millis(20)).await;
        before.elapsed()
    })
}

/// Blocks its thread, which an async task must not do: other tasks on the thread wait too. The log warns after 100 ms.
#[lifespan_task(after(compress))]
async fn careless(measured: Res<Duration>, shutdown: Shutdown) {
    let _ = shutdown.sleep(Duration::from_millis(300)).await;
    println!("careless: blocks its thread, and `measure` took {:.0?}", *measured);
    thread::sleep(Duration::from_millis(450));
    shutdown.requested().await;
}

/// Shuts the app down gracefully.
#[lifespan_task(last, on_return = "ignore")]
async fn stop_soon(app: App, shutdown: Shutdown) {
    if shutdown.sleep(Duration::from_millis(1200)).await.is_elapsed() {
        app.shutdown();
    }
}

fn main() -> Report {
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_ansi(colour).without_time().with_target(false).with_writer(std::io::stderr).init();
    App::new().run()
}
