//! Measures what a request costs on a server that is a unit, beside the same handler on plain `axum::serve`.
//!
//! Every sample is a fresh process of this program that serves on one thread, loaded by another thread of this one through
//! the loopback; the two servers take turns. `--quick` takes few and short samples, `--instructions` counts under callgrind
//! in place of reading the clock: figures that a busy machine does not change.

mod instructions;
mod load;
mod server;

use std::process::ExitCode;
use std::time::Duration;

use load::Figures;
use server::Server;

/// How much is measured.
struct Schedule {
    rounds: usize,
    warm_up: Duration,
    sample: Duration,
    connections: &'static [usize],
}

const FULL: Schedule = Schedule {
    rounds: 21,
    warm_up: Duration::from_millis(300),
    sample: Duration::from_secs(1),
    connections: &[1, 32, 256],
};

const QUICK: Schedule = Schedule {
    rounds: 5,
    warm_up: Duration::from_millis(100),
    sample: Duration::from_millis(300),
    connections: &[1, 32],
};

/// What must at least be left of the requests, and of the haste of the slowest in a hundred.
const GOAL: f64 = 0.98;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [server::FLAG, name] => server::run(name),
        [] => print(&FULL),
        ["--quick"] => print(&QUICK),
        ["--instructions"] => instructions::print(),
        _ => {
            eprintln!(
                "usage: cargo bench --manifest-path benches/Cargo.toml --bench serve [-- --quick | --instructions]"
            );
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn print(schedule: &Schedule) {
    println!(
        "A handler that takes a resource: medians of {} rounds; in brackets those of the ratios\n",
        schedule.rounds
    );
    println!("| connections | with | requests a second | server's CPU, µs | median, µs | p99, µs |");
    println!("|--:|---|--:|--:|--:|--:|");
    let mut goals = Vec::new();
    for &connections in schedule.connections {
        let rounds: Vec<[Figures; 2]> = (0..schedule.rounds)
            .map(|round| {
                // Whoever is second finds the machine as the first has left it.
                let mut order = [0, 1];
                order.rotate_left(round % 2);
                let mut figures = [Figures::default(); 2];
                for turn in order {
                    let server = Server::start(server::NAMES[turn]);
                    load::run(&server, connections, schedule.warm_up);
                    figures[turn] = load::run(&server, connections, schedule.sample);
                }
                figures
            })
            .collect();
        let of =
            |turn: usize, read: fn(&Figures) -> f64| median(rounds.iter().map(|round| read(&round[turn])).collect());
        let ratio =
            |read: fn(&Figures) -> f64| median(rounds.iter().map(|[plain, ours]| read(ours) / read(plain)).collect());
        for (turn, name) in server::NAMES.into_iter().enumerate() {
            let compared = |read| if turn == 0 { 1.0 } else { ratio(read) };
            println!(
                "| {connections} | {name} | {:.0} ({:.3}×) | {:.2} ({:.3}×) | {:.1} ({:.3}×) | {:.1} ({:.3}×) |",
                of(turn, Figures::rate),
                compared(Figures::rate),
                of(turn, Figures::cpu),
                compared(Figures::cpu),
                of(turn, Figures::middle),
                compared(Figures::middle),
                of(turn, Figures::slow),
                compared(Figures::slow),
            );
        }
        for (what, measured) in [("requests a second", ratio(Figures::rate)), ("p99", 1.0 / ratio(Figures::slow))] {
            let verdict = if measured >= GOAL { "met" } else { "**missed**" };
            goals.push(format!("| {what} | {connections} connections | ≥ {GOAL}× | {measured:.3}× | {verdict} |"));
        }
    }
    println!("\nGoals: what is left of the rate, and of the haste of the slowest in a hundred\n");
    println!("| what | where | goal | measured | |\n|---|---|--:|--:|---|\n{}", goals.join("\n"));
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
