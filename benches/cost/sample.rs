//! One sample: a case in a process of its own, which prints one line of numbers.

use std::future::Future;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use crate::{by_hand, children, contexts, heap, ours, peers, periodic, planning, polls, restarts};

/// Says that this process is to take a sample.
pub const FLAG: &str = "--sample";
/// After the name of a runtime: count the heap, and not the time.
const COUNTED: &str = "+heap";

/// What one sample measured.
#[derive(Clone, Copy, Default)]
pub struct Numbers {
    /// Registering, binding and planning.
    pub plan: Duration,
    /// From the end of planning until every unit is up; or what all restarts took, or the CPU of all ticks.
    pub start: Duration,
    /// From the request until everything has stopped.
    pub stop: Duration,
    /// Bytes that live while everything is up.
    pub heap: isize,
}

/// On what a sample runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavor {
    CurrentThread,
    TwoWorkers,
}

impl Flavor {
    pub const BOTH: [Self; 2] = [Self::CurrentThread, Self::TwoWorkers];

    pub fn name(self) -> &'static str {
        match self {
            Flavor::CurrentThread => "current-thread",
            Flavor::TwoWorkers => "2 workers",
        }
    }

    fn runtime(self) -> Runtime {
        let mut builder = match self {
            Flavor::CurrentThread => Builder::new_current_thread(),
            Flavor::TwoWorkers => Builder::new_multi_thread(),
        };
        builder.worker_threads(2).enable_all().build().expect("a runtime can be made")
    }
}

/// Takes a sample in a fresh process.
pub fn fresh(case: &str, flavor: Flavor, number: usize, counted: bool) -> Numbers {
    let program = std::env::current_exe().expect("the path of this program");
    let runtime = format!("{}{}", flavor.name(), if counted { COUNTED } else { "" });
    let output = Command::new(program).args([FLAG, case, &runtime, &number.to_string()]).output();
    let output = output.expect("this program can be started");
    let answer = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<i64> = answer.split_whitespace().map_while(|number| number.parse().ok()).collect();
    let [plan, start, stop, heap] = numbers[..] else {
        panic!("no sample of {case} on {runtime} with {number}: {answer}{}", String::from_utf8_lossy(&output.stderr));
    };
    let nanos = |nanos: i64| Duration::from_nanos(nanos.unsigned_abs());
    Numbers { plan: nanos(plan), start: nanos(start), stop: nanos(stop), heap: heap.try_into().unwrap_or(isize::MAX) }
}

/// Takes the sample that the arguments ask for, and prints it.
pub fn take(case: &str, runtime: &str, number: &str) {
    let (name, counted) = runtime.strip_suffix(COUNTED).map_or((runtime, false), |name| (name, true));
    let flavor = Flavor::BOTH.into_iter().find(|flavor| flavor.name() == name).expect("a runtime");
    let number = number.parse().expect("a number of units");
    let runtime = flavor.runtime();
    if counted {
        heap::count();
    }
    let numbers = runtime.block_on(run(case, number));
    let Numbers { plan, start, stop, heap } = numbers;
    println!("{} {} {} {heap}", plan.as_nanos(), start.as_nanos(), stop.as_nanos());
    // What is left is not worth waiting for.
    std::process::exit(0);
}

async fn run(case: &str, number: usize) -> Numbers {
    match case {
        "by hand" => by_hand::join_set(number).await,
        "by hand, spawned" => by_hand::join_set_in_a_task(number).await,
        "TaskTracker" => peers::task_tracker(number).await,
        "graceful-shutdown" => peers::graceful_shutdown(number).await,
        "lifespan" => ours::run(lifespan::App::empty(), number).await,
        "lifespan, concurrent" => ours::run(lifespan::App::empty().concurrent_startup(), number).await,
        "JoinSet, notified" => children::by_hand(number, true).await,
        "JoinSet, aborted" => children::by_hand(number, false).await,
        "children, notified" => children::ours(number, true).await,
        "children, cancelled" => children::ours(number, false).await,
        "lifespan, restarting" => ours::restarting(lifespan::App::empty(), number).await,
        "contexts" => contexts::without_a_resource(number).await,
        "contexts, typed" => contexts::with_a_resource(number).await,
        case if case.starts_with("restarts, ") => restarts::of(case, number).await,
        case if case.starts_with("periodic, ") => periodic::of(case, number).await,
        other => match polls::of(other, number).await {
            Some(numbers) => numbers,
            None => planning::of(other, number),
        },
    }
}

/// Times what a future does.
pub async fn timed<T>(future: impl Future<Output = T>) -> (Duration, T) {
    let begin = Instant::now();
    let output = future.await;
    (begin.elapsed(), output)
}
