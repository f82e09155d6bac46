//! Runs the cases side by side, as `cargo test` expects of a test binary: filters, `--list`, a summary, an exit code.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A test.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// The promise that it keeps.
    pub(crate) name: &'static str,
    pub(crate) body: fn(),
    /// Why it can't pass yet, as `#[ignore = "…"]` says it: it runs only with `--ignored` or `--include-ignored`.
    pub(crate) waits: Option<&'static str>,
}

/// Lists a file's cases: `name`, or `name = "why it waits"`.
macro_rules! cases {
    (@waits) => { None };
    (@waits $why:literal) => { Some($why) };
    ($($name:ident $(= $why:literal)?)*) => {
        pub(crate) const CASES: &[crate::runner::Case] = &[$(crate::runner::Case {
            name: stringify!($name),
            body: $name,
            waits: crate::runner::cases!(@waits $($why)?),
        }),*];
    };
}
pub(crate) use cases;

/// Most of a case's time is waiting for another process.
const AT_ONCE: usize = 6;

pub(crate) fn run(cases: &[Case]) -> ExitCode {
    super::system::set_default(libc::SIGINT);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let chosen = |name: &str| {
        filters.is_empty()
            || filters
                .iter()
                .any(|filter| if has("--exact") { name == *filter } else { name.contains(filter.as_str()) })
    };
    let is_named = |case: &&Case| chosen(case.name) && (case.waits.is_some() || !has("--ignored"));
    let named: Vec<&Case> = cases.iter().filter(is_named).collect();
    if has("--list") {
        for case in named {
            println!("{}: test", case.name);
        }
        return ExitCode::SUCCESS;
    }
    let runs = |case: &&Case| case.waits.is_none() || has("--ignored") || has("--include-ignored");
    let (cases, ignored): (Vec<&Case>, Vec<&Case>) = named.into_iter().partition(runs);
    for case in &ignored {
        println!("test {} ... ignored, {}", case.name, case.waits.unwrap_or_default());
    }
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(Case { name, body, .. }) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
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
    let (passed, ignored) = (cases.len() - failed.len(), ignored.len());
    println!("\ntest result: {passed} passed; {} failed {failed:?}; {ignored} ignored", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
