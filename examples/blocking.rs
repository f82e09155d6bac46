//! Work that blocks: a plain function on a thread of its own, and what happens to work that blocks where it should not.
//!
//! `blocking` gives a task a thread, named after it. The function waits with `shutdown.wait_timeout`, as an async one
//! does with `shutdown.sleep`, and its resources outlive it. `careless` blocks the thread that runs it and others: it is
//! named in the log while it does, with what would show where it is.
//!
//! ```text
//! cargo run --example blocking
//! ```

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use lifespan::{App, Report, Res, Scope, Shutdown, lifespan_context, lifespan_task};
use tokio::runtime::Handle;

/// What was compressed so far. A lock that is never held across an await may be the standard library's.
#[derive(Default)]
struct Archive {
    pages: Mutex<Vec<usize>>,
}

#[lifespan_context]
async fn archive(scope: Scope<Archive>) {
    let archive = scope.provide_until_shutdown(Archive::default()).await;
    println!("archive:  {} pages, closed behind its last user", archive.pages.lock().unwrap().len());
}

/// Computes for long stretches, and looks in between whether it is to stop.
#[lifespan_task(blocking)]
fn compress(archive: Res<Archive>, shutdown: Shutdown) -> Result<(), String> {
    println!("compress: on the thread `{}`", thread::current().name().unwrap_or_default());
    for page in 1.. {
        // A tenth of a second of hard work; here it sleeps, and nobody else is held up.
        thread::sleep(Duration::from_millis(100));
        archive.pages.lock().map_err(|_| "another user of the archive panicked")?.push(page);
        if shutdown.wait_timeout(Duration::from_millis(200)).is_interrupted() {
            println!("compress: page {page} was the last");
            break;
        }
    }
    Ok(())
}

/// Async code can be called from there, too: the thread is in the runtime.
#[lifespan_task(blocking, once)]
fn measure() -> Duration {
    Handle::current().block_on(async {
        let before = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_millis(20)).await;
        before.elapsed()
    })
}

/// Does what an async task should not: other tasks on its thread wait as well. The log says so after 100 ms.
#[lifespan_task(after(compress))]
async fn careless(measured: Res<Duration>, shutdown: Shutdown) {
    let _ = shutdown.sleep(Duration::from_millis(300)).await;
    println!("careless: blocks its thread, and `measure` took {:.0?}", *measured);
    thread::sleep(Duration::from_millis(450));
    shutdown.requested().await;
}

/// Ends the run in order.
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
