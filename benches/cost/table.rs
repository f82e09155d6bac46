//! The table: medians, ratios to the floor, and each goal beside what was measured.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::periodic::{TICKING, TICKS};
use crate::planning::SHAPES;
use crate::restarts::{OURS_RESTARTED, RESTARTED};
use crate::sample::{Flavor, Numbers};
use crate::schedule::{
    CHILDREN, CONTESTANTS, CONTEXTS, Case, FLOOR, OURS, OURS_CONCURRENT, OURS_RESTARTING, Samples, Schedule,
};

/// From how many running tasks on the goals hold.
const GOALS_FROM: usize = 10_000;

/// Measures, and prints everything.
pub fn print(schedule: &Schedule) {
    let begin = Instant::now();
    let samples = schedule.carry_out();
    tasks(schedule, &samples);
    children(schedule, &samples);
    contexts(schedule, &samples);
    planning(schedule, &samples);
    restarts(schedule, &samples);
    periodic(schedule, &samples);
    goals(schedule, &samples);
    println!("\ntook {:.0?}", begin.elapsed());
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn start(numbers: &Numbers) -> f64 {
    micros(numbers.start)
}

fn stop(numbers: &Numbers) -> f64 {
    micros(numbers.stop)
}

fn plan(numbers: &Numbers) -> f64 {
    micros(numbers.plan)
}

fn up_and_down(numbers: &Numbers) -> f64 {
    micros(numbers.start + numbers.stop)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 units")]
fn each(whole: f64, number: usize) -> f64 {
    whole / number as f64
}

fn tasks(schedule: &Schedule, samples: &Samples) {
    println!("Tasks that wait for shutdown: medians; in brackets the ratio to `JoinSet` + `CancellationToken`\n");
    println!("| runtime | tasks | with | start, µs | stop, µs | heap a task, B | plan, µs a task |");
    println!("|---|--:|---|--:|--:|--:|--:|");
    for flavor in Flavor::BOTH {
        for &number in schedule.tasks {
            for name in CONTESTANTS {
                let case = Case { name, flavor, number };
                let heap_ratio = samples.heap(case) / samples.heap(Case { name: FLOOR, ..case });
                let planned = each(samples.median(case, plan), number);
                println!(
                    "| {} | {number} | {name} | {:.0} ({:.2}×) | {:.0} ({:.2}×) | {:.0} ({heap_ratio:.2}×) | {} |",
                    flavor.name(),
                    samples.median(case, start),
                    samples.ratio(case, start),
                    samples.median(case, stop),
                    samples.ratio(case, stop),
                    each(samples.heap(case), number),
                    if planned > 0.0 { format!("{planned:.2}") } else { "–".to_owned() },
                );
            }
        }
    }
}

fn children(schedule: &Schedule, samples: &Samples) {
    println!(
        "\nChildren of one task: medians; in brackets the ratio to a `JoinSet` in one task, stopped the same way\n"
    );
    println!("| runtime | children | with | start, µs | stop, µs | heap a child, B |");
    println!("|---|--:|---|--:|--:|--:|");
    for flavor in Flavor::BOTH {
        for &number in schedule.children {
            for (turn, name) in CHILDREN.into_iter().enumerate() {
                let case = Case { name, flavor, number };
                let floor = CHILDREN[turn / 2 * 2];
                println!(
                    "| {} | {number} | {name} | {:.0} ({:.2}×) | {:.0} ({:.2}×) | {:.0} ({:.2}×) |",
                    flavor.name(),
                    samples.median(case, start),
                    samples.ratio_to(floor, case, start),
                    samples.median(case, stop),
                    samples.ratio_to(floor, case, stop),
                    each(samples.heap(case), number),
                    samples.heap(case) / samples.heap(Case { name: floor, ..case }),
                );
            }
        }
    }
}

fn contexts(schedule: &Schedule, samples: &Samples) {
    println!("\nContexts, one after another: µs each\n");
    println!("| runtime | contexts | with | up | down | together | plan |");
    println!("|---|--:|---|--:|--:|--:|--:|");
    for flavor in Flavor::BOTH {
        for &number in schedule.contexts {
            for name in CONTEXTS {
                let case = Case { name, flavor, number };
                let of = |read: fn(&Numbers) -> f64| each(samples.median(case, read), number);
                println!(
                    "| {} | {number} | {name} | {:.2} | {:.2} | {:.2} | {:.2} |",
                    flavor.name(),
                    of(start),
                    of(stop),
                    of(up_and_down),
                    of(plan),
                );
            }
        }
    }
}

fn planning(schedule: &Schedule, samples: &Samples) {
    println!("\nRegistering and planning, µs a unit: nothing quadratic, where a row hardly grows\n");
    println!("| edges |{} growth by n log n |", columns(schedule.planned, |number| format!("{number} units")));
    println!("|---|{}--:|", columns(schedule.planned, |_| "--:".to_owned()));
    for shape in SHAPES {
        let case = |number| Case { name: shape, flavor: Flavor::CurrentThread, number };
        let cells =
            columns(schedule.planned, |number| format!("{:.2}", each(samples.median(case(number), plan), number)));
        println!("| {shape} |{cells} {:.2}× |", growth(schedule, samples, shape));
    }
}

fn restarts(schedule: &Schedule, samples: &Samples) {
    println!("\nRestarts without a delay, µs each; in brackets the ratio to a loop by hand\n");
    println!("| runtime | with | a restart, µs |");
    println!("|---|---|--:|");
    for flavor in Flavor::BOTH {
        for &number in schedule.restarts {
            for name in RESTARTED {
                let case = Case { name, flavor, number };
                println!(
                    "| {} | {} | {:.3} ({:.2}×) |",
                    flavor.name(),
                    case_of(name),
                    each(samples.median(case, start), number),
                    samples.ratio_to(RESTARTED[0], case, start),
                );
            }
        }
    }
}

/// A case's name without that of its table.
fn case_of(name: &str) -> &str {
    name.split_once(", ").map_or(name, |(_, case)| case)
}

fn periodic(schedule: &Schedule, samples: &Samples) {
    println!("\nPeriodic units at 1 s: CPU of the process, µs a tick; in brackets the ratio to loops by hand\n");
    println!("| runtime | units | with | a tick, µs |");
    println!("|---|--:|---|--:|");
    for flavor in Flavor::BOTH {
        for &number in schedule.periodic {
            for name in TICKING {
                let case = Case { name, flavor, number };
                println!(
                    "| {} | {number} | {} | {:.2} ({:.2}×) |",
                    flavor.name(),
                    case_of(name),
                    each(samples.median(case, start), number * TICKS),
                    samples.ratio_to(TICKING[0], case, start),
                );
            }
        }
    }
}

fn columns(numbers: &[usize], cell: impl Fn(usize) -> String) -> String {
    numbers.iter().fold(String::new(), |mut cells, &number| {
        // Writing to a string does not fail.
        let _ = write!(cells, " {} |", cell(number));
        cells
    })
}

/// How much more the largest plan costs than the smallest, by what n log n would make of it.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 units")]
fn growth(schedule: &Schedule, samples: &Samples, shape: &'static str) -> f64 {
    let (&least, &most) = (&schedule.planned[0], &schedule.planned[schedule.planned.len() - 1]);
    let took = |number| samples.median(Case { name: shape, flavor: Flavor::CurrentThread, number }, plan);
    let expected = |number: usize| number as f64 * (number as f64).log2();
    took(most) / took(least) * expected(least) / expected(most)
}

fn goals(schedule: &Schedule, samples: &Samples) {
    println!("\nGoals\n\n| what | where | goal | measured | |\n|---|---|--:|--:|---|");
    for flavor in Flavor::BOTH {
        for &number in schedule.tasks.iter().filter(|&&number| number >= GOALS_FROM) {
            let ordered = Case { name: OURS, flavor, number };
            let concurrent = Case { name: OURS_CONCURRENT, ..ordered };
            let at = format!("{number}, {}", flavor.name());
            let in_order = if flavor == Flavor::TwoWorkers { 1.4 } else { 1.0 };
            goal("start, in order", &at, in_order, "×", samples.ratio(ordered, start));
            goal("start, concurrent", &at, 1.0, "×", samples.ratio(concurrent, start));
            goal("stop", &at, 1.0, "×", samples.ratio(ordered, stop));
            goal("stop, concurrent", &at, 1.0, "×", samples.ratio(concurrent, stop));
            goal("heap", &at, 1.1, "×", samples.heap(ordered) / samples.heap(Case { name: FLOOR, ..ordered }));
            let restarting = samples.heap(Case { name: OURS_RESTARTING, ..ordered });
            let by_hand = samples.heap(Case { name: FLOOR, ..ordered });
            goal("heap, with a restart policy", &at, 1.25, "×", restarting / by_hand);
            goal("register, bind, plan", &at, 1.0, " µs each", each(samples.median(ordered, plan), number));
        }
        for &number in schedule.children {
            for pair in CHILDREN.as_chunks::<2>().0 {
                let ([floor, name], at) = (*pair, format!("{number}, {}", flavor.name()));
                let case = Case { name, flavor, number };
                goal(&format!("{name}: start"), &at, 1.0, "×", samples.ratio_to(floor, case, start));
                goal(&format!("{name}: stop"), &at, 1.0, "×", samples.ratio_to(floor, case, stop));
            }
        }
        for &number in schedule.contexts {
            for name in CONTEXTS {
                let measured = each(samples.median(Case { name, flavor, number }, up_and_down), number);
                goal(name, &format!("{number}, {}", flavor.name()), 2.0, " µs each", measured);
            }
        }
    }
    for flavor in Flavor::BOTH {
        for &number in schedule.periodic {
            let [floor, name] = TICKING;
            let measured = samples.ratio_to(floor, Case { name, flavor, number }, start);
            goal("CPU of periodic units", &format!("{number}, {}", flavor.name()), 1.2, "×", measured);
        }
        for &number in schedule.restarts {
            for name in OURS_RESTARTED {
                let measured = each(samples.median(Case { name, flavor, number }, start), number);
                goal("one restart", &format!("{}, {}", case_of(name), flavor.name()), 0.5, " µs", measured);
            }
        }
    }
    for shape in SHAPES {
        goal("planning grows", shape, 2.0, "× n log n", growth(schedule, samples, shape));
    }
}

fn goal(what: &str, place: &str, goal: f64, unit: &str, measured: f64) {
    let verdict = if measured <= goal { "met" } else { "**missed**" };
    println!("| {what} | {place} | ≤ {goal:?}{unit} | {measured:.2}{unit} | {verdict} |");
}
