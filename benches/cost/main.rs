//! Measures what lifespan costs, beside the same work by hand and beside its peers, and prints one table.
//!
//! Every sample is a fresh process of this program, and the cases take turns: what else the machine does, and what an
//! earlier sample left in the allocator, falls on all of them alike. `--quick` takes few and small samples, `--polls` only
//! those of the blocked-thread watch.

mod arrivals;
mod by_hand;
mod children;
mod contexts;
mod cpu;
mod generated;
mod heap;
mod ours;
mod peers;
mod periodic;
mod planning;
mod polls;
mod restarts;
mod sample;
mod schedule;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [sample::FLAG, case, runtime, number] => sample::take(case, runtime, number),
        [] => {
            table::print(&schedule::FULL);
            polls::print(61);
        }
        ["--quick"] => {
            table::print(&schedule::QUICK);
            polls::print(11);
        }
        ["--polls"] => polls::print(61),
        _ => {
            eprintln!("usage: cargo bench --manifest-path benches/Cargo.toml --bench cost [-- --quick | --polls]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
