//! Rules 9, 13 to 16 and 42 in real processes: signals, deadlines that nothing in the process can move, exit codes, and what
//! systemd hears.
//!
//! The programs under test are this binary itself, run again with the name of a program: they need a `main` of their own,
//! whose end and exit code are what is looked at, so there is no test harness but the small one in `signals/runner.rs`.

#[cfg(unix)]
#[path = "signals/cases.rs"]
mod cases;
#[cfg(unix)]
#[path = "signals/ending.rs"]
mod ending;
#[cfg(unix)]
#[path = "signals/one_lock.rs"]
mod one_lock;
#[cfg(unix)]
#[path = "signals/process.rs"]
mod process;
#[cfg(unix)]
#[path = "signals/programs.rs"]
mod programs;
#[cfg(unix)]
#[path = "signals/runner.rs"]
mod runner;
#[cfg(unix)]
#[path = "signals/system.rs"]
mod system;
#[cfg(unix)]
#[path = "signals/systemd.rs"]
mod systemd;
#[cfg(unix)]
#[path = "signals/truth.rs"]
mod truth;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    match std::env::var(process::PROGRAM) {
        Ok(program) => programs::main(&program),
        Err(_) => runner::run(&[cases::CASES, ending::CASES, systemd::CASES, truth::CASES].concat()),
    }
}

#[cfg(not(unix))]
fn main() {}
