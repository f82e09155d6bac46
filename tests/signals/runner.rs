//! Runs the cases side by side, as `cargo test` expects of a test binary: filters, `--list`, a summary, an exit code.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A test: its name, which is the promise that it keeps, and its body.
pub(crate) type Case = (&'static str, fn());

/// Most of a case's time is waiting for another process.
const AT_ONCE: usize = 6;

pub(crate) fn run(cases: &[Case]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |name: &str| {
        filters.is_empty()
            || filters
                .iter()
                .any(|filter| if has("--exact") { name == *filter } else { name.contains(filter.as_str()) })
    };
    // Nothing here is ignored.
    let cases: Vec<&Case> = cases.iter().filter(|(name, _)| chosen(name) && !has("--ignored")).collect();
    if has("--list") {
        for (name, _) in cases {
            println!("{name}: test");
        }
        return ExitCode::SUCCESS;
    }
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, body)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let passed = catch_unwind(body).is_ok();
                    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
                    if !passed {
                        failed.lock().expect("no panic while it is held").push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic while it is held");
    println!("\ntest result: {} passed; {} failed {failed:?}", cases.len() - failed.len(), failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
