//! What the blocked-thread watch costs while nobody blocks: tasks that do nothing but yield, with and without it.

use std::time::Duration;

use lifespan::{App, lifespan_task};
use tokio::task::{JoinSet, yield_now};

use crate::sample::{Flavor, Numbers, fresh, timed};

/// As it is by default, and switched off.
const WATCHED: &str = "polls, watched";
const UNWATCHED: &str = "polls, unwatched";
const BY_HAND: &str = "polls by hand";
const CASES: [&str; 3] = [BY_HAND, UNWATCHED, WATCHED];

/// How many tasks share the polls of a sample: enough that none waits alone.
const TASKS: usize = 16;
/// How many polls a sample times.
const POLLS: usize = 1_000_000;

async fn body(polls: usize) {
    for _ in 0..polls {
        yield_now().await;
    }
}

#[lifespan_task(manual, on_return = "ignore")]
async fn yields(polls: u64) {
    body(usize::try_from(polls).expect("a number of polls")).await;
}

/// Takes one sample, if it is one of these.
pub async fn of(case: &str, number: usize) -> Option<Numbers> {
    let each = number / TASKS;
    let (start, ()) = match case {
        BY_HAND => timed(by_hand(each)).await,
        UNWATCHED => timed(ours(App::empty().blocked_after(Duration::ZERO), each)).await,
        WATCHED => timed(ours(App::empty(), each)).await,
        _ => return None,
    };
    Some(Numbers { start, ..Numbers::default() })
}

async fn by_hand(each: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        tasks.spawn(body(each));
    }
    while tasks.join_next().await.is_some() {}
}

async fn ours(app: App, each: usize) {
    for _ in 0..TASKS {
        app.register(YieldsConfig { polls: each as u64 }).expect("nothing is launched yet");
    }
    let report = app.launch().await;
    assert!(report.is_success(), "{report}");
}

/// Measures, the cases in turns, and prints the section.
pub fn print(rounds: usize) {
    println!("\nPolls of tasks that only yield: ns each, and what the blocked-thread watch adds\n");
    println!("| runtime | by hand | not watched | watched | the watch adds | goal |\n|---|--:|--:|--:|--:|--:|");
    for flavor in Flavor::BOTH {
        let mut samples: Vec<[f64; 3]> = Vec::new();
        for round in 0..rounds {
            let mut sample = [0.0; 3];
            for turn in 0..3 {
                let case = if round % 2 == 0 { turn } else { 2 - turn };
                let took = fresh(CASES[case], flavor, POLLS, false).start;
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52 polls")]
                let each = took.as_secs_f64() * 1e9 / POLLS as f64;
                sample[case] = each;
            }
            samples.push(sample);
        }
        let of = |read: fn(&[f64; 3]) -> f64| median(samples.iter().map(read).collect());
        let added = of(|[_, off, on]| (on / off - 1.0) * 100.0);
        println!(
            "| {} | {:.1} | {:.1} | {:.1} | {added:.1} % | ≤ 2 % |",
            flavor.name(),
            of(|sample| sample[0]),
            of(|sample| sample[1]),
            of(|sample| sample[2]),
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
